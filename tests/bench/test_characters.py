"""The language of brackets: its entropy is what it is said to be, and a transformer learns it down to that."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bench.characters import ALPHABET, BOUND, CLOSING, OPENING, Language, entropy, learnt, measure, shifted


def chance(language: Language, text: tuple[str, ...]) -> float:
    """How likely a text is, by the grammar read character by character."""
    p, state = 1.0, ""
    for c in text:
        found = [(q, after) for character, q, after in language.following(state) if character == c]
        if not found:
            return 0.0
        ((q, state),) = found
        p *= q
    return p


@pytest.mark.parametrize("depth", [1, 2])
def test_the_entropy_is_that_of_all_texts(depth: int) -> None:
    language, length = Language(depth), 4
    chances = np.array([chance(language, text) for text in itertools.product(ALPHABET, repeat=length)])
    assert chances.sum() == pytest.approx(1, rel=1e-12)
    assert language.entropy_of(length) == pytest.approx(entropy(chances) / length, rel=1e-12)


def test_the_rate_is_the_entropy_of_a_long_text_and_pairs_tell_less() -> None:
    language = Language()
    assert len(language.states) == 15
    assert language.entropy_rate() == pytest.approx(language.entropy_of(4_000), rel=3e-4)
    np.testing.assert_allclose(language.lasting @ language.moves, language.lasting, atol=1e-12)
    # Without what lies further back nobody gets within the bound.
    assert language.entropy_of_pairs() > 1.1 * language.entropy_rate()


def test_pairs_in_long_texts_have_the_entropy_that_is_said() -> None:
    language = Language()
    texts = language.texts(400, 1500, seed=5)[:, 500:]
    pairs = np.zeros((len(ALPHABET),) * 2)
    np.add.at(pairs, (texts[:, :-1].ravel(), texts[:, 1:].ravel()), 1)
    share = pairs / pairs.sum()
    assert entropy(share.ravel()) - entropy(share.sum(1)) == pytest.approx(language.entropy_of_pairs(), rel=3e-3)


def test_texts_are_of_the_language_and_as_likely_as_their_entropy_says() -> None:
    language, length = Language(), 32
    texts = language.texts(2000, length, seed=4)
    words = ["".join(ALPHABET[i] for i in text) for text in texts]
    surprise = [-math.log(chance(language, tuple(word))) / length for word in words]
    error = float(np.std(surprise)) / math.sqrt(len(surprise))
    assert abs(np.mean(surprise) - language.entropy_of(length)) < 4 * error
    assert all(max(itertools.accumulate((c in OPENING) - (c in CLOSING) for c in word)) <= 3 for word in words)
    x, y = shifted(texts).values()
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    assert (x[:, 0] == len(ALPHABET)).all()


def test_a_small_transformer_learns_a_small_language() -> None:
    language, length = Language(depth=1), 16
    found = learnt(language, length, count=1000, epochs=5, width=16, blocks=1)
    # Not below the truth either, which would mean that it saw what it was to foretell.
    assert 0.99 * language.entropy_of(length) < found < BOUND * language.entropy_of(length)
    assert found < 0.95 * language.entropy_of_pairs()


@pytest.mark.slow
def test_a_transformer_learns_the_language() -> None:
    (row,) = measure()
    assert row["kept"]
    assert 0.99 < row["ratio"] <= BOUND

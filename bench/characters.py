"""A transformer learns a language whose entropy is known exactly, from its characters alone.

The language is that of nested brackets. A text is letters, and brackets of two kinds that hold texts:

    T → ε | letter T | ( T ) T | [ T ] T

to a depth of three. Round brackets hold other letters than square ones, in other shares, so the next character depends
on the brackets that are open, which may have been opened long ago: pairs of characters do not tell. What is open makes
a Markov chain that the characters reveal, so the entropy of a text is a sum over its steps (Cover & Thomas, *Elements
of information theory*, 2nd edition, section 4.2: H = Σ over states of their share times the entropy of what follows).
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import chainrule as cr

LETTERS = "abcdef"
OPENING, CLOSING = "([", ")]"
ALPHABET = LETTERS + OPENING + CLOSING
SHARES = {
    "": (0.40, 0.30, 0.15, 0.05, 0.05, 0.05),
    "(": (0.02, 0.02, 0.60, 0.30, 0.03, 0.03),
    "[": (0.02, 0.03, 0.02, 0.03, 0.30, 0.60),
}
"""Of the letters, by the bracket that was opened last and is still open."""
OPEN, CLOSE = 0.14, 0.30
"""How often a bracket of either kind is opened, where it may be, and the last one is closed."""


@dataclass(frozen=True)
class Language:
    """Nested brackets to a depth. A state is the brackets that are open, as text; a text begins with none."""

    depth: int = 3

    @cached_property
    def states(self) -> list[str]:
        return ["".join(s) for n in range(self.depth + 1) for s in itertools.product(OPENING, repeat=n)]

    def following(self, state: str) -> list[tuple[str, float, str]]:
        """The characters that may follow, how often each does, and the state behind it."""
        found = []
        if len(state) < self.depth:
            found += [(bracket, OPEN, state + bracket) for bracket in OPENING]
        if state:
            found.append((CLOSING[OPENING.index(state[-1])], CLOSE, state[:-1]))
        rest = 1 - sum(p for _, p, _ in found)
        return found + [(c, rest * p, state) for c, p in zip(LETTERS, SHARES[state[-1:]], strict=True)]

    @cached_property
    def chances(self) -> Any:
        """How often each character follows in each state."""
        table = np.zeros((len(self.states), len(ALPHABET)))
        for i, state in enumerate(self.states):
            for c, p, _ in self.following(state):
                table[i, ALPHABET.index(c)] += p
        return table

    @cached_property
    def moves(self) -> Any:
        """How often a state follows another."""
        table = np.zeros((len(self.states),) * 2)
        for i, state in enumerate(self.states):
            for _, p, after in self.following(state):
                table[i, self.states.index(after)] += p
        return table

    @cached_property
    def lasting(self) -> Any:
        """The share of each state in a long text: π = πP, Σπ = 1."""
        n = len(self.states)
        equations = np.vstack([self.moves.T - np.eye(n), np.ones(n)])
        return np.linalg.lstsq(equations, np.eye(n + 1)[-1], rcond=None)[0]

    def entropy_rate(self) -> float:
        """Nats for a character of a long text."""
        return float(self.lasting @ entropy(self.chances))

    def entropy_of(self, length: int) -> float:
        """Nats for a character of a text of so many, from its beginning."""
        share, total = np.eye(len(self.states))[0], 0.0
        for _ in range(length):
            total += share @ entropy(self.chances)
            share = share @ self.moves
        return float(total / length)

    def entropy_of_pairs(self) -> float:
        """Nats for a character of a long text, to those who know the one before it and nothing else."""
        pairs = np.zeros((len(ALPHABET),) * 2)
        for share, state in zip(self.lasting, self.states, strict=True):
            for c, p, after in self.following(state):
                pairs[ALPHABET.index(c)] += share * p * self.chances[self.states.index(after)]
        before = pairs.sum(1)
        return float(before @ entropy(pairs / before[:, None]))

    def texts(self, count: int, length: int, seed: int) -> Any:
        """Texts as numbers of characters. (count, length)."""
        rng = np.random.Generator(np.random.Philox(seed))
        sums = self.chances.cumsum(1)
        after = np.zeros(self.chances.shape, int)
        for i, state in enumerate(self.states):
            for c, _, behind in self.following(state):
                after[i, ALPHABET.index(c)] = self.states.index(behind)
        found, now = np.empty((count, length), int), np.zeros(count, int)
        for t in range(length):
            found[:, t] = (sums[now] < rng.random((count, 1)) * sums[now, -1:]).sum(1)
            now = after[now, found[:, t]]
        return found


def entropy(p: Any) -> Any:
    """−Σ p log p along the last axis."""
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(-1)


def shifted(texts: Any) -> dict[str, Any]:
    """What is read and what is to be foretold: each text behind a character that only says that it begins."""
    begin = np.full((len(texts), 1), len(ALPHABET))
    return {"x": np.concatenate([begin, texts[:, :-1]], 1), "y": texts}


def learnt(language: Language, length: int, count: int, epochs: int, *, width: int = 32, blocks: int = 2) -> float:
    """Nats for a character of texts that were not trained on, to a transformer trained on ``count`` others."""
    net = cr.networks.transformer_encoder(
        tokens=len(ALPHABET) + 1, length=length, outputs=len(ALPHABET), width=width, blocks=blocks, causal=True
    )
    steps = epochs * -(-count // 32)
    optimizer = cr.adamw(cr.schedules.warm_up(steps // 10, cr.schedules.cosine(3e-3, steps)), clip_norm=1.0)
    data = shifted(language.texts(count, length, seed=1))
    run = cr.train(net.loss, net.init(0, dtype=np.float32), data, optimizer=optimizer, epochs=epochs)
    return float(net.loss(**shifted(language.texts(2000, length, seed=2)), **run.parameters))


BOUND = 1.05
"""The cross-entropy may be so many times the entropy."""


def measure() -> list[dict[str, Any]]:
    """One row: what was learnt beside what there is to learn."""
    language, length = Language(), 32
    begin = time.perf_counter()
    found, true = learnt(language, length, count=3000, epochs=6), language.entropy_of(length)
    return [
        {
            "texts of": length,
            "entropy": round(true, 4),
            "learnt": round(found, 4),
            "ratio": round(found / true, 4),
            "entropy rate": round(language.entropy_rate(), 4),
            "from pairs": round(language.entropy_of_pairs(), 4),
            "bound": BOUND,
            "seconds": round(time.perf_counter() - begin, 1),
            "kept": found <= BOUND * true,
        }
    ]

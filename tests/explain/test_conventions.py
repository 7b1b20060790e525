"""What a telling says of layout, scale and shapes is read off the graph; where that cannot be, nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import chainrule as cr
from chainrule.explain.conventions import conventions, sample_dim
from chainrule.explain.subject import Subject
from chainrule.ir.telling import Math, Name, Sentence, Term
from chainrule.pipeline import gradient_graph
from tests import functions


def made(lines: Callable[..., Any], **shapes: str) -> Any:
    return cr.function(**shapes)(lines)


def subject(function: Any, *wrt: str) -> Subject:
    traced = function.trace()
    inputs = [i for name in wrt for i in traced.leaves(name)]
    derived = gradient_graph(traced, inputs)
    gradients = dict(zip(inputs, derived.gradients, strict=True))
    return Subject(derived.forward, gradients, gradients, derived.intermediates)


def words(sentence: Sentence) -> str:
    text = ""
    for piece in sentence:
        match piece:
            case str():
                text += piece
            case Name(name):
                text += name
            case Term(word):
                text += word
            case Math():
                text += "…"
    return text


def told(function: Any, *wrt: str) -> list[str]:
    return [words(sentence) for sentence in conventions(subject(function, *wrt))]


@pytest.mark.parametrize(
    ("function", "wrt", "says"),
    [
        (
            functions.rows,
            "W",
            "Samples are the rows of x, which is L × n. The data stand on the left, the weights W, n × m",
        ),
        (
            functions.columns,
            "W",
            "Samples are the columns of x, which is n × L. The data stand on the right, the weights W",
        ),
        (functions.loss, "w1", "Samples are the rows of x, which is N × d. The data stand on the left"),
        (functions.loss, "w2", "Samples are the rows of x, which is N × d. The data stand on the left"),
        (functions.classifier, "w2", "Samples are the rows of x"),
        (functions.attention, "q", None),
        (functions.layer_norm, "g", None),
        (functions.scalar, "x", None),
        (functions.shared, "w", "Samples are the rows of x"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_layout(function: Any, wrt: str, says: str | None) -> None:
    found = [s for s in told(function, wrt) if "Samples are" in s]
    assert len(found) == (says is not None)
    if says is not None:
        assert found[0].startswith(says)


def test_the_layout_is_read_off_the_sums_and_not_the_names() -> None:
    def turned(W: Any, x: Any, y: Any) -> Any:
        return ((W @ x.T - y) ** 2).sum() / x.shape[0]

    function = made(turned, W="k d", x="N d", y="k N")
    wanted = "Samples are the rows of x, which is N × d. The data stand on the right, the weights W, k × d, on the left"
    assert told(function, "W")[0].startswith(wanted)
    assert told(function, "x")[0].startswith(wanted)


@pytest.mark.parametrize(
    ("function", "wrt", "dim"),
    [
        # With one layer nothing tells rows of x from columns of w,
        (made(lambda x, w, y: ((x @ w - y) ** 2).sum(), x="N d", w="d k", y="N k"), "w", None),
        # but that the loss is divided by the number of the former,
        (made(lambda x, w, y: ((x @ w - y) ** 2).sum() / x.shape[0], x="N d", w="d k", y="N k"), "x", "N"),
        # or whole numbers belong to them.
        (made(lambda x, w, y: cr.cross_entropy(x @ w, y), x="N d", w="d k", y="N int"), "w", "N"),
        (made(lambda x, w, y: ((x @ w - y) ** 2).sum(), x="N d", w="d", y="N"), "w", "N"),
        (made(lambda x, w: ((x @ w) @ (x @ w).T).sum(), x="N d", w="d m"), "w", None),
        (made(lambda a, x, w: (a @ (x @ w)).sum(), a="k N", x="N d", w="d m"), "w", None),
        (made(lambda q, k, v: ((q @ k.transpose(0, 2, 1)) @ v).sum(), q="B H d", k="B S d", v="B S d"), "k", None),
        (functions.rows, "x", "L"),
        (functions.columns, "W", "L"),
    ],
)
def test_the_dimension_of_the_samples(function: Any, wrt: str, dim: str | None) -> None:
    found = sample_dim(subject(function, wrt))
    assert (None if found is None else str(found)) == dim


def residual(scale: Callable[[Any], Any]) -> Any:
    return made(lambda w, x, y: scale(x @ w - y), w="d", x="N d", y="N")


@pytest.mark.parametrize(
    ("scale", "mean", "half"),
    [
        (lambda r: (r**2).mean(), True, False),
        (lambda r: (r**2).sum(), False, False),
        (lambda r: (r**2).mean() / 2, True, True),
        (lambda r: (r**2).sum() / 2, False, True),
        (lambda r: 0.5 * (r**2).sum() / r.shape[0], True, True),
        (lambda r: 0.5 * (r * r).sum(), False, True),
        (lambda r: 0.5 * (r @ r), False, True),
        (lambda r: (abs(r)).mean() / 2, True, False),
        (lambda r: 0.25 * (r**2).mean(), True, False),
        (lambda r: (r**2).sum() / 7, False, False),
        (lambda r: (r**4).mean() / 2, True, False),
        (lambda r: (r**2).mean() / r.shape[0], None, False),
        (lambda r: cr.norm(r), None, False),
        (lambda r: (r**2).sum() / (r.sum() + 2), None, False),
    ],
)
def test_mean_or_sum_and_the_half(scale: Callable[[Any], Any], mean: bool | None, half: bool) -> None:
    found = told(residual(scale), "w")
    assert any(" is a mean over N samples" in s for s in found) == (mean is True)
    assert any(" is a sum over the N samples" in s for s in found) == (mean is False)
    assert any(s.startswith("The factor ½") for s in found) == half


def test_the_scale_is_found_through_names_and_of_the_part_that_runs_over_samples() -> None:
    def penalised(w: Any, x: Any, y: Any, lam: Any) -> Any:
        r = x @ w - y
        squares = (r**2).sum()
        E = squares / x.shape[0]
        return E + lam * (w**2).sum()

    function = made(penalised, w="d", x="N d", y="N", lam="")
    assert "The first part of the loss is a mean over N samples: its size does not grow with their number." in told(
        function, "w"
    )
    assert not any(s.startswith("The factor ½") for s in told(function, "w"))

    def halved(w: Any, x: Any, y: Any) -> Any:
        squares = ((x @ w - y) ** 2).sum()
        E = squares / 2
        return E

    assert any(s.startswith("The factor ½") for s in told(made(halved, w="d", x="N d", y="N"), "w"))


def test_a_sum_over_outputs_may_be_a_mean_over_samples() -> None:
    assert "loss is a mean over N samples: its size does not grow with their number." in told(functions.loss, "w1")


def test_a_gradient_has_the_shape_of_what_it_is_by() -> None:
    assert told(functions.rows, "W")[-1].startswith(
        "A gradient has the shape of what it is by: that by W is (n, m), as W is."
    )
    assert told(functions.scalar, "x") == []


def test_deep_and_shared_graphs_are_no_matter() -> None:
    def squared(x: Any) -> Any:
        for _ in range(200):
            x = x * x + 0.1
        return x.sum() / 2

    assert len(told(made(squared, x="N"), "x")) == 1


@pytest.mark.parametrize("form", ["matrix", "components"])
def test_the_forms_name_them(form: str) -> None:
    text = " ".join(str(cr.derive(functions.columns, "W", form=form)).split())
    assert "Samples are the columns of x" in text
    assert "E is a mean over L samples" in text
    assert "The factor ½ scales E" in text

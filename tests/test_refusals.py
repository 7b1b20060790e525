"""Bad input to the public calls: each is refused by name, with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests import functions
from tests.functions import sized

X = np.ones((2, 3))
REFUSALS: list[tuple[str, Callable[[], Any], type[Exception], list[str]]] = [
    ("no scalar", lambda: cr.grad(lambda x: x * 2)(X), cr.DerivativeError, ["one number", "(2, 3)", "cr.jacobian"]),
    ("no array", lambda: cr.grad(lambda x: {"a": x.sum()})(X), cr.DerivativeError, ["return its loss", "first"]),
    ("an integer result", lambda: cr.grad(lambda x: (x > 0).sum())(X), cr.DerivativeError, ["kind int"]),
    (
        "integers",
        lambda: cr.grad(functions.loss, "w1")(**{**sized(5), "w1": np.ones((3, 4), int)}),
        cr.DerivativeError,
        ["w1 of loss", "kind int", "w1.astype(float)"],
    ),
    ("a name that is not there", lambda: cr.grad(functions.loss, "w3")(**sized(5)), cr.ArgumentError, ["w3", "w1"]),
    (
        "missing",
        lambda: cr.grad(functions.loss, "w1")(**{n: v for n, v in sized(5).items() if n != "b2"}),
        cr.ArgumentError,
        ["loss lacks the argument 'b2'"],
    ),
    (
        "misspelt",
        lambda: cr.grad(functions.loss, "w1")(**{**sized(5), "bb2": X}),
        cr.ArgumentError,
        ["no argument 'bb2'", "b2"],
    ),
    (
        "extra",
        lambda: cr.grad(functions.loss, "w1")(*sized(5).values(), X),
        cr.ArgumentError,
        ["takes 6", "7 are given"],
    ),
    (
        "a shape that was not declared",
        lambda: cr.grad(functions.loss, "w1")(**{**sized(5), "w1": np.ones((4, 4))}),
        cr.ShapeError,
        ["w1", "(4, 4)", "(d, m)", "d is 3, from x"],
    ),
    (
        "a loss of shapes that would broadcast",
        lambda: cr.grad(lambda a, b: cr.mse(a, b), "a")(np.ones(3), np.ones((3, 1))),
        cr.ShapeError,
        ["(3,)", "(3, 1)"],
    ),
    (
        "shapes that do not fit",
        lambda: cr.grad(lambda x, w: (x @ w).sum(), "w")(X, np.ones((2, 4))),
        cr.ShapeError,
        ["(2, 3)", "(2, 4)", "(x @ w).sum()"],
    ),
    ("text", lambda: cr.grad(functions.loss, "w1")(**{**sized(5), "w1": "abc"}), cr.ArgumentError, ["w1", "str"]),
    ("a truth value", lambda: cr.grad(lambda x: x.sum() if x.sum() > 0 else -x.sum())(X), cr.TraceError, ["where"]),
    ("no shapes", lambda: cr.source(lambda x: x.sum()), cr.ArgumentError, ["shape", "'x'", "declare"]),
    ("a structure without arrays", lambda: cr.derive(NESTED, "q"), cr.ArgumentError, ["'q'", "p.w"]),
    ("no function", lambda: cr.grad(3), TypeError, ["a function is needed"]),  # type: ignore[arg-type]
]
NESTED = cr.function(p={"w": "3", "b": ""})(lambda p: (p["w"] * p["b"]).sum())


@pytest.mark.parametrize(("call", "error", "words"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_is_refused_is_named(call: Callable[[], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_a_form_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="matrix, components"):
        cr.derive(functions.loss, "w1", form="poem")

"""The registry's own test: no record lacks what readers, emitters and the tests of its family need.

What the records *say* is checked in tests/ops, a file a family, each of which loops over the registry as this one does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Input
from chainrule.ir.records import Elementwise, Interval, Reduction, Structural
from chainrule.ir.registry import functions, record, records, register, unregister
from chainrule.ir.whole import Whole
from chainrule.ops.activations import relu
from chainrule.ops.einsum import einsum
from chainrule.ops.reduce import logsumexp, norm_
from chainrule.ops.scan import cumsum
from chainrule.ops.transcendental import log, tanh
from chainrule.testing import lacks
from chainrule.testing.reference import mpmath_function
from tests.array_oracles import ARRAYS
from tests.ops import test_elementwise, test_reductions, test_structural, test_whole
from tests.oracles import JAX, MPMATH

RECORDS: list[Any] = list(records())


def complaints(op: Any) -> list[str]:
    """What a record lacks; one of our own has an oracle as well."""
    found = list(lacks(op, ARRAYS.get(getattr(op, "name", ""))))
    if isinstance(op, (Elementwise, Reduction)) and mpmath_function(op, MPMATH.get(op.name)) is None:
        found.append("no oracle in mpmath")
    return found


@pytest.mark.parametrize("op", RECORDS, ids=lambda op: op.name)
def test_no_record_lacks_anything(op: Any) -> None:
    assert complaints(op) == []


def test_each_record_is_looped_over_by_the_tests_of_its_family() -> None:
    families = (test_elementwise, test_reductions, test_structural, test_whole)
    looped = {id(op) for family in families for op, _ in family.CHECKS}
    assert [op.name for op in RECORDS if id(op) not in looped] == []
    assert {op.name for op in RECORDS if not isinstance(op, (Structural, Whole))} >= set(JAX)


BAD = [
    (replace(tanh, why=""), "no line that says why"),
    (replace(log, samples=((-1.0, 1.0),)), "samples of operand 0 outside its domain"),
    (replace(tanh, samples=((1.0, 1.0),)), "samples of operand 0 outside its domain"),
    (replace(relu, convention=""), "no convention"),
    (replace(log, convention=""), "no convention"),
    (replace(tanh, latex=r"\tanh"), "latex does not name each operand"),
    (replace(tanh, text=""), "text does not name each operand"),
    (replace(tanh, c="atan2({0}, {1})"), "c does not name each operand"),
    (replace(tanh, numpy="np.sinh({0})"), "the NumPy spelling is another function"),
    (replace(tanh, range=Interval(0, 1)), "values outside its range"),
    (replace(tanh, partials=lambda x, y: (1, 1)), "not a slope for each operand"),
    (replace(tanh, name="tanhh", numpy="np.tanh({0})"), "no oracle in mpmath"),
    (replace(norm_, latex=""), "no spelling"),
    (replace(logsumexp, numpy="{0}.sum({axis})"), "the NumPy spelling is another function"),
    (replace(norm_, special=()), "no special entries"),
    (replace(norm_, singular=True, convention=""), "no convention"),
    (replace(tanh, special=()), "no special values"),
    (replace(tanh, c=""), "no spelling in C, and it does not say so"),
    (replace(tanh, no_c=True), "a spelling in C, and it denies it"),
    (replace(einsum, cases=lambda: ()), "no cases"),
    (replace(einsum, errors=lambda: ()), "no error inputs"),
    (replace(cumsum, backward=None), "one direction without the other"),
    (replace(cumsum, text=""), "no spelling"),
    (replace(cumsum, name="cumsummed"), "no oracle"),
    (replace(cumsum, cases=lambda: ()), "no cases"),
    (replace(cumsum, special=lambda: ()), "no special values"),
    (replace(cumsum, errors=lambda: ()), "no error inputs"),
    (replace(cumsum, singular=True), "no convention"),
    (object.__new__(type("Stranger", (), {"why": "?"})), "a record of no known family"),
]


@pytest.mark.parametrize(("op", "complaint"), BAD, ids=[f"{getattr(op, 'name', '?')}: {text}" for op, text in BAD])
def test_a_bad_record_is_caught(op: Any, complaint: str) -> None:
    assert complaint in complaints(op)


def test_a_record_of_ones_own_is_entered_once_and_taken_out() -> None:
    own = register(replace(tanh, name="own", stands_for=()))
    assert record("own") is own
    assert functions()["own"] is own
    with pytest.raises(Exception, match="'own' is registered already"):
        register(own)
    unregister("own")
    with pytest.raises(Exception, match="no operation named 'own'"):
        record("own")
    assert "own" not in functions()


def test_numpys_functions_find_their_records() -> None:
    x = Input.of("x", (2, 3))
    for op in RECORDS:
        for numpy_function in op.stands_for:
            if isinstance(numpy_function, np.ufunc) and numpy_function.nin == 1:
                assert numpy_function(x) is op(x), op.name
    assert np.sum(x) is x.sum()
    assert np.where(x > 0, x, 1) is record("where")(x > 0, x, 1)

    assert {"mean", "matmul", "transpose"} <= set(functions())

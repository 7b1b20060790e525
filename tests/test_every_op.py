"""The registry's own test: no record lacks what readers, emitters and the tests of its family need.

What the records *say* is checked in tests/ops, a file a family, each of which loops over the registry as this one does.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Input
from chainrule.ir.records import Elementwise, Interval, Reduction, Structural
from chainrule.ir.registry import functions, record, records, register, unregister
from chainrule.ops.activations import relu
from chainrule.ops.einsum import einsum
from chainrule.ops.reduce import logsumexp, norm_
from chainrule.ops.transcendental import log, tanh
from tests.ops import test_elementwise, test_reductions, test_structural
from tests.oracles import JAX, mpmath_function

RECORDS: list[Any] = list(records())


def places(template: str) -> set[str]:
    """The operands that a template names."""
    return {c for c in string.digits if f"{{{c}}}" in template}


def complaints(op: Any) -> Iterator[str]:
    """What a record lacks."""
    if not op.why:
        yield "no line that says why"
    match op:
        case Elementwise():
            yield from of_elementwise(op)
        case Reduction():
            yield from of_reduction(op)
        case Structural():
            if not op.cases():
                yield "no cases"
        case _:
            yield "a record of no known family"


def of_elementwise(op: Elementwise) -> Iterator[str]:
    for i in range(op.conditions, op.arity):
        low, high = op.samples[min(i, len(op.samples) - 1)]
        if not low < high or not Interval(low, high).within(op.domain_of(i)):
            yield f"samples of operand {i} outside its domain"
    if (op.kinks or op.singular) and not op.convention:
        yield "no convention"
    for language in ("numpy_template", "c", "latex", "text"):
        if places(getattr(op, language)) != set(string.digits[: op.arity]):
            yield f"{language} does not name each operand"
    operands = test_elementwise.draw(op)
    if not agrees(op.numpy_template.format(*(f"v[{i}]" for i in range(op.arity))), op.ref, operands):
        yield "the NumPy spelling is another function"
    value = np.asarray(op(*operands), float)
    if not np.all((op.range.low <= value) & (value <= op.range.high)):
        yield "values outside its range"
    inputs = [Input.of(c, (), "bool" if i < op.conditions else "float") for i, c in enumerate("abc"[: op.arity])]
    if len(op.partials(*inputs, op(*inputs))) != op.arity:
        yield "not a slope for each operand"
    yield from without_oracle(op)


def of_reduction(op: Reduction) -> Iterator[str]:
    if (op.kinks or op.singular) and not op.convention:
        yield "no convention"
    if not op.latex or not op.text or places(op.numpy) != {"0"} or "{axis}" not in op.numpy:
        yield "no spelling"
    elif not agrees(op.numpy.format("v[0]", axis="axis=1"), lambda x: op.ref(x, axis=(1,)), [np.eye(3)], op.definition):
        yield "the NumPy spelling is another function"
    if not op.special:
        yield "no special entries"
    yield from without_oracle(op)


def agrees(source: str, ref: Any, operands: list[Any], definition: str = "") -> bool:
    """Whether a line of NumPy, with the function that it brings along, gives what the record means."""
    scope = {"np": np, "v": operands}
    exec(definition, scope)
    with np.errstate(all="ignore"):
        found = eval(source, scope)
        return np.allclose(found, ref(*operands), rtol=1e-13)


def without_oracle(op: Any) -> Iterator[str]:
    try:
        mpmath_function(op)
    except AssertionError:
        yield "no oracle in mpmath"


@pytest.mark.parametrize("op", RECORDS, ids=lambda op: op.name)
def test_no_record_lacks_anything(op: Any) -> None:
    assert list(complaints(op)) == []


def test_each_record_is_looped_over_by_the_tests_of_its_family() -> None:
    cases = [case[0] for case in test_structural.CASES]
    looped = {id(op) for op in [*test_elementwise.ELEMENTWISE, *test_reductions.REDUCTIONS, *cases]}
    assert [op.name for op in RECORDS if id(op) not in looped] == []
    assert {op.name for op in RECORDS if not isinstance(op, Structural)} >= set(JAX)


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
    (replace(einsum, cases=lambda: ()), "no cases"),
    (object.__new__(type("Stranger", (), {"why": "?"})), "a record of no known family"),
]


@pytest.mark.parametrize(("op", "complaint"), BAD, ids=[text for _, text in BAD])
def test_a_bad_record_is_caught(op: Any, complaint: str) -> None:
    assert complaint in list(complaints(op))


# A wrong derivative, and the test that has to see it.
WRONG = [
    (replace(tanh, partials=lambda x, y: (1 + y * y,)), "test_slopes_are_those_of_mpmath_in_both_modes"),
    (
        replace(tanh, partials=lambda x, y: (1 - tanh(x * 1.0000001) ** 2,)),
        "test_slopes_are_those_of_mpmath_in_both_modes",
    ),
    (replace(tanh, ref=lambda x: np.tanh(x) + 1e-13), "test_the_value_is_the_oracles"),
    (replace(tanh, ref=lambda x: np.tanh(x.astype(np.float64))), "test_float32_in_float32_out"),
    (replace(relu, partials=lambda x, y: (x >= 0,)), "test_at_a_kink_the_slope_is_zero_at_both_orders"),
    (replace(relu, ref=lambda x: np.where(x < 1, 0 * x, x)), "test_the_value_is_the_oracles"),
]


@pytest.mark.parametrize(("op", "test"), WRONG)
def test_a_wrong_record_is_seen(op: Elementwise, test: str) -> None:
    arguments = (op, "float64") if "kink" in test else (op,)
    with pytest.raises(AssertionError):
        getattr(test_elementwise, test)(*arguments)


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

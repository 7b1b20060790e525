"""Checks for operations: those that every operation of the library passes, for those that users register.

    print(cr.testing.check_operation(swish))

It needs NumPy alone. With mpmath installed, values and slopes are compared with the record's oracle to 50 digits.
`assert_gradient` is for a gradient that somebody wrote by hand.
"""

from __future__ import annotations

from typing import Any

from ..ir.records import Elementwise, Reduction, Structural
from ..ir.whole import Whole
from . import elementwise, elementwise_places, elementwise_shapes, native, reduction, structural, whole
from .checks import Check, Report, run_all
from .gradients import assert_gradient
from .lacks import lacks, lacks_nothing
from .reference import mpmath_function

__all__ = ["Check", "Report", "assert_gradient", "check_operation", "checks_of", "lacks"]

_ELEMENTWISE = (
    Check(lacks_nothing),
    Check(elementwise.value),
    Check(elementwise.first_slopes),
    Check(elementwise.second_slopes),
    Check(elementwise.complex_step, lambda op: op.analytic),
    Check(elementwise.forward_is_reverse),
    Check(elementwise.jacobian_and_hessian),
    Check(elementwise_places.kinks, lambda op: bool(op.kinks)),
    Check(elementwise_places.special_values),
    Check(elementwise_places.far_points),
    Check(elementwise_places.ties, lambda op: op.arity - op.conditions > 1),
    Check(elementwise_shapes.shapes),
    Check(elementwise_shapes.views),
    Check(elementwise_shapes.single_precision),
    Check(elementwise_shapes.integers),
    Check(elementwise_shapes.wrong_inputs),
    Check(elementwise_shapes.printed_numpy),
    Check(native.emitted_c, lambda op: bool(op.c)),
    Check(native.no_c, lambda op: not op.c),
)
_REDUCTION = (
    Check(lacks_nothing),
    Check(reduction.value),
    Check(reduction.first_slopes),
    Check(reduction.differences),
    Check(reduction.jacobian),
    Check(reduction.hessian),
    Check(reduction.special_entries),
    Check(reduction.empty),
    Check(reduction.single_precision),
    Check(reduction.views),
    Check(reduction.integers),
    Check(reduction.wrong_inputs),
    Check(reduction.printed_numpy),
    Check(native.emitted_c_of_rows, lambda op: bool(op.c)),
    Check(native.no_c, lambda op: not op.c),
)
_STRUCTURAL = (
    Check(lacks_nothing),
    Check(structural.value),
    Check(structural.integers),
    Check(structural.jacobian),
    Check(structural.forward_is_reverse),
    Check(structural.second_order),
    Check(structural.views),
    Check(structural.printed_numpy),
    Check(structural.wrong_inputs),
)
_WHOLE = (
    Check(lacks_nothing),
    Check(whole.value),
    Check(whole.directional, whole.has_slopes),
    Check(whole.forward_is_reverse, whole.has_slopes),
    Check(whole.second_order, whole.has_slopes),
    Check(whole.batches, whole.takes_floats),
    Check(whole.special_values, whole.has_slopes),
    Check(whole.single_precision, whole.takes_floats),
    Check(whole.views),
    Check(whole.printed_numpy),
    Check(whole.wrong_inputs),
)


def checks_of(op: Any) -> tuple[Check, ...]:
    """The checks of a record's family that apply to it. Raises TypeError for what is no record."""
    family: tuple[Check, ...]
    match op:
        case Elementwise():
            family = _ELEMENTWISE
        case Reduction():
            family = _REDUCTION
        case Structural():
            family = _STRUCTURAL
        case Whole():
            family = _WHOLE
        case _:
            raise TypeError(f"{op!r} is no record of an operation: cr.Elementwise, cr.Reduction and cr.Whole make one")
    return tuple(check for check in family if check.applies(op))


def check_operation(record: Any, oracle: Any = None) -> Report:
    """Everything that is checked of an operation of the library, checked of this one; print the report.

    ``oracle`` is the same function, told by somebody else: for a scalar operation a function of numbers of mpmath, or
    the name of one of mpmath's own; for a reduction one of a list of such numbers; for a `Whole` one of arrays. The
    record's own counts where it is left out. Without an oracle, or without mpmath, slopes are compared with
    those of ``ref``, by a complex step or by differences; the report says so.

    Raises AssertionError that tells of each check that fails, and TypeError for what is no record.
    """
    checks = checks_of(record)
    notes = []
    if isinstance(record, (Elementwise, Reduction)) and mpmath_function(record, oracle) is None:
        notes.append("no oracle, or no mpmath: slopes were compared with those of ref, its value with nothing")
    if not native.has_compiler():
        checks = tuple(c for c in checks if c.run not in (native.emitted_c, native.emitted_c_of_rows))
        notes.append("no C compiler: what is emitted in C was not compiled")
    return run_all(record, checks, oracle, tuple(notes))

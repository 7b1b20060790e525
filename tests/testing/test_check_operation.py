"""The checks of operations see what is wrong with a record, and say it; a right one passes, from outside too."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.records import Fold
from chainrule.ops.activations import relu, sigmoid, softplus
from chainrule.ops.arithmetic import mul
from chainrule.ops.einsum import einsum
from chainrule.ops.reduce import logsumexp, norm_
from chainrule.ops.scan import cumsum, cumsum_back
from chainrule.ops.select import maximum
from chainrule.ops.transcendental import log, tanh
from chainrule.testing import Check, check_operation, checks_of
from chainrule.testing.traced import Traced

SWISH = cr.Elementwise(
    name="swish",
    arity=2,
    ref=lambda x, b: x / (1 + np.exp(-b * x)),
    partials=lambda x, b, y: (sigmoid(b * x) + b * y * (1 - sigmoid(b * x)), x * y * (1 - sigmoid(b * x))),
    why="the product rule: σ(bx), and x times the slope of σ(bx)",
    numpy="{0} / (1 + np.exp(-{1} * {0}))",
    c="({0} / (1 + exp{f}(-({1}) * ({0}))))",
    latex=r"\operatorname{swish}\left({0}, {1}\right)",
    text="swish({0}, {1})",
    special=(((0.0, 1.0), 0.0, (0.5, 0.0)), ((2.0, 0.0), 1.0, (0.5, 1.0))),
    oracle=lambda x, b: x / (1 + mpmath.exp(-b * x)),
)
ROOT_MEAN_SQUARE = cr.Reduction(
    name="root_mean_square",
    ref=lambda x, axis: np.sqrt(np.mean(x * x, axis=axis)),
    partials=lambda x, y, over: x / (y * over.sum(x * 0.0 + 1.0)),
    why="half the slope of the mean square, divided by the root",
    numpy="np.sqrt(np.square({0}).mean({axis}))",
    latex=r"\operatorname{rms}",
    text="rms",
    samples=(0.5, 3.0),
    empty=float("nan"),
    special=(((3.0, 4.0), (3 / math.sqrt(50), 4 / math.sqrt(50))),),
    oracle=lambda entries: mpmath.sqrt(mpmath.fsum(v * v for v in entries) / len(entries)),
)


def running_sum(**changed: Any) -> cr.Whole:
    """A cumulative sum of one's own; its cases use the record that is made here."""

    def told(name: str, default: Any) -> Any:
        return changed.pop(name, default)

    own = cr.Whole(
        name="running_sum",
        own=1,
        ref=told("ref", lambda x: np.cumsum(x, -1)),
        shape=lambda x: x,
        why="an entry is in its own sum and in all that follow",
        forward=told("forward", lambda args, y, t: cumsum(t[0], axis=-1)),
        backward=told("backward", lambda args, y, g: (cumsum_back(g, axis=-1),)),
        numpy=told("numpy", "np.cumsum({0}, -1)"),
        latex=r"\operatorname{sums}\left({0}\right)",
        text="sums({0})",
        cases=lambda: [(lambda x: own(x), (np.array([[0.5, -1.2, 2.0], [1.5, 0.7, -0.3]]),))],
        special=lambda: [(lambda x: own(x), (np.zeros(0),)), (lambda x: own(x), (np.zeros(2),))],
        errors=told("errors", lambda: [(lambda x: own(x, x), ((2,),), "positional argument")]),
        oracle=lambda x: x @ np.triu(np.ones((x.shape[-1], x.shape[-1]))),
        **changed,
    )
    return own


def complaint(op: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check_operation(op)
    return str(caught.value)


@pytest.mark.parametrize("op", [SWISH, ROOT_MEAN_SQUARE, running_sum()], ids=["swish", "rms", "sums"])
def test_a_right_record_from_outside_passes_and_the_report_says_what_was_checked(op: Any) -> None:
    report = check_operation(op)
    assert report.notes == ()
    assert len(report.checked) >= 11
    text = str(report)
    assert text.startswith(f"{op.name}: {len(report.checked)} checks hold\n  ✓ The record lacks nothing")
    assert "in both modes" in text


def off(y: Any) -> Any:
    return y + 1e-13


# What is wrong with a record, and the words that say so.
WRONG: dict[str, tuple[Any, str]] = {
    "a slope's sign": (replace(tanh, partials=lambda x, y: (1 + y * y,)), "the slope by reverse mode is"),
    "a slope off by 1e-7": (
        replace(tanh, partials=lambda x, y: (1 - tanh(x * 1.0000001) ** 2,)),
        "the slope by reverse mode",
    ),
    "a slope that is no function of x": (
        replace(sigmoid, partials=lambda x, y: (cr.stop_gradient(y) * (1 - y),)),
        "the second slope is",
    ),
    "the slope of the other operand": (replace(mul, partials=lambda a, b, y: (a, b)), "the slope in operand 0"),
    "a value off by 1e-13": (replace(tanh, ref=lambda x: off(np.tanh(x))), "the value is"),
    "always float64": (replace(tanh, ref=lambda x: np.tanh(x.astype(np.float64))), "is of float64"),
    "a convention": (replace(relu, partials=lambda x, y: (x >= 0,)), "the slope by reverse mode at the kink 0"),
    "a tie": (replace(maximum, partials=lambda a, b, y: (a >= b, b > a)), "at 1, 1 in float64 is 1, and should be 0.5"),
    "a special value": (
        replace(log, special=(((1.0,), 1.0, (1.0,)),)),
        "the value at 1 in float64 is 0, and should be 1",
    ),
    "a special slope": (replace(log, special=(((1.0,), 0.0, (2.0,)),)), "is 1, and should be 2"),
    "special operands too few": (replace(mul, special=(((1.0,), 0.0, (2.0,)),)), "are not the operands of mul"),
    "NumPy": (replace(tanh, numpy="np.sinh({0})"), "the NumPy spelling is another function"),
    "NumPy far out": (
        replace(softplus, numpy="np.log(1 + np.exp({0}))"),
        "the printed value is inf, and should be 800",
    ),
    "C": (replace(tanh, c="sinh{f}({0})"), "the value in C in float64"),
    "C of one precision": (replace(tanh, c="tanhf({0})"), "the value in C in float64"),
    "views": (
        replace(tanh, ref=lambda x: np.tanh(x.ravel(order="K").reshape(x.shape)), numpy="np.tanh({0})"),
        "the value of a view",
    ),
    "empty arrays": (replace(tanh, ref=lambda x: np.tanh(x) + 0 * np.max(x)), "ValueError: zero-size"),
    "refusals": (replace(cumsum, errors=lambda: [(lambda x: x, ((2,),), "no such axis")]), "nothing is refused"),
    "no C": (replace(tanh, no_c=True), "a spelling in C, and it denies it"),
    "C of a reduction": (replace(norm_, c=(Fold("0", "{s} + {x}"),)), "the value in C in float64"),
    "integers": (replace(tanh, result="same"), "the value of integers is of float64, where the record says int"),
    "a reduction's slope": (replace(norm_, partials=lambda x, y, over: x), "the slope is"),
    "a reduction's stability": (
        replace(logsumexp, ref=lambda x, axis: np.log(np.sum(np.exp(x), axis=axis))),
        "at [1000.0, 1001.0] in float64",
    ),
    "a reduction's value of nothing": (replace(norm_, empty=1.0), "the value of no entries is 0, and should be 1"),
    "a reverse mode": (running_sum(backward=lambda args, y, g: (g,)), "the slope by reverse mode"),
    "a forward mode": (running_sum(forward=lambda args, y, t: t[0]), "the slope by forward mode"),
    "a direction of single precision": (
        running_sum(backward=lambda args, y, g: (1.0000001 * cumsum_back(g, axis=-1),)),
        "the slope by reverse mode",
    ),
    "a whole array's value": (running_sum(ref=lambda x: np.cumsum(x, -1) + 1e-9), "the value for shapes (2, 3) is"),
    "a whole array's batch": (
        running_sum(ref=lambda x: np.cumsum(x, -1) + (1e-6 if x.ndim > 2 else 0)),
        "the value of a batch",
    ),
    "a whole array's NumPy": (running_sum(numpy="np.cumsum({0})"), "what is printed has shape (6,)"),
    "what is refused": (
        running_sum(errors=lambda: [(np.sin, ((2, 3),), "no such axis")]),
        "nothing is refused, where an error has to say no such axis",
    ),
    "what a refusal says": (
        running_sum(errors=lambda: [(lambda x: cumsum(x, axis=5), ((2, 3),), "no such axis")]),
        "the message does not say 'no such axis': axis 5 does not exist",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_record_is_seen_and_told(what: str) -> None:
    op, words = WRONG[what]
    assert words in complaint(op)


RECORDS = [SWISH, relu, norm_, einsum, running_sum()]
TOLD_ABOVE = {"lacks_nothing", "wrong_inputs", "no_c", "emitted_c", "emitted_c_of_rows"}
"""Checks that look at something else than a `Traced`; each of them fails for one of the records in ``WRONG``."""
SEEING = [(op, check) for op in RECORDS for check in checks_of(op) if check.name not in TOLD_ABOVE]


@pytest.mark.parametrize(("op", "check"), SEEING, ids=[f"{op.name} {check.name}" for op, check in SEEING])
def test_every_check_can_fail(op: Any, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees it if values, or one of the modes, or the Jacobian, or what is printed, were off, each time by more."""
    check.run(op, None)
    seen = []
    for method in ("value", "push", "pull", "jacobians", "printed", "evaluate"):
        right, errors = getattr(Traced, method), itertools.count(1)

        def wrong(*args: Any, right: Any = right, errors: Any = errors, **more: Any) -> Any:
            found, off = right(*args, **more), np.float32(1e-3 * next(errors))
            return [v + off for v in found] if isinstance(found, list) else found + off

        with monkeypatch.context() as patched, contextlib.suppress(AssertionError):
            patched.setattr(Traced, method, wrong)
            check.run(op, None)
            continue
        seen.append(method)
    assert seen


def test_a_complaint_names_the_point_and_both_numbers() -> None:
    text = complaint(replace(SWISH, partials=lambda x, b, y: (sigmoid(b * x), x * y * (1 - sigmoid(b * x)))))
    first, *lines = text.splitlines()
    assert first.startswith("swish: ")
    assert first.endswith("of 17")
    (line,) = [line for line in lines if "the slope in operand 0 by reverse mode" in line]
    found, wanted, x, b = map(float, re.findall(r"-?\d+\.\d+", line))
    sigma = 1 / (1 + math.exp(-b * x))
    assert math.isclose(found, sigma, rel_tol=1e-12)
    assert math.isclose(wanted, sigma + b * x * sigma * (1 - sigma), rel_tol=1e-12)
    assert "10 of 10 entries are wrong" in line


@pytest.fixture(params=["no mpmath", "no oracle"])
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Records as they are without a second opinion."""
    if request.param == "no mpmath":
        monkeypatch.setitem(sys.modules, "mpmath", None)
        return lambda op: op
    return lambda op: replace(op, oracle=None, name=f"own_{op.name}")


@pytest.mark.parametrize("op", [SWISH, ROOT_MEAN_SQUARE, relu], ids=["swish", "rms", "relu"])
def test_without_an_oracle_slopes_are_those_of_the_reference(op: Any, alone: Callable[[Any], Any]) -> None:
    report = check_operation(alone(op))
    assert "no oracle, or no mpmath: slopes were compared with those of ref" in report.notes[0]
    assert "  · no oracle" in str(report)


@pytest.mark.parametrize("analytic", [True, False])
def test_without_an_oracle_a_wrong_slope_is_seen_too(analytic: bool, alone: Callable[[Any], Any]) -> None:
    slightly = lambda x, b, y: (  # noqa: E731
        sigmoid(b * x * 1.000001) + b * y * (1 - sigmoid(b * x)), x * y * (1 - sigmoid(b * x)),
    )  # fmt: skip
    assert "the slope in operand 0" in complaint(alone(replace(SWISH, partials=slightly, analytic=analytic)))
    forgets = lambda x, b, y: (  # noqa: E731
        sigmoid(b * x) + b * cr.stop_gradient(y) * (1 - sigmoid(b * x)), x * y * (1 - sigmoid(b * x)),
    )  # fmt: skip
    assert "the second slope in operand 0" in complaint(alone(replace(SWISH, partials=forgets, analytic=analytic)))


def test_an_oracle_may_be_given_beside_the_record() -> None:
    check_operation(replace(SWISH, oracle=None), lambda x, b: x / (1 + mpmath.exp(-b * x)))
    with pytest.raises(AssertionError, match="the value is"):
        check_operation(SWISH, lambda x, b: x * b)
    check_operation(cumsum, lambda x, axis: np.cumsum(x, axis))


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(TypeError, match="no record of an operation"):
        check_operation(np.tanh)

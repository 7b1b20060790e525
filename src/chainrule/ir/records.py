"""The records: an operation written down once.

Evaluation, both modes of differentiation, every emitter, every telling and `test_every_op` read the same record.
`Elementwise` is a scalar operation, `Reduction` one that removes axes, `Structural` one of the closed node kinds
(the einsum, reshape, slice, …), which moves or sums numbers and so has a transpose instead of slopes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from .build import align, as_node, cast, is_traced, normal_axes, promote
from .dims import Shape, Sizes
from .node import Kind, Map, Node, Reduce
from .registry import call

Slopes: TypeAlias = tuple[Node | float | None, ...]


@dataclass(frozen=True)
class Interval:
    """A set of real numbers between two bounds; ``open`` ones leave the bounds out."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False

    def within(self, other: Interval) -> bool:
        """Whether every number of this interval lies in the other."""
        inside = other.low <= self.low and self.high <= other.high
        touches = (self.low == other.low and math.isfinite(self.low)) or (
            self.high == other.high and math.isfinite(self.high)
        )
        return inside and not (other.open and not self.open and touches)

    def __contains__(self, number: float) -> bool:
        """Whether a number lies in it."""
        return self.low < number < self.high or (not self.open and number in (self.low, self.high))

    def __str__(self) -> str:
        left = "(" if self.open or self.low == -math.inf else "["
        right = ")" if self.open or self.high == math.inf else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}".replace("inf", "∞")


REALS = Interval()
POSITIVE = Interval(0, math.inf, open=True)
NON_NEGATIVE = Interval(0, math.inf)


@dataclass(frozen=True, eq=False, kw_only=True)
class Elementwise:
    """A scalar operation, applied element by element.

    ``ref`` is what it means, on NumPy arrays. ``partials(*operands, y)`` gives the slope with respect to each operand
    as a graph (None: constant in it); y is the output, so that a slope may be written in its terms. ``numpy``, ``c``,
    ``latex`` and ``text`` are templates with {0}, {1}, … for the operands.
    """

    name: str
    ref: Callable[..., Any]
    partials: Callable[..., Slopes]
    why: str
    arity: int = 1
    result: Literal["same", "float", "bool", "int"] = "float"
    """The kind of number that comes out; "same" is the operands' widest, "float" casts the operands to float."""
    converts: bool = False
    """Whether it turns one kind of number into another (a cast)."""
    conditions: int = 0
    """How many leading operands are truth values (where has one)."""
    stands_for: tuple[Any, ...] = ()
    """The NumPy functions it answers for on traced arrays; those of SciPy by name: "scipy.special.erf"."""
    numpy: str = ""
    imports: str = ""
    """The line of Python that brings in what ``numpy`` calls, where that is not NumPy: from scipy import special."""
    definition: str = ""
    """Python source of a function that ``numpy`` calls and no library has."""
    c: str = ""
    """May use {f} (the suffix of a math function: "" or "f") and {real} (double or float)."""
    no_c: bool = False
    """Whether C has no such function: a program with this operation runs on NumPy."""
    c_int: str = ""
    """How C spells it on whole numbers, where that is not the same."""
    latex: str = ""
    text: str = ""
    domain: tuple[Interval, ...] = (REALS,)
    """Where each operand may lie (the last entry serves all further operands)."""
    range: Interval = REALS
    samples: tuple[tuple[float, float], ...] = ((-3.0, 3.0),)
    """Where tests draw each operand from: inside the domain, well conditioned."""
    analytic: bool = True
    """Whether ``ref`` takes complex numbers and is analytic, so that a complex step gives its slope."""
    kinks: tuple[float, ...] = ()
    convention: str = ""
    """What is returned at points without a derivative."""
    singular: bool | Callable[..., bool] = False
    """Whether the value or a slope may be infinite or NaN at a finite point (for these operands, where it is a
    function of them), so that a zero by structure must not be multiplied by it."""
    special: tuple[tuple[tuple[float, ...], float, tuple[float | None, ...]], ...] = ()
    """Special values: ((operands), value, (slopes)), tested in every mode and precision; an operand whose slope is
    None is a constant there."""
    commutative: bool = False
    symbol: tuple[str, int] | None = None
    """For an unknown function: its name, and the order of the derivative this record stands for."""
    oracle: Any = None
    """The name of the same function in mpmath, or a function of mpmath numbers, where ``name`` is not it."""

    @property
    def numpy_template(self) -> str:
        """How NumPy spells it."""
        return self.numpy or f"np.{self.name}({self._places})"

    @property
    def _sign(self) -> str:
        """What a reader calls it: the operator of Python's that it is, or its name."""
        spelled = self.numpy_template
        return self.name if "(" in spelled else spelled.replace("{0}", "").replace("{1}", "").strip()

    @property
    def _places(self) -> str:
        return ", ".join(f"{{{i}}}" for i in range(self.arity))

    def domain_of(self, i: int) -> Interval:
        """The domain of operand i."""
        return self.domain[min(i, len(self.domain) - 1)]

    def is_singular(self, operands: Sequence[Node]) -> bool:
        """Whether, for these operands, the value or a slope may be infinite or NaN at a finite point."""
        return self.singular(*operands) if callable(self.singular) else self.singular

    def result_kind(self, operands: Kind) -> Kind:
        """The kind of number that comes out for operands of this kind."""
        return operands if self.result == "same" else self.result

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, *operands: Any) -> Any:
        """On traced arrays an expression; on plain numbers and arrays the value."""
        if len(operands) != self.arity:
            raise TypeError(f"{self.name} takes {self.arity} operands, not {len(operands)}")
        if not is_traced(operands):
            with np.errstate(all="ignore"):
                return self.ref(*_arrays(operands))
        nodes = [as_node(v) for v in operands]
        conditions, values = nodes[: self.conditions], nodes[self.conditions :]
        if self.result == "float":
            values = [cast(v, "float") for v in values]
        else:
            values = promote(values, "int" if self.result == "same" and not self.conditions else "bool")
        operands = align(self._sign, [*(cast(c, "bool") for c in conditions), *values])  # type: ignore[assignment]
        return Map.of(self, *operands)


def _arrays(operands: Sequence[Any]) -> list[np.ndarray]:
    """Plain operands as arrays; a number of Python's takes the precision of the others, as NumPy has it."""
    values = [v if type(v) in (int, float) else np.asarray(v) for v in operands]
    return [np.asarray(v, np.result_type(*values)) if type(v) in (int, float) else v for v in values]


@dataclass(frozen=True)
class Over:
    """The axes a reduction removes, for writing its slope: sums and products that keep the full shape."""

    shape: Shape
    axes: tuple[int, ...]

    def sum(self, x: Node) -> Node:
        """The sum over the removed axes, spread over them again."""
        return self.spread(call("sum", x, axis=self.axes))

    def spread(self, y: Node) -> Node:
        """A reduced array, spread over the removed axes again."""
        return call("spread", y, self.shape, self.axes)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Fold:
    """One loop over the entries that a reduction removes, in C: an accumulator {s} goes through the entries {x}.

    It starts as ``start``, becomes ``step`` at each entry, and ends as ``end``, which a later loop knows as {p}. The
    accumulator is a double whatever the entries are, but where it is one of them; {lowest} and {greatest} are the
    bounds of the entries' kind.
    """

    start: str
    step: str
    end: str = "{s}"

    @property
    def gathers(self) -> Literal["sum", "max", "min", ""]:
        """What several accumulators, each of some of the entries, are put together by, where that is known."""
        if self.step.startswith("{s} + "):
            return "sum"
        return {"{x} > {s} ? {x} : {s}": "max", "{x} < {s} ? {x} : {s}": "min"}.get(self.step, "")  # type: ignore[return-value]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduction:
    """An operation that removes axes: max, prod, norm, logsumexp.

    ``ref(x, axis=…)`` is what it means on a NumPy array and a tuple of axes. ``partials(x, y, over)`` is the slope of
    the result with respect to each entry, as a graph of x's shape; y is the result spread over x's shape, and
    ``over.sum`` sums over the removed axes and spreads the result again.
    """

    name: str
    ref: Callable[..., Any]
    partials: Callable[[Node, Node, Over], Node]
    why: str
    stands_for: tuple[Any, ...] = ()
    numpy: str = ""
    """Template with {0} for the operand and {axis} for the axes."""
    imports: str = ""
    """The line of Python that brings in what ``numpy`` calls, where that is not NumPy."""
    definition: str = ""
    """Python source of a function that ``numpy`` calls and NumPy has not."""
    latex: str = ""
    text: str = ""
    c: tuple[Fold, ...] = ()
    """The loops over the entries, one after the other, by which C works it out; empty where there is none."""
    range: Interval = REALS
    samples: tuple[float, float] = (-3.0, 3.0)
    analytic: bool = False
    empty: float | None = None
    """The value for no entries; None where that is an error."""
    one_axis: bool = False
    """Whether axes are removed one at a time (where the slope's graph would not fit several)."""
    float_only: bool = True
    kinks: tuple[float, ...] = ()
    convention: str = ""
    singular: bool = False
    special: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    """Special values with their gradients: ((entries), (gradient)), tested in every mode."""
    oracle: Any = None

    def is_singular(self, operands: Sequence[Node]) -> bool:
        """Whether a slope may be infinite or NaN at a finite point."""
        return self.singular

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """On a traced array an expression; on plain arrays the value."""
        if not is_traced(x):
            x = np.asarray(x)
            axes = normal_axes(axis, x.ndim)
            with np.errstate(all="ignore"):
                y = self.ref(x, axis=axes)
            return np.expand_dims(y, axes) if keepdims else y
        node = as_node(x)
        if self.float_only:
            node = cast(node, "float")
        shape, axes = node.shape, normal_axes(axis, len(node.shape))
        if not axes:
            # Over no axes is over one of length one: the norm of a single number is its absolute value.
            node, axes = call("reshape", node, (*shape, 1)), (len(shape),)
        steps = [(a,) for a in reversed(axes)] if self.one_axis else [axes]
        for step in steps:
            node = Reduce.of(self, node, step)
        if not keepdims:
            return node
        return call("reshape", node, tuple(1 if a in axes else s for a, s in enumerate(shape)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Structural:
    """One of the closed node kinds: it moves numbers about, or sums products of them.

    ``ref(node, sizes, *values)`` is what it means. ``transpose(node, g)`` gives the cotangent of each operand (None:
    none flows there). ``push(node, tangents, extra)`` is the tangent of the result, where a tangent (None: the operand
    does not vary, which is never so of all of them) may have extra axes behind its own (a Jacobian's).
    """

    name: str
    ref: Callable[..., Any]
    transpose: Callable[[Any, Node], Slopes]
    push: Callable[[Any, Sequence[Any], Shape], Node]
    why: str
    build: Callable[..., Any] | None = None
    """What the record does when it is called: makes the node from what a user gives."""
    operands: tuple[bool, ...] = (True,)
    """Which operands a derivative flows to (the last entry serves all further ones); indices have none."""
    stands_for: tuple[Any, ...] = ()
    cases: Callable[[], Sequence[tuple[Callable[..., Any], tuple[Shape, ...]]]] = field(default=lambda: ())
    """For tests: functions that use it, each with the shapes of its arguments."""
    errors: Callable[[], Sequence[tuple[Callable[..., Any], tuple[Shape, ...], str]]] = field(default=lambda: ())
    """For tests: uses that are refused, with the arguments' shapes and what the message says."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        assert self.build is not None, f"{self.name} is not called by users"
        return self.build(*args, **kwargs)

    def value(self, node: Node, values: Sequence[Any], sizes: Sizes) -> Any:
        """The value of a node of this kind."""
        return self.ref(node, sizes, *values)

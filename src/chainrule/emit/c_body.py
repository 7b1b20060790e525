"""What one C function is written with: how its entries are read, how its expressions are spelled."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from ..ir.affine import window_steps
from ..ir.build import scalar_value
from ..ir.dims import Dim, Extent, Shape, show_shape
from ..ir.node import Const, Delta, Einsum, Gather, Kind, Map, Node, Reshape, Size, Slice, SliceSpec
from ..ir.templates import PRODUCT, Spelled, fill
from .c_plan import NoSpelling, Plan
from .c_text import PLAIN, Lines, Real, flat, harmless, number, shifted

Index: TypeAlias = Sequence[Spelled]


@dataclass(frozen=True)
class Failure:
    """What went wrong where the function returns this failure's position plus one."""

    error: type[Exception]
    message: str


@dataclass
class Body:
    """The statements of one function, as they are written; ``where`` says what an array or variable is called."""

    plan: Plan
    real: Real
    dims: dict[Dim, str]
    where: dict[Node, str]
    scalars: set[Node] = field(default_factory=set)
    """Stored nodes that are plain variables, not arrays."""
    constants: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    products: list[Extent] = field(default_factory=list)
    """The numbers of columns of the products of matrices."""
    kernels: set[str] = field(default_factory=set)
    """Those that are called besides it: dots, sum_rows, turn."""
    team: bool = False
    """Whether threads divide the work among them."""
    divided: bool = False
    """Whether they divide the rows of the node that is written just now."""
    shares: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the number of rows, where a thread's share begins and ends."""
    sizes: dict[Dim, int] = field(default_factory=dict)
    """Lengths that are open in the graph, but known to this function."""
    lines: Lines = field(default_factory=Lines)
    _serial: dict[str, int] = field(default_factory=dict)

    def fresh(self, letter: str) -> str:
        """A variable of ours: t0, t1, …"""
        self._serial[letter] = serial = self._serial.get(letter, -1) + 1
        return f"{letter}{serial}"

    def restart(self, letter: str) -> None:
        """Count these variables from 0 again, where the earlier ones are out of scope."""
        self._serial.pop(letter, None)

    def fail(self, error: type[Exception], message: str) -> int:
        """What to return where this goes wrong."""
        self.failures.append(Failure(error, message))
        return len(self.failures)

    def ends(self, code: int) -> str:
        """The statement that gives up; threads that wait for each other go on, and say so at the end."""
        return f"failed = {code};" if self.team else f"return {code};"

    @contextmanager
    def loops(self, shape: Shape, *, rows: bool = False, ahead: str = "") -> Iterator[list[Spelled]]:
        """A loop for each axis, and the index of the entry inside; an axis of length one needs no loop.

        ``rows`` says that the first axis is that of the node's rows, of which a thread may have a share only. ``ahead``
        is a line before the innermost loop.
        """
        longer = [axis for axis, extent in enumerate(shape) if extent != 1]
        with ExitStack() as stack:
            index: list[Spelled] = []
            for axis, extent in enumerate(shape):
                name = "0" if extent == 1 else self.fresh("i")
                if extent != 1:
                    first, end = self.share(extent) if rows and axis == 0 else ("0", self.extent(extent))
                    if ahead and axis == longer[-1]:
                        self.lines.add(ahead)
                    stack.enter_context(self.lines.loop(name, end, first))
                index.append((name, PLAIN))
            yield index

    def share(self, extent: Extent) -> tuple[str, str]:
        """The first row that is worked out here, and the first that is not any more."""
        rows = self.extent(extent)
        if not self.divided:
            return "0", rows
        return self.shares.setdefault(rows, (f"from{len(self.shares)}", f"to{len(self.shares)}"))

    # How entries are read.

    def extent(self, extent: Extent) -> str:
        """A dimension as C spells it."""
        return self.dims[extent] if isinstance(extent, Dim) else str(extent)

    def length(self, extent: Extent) -> int | None:
        """How long a dimension is, if that is known here."""
        return self.sizes.get(extent) if isinstance(extent, Dim) else int(extent)

    def at(self, index: Index, shape: Shape) -> str:
        """The position of an entry in an array of this shape."""
        return flat(list(index), [self.extent(e) for e in shape])

    def entry(self, node: Node, index: Index, shape: Shape | None = None) -> str:
        """An entry of a stored node, input or constant array, which may be seen under another shape."""
        if node in self.scalars:
            return self.where[node]
        return f"{self.array(node)}[{self.at(index, node.shape if shape is None else shape)}]"

    def load(self, node: Node, index: Index) -> Spelled:
        """An entry of any node but a folded one; transposes, broadcasts, slices and windows change the index only."""
        seen: Node = node
        while (node := seen) not in self.where:
            value = scalar_value(node)
            if value is not None:
                return number(value, node.kind, self.real)
            match node:
                case Einsum():
                    seen, index = node.args[0], [index[i] for i in node.subs[0]]
                case Slice():
                    seen, index = node.args[0], placed(index, node.params[0])
                case Gather() if (steps := window_steps(node)) is not None:
                    seen, index = node.args[0], in_window(index, node.params[0], steps)
                case Reshape():
                    return self._reshaped(node, index)
                case Size():
                    return self.dims[node.dim], PLAIN
                case Delta():
                    return self.delta(index)
                case _:
                    break
        return self.entry(node, index), PLAIN

    def delta(self, index: Index) -> Spelled:
        """An entry of Kronecker's delta."""
        one, zero = (number(v, "float", self.real)[0] for v in (1, 0))
        (i, _), (j, _) = index
        return (one if i == j else f"({i} == {j} ? {one} : {zero})"), PLAIN

    def _reshaped(self, node: Reshape, index: Index) -> Spelled:
        """An entry of what a reshape reads, at the same place in row-major order."""
        base: Node = node
        while isinstance(base, Reshape):
            base = base.args[0]
        if scalar_value(base) is not None or isinstance(base, Size):
            return self.load(base, ())
        return self.entry(base, index, node.shape), PLAIN

    def is_array(self, node: Node) -> bool:
        """Whether a node lies in memory."""
        in_place = node in self.where and node not in self.scalars
        return in_place or (isinstance(node, Const) and node not in self.where and scalar_value(node) is None)

    def array(self, node: Node) -> str:
        """What an array is called; one of constants is written down when it is first met."""
        if node not in self.where:
            assert isinstance(node, Const)
            self.where[node] = name = self.fresh("c")
            entries = ", ".join(number(v, node.kind, self.real)[0] for v in np.ravel(node.value).tolist()) or "0"
            self.constants.append(f"    /* {harmless(show_shape(node.shape))} */")
            self.constants.append(f"    static const {self.real.of(node.kind)} {name}[] = {{")
            self.constants += textwrap.wrap(entries, 110, initial_indent=" " * 8, subsequent_indent=" " * 8)
            self.constants.append("    };")
        return self.where[node]

    # How expressions are spelled.

    def operand(self, node: Node, index: Index) -> Spelled:
        """An entry of an operand: worked out here if it is folded, else read."""
        return self.expression(node, index) if node in self.plan.folded else self.load(node, index)

    def expression(self, root: Node, index: Index) -> Spelled:
        """An entry of a Map, with the Maps folded into it."""
        known: dict[Node, Spelled] = {}
        for node in self.plan.tree(root):
            assert isinstance(node, Map)
            known[node] = self._map(node, [known[a] if a in known else self.load(a, index) for a in node.args])
        return known[root]

    def _map(self, node: Map, operands: list[Spelled]) -> Spelled:
        """One scalar operation, by its record's template."""
        template = node.op.c_int if node.op.c_int and node.args[-1].kind != "float" else node.op.c
        if not template or node.op.symbol is not None:
            lacks = "C has no such function" if node.op.no_c else "its record has no c=…"
            raise NoSpelling(f"the operation {node.op.name} cannot be written in C: {lacks}")
        if node.op.name == "pow":
            template = _power(node, template)
        template = template.replace("{f}", self.real.suffix).replace("{real}", self.real.ctype)
        first = re.split(r"\?|&&|\|\|", template)[0]
        for i, arg in enumerate(node.args):
            # What is read on one side of a choice only, is read before it: vectors then need no masks, with which GCC
            # before 12.4 reads wrong entries where rows are short (its PR 114375).
            early = f"{{{i}}}" not in first and "[" in operands[i][0]
            operands[i] = self._once(operands[i], arg.kind, template.count(f"{{{i}}}"), early=early)
        text, binds = fill(template, operands)
        # A sign before a sign would read --x, so what begins with one binds loosely.
        return text, (min(binds, PRODUCT - 1) if text.startswith("-") else binds)

    def _once(self, operand: Spelled, kind: Kind, uses: int, *, early: bool) -> Spelled:
        """The operand, in a variable of its own where it is long or would be worked out several times, or ``early``."""
        text, binds = operand
        if not early and (binds >= PLAIN or (uses <= 1 and len(text) < 80)):
            return operand
        name = self.fresh("t")
        self.lines.add(f"const {self.real.of(kind)} {name} = {text};")
        return name, PLAIN


def placed(index: Index, specs: Sequence[SliceSpec]) -> list[Spelled]:
    """The index of a slice's entry in the array that it was taken from."""
    pairs = zip(index, specs, strict=True)
    return [at if spec is None else shifted(at, spec[0], spec[2]) for at, spec in pairs]


def in_window(index: Index, axis: int, steps: tuple[int, int]) -> list[Spelled]:
    """The index of an entry of windows in the array that these are taken from."""
    p, i = (shifted(index[axis + k], 0, step) for k, step in enumerate(steps))
    place = i if p[0] == "0" else p if i[0] == "0" else fill("{0} + {1}", [p, i])
    return [*index[:axis], place, *index[axis + 2 :]]


def _power(node: Map, template: str) -> str:
    """How a power is spelled: a small constant exponent as a product."""
    exponent = scalar_value(node.args[1])
    if node.kind != "float" and exponent is not None and exponent < 0:
        raise NoSpelling("a whole number to a negative power is a fraction: make it a float first")
    products = {1: "{0}", 2: "{0} * {0}", 3: "{0} * {0} * {0}", -1: "1 / {0}"}
    return template if exponent is None else products.get(exponent, template)  # type: ignore[call-overload]

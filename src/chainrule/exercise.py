"""A derivation with lines left out, for a reader to find: answers are checked by numbers and by form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .explain.differences import run
from .explain.evaluate import deviation, finite_point, with_inputs_of, without_derivatives
from .frontend.index_notation import parse_indexed
from .frontend.matrix_notation import parse_matrix
from .frontend.notation_tokens import NotationError
from .ir.dims import Extent, show_shape
from .ir.graph import toposort
from .ir.node import D, Node, Size
from .ir.telling import Chain, Math, Step, Table, Telling
from .render.names import text_name
from .render.spelling import Spelling

LEVELS = {1: 3, 2: 2, 3: 1, 4: 1}
"""Which lines are left out: every third, every second, all but the first; and at level 4 the reasons as well."""

_AGREES = 1e-8
_POINTS = 2


@dataclass(frozen=True, eq=False)
class Blank:
    """A line whose right side is to be found.

    ``step`` is its equality; ``axes`` are the letters of its entries and how far they run, None for whole arrays.
    """

    number: int
    left: str
    right: str
    step: Step
    axes: Mapping[str, Extent] | None


@dataclass(frozen=True)
class Verdict:
    """What there is to say of an answer; it is true when the answer will do."""

    ok: bool
    message: str

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.message}"


@dataclass(frozen=True, eq=False)
class _Shown:
    """A line as it is printed: its number where it is a blank."""

    left: str
    right: str
    reason: str
    depth: int
    number: int | None = None


class Exercise:
    """A derivation with blanks. Print it; ``answer(3, "…")`` checks a line, ``hint(3)`` helps, ``solution(3)`` tells.

    An answer is written as the lines are printed, or typed plainly: ``1/L sum_l (y_hat_l - y_l) V_i f'(z_il) x_jl`` in
    index notation, ``W2.T @ (y_hat - y) * f'(z)`` with whole arrays. Only lines that can be read back are left out.
    """

    def __init__(self, told: Telling, level: int = 1) -> None:
        if level not in LEVELS:
            raise ValueError(f"an exercise has a level of {', '.join(map(str, LEVELS))}, not {level!r}")
        self.told = told
        self.level = level
        self.blanks: dict[int, Blank] = {}
        self._scope = _scope(told)
        self._hints: dict[int, int] = {}
        self._lines = self._with_blanks()

    # ------------------------------------------------------------------------------------------ for the reader

    def answer(self, number: int, text: str) -> Verdict:
        """Check an answer: can it be read, has it the right shape, is it equal, is it the step that was asked for."""
        blank = self._blank(number)
        try:
            given = self._read(text, blank.axes)
        except NotationError as error:
            return Verdict(False, f"this cannot be read: {error}")
        wanted = blank.step.after
        if given.shape != wanted.shape:
            return Verdict(
                False,
                f"this has the shape {show_shape(given.shape)}, and {blank.left} has {show_shape(wanted.shape)}",
            )
        if "".join(text.split()) == "".join(blank.left.split()):
            return Verdict(False, f"this is the left side again; the step is to be done: {blank.step.rule}")
        found = list(self._compared(given, wanted))
        if all(deviation(a, b) < _AGREES for a, b in found):
            return self._form(given, blank)
        return Verdict(False, _difference(found, self._sizes()))

    def hint(self, number: int) -> str:
        """A hint on a line; asked again, a stronger one: the rule, what the line is made of, the line itself."""
        blank = self._blank(number)
        self._hints[number] = strength = self._hints.get(number, 0) + 1
        if strength == 1:
            return f"{blank.step.rule}: {blank.step.why}"
        if strength == 2:
            left = _unworked(blank.step.after)
            derivatives = "no derivative is left in it" if not left else f"{left} still to be worked out in it"
            parts = set(toposort([blank.step.after]))
            names = sorted({text_name(name) for name, node in self._scope.items() if node in parts})
            return f"it is made of {', '.join(names)}; {derivatives}"
        return self.solution(number)

    def solution(self, number: int) -> str:
        """The line that was left out."""
        return self._blank(number).right

    def __str__(self) -> str:
        head = f"{len(self.blanks)} lines are left out. answer(number, formula) checks one, hint(number) helps."
        shown = [head, ""]
        for line in self._lines:
            right = line.right if line.number is None else f"? ({line.number})"
            shown.append(f"{'  ' * line.depth}{line.left} = {right}")
            if line.reason:
                shown.append(f"{'  ' * line.depth}      · {line.reason}")
        return "\n".join(shown)

    # ------------------------------------------------------------------------------------------ how it is made

    def _blank(self, number: int) -> Blank:
        if number not in self.blanks:
            raise ValueError(f"there is no blank {number}; there are {', '.join(map(str, self.blanks)) or 'none'}")
        return self.blanks[number]

    def _with_blanks(self) -> list[_Shown]:
        """All lines, every n-th of those that can be read back left out."""
        shown: list[_Shown] = []
        every, seen = LEVELS[self.level], 0
        for left, right, step, axes, depth in self._all_lines():
            reason = step.why if self.level < 4 else ""
            if self._can_be_read(right, step, axes):
                seen += 1
                if seen % every == 0:
                    number = len(self.blanks) + 1
                    self.blanks[number] = Blank(number, left, right, step, axes)
                    shown.append(_Shown(left, right, reason, depth, number))
                    continue
            shown.append(_Shown(left, right, reason, depth))
        return shown

    def _all_lines(self) -> Iterator[tuple[str, str, Step, Mapping[str, Extent] | None, int]]:
        """Left side, right side, equality, axes and depth of every line, whatever block it stands in."""
        spelling = Spelling(self.told, "text")
        for block in self.told.blocks:
            match block:
                case Chain():
                    whole = ""
                    for line in spelling.chain(block):
                        whole = line.left or whole
                        indexed = block.reading == "components"
                        axes = dict(zip(line.letters, line.step.after.shape, strict=True)) if indexed else None
                        # The reason with the letters of its indices.
                        yield whole, line.right, replace(line.step, why=line.why), axes, line.depth
                case Table():
                    cells = [piece for row in block.rows for cell in row for piece in cell if isinstance(piece, Math)]
                    by_node = {piece.node: piece for piece in cells}
                    for step in block.claims:
                        if step.after in by_node:
                            left = spelling.math(Math(step.before))
                            yield left, spelling.math(by_node[step.after]), step, None, 0

    def _can_be_read(self, right: str, step: Step, axes: Mapping[str, Extent] | None) -> bool:
        """Whether the line, as it is printed, is read back as what it says: else no answer to it could be checked."""
        try:
            given = self._read(right, axes)
        except NotationError:
            return False
        if given.shape != step.after.shape:
            return False
        return all(deviation(a, b) < _AGREES for a, b in self._compared(given, step.after))

    def _read(self, text: str, axes: Mapping[str, Extent] | None) -> Node:
        return parse_matrix(text, self._scope) if axes is None else parse_indexed(text, self._scope, axes)

    def _compared(self, given: Node, wanted: Node) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Both at some random points."""
        sides = without_derivatives([given, wanted])
        for seed in range(_POINTS):
            every = [*sides, self.told.loss]
            values, sizes = finite_point(with_inputs_of(every, self.told.graph), every, seed)
            a, b = run(sides, values, sizes, seed, np.float64)
            yield np.asarray(a), np.asarray(b)

    def _sizes(self) -> list[tuple[str, list[float]]]:
        """The dimensions by name, with their lengths at the points of comparison."""
        points = [finite_point(self.told.graph, [self.told.loss], seed)[1] for seed in range(_POINTS)]
        return [(str(dim), [float(sizes[dim]) for sizes in points]) for dim in self.told.graph.dims()]

    def _form(self, given: Node, blank: Blank) -> Verdict:
        """An equal line: is it the step that was asked for, or only the line before it?"""
        if blank.axes is None:
            # In a table a line is given by others, ∂E/∂a for one; only itself is no answer.
            itself = blank.step.before in set(toposort([given])) and blank.step.before is not blank.step.after
            return Verdict(False, "this is what was asked for, by its name") if itself else Verdict(True, "right")
        before, wanted, left = _unworked(blank.step.before), _unworked(blank.step.after), _unworked(given)
        if left > wanted or (given is blank.step.before and given is not blank.step.after):
            return Verdict(False, f"this is equal, but the step is still to be done: {blank.step.rule}")
        if left < wanted and before:
            return Verdict(True, "right, and further than this line: several steps at once")
        return Verdict(True, "right")


def _unworked(node: Node) -> int:
    """How many derivatives in it are not worked out."""
    return sum(isinstance(n, D) for n in toposort([node]))


def _scope(told: Telling) -> dict[str, Node]:
    """What the names in a line mean: the reader's, as they are printed and as they were written, and sizes."""
    scope: dict[str, Node] = {}
    for node, name in [*((i, i.name) for i in told.graph.inputs), *told.names.items()]:
        scope[name] = scope[text_name(name)] = node
    for dim in told.graph.dims():
        scope.setdefault(str(dim), Size.of(dim))
    return scope


def _difference(found: list[tuple[np.ndarray, np.ndarray]], sizes: list[tuple[str, list[float]]]) -> str:
    """What is wrong with a line: a factor, where it is one; else how far it is off."""
    factors = [_factor(a, b) for a, b in found]
    if all(factor is not None for factor in factors):
        known = [float(factor) for factor in factors if factor is not None]
        if np.ptp(known) < _AGREES * abs(known[0]):
            return f"this is {_spelled(known[0])} the right line"
        for name, lengths in sizes:
            for spelled, power in ((name, 1), (f"1/{name}", -1)):
                ratios = [factor / length**power for factor, length in zip(known, lengths, strict=True)]
                if np.ptp(ratios) < _AGREES * abs(ratios[0]):
                    number = "" if abs(ratios[0] - 1) < _AGREES else f"{ratios[0]:g} "
                    return f"this is {number}{spelled} times the right line"
    off = max(deviation(a, b) for a, b in found)
    return f"this is not equal: at a random point it is off by {off:.2g} of the largest entry"


def _spelled(factor: float) -> str:
    return "the negative of" if abs(factor + 1) < _AGREES else f"{factor:g} times"


def _factor(a: np.ndarray, b: np.ndarray) -> float | None:
    """The number that a is of b, if it is one."""
    size = float(np.sum(b * b))
    if not size:
        return None
    factor = float(np.sum(a * b)) / size
    return factor if factor and deviation(a, factor * b) < _AGREES else None

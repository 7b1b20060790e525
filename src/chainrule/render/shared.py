"""What both readings do alike: scalar operations, reductions, letters in scope."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from ..ir.dims import Shape
from ..ir.node import Call as LibraryCall
from ..ir.node import Map, Node, Reduce
from ..ir.records import Elementwise
from ..ir.whole import Whole
from . import arithmetic
from .boxes import Big, Box, Call, Cases, Exponential, Function, MatrixProduct, Number, Power, Root, Symbol
from .names import escape_latex


def letters_of(places: Sequence[Box]) -> frozenset[str]:
    """The letters among index boxes: what may not be bound again inside."""
    return frozenset(box.name for box in places if isinstance(box, Symbol))


def without_ones(shape: Shape) -> Shape:
    """A shape without its axes of length one."""
    return tuple(extent for extent in shape if extent != 1)


def scalar_map(node: Map, operands: Sequence[Box]) -> Box:
    """A scalar operation on single numbers; arithmetic by structure, all others by the record's own spelling."""
    match node.op.name:
        case "add":
            return arithmetic.add(*operands)
        case "sub":
            return arithmetic.subtract(*operands)
        case "mul":
            return arithmetic.multiply(*operands)
        case "div":
            return arithmetic.divide(*operands, single=True)
        case "neg":
            return arithmetic.negative(operands[0])
        case "pow":
            return Power(*operands)
        case "sqrt":
            return Root(operands[0])
        case "exp":
            return Exponential(operands[0])
        case "where":
            return Cases(*operands)
        case _ if node.op.converts and node.args[0].kind != "bool":
            return _cast(node, operands[0])
        case _:
            return _function(node, tuple(operands))


def _cast(node: Map, operand: Box) -> Box:
    """A cast of a number prints as nothing, but for one to a truth value."""
    return Function("{0} ≠ {1}", r"{0} \ne {1}", (operand, Number(0))) if node.kind == "bool" else operand


def _function(node: Map, operands: tuple[Box, ...]) -> Box:
    op = node.op
    if op.symbol is not None:
        return Call(op.symbol[0], operands, primes=op.symbol[1])
    return _spelled(op, operands)


def called(node: LibraryCall, operands: Sequence[Box]) -> Box:
    """What a library works out, by the record's own spelling; the solution of AX = B as A⁻¹B."""
    if node.op.name == "solve":
        return MatrixProduct((Function("{0}⁻¹", "{0}^{-1}", (operands[0],)), operands[1]))
    return _spelled(node.op, tuple(operands))


def _spelled(op: Elementwise | Whole, operands: tuple[Box, ...]) -> Box:
    places = ", ".join(f"{{{i}}}" for i in range(len(operands)))
    text = op.text or f"{op.name}({places})"
    latex = op.latex or rf"\operatorname{{{escape_latex(op.name)}}}\left({places}\right)"
    return Function(text, latex, operands)


def reduced(node: Reduce, letters: tuple[Box, ...], body: Box) -> Box:
    """A reduction that runs over letters (none: over everything)."""
    op = node.op
    if "{0}" in op.text:
        # ‖{0}‖: the letters have no place in it, and are told by the entry's own.
        return Function(op.text, op.latex or op.text, (body,))
    latex = op.latex or rf"\operatorname{{{escape_latex(op.name)}}}"
    return Big(op.text or op.name, latex, letters, body)


def in_window(indices: Node, steps: tuple[int, int], places: tuple[Box, ...]) -> Box:
    """Where entry i of window p stands in the whole axis, s p + d i; an axis of length one adds nothing."""
    terms = [
        place if step == 1 else arithmetic.multiply(Number(step), place)
        for step, place, extent in zip(steps, places, indices.shape, strict=True)
        if extent != 1
    ]
    return reduce(arithmetic.add, terms) if terms else Number(0)

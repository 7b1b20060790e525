"""How operations, shapes and numbers are called in the vertices of a graph."""

from __future__ import annotations

from collections.abc import Container, Iterable

import numpy as np

from ...ir.dims import Dim, Extent, Shape
from ...ir.node import Const, Delta, Einsum, Input, Map, Node, Reduce, Size
from ...ir.picture import Formula, Label, Number, Piece, Symbol
from .products import origin

SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "logical_and": "∧", "logical_or": "∨"}
"""Operations with a sign of their own."""
_DOT = "•"
"""Stands for what flows in."""


def applies(node: Node, name: str) -> bool:
    """Whether a node is this operation on numbers."""
    return isinstance(node, Map) and node.op.name == name


def fixed_nodes(order: Iterable[Node]) -> set[Node]:
    """What does not depend on any input."""
    found: set[Node] = set()
    for node in order:
        if not isinstance(node, Input) and all(arg in found for arg in node.args):
            found.add(node)
    return found


def sign(node: Node, fixed: set[Node]) -> Label:
    """What an operation is called in its vertex; a fixed number that it is done with stands beside it."""
    match node:
        case Map():
            moving = [n for n, arg in enumerate(node.args) if arg not in fixed]
            if len(moving) < len(node.args) and len(moving) == 1:
                return _with_number(node, moving[0])
            if node.op.name == "neg":
                return (f"−{_DOT}",)
            if node.op.name in SIGNS:
                return ("⊙" if node.op.name == "mul" and node.shape else SIGNS[node.op.name],)
            return (called(node),)
        case Einsum() if len(node.args) == 1:
            return ("Σ",)
        case Einsum():
            return ("@" if node.summed else "⊗",)
        case Reduce():
            return (called(node),)
        case Delta():
            return ("I",)
        case _:
            return (type(node).__name__.lower(),)


def is_short(node: Node, names: Container[Node], most: int) -> bool:
    """Whether what a node stands for, in what has a name, is a short formula, of arithmetic and functions alone."""
    stack, count = [node], 0
    while stack:
        part = stack.pop()
        count += not isinstance(part, (Const, Size))
        if count > most or not isinstance(part, (Input, Const, Size, Map, Einsum)):
            return False
        stack += [arg for arg in part.args if arg not in names]
    return bool(node.args)


def called(node: Map | Reduce) -> str:
    """The name of a function: σ, tanh, ‖·‖."""
    op = node.op
    if getattr(op, "symbol", None) is not None:
        return str(op.name)
    text = op.text or op.name
    if text.endswith("({0})"):
        return str(text.removesuffix("({0})"))
    return str(text.replace("{0}", _DOT)) if "{0}" in text and "{1}" not in text else str(op.name)


def _with_number(node: Map, moving: int) -> Label:
    """The operation with a dot for what flows in: · / 2, 1 − ·, (·)²."""
    args: list[Node] = []
    for n, arg in enumerate(node.args):
        base = origin(arg)[0]
        hole = Input.of(_DOT if n == moving else "A", (), arg.kind)
        args.append(hole if n == moving or base.shape else base)
    return (Formula(Map.of(node.op, *args), {}),)


def shape_label(shape: Shape) -> Label:
    """A shape: N × d."""
    pieces: list[Piece] = []
    for extent in shape:
        pieces += [" × "] if pieces else []
        pieces.append(_extent(extent))
    return tuple(pieces)


def _extent(extent: Extent) -> Piece:
    return Symbol(extent.name) if isinstance(extent, Dim) else str(extent)


def value_label(array: np.ndarray) -> Label:
    """A number; a few in brackets; the shape of more."""
    if array.dtype.kind == "b" and array.size == 1:
        return ("true" if array.item() else "false",)
    if array.size == 1:
        return (Number(float(array.item())),)
    if max(array.shape) == array.size <= 3:
        pieces: list[Piece] = ["["]
        for n, value in enumerate(array.ravel().tolist()):
            pieces += [", "] if n else []
            pieces.append(Number(float(value), 2))
        return (*pieces, "]")
    return shape_label(array.shape)


def entry_label(array: np.ndarray, axis: int | None, place: int) -> Label:
    """The number at a place of an axis, the first along all others."""
    if not array.size:
        return ("–",)
    index = tuple(min(place, array.shape[a] - 1) if a == axis else 0 for a in range(array.ndim))
    return (Number(float(array[index])),)

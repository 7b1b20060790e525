"""Linear algebra that a library does: solving linear systems, and Cholesky's factor.

The derivatives are those of M. B. Giles, *An extended collection of matrix derivative results for forward and reverse
mode algorithmic differentiation* (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast
from ..ir.dims import broadcast_shapes, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Node
from ..ir.records import Slopes
from ..ir.registry import register
from ..ir.whole import Operands, Whole
from .einsum import einsum
from .linalg import in_double, matrices, regular, square_cases, square_errors, turned
from .shape import reshape

__all__ = ["cholesky", "solve"]


def _solve_forward(args: Operands, y: Node, t: Sequence[Node | None]) -> Node:
    right = t[1]
    if t[0] is not None:
        right = -(t[0] @ y) if right is None else right - t[0] @ y
    return solve(args[0], right)  # type: ignore[no-any-return]


def _solve_backward(args: Operands, y: Node, g: Node) -> Slopes:
    b = solve(turned(args[0]), g)
    return -(b @ turned(y)), b


def _solve(a: Any, b: Any) -> Any:
    """The x with a x = b; a right side of one axis is a vector, as in NumPy."""
    left, right = matrices("solve", a), as_node(b)
    if not right.shape or right.shape[-1 if len(right.shape) == 1 else -2] != left.shape[-1]:
        raise ShapeError(
            at_user_line(
                f"the shapes of solve do not fit: {describe(left)} has shape {show_shape(left.shape)}, "
                f"so the right side has {left.shape[-1]} rows; {describe(right)} has shape {show_shape(right.shape)}"
            )
        )
    if len(right.shape) == 1:
        return reshape(_solve(left, reshape(right, (*right.shape, 1))), (*left.shape[:-2], left.shape[-1]))
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    if batch is None:
        raise ShapeError(
            at_user_line(
                f"the stacks of matrices do not fit: {describe(left)} has shape {show_shape(left.shape)}, "
                f"{describe(right)} {show_shape(right.shape)}"
            )
        )
    return solve.of(broadcast(left, (*batch, *left.shape[-2:])), broadcast(right, (*batch, *right.shape[-2:])))


solve: Whole = register(
    Whole(
        name="solve",
        own=2,
        ref=in_double(np.linalg.solve),
        shape=lambda a, b: b,
        build=_solve,
        stands_for=(np.linalg.solve,),
        why="from A X = B: A ∂X = ∂B − ∂A X",
        forward=_solve_forward,
        backward=_solve_backward,
        numpy="np.linalg.solve({0}, {1})",
        latex="{0}^{-1} {1}",
        text="{0}⁻¹ {1}",
        cases=lambda: [
            (lambda a, b: solve(a, b), (regular(3, 3), regular(3, 3)[:, :2])),
            (lambda a, b: solve(a, b), (regular(3, 3), np.array([1.0, -2.0, 0.5]))),
            (lambda a, b: solve(a, b), (regular(2, 3, 3), regular(2, 3, 3)[..., :1])),
            (lambda a, b: solve(a, b), (regular(3, 3), regular(2, 3, 3))),
        ],
        special=lambda: [(lambda a, b: solve(a, b), (np.eye(2), np.zeros((2, 2))))],
        errors=lambda: [
            (lambda a, b: solve(a, b), ((2, 3), (2, 1)), "square matrices"),
            (lambda a, b: solve(a, b), ((3, 3), (2, 1)), "the right side has 3 rows"),
            (lambda a, b: solve(a, b), ((4, 3, 3), (5, 3, 1)), "stacks of matrices do not fit"),
        ],
        oracle=lambda a, b: np.linalg.inv(a) @ b,
    )
)


def _definite(*shape: int) -> np.ndarray:
    a = regular(*shape)
    return a @ np.swapaxes(a, -1, -2)  # type: ignore[no-any-return]


def _halved(a: Node) -> Node:
    """Φ: the lower triangle, with half the diagonal."""
    n = int(a.shape[-1])
    return einsum("...ij,ij->...ij", a, np.tril(np.ones((n, n))) - 0.5 * np.eye(n))  # type: ignore[no-any-return]


def _cholesky_forward(args: Operands, y: Node, t: Operands) -> Node:
    # L⁻¹ ∂A L⁻ᵀ, of a ∂A that is symmetric.
    return y @ _halved(solve(y, turned(solve(y, t[0]))))  # type: ignore[no-any-return]


def _cholesky_backward(args: Operands, y: Node, g: Node) -> Slopes:
    # L⁻ᵀ Φ L⁻¹ or its transpose: what is factored is ½(A + Aᵀ), so A gets the symmetric part of either.
    return (solve(turned(y), turned(solve(turned(y), _halved(turned(y) @ g)))),)


def _cholesky(a: Any) -> Any:
    node = matrices("cholesky", a)
    if not isinstance(node.shape[-1], int):
        raise ShapeError(at_user_line(f"cholesky needs a matrix whose size is a number, not {node.shape[-1]}"))
    return cholesky.of(0.5 * (node + turned(node)))


cholesky: Whole = register(
    Whole(
        name="cholesky",
        own=2,
        ref=in_double(lambda a: np.linalg.cholesky(0.5 * (a + np.swapaxes(a, -1, -2)))),
        shape=lambda a: a,
        build=_cholesky,
        stands_for=(np.linalg.cholesky,),
        why="from L Lᵀ = A: ∂L = L Φ(L⁻¹ ∂A L⁻ᵀ), where Φ takes the lower triangle and half the diagonal",
        forward=_cholesky_forward,
        backward=_cholesky_backward,
        numpy="np.linalg.cholesky({0})",
        latex=r"\operatorname{chol}\left({0}\right)",
        text="chol({0})",
        convention="of a matrix that is not symmetric, the symmetric part ½(A + Aᵀ) is factored",
        cases=square_cases(lambda a: cholesky(a), _definite),
        special=lambda: [(lambda a: cholesky(a), (np.array([[4.0, 0.0], [0.0, 9.0]]),))],
        errors=square_errors(lambda a: cholesky(a)),
        oracle=lambda a: np.linalg.qr(np.linalg.cholesky(a).swapaxes(-1, -2))[1].swapaxes(-1, -2),
    )
)

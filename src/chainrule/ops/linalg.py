"""Linear algebra that a library does: determinants and inverses, of stacks of matrices too.

The derivatives are those of M. B. Giles, *An extended collection of matrix derivative results for forward and reverse
mode algorithmic differentiation* (2008).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, is_traced
from ..ir.dims import Shape, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Node
from ..ir.records import Slopes
from ..ir.registry import function, register
from ..ir.whole import Operands, Samples, Whole
from .einsum import einsum
from .linear import swapaxes

__all__ = ["cofactor", "det", "det_sign", "inv", "log_abs_det", "slogdet"]


def turned(a: Node) -> Node:
    """The transpose of each matrix."""
    return swapaxes(a, -1, -2)  # type: ignore[no-any-return]


def _inner(a: Node, b: Node) -> Node:
    """Σ a_ij b_ij for each pair of matrices: what the derivative of a number by a matrix is summed with."""
    return einsum("...ij,...ij->...", a, b)  # type: ignore[no-any-return]


def _square(a: Shape) -> Shape:
    return a


def _number(a: Shape) -> Shape:
    return a[:-2]


def matrices(name: str, a: Any) -> Node:
    """An expression whose last two axes are a square matrix. Raises ShapeError."""
    node = as_node(a)
    if len(node.shape) < 2 or node.shape[-1] != node.shape[-2]:
        raise ShapeError(
            at_user_line(f"{name} needs square matrices: {describe(node)} has shape {show_shape(node.shape)}")
        )
    return node


def _of_squares(name: str) -> Callable[..., Any]:
    return lambda a: RECORDS[name].of(matrices(name, a))


def _times(number: Node, a: Node) -> Node:
    """Each matrix times its number."""
    return einsum("...,...ij->...ij", number, a)  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------------ for the tests


def regular(*shape: int) -> np.ndarray:
    """Well conditioned matrices, by rule rather than by chance."""
    n = shape[-1]
    count = int(np.prod(shape))
    return np.sin(1.0 + 2.3 * np.arange(count)).reshape(shape) + 2.5 * np.eye(n)  # type: ignore[no-any-return]


def square_cases(f: Callable[..., Any], make: Callable[..., np.ndarray] = regular) -> Callable[[], Samples]:
    shapes = [(3, 3), (1, 1), (2, 2), (2, 3, 3), (4, 4)]
    return lambda: [(f, (make(*shape),)) for shape in shapes]


def square_errors(f: Callable[..., Any]) -> Callable[[], Sequence[tuple[Callable[..., Any], tuple[Shape, ...], str]]]:
    return lambda: [(f, ((2, 3),), "square matrices"), (f, ((3,),), "square matrices")]


# ------------------------------------------------------------------------------------------------ the records


def in_double(f: Callable[..., Any]) -> Callable[..., Any]:
    """LAPACK knows no more than double precision; what checks a slope in an extended one gets that."""

    def ref(*arrays: Any) -> Any:
        wide = np.result_type(*arrays)
        if wide != np.longdouble:
            return f(*arrays)
        return np.asarray(f(*(np.asarray(a, np.float64) for a in arrays))).astype(wide)

    return ref


def _cofactor(a: np.ndarray) -> Any:
    """det(A) A⁻ᵀ without dividing by the determinant, from A = U S Vᵀ: det(U) det(V) U (∏ of the other s) Vᵀ."""
    a = np.asarray(a)
    u, s, vt = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1) if s.shape[-1] else s
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return (sign[..., None, None] * (u * others[..., None, :]) @ vt).astype(a.dtype)


_COFACTOR = '''
def cofactor(a):
    """The cofactors of matrices, from A = U S Vᵀ: det(U) det(V) U (product of the other s) Vᵀ."""
    u, s, vt = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1) if s.shape[-1] else s
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return (sign[..., None, None] * (u * others[..., None, :]) @ vt).astype(a.dtype)
'''


def _cofactor_forward(args: Operands, y: Node, t: Operands) -> Node:
    inverse = inv(args[0])
    return _times(_inner(y, t[0]), turned(inverse)) - y @ turned(t[0]) @ turned(inverse)  # type: ignore[no-any-return]


def _cofactor_backward(args: Operands, y: Node, g: Node) -> Slopes:
    inverse = inv(args[0])
    return (_times(_inner(g, turned(inverse)), y) - turned(inverse) @ turned(g) @ y,)


cofactor: Whole = register(
    Whole(
        name="cofactor",
        own=2,
        ref=in_double(_cofactor),
        shape=_square,
        build=_of_squares("cofactor"),
        why="the cofactors of A are det(A) A⁻ᵀ: the product rule, and the derivatives of both",
        forward=_cofactor_forward,
        backward=_cofactor_backward,
        numpy="cofactor({0})",
        definition=_COFACTOR,
        latex=r"\operatorname{cof}\left({0}\right)",
        text="cof({0})",
        singular=True,
        convention="of a singular matrix they are right; their own slope is refused there, for it has no inverse",
        cases=square_cases(lambda a: cofactor(a)),
        special=lambda: [(lambda a: cofactor(a), (np.array([[3.0]]),))],
        errors=square_errors(lambda a: cofactor(a)),
        oracle=lambda a: np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2),
    )
)

det: Whole = register(
    Whole(
        name="det",
        own=2,
        ref=in_double(np.linalg.det),
        shape=_number,
        build=_of_squares("det"),
        stands_for=(np.linalg.det,),
        why="the derivative of the determinant by an entry is the entry's cofactor (Jacobi)",
        forward=lambda args, y, t: _inner(cofactor(args[0]), t[0]),
        backward=lambda args, y, g: (_times(g, cofactor(args[0])),),
        numpy="np.linalg.det({0})",
        latex=r"\det\left({0}\right)",
        text="det({0})",
        cases=square_cases(lambda a: det(a)),
        special=lambda: [
            (lambda a: det(a), (np.array([[1.0, 2.0], [2.0, 4.0]]),)),
            (lambda a: det(a), (np.zeros((3, 3)),)),
        ],
        errors=square_errors(lambda a: det(a)),
    )
)

log_abs_det: Whole = register(
    Whole(
        name="log_abs_det",
        own=2,
        ref=in_double(lambda a: np.linalg.slogdet(a)[1]),
        shape=_number,
        build=_of_squares("log_abs_det"),
        why="the derivative of log |det A| by A is A⁻ᵀ",
        forward=lambda args, y, t: _inner(turned(inv(args[0])), t[0]),
        backward=lambda args, y, g: (_times(g, turned(inv(args[0]))),),
        numpy="np.linalg.slogdet({0})[1]",
        latex=r"\log\left|\det {0}\right|",
        text="log |det {0}|",
        singular=True,
        convention="at a singular matrix the value is −∞, and there is no slope: the inverse is refused",
        cases=square_cases(lambda a: log_abs_det(a)),
        special=lambda: [(lambda a: log_abs_det(a), (np.array([[-2.0]]),))],
        errors=square_errors(lambda a: log_abs_det(a)),
    )
)

det_sign: Whole = register(
    Whole(
        name="det_sign",
        own=2,
        ref=in_double(lambda a: np.linalg.slogdet(a)[0]),
        shape=_number,
        build=_of_squares("det_sign"),
        why="the sign of a determinant does not change, but for a jump",
        forward=lambda args, y, t: 0.0 * y,
        backward=lambda args, y, g: (None,),
        numpy="np.linalg.slogdet({0})[0]",
        latex=r"\operatorname{sign}\det {0}",
        text="sign det {0}",
        cases=square_cases(lambda a: det_sign(a)),
        special=lambda: [(lambda a: det_sign(a), (np.zeros((2, 2)),))],
        errors=square_errors(lambda a: det_sign(a)),
    )
)

inv: Whole = register(
    Whole(
        name="inv",
        own=2,
        ref=in_double(np.linalg.inv),
        shape=_square,
        build=_of_squares("inv"),
        stands_for=(np.linalg.inv,),
        why="from A A⁻¹ = I: ∂A⁻¹ = −A⁻¹ ∂A A⁻¹",
        forward=lambda args, y, t: -(y @ t[0] @ y),
        backward=lambda args, y, g: (-(turned(y) @ g @ turned(y)),),
        numpy="np.linalg.inv({0})",
        latex="{0}^{-1}",
        text="{0}⁻¹",
        cases=square_cases(lambda a: inv(a)),
        special=lambda: [(lambda a: inv(a), (np.array([[2.0, 0.0], [0.0, 0.5]]),))],
        errors=square_errors(lambda a: inv(a)),
    )
)


RECORDS: dict[str, Whole] = {r.name: r for r in (cofactor, det, log_abs_det, det_sign, inv)}


@function(np.linalg.slogdet)
def slogdet(a: Any) -> tuple[Any, Any]:
    """The sign of the determinant, and the logarithm of its absolute value, of matrices a: (…, n, n) → (…), (…)."""
    if not is_traced(a):
        sign, logarithm = np.linalg.slogdet(a)
        return sign, logarithm
    return det_sign(a), log_abs_det(a)

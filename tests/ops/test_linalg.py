"""Linear algebra beyond what its records' own tests see: JAX as a second oracle, singular matrices, formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ShapeError

RNG = np.random.default_rng(3)
A = RNG.normal(size=(4, 4)) + 3 * np.eye(4)
S = A @ A.T
B = RNG.normal(size=(4, 2))
STACK = RNG.normal(size=(3, 4, 4)) + 3 * np.eye(4)


def weighted(f: Callable[..., Any], like: Any) -> Callable[..., Any]:
    """The sum of the results with weights that are all different, so that no error cancels."""
    weights = np.random.default_rng(5).normal(size=np.shape(like))
    return lambda *args: (f(*args) * weights).sum()


CASES: list[tuple[str, Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = [
    ("det", cr.det, jnp.linalg.det, (A,)),
    ("det of a stack", cr.det, jnp.linalg.det, (STACK,)),
    ("log |det|", lambda a: cr.slogdet(a)[1], lambda a: jnp.linalg.slogdet(a)[1], (A,)),
    ("inverse", cr.inv, jnp.linalg.inv, (STACK,)),
    ("solve", cr.solve, jnp.linalg.solve, (A, B)),
    ("solve, one vector", cr.solve, jnp.linalg.solve, (A, B[:, 0])),
    ("solve, stacks", cr.solve, jnp.linalg.solve, (STACK, np.stack([B, B, 2 * B]))),
    ("Cholesky", cr.cholesky, lambda a: jnp.linalg.cholesky(a, symmetrize_input=True), (S,)),
]
every_case = pytest.mark.parametrize(("ours", "theirs", "args"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])


def function(f: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    names = "ab"[: len(args)]
    shapes = {n: " ".join(map(str, a.shape)) for n, a in zip(names, args, strict=True)}
    if len(args) == 1:
        return cr.function(**shapes)(lambda a: f(a))
    return cr.function(**shapes)(lambda a, b: f(a, b))


@every_case
def test_values_and_gradients_are_those_of_jax(ours: Any, theirs: Any, args: Any) -> None:
    like = theirs(*args)
    f, g = function(weighted(ours, like), args), weighted(theirs, like)
    np.testing.assert_allclose(ours(*args), like, rtol=1e-11, atol=1e-12)
    expected = jax.grad(g, tuple(range(len(args))))(*args)
    found = cr.value_and_grad(f, list("ab"[: len(args)]))(*args)[1]
    for one, other in zip(found.values() if isinstance(found, dict) else found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-11)


@every_case
@pytest.mark.slow
def test_second_derivatives_are_those_of_jax(ours: Any, theirs: Any, args: Any) -> None:
    """By the first argument, along a direction."""
    like = theirs(*args)
    f, g = function(weighted(ours, like), args), weighted(theirs, like)
    v = np.random.default_rng(8).normal(size=args[0].shape)
    expected = jax.jvp(jax.grad(lambda a: g(a, *args[1:])), (args[0],), (v,))[1]
    np.testing.assert_allclose(cr.hvp(f, {"a": v})(*args)["a"], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
        ([[1.0, 0, 0], [0, 0, 0], [0, 0, 2]], [[0.0, 0, 0], [0, 2, 0], [0, 0, 0]]),
    ],
)
def test_the_slope_of_a_determinant_is_right_where_there_is_no_inverse(matrix: Any, expected: Any) -> None:
    """The cofactors: A⁻ᵀ det(A) would be 0 · ∞."""
    f = cr.function(a="n n")(lambda a: cr.det(a))
    for dtype in (np.float64, np.float32):
        np.testing.assert_allclose(cr.grad(f, "a")(np.array(matrix, dtype)), expected, atol=1e-6)


def test_a_singular_matrix_is_refused_by_its_name_where_an_inverse_is_needed() -> None:
    f = cr.function(a="n n")(lambda a: cr.sum(cr.inv(a)))
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        cr.grad(f, "a")(np.zeros((2, 2)))


def test_the_entries_above_the_diagonal_count_in_cholesky() -> None:
    """NumPy reads the lower triangle only; a gradient by every entry needs the symmetric part."""
    f = cr.function(a="3 3")(lambda a: cr.sum(cr.cholesky(a) ** 2))
    at = S[:3, :3]
    # Σ L² is the trace of L Lᵀ.
    np.testing.assert_allclose(cr.grad(f, "a")(at), np.eye(3), atol=1e-12)


def test_the_closed_forms_are_those_of_the_books() -> None:
    assert closed(lambda a: cr.slogdet(a)[1], "n n") == "A⁻ᵀ"
    assert closed(lambda a: cr.det(a), "n n") == "cof(A)"
    assert closed(lambda a: cr.trace(cr.inv(a)), "n n") == "-A⁻ᵀ A⁻ᵀ"


def closed(f: Any, shape: str) -> str:
    g = cr.function(A=shape)(lambda A: f(A))
    for form in ("matrix", "components", "substitution"):
        told = cr.derive(g, "A", form)
        assert told.error < 1e-9
    return str(told.closed_form).split("   ")[0]


def test_shapes_that_do_not_fit_are_named_with_the_users_line() -> None:
    f = cr.function(a="2 3")(lambda a: cr.det(a))
    with pytest.raises(ShapeError, match=r"det needs square matrices: a has shape \(2, 3\)"):
        cr.grad(f, "a")(np.ones((2, 3)))


def test_no_derivative_flows_through_a_sign() -> None:
    f = cr.function(a="4 4")(lambda a: cr.slogdet(a)[0] * cr.sum(a))
    np.testing.assert_array_equal(cr.grad(f, "a")(A), np.full((4, 4), np.sign(np.linalg.det(A))))
    np.testing.assert_array_equal(cr.jacobian(f, "a")(A), np.full((4, 4), np.sign(np.linalg.det(A))))

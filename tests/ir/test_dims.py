"""Dimensions: names are objects, take part in arithmetic, and refuse what their size would be needed for."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.dims import Dim, Sizes, bind_sizes, broadcast_shapes, known_product, parse_shape, show_shape
from chainrule.ir.errors import ShapeError, TraceError
from chainrule.ir.node import Input, Size
from chainrule.run.interpret import interpret

N, d = Dim("N"), Dim("d")


def test_one_name_is_one_dimension() -> None:
    assert Dim("N") is N
    assert d != N
    assert hash(N) == hash(Dim("N"))
    for again in (copy.copy(N), copy.deepcopy(N), pickle.loads(pickle.dumps(N))):
        assert again is N
    with pytest.raises(AttributeError):
        N.name = "M"
    for bad in ("2", "", "a b", "x-y"):
        with pytest.raises(ShapeError, match="integer or a name"):
            Dim(bad)


ARITHMETIC: list[tuple[str, Callable[[Any], Any]]] = [
    ("n + 1", lambda n: n + 1),
    ("1 + n", lambda n: 1 + n),
    ("n - 1", lambda n: n - 1),
    ("1 - n", lambda n: 1 - n),
    ("2 * n", lambda n: 2 * n),
    ("n * 2.5", lambda n: n * 2.5),
    ("n / 2", lambda n: n / 2),
    ("1 / n", lambda n: 1 / n),
    ("n ** 2", lambda n: n**2),
    ("-n", lambda n: -n),
    ("n * n + n", lambda n: n * n + n),
    ("√n", lambda n: np.sqrt(n)),
    ("an array of numbers by n", lambda n: (np.array([2.0, 4.0]) / n)[1]),
    ("n by NumPy's number", lambda n: n / np.float64(2)),
]


@pytest.mark.parametrize("f", [f for _, f in ARITHMETIC], ids=[name for name, _ in ARITHMETIC])
def test_arithmetic_is_that_of_the_number(f: Callable[[Any], Any]) -> None:
    assert interpret([f(N)], {}, sizes=Sizes({N: 7}))[0] == f(7)


REFUSALS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("bool", bool, "a truth value"),
    ("if", lambda n: 1 if n else 2, "a truth value"),
    ("range", range, "an integer"),
    ("index", lambda n: [1, 2][n], "an integer"),
    ("int", int, "int"),
    ("float", float, "float"),
    ("//", lambda n: n // 2, "//"),
    ("// of a number", lambda n: 7 // n, "//"),
    ("%", lambda n: n % 2, "%"),
    ("<", lambda n: n < 2, "a comparison"),
    (">=", lambda n: n >= 2, "a comparison"),
    ("a slice", lambda n: [1, 2][:n], "an integer"),
]


@pytest.mark.parametrize(("f", "what"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_what_needs_the_size_is_refused_with_the_users_line(f: Callable[[Any], Any], what: str) -> None:
    with pytest.raises(TraceError, match=r"the size N is not known while the function is traced") as caught:
        f(N)
    assert what in str(caught.value)
    assert ", line " in str(caught.value)


def test_a_size_is_a_number_in_the_graph() -> None:
    x = Input.of("x", (N, d))
    assert x.shape[0] is N
    assert N.node() is Size.of(N)
    assert Size.of(3).value == 3  # type: ignore[attr-defined]
    mean = x.sum() / x.size
    values = np.arange(6.0).reshape(2, 3)
    assert interpret([mean], {"x": values})[0] == values.mean()


SHAPES: list[tuple[Any, Any]] = [
    ("N d", (N, d)),
    ("3 4", (3, 4)),
    ("N, 4", (N, 4)),
    ("(N, 4)", (N, 4)),
    ("(3,)", (3,)),
    ("", ()),
    ("()", ()),
    ((2, "N"), (2, N)),
    ([N, 3], (N, 3)),
]


@pytest.mark.parametrize(("text", "shape"), SHAPES)
def test_shapes_are_read(text: Any, shape: Any) -> None:
    assert parse_shape(text) == shape
    assert parse_shape(show_shape(shape)) == shape


BROADCASTS: list[tuple[tuple[Any, ...], Any]] = [
    (((3,), (2, 3)), (2, 3)),
    (((2, 1), (1, 3)), (2, 3)),
    (((N, 1), (d,)), (N, d)),
    (((N,), (1,)), (N,)),
    (((N,), ()), (N,)),
    ((), ()),
    (((0,), (1,)), (0,)),
    (((N,), (d,)), None),
    (((N,), (3,)), None),
    (((2, 3), (2,)), None),
]


@pytest.mark.parametrize(("shapes", "expected"), BROADCASTS)
def test_broadcasting_is_numpys(shapes: Any, expected: Any) -> None:
    assert broadcast_shapes(*shapes) == expected
    if not any(isinstance(s, Dim) for shape in shapes for s in shape):
        if expected is None:
            with pytest.raises(ValueError, match="broadcast"):
                np.broadcast_shapes(*shapes)
        else:
            assert np.broadcast_shapes(*shapes) == expected


def test_sizes_are_bound_from_the_arguments() -> None:
    sizes = bind_sizes({"x": (N, d), "w": (d, 2)}, {"x": (5, 3), "w": (3, 2)})
    assert sizes == {N: 5, d: 3}
    assert sizes.of((N, 4, d)) == (5, 4, 3)
    assert sizes.extent(N) == 5
    assert known_product((N, 2, 3)) == 6


CONFLICTS = [
    ({"x": (N, d), "w": (d, 2)}, {"x": (5, 3), "w": (4, 2)}, r"w has shape \(4, 2\).*\(d is 3, from x\)"),
    ({"x": (N, d)}, {"x": (5,)}, r"x has shape \(5,\), but \(N, d\) was declared: 1 axes instead of 2"),
    ({"x": (N, 4)}, {"x": (5, 3)}, r"x has shape \(5, 3\), but \(N, 4\)"),
    ({"x": (N, N)}, {"x": (5, 3)}, r"\(N is 5, from x\)"),
]


@pytest.mark.parametrize(("declared", "actual", "complaint"), CONFLICTS)
def test_sizes_that_do_not_fit_are_refused_by_name(declared: Any, actual: Any, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        bind_sizes(declared, actual)

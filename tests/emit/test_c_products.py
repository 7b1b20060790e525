"""Products of matrices in C: all ways the operands may lie, sizes around the lanes of a vector, each kind of vector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chainrule.emit.c import source, sources
from chainrule.ir.build import as_node
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.lower.products import Product, product_of
from chainrule.run.native import compile_c
from tests.compiled import STRICT, Case, assert_same

FAST = ("-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
MACHINES = {
    "plain loops": ("-DCR_PLAIN",),
    "16 bytes": FAST,
    "32 bytes": (*FAST, "-mavx2", "-mfma"),
    "this machine": (*FAST, "-march=native"),
}
N = Dim("N")
SIZES = (1, 2, 3, 7, 15, 16, 17, 33, 64, 65, 100, 131)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def arrays(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def case(make: Callable[..., Node], dtype: str, **shapes: tuple[int, ...]) -> Case:
    """A function of arrays of these shapes."""
    inputs = [Input.of(name, shape) for name, shape in shapes.items()]
    label = f"{make.__name__} {shapes} {dtype}"
    return Case(label, (as_node(make(*inputs)),), arrays(**shapes), dtype)


def plain(a: Node, b: Node) -> Node:
    return a @ b  # type: ignore[no-any-return]


def left_turned(a: Node, b: Node) -> Node:
    return call("swapaxes", a, -1, -2) @ b  # type: ignore[no-any-return]


def right_turned(a: Node, b: Node) -> Node:
    return a @ call("swapaxes", b, -1, -2)  # type: ignore[no-any-return]


def part_of_each(a: Node, b: Node) -> Node:
    return a[1:, ::2] @ b[:, 1:]  # type: ignore[no-any-return]


def of_a_reshape(a: Node, b: Node) -> Node:
    return call("reshape", a, (4, 30)) @ b  # type: ignore[no-any-return]


def rows_added(a: Node) -> Node:
    return a.sum(axis=0)  # type: ignore[no-any-return]


def of_an_expression(a: Node, b: Node) -> Node:
    return (2 * a) @ (b + 1)  # type: ignore[no-any-return]


def cases() -> list[Case]:
    made = []
    for n, size in enumerate(SIZES):
        m, k = SIZES[-n - 1], SIZES[(5 * n) % len(SIZES)]
        dtype = ("float64", "float32")[n % 2]
        for other in ("float64", "float32") if size in (17, 65) else (dtype,):
            made.append(case(plain, other, a=(m, k), b=(k, size)))
            made.append(case(left_turned, other, a=(k, m), b=(k, size)))
            made.append(case(right_turned, other, a=(m, k), b=(size, k)))
            made.append(case(plain, other, a=(m, 2 * size), b=(2 * size,)))
        made.append(case(rows_added, dtype, a=(m, size)))
    for dtype in ("float64", "float32"):
        made.append(case(plain, dtype, a=(3, 600), b=(600, 20)))
        made.append(case(plain, dtype, a=(21, 2500), b=(2500,)))
        made.append(case(plain, dtype, a=(5, 30, 40), b=(40,)))
        made.append(case(left_turned, dtype, a=(40, 30), b=(40,)))
        made.append(case(plain, dtype, a=(5, 8, 9), b=(5, 9, 24)))
        made.append(case(left_turned, dtype, a=(5, 9, 8), b=(5, 9, 24)))
        made.append(case(plain, dtype, a=(5, 8, 9), b=(9, 24)))
        made.append(case(right_turned, dtype, a=(5, 8, 9), b=(5, 24, 9)))
        made.append(case(part_of_each, dtype, a=(7, 18), b=(9, 30)))
        made.append(case(of_a_reshape, dtype, a=(8, 15), b=(30, 20)))
        made.append(case(of_an_expression, dtype, a=(6, 10), b=(10, 20)))
        made.append(case(rows_added, dtype, a=(5, 8, 20)))
        made.append(case(rows_added, dtype, a=(700, 20)))
    return made


@pytest.mark.parametrize("machine", MACHINES)
def test_products_of_all_sizes_and_layouts(machine: str) -> None:
    every = cases()
    emitted = sources([(f"case{n}", c.graph(), c.dtype) for n, c in enumerate(every)])
    assert emitted[0].text.count("product_double(") > 20
    assert emitted[0].text.count("turn_float(") > 3
    assert emitted[0].text.count("dots_float(") > 3
    for one, written in zip(every, emitted, strict=True):
        assert_same(one, compile_c(written, flags=(*STRICT, *MACHINES[machine])))


@pytest.mark.parametrize("machine", MACHINES)
def test_any_number_of_rows_columns_and_terms(machine: str) -> None:
    a, b = Input.of("a", (N, Dim("K"))), Input.of("b", (Dim("K"), Dim("M")))
    emitted = sources([(dtype, Graph((a, b), (a @ b,), {}), dtype) for dtype in ("float64", "float32")])
    for written in emitted:
        native = compile_c(written, flags=(*STRICT, *MACHINES[machine]))
        for n, k, m in [(0, 3, 5), (3, 0, 5), (3, 5, 0), (1, 1, 1), (13, 300, 70), (47, 20, 16), (5, 257, 129)]:
            values = arrays(a=(n, k), b=(k, m))
            assert_same(Case("", (a @ b,), values, written.dtype), native)


def test_what_is_a_product_of_matrices() -> None:
    x, w, d = Input.of("x", (N, 20)), Input.of("w", (20, 30)), Input.of("d", (N, 30))
    assert product_of(x @ w) == Product((), (), 0, 1, 2, 0)
    assert product_of(d @ w.T) == Product((), (), 0, 1, 2, 0)
    # The operand with the rows may stand second.
    assert product_of(Einsum.of([w, x], [(1, 2), (0, 1)], (0, 2), {})) == Product((), (), 0, 1, 2, 1)
    assert product_of(w * w) is None
    assert product_of(x @ Input.of("v", (20,))) is not None
    assert product_of(Input.of("p", (2, 2)) @ Input.of("q", (2, 2))) is None


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products_that_are_added_up_over_another_axis(machine: str, dtype: str) -> None:
    """Of weights that many positions of many samples share: no product of one sample is stored."""
    a, b = Input.of("a", (N, 9, 20)), Input.of("b", (N, 9, 30))
    shared = Einsum.of([a, b], [(0, 1, 2), (0, 1, 3)], (2, 3), {})
    # As a convolution's kernel is: what lies next to each other is summed over, so one of the two is turned.
    image, slopes = Input.of("image", (N, 12, 40)), Input.of("slopes", (N, 7, 40))
    kernel = Einsum.of([slopes, image], [(0, 1, 2), (0, 3, 2)], (1, 3), {})
    assert product_of(shared) == Product((), (2,), 0, 1, 3, 0)
    emitted = sources([("f", Graph((a, b), (shared,), {}), dtype), ("g", Graph((image, slopes), (kernel,), {}), dtype)])
    assert emitted[0].text.count("for (ptrdiff_t i1 = 0; i1 < 9") == 0
    f, g = (compile_c(written, flags=(*STRICT, *MACHINES[machine])) for written in emitted)
    for rows in (0, 1, 5, 64):
        assert_same(Case("", (shared,), arrays(a=(rows, 9, 20), b=(rows, 9, 30)), dtype), f)
        assert_same(Case("", (kernel,), arrays(image=(rows, 12, 40), slopes=(rows, 7, 40)), dtype), g)


def test_a_product_in_plain_loops_is_read_as_such() -> None:
    p, q = Input.of("p", (2, 2)), Input.of("q", (2, 2))
    text = source(Graph((p, q), (p @ q,), {})).text
    assert "product" not in text

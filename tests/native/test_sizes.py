"""Steps of networks and products of matrices of all sizes, none and one among them, for each kind of vector."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import chainrule as cr
from chainrule.emit.c import sources
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input, Kind, Map, Node
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, records
from chainrule.run.compiler import fast_flags
from chainrule.run.interpret import bind, interpret
from chainrule.run.native import Native, compile_c
from tests.compiled import STRICT, TOLERANCE
from tests.native.magnitude import allowed, excess
from tests.native.networks import NETWORKS, SAMPLES, Made, Training, training

LONG = settings().max_examples >= 1000
"""With ``--long`` all networks are compiled for every machine, and choices are made in rows of more lengths."""
BATCHES = (0, 1, 2, 3, 7, 16, 17, SAMPLES)
MACHINES = {
    "plain loops": (*STRICT, "-DCR_PLAIN"),
    "16 bytes": (*STRICT, "-mno-avx"),
    "32 bytes": (*STRICT, "-O3", "-mavx2", "-mfma", "-ffp-contract=fast"),
    "this machine": fast_flags(),
}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def assert_close(graph: Graph, native: Native, values: dict[str, Any], what: str) -> None:
    """What the compiled graph gives is what the interpreter gives, but for rounding."""
    dtype = native.source.dtype
    want = interpret(graph.outputs, values, dtype=dtype, sizes=bind(graph.inputs, values))
    found = excess(native(values), want, allowed(graph, values, dtype))
    assert found <= 1, f"{what}: {found} times as far as is allowed"


def compiled(graphs: list[tuple[Graph, str]], flags: tuple[str, ...]) -> list[Native]:
    """Graphs in one compilation."""
    emitted = sources([(f"f{n}", graph, dtype) for n, (graph, dtype) in enumerate(graphs)])
    return [compile_c(one, flags=flags) for one in emitted]


def batch_of(made: Training, rows: int) -> dict[str, Any]:
    """The arguments of a step for the first samples."""
    names = (*made.step.parameters, *made.step.state)
    return {**dict(zip(names, made.held, strict=True)), **{name: a[:rows] for name, a in made.data.items()}}


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_a_step_on_a_batch_of_any_size(machine: str) -> None:
    turn = list(MACHINES).index(machine)
    every = list(itertools.product(NETWORKS, TOLERANCE))
    # In turn, and in the other precision for the second half of the networks.
    some = [every[2 * k + (k // len(MACHINES)) % 2] for k in range(turn, len(NETWORKS), len(MACHINES))]
    steps = [(name, training(NETWORKS[name](), dtype)) for name, dtype in (every if LONG else some)]
    natives = compiled([(made.step.graph, made.dtype) for _, made in steps], MACHINES[machine])
    for (name, made), native in zip(steps, natives, strict=True):
        for rows in BATCHES:
            assert_close(made.step.graph, native, batch_of(made, rows), f"{name}, {made.dtype}, {rows} samples")


def _products() -> Graph:
    """A product with each operand as it is and transposed, of any size."""
    m, n, k = Dim("M"), Dim("N"), Dim("K")
    shapes = {"a": (m, k), "at": (k, m), "b": (k, n), "bt": (n, k)}
    arrays = {name: Input.of(name, shape) for name, shape in shapes.items()}
    lefts: list[Node] = [arrays["a"], call("swapaxes", arrays["at"], 0, 1)]
    rights: list[Node] = [arrays["b"], call("swapaxes", arrays["bt"], 0, 1)]
    return Graph(tuple(arrays.values()), tuple(left @ right for left in lefts for right in rights))


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_products_of_all_sizes(machine: str) -> None:
    graph = _products()
    rng = np.random.default_rng(0)
    some = [17, 1, 2, 3, 5, 7, 8, 11, 13, 16, 4, 6, 9, 10, 12, 14, 15]
    # Every pair of sizes, and primes that are longer than a tile, than a block, than a part of a sum.
    sizes = [(m, some[(m + 5 * n) % 17], n) for m in some for n in some]
    sizes += [(23, 61, 131), (131, 257, 23), (53, 1031, 67), (1, 521, 37), (97, 19, 1), (6, 0, 5), (0, 5, 6), (5, 6, 0)]
    for native in compiled([(graph, dtype) for dtype in TOLERANCE], MACHINES[machine]):
        dtype = native.source.dtype
        for m, k, n in sizes:
            a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
            values = {"a": a, "at": np.ascontiguousarray(a.T), "b": b, "bt": np.ascontiguousarray(b.T)}
            most = TOLERANCE[dtype] * (np.abs(a) @ np.abs(b))
            exact = a.astype("float64") @ b.astype("float64")
            assert excess(native(values), [exact] * 4, [most] * 4) <= 1, (dtype, m, k, n)


STRIDED = {
    "every second row": lambda x, w: x[::2] @ w,
    "rows and columns backwards": lambda x, w: x[::-1, ::-1] @ w[::-1],
    "part of the columns": lambda x, w: x[1:, 2:] @ w[2:, 1:-1],
    "every third term": lambda x, w: x[:, ::3] @ w[::3],
    "every third column": lambda x, w: x @ w[:, ::3],
    "a transposed part": lambda x, w: x[:, :18].T @ x[:, 1::2],
    "a row": lambda x, w: x[3] @ w,
    "a column": lambda x, w: w.T @ x[5],
    "the sum of all rows but two": lambda x, w: x[2:].sum(axis=0),
    "the sum of some rows": lambda x, w: x[1::4, ::-1].sum(axis=0),
    "a transposed half": lambda x, w: w[:, 11:].T @ x[::3].T,
}


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_operands_that_lie_apart(machine: str) -> None:
    x, w = Input.of("x", (29, 37)), Input.of("w", (37, 41))
    graphs = {(label, dtype): Graph((x, w), (make(x, w),)) for label, make in STRIDED.items() for dtype in TOLERANCE}
    natives = compiled([(graph, dtype) for (_, dtype), graph in graphs.items()], MACHINES[machine])
    rng = np.random.default_rng(0)
    whole = {"x": rng.normal(size=(29, 37)), "w": rng.normal(size=(37, 41))}
    for ((label, dtype), graph), native in zip(graphs.items(), natives, strict=True):
        assert_close(graph, native, {name: a.astype(dtype) for name, a in whole.items()}, f"{label}, {dtype}")


@pytest.mark.parametrize("machine", MACHINES)
def test_short_rows_read_backwards(machine: str) -> None:
    """GCC 12 adds up wrong entries of them at -O3."""
    x, y = Input.of("x", (Dim("N"), 3)), Input.of("y", (Dim("N"), 4, 3))
    sums: list[Node] = [
        x[:, ::-1].sum(),
        call("exp", x[:, ::-1]).sum(),
        y[:, ::-1].sum(axis=1),
        y[:, ::-1, ::-1].sum(axis=(1, 2)),
        (x[:, ::-1] * x).sum(),
        call("einsum", "ijk,ik->i", y[:, :, ::-1], x[:, ::-1]),
        call("prod", x[:, ::-1]),
        call("logsumexp", y[:, ::-1, ::-1], axis=(1, 2)),
        call("max", y[:, ::-1], axis=(0, 1)),
    ]
    graphs = [(Graph((x, y), (one,)), dtype) for one in sums for dtype in TOLERANCE]
    rng = np.random.default_rng(0)
    for (graph, dtype), native in zip(graphs, compiled(graphs, (*MACHINES[machine], "-O3")), strict=True):
        for rows in (1, 4, 7):
            shapes = {"x": (rows, 3), "y": (rows, 4, 3)}
            values = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
            assert_close(graph, native, values, f"{graph.outputs[0]}, {rows}, {dtype}")


CHOSEN = [(5, 12), (2, 3), (3, 4), (3, 24), (7, 6), (9, 5), (4, 17)]
CHOICES = [op for op in records() if isinstance(op, Elementwise) and op.arity > 1 and "?" in op.c + op.c_int]


@pytest.mark.parametrize("machine", MACHINES)
def test_choices_in_arrays_of_short_rows(machine: str) -> None:
    """GCC before 12.4 takes wrong entries where one side of a choice alone reads an array (its PR 114375)."""
    rng = np.random.default_rng(0)
    graphs, given = [], []
    for op, (p, q), dtype in itertools.product(CHOICES, CHOSEN if LONG else CHOSEN[:1], TOLERANCE):
        kinds: list[Kind] = ["bool" if i < op.conditions else "float" for i in range(op.arity)]
        inputs = [Input.of(f"x{i}", (Dim("N"), p, q), kind) for i, kind in enumerate(kinds)]
        graphs.append((Graph(tuple(inputs), (Map.of(op, *inputs),)), dtype))
        drawn = [rng.uniform(*op.samples[min(i, len(op.samples) - 1)], (7, p, q)) for i in range(op.arity)]
        values = [x > 0 if kind == "bool" else x.astype(dtype) for x, kind in zip(drawn, kinds, strict=True)]
        given.append({i.name: value for i, value in zip(inputs, values, strict=True)})
    for (graph, _), values, native in zip(graphs, given, compiled(graphs, MACHINES[machine]), strict=True):
        assert_close(graph, native, values, f"{graph.outputs[0].op.name} of {graph.outputs[0].shape}")


WIDE = 100_000
WIDTHS = {"wide inputs": (WIDE, 3, 2), "a wide layer": (3, WIDE, 2), "wide outputs": (3, 2, WIDE)}


def _wide(sizes: tuple[int, ...], dtype: str, samples: int = 5) -> Made:
    net = cr.networks.mlp(sizes, activation="tanh", loss="cross_entropy")
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(samples, sizes[0])), "y": rng.integers(0, sizes[-1], samples)}
    return net.loss, net.init(0, dtype=np.dtype(dtype)), data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "dtype"),
    [("a wide layer", "float64"), ("a wide layer", "float32"), ("wide inputs", "float32"), ("wide outputs", "float64")],
)
def test_one_layer_may_be_wide(which: str, dtype: str) -> None:
    made = training(_wide(WIDTHS[which], dtype), dtype, cr.sgd(0.1))
    (native,) = compiled([(made.step.graph, dtype)], fast_flags())
    for rows in (5, 1, 0):
        assert_close(made.step.graph, native, batch_of(made, rows), f"{rows} samples")
    found = []
    for threads in (1, 2, 3):
        loop = made.loop(3, threads)
        assert loop.take(2, 3, np.array([4, 0, 2, 1, 3, 0]))[1] == 0
        found.append([value.copy() for value in loop.held])
    for one, two, three, wanted in zip(*found, made.in_numpy([[4, 0, 2], [1, 3, 0]]), strict=True):
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)
        scale = np.max(np.abs(wanted))
        np.testing.assert_allclose(one, wanted, rtol=0, atol=50 * TOLERANCE[dtype] * scale)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "batch_size"), [("float32", 1031), ("float64", 1)])
def test_a_training_is_that_of_numpy(dtype: str, batch_size: int) -> None:
    """An odd number of samples, more than a thousand of which are gone through part by part; or one after the other."""
    samples = 2 * batch_size + 1
    loss, begin, data = _wide((7, 19, 3), dtype, samples)
    settings: Any = {"optimizer": cr.adam(1e-2), "batch_size": batch_size, "epochs": 3}
    runs = [cr.train(loss, begin, data, engine=engine, **settings) for engine in ("numpy", "native")]
    assert runs[1].config["engine"] == "native"
    for name, wanted in runs[0].parameters.items():
        most = 1e3 * TOLERANCE[dtype]
        np.testing.assert_allclose(runs[1].parameters[name], wanted, rtol=most, atol=most)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_compiled_gradient_of_any_number_of_samples(dtype: str) -> None:
    def loss(x: Any, y: Any, w: Any, v: Any) -> Any:
        return ((cr.gelu(x @ w) @ v - y) ** 2).sum()

    shaped = cr.function(x="N 7", y="N 3", w=(7, 17), v=(17, 3))(loss)
    compiled, plain = cr.compile(shaped, ["w", "v"]), cr.value_and_grad(shaped, ["w", "v"], engine="numpy")
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape).astype(dtype) for name, shape in {"w": (7, 17), "v": (17, 3)}.items()}
    for rows in (0, 1, 2, 13, 1031):
        batch = {"x": rng.normal(size=(rows, 7)).astype(dtype), "y": rng.normal(size=(rows, 3)).astype(dtype)}
        (value, gradients), (wanted, expected) = compiled(**batch, **arrays), plain(**batch, **arrays)
        most = 20 * TOLERANCE[dtype]
        np.testing.assert_allclose(value, wanted, rtol=most)
        for name, gradient in expected.items():
            assert gradients[name].dtype == np.dtype(dtype)
            scale = np.max(np.abs(gradient))
            np.testing.assert_allclose(gradients[name], gradient, rtol=0, atol=most * scale)

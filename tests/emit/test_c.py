from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.derive import jacobian, reverse
from chainrule.emit.c import NoSpelling, source, sources
from chainrule.ir.build import cast, constant
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph
from chainrule.ir.node import Const, D, Delta, Einsum, Gather, Input, Kind, Map, Node, Reduce, Scatter, Size
from chainrule.ir.records import Elementwise, Reduction, Structural
from chainrule.ir.registry import call, record, records, register, unregister
from chainrule.ir.whole import Whole
from chainrule.ops.symbol import symbol
from chainrule.run.native import compile_c
from tests.compiled import STRICT, Case, assert_same, compile_all

SPECIAL = (0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan)
INTEGERS = (0, 1, -3, 2**40)


def elementwise_cases() -> Iterator[Case]:
    for op in records():
        if isinstance(op, Elementwise) and op.c:
            for kind in _kinds(op):
                yield from _map_cases(op, kind)


def _kinds(op: Elementwise) -> tuple[Kind, ...]:
    if op.converts:
        return tuple(k for k in ("float", "int", "bool") if k != op.result)  # type: ignore[return-value]
    if op.name.startswith("logical"):
        return ("bool",)
    return ("float",) if op.result == "float" else ("float", "int")


def _map_cases(op: Elementwise, kind: Kind) -> Iterator[Case]:
    """Random operands, and every combination of special ones."""
    rng = np.random.default_rng(1)
    kinds: list[Kind] = ["bool"] * op.conditions + [kind] * (op.arity - op.conditions)
    draws: list[Any] = []
    corners: list[Any] = []
    for i, k in enumerate(kinds):
        low, high = op.samples[min(i, len(op.samples) - 1)]
        draws.append(
            {"float": rng.uniform(low, high, 20), "int": rng.integers(-9, 9, 20), "bool": rng.random(20) < 0.5}[k]
        )
        corners.append({"float": SPECIAL, "int": INTEGERS, "bool": (True, False)}[k])
    if op.name == "to_int":
        corners = [(-2.7, 2.7, -0.0)] if kind == "float" else corners  # NaN as an integer is nobody's to say.
    if op.name == "pow" and kind == "int":
        draws[1], corners[1] = np.abs(draws[1]), (0, 1, 2, 5)
    special = [np.array(column) for column in zip(*product(*corners), strict=True)]
    for label, operands in (("random", draws), ("special", special)):
        inputs = [Input.of(f"x{i}", o.shape, k) for i, (o, k) in enumerate(zip(operands, kinds, strict=True))]
        values = {i.name: o for i, o in zip(inputs, operands, strict=True)}
        for dtype in ("float64", "float32"):
            yield Case(f"{op.name} {kind} {label} {dtype}", [Map.of(op, *inputs)], values, dtype)


def reduction_cases() -> Iterator[Case]:
    rng = np.random.default_rng(2)
    ordinary = rng.normal(size=(2, 3, 4))
    special = np.array([[np.nan, 1.0, 2.0], [3.0, np.inf, -np.inf], [-np.inf] * 3, [1e200, 1e200, 0], [0, 0, 0]])
    for op in records():
        if not isinstance(op, Reduction) or not op.c:
            continue
        rows: list[tuple[str, np.ndarray, Kind, list[tuple[int, ...]]]] = [
            ("ordinary", ordinary, "float", [(0,), (1,), (2,)] + ([] if op.one_axis else [(0, 2), (0, 1, 2)])),
            ("special", special, "float", [(1,)]),
        ]
        if not op.float_only:
            rows.append(("whole", rng.integers(-9, 9, (3, 4)), "int", [(0,), (0, 1)]))
            rows.append(("truth", rng.random((3, 4)) < 0.5, "bool", [(0,)]))
        if op.empty is not None:
            rows.append(("empty", np.zeros((0, 3)), "float", [(0,)]))
        for label, value, kind, choices in rows:
            x = Input.of("x", value.shape, kind)
            for axes, dtype in product(choices, ("float64", "float32")):
                yield Case(f"{op.name} {label} {axes} {dtype}", [Reduce.of(op, x, axes)], {"x": value}, dtype)


def structural_cases() -> Iterator[Case]:
    """Each record's own cases, with gradients under random cotangents, and whole Jacobians, in which deltas are."""
    rng = np.random.default_rng(3)
    for op in records():
        if not isinstance(op, Structural):
            continue
        for n, (function, shapes) in enumerate(op.cases()):
            inputs = [Input.of(f"x{i}", shape) for i, shape in enumerate(shapes)]
            y: Node = function(*inputs)
            seed = Input.of("seed", y.shape)
            values = {i.name: rng.normal(size=i.shape) for i in (*inputs, seed)}
            gradients = reverse({y: seed}, inputs)
            for dtype in ("float64", "float32"):
                yield Case(f"{op.name} {n} {dtype}", [y, *map(gradients.get, inputs)], values, dtype)
            yield Case(f"{op.name} {n} Jacobian", jacobian([y], inputs[0]), values)


def composed_cases() -> Iterator[Case]:
    """Folding, index arithmetic upon index arithmetic, outputs of every sort."""
    rng = np.random.default_rng(4)
    n = Dim("N")
    x, y, s = Input.of("x", (n, 4)), Input.of("y", (n, 4)), Input.of("s", ())
    k = Input.of("k", (3,), "int")
    square = Input.of("m", (4, 4))
    table = np.arange(12.0).reshape(3, 4)
    values = {"x": rng.normal(size=(5, 4)), "y": rng.normal(size=(5, 4)), "s": np.array(0.7)}
    values |= {"k": np.array([2, -1, 0]), "m": rng.normal(size=(4, 4))}
    chain: Node = x
    for _ in range(200):
        chain = call("tanh", chain) * 1.01
    programs: dict[str, list[Node]] = {
        "an argument comes out": [x, s],
        "constants come out": [constant(-0.1, "float"), Const.of(table), Const.of([True, False]), Const.of(2**40)],
        "a size comes out": [Size.of(n) + cast(x, "float").sum()],
        "one node comes out twice": [x * y, x * y],
        "an output is used again": [x * y, (x * y).sum(axis=0)],
        "a transpose of a slice": [x[:, ::-2].T * 2.0],
        "a reshape of a transpose": [square.T.reshape(2, 8)[:, 3:7] - 1.0],
        "a reshape of a reshape": [square.reshape(2, 8).reshape(16)[::5]],
        "a reshape of constants": [constant(2, "float").reshape(1, 1), s.reshape(1)],
        "a delta alone": [Delta.of(3), Delta.of(3) / 2.0],
        "a diagonal": [call("einsum", "ii->i", square), call("trace", square)],
        "comparisons of comparisons": [(x > y) == (y > s), call("where", (x > 0) != (y > 0), x, y)],
        "small powers": [x**2, x**3, x**-1.0, x**1, (x * x) ** 0.5, k**2, k**3, 2 ** (k * k)],
        "a factor of infinity": [x * float("inf"), x * float("nan"), x * 1e-300 * 1e22],
        "a long chain": [chain],
        "a product of four": [call("einsum", "ij,kj,kl,jm->im", x, y, x, square)],
        "an outer product": [call("einsum", "i,jk->jik", s.reshape(1), x)],
        "a sum of a product with a broadcast": [Einsum.of([x], [(0, 1)], (0, 2), {0: n, 1: 4, 2: 3})],
        "sums of truth values": [(x > y).sum(axis=0), cast(x > y, "float").mean()],
        "whole numbers": [k * k - 3, cast(k, "float") / 2.0, call("abs", k), call("clip", k, -1, 1), k.sum()],
        "whole numbers wrap around": [k * (2**62 + 1)],
        "entries taken twice": [x[:, k - 0][:, [0, 0]], call("take", Const.of(table), k, 0)],
        "indices worked out": [square[k * k - 1]],
        "batched entries": [call("take_along_axis", x[:, :3], cast(x[:, 1:3] > 0, "int"), 1)],
        "adding up at places": [call("scatter_add", square[:3], k, 4)],
        "nothing is used": [constant(1, "float") + 0.5],
    }
    # One by one, for what two of them share would not be folded.
    expressions: list[Node] = [
        *(call("neg", -x), x - -y, -(-1.5 - x) * -2.0, -x * -y, -(-x * y), -(x - y), -(x / -y)),
        *(x / (y / s), x - (y - s), (x - y) - s, x / (y * s), (x + y) * (x - y), x - (y + s), x * (y / s)),
        *(~(x > y) & (x > s) | (y > s), (x > y) & ((x > s) | (y > s)), ~(~(x > y))),
    ]
    programs |= {f"expression {n}": [e] for n, e in enumerate(expressions)}
    for label, outputs in programs.items():
        for dtype in ("float64", "float32"):
            used = Graph((), tuple(outputs)).nodes()
            yield Case(
                f"{label} {dtype}", outputs, {i.name: values[i.name] for i in used if isinstance(i, Input)}, dtype
            )


ALL = [*elementwise_cases(), *reduction_cases(), *structural_cases(), *composed_cases()]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def natives() -> dict[str, Any]:
    return dict(zip([c.label for c in ALL], compile_all(ALL), strict=True))


@pytest.mark.parametrize("case", ALL, ids=[c.label for c in ALL])
def test_compiled_c_gives_what_the_interpreter_gives(case: Case, natives: dict[str, Any]) -> None:
    assert_same(case, natives[case.label])


def test_the_cases_cover_every_record() -> None:
    labels = {c.label.split()[0] for c in ALL}
    refused = {op.name for op in records() if isinstance(op, Whole) or getattr(op, "no_c", False)}
    assert {op.name for op in records()} - refused <= labels
    assert not refused & labels


def graph_of(*outputs: Node, names: dict[Node, str] | None = None) -> Graph:
    inputs = tuple(n for n in Graph((), outputs).nodes() if isinstance(n, Input))
    return Graph(inputs, outputs, names or {})


def test_a_tree_of_maps_is_one_loop_and_a_sum_of_it_too() -> None:
    x, y = Input.of("x", (7,)), Input.of("y", (7,))
    text = source(graph_of(((x - y) ** 2 + x).sum())).text
    assert text.count("for (") == 1
    assert "x[i0] - y[i0]" in text
    assert source(graph_of(call("tanh", (x - y) * x))).text.count("for (") == 1


def test_what_is_used_twice_is_worked_out_once() -> None:
    x = Input.of("x", (7,))
    e = call("exp", x)
    assert source(graph_of(e.sum(), e * 2.0)).text.count("= exp(") == 1
    # A broadcast would repeat it for every row.
    spread = Einsum.of([e], [(1,)], (0, 1), {0: 3, 1: 7})
    assert source(graph_of(spread * 2.0)).text.count("for (") == 3


def test_a_transpose_or_a_slice_costs_no_loop_of_its_own() -> None:
    x = Input.of("x", (3, 4))
    text = source(graph_of(x.T[1:3] * 2.0)).text
    assert text.count("for (") == 2
    assert "x[i1 * 4 + 1 + i0]" in text or "x[i1 * 4 + (1 + i0)]" in text


def test_a_matrix_product_reads_memory_in_order() -> None:
    a, b = Input.of("a", (40, 4)), Input.of("b", (4, 5))
    rows = source(graph_of(a @ b)).text
    assert "out0[i0 * 5 + i3] += a[i0 * 4 + i2] * b[i2 * 5 + i3];" in rows
    dots = source(graph_of(a @ Input.of("c", (5, 4)).T)).text
    assert "s0 += a[i0 * 4 + i2] * c[i1 * 4 + i2];" in dots


HOSTILE = [
    "*/ int x; /*",
    "a\nb",
    "a\\",
    "??/",
    "*??/\n/",
    "\u202e",
    "int",
    "sin",
    "N",
    "x",
    "v0",
    "i0",
    "",
    "é",
    "1a",
    "isnan",
    "out0",
]


def test_names_of_any_kind_do_no_harm() -> None:
    inputs = [Input.of(name, (Dim("N"), 2)) for name in HOSTILE]
    total = inputs[0]
    names: dict[Node, str] = {}
    for i in inputs[1:]:
        total = total * i
    for name, node in zip(HOSTILE, (n for n in graph_of(total).nodes() if isinstance(n, Map)), strict=False):
        names[node] = name
    shown = total + 1.0
    outputs = [shown * 2.0, shown.sum(), total]
    names |= {outputs[0]: "*/", shown: "??/\n*/"}
    values = {name: np.full((3, 2), 1.0 + n / 10) for n, name in enumerate(HOSTILE)}
    graph = Graph(tuple(inputs), tuple(outputs), names)
    emitted = source(graph, name="*/ system(1); /*")
    code = re.sub(r"/\*.*?\*/", "", emitted.text, flags=re.DOTALL)
    assert code.isascii()
    assert "\\" not in code
    assert "/" not in code.replace("/ 64", "")
    assert "system(" not in emitted.text
    assert_same(Case("hostile", outputs, values), compile_c(emitted, flags=STRICT))


def test_what_has_no_c_is_refused_by_name() -> None:
    x = Input.of("x", (3,))
    with pytest.raises(NoSpelling, match="operation f "):
        source(graph_of(symbol("f")(x)))
    mine = register(Elementwise(name="mine", ref=np.sinc, partials=lambda x, y: (None,), why="", numpy="mine({0})"))
    folded = register(Reduction(name="span", ref=np.ptp, partials=lambda x, y, over: x, why=""))
    try:
        with pytest.raises(NoSpelling, match="operation mine "):
            source(graph_of(mine(x)))
        with pytest.raises(NoSpelling, match="operation span "):
            source(graph_of(folded(x)))
    finally:
        unregister("mine")
        unregister("span")
    with pytest.raises(NoSpelling, match="not worked out"):
        source(graph_of(D.make((x.sum(), x), ())))
    with pytest.raises(NoSpelling, match="fraction"):
        source(graph_of(Input.of("k", (3,), "int") ** -1))


def test_a_constant_keeps_every_digit() -> None:
    value = 0.1 + 2**-55
    text = source(graph_of(Input.of("x", ()) * value)).text
    assert f"{value!r}" in text
    assert "0.1f" in source(graph_of(Input.of("x", ()) * 0.1), dtype="float32").text


def test_functions_of_one_name_stand_side_by_side() -> None:
    x = Input.of("x", (2,))
    labels = ("f", "f", "a", "a", "a_workspace", "printf", "")
    emitted = sources([(label, graph_of(x + n), "float64") for n, label in enumerate(labels)])
    assert [s.function for s in emitted[:3]] == ["f", "f_2", "cr_a"]
    for n, one in enumerate(emitted):
        np.testing.assert_array_equal(compile_c(one, flags=STRICT)({"x": np.zeros(2)})[0], [n, n])


def test_single_precision_sums_keep_their_digits() -> None:
    x = Input.of("x", (Dim("N"), 2))
    native = compile_c(source(graph_of(x.mean(axis=0), x.sum()), dtype="float32"))
    mean, total = native({"x": np.full((2_000_000, 2), 0.1, np.float32)})
    np.testing.assert_allclose(mean, 0.1, rtol=1e-6)
    np.testing.assert_allclose(total, 4e5, rtol=1e-6)


def test_a_deep_graph_is_emitted_without_recursion() -> None:
    x: Node = Input.of("x", (2,))
    first = x
    for i in range(20_000):
        x = x[::-1] + first if i % 2 else call("tanh", x)
    assert source(graph_of(x)).text.count("tanh(") == 10_000


def test_indices_and_extremes_are_kept_in_bounds() -> None:
    x, k = Input.of("x", (3, 2)), Input.of("k", (2,), "int")
    cases = [
        Case("gather", [Gather.make((x, k), (0, 0))], {}),
        Case("scatter", [Scatter.make((x[:2], k), (0, 0, 3))], {}),
        Case("worked out", [x[k * 2]], {}),
        Case("empty", [Reduce.of(record("max"), Input.of("x", (Dim("N"), 2)), (0,))], {}),
        Case("empty", [Reduce.of(record("min"), Input.of("x", (0, 2)), (0,))], {}),
    ]
    *chosen, extreme, never = compile_all(cases)
    values = np.arange(6.0).reshape(3, 2)
    for native in chosen:
        native({"x": values, "k": [0, 1]})
        native({"x": values, "k": [-1, -1]})
        for outside in ([0, 3], [-4, 0], [2**62, 0]):
            with pytest.raises(IndexError, match=r"outside axis 0 of shape \(3, 2\)"):
                native({"x": values, "k": outside})
    np.testing.assert_array_equal(extreme({"x": values})[0], [4, 5])
    for native in (extreme, never):
        with pytest.raises(ValueError, match="no entries"):
            native({"x": np.zeros((0, 2))})

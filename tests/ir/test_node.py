"""Nodes: one object for one expression, weakly held, through threads, forks, copies and pickles."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ShapeError
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Const, Delta, Einsum, Input, Map, Node, Size
from chainrule.ir.registry import record
from chainrule.ops.activations import relu
from chainrule.ops.transcendental import sin, tanh
from chainrule.run.interpret import interpret

DEEP = 100_000
N = Dim("N")


def expression(x: Node) -> Any:
    return (tanh(x * 2 + 1) @ np.ones((3, 2)) - x.sum()).reshape(-1)[::2]


def chain(x: Node, depth: int = DEEP) -> Node:
    for i in range(depth):
        x = sin(x) if i % 2 else -x
    return x


def test_one_expression_is_one_object() -> None:
    x = Input.of("x", (2, 3))
    assert expression(x) is expression(x)
    assert Input.of("x", (2, 3)) is x
    assert Input.of("x", (3, 2)) is not x
    assert Input.of("x", (2, 3), "int") is not x
    assert x + 1 is not 1 + x


CONSTANTS = [
    0,
    1,
    2,
    True,
    False,
    0.0,
    -0.0,
    1.0,
    0.1,
    np.nan,
    np.inf,
    -np.inf,
    [1],
    [1.0],
    [True],
    [-0.0],
    [0.0],
    [[1.0]],
]


def test_constants_are_told_apart_by_value_kind_and_shape() -> None:
    nodes = [Const.of(v) for v in CONSTANTS]
    assert len({id(n) for n in nodes}) == len(CONSTANTS)
    for value, node in zip(CONSTANTS, nodes, strict=True):
        assert Const.of(copy.deepcopy(value)) is node
    assert Const.of(-np.float64("nan")) is Const.of(np.nan)
    assert Const.of(np.float32(0.5)) is Const.of(0.5)


def test_a_constant_is_a_copy_that_nobody_can_write() -> None:
    array = np.ones(3)
    node = Const.of(array)
    array[0] = 7
    assert node.value[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        node.value[0] = 7
    with pytest.raises(ShapeError, match="real numbers"):
        Const.of(1j)
    with pytest.raises(ShapeError, match="real numbers"):
        Const.of("text")


def test_what_nobody_holds_is_freed() -> None:
    x = Input.of("freed", (2, 3))
    held = weakref.ref(expression(x).args[0])
    gc.collect()
    assert held() is None
    assert expression(x) is expression(x)


@pytest.mark.slow
def test_a_deep_chain_is_built_sorted_and_freed() -> None:
    x = Input.of("x", (2,))
    top = chain(x)
    order = toposort([top])
    assert len(order) == DEEP + 1
    assert order[0] is x
    assert order[-1] is top
    below = weakref.ref(order[DEEP // 2])
    del top, order
    gc.collect()
    assert below() is None


def test_threads_meet_in_the_same_objects() -> None:
    x = Input.of("x", (2, 3))
    found: list[list[Node]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def build(into: list[Node]) -> None:
        start.wait()
        into += [relu(x * i + j) for i in range(20) for j in range(20)]

    threads = [threading.Thread(target=build, args=(into,)) for into in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(a is b for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_copies_and_pickles_are_the_same_object() -> None:
    for node in [
        expression(Input.of("x", (2, 3))),
        Const.of([1.0, -0.0]),
        Size.of(N),
        Delta.of(N),
        Input.of("n", (N,)),
    ]:
        assert copy.copy(node) is node
        assert copy.deepcopy([node])[0] is node
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(node, protocol)) is node


def test_a_graph_pickles_with_its_names() -> None:
    x = Input.of("x", (N, 3))
    inner = x * 2
    graph = Graph((x,), (inner.sum(), inner), {inner: "l1", x: "x"})
    again = pickle.loads(pickle.dumps(graph))
    assert again.inputs == graph.inputs
    assert all(a is b for a, b in zip(again.outputs, graph.outputs, strict=True))
    assert again.names == graph.names
    assert again.dims() == (N,)


@pytest.mark.slow
def test_a_deep_graph_pickles() -> None:
    top = chain(Input.of("x", (2,)))
    assert pickle.loads(pickle.dumps(top)) is top


def test_another_process_reads_what_was_pickled(tmp_path: Any) -> None:
    x = Input.of("x", (2, 3))
    (tmp_path / "node").write_bytes(pickle.dumps(expression(x)))
    read = (
        "import pickle, sys, chainrule.ops, numpy as np\n"
        "from chainrule.run.interpret import interpret\n"
        "node = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "print(interpret([node], {'x': np.arange(6.).reshape(2, 3)})[0].tolist())"
    )
    done = subprocess.run([sys.executable, "-c", read, tmp_path / "node"], capture_output=True, text=True, check=True)
    expected = interpret([expression(x)], {"x": np.arange(6.0).reshape(2, 3)})[0]
    assert done.stdout.strip() == str(expected.tolist())


EINSUMS = [
    ("nothing happens", ([(5, 6)], (5, 6)), Input),
    ("elementwise", ([(5, 6), (5, 6)], (5, 6)), Map),
    ("a transpose", ([(5, 6)], (6, 5)), Einsum),
    ("a sum", ([(5, 6)], (5,)), Einsum),
    ("a matrix product with itself", ([(5, 6), (7, 6)], (5, 7)), Einsum),
]


@pytest.mark.parametrize(("parts", "kind"), [e[1:] for e in EINSUMS], ids=[e[0] for e in EINSUMS])
def test_an_einsum_is_what_it_is(parts: Any, kind: type[Node]) -> None:
    subs, out = parts
    x = Input.of("x", (2, 2))
    node = Einsum.of([x] * len(subs), subs, out, {})
    assert type(node) is kind
    renumbered = Einsum.of([x] * len(subs), [tuple(i * 3 for i in s) for s in subs], tuple(i * 3 for i in out), {})
    assert renumbered is node
    if isinstance(node, Einsum):
        assert node.with_args(node.args) is node
        assert node.out == tuple(range(len(out)))


def test_a_repeated_output_index_is_a_kronecker_delta() -> None:
    x = Input.of("x", (3,))
    node = Einsum.of([x], [(0,)], (0, 0), {})
    assert any(isinstance(a, Delta) for a in node.args)
    np.testing.assert_array_equal(interpret([node], {"x": [1.0, 2, 3]})[0], np.diag([1.0, 2, 3]))
    with pytest.raises(ShapeError, match="both 3 and 4"):
        Einsum.of([x, Input.of("y", (4,))], [(0,), (0,)], (), {})


def test_x_times_its_transpose_is_n_by_n() -> None:
    x = Input.of("x", (N, 3))
    assert (x @ x.T).shape == (N, N)


def test_a_record_is_what_a_node_points_to() -> None:
    x = Input.of("x", (2,))
    assert tanh(x).op is tanh
    assert x[::-1].op is record("slice")

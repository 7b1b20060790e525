"""The engine: names, normal forms, and graphs that are deep or large."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.derive import reverse
from chainrule.ir.build import constant, scalar_value
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call, record
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from chainrule.simplify import STABLE, TIDY, Phase, RewriteError, apply_phase, rewrite, simplify, stabilise
from chainrule.simplify.pattern import any_, array, scalar
from chainrule.simplify.rule import rule

N = Dim("N")
x, v, s = Input.of("x", (2, 3)), Input.of("v", (3,)), Input.of("s", ())


def graph_of(*outputs: Node, **names: Node) -> Graph:
    inputs = tuple(n for n in toposort(outputs) if isinstance(n, Input))
    return Graph(inputs, outputs, {node: name for name, node in names.items()})


def gradients(loss: Node) -> Graph:
    """A loss with its gradient in every input."""
    inputs = [n for n in toposort([loss]) if isinstance(n, Input) and n.kind == "float"]
    found = reverse({loss: constant(1, "float")}, inputs)
    return graph_of(loss, *(found.get(i) for i in inputs))


def network(activation: str) -> Node:
    """Two dense layers and half a mean square."""
    data, target = Input.of("x", (N, 4)), Input.of("y", (N, 2))
    w1, b1, w2, b2 = (Input.of(n, shape) for n, shape in (("w1", (4, 3)), ("b1", (3,)), ("w2", (3, 2)), ("b2", (2,))))
    difference = call(activation, data @ w1 + b1) @ w2 + b2 - target
    return (difference**2).sum() / (2 * data.shape[0])  # type: ignore[no-any-return]


def cross_entropy() -> Node:
    logits = Input.of("x", (N, 4)) @ Input.of("w", (4, 3))
    picked = call(
        "pick", logits - call("spread", record("logsumexp")(logits, axis=1), (N, 3), (1,)), Input.of("y", (N,), "int")
    )
    return -call("mean", picked)  # type: ignore[no-any-return]


def random_network(size: int, seed: int = 0) -> Node:
    """A loss made of at least ``size`` nodes: products of small matrices, tanh, sums, differences, products."""
    rng = np.random.default_rng(seed)
    weights = [Input.of(f"w{i}", (3, 3)) for i in range(5)]
    nodes: list[Node] = [Input.of("x", (3, 3))]
    while True:
        a, b = (nodes[-1 - int(rng.integers(min(len(nodes), 8)))] for _ in range(2))
        match int(rng.integers(5)):
            case 0:
                nodes.append(a @ weights[rng.integers(5)])
            case 1:
                nodes.append(call("tanh", a))
            case 2:
                nodes.append(a + b)
            case 3:
                nodes.append(a * b)
            case _:
                nodes.append(a - b.T)
        if len(nodes) > size and len(nodes) % 500 == 0:
            loss = call("sum", nodes[-1] * nodes[-1])
            if len(toposort([loss])) >= size:
                return loss  # type: ignore[no-any-return]


LOSSES: dict[str, Callable[[], Node]] = {
    **{name: (lambda name=name: network(name)) for name in ("tanh", "relu", "sigmoid", "softplus", "exp", "abs")},  # type: ignore[misc]
    "cross entropy": cross_entropy,
    **{f"random {seed}": (lambda seed=seed: random_network(60, seed)) for seed in range(10)},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", LOSSES)
def test_simplifying_twice_is_simplifying_once(name: str) -> None:
    once = simplify(gradients(stabilise(graph_of(LOSSES[name]())).outputs[0]), checked=True)
    verify(once.outputs)
    twice = simplify(once, checked=True)
    assert all(a is b for a, b in zip(once.outputs, twice.outputs, strict=True))


@pytest.mark.parametrize("name", LOSSES)
def test_stabilising_twice_is_stabilising_once(name: str) -> None:
    once = stabilise(graph_of(LOSSES[name]()), checked=True)
    assert stabilise(once, checked=True).outputs[0] is once.outputs[0]


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_of_the_outputs_does_not_matter(name: str) -> None:
    graph = gradients(LOSSES[name]())
    turned = simplify(Graph(graph.inputs, graph.outputs[::-1])).outputs[::-1]
    assert all(a is b for a, b in zip(simplify(graph).outputs, turned, strict=True))


@pytest.mark.parametrize("name", LOSSES)
def test_the_numbers_stay(name: str, rng: np.random.Generator) -> None:
    before = gradients(LOSSES[name]())
    after = simplify(before, checked=True)
    values = {
        i.name: rng.integers(0, 2, 5)
        if i.kind == "int"
        else 0.3 * rng.normal(size=[5 if e is N else e for e in i.shape])
        for i in before.inputs
    }
    for a, b in zip(interpret(before.outputs, values), interpret(after.outputs, values), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9 * np.max(np.abs(a)))


WRITTEN = {
    "times one": (lambda: x * 1.0, lambda: x),
    "a sum of a broadcast": (lambda: call("sum", call("broadcast_to", v, (2, 3)), axis=0), lambda: 2.0 * v),
    "two transposes": (lambda: x.T.T, lambda: x),
    "a transpose of a product": (lambda: (x @ x.T).T, lambda: call("einsum", "ik,jk->ji", x, x)),
    "a product with a reciprocal": (lambda: x * (1 / (1 + x)), lambda: x / (1 + x)),
    "signs": (lambda: -x * -(x + 1), lambda: (x + 1) * x),
    "numbers": (lambda: 2.0 * (3.0 * x), lambda: 6.0 * x),
    "numbers first": (lambda: x * (s * (x + 1)), lambda: s * (x * (x + 1))),
    "an identity matrix": (lambda: call("eye", 2) @ x, lambda: x),
    "a common factor": (lambda: x * v - s * x, lambda: call("broadcast_to", v - s, (2, 3)) * x),
    "the slope of the sigmoid": (
        lambda: gradients(call("sum", call("sigmoid", v))).outputs[1],
        lambda: call("sigmoid", v) * (1 - call("sigmoid", v)),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_form_a_person_would_write(name: str) -> None:
    given, wanted = WRITTEN[name]
    assert simplify(graph_of(given()), checked=True).outputs[0] is wanted()


STABLE_FORMS = {
    "softmax, axes kept": lambda: call("exp", x) / call("sum", call("exp", x), axis=1, keepdims=True),
    "softmax of a vector": lambda: call("exp", v) / call("sum", call("exp", v)),
    "log of softmax": lambda: call("log", call("exp", x) / call("sum", call("exp", x), axis=1, keepdims=True)),
    "sigmoid": lambda: 1 / (1 + call("exp", -x)),
    "binary cross-entropy, one": lambda: call("log", 1 / (1 + call("exp", -x))),
    "binary cross-entropy, zero": lambda: call("log", 1 - 1 / (1 + call("exp", -x))),
    "softplus": lambda: call("log", 1 + call("exp", x)),
    "log of a sum": lambda: call("log", call("sum", call("exp", x))),
}


@pytest.mark.parametrize("name", STABLE_FORMS)
@pytest.mark.parametrize("size", [-2000.0, 2000.0])
def test_what_would_overflow_is_finite(name: str, size: float) -> None:
    values = {"x": np.linspace(0.9, 1.1, 6).reshape(2, 3) * size, "v": np.linspace(0.9, 1.1, 3) * size}
    stable = stabilise(graph_of(STABLE_FORMS[name]()), checked=True)
    assert np.isfinite(interpret(stable.outputs, values)[0]).all()
    assert np.isfinite(interpret(gradients(call("sum", stable.outputs[0])).outputs, values)[1]).all()


def test_names_go_along_with_what_their_nodes_become() -> None:
    h = x * 1.0 + 0.0
    out = call("sum", call("tanh", h).T.T)
    after = simplify(graph_of(out, x=x, h=-(-call("tanh", h)), out=out), checked=True)  # noqa: B002
    # The name of a node that no output needs is dropped; those of inputs and outputs stay.
    assert after.names == {x: "x", after.outputs[0]: "out"}
    kept = simplify(graph_of(out, h=call("tanh", h)), checked=True)
    assert kept.names == {call("tanh", x): "h"}


def test_of_two_names_for_one_node_the_first_stays() -> None:
    a = call("tanh", x) * 1.0
    assert simplify(graph_of(a + call("tanh", x), first=a, second=call("tanh", x))).names == {call("tanh", x): "first"}


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (call("sum", x, axis=0), lambda h: call("sum", h)),
        (2.0 * x, lambda h: 3.0 * h),
        (x * v, lambda h: h + call("tanh", x) * v),
        (s * x, lambda h: call("sum", h)),
    ],
    ids=["sum of a sum", "numbers together", "a common factor", "number out of a plain sum"],
)
def test_a_named_node_is_not_taken_apart(inner: Node, outer: Callable[[Node], Node]) -> None:
    plain = simplify(graph_of(outer(inner)), checked=True)
    named = simplify(graph_of(outer(inner), h=inner), checked=True)
    assert inner not in set(plain.nodes())
    assert inner in set(named.nodes())
    assert named.names == {inner: "h"}


def test_what_is_used_twice_is_not_worked_out_twice() -> None:
    total = call("sum", x * x, axis=0)
    after = simplify(graph_of(call("sum", total), total))
    assert after.outputs[1] is total
    assert total in set(toposort([after.outputs[0]]))


def test_a_rule_that_raises_the_measure_is_caught() -> None:
    a, b = any_("a"), any_("b")
    grows = Phase("grows", (rule("grows", a * b, a * b + 0 * a, "wrong on purpose"),))
    turns = Phase("turns", (rule("turns", scalar("s") * (array("v") * b), array("v") * (scalar("s") * b), "wrong"),))
    for phase, node in ((grows, x * x), (turns, s * (x * (x + 1)))):
        with pytest.raises(RewriteError, match=phase.name):
            apply_phase(graph_of(node), phase, checked=True)


def test_the_log_tells_what_was_applied_where() -> None:
    from chainrule.simplify import Applied

    log: list[Applied] = []
    apply_phase(graph_of(call("tanh", x * 1.0)), TIDY, log=log)
    assert [(a.rule.name, a.before, a.after) for a in log] == [("times one", x * 1.0, x)]


def test_rules_are_found_whatever_their_order() -> None:
    turned = Phase("turned", STABLE.rules[::-1])
    for make in LOSSES.values():
        node = make()
        values = {
            i.name: np.ones([3 if e is N else e for e in i.shape], int if i.kind == "int" else float)
            for i in graph_of(node).inputs
        }
        after = rewrite([node], turned, checked=True)[node]
        np.testing.assert_allclose(interpret([after], values), interpret([node], values), rtol=1e-9)


@pytest.mark.slow
def test_a_chain_of_100_000_operations() -> None:
    node: Node = Input.of("q", (2,))
    for i in range(100_000):
        node = call(("tanh", "sin", "neg")[i % 3], node) if i % 4 else node * 1.0
    after = simplify(gradients(call("sum", stabilise(graph_of(node)).outputs[0])))
    assert len(after.nodes()) > 100_000
    assert not any(n.op.name == "mul" and any(scalar_value(a) == 1 for a in n.args) for n in after.nodes() if n.args)


def seconds(size: int) -> float:
    """The time of deriving and simplifying a random graph, on this thread alone."""
    loss = random_network(size)
    gc.collect()
    start = time.thread_time()
    simplify(gradients(stabilise(graph_of(loss)).outputs[0]))
    return time.thread_time() - start


@pytest.mark.slow
def test_large_graphs_take_time_in_proportion() -> None:
    """Four times the nodes take about four times as long (`make bench` has the limit); quadratic would be sixteen."""
    small = min(seconds(3_000) for _ in range(2))
    large = min(seconds(12_000) for _ in range(2))
    assert large < 8 * small

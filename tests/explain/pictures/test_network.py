"""The layered network of a graph: found where there is one, with its weights, sums, activations and biases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.pictures.network import Network, find_network
from tests import functions
from tests.drawn import DRAWN, NETWORKS, OTHERS


def found(f: Any, weights: tuple[str, ...] = ()) -> Network:
    network = find_network(f.trace().graph, weights)
    assert network is not None
    return network


def told(f: Any, weights: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Layers as ``role name(axis) @rank + biases``, connections as ``from -weight[axes]> to``; by name."""
    graph, network = f.trace().graph, found(f, weights)
    names = [graph.names.get(layer.output, "?") for layer in network.layers]
    layers = [
        " ".join([layer.role, f"{name}({'' if layer.axis is None else layer.axis})", f"@{layer.rank}"]
                 + [f"+{bias.node.name}" for bias in layer.biases])
        for name, layer in zip(names, network.layers, strict=True)
    ]  # fmt: skip
    links = [
        f"{names[k.source]} -> {names[k.target]}" if k.weight is None
        else f"{names[k.source]} -{k.weight.name}[{_axis(k.source_axis)}{_axis(k.target_axis)}]> {names[k.target]}"
        for k in network.links
    ]  # fmt: skip
    return sorted(layers), sorted(links)


def _axis(axis: int | None) -> str:
    return "" if axis is None else str(axis)


CASES = {
    "six_weights": (
        ["hidden a1() @1", "hidden a2() @1", "input x1() @0", "input x2() @0", "output y_hat() @2"],
        ["a1 -w5[]> y_hat", "a2 -w6[]> y_hat", "x1 -w1[]> a1", "x1 -w2[]> a2", "x2 -w3[]> a1", "x2 -w4[]> a2"],
    ),
    "two_two_two": (
        ["hidden a1() @1 +b1", "hidden a2() @1 +b2", "input x1() @0", "input x2() @0", "output o1() @2",
         "output o2() @2"],
        ["a1 -w5[]> o1", "a1 -w7[]> o2", "a2 -w6[]> o1", "a2 -w8[]> o2", "x1 -w1[]> a1", "x1 -w3[]> a2",
         "x2 -w2[]> a1", "x2 -w4[]> a2"],
    ),
    "rows": (
        ["hidden h(1) @1 +b", "input x(1) @0", "output y_hat() @2 +c"],
        ["h -v[0]> y_hat", "x -W[01]> h"],
    ),
    "classifier": (
        ["hidden h(1) @1 +b1", "input x(1) @0", "output logits(1) @2 +b2"],
        ["h -w2[01]> logits", "x -w1[01]> h"],
    ),
    "recurrent": (
        ["hidden h1(1) @1 +b", "hidden h2(1) @2 +b", "hidden h3(1) @3 +b", "input h0(1) @0", "input x1(1) @0",
         "input x2(1) @1", "input x3(1) @2", "output y_hat(1) @4"],
        ["h0 -W[01]> h1", "h1 -W[01]> h2", "h2 -W[01]> h3", "h3 -V[01]> y_hat", "x1 -U[01]> h1", "x2 -U[01]> h2",
         "x3 -U[01]> h3"],
    ),
    "residual": (
        ["hidden a1(1) @1", "hidden a2(1) @2", "input x(1) @0", "output ?(1) @3"],
        ["a1 -> a2", "a1 -W2[01]> a2", "a2 -W3[01]> ?", "x -W1[01]> a1"],
    ),
    "one_sample": (
        ["hidden a(0) @1", "input x(0) @0", "output y_hat() @2"],
        ["a -W2[10]> y_hat", "x -W1[10]> a"],
    ),
    "logistic_regression": (["input X(1) @0", "output p() @1"], ["X -w[0]> p"]),
    "logistic": (["input x() @0", "output p() @1 +b"], ["x -w[]> p"]),
    "shared": (["hidden h(1) @1", "input x(1) @0", "output ?(1) @2"], ["h -w[01]> ?", "x -w[01]> h"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers_and_connections(name: str) -> None:
    assert told(DRAWN[name]) == CASES[name]


def test_samples_as_columns_are_told_by_their_axes() -> None:
    layers, links = told(functions.columns)
    assert layers == ["hidden h(0) @1 +b", "input x(0) @0", "output y_hat() @2 +c"]
    assert links == ["h -v[0]> y_hat", "x -W[10]> h"]


@pytest.mark.parametrize("depth", [1, 2, 12, 300])
def test_any_depth(depth: int) -> None:
    network = found(cr.networks.mlp([3] + [4] * (depth - 1) + [2]).loss)
    assert network.depth == depth + 1
    assert [p.name for p in network.parameters][:2] == ["W1", f"W{min(2, depth)}" if depth > 1 else "b1"]
    assert len(network.parameters) == 2 * depth


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_no_layers_is_left_alone(name: str) -> None:
    assert find_network(OTHERS[name].trace().graph) is None


def test_a_product_of_two_arguments_needs_names_or_a_word_of_the_user() -> None:
    @cr.function(p="N d", q="d k", t="N k")
    def affine(p: Any, q: Any, t: Any) -> Any:
        return cr.mse(p @ q, t)

    assert find_network(affine.trace().graph) is None
    assert told(affine, ("q",))[1] == ["p -q[01]> ?"]


def test_a_bias_tells_which_factor_is_the_weights() -> None:
    @cr.function(p="N d", q="d k", c="k", t="N k")
    def affine(p: Any, q: Any, c: Any, t: Any) -> Any:
        return cr.mse(p @ q + c, t)

    assert told(affine) == (["input p(1) @0", "output ?(1) @1 +c"], ["p -q[01]> ?"])


def test_a_target_is_no_bias() -> None:
    layers, _ = told(functions.three_layers)
    assert not any("+y" in layer for layer in layers)


def test_what_is_added_to_every_sample_alike_is_a_bias_and_nothing_else_is() -> None:
    @cr.function(x="N d", w="d", b="", t="N")
    def loss(x: Any, w: Any, b: Any, t: Any) -> Any:
        return (((x @ w + b) + t) ** 2).mean()

    layers, _ = told(loss)
    assert layers == ["input x(1) @0", "output ?() @1 +b"]


def test_gates_are_layers_of_their_own() -> None:
    @cr.function(x="N d", Wf="d m", Wg="d m", V="m", y="N")
    def gated(x: Any, Wf: Any, Wg: Any, V: Any, y: Any) -> Any:
        h = cr.sigmoid(x @ Wf) * np.tanh(x @ Wg)
        return cr.mse(h @ V, y)

    network = found(gated)
    assert sorted(layer.role for layer in network.layers) == ["hidden", "hidden", "hidden", "input", "output"]
    assert sum(link.weight is None for link in network.links) == 2


def test_every_network_of_the_samples_is_found_with_all_of_its_weights() -> None:
    for name, f in NETWORKS.items():
        graph, network = f.trace().graph, found(f)
        data = {"x", "X", "y", "x1", "x2", "x3", "y1", "y2", "h0"}
        assert {p.name for p in network.parameters} == {i.name for i in graph.inputs} - data, name

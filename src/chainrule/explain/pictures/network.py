"""The layered network that a graph is: which weights lead from which layer to which.

A layer is a row of units; what goes into them is a sum of weighted products and biases, z, and what comes out is
a = f(z). A weighted product is a contraction of what comes out of a layer with an argument that is a matrix or a vector
of weights, or, where single units have names of their own, the product of a unit with a single weight.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ...ir.graph import Graph, depends_on, toposort
from ...ir.node import Input, Map, Node
from .graph_labels import fixed_nodes
from .products import Product, is_contraction, origin, weighted_products

Role: TypeAlias = Literal["input", "hidden", "output"]


@dataclass(frozen=True, eq=False)
class Bias:
    """An argument that is added to the sums of a layer; ``axis`` is its own axis over the units (None: one for all)."""

    node: Input
    axis: int | None


@dataclass(frozen=True, eq=False)
class Layer:
    """Units side by side: ``output`` is what comes out, along ``axis`` (None: a single unit).

    ``sum`` is what goes in, along ``sum_axis``; an input layer has none.
    """

    role: Role
    output: Node
    axis: int | None
    sum: Node | None = None
    sum_axis: int | None = None
    biases: tuple[Bias, ...] = ()
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Link:
    """All connections from one layer to another, by their positions.

    ``weight`` has the axis ``source_axis`` over the units they come from and ``target_axis`` over those they lead to;
    without a weight, what comes out of the one is added to the other as it is.
    """

    source: int
    target: int
    weight: Input | None = None
    source_axis: int | None = None
    target_axis: int | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """Layers, in an order in which values can flow, and what connects them."""

    layers: tuple[Layer, ...]
    links: tuple[Link, ...]

    @property
    def parameters(self) -> tuple[Input, ...]:
        """The weights and biases, each once, in order."""
        weights = [link.weight for link in self.links if link.weight is not None]
        biases = [bias.node for layer in self.layers for bias in layer.biases]
        return tuple(dict.fromkeys([*weights, *biases]))

    @property
    def depth(self) -> int:
        """The number of columns it is drawn in."""
        return 1 + max(layer.rank for layer in self.layers)


def find_network(graph: Graph, weights: Collection[str] = ()) -> Network | None:
    """The network whose loss is the graph's first output; None where there are no layers to be found.

    ``weights`` names arguments that are known to be weights.
    """
    loss = graph.outputs[0]
    order = toposort([loss])
    products = weighted_products(order, weights)
    if not products:
        return None
    try:
        return _Build(order, products, graph.names, weights).network(loss)
    except _NoLayers:
        return None


class _NoLayers(Exception):
    """What stands between two layers is not done unit by unit."""


@dataclass(frozen=True, eq=False)
class _Sum:
    """Weighted products and biases that are added up; ``axis`` runs over the units."""

    products: tuple[Product, ...]
    axis: int | None
    biases: tuple[Bias, ...] = ()


class _Build:
    """Puts layers together, from the loss's operands upwards."""

    def __init__(
        self, order: list[Node], products: Mapping[Node, Product], names: Mapping[Node, str], weights: Collection[str]
    ) -> None:
        self.order = order
        self.products = products
        self.names = names
        self.weights = weights
        self.sums = _sums(order, products)
        self.fixed = fixed_nodes(order)
        self.varying = depends_on(order[-1:], products)
        self.signals = {p.signal for p in products.values()}
        self.layers: list[Layer] = []
        self.links: list[Link] = []
        self.known: dict[Node, int] = {}

    def network(self, loss: Node) -> Network:
        """The layers below the loss. Raises _NoLayers."""
        for product in self.products.values():
            self.layer(product.signal, product.signal_axis)
        for z in self.frontier(loss)[0]:
            if z not in self.known:
                self.output(z, loss)
        fed = {link.target for link in self.links if link.weight is not None}
        data = {leaf for layer in self.layers if layer.sum is None for leaf in _leaves(layer.output)}
        network = Network(_ranked(self.layers, self.links), tuple(self.links))
        if not fed or data & set(network.parameters) or not self.convincing(network):
            raise _NoLayers
        return network

    def convincing(self, network: Network) -> bool:
        """Whether it is more than a chain of products: biases, activations, or arguments known or called as weights."""
        bends = any(layer.sum is not None and layer.output is not layer.sum for layer in network.layers)
        biases = any(layer.biases for layer in network.layers)
        return bends or biases or any(p.named for p in self.products.values())

    def layer(self, output: Node, axis: int | None) -> int:
        """The position of the layer that something comes out of."""
        if output in self.known:
            return self.known[output]
        sums, signals = self.frontier(output)
        if not sums and not signals:
            if any(is_contraction(node) for node in toposort([output])):
                raise _NoLayers
            return self.add(Layer("input", output, axis), ())
        if any(node.shape != output.shape for node in signals) or (len(sums) + len(signals) > 1 and any(
            node.shape != output.shape for node in sums
        )):  # fmt: skip
            raise _NoLayers
        before = [self.layer(node, axis) for node in signals]
        if len(sums) == 1:
            return self.add(self.summed("hidden", output, axis, sums[0]), before)
        before += [self.known[z] if z in self.known else self.add(self.summed("hidden", z, axis, z), ()) for z in sums]
        return self.add(Layer("hidden", output, axis, output, axis), before)

    def output(self, z: Node, loss: Node) -> None:
        """A layer whose outputs the loss is made of: the last that is named before anything else comes in.

        What comes out of another layer may be added to it as it is.
        """
        last, own = z, {z}
        added: list[Node] = []
        same: list[Node] = []
        for node in self.order:
            whole = node is loss and node.shape == ()
            if whole or node in own or not any(arg in own for arg in node.args):
                continue
            others = [arg for arg in node.args if arg not in own and arg not in self.fixed]
            if all(isinstance(node, Map) and node.op.name == "add" and arg in self.known for arg in others):
                own.add(node)
                added += others
                if node in self.names and node.shape == z.shape:
                    last, same = node, list(added)
        self.add(self.summed("output", last, self.sums[z].axis, z), [self.known[node] for node in dict.fromkeys(same)])

    def summed(self, role: Role, output: Node, axis: int | None, z: Node) -> Layer:
        """The layer of a sum; the links into it are noted when it is added."""
        total = self.sums[z]
        return Layer(role, output, axis, z, total.axis, total.biases)

    def add(self, layer: Layer, same: Iterable[int]) -> int:
        """Enter a layer, and the links that lead to it."""
        products = self.sums[layer.sum].products if layer.sum in self.sums else ()
        sources = [(self.layer(p.signal, p.signal_axis), p) for p in products]
        position = self.known[layer.output] = len(self.layers)
        self.layers.append(layer)
        self.links += [Link(s, position, p.weight, p.weight_source, p.weight_target) for s, p in sources]
        self.links += [Link(s, position) for s in same]
        return position

    def frontier(self, output: Node) -> tuple[list[Node], list[Node]]:
        """The sums, and the outputs of other layers, that something is made of without another between."""
        sums: list[Node] = []
        signals: list[Node] = []
        stack, seen = [output], set[Node]()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.sums:
                sums.append(node)
            elif node in self.signals and node is not output:
                signals.append(node)
            elif is_contraction(node) and (output in self.signals or self.mixes(node)):
                raise _NoLayers
            else:
                stack += reversed(node.args)
        return sums, signals

    def mixes(self, node: Node) -> bool:
        """Whether a contraction is one of layers with each other."""
        return len({arg for arg in node.args if arg in self.varying}) > 1


def _sums(order: Iterable[Node], products: Mapping[Node, Product]) -> dict[Node, _Sum]:
    """Every node that is a sum of weighted products and biases, perhaps under another shape."""
    found: dict[Node, _Sum] = {}
    for node in order:
        if node in products:
            found[node] = _Sum((products[node],), products[node].unit_axis)
        elif isinstance(node, Map) and node.op.name == "add":
            total = _added(node, found)
            if total is not None:
                found[node] = total
        elif node.args and node.args[0] in found:
            inner = found[node.args[0]]
            base, axes = origin(node, one_step=True)
            if base is node.args[0] and None not in axes:
                axis = axes.index(inner.axis) if inner.axis in axes else None
                found[node] = replace(inner, axis=axis)
    return found


def _added(node: Map, found: Mapping[Node, _Sum]) -> _Sum | None:
    """The sum of two sums, or of a sum and a bias."""
    left, right = (found.get(arg) for arg in node.args)
    if left is not None and right is not None:
        biases = (*left.biases, *right.biases)
        return _Sum((*left.products, *right.products), left.axis, biases) if left.axis == right.axis else None
    if left is None and right is None:
        return None
    total, other = (left, node.args[1]) if left is not None else (right, node.args[0])
    assert total is not None
    base, axes = origin(other)
    over = {a: own for a, own in enumerate(axes) if own is not None}
    if not isinstance(base, Input) or base.kind != "float" or not set(over) <= {total.axis}:
        return None
    bias = Bias(base, None if total.axis is None else over.get(total.axis))
    return replace(total, biases=(*total.biases, bias))


def _leaves(node: Node) -> set[Input]:
    return {leaf for leaf in toposort([node]) if isinstance(leaf, Input)}


def _ranked(layers: list[Layer], links: list[Link]) -> tuple[Layer, ...]:
    """The layers with their columns: as late as what leads to them asks; inputs just before they are needed."""
    rank = [0] * len(layers)
    for link in sorted(links, key=lambda link: link.target):
        rank[link.target] = max(rank[link.target], rank[link.source] + 1)
    needed: dict[int, int] = {}
    for link in links:
        needed[link.source] = min(needed.get(link.source, len(layers)), rank[link.target] - 1)
    for n, layer in enumerate(layers):
        if layer.sum is None:
            rank[n] = needed.get(n, 0)
    return tuple(replace(layer, rank=r) for layer, r in zip(layers, rank, strict=True))

"""Pictures of a function: which is drawn, at which point, and what it shows.

A form of telling that wants one calls `diagram` with its graph, and puts the result into a `Drawing`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from ...ir.dims import Dim, Sizes
from ...ir.errors import ArgumentError
from ...ir.graph import Graph
from ...ir.node import Input, Node
from ...ir.picture import Diagram, Line, Piece, Symbol
from ...run.interpret import bind
from .graph_picture import Shown, graph_diagram, operations_diagram
from .network import Network, find_network
from .network_picture import network_diagram
from .point import Numbers, example_point, numbers
from .scalars import NotScalar, scalars

Flowing: TypeAlias = Literal["forward", "backward"] | None
DETAILS = ("network", "graph", "full")
MOST_SCALARS = 150
"""Multiplications, sums and functions that are drawn, before they are drawn as those of whole arrays."""


def diagram(
    graph: Graph,
    detail: str | None = None,
    *,
    show: Flowing = None,
    at: Mapping[str, Any] | None = None,
    wrt: Sequence[Input] = (),
) -> Diagram:
    """The picture of a graph's first output.

    ``detail`` is "network" (units and weighted edges), "graph" (operations) or "full" (those on single numbers); the
    first where the graph has layers, else the second. ``show`` puts numbers on it: the values at a point, or also the
    derivatives that flow back from the loss. ``at`` has an array for each input; where it is left out, a point is
    drawn. ``wrt`` are the inputs that derivatives flow to: the weights of a network, else every float input.

    Raises ArgumentError for detail="network" where there are no layers.
    """
    network = layers(graph, detail, wrt)
    if detail == "network" and network is None:
        raise ArgumentError(
            "no layers are found in this function (units, each a function of a weighted sum): draw it with "
            'detail="graph", a vertex for each operation, or detail="full", one for every multiplication and sum'
        )
    drawn = at is None and (show is not None or detail == "full")
    point = example(graph, network) if drawn else None if at is None else {n: np.asarray(v) for n, v in at.items()}
    sizes = Sizes() if point is None else bind(graph.inputs, point)
    learnt = flowing_to(graph, network, wrt)
    remarks = (Line(("the point is drawn at random",), "quiet"),) if drawn and show is not None else ()
    if detail == "full":
        assert point is not None
        return _full(graph, show, point, sizes, learnt, remarks)
    found = None if show is None or point is None else numbers(graph, point, learnt if show == "backward" else ())
    if network is not None and detail != "graph":
        return network_diagram(graph, network, found, show == "backward", sizes, remarks)
    return graph_diagram(graph, _shown(graph, found, show, network, wrt, remarks))


def layers(graph: Graph, detail: str | None, wrt: Sequence[Input]) -> Network | None:
    """The network that is drawn, or whose weights are marked; asked for one, ``wrt`` are its weights."""
    return find_network(graph, [node.name for node in wrt] if detail == "network" else ())


def example(graph: Graph, network: Network | None) -> dict[str, np.ndarray]:
    """A point to show: of a network, one sample."""
    if network is None:
        return example_point(graph)
    samples: set[Dim] = set()
    for layer in network.layers:
        samples.update(e for a, e in enumerate(layer.output.shape) if a != layer.axis and isinstance(e, Dim))
    fans = {
        k.weight: k.weight.shape[k.source_axis]
        for k in network.links
        if k.weight is not None and k.source_axis is not None
    }
    return example_point(graph, samples, fans)


def flowing_to(graph: Graph, network: Network | None, wrt: Sequence[Input]) -> tuple[Input, ...]:
    """The inputs that derivatives flow to."""
    if wrt:
        return tuple(wrt)
    if network is not None:
        return network.parameters
    return tuple(node for node in graph.inputs if node.kind == "float")


def _learnt(network: Network | None, wrt: Sequence[Input]) -> frozenset[Node]:
    return frozenset(network.parameters if network is not None else wrt)


def _shown(
    graph: Graph, found: Numbers | None, show: Flowing, network: Network | None, wrt: Sequence[Input],
    remarks: tuple[Line, ...],
) -> Shown:  # fmt: skip
    symbols: dict[Node, Symbol] = {node: Symbol(name) for node, name in graph.names.items()}
    symbols.update({node: Symbol(node.name) for node in graph.inputs if node not in symbols})
    symbols.setdefault(graph.outputs[0], Symbol("result"))
    return Shown(symbols, found, show == "backward", _learnt(network, wrt), remarks)


def _full(
    graph: Graph, show: Flowing, point: Mapping[str, np.ndarray], sizes: Sizes, learnt: Collection[Input],
    remarks: tuple[Line, ...],
) -> Diagram:  # fmt: skip
    """Every operation on single numbers; those on arrays where they are too many."""
    network = find_network(graph)
    remarks = (*_sizes_told(sizes), *remarks)
    try:
        single = scalars(graph, sizes, 4 * MOST_SCALARS, point)
    except NotScalar as error:
        return _folded(graph, show, point, learnt, network, remarks, str(error))
    at = single.point(point)
    entries = [entry for node in learnt for entry in single.entries.get(node, ())]
    found = None if show is None else numbers(single.graph, at, entries if show == "backward" else ())
    weights = network.parameters if network is not None else ()
    marked = frozenset(entry for node in weights for entry in single.entries.get(node, ()))
    shown = Shown(single.symbols, found, show == "backward", marked, remarks)
    drawing = operations_diagram(single.graph, shown, MOST_SCALARS)
    return drawing or _folded(
        graph, show, point, learnt, network, remarks, "single ones would be more than can be read"
    )


def _folded(
    graph: Graph, show: Flowing, point: Mapping[str, np.ndarray], learnt: Collection[Input], network: Network | None,
    remarks: tuple[Line, ...], why: str,
) -> Diagram:  # fmt: skip
    """The operations on whole arrays, in the place of those on single numbers."""
    found = None if show is None else numbers(graph, point, learnt if show == "backward" else ())
    remark = Line((f"operations on whole arrays: {why}",), "quiet")
    return graph_diagram(graph, _shown(graph, found, show, network, tuple(learnt), (remark, *remarks)))


def _sizes_told(sizes: Sizes) -> tuple[Line, ...]:
    """For which sizes of the named dimensions it is drawn."""
    pieces: list[Piece] = []
    for dim, extent in sizes.items():
        pieces += [", " if pieces else "for ", Symbol(dim.name), f" = {extent}"]
    return (Line(tuple(pieces), "quiet"),) if pieces else ()

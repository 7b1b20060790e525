"""What is written over, below and about the picture of a network."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.graph import Graph
from ...ir.node import Map
from ...ir.picture import Formula, Label, Line, Symbol
from .graph_labels import called, is_short
from .network import Layer, Network
from .point import Numbers

MOST_NODES, MOST_TOLD = 18, 6
"""The longest loss that is written out below; layers that are described at either end of a deep network."""


def bend(layer: Layer) -> str:
    """The activation of a layer, where it is one operation; nothing where it is none or several."""
    output = layer.output
    if layer.sum is None or not isinstance(output, Map) or len(output.args) != 1 or output.args[0] is not layer.sum:
        return ""
    return called(output)


def title(graph: Graph, numbers: Numbers | None, back: bool) -> str:
    """What is seen, in a line."""
    name = graph.names.get(graph.outputs[0], "the loss")
    if back:
        return f"Derivatives flowing back through the network of {name}"
    return f"The network of {name}" if numbers is None else f"Values flowing forward through the network of {name}"


def description(graph: Graph, layers: Sequence[tuple[Layer, str]], back: bool) -> str:
    """What is seen, for readers that hear it; with each layer comes its number of units."""
    parts = []
    told = layers if len(layers) <= 2 * MOST_TOLD else [*layers[:MOST_TOLD], *layers[-MOST_TOLD:]]
    for layer, count in told:
        name = graph.names.get(layer.output, "")
        units = ", ".join(filter(None, [f"{count} {'unit' if count == '1' else 'units'}", bend(layer)]))
        parts.append(f"{layer.role} {name} ({units})".replace("  ", " "))
    text = f"{len(layers)} layers: {'; '.join(parts)}."
    return f"{text} δ is the derivative of the loss by the sum z that goes into a unit." if back else text


def caption(graph: Graph, network: Network, numbers: Numbers | None, back: bool, labelled: bool) -> tuple[Line, ...]:
    """The loss as a formula, and what the colours and numbers mean; ``labelled``: numbers stand at connections."""
    loss = graph.outputs[0]
    name = Symbol(graph.names.get(loss, "loss"))
    lines = [Line((name, " = ", Formula(loss, graph.names)))] if is_short(loss, graph.names, MOST_NODES) else []
    if any(link.weight is None for link in network.links):
        lines.append(Line(("dashed: added as it is, without a weight",), "quiet"))
    if numbers is None:
        return tuple(lines)
    lines.append(
        Line(("blue: what comes out of a unit" + (", and the weights" if labelled and not back else ""),), "value")
    )
    if back:
        z: Label = ("orange: in a unit ", Symbol("delta"), " = ∂", name, "/∂", Symbol("z"), ", ", Symbol("z"))
        more: Label = ("; at a connection ∂", name, "/∂", Symbol("w")) if labelled else ()
        lines.append(Line((*z, " being the sum that goes in", *more), "delta"))
    if _many_samples(network, numbers):
        lines.append(
            Line(("the units are those of the first sample; the loss and the weights are those of all",), "quiet")
        )
    return tuple(lines)


def _many_samples(network: Network, numbers: Numbers) -> bool:
    """Whether the numbers in the units are one sample's of several."""
    for layer in network.layers:
        shape = numbers.values[layer.output].shape
        if any(extent > 1 for a, extent in enumerate(shape) if a != layer.axis):
            return True
    return False

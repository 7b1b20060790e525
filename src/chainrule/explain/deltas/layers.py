"""A layered network made ready for its errors: the places where derivatives are stored, their names, and small slopes.

The places are each layer's sum z and output a, what was asked for, and the loss. A place is looked at in terms of the
places it is made of (stand-ins, as the substitution form has them), so that every slope is a small one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...derive import reverse
from ...ir.build import broadcast, constant, scalar_value
from ...ir.graph import Graph, depends_on, substitute, toposort
from ...ir.node import D, Input, Map, Node, Reduce
from ..pictures.network import Layer, Network, find_network
from ..scalar.calculus import tidied
from ..subject import Subject
from ..substitution.local import Local
from ..substitution.pieces import Intermediates

_STRAIGHT = frozenset({"add", "sub", "mul", "div", "neg"})
"""Arithmetic whose slope needs no word where something bends as well."""


@dataclass(frozen=True, eq=False)
class Layered:
    """A network with names for everything in it.

    ``names`` are the reader's, with z⁽²⁾ and a⁽²⁾ for sums and outputs that have none, and δ⁽²⁾ for ∂E/∂z⁽²⁾. ``sums``
    gives each z its layer, ``outputs`` each a its own; inputs are layer 1.
    """

    subject: Subject
    network: Network
    names: Mapping[Node, str]
    sums: Mapping[Node, Layer]
    outputs: Mapping[Node, Layer]
    pieces: Intermediates
    _locals: dict[tuple[Node, Node], Local] = field(default_factory=dict)

    @property
    def loss(self) -> Node:
        """E."""
        return self.pieces.loss

    @property
    def places(self) -> tuple[Node, ...]:
        """Where derivatives are stored, in the order in which values flow, the loss last."""
        return self.pieces.order

    def name_of(self, node: Node) -> str:
        """The reader's name of a place or a parameter."""
        return self.pieces.name_of(node)

    def users(self, node: Node) -> tuple[Node, ...]:
        """The places that a place or an argument is used in."""
        return self.pieces.users.get(node, ())

    def layer_of(self, place: Node) -> int:
        """The number of the layer that a sum or an output belongs to."""
        return (self.sums.get(place) or self.outputs[place]).rank + 1

    @cached_property
    def parameters(self) -> tuple[Input, ...]:
        """Weights and biases that the loss depends on, in the order of the arguments."""
        known = set(self.network.parameters)
        return tuple(node for node in self.pieces.graph.inputs if node in known)

    @cached_property
    def backwards(self) -> tuple[Node, ...]:
        """The places from the loss backwards, without it: each behind all that it is used in, units in their order."""
        steps = {self.loss: 0}
        for place in reversed(self.places):
            if place is not self.loss:
                steps[place] = 1 + max(steps[user] for user in self.users(place))
        return tuple(sorted(self.places[:-1], key=steps.__getitem__))

    def error(self, place: Node) -> Node:
        """∂E/∂place: of a sum z it goes by the name δ."""
        return constant(1, "float") if place is self.loss else D.make((self.loss, place), ())

    # ------------------------------------------------------------------------------------------ slopes

    def local(self, v: Node, u: Node) -> Local:
        """∂v/∂u, whatever else v is made of kept constant."""
        if (v, u) not in self._locals:
            self._locals[v, u] = Local(self.pieces, v, u)
        return self._locals[v, u]

    def why(self, v: Node, u: Node) -> str:
        """One line on the slope of v by u: that of each function between them."""
        number = scalar_value(self.local(v, u).in_stand_ins) if v is not self.loss else None
        if number is not None:
            return {1.0: "it changes one for one", -1.0: "it goes down as the other goes up"}.get(number, "a constant")
        body, operand = self.pieces.body(v), self.pieces.stand_in(u)
        moving = depends_on([body], [operand])
        between = [node for node in toposort([body]) if node in moving and isinstance(node, (Map, Reduce))]
        bends = [node.op for node in reversed(between) if node.op.name not in _STRAIGHT and not _converts(node)]
        return "; ".join(dict.fromkeys(op.why for op in bends)) or self.local(v, u).why

    @cached_property
    def errors(self) -> frozenset[Node]:
        """Every ∂E/∂z that goes by the name δ."""
        return frozenset(node for node in self.names if isinstance(node, D))

    @cached_property
    def has_samples(self) -> bool:
        """Whether places have an axis besides that of their units."""
        return any(len(place.shape) > (self.axis(place) is not None) for place in self.places)

    def slope_of_loss(self, place: Node) -> Node:
        """∂E/∂place by the loss's own formula, in stand-ins."""
        return tidied(self._pulled(self.loss, self.pieces.stand_in(place)))

    def back(self, place: Node) -> Node:
        """∂E/∂place from the errors of what it is used in: each of them times its slope, added up."""
        return self._real(self._back(place))

    def further_back(self, place: Node) -> Node:
        """The same where an error that is used here alone is put in as what it is itself."""
        passing: dict[Node, Node] = {
            self._carried(user): self._back(user) for user in self.users(place) if self.is_passing(user)
        }
        (line,) = substitute([self._back(place)], passing)
        return self._real(tidied(line)) if passing else self._real(line)

    def is_passing(self, place: Node) -> bool:
        """Whether its error is used once, so that it is worked out in passing and not stored.

        That is so for an output a = f(z) with nothing but z in it.
        """
        if place not in self.outputs or place in self.sums or place in self.subject.gradients:
            return False
        return sum(node in self.receivers for node in self.pieces.operands[place]) == 1

    @cached_property
    def receivers(self) -> frozenset[Node]:
        """What the derivative by is worked out: places, parameters, and what was asked for."""
        return frozenset([*self.places, *self.parameters, *self.subject.gradients])

    def _back(self, place: Node) -> Node:
        """In stand-ins: for the places, and for the errors."""
        stand_in = self.pieces.stand_in(place)
        terms = [self._pulled(user, stand_in) for user in self.users(place)]
        line = terms[0] if terms else broadcast(constant(0, "float"), place.shape)
        for term in terms[1:]:
            line = line + term
        return tidied(line)

    def _pulled(self, user: Node, stand_in: Node) -> Node:
        """What a place hands back to one that it is made of; slopes are written in its own output where they can be."""
        body = self.pieces.body(user)
        seed = constant(1, "float") if user is self.loss else self._carried(user)
        found = reverse({body: seed}, [stand_in]).get(stand_in)
        return substitute([found], {body: self.pieces.stand_in(user)})[0]

    def _carried(self, place: Node) -> Input:
        """The stand-in for the error of a place."""
        return Input.of(f"∂/∂{self.name_of(place)}", place.shape)

    def _real(self, line: Node) -> Node:
        carried: dict[Node, Node] = {self._carried(p): self.error(p) for p in self.places if p is not self.loss}
        return substitute([line], {**self.pieces.stood_for, **carried})[0]

    def axis(self, place: Node) -> int | None:
        """The axis of a place along which its units lie."""
        layer = self.sums.get(place) or self.outputs.get(place)
        if layer is None:
            return None
        return layer.sum_axis if layer.sum is place else layer.axis


def _converts(node: Map | Reduce) -> bool:
    return isinstance(node, Map) and bool(node.op.converts)


def layered(subject: Subject) -> Layered | None:
    """The layered network of a function; None where it has no layers."""
    network = find_network(subject.graph) or find_network(subject.graph, [n.name for n in _inputs(subject.gradients)])
    if network is None:
        return None
    loss = subject.loss
    # A loss that is a sum of products itself has an error of 1, and no layer.
    below = set(toposort([loss])) - {loss}
    sums = {layer.sum: layer for layer in network.layers if layer.sum is not None and layer.sum in below}
    outputs = {
        layer.output: layer
        for layer in sums.values()
        if layer.output in below and not (layer.role == "output" and _is_mixed(layer))
    }
    if not sums:
        return None
    names = _names(subject, sums.values())
    places = {*sums, *outputs, *(node for node in subject.gradients if node.args), loss}
    graph = Graph(subject.graph.inputs, subject.graph.outputs, {n: names[n] for n in names if n.args})
    order = tuple(node for node in toposort([loss]) if node in places)
    inputs: dict[Node, str] = {node: node.name for node in subject.graph.inputs}
    pieces = Intermediates(graph, {**inputs, **{node: names[node] for node in order}}, order)
    errors: dict[Node, str] = {D.make((loss, z), ()): name for z, name in _numbered(sums.values(), "delta").items()}
    return Layered(subject, network, {**names, **errors}, sums, outputs, pieces)


def _inputs(nodes: Iterable[Node]) -> list[Input]:
    return [node for node in nodes if isinstance(node, Input)]


def _is_mixed(layer: Layer) -> bool:
    """Whether the units of an output depend on one another's sums, as those of a softmax do."""
    assert layer.sum is not None
    names = {layer.sum: "z", layer.output: "a"}
    pieces = Intermediates(Graph((), (layer.output,), names), names, (layer.sum, layer.output))
    return layer.output is not layer.sum and None in Local(pieces, layer.output, layer.sum).ties


def _numbered(layers: Iterable[Layer], base: str) -> dict[Node, str]:
    """base⁽ˡ⁾ for the sum of each layer l; with a subscript where several have one number, or it is one unit."""
    found: dict[Node, str] = {}
    by_rank: dict[int, list[Node]] = {}
    single = set()
    for layer in layers:
        assert layer.sum is not None
        by_rank.setdefault(layer.rank, []).append(layer.sum)
        if layer.axis is None:
            single.add(layer.rank)
    for rank, nodes in by_rank.items():
        for k, node in enumerate(nodes, 1):
            found[node] = f"{base}^{rank + 1}" + (f"_{k}" if len(nodes) > 1 or rank in single else "")
    return found


def _names(subject: Subject, layers: Iterable[Layer]) -> dict[Node, str]:
    """The reader's names, without those that were made up for him, and with z⁽ˡ⁾ and a⁽ˡ⁾ where he has none."""
    layers = list(layers)
    names = {node: name for node, name in subject.names.items() if node not in subject.made}
    names.setdefault(subject.loss, "E")
    for z, name in _numbered(layers, "z").items():
        names.setdefault(z, name)
    for layer in layers:
        assert layer.sum is not None
        if layer.output not in names:
            names[layer.output] = _numbered(layers, "a")[layer.sum]
    return names

"""How the single units of a layered network are wired: what paths and multiplications are counted on."""

from __future__ import annotations

from ...ir.build import scalar_value
from ...ir.dims import Sizes
from ...ir.node import Node
from ..pictures.network import Layer
from .layers import Layered
from .paths import Bundle, Feed, Wiring


def wiring(found: Layered, sizes: Sizes) -> Wiring:
    """The arrows between single units, for one sample; a row for each place, in their order."""
    row = {place: n for n, place in enumerate(found.places)}
    bundles = [
        Bundle(row[u], row[v], not _keeps_units(found, v, u), v is not found.loss and not _is_one(found, v, u))
        for v in found.places
        for u in dict.fromkeys(found.pieces.operands[v])
        if u in row
    ]
    feeds = [feed for place in found.sums for feed in _feeds(found, place, row[place], sizes)]
    return Wiring(tuple(_width(found, place, sizes) for place in found.places), tuple(bundles), tuple(feeds))


def ways(found: Layered, w: Node, sizes: Sizes) -> int:
    """The number of paths from one entry of something to the loss, through single units, for one sample."""
    row = {place: n for n, place in enumerate(found.places)}
    onward = wiring(found, sizes).ways
    if w in row:
        return onward[row[w]]
    fans = [(user, 1 if _keeps_units(found, user, w) else _width(found, user, sizes)) for user in found.users(w)]
    return sum(fan * onward[row[user]] for user, fan in fans)


def mixes_samples(found: Layered) -> bool:
    """Whether what one sample's units come to depends on another sample."""
    return any(
        tie is None and axis != found.axis(u)
        for v in found.places
        for u in found.pieces.operands[v]
        if v is not found.loss and u.args
        for axis, tie in enumerate(found.local(v, u).ties)
    )


def widths_of(found: Layered, sizes: Sizes) -> list[int]:
    """The number of units side by side in each column of the network, inputs first."""
    by_rank: dict[int, int] = {}
    for layer in found.network.layers:
        by_rank[layer.rank] = by_rank.get(layer.rank, 0) + _units(layer, sizes)
    return [by_rank[rank] for rank in sorted(by_rank)]


def _width(found: Layered, place: Node, sizes: Sizes) -> int:
    axis = found.axis(place)
    return 1 if axis is None else sizes.extent(place.shape[axis])


def _keeps_units(found: Layered, v: Node, u: Node) -> bool:
    """Whether an entry of u is in one unit of v alone, that at its own place."""
    axis = found.axis(v)
    return axis is not None and axis in found.local(v, u).ties


def _is_one(found: Layered, v: Node, u: Node) -> bool:
    return scalar_value(found.local(v, u).in_stand_ins) == 1


def _feeds(found: Layered, place: Node, row: int, sizes: Sizes) -> list[Feed]:
    """The weights that lead to a sum, one from each unit of the layers before it, and its biases."""
    layer = found.sums[place]
    target = found.network.layers.index(layer)
    links = [link for link in found.network.links if link.target == target and link.weight is not None]
    weights = sum(_units(found.network.layers[link.source], sizes) for link in links)
    return [Feed(row, weights)] * bool(weights) + [Feed(row, 1, costs=False) for _ in layer.biases]


def _units(layer: Layer, sizes: Sizes) -> int:
    return 1 if layer.axis is None else sizes.extent(layer.output.shape[layer.axis])

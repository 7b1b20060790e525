"""The chain rule along the paths from one weight to the loss, before anything is stored: one long product for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise

from ...ir.dims import Dim, Sizes
from ...ir.node import Node, Subscripts
from ...ir.telling import Block, Chain, Math, Name, Paragraph, Piece, Section, Sentence, Step, Table
from ..components.differentiate import derivative
from ..substitution.local import Local
from ..substitution.products import Factor, product
from .layers import Layered
from .paths import number_of_routes, routes
from .wiring import mixes_samples, ways

MOST = 8
"""How many paths are printed; all are counted."""


def section(found: Layered, sizes: Sizes) -> Section:
    """The paths of the first thing that was asked for, and the product along each."""
    w = next(iter(found.subject.gradients))
    if not found.users(w) and w is not found.loss:
        none = Paragraph((Name(found.name_of(w)), " does not reach ", Name(found.name_of(found.loss)), "."))
        return Section(_title(found, w), (none,))
    total = number_of_routes(w, found.loss, found.users)
    shown = [_Route(found, route) for route in islice(routes(w, found.loss, found.users), MOST)]
    blocks: list[Block] = [_counted(found, w, total, shown, sizes)]
    if total > 1:
        blocks.append(_listed(found, shown, total))
    if total <= MOST:
        blocks += _products(found, w, shown)
    else:
        blocks += _first(found, shown[0], total)
    return Section(_title(found, w), tuple(blocks))


def _title(found: Layered, w: Node) -> str:
    return "The path of one weight" if w in set(found.parameters) else f"The path of {found.name_of(w)}"


@dataclass(frozen=True, eq=False)
class _Link:
    """One factor: the slope of v by u, the indices of v's axes and of u's; of the loss, the whole derivative by u."""

    found: Layered
    local: Local
    v: Subscripts
    u: Subscripts

    @property
    def symbol(self) -> Factor:
        """Not worked out."""
        return self.local.with_all_axes, (*self.v, *self.u)

    @property
    def value(self) -> Factor:
        """Worked out, in stand-ins."""
        if self.local.v is self.found.loss:
            return self.found.slope_of_loss(self.local.u), self.u
        return self.local.in_stand_ins, (*self.v, *(self.u[axis] for axis in self.local.free))


class _Route:
    """A path, from what was asked for to the loss, with its factors from the loss inwards."""

    def __init__(self, found: Layered, nodes: Sequence[Node]) -> None:
        self.found, self.nodes = found, nodes
        fresh = count(len(nodes[0].shape))
        indices: Subscripts = tuple(range(len(nodes[0].shape)))
        self.links: list[_Link] = []
        for u, v in pairwise(nodes):
            local = found.local(v, u)
            tied = {tie: axis for axis, tie in enumerate(local.ties) if tie is not None}
            own = tuple(indices[tied[axis]] if axis in tied else next(fresh) for axis in range(len(v.shape)))
            self.links.insert(0, _Link(found, local, own, indices))
            indices = own

    @property
    def symbols(self) -> Node:
        """The product of slopes, none worked out."""
        return product([link.symbol for link in self.links], self.nodes[0].shape)

    @property
    def values(self) -> Node:
        """The product with every slope put in."""
        return self.found.pieces.real(product([link.value for link in self.links], self.nodes[0].shape))

    def arrows(self) -> list[Piece]:
        """``w1 → z1 → a1 → E``."""
        pieces: list[Piece] = []
        for node in self.nodes:
            pieces += [" → "] if pieces else []
            pieces.append(Name(self.found.name_of(node)))
        return pieces


def _counted(found: Layered, w: Node, total: int, shown: Sequence[_Route], sizes: Sizes) -> Paragraph:
    """How many paths there are: through the places, and through single units."""
    name, loss = Name(found.name_of(w)), Name(found.name_of(found.loss))
    start: list[Piece]
    if total == 1:
        start = ["A change of ", name, " reaches ", loss, " by one path: ", *shown[0].arrows(), "."]
    else:
        start = ["A change of ", name, " reaches ", loss, f" by {total:,} paths."]
    if mixes_samples(found) or (not w.shape and all(not node.shape for node in found.places)):
        return Paragraph(tuple(start))
    units = ways(found, w, sizes)
    where = known(found, sizes)
    samples = found.has_samples
    more: list[Piece] = [
        f" Through single units that is {_paths(units)} for one entry of ", name, " and one sample" * samples, where,
        ". An index that stands on the right of the equals sign alone is summed over: the units of later layers"
        + ", and the samples." * samples + "." * (not samples),
    ]  # fmt: skip
    return Paragraph((*start, *more))


def known(found: Layered, sizes: Sizes) -> str:
    """`` (with d = 2, m = 4)``: the lengths of the named dimensions that units lie along."""
    layers = found.network.layers
    extents = [layer.output.shape[layer.axis] for layer in layers if layer.axis is not None]
    named = dict.fromkeys(extent for extent in extents if isinstance(extent, Dim))
    text = ", ".join(f"{dim} = {sizes[dim]}" for dim in named)
    return f" (with {text})" if text else ""


def _paths(number: int) -> str:
    return "1 path" if number == 1 else f"{number:,} paths"


def _listed(found: Layered, shown: Sequence[_Route], total: int) -> Table:
    """The paths that are printed, and how many more there are."""
    rows: list[tuple[Sentence, ...]] = [((str(k),), tuple(route.arrows())) for k, route in enumerate(shown, 1)]
    if total > len(shown):
        rows.append((("…",), (f"and {total - len(shown):,} more",)))
    return Table((("path",), ("",)), tuple(rows))


def _products(found: Layered, w: Node, shown: Sequence[_Route]) -> list[Block]:
    """The sum over all paths, its factors one by one, and the sum with all of them put in."""
    where = found.name_of(found.loss)
    whole = derivative(found.loss, w)
    unworked, worked = _sum([r.symbols for r in shown]), _sum([r.values for r in shown])
    why = "along a path the slopes are multiplied" + ("; the paths are added" if len(shown) > 1 else "")
    # The errors have no names yet: ∂E/∂z stands here as what it is.
    chain = Step(whole, unworked, "chain rule", why, where, opened=found.errors)
    put_in = Step(whole, worked, "put in", "each slope as in the table", where)
    return [Chain((chain,), "components", w), _factors(found, shown), Chain((put_in,), "components", w)]


def _first(found: Layered, route: _Route, total: int) -> list[Block]:
    """The product along the first of many paths."""
    name, loss = Name(found.name_of(route.nodes[0])), Name(found.name_of(found.loss))
    text: Sentence = (
        "Along the first of them the slopes multiply to ", Math(route.symbols, "components", found.errors), ", and ∂",
        loss, "/∂", name, f" is the sum of {total:,} such products.",
    )  # fmt: skip
    return [Paragraph(text), _factors(found, [route])]


def _factors(found: Layered, shown: Sequence[_Route]) -> Table:
    """Every slope that stands in the products, once; a reason is given where it is met first."""
    links = {(link.local.v, link.local.u): link for route in shown for link in route.links}
    rows: list[tuple[Sentence, ...]] = []
    claims: list[Step] = []
    told: set[str] = set()
    for (v, u), link in links.items():
        value = link.value[0]
        symbol = link.local.with_all_axes if v is found.loss else link.local.symbol
        why = found.why(v, u)
        claims.append(Step(symbol, found.pieces.real(value), "local derivative", why, found.name_of(v)))
        real = found.pieces.real(value)
        # A name that stands alone has its indices where a stand-in of this name is shown in its place.
        shown_as = Math(value, "components", names={}) if real in found.names else Math(real, "components")
        rows.append(((Math(symbol, "components", found.errors),), (shown_as,), ("" if why in told else why,)))
        told.add(why)
    return Table((("slope",), ("is",), ("why",)), tuple(rows), tuple(claims))


def _sum(terms: Sequence[Node]) -> Node:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total

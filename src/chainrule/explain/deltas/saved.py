"""What it saves to store the errors: multiplications counted on the network, and on others as depth and width grow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...ir.dims import Sizes
from ...ir.node import Const
from ...ir.picture import Axis, Curve, Plot
from ...ir.telling import Block, Drawing, Math, Name, Paragraph, Piece, Section, Sentence, Table
from .layers import Layered
from .path import known
from .paths import Cost, layers
from .wiring import mixes_samples, widths_of, wiring

DEPTHS, WIDTHS = (1, 2, 3, 4, 6, 8, 10, 12), (1, 2, 4, 8, 16, 32, 64, 128)

_IN_FULL = 10**9


def section(found: Layered, sizes: Sizes) -> Section:
    """The rule of counting, the count layer by layer, and networks that are deeper or wider."""
    title = "What memorising saved"
    if mixes_samples(found):
        text = "Here units of one sample lead to those of another, so that paths are not counted sample by sample."
        return Section(title, (Paragraph((text,)),))
    return Section(title, (_rule(found), _count(found, sizes), *_growth(found, sizes)))


def _rule(found: Layered) -> Paragraph:
    loss = Name(found.name_of(found.loss))
    pieces: list[Piece] = [
        "Count multiplications, the slopes being given. Draw an arrow for each slope: from a weight to the sum it "
        "stands in, from a sum ", Name("z"), " to its ", Name("a"), ", from an ", Name("a"), " along a weight to a "
        "sum of the next layer, from the output to ", loss, ". A path with ", Name("n"), " arrows is a product of ",
        Name("n"), " slopes: ", Name("n"), " − 1 multiplications, one for each arrow but the last. With each path "
        "of each weight worked out by itself, an arrow is paid for every time a path goes along it; with the errors "
        "stored, once. ",
        "(A slope that is 1, as a bias has it, is no factor, and additions are not counted.)",
    ]  # fmt: skip
    return Paragraph(tuple(pieces))


def _count(found: Layered, sizes: Sizes) -> Table:
    """A row for each layer, from the output backwards, and one for all."""
    counted = wiring(found, sizes)
    by_layer: dict[int, Cost] = {}
    for place, cost in zip(found.places, counted.costs, strict=True):
        if place in found.sums or place in found.outputs:
            layer = found.layer_of(place)
            by_layer[layer] = by_layer.get(layer, Cost()) + cost
    rows = [_row(str(layer), by_layer[layer]) for layer in sorted(by_layer, reverse=True)]
    rows.append(_row("all", counted.total))
    head: tuple[Sentence, ...] = (
        ("layer",), ("weights",), ("paths",), ("each path by itself",), ("errors stored",), ("of these for δ",)
    )  # fmt: skip
    samples = "for one sample" if any(place.shape for place in found.places) else ""
    caption = ", ".join(part for part in ("Multiplications", samples) if part)
    return Table(head, tuple(rows), caption=(f"{caption}{known(found, sizes)}:",))


def _row(name: str, cost: Cost) -> tuple[Sentence, ...]:
    numbers = (cost.weights, cost.paths, cost.apart, cost.stored, cost.errors)
    return ((name,), *map(_number, numbers))


def _number(number: int) -> Sentence:
    """In full, or three digits of it and a power of ten."""
    if number < _IN_FULL:
        return (f"{number:,}",)
    digits, _, exponent = f"{number:.2e}".partition("e")
    return ("≈ ", Math(Const.of(float(digits)) * Const.of(10.0) ** Const.of(float(exponent))))


def _growth(found: Layered, sizes: Sizes) -> list[Block]:
    """Networks with the same inputs and outputs: more hidden layers, wider ones; as tables and drawn."""
    widths = widths_of(found, sizes)
    ends, hidden = (widths[0], widths[-1]), widths[1:-1]
    width, depth = max(hidden, default=2), max(len(hidden), 1)
    same = f"with {_many(ends[0], 'input')} and {_many(ends[1], 'output')}, each sum under an activation"
    each = "the hidden layer" if depth == 1 else f"each of {depth} hidden layers"
    deeper = [(n, layers((ends[0], *[width] * n, ends[1])).total) for n in DEPTHS]
    wider = [(w, layers((ends[0], *[w] * depth, ends[1])).total) for w in WIDTHS]
    return [
        *_grown("hidden layers", f"More hidden layers of {_many(width, 'unit')}, {same}", deeper, 0),
        *_grown("units", f"More units in {each}, {same}", wider, 2),
    ]


def _grown(what: str, title: str, counts: Sequence[tuple[int, Cost]], base: int) -> list[Block]:
    """A table of both counts, and their curves over powers of ten; ``base`` is that of the axis that grows."""
    rows = [((str(n),), _number(cost.apart), _number(cost.stored)) for n, cost in counts]
    table = Table(((what,), ("each path by itself",), ("errors stored",)), tuple(rows), caption=(f"{title}:",))
    places = [math.log(n, base) if base else float(n) for n, _ in counts]
    apart = [math.log10(cost.apart) for _, cost in counts]
    stored = [math.log10(cost.stored) for _, cost in counts]
    top = math.ceil(max(apart))
    curves = (
        Curve("function", tuple(zip(places, apart, strict=True)), ("each path by itself",)),
        Curve("tangent", tuple(zip(places, stored, strict=True)), ("errors stored",)),
    )
    n, cost = counts[-1]
    alt = (
        f"{title}: the multiplications on an axis of powers of ten. With {n} {what} each path by itself takes "
        f"{_rounded(cost.apart)}, and with the errors stored it is {_rounded(cost.stored)}."
    )
    plot = Plot(
        title, alt,
        Axis((what,), places[0], places[-1], tuple(places), base),
        Axis(("multiplications",), 0.0, float(top), tuple(map(float, range(0, top, 1 + top // 8))), 10), curves,
    )  # fmt: skip
    return [table, Drawing(plot, alt)]


def _rounded(number: int) -> str:
    """In words that can be read out."""
    return f"{number:,}" if number < _IN_FULL else f"about 10 to the power {len(str(number)) - 1}"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")

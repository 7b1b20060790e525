"""What it saves to store the errors: multiplications counted on the network, and on others as depth and width grow."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.dims import Sizes
from ..ir.telling import Block, Name, Paragraph, Piece, Section, Sentence, Table
from .deltas_layers import Layered, widths_of
from .deltas_path import known
from .paths import Cost, Wiring, layers

DEPTHS, WIDTHS = (1, 2, 3, 4, 6, 8, 10, 12), (1, 2, 4, 8, 16, 32, 64, 128)


def section(found: Layered, sizes: Sizes) -> Section:
    """The rule of counting, the count layer by layer, and networks that are deeper or wider."""
    wiring = found.wiring(sizes)
    return Section("What memorising saved", (_rule(found), _count(found, wiring, sizes), *_growth(found, sizes)))


def _rule(found: Layered) -> Paragraph:
    loss = Name(found.name_of(found.loss))
    pieces: list[Piece] = [
        "Count multiplications, the slopes being given. Draw an arrow for each slope: from a weight to the sum it "
        "stands in, from a sum ", Name("z"), " to its ", Name("a"), ", from an ", Name("a"), " along a weight to a sum of the "
        "next layer, from the output to ", loss, ". A path with ", Name("n"), " arrows is a product of ", Name("n"),
        " slopes: ", Name("n"), " − 1 multiplications, one for each arrow but the last. With each path of each weight "
        "worked out by itself, an arrow is paid for every time a path goes along it; with the errors stored, once. ",
        "(A slope that is 1, as a bias has it, is no factor, and additions are not counted.)",
    ]  # fmt: skip
    return Paragraph(tuple(pieces))


def _count(found: Layered, wiring: Wiring, sizes: Sizes) -> Table:
    """A row for each layer, from the output backwards, and one for all."""
    by_layer: dict[int, Cost] = {}
    for place, cost in zip(found.places, wiring.costs, strict=True):
        if place in found.sums or place in found.outputs:
            layer = found.layer_of(place)
            by_layer[layer] = by_layer.get(layer, Cost()) + cost
    rows = [_row(str(layer), by_layer[layer]) for layer in sorted(by_layer, reverse=True)]
    rows.append(_row("all", wiring.total))
    head: tuple[Sentence, ...] = (
        ("layer",), ("weights",), ("paths",), ("each path by itself",), ("errors stored",), ("of these for δ",)
    )  # fmt: skip
    samples = "for one sample" if any(place.shape for place in found.places) else ""
    caption = ", ".join(part for part in ("Multiplications", samples) if part)
    return Table(head, tuple(rows), caption=(f"{caption}{known(found, sizes)}:",))


def _row(name: str, cost: Cost) -> tuple[Sentence, ...]:
    numbers = (cost.weights, cost.paths, cost.apart, cost.stored, cost.errors)
    return ((name,), *((f"{number:,}",) for number in numbers))


def _growth(found: Layered, sizes: Sizes) -> list[Block]:
    """Networks with the same inputs and outputs: more hidden layers, wider ones."""
    widths = widths_of(found, sizes)
    ends, hidden = (widths[0], widths[-1]), widths[1:-1]
    width, depth = max(hidden, default=2), max(len(hidden), 1)
    deeper = [(str(n), layers((ends[0], *[width] * n, ends[1])).total) for n in DEPTHS]
    wider = [(str(w), layers((ends[0], *[w] * depth, ends[1])).total) for w in WIDTHS]
    same = f"with {_many(ends[0], 'input')} and {_many(ends[1], 'output')}"
    return [
        _grown("hidden layers", f"More hidden layers of {_many(width, 'unit')}, {same}:", deeper),
        _grown("units", f"More units in {'the' if depth == 1 else f'each of {depth}'} hidden layer{'s' * (depth > 1)}, {same}:", wider),
    ]


def _grown(what: str, caption: str, counts: Sequence[tuple[str, Cost]]) -> Table:
    rows = [((name,), (f"{cost.apart:,}",), (f"{cost.stored:,}",)) for name, cost in counts]
    return Table(((what,), ("each path by itself",), ("errors stored",)), tuple(rows), caption=(caption,))


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")

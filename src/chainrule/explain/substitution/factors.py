"""The factors of the chain: the derivative of each intermediate by each that it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import rebuild
from ...ir.node import Map, Node
from ...ir.registry import call
from ...ir.telling import Block, Chain, Math, Paragraph, Section, Sentence, Step, Table
from .local import Local
from .program import Program

_TIED: Sentence = (
    "An entry by an entry. An index that both have, of a sample or a unit, is the same in both: the derivative by an "
    "entry of another sample or unit is 0, and is left out.",
)


_CASE: Sentence = ("A condition in square brackets is 1 where it holds, and 0 elsewhere.",)
_CASES: Sentence = (
    *_CASE, " It has indices: the case is another one for every sample and every unit, and so the distinction stays "
    "inside the sums over them.",
)  # fmt: skip


def factors(program: Program, most: int) -> list[Section]:
    """A table of all of them; and how those of products come about, index by index, for the first few."""
    local = list(_locals(program))
    rows: list[tuple[Sentence, ...]] = []
    claims: list[Step] = []
    for factor in local:
        row, stated = _row(factor)
        rows.append(row)
        claims += stated
    head: tuple[Sentence, ...] = (("derivative",), ("of",), ("is",), ("why",))
    indexed = any(factor.v.shape or factor.u.shape for factor in local)
    blocks: list[Block] = [*([Paragraph(_TIED)] if indexed else []), Table(head, tuple(rows), tuple(claims))]
    if any(as_cases(factor.in_stand_ins) is not factor.in_stand_ins for factor in local):
        blocks.append(Paragraph(_CASES if indexed else _CASE))
    sections = [Section("Each step by the one before", tuple(blocks))]
    products = [factor for factor in local if factor.is_product and factor.u.shape]
    if products:
        sections.append(_by_index(products, most))
    return sections


def _by_index(products: list[Local], most: int) -> Section:
    text: Sentence = (
        "In a sum of products the index that both factors share is summed, and a Kronecker delta picks one term of "
        "that sum. Its other index is what the chain sums over next, which is why a factor stands transposed in a "
        "product of arrays.",
    )  # fmt: skip
    chains: list[Block] = [Chain(tuple(factor.by_index()), "components") for factor in products[:most]]
    if len(products) > most:
        chains.append(Paragraph((f"The other {len(products) - most} go the same way.",)))
    return Section("The products, index by index", (Paragraph(text), *chains), folded=True)


def _locals(program: Program) -> Iterator[Local]:
    """From the loss inwards."""
    wanted = set(program.backwards)
    for v in reversed(program.pieces.order):
        for u in program.pieces.operands[v]:
            if u in wanted:
                yield Local(program.pieces, v, u)


def _row(factor: Local) -> tuple[tuple[Sentence, ...], list[Step]]:
    """One of them, and what its row states."""
    name = factor.pieces.names[factor.v]
    defined: Sentence = (
        Math(factor.pieces.stand_in(factor.v), "components"), " = ",
        Math(factor.v, "components", frozenset([factor.v])),
    )  # fmt: skip
    claims = [Step(factor.symbol, factor.value, "local derivative", factor.why, name)]
    value = factor.in_stand_ins
    found: Sentence = (Math(value, "components", frozenset([value])),)
    cases = as_cases(value)
    if cases is not value:
        found = (*found, " = ", Math(cases, "components"))
        real = factor.pieces.real(cases)
        claims.append(Step(factor.value, real, "notation", "1 where the condition holds, 0 elsewhere", name))
    return ((Math(factor.symbol, "components"),), defined, found, (factor.why,)), claims


def as_cases(node: Node) -> Node:
    """A truth value as a number, written as the distinction that it makes."""

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        if isinstance(node, Map) and node.op.name == "to_float" and args[0].kind == "bool":
            return call("where", args[0], 1.0, 0.0)  # type: ignore[no-any-return]
        return node.with_args(args)

    return rebuild([node], make, {})[0]

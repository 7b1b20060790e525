"""Expressions as NumPy statements, one below the other, for a text that tells of each: beside its formula, say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..ir.dims import Dim
from ..ir.graph import Graph
from ..ir.node import Input, Node
from ..lower import pairwise, schedule
from .numpy import Writer
from .numpy_names import identifier
from .numpy_preamble import preamble


@dataclass(frozen=True)
class Statements:
    """``definitions`` are what the statements call, imports and functions, ``head`` comes before the first line."""

    definitions: tuple[str, ...]
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def statements(given: Mapping[Node, str], lines: Sequence[tuple[str, Node]]) -> Statements:
    """Statements for each line, a name and an expression; the last of them assigns to the line's name.

    ``given`` are the arguments with their names. An expression uses what an earlier line worked out by an input of that
    name. Raises ChainruleError for an operation that has no spelling in NumPy.
    """
    taken: set[str] = set()
    arguments = {node: identifier(name, taken) for node, name in given.items()}
    dims = {dim: identifier(dim.name, taken) for dim in dict.fromkeys(_dims(given))}
    variables = [identifier(name, taken) for name, _ in lines]
    writer = Writer(dict(arguments), dims)
    written: list[tuple[str, ...]] = []
    for (name, node), variable in zip(lines, variables, strict=True):
        written.append(tuple(_statements(writer, node, variable, taken)))
        writer.variables[Input.of(name, node.shape, node.kind)] = variable
    head = preamble(writer, arguments, dims, [])
    imports = ("\n".join(sorted(writer.imports)),) if writer.imports else ()
    return Statements((*imports, *writer.helpers.values()), tuple(text for text, _ in head), tuple(written))


def _dims(given: Mapping[Node, str]) -> list[Dim]:
    return [extent for node in given for extent in node.shape if isinstance(extent, Dim)]


def _statements(writer: Writer, node: Node, variable: str, taken: set[str]) -> list[str]:
    """An expression's statement, after those for parts that are used twice or would make it too long."""
    (node,) = pairwise(Graph((), (node,))).outputs
    found = []
    # What was worked out for one line is not there for another: a reader would look for it in vain.
    own = dict(writer.variables)
    for line in schedule(Graph((), (node,)), reserved=frozenset(taken)):
        if line.node is node or line.node in writer.variables:
            continue
        taken.add(line.variable)
        found.append(f"{line.variable} = {writer.expression(line.node)[0]}")
        writer.variables[line.node] = line.variable
    text = writer.spell(node)[0] if isinstance(node, Input) else writer.expression(node)[0]
    writer.variables = own
    return [*found, f"{variable} = {text}"]

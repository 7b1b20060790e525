"""The derivatives of the loss by its intermediates, in pieces: each once, in terms of those behind it.

Nothing is put together across a name, as it is in the program that runs: a line here is one use of the chain rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...derive.reverse import reverse
from ...ir.build import broadcast, constant
from ...ir.dims import Extent, show_shape
from ...ir.errors import ChainruleError
from ...ir.graph import Graph, describe, substitute, toposort
from ...ir.node import Const, D, Einsum, Input, Node
from ...ir.registry import call
from ...ir.telling import Block, Code, Listing, Math, Name, Sentence, Step, Table
from ...simplify import simplify
from ..subject import Writer, Written
from .pieces import Intermediates
from .products import everywhere


@dataclass(frozen=True, eq=False)
class Program:
    """Lines for the intermediates, forwards, and for the derivatives of the loss by them and by what is asked for."""

    pieces: Intermediates
    asked: Sequence[Node]

    @cached_property
    def backwards(self) -> Sequence[Node]:
        """What the loss is differentiated by, from the loss inwards: what is on the way, then what is asked for."""
        wanted = {node for source in self.asked for node in (source, *self.pieces.behind(source))}
        on_the_way = [node for node in reversed(self.pieces.order) if node in wanted]
        rest = [node for node in self.asked if not node.args]
        return [node for node in (*on_the_way, *rest) if node is not self.pieces.loss]

    @cached_property
    def called(self) -> Mapping[Node, str]:
        """The name of each derivative, ``d_u4``; none is taken by anything else."""
        taken = {*self.pieces.names.values(), *(i.name for i in self.pieces.graph.inputs)}
        found: dict[Node, str] = {}
        for node in self.backwards:
            name = f"d_{self.pieces.name_of(node).replace('.', '_')}"
            while name in taken:
                name += "_"
            taken.add(name)
            found[node] = name
        return found

    @cached_property
    def lines(self) -> Mapping[Node, Node]:
        """The derivative by each, in stand-ins and in earlier lines; one that is the same everywhere as one number."""
        found: dict[Node, Node] = {}
        asked = set(self.asked)
        stored: dict[Node, Node] = {self.pieces.loss: constant(1, "float")}
        for node in self.backwards:
            line = self._line(node, stored)
            number = everywhere(line)
            found[node] = line if number is None or node in asked else number
            stored[node] = self.stored(node, found[node])
        return found

    @cached_property
    def formulas(self) -> Mapping[Node, Node]:
        """The derivative by each, in the function's own nodes and in derivatives of the loss by those behind it."""
        loss = self.pieces.loss
        behind: dict[Node, Node] = {loss: constant(1, "float")}
        meant = dict(self.pieces.stood_for)
        for node in self.backwards:
            behind[node] = Input.of(self.called[node], node.shape)
            meant[behind[node]] = D.make((loss, node), ())
        return {node: substitute([self._line(node, behind)], meant)[0] for node in self.backwards}

    def _line(self, node: Node, behind: Mapping[Node, Node]) -> Node:
        """What each use of a node hands back, added up, in stand-ins and in the derivatives ``behind`` it."""
        total: Node = broadcast(constant(0, "float"), node.shape)
        for user in self.pieces.users.get(node, ()):
            total = call("add", total, self._through(user, broadcast(behind[user], user.shape), node))
        return simplify(Graph((), (total,))).outputs[0]

    def _through(self, user: Node, behind: Node, node: Node) -> Node:
        """What one use of a node hands back to it, the derivative by the user being known."""
        body, operand = self.pieces.body(user), self.pieces.stand_in(node)
        part = reverse({body: behind}, [operand]).get(operand)
        return substitute([part], {body: self.pieces.stand_in(user)})[0]

    def stored(self, node: Node, line: Node) -> Node:
        """The input that stands for a derivative in the lines that use it."""
        return Input.of(self.called[node], line.shape)

    @cached_property
    def gradients(self) -> Mapping[Node, Node]:
        """The derivative by each, in the function's own nodes."""
        found: dict[Node, Node] = {}
        known = dict(self.pieces.stood_for)
        for node, line in self.lines.items():
            (real,) = substitute([line], known)
            known[self.stored(node, line)] = real
            found[node] = broadcast(real, node.shape)
        return found

    # ------------------------------------------------------------------------------------------ as a table

    def blocks(self, writer: Writer | None) -> list[Block]:
        """Each line's formula, beside it the Python that computes it; what that calls stands in front."""
        written = self._written(writer)
        head: tuple[Sentence, ...] = (("formula",), ("Python",), ("shape",))
        rows: list[tuple[Sentence, ...]] = []
        if written is not None:
            rows += [(("",), (Code(text),), ("",)) for text in written.head]
        lines = [(self._forwards(node), show_shape(node.shape)) for node in self.forward]
        lines += [(self._backwards(node), self._shape(node)) for node in self.lines]
        for k, (formula, shape) in enumerate(lines):
            statements = () if written is None else written.lines[k]
            rows += [(("",), (Code(text),), ("",)) for text in statements[:-1]]
            code: Sentence = (Code(statements[-1]),) if statements else ("",)
            rows.append((formula, code, (shape,)))
        table = Table(head, tuple(rows), tuple(self._claims()))
        return [*([Listing("\n\n".join(written.definitions))] if written and written.definitions else []), table]

    def _shape(self, node: Node) -> str:
        """The shape of a derivative; its line may hold one number for all its entries."""
        alike = node.shape and self.lines[node].shape == ()
        return show_shape(node.shape) + (", all alike" if alike else "")

    def _written(self, writer: Writer | None) -> Written | None:
        """The program's text; None where an operation has no spelling in NumPy."""
        pieces = self.pieces
        given: dict[Node, str] = {node: pieces.name_of(node) for node in pieces.graph.inputs}
        given |= {node: name for node, name in pieces.names.items() if isinstance(node, Const)}
        forward = [(pieces.names[node], pieces.body(node)) for node in self.forward]
        try:
            back = [(self.called[node], line) for node, line in self.lines.items()]
            return None if writer is None else writer(given, [*forward, *back])
        except ChainruleError:
            return None

    @cached_property
    def forward(self) -> Sequence[Node]:
        """Every named value that is worked out, operands before what uses them."""
        return [node for node in toposort([self.pieces.loss]) if node in self.pieces.stand_ins]

    def _forwards(self, node: Node) -> Sentence:
        return (Name(self.pieces.names[node]), " = ", Math(node, opened=frozenset([node])))

    def _backwards(self, node: Node) -> Sentence:
        symbol = D.make((self.pieces.loss, node), ())
        return (Math(symbol), " = ", Math(self.formulas[node]))

    def _claims(self) -> list[Step]:
        """Each formula, and that the program's line is it."""
        found = []
        for node, formula in self.formulas.items():
            name, symbol = self.pieces.name_of(node), D.make((self.pieces.loss, node), ())
            why = "how the loss changes with what is behind it, times how that changes with it"
            found.append(Step(symbol, formula, "chain rule", why, name))
            found.append(Step(formula, self.gradients[node], "stored", "what is behind it was worked out before", name))
        return found


def matrix_reason(program: Program, node: Node) -> str:
    """Why the factors of a derivative stand as they do, as arrays: from the axis that the sum runs over."""
    line = program.lines[node]
    if not any(n.shape for n in toposort([line])):
        return "as it runs"
    if not isinstance(line, Einsum) or not line.summed or len(line.args) > 2:
        return "the same entries, written as arrays"
    over = _listed([line.extents[index] for index in line.summed])
    if len(line.args) == 1:
        return f"{program.pieces.name_of(node)} is the same for all {over}: what each of them hands back is added"
    loss = program.pieces.name_of(program.pieces.loss)
    names: dict[Node, str] = {
        program.stored(n, program.lines[n]): f"∂{loss}/∂{program.pieces.name_of(n)}" for n in program.lines
    }
    turned = []
    for usual, arg, sub in zip((-1, 0), line.args, line.subs, strict=True):
        if len(sub) == 2 and len(line.summed) == 1 and sub[usual] not in line.summed:
            axis = "first" if usual else "last"
            name = names.get(arg) or describe(arg)
            turned.append(f"it runs along the {axis} axis of {name}, which therefore stands transposed")
    return "; ".join([f"the sum over {over} is a product of matrices", *turned])


def _listed(extents: Sequence[Extent]) -> str:
    """Dimensions in words; those of length one are not worth any."""
    names = [str(extent) for extent in extents if extent != 1] or ["1"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

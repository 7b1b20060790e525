"""What a derivation in components says beside its lines: the table of δ, and why an elementwise function makes a ⊙."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...ir.graph import depends_on, substitute, toposort
from ...ir.node import Const, Delta, Input, Map, Node
from ...ir.telling import Block, Chain, Indices, Math, Name, Paragraph, Section, Sentence, Step, Table, Term
from ..subject import Subject
from .differentiate import Differentiation, derivative
from .indexed import Factor, single
from .lines import Line, Lines


def delta_table(lines: Sequence[Lines]) -> Section | None:
    """Kronecker's delta as a small table of zeros and ones; None where no derivation has one."""
    factor = next((factor for one in lines for factor in one.deltas), None)
    if factor is None:
        return None
    assert isinstance(factor.base, Delta)
    symbol = Math(factor.base, "components", indices=Indices(factor.subs))
    told: Sentence = (
        symbol, " is ", Term("Kronecker's delta", "kronecker delta"), ": 1 where both indices are the same, 0 where "
        "they differ. For indices from 1 to 3, the first downwards, the second across:",
    )  # fmt: skip
    ones = np.eye(3)
    claim = Step(Delta.of(3), Const.of(ones), "Kronecker delta", "1 where the indices agree, 0 elsewhere")
    rows = tuple(((str(k + 1),), *((f"{value:g}",) for value in row)) for k, row in enumerate(ones))
    head = (("",), *((str(k + 1),) for k in range(3)))
    return Section("Kronecker's delta", (Paragraph(told), Table(head, rows, (claim,))), folded=True)


def diagonal(subject: Subject, names: Mapping[Node, str], lines: Lines) -> Section | None:
    """The Jacobian of an elementwise function has a diagonal alone, so multiplying by it is ⊙; None without one."""
    varying = depends_on([subject.loss], subject.gradients)
    found = next((n for n in subject.graph.nodes() if n in varying and _is_elementwise(n, names)), None)
    if found is None:
        return None
    a, z = found, found.args[0]
    allocator = lines.rules.allocator
    by = allocator.fresh(*z.shape)
    own = Lines(Differentiation(z, names, allocator), by)
    result = own.work_out(a, allocator.fresh(*a.shape))
    name_a, name_z = names[a], names.get(z) or subject.name_of(z)
    blocks: list[Block] = [
        Paragraph((Name(name_a), " is made entry by entry: an entry of it changes with one entry of ", Name(name_z),
                   " alone.")),
        Chain(result.steps, "components", z),
        Paragraph(("All of it is zero but for the diagonal, where the indices of ", Name(name_a), " and of ",
                   Name(name_z), " agree. To multiply by such a Jacobian is to multiply ",
                   Term("entry by entry", "elementwise or matrix product"), ", with ⊙: the deltas leave no sum for a "
                   "product of matrices, @, to run over.")),
    ]  # fmt: skip
    if only_through(subject.loss, z, [a]):
        line = Line(allocator, subject.name_of(subject.loss), derivative(subject.loss, z), by)
        behind = Factor(derivative(subject.loss, a), result.axes)
        local = Factor(derivative(a, z), (*result.axes, *by))
        why = f"every entry of {name_a} is asked how it changes with {name_z}"
        line.step(single(behind, local, summed=result.axes), "chain rule", why)
        line.step(single(behind, Factor(result.value), summed=result.axes), "put in", "the Jacobian from above")
        line.contract()
        blocks.append(Chain(tuple(line.steps), "components", z))
    return Section("Why ⊙, and not a product of matrices", tuple(blocks), folded=True)


def _is_elementwise(node: Node, names: Mapping[Node, str]) -> bool:
    """Whether it is a named function of one named array, entry by entry, that is more than arithmetic."""
    if not isinstance(node, Map) or len(node.args) != 1 or node not in names or not node.shape:
        return False
    arithmetic = node.op.name == "neg" or node.op.converts
    return not arithmetic and (node.args[0] in names or isinstance(node.args[0], Input))


def only_through(f: Node, x: Node, gates: Sequence[Node]) -> bool:
    """Whether x reaches f through these alone."""
    closed = {gate: Input.of(f"gate.{k}", gate.shape, gate.kind) for k, gate in enumerate(gates)}
    return x not in set(toposort(substitute([f], closed)))

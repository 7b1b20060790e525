"""Why the gradient by a shared array (a bias) is a sum over the samples: with two samples, every use written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...ir.dims import Dim
from ...ir.errors import DerivativeError
from ...ir.graph import depends_on, substitute, toposort
from ...ir.node import Einsum, Input, Map, Node, Reshape
from ...ir.registry import call
from ...ir.telling import Block, Chain, Name, Paragraph, Section, Term
from ..subject import Subject
from .asides import only_through
from .differentiate import Differentiation, derivative
from .indexed import Factor, Sum, single
from .indexed import Term as Product
from .lines import Line, Lines
from .rows import SAMPLES, TwoSamples


@dataclass(frozen=True, eq=False)
class Sharing:
    """An array ``b`` that every sample uses, and the named array ``z`` of one row a sample that it goes into."""

    b: Node
    z: Node
    dim: Dim


def sharing(subject: Subject, names: Mapping[Node, str], lines: Lines) -> tuple[Section, Mapping[Node, str]] | None:
    """The section for one thing asked for, and the names of what it writes out; None where it is not shared."""
    found = _shared(subject, names, lines.rules.w)
    if found is None:
        return None
    try:
        told = _Told(subject, names, found, lines)
        return told.section(), told.names
    except DerivativeError:
        # The samples cannot be told apart: an array holds all by all of them.
        return None


def _shared(subject: Subject, names: Mapping[Node, str], b: Node) -> Sharing | None:
    """Where b is spread along a named dimension, once, and ends in a named array entry by entry."""
    order = toposort([subject.loss])
    spread = [n for n in order if isinstance(n, Einsum) and n.is_layout and n not in names and _inside(n, names) is b]
    spread = [n for n in spread if any(isinstance(e, Dim) and e not in b.shape for e in n.shape)]
    if not spread or not isinstance(b, Input):
        return None
    node: Node = spread[0]
    dims = [e for e in node.shape if isinstance(e, Dim) and e not in b.shape]
    while node not in names:
        users = [n for n in order if any(arg is node for arg in n.args)]
        if len(users) != 1 or not isinstance(users[0], Map):
            return None
        (node,) = users
    if len(dims) != 1 or node is subject.loss or not only_through(subject.loss, b, [node]):
        return None
    return Sharing(b, node, dims[0])


def _inside(node: Node, names: Mapping[Node, str]) -> Node:
    while node not in names and (isinstance(node, Reshape) or (isinstance(node, Einsum) and node.is_layout)):
        node = node.args[0]
    return node


class _Told:
    """The section's blocks."""

    def __init__(self, subject: Subject, names: Mapping[Node, str], found: Sharing, lines: Lines) -> None:
        self.subject = subject
        self.found = found
        self.allocator = lines.rules.allocator
        two = TwoSamples(found.dim, names)
        self.parts = [two.part(found.z, k) for k in range(SAMPLES)]
        axis = found.z.shape.index(found.dim)
        together = call("stack", self.parts, axis=axis)
        (self.loss,) = substitute([two.whole(subject.loss)], {two.whole(found.z): together})
        self.data = self._data(two)
        self.names: dict[Node, str] = {**two.names, self.loss: subject.name_of(subject.loss)}
        self.all_names = {**self.names, **names}

    def _data(self, two: TwoSamples) -> tuple[Node, str] | None:
        """The first sample of an input that is not shared, and goes into the first part alone."""
        for node in self.subject.graph.inputs:
            if node.kind == "float" and node.shape.count(self.found.dim) == 1 and len(node.shape) > 1:
                part = two.part(node, 0)
                if part in depends_on([self.parts[0]], [part]) and self._goes_into(part):
                    return part, node.name
        return None

    def _goes_into(self, part: Node) -> bool:
        below = set(toposort([self.parts[0]]))
        return part in below and only_through(self.loss, part, self.parts[:1])

    def section(self) -> Section:
        """The bias' gradient with two samples, beside that by a sample's own data; then for any number."""
        b, dim = self.subject.name_of(self.found.b), self.found.dim
        z = self.all_names.get(self.found.z, "")
        blocks: list[Block] = [
            Paragraph((f"Take {dim} = 2: ", Name(f"{z}_1"), " and ", Name(f"{z}_2"), " belong to the two samples, "
                       "and the ", Term("same", "why sum"), " ", Name(b), " goes into both:")),
            self._chain(self.found.b, self.parts, f"{b} changes {z}_1 and {z}_2, and both change the loss"),
        ]  # fmt: skip
        if self.data is not None:
            part, name = self.data
            blocks += [
                Paragraph(("Beside it ", Name(f"{name}_1"), ", which is not shared: it goes into ", Name(f"{z}_1"),
                           " alone, so no sum over the samples arises:")),
                self._chain(part, self.parts[:1], f"{name}_1 changes {z}_1 alone"),
            ]  # fmt: skip
        blocks += [
            Paragraph((f"For any number {dim} of samples there is one term for each of them:",)),
            self._general(),
        ]
        return Section(f"Why the gradient by {b} is a sum over {dim}", tuple(blocks), folded=True)

    def _chain(self, w: Node, parts: list[Node], why: str) -> Chain:
        """∂E/∂w through some arrays: one product for each, their own derivatives put in."""
        rules = Differentiation(w, self.all_names, self.allocator)
        by = self.allocator.fresh(*w.shape)
        own = Lines(rules, by)
        line = Line(self.allocator, self.subject.name_of(self.subject.loss), derivative(self.loss, w), by)
        # The two sums stand beside each other, so the same index serves both.
        axes = [self.allocator.fresh(*parts[0].shape)] * len(parts)
        results = [own.work_out(part, at).value for part, at in zip(parts, axes, strict=True)]
        behind = [Factor(derivative(self.loss, part), at) for part, at in zip(parts, axes, strict=True)]
        local = [Factor(derivative(part, w), (*at, *by)) for part, at in zip(parts, axes, strict=True)]
        line.step(_products(behind, local, axes), "chain rule", why)
        line.step(_products(behind, [Factor(r) for r in results], axes), "put in", "by the same rules as above")
        line.contract()
        return Chain(tuple(line.steps), "components", w)

    def _general(self) -> Chain:
        """The same for any number of samples."""
        b, z, loss = self.found.b, self.found.z, self.subject.loss
        rules = Differentiation(b, self.all_names, self.allocator)
        by, axes = self.allocator.fresh(*b.shape), self.allocator.fresh(*z.shape)
        value = Lines(rules, by).work_out(z, axes).value
        line = Line(self.allocator, self.subject.name_of(loss), derivative(loss, b), by)
        behind = Factor(derivative(loss, z), axes)
        name = self.all_names.get(z, "")
        line.step(single(behind, Factor(derivative(z, b), (*axes, *by)), summed=axes), "chain rule",
                  f"every entry of {name} is asked how it changes with {self.subject.name_of(b)}")  # fmt: skip
        line.step(single(behind, Factor(value), summed=axes), "put in", "the same for every sample")
        line.contract()
        return Chain(tuple(line.steps), "components", b)


def _products(behind: list[Factor], local: list[Factor], axes: list[tuple[int, ...]]) -> Sum:
    terms = (Product((a, c), summed=at) for a, c, at in zip(behind, local, axes, strict=True))
    return Sum(tuple(terms))

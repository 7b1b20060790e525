"""The conventions that a function follows, read off its graph: layout, mean or sum, the factor ½, whose shape is whose.

Nothing is told from names: only what the sums of products in the graph say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..ir.build import scalar_value
from ..ir.dims import Dim, show_shape
from ..ir.graph import toposort
from ..ir.node import Einsum, Input, Map, Node
from ..ir.telling import Math, Name, Sentence, Term
from .components import indexed
from .components.entries import Entries
from .subject import Subject


def conventions(subject: Subject) -> tuple[Sentence, ...]:
    """A sentence for each convention that can be read off the graph, in a fixed order."""
    samples = sample_dim(subject)
    found = [_layout(subject, samples), *_scale(subject, samples), _shapes(subject)]
    return tuple(sentence for sentence in found if sentence)


@dataclass(frozen=True, eq=False)
class Product:
    """A product of two arrays summed over one index: the operands as written, each with the indices of its axes."""

    node: Einsum
    args: tuple[Node, Node]
    subs: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def summed(self) -> int:
        """The index that it is summed over."""
        return self.node.summed[0]

    def carries(self, k: int, dim: Dim) -> bool:
        """Whether operand k has the dimension on an axis that stays."""
        return any(self.node.extents[i] is dim and i < len(self.node.out) for i in self.subs[k])


def products(loss: Node) -> list[Product]:
    """The products of matrices, or of matrices and vectors, that a loss is made of, in order."""
    found = []
    for node in toposort([loss]):
        if not isinstance(node, Einsum) or len(node.args) != 2 or len(node.summed) != 1 or not node.out:
            continue
        pairs = [_without_layout(arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)]
        if all(node.summed[0] in sub for _, sub in pairs):
            (a, left), (b, right) = pairs
            found.append(Product(node, (a, b), (left, right)))
    return found


def _without_layout(arg: Node, sub: Sequence[int]) -> tuple[Node, tuple[int, ...]]:
    while isinstance(arg, Einsum) and arg.is_layout:
        sub = tuple(sub[i] for i in arg.subs[0])
        arg = arg.args[0]
    return arg, tuple(sub)


def sample_dim(subject: Subject) -> Dim | None:
    """The named dimension of the samples: every product carries it along, on one side alone, and sums over others.

    An argument beside the one in the products has it too (a target), or what is asked for does not have it. Of several
    such dimensions (with one layer, rows of x and columns of W are alike) it is the one that whole numbers are given
    for, or that the loss is divided by. None where there is no such dimension, or where several are left.
    """
    made_of = products(subject.loss)
    # Of stacks of matrices, one a head, say, nobody knows which axis is the samples'.
    plain = bool(made_of) and all(len(sub) <= 2 for product in made_of for sub in product.subs)
    found = [
        dim
        for dim in subject.graph.dims()
        if plain and all(_alone(product, dim) for product in made_of) and _once(subject.loss, dim)
    ]
    if len(found) == 1:
        asked = {extent for node in subject.gradients for extent in node.shape}
        twice = sum(found[0] in node.shape for node in subject.graph.inputs) > 1
        return found[0] if found[0] not in asked or (twice and len(made_of) > 1) else None
    labelled = {e for node in subject.graph.inputs if node.kind != "float" for e in node.shape}
    below = {dim for term in _terms(subject) for dim, power in term.coefficient.sizes if power < 0}
    for marked in (labelled, below):
        chosen = [dim for dim in found if dim in marked]
        if len(chosen) == 1:
            return chosen[0]
    return None


def _alone(product: Product, dim: Dim) -> bool:
    """Whether a product carries the dimension along on one side, and does not sum over it."""
    if product.node.extents[product.summed] is dim:
        return False
    return product.carries(0, dim) != product.carries(1, dim)


def _once(loss: Node, dim: Dim) -> bool:
    """Whether no array has the dimension twice, as a table of all samples by all samples would."""
    return all(node.shape.count(dim) < 2 for node in toposort([loss]))


def _layout(subject: Subject, samples: Dim | None) -> Sentence:
    """How the samples lie, and on which side the data stand of the weights, as it is written."""
    if samples is None:
        return ()
    first = next((p for p in products(subject.loss) if _data(p, samples) is not None), None)
    if first is None:
        return ()
    k = _data(first, samples)
    assert k is not None
    data, weights = first.args[k], first.args[1 - k]
    if len(data.shape) != 2 or samples not in data.shape:
        return ()
    lie = "rows" if data.shape[0] is samples else "columns"
    side, other = ("left", "right") if k == 0 else ("right", "left")
    return (
        f"Samples are the {lie} of ", Name(subject.name_of(data)), f", which is {_times(data)}. The data stand on the "
        f"{side}, the weights ", Name(subject.name_of(weights)), f", {_times(weights)}, on the {other}: ",
        Math(first.node, opened=frozenset([first.node])), ".",
    )  # fmt: skip


def _data(product: Product, samples: Dim) -> int | None:
    """Which operand of a product is an argument that holds the samples, the other being an argument that does not."""
    if not all(isinstance(arg, Input) for arg in product.args):
        return None
    return next((k for k in (0, 1) if product.carries(k, samples)), None)


def _times(node: Node) -> str:
    """``N × d``."""
    return " × ".join(map(str, node.shape)) if len(node.shape) > 1 else f"a vector of {node.shape[0]} entries"


# ---------------------------------------------------------------------------------------------- the loss' scale


def _scale(subject: Subject, samples: Dim | None) -> list[Sentence]:
    """Whether the loss is a mean or a sum, and what a factor ½ in it is for."""
    terms = _terms(subject)
    loss = Name(subject.name_of(subject.loss))
    sentences: list[Sentence] = []
    for term in terms:
        told = _mean_or_sum(term, samples)
        if told:
            sentences.append((loss if len(terms) == 1 else "The first part of the loss", *told))
            break
    if len(terms) == 1 and abs(terms[0].coefficient.number) == Fraction(1, 2) and _squared(terms[0]):
        what = ", and so does not move its minimum; it cancels the 2 that the square brings down."
        sentences.append(("The factor ", Term("½", "why half"), " scales ", loss, what))
    return sentences


def _terms(subject: Subject) -> list[indexed.Term]:
    """The terms that the loss is a sum of, each a number times factors."""
    entries = Entries(indexed.Allocator(), subject.names)
    return [_unrolled(entries, x) for _, x, _ in entries.addends(subject.loss, ())]


def _mean_or_sum(term: indexed.Term, samples: Dim | None) -> Sentence:
    """Which of the two a term is, and what it runs over; nothing where it is neither."""
    body = _only_sum(term)
    over = _summed_dims(body) if body is not None else ()
    if not over or len(term.factors) > 1 or (samples is not None and samples not in over):
        return ()
    below = {dim for dim, power in term.coefficient.sizes if power == -1}
    if below and below in (set(over), {samples}):
        counted = " · ".join(str(dim) for dim in over if dim in below)
        each = "samples" if below == {samples} else "entries"
        grows = "its size does not grow with their number."
        return " is a ", Term("mean", "mean or sum"), f" over {counted} {each}: {grows}"
    if not term.coefficient.sizes and samples is not None:
        grows = "with twice as many it is twice as large, and so is the gradient."
        return " is a ", Term("sum", "mean or sum"), f" over the {samples} samples, not a mean: {grows}"
    return ()


def _unrolled(entries: Entries, node: Node) -> indexed.Term:
    """A number times factors, named numbers on the way written out."""
    term = entries.product(node, ())
    while len(term.factors) == 1 and not term.factors[0].under:
        (factor,) = term.factors
        inner = entries.product(factor.base, ()) if isinstance(factor.base, Node) and not factor.base.shape else term
        if len(inner.factors) == 1 and inner.factors[0].base is factor.base:
            break
        term = inner.times(term.coefficient)
    return term


def _only_sum(term: indexed.Term) -> Einsum | None:
    """The sum that a term is a multiple of."""
    sums = [f.base for f in term.factors if isinstance(f.base, Einsum) and f.base.summed and not f.under]
    return sums[0] if len(sums) == 1 else None


def _summed_dims(body: Einsum) -> tuple[Dim, ...]:
    """The named dimensions that a sum runs over."""
    extents = (body.extents[i] for i in body.summed)
    return tuple(extent for extent in extents if isinstance(extent, Dim))


def _squared(term: indexed.Term) -> bool:
    """Whether a term is a square, or a sum of squares."""
    bases = [f.base for f in term.factors if isinstance(f.base, Node) and not f.under]
    if len(bases) != 1:
        return False
    (base,) = bases
    if isinstance(base, Einsum) and len(base.args) == 1:
        (base,) = base.args
    if isinstance(base, Einsum):
        return len(base.args) == 2 and base.args[0] is base.args[1] and base.subs[0] == base.subs[1]
    if not isinstance(base, Map):
        return False
    if base.op.name == "mul":
        return base.args[0] is base.args[1]
    if base.op.name in ("add", "sub"):
        return False
    return base.op.name == "pow" and scalar_value(base.args[1]) == 2


def _shapes(subject: Subject) -> Sentence:
    """Whose shape a gradient has, and in which order a derivative's indices stand."""
    wrt = next((node for node in subject.gradients if node.shape), None)
    if wrt is None:
        return ()
    name = subject.name_of(wrt)
    return (
        "A gradient has the shape of what it is by: that by ", Name(name), f" is {show_shape(wrt.shape)}, as ",
        Name(name), " is. Where arrays are differentiated by arrays, the indices of what is differentiated come first.",
    )  # fmt: skip

"""Sums of products of arrays with indices: put together, multiplied out of one another, their deltas cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from ...ir.build import constant, scalar_value
from ...ir.dims import Extent, Shape
from ...ir.graph import depends_on, rebuild, toposort
from ...ir.node import Delta, Einsum, Gather, Map, Node, Subscripts
from ...ir.registry import call
from ...simplify.pattern import spread_scalar
from ...simplify.rule import Context
from ...simplify.rules.layout import contract_delta, contracted

Factor: TypeAlias = tuple[Node, Subscripts]
"""An array and the index of each of its axes; 0, 1, … are the result's, the others are summed over."""


def product(factors: Sequence[Factor], shape: Shape, summed: Mapping[int, Extent] | None = None) -> Node:
    """The sum of products of a shape; ones are left out, and so is what only moves or repeats numbers.

    ``summed`` gives indices that are summed over although no factor may have them.
    """
    extents: dict[int, Extent] = {**(summed or {}), **dict(enumerate(shape))}
    args: list[Node] = []
    subs: list[Subscripts] = []
    for node, sub in factors:
        extents.update(zip(sub, node.shape, strict=True))
        node, sub = _plain(node, sub)
        if scalar_value(node) != 1:
            args.append(node)
            subs.append(sub)
    if not args:
        args, subs = [constant(1, "float")], [()]
    return contracted(args, subs, tuple(range(len(shape))), extents)


def _plain(node: Node, sub: Subscripts) -> Factor:
    while isinstance(node, Einsum) and node.is_layout:
        sub = tuple(sub[i] for i in node.subs[0])
        node = node.args[0]
    return node, sub


def flattened(line: Node) -> Node:
    """A sum of products of sums of products as one sum of products, term by term."""
    if isinstance(line, Map) and line.op.name in ("add", "sub"):
        # As many levels as what is asked for has uses.
        return line.with_args(tuple(map(flattened, line.args)))
    found: list[Factor] = []
    summed: dict[int, Extent] = {}
    fresh = count(len(line.shape))
    stack: list[Factor] = [(line, tuple(range(len(line.shape))))]
    while stack:
        node, sub = stack.pop()
        summed.update(zip(sub, node.shape, strict=True))
        inside = _factors(node, sub, fresh)
        if inside is None:
            found.append((node, sub))
        else:
            stack.extend(reversed(inside))
    return product(found, line.shape, summed)


def _factors(node: Node, sub: Subscripts, fresh: Iterator[int]) -> list[Factor] | None:
    """The factors of a product; None of anything else."""
    match node:
        case Einsum():
            index = [*sub, *(next(fresh) for _ in node.summed)]
            return [(arg, tuple(index[i] for i in s)) for arg, s in zip(node.args, node.subs, strict=True)]
        case Map() if node.op.name == "mul":
            return [(arg, sub) for arg in node.args]
        case Map() if node.op.name == "neg":
            return [(constant(-1, "float"), ()), (node.args[0], sub)]
        case Map() if node.op.name == "div" and node.shape and (number := spread_scalar(node.args[1])) is not None:
            return [(call("div", 1.0, number), ()), (node.args[0], sub)]
        case _:
            return None


def everywhere(node: Node) -> Node | None:
    """The one number that an expression is everywhere, or None; a sign in front of it is looked through."""
    if isinstance(node, Map) and node.op.name == "neg":
        number = spread_scalar(node.args[0])
        return None if number is None else call("neg", number)
    return spread_scalar(node)


def without_deltas(line: Node) -> Node:
    """An expression in which every Kronecker delta that a sum runs over has cancelled it."""
    with_delta = depends_on([line], [node for node in toposort([line]) if isinstance(node, Delta)])
    context = Context()

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        new = node.with_args(args)
        if node in with_delta and isinstance(new, Einsum):
            new = flattened(new)
        while isinstance(new, Einsum) and (after := contract_delta.rewrite(new, context)) is not None:
            new = after
        return new

    return rebuild([line], make, {})[0]


# ---------------------------------------------------------------------------------------------- chosen entries


@dataclass(frozen=True, eq=False)
class _Choice:
    """Of the axis with the index ``i`` the entry that the integers say, one for each place along ``n``."""

    i: int
    n: int
    integers: Node

    def of(self, node: Node, sub: Subscripts) -> Factor:
        """A factor with the chosen entry in the place of the axis."""
        node, sub = _plain(node, sub)
        if self.i not in sub:
            return node, sub
        if isinstance(node, Map) and any(isinstance(inner, Delta) for inner in toposort([node])):
            # Term by term, so that what does not have the axis stays as it is.
            axes = (self.n, *(index for index in sub if index not in (self.i, self.n)))
            parts = [self.of(arg, sub) for arg in node.args]
            extents = dict(pair for arg, own in parts for pair in zip(own, arg.shape, strict=True))
            return node.with_args(tuple(_spread(part, axes, extents) for part in parts)), axes
        at = sub.index(self.i)
        if self.n not in sub:
            return Gather.make((node, self.integers), (at, 0)), (*sub[:at], self.n, *sub[at + 1 :])
        rest = tuple(index for index in sub if index not in (self.i, self.n))
        order = (self.n, self.i, *rest)
        turned = _spread((node, sub), order, dict(zip(sub, node.shape, strict=True)))
        return Gather.make((turned, self.integers), (1, 1)), (self.n, *rest)


def _spread(factor: Factor, axes: Subscripts, extents: Mapping[int, Extent]) -> Node:
    """A factor as an array with these axes."""
    place = {index: k for k, index in enumerate(axes)}
    node, sub = factor
    sizes = {k: extents[index] for index, k in place.items()}
    return Einsum.of([node], [tuple(place[index] for index in sub)], tuple(range(len(axes))), sizes)


def with_choices(line: Node) -> Node:
    """An expression in which a sum over a Kronecker delta with an integer array is the entry that the integer says."""

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        new = node.with_args(args)
        while isinstance(new, Einsum) and (after := _without_choice(new)) is not None:
            new = after
        return new

    return rebuild([line], make, {})[0]


def _chosen_by(node: Node) -> Node | None:
    """The integers y where a node is δ[y_n, k], rows that are 1 in one place."""
    if not isinstance(node, Gather) or len(node.args[1].shape) != 1:
        return None
    of, sub = _plain(node.args[0], tuple(range(len(node.args[0].shape))))
    at, batch = node.params
    known = isinstance(of, Delta) and at == batch and sub in ((at, at + 1), (at + 1, at)) and len(node.shape) == 2
    return node.args[1] if known else None


def _without_choice(node: Einsum) -> Node | None:
    """A sum of products without its first factor that is a Kronecker delta of integers and of an index summed over."""
    for k, (arg, sub) in enumerate(zip(node.args, node.subs, strict=True)):
        integers = _chosen_by(arg)
        if integers is None or sub[1] < len(node.out) or sub[0] == sub[1]:
            continue
        others = [pair for j, pair in enumerate(zip(node.args, node.subs, strict=True)) if j != k]
        with_index = [own for _, own in others if sub[1] in own]
        if with_index and all(own.count(sub[1]) == 1 == len(set(own)) // len(own) for own in with_index):
            choice = _Choice(sub[1], sub[0], integers)
            extents = {index: node.extents[index] for index in node.summed if index != sub[1]}
            return product([choice.of(*pair) for pair in others], node.shape, extents)
    return None

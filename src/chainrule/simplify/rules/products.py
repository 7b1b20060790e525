"""Matrix products as a textbook writes them: A(BC) is ABC, and Ax + Aᵀx is (A + Aᵀ)x. For formulas that are read.

What runs keeps its brackets, which say in which order a chain is worked out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import chain, combinations

from ...ir.dims import Extent
from ...ir.node import Einsum, Input, Map, Node, Subscripts
from ..rule import Context, Rule, structural
from .layout import compose

MOST_TERMS = 8
"""Longer sums are not searched for terms that share a factor."""


def _a(name: str = "A") -> Input:
    return Input.of(name, (2, 2))


def _v(name: str) -> Input:
    return Input.of(name, (2,))


# ---------------------------------------------------------------------------------------------- one chain


@structural(
    "brackets in a chain",
    Einsum,
    "matrix products may be worked out in any order, so a chain of them needs no brackets",
    lambda: [_a() @ (_a("B") @ _a("C")), _a() @ (_v("x") @ _a("B")), (_v("x") @ _a()) @ (_a("B") @ _v("y"))],
)
def one_chain(node: Node, context: Context) -> Node | None:
    """A factor of a chain of matrices that is a chain itself, has no name, and is used here alone.

    The whole has to be a chain too: (xyᵀ)z without its brackets would be three vectors side by side.
    """
    assert isinstance(node, Einsum)
    if len(node.args) < 2 or not _is_chain(node.subs, node.out):
        return None
    for k, arg in enumerate(node.args):
        if isinstance(arg, Einsum) and len(arg.args) > 1 and context.single(arg):
            whole = compose(node, k)
            # An index of a chain is in two places, so its factors cannot be multiplied entry by entry.
            assert isinstance(whole, Einsum)
            if _is_chain(whole.subs, whole.out):
                return whole
    return None


def _is_chain(subs: Sequence[Subscripts], out: Subscripts) -> bool:
    """Whether factors, each a vector or a matrix, are one chain of matrix products, or an outer product of two."""
    uses = Counter(chain(out, *subs))
    if len(out) > 2 or any(n != 2 for n in uses.values()) or any(len(sub) > 2 for sub in subs):
        return False
    left = list(subs)
    # A chain that ends in a number has no end to begin at; it is followed both ways from any of its factors.
    for end in out or left.pop():
        _walk(end, left)
    return not left


def _walk(index: int | None, left: list[Subscripts]) -> None:
    """Take out the factors of the chain that begins at an index."""
    while (found := next((sub for sub in left if index in sub), None)) is not None:
        left.remove(found)
        index = next((i for i in found if i != index), None)


# ---------------------------------------------------------------------------------------------- a common factor


def _examples(name: str) -> list[Node]:
    A, B, C, x, y = _a(), _a("B"), _a("C"), _v("x"), _v("y")
    first = {"add": x @ A + A @ x, "sub": A @ x - x @ A}[name]
    second = {"add": A @ B @ C + y @ A + B @ B @ C, "sub": A @ B @ C - y @ A - B @ B @ C}[name]
    return [first, second]


def _common_factor(node: Node, context: Context) -> Node | None:
    """Two terms of a sum that are products with the same factors but for some, as one product with the sum of those."""
    terms = list(_terms(node, context))
    if len(terms) > MOST_TERMS:
        return None
    for (i, (minus, a)), (k, (minus_too, b)) in combinations(enumerate(terms), 2):
        found = _merged(a, b, minus != minus_too, context)
        if found is not None:
            terms[i] = minus, found
            del terms[k]
            return _sum(terms)
    return None


def _terms(node: Node, context: Context) -> Iterator[tuple[bool, Node]]:
    """The terms of a sum that is written out, each with whether it is taken away; the first never is."""
    stack = [(False, node)]
    while stack:
        minus, part = stack.pop()
        if isinstance(part, Map) and part.op.name in ("add", "sub") and (part is node or context.single(part)):
            stack += [(minus != (part.op.name == "sub"), part.args[1]), (minus, part.args[0])]
        else:
            yield minus, part


def _sum(terms: Sequence[tuple[bool, Node]]) -> Node:
    """The sum of terms, the first of which is not taken away."""
    (_, result), *others = terms
    for minus, term in others:
        result = result - term if minus else result + term
    return result


def _merged(a: Node, b: Node, minus: bool, context: Context) -> Node | None:
    """The sum or difference of two products as one product; None where they share no factor."""
    if not (isinstance(a, Einsum) and isinstance(b, Einsum)):
        return None
    if not (context.single(a) and context.single(b)):
        return None
    shared = max(_shared_factors(a, b), key=len, default={})
    if len(shared) == len(a.args) == len(b.args) and not minus:
        return 2 * a  # type: ignore[no-any-return]
    if not shared or len(shared) == len(a.args) or len(shared) == len(b.args):
        return None
    return _product(a, b, shared, minus)


def _shared_factors(a: Einsum, b: Einsum) -> Iterator[dict[int, int]]:
    """Which factors of b each factor of a may stand for, so that the indices agree: from every pair to begin with."""
    same = [(i, k) for i, x in enumerate(a.args) for k, y in enumerate(b.args) if x is y]
    for start in same:
        indices: dict[int, int] = {}
        found: dict[int, int] = {}
        pairs = [start]
        while pairs:
            i, k = pairs.pop()
            if not _agree(a.subs[i], b.subs[k], len(a.out), indices):
                continue
            indices.update(zip(a.subs[i], b.subs[k], strict=True))
            found[i] = k
            pairs = [
                (m, n)
                for m, n in same
                if m not in found and n not in found.values() and indices.keys() & set(a.subs[m])
            ]
        yield found


def _agree(a: Subscripts, b: Subscripts, rank: int, known: dict[int, int]) -> bool:
    """Whether b's indices may stand for a's: free ones for themselves, summed ones one for one."""
    together = dict(known)
    for i, k in zip(a, b, strict=True):
        if (i < rank or k < rank) and i != k:
            return False
        if together.setdefault(i, k) != k:
            return False
    return len(set(together.values())) == len(together)


def _product(a: Einsum, b: Einsum, shared: dict[int, int], minus: bool) -> Node | None:
    """The shared factors times the sum or difference of what is left of a and of b; None where those do not fit."""
    stands_for = {i: i for i in a.out}
    for i, k in shared.items():
        stands_for.update(zip(a.subs[i], b.subs[k], strict=True))
    left, inside = _left(a, set(shared))
    left_b, inside_b = _left(b, set(shared.values()))
    if {stands_for[i] for i in inside} != inside_b or len(inside) > max(len(arg.shape) for arg in a.args):
        return None
    axes = _along(a, shared, inside)
    rest, other = _part(a, left, axes), _part(b, left_b, tuple(stands_for[i] for i in axes))
    if isinstance(rest, Einsum) and rest.is_layout and rest.args[0] is other and not minus:
        # A + Aᵀ, and not Aᵀ + A.
        rest, other = other, rest
    factors = {n: (a.args[n], a.subs[n]) for n in shared}
    factors[left[0]] = (rest - other if minus else rest + other), axes
    args, subs = zip(*(factors[n] for n in sorted(factors)), strict=True)
    return Einsum.of(args, subs, a.out, {i: a.extents[i] for sub in (a.out, *subs) for i in sub})


def _left(node: Einsum, shared: set[int]) -> tuple[list[int], set[int]]:
    """The factors of a product that are not shared, and the indices that stay when they are multiplied."""
    left = [n for n in range(len(node.args)) if n not in shared]
    outside = {*node.out, *(i for n in shared for i in node.subs[n])}
    return left, {i for n in left for i in node.subs[n]} & outside


def _along(node: Einsum, shared: Collection[int], indices: set[int]) -> Subscripts:
    """Indices in the order in which the shared factors lead to them, so that nothing has to be transposed."""
    reached = list(node.out[:1])
    for index in reached:
        reached += [i for n in shared if index in node.subs[n] for i in node.subs[n] if i not in reached]
    return tuple(i for i in dict.fromkeys((*reached, *range(len(node.extents)))) if i in indices)


def _part(node: Einsum, which: Sequence[int], out: Subscripts) -> Node:
    """Some factors of a product alone, their other indices summed."""
    extents: dict[int, Extent] = {i: node.extents[i] for n in which for i in node.subs[n]}
    return Einsum.of([node.args[n] for n in which], [node.subs[n] for n in which], out, extents)


COMMON: tuple[Rule, ...] = tuple(
    structural(
        f"common matrix factor in {name}",
        name,
        "a factor that two products share is multiplied once, with the sum of the others",
        partial(_examples, name),
    )(_common_factor)
    for name in ("add", "sub")
)

RULES: tuple[Rule, ...] = (one_chain, *COMMON)

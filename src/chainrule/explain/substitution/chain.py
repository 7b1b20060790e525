"""The derivative by one thing: the chain through intermediates, its factors put in, what they stand for put back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, pairwise

from ...ir.build import constant, scalar_value
from ...ir.dims import Dim
from ...ir.graph import substitute, toposort, use_counts
from ...ir.node import Delta, Einsum, Map, Node, Subscripts
from ...ir.telling import Step
from ...simplify import TELL, rewrite
from .lines import Lines, Link
from .local import Local
from .pieces import Intermediates
from .products import everywhere, flattened, with_choices


def only_path(pieces: Intermediates, wrt: Node) -> list[Node] | None:
    """From ``wrt`` to the loss, where everything on the way is used once."""
    path = [wrt]
    while path[-1] is not pieces.loss:
        users = pieces.users.get(path[-1], ())
        if len(users) != 1:
            return None
        path.append(users[0])
    return path


class Path(Lines):
    """The lines from ∂loss/∂wrt to one formula."""

    # ------------------------------------------------------------------------------------------ along a path

    def along(self, path: Sequence[Node]) -> None:
        """The product along the only path, ``wrt`` first and the loss last; then each factor is put in."""
        if len(path) == 1:
            return self.then(constant(1, "float"), "itself", "what is differentiated, by itself")
        *inner, outer = self._links(path)
        summed = bool(inner) and bool(path[-2].shape)
        number = everywhere(outer.local.in_stand_ins) if summed else None
        links = [*inner, outer] if number is None else inner
        if number is not None:
            why = "the derivative of a sum is the sum of the derivatives"
            why += "" if scalar_value(number) == 1 else ", and what stands in front of it is a constant factor"
            self._reached(self.derivative(path[-2], self.wrt), path[-2], inner[-1].v, None, number, "past the sum", why)
        links.reverse()
        shown = [self.symbol(link) for link in links]
        changes = ", which changes ".join(self.name(link.local.v) for link in reversed(links))
        self.then(self.product(shown, number), "chain rule", f"a change of {self.name(self.wrt)} changes {changes}")
        for k, link in enumerate(links):
            shown[k] = link.value
            self.then(self.product(shown, number), *_put_in(link))

    def reach(self, path: Sequence[Node]) -> tuple[list[Dim], list[Dim]]:
        """Of the named dimensions that the loss sums over at its end: those along which wrt has entries for each term
        of its own, and those along which all terms share it.
        """
        link = self._links(path)[-2]
        extents = [(extent, index) for extent, index in zip(link.local.v.shape, link.v, strict=True)]
        own = [extent for extent, index in extents if isinstance(extent, Dim) and index in self.own]
        return own, [extent for extent, index in extents if isinstance(extent, Dim) and index not in self.own]

    def _links(self, path: Sequence[Node]) -> list[Link]:
        """The factors of a path, from the inside out."""
        fresh, indices, links = count(len(self.own)), self.own, []
        for u, v in pairwise(path):
            links.append(Link.to(Local(self.pieces, v, u), indices, fresh))
            indices = links[-1].v
        return links

    def _reached(
        self, symbol: Node, v: Node, tied: Subscripts, behind: Node | None, number: Node | None, rule: str, why: str
    ) -> None:
        """A sum over all entries of v of ∂v/∂wrt (times ``behind``, which has v's axes).

        Where v's axes are tied to those of wrt, Kronecker deltas say so, and cancel their sums.
        """
        free = count(max((*tied, *self.own), default=0) + 1)
        apart = tuple(next(free) if index in self.own else index for index in tied)
        front, tied_front = ([], []) if behind is None else ([(behind, apart)], [(behind, tied)])
        self.then(self.product([*front, (symbol, (*apart, *self.own))], number), rule, why)
        deltas = [(Delta.of(v.shape[k]), (a, b)) for k, (a, b) in enumerate(zip(apart, tied, strict=True)) if a != b]
        called = self.name(self.wrt)
        why = f"other entries of {self.name(v)} do not have this one of {called} in them: their derivative is 0"
        self.then(self.product([*front, *deltas, (symbol, (*tied, *self.own))], number), "Kronecker delta", why)
        gone = [v.shape[k] for k, (a, b) in enumerate(zip(apart, tied, strict=True)) if a != b]
        over = " and ".join(str(extent) for extent in gone if isinstance(extent, Dim))
        why = f"one term has this entry of {called} in it: the sum{' over ' + over if over else ''} falls away"
        self.then(self.product([*tied_front, (symbol, (*tied, *self.own))], number), "the delta cancels the sum", why)

    # ------------------------------------------------------------------------------------------ known from above

    def through_users(self, *, deltas: bool = True) -> None:
        """A term for each thing that wrt is used in, the loss's derivative by that being known; then each is put in.

        Without ``deltas`` sums that fall away are not there in the first place.
        """
        links = self.uses(self.wrt)
        called, loss = self.name(self.wrt), self.name(self.pieces.loss)
        if not links:
            return self.then(self.total([]), "does not depend", f"{called} is no part of {loss}")
        if len(links) == 1 and links[0].local.v is not self.pieces.loss:
            (link,) = links
            v = link.local.v
            why = f"{called} changes {self.name(v)} alone, and ∂{loss}/∂{self.name(v)} is known from above"
            if deltas:
                self._reached(self.symbol(link)[0], v, link.v, self.by_loss(v), None, "chain rule", why)
            self.then(self.total([[*self._behind(link), self.symbol(link)]]), "chain rule", why)
        else:
            # What is used in the loss alone has no chain: the line stays as it is.
            used = self.pieces.listed([link.local.v for link in links])
            why = f"{called} is used in {used}: what goes by each way is added"
            terms = [[*self._behind(link), self.symbol(link)] for link in links]
            self.then(self.total(terms), "chain rule in several variables", why)
        for k, link in enumerate(links):
            terms = [[*self._behind(m), m.value if i <= k else self.symbol(m)] for i, m in enumerate(links)]
            self.then(self.total(terms), *_put_in(link))

    def uses(self, node: Node) -> list[Link]:
        """A link for each thing that a node is used in, those nearest to the loss first."""
        own = tuple(range(len(node.shape)))
        users = reversed(self.pieces.users.get(node, ()))
        return [Link.to(Local(self.pieces, user, node), own, count(len(own))) for user in users]

    def _behind(self, link: Link) -> list[tuple[Node, Subscripts]]:
        """The loss's derivative by what a link leads to; nothing where that is the loss."""
        v = link.local.v
        return [] if v is self.pieces.loss else [(self.by_loss(v), link.v)]

    def known_put_in(self, *, at_once: bool) -> None:
        """The derivatives of the loss that were known, put in: each by itself, those inside first, or all at once."""
        line, put_in = self.line, []
        for node in self.pieces.order:
            symbol = self.by_loss(node)
            if node is self.pieces.loss or symbol not in set(toposort([line])):
                continue
            put_in.append(f"∂{self.name(self.pieces.loss)}/∂{self.name(node)}")
            within = Lines(self.pieces, node)
            terms = [[*self._behind(link), link.value] for link in self.uses(node)]
            line = flattened(substitute([line], {symbol: within.total(terms)})[0])
            if not at_once:
                self.then(line, "put in", f"{put_in[-1]}, known from above")
        if put_in:
            self.then(line, "put in", f"{put_in[0]}, known from above")

    # ------------------------------------------------------------------------------------------ to the closed form

    @property
    def last(self) -> Node:
        """The line that they have come to, in the function's own nodes."""
        return self.real(self.line)

    def collected(self) -> None:
        """Sums that an index of integers cancels; numbers and signs multiplied together."""
        why = "of what is summed one entry is left, the one that the integer says"
        self.then(with_choices(self.line), "the delta cancels the sum", why)
        after = rewrite([self.line], TELL)[self.line]
        self.then(after, "numbers and signs", "multiplied together, they come first")

    def put_back(self) -> frozenset[Node]:
        """What the intermediates stand for, one after the other, those behind first; all that was put back."""
        visible = set(toposort([self.line]))
        opened: frozenset[Node] = frozenset()
        real, name = self.real(self.line), self.name(self.pieces.loss)
        for node in reversed(self.pieces.order):
            if node is not self.wrt and self.pieces.stand_in(node) in visible:
                opened |= {node}
                visible.update(toposort([self.pieces.body(node)]))
                why = f"what {self.name(node)} stands for"
                self.steps.append(Step(real, real, "put back", why, name, opened=opened))
        return opened

    def turned(self, opened: frozenset[Node]) -> None:
        """A minus sign in front turns a difference round that it is a factor of."""
        line = self.line
        if not (isinstance(line, Map) and line.op.name == "neg"):
            return
        uses = use_counts([line])
        for node in self.pieces.order:
            stand_in, body = self.pieces.stand_in(node), self.pieces.body(node)
            if node in opened and uses.get(stand_in) == 1 and _is_difference(body) and _is_factor(stand_in, line):
                after = substitute([line.args[0]], {stand_in: body.with_args(body.args[::-1])})[0]
                before, turned = self.real(line), self.real(after)
                why = "the minus sign turns the difference round"
                self.steps.append(Step(before, turned, "numbers and signs", why, opened=opened))
                self.line = after
                return


def _put_in(link: Link) -> tuple[str, str]:
    name = link.local.pieces.name_of
    if link.local.v is link.local.pieces.loss:
        return "by its formula", f"∂{name(link.local.v)}/∂{name(link.local.u)}: {link.local.why}"
    return "put in", f"∂{name(link.local.v)}/∂{name(link.local.u)}: {link.local.why}"


def _is_difference(node: Node) -> bool:
    return isinstance(node, Map) and node.op.name == "sub"


def _is_factor(node: Node, line: Node) -> bool:
    """Whether a line is a product with this among its factors."""
    stack = [line]
    while stack:
        top = stack.pop()
        if top is node:
            return True
        if isinstance(top, Einsum) or (isinstance(top, Map) and top.op.name in ("mul", "neg")):
            stack += top.args
        elif isinstance(top, Map) and top.op.name == "div":
            stack.append(top.args[0])
    return False

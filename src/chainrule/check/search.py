"""The smallest edit of the right derivation that gives the wrong numbers.

Every edit of a backward pass is tried at one point; what gives the candidate's numbers there is tried at others before
it is believed. Where no single edit explains everything, one that explains a part is made, and the rest is looked for
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.graph import toposort
from ..ir.node import Input, Node
from .backward import Array, At, Backward
from .mutations import Edit, edits

Gradients = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Found:
    """An edit that gives the candidate's numbers for some arguments, and the number that was solved for."""

    edit: Edit
    explains: frozenset[str]
    against: frozenset[str]
    times: float | None = None
    before: tuple[Found, ...] = ()

    @property
    def all(self) -> tuple[Found, ...]:
        """The edits of which this is the last."""
        return (*self.before, self)


@dataclass(frozen=True, eq=False)
class Sample:
    """The candidate's gradients at a point, what is right there, and how far from it rounding may be."""

    point: Mapping[str, Any]
    given: Gradients
    right: Gradients
    noise: Mapping[str, float]


def same(a: Any, b: Any, noise: float) -> bool:
    """Whether two arrays have one shape and differ by no more than this."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return False
    return bool(np.max(np.abs(a - b), initial=0) <= noise + 1e-9 * np.max(np.abs(b), initial=0))


class Search:
    """The edits of a function's backward pass, tried against a candidate's numbers."""

    def __init__(self, passes: Backward, samples: Sequence[Sample], wrong: frozenset[str], *, fine: bool) -> None:
        self.passes, self.samples, self.wrong, self.fine = passes, samples, wrong, fine
        self.at = [At(passes, sample.point) for sample in samples[:1]]
        self.base = [at.gradients() for at in self.at]
        self.right = frozenset(samples[0].right) - wrong

    def found(self) -> list[Found]:
        """What explains at least one wrong argument, confirmed at all points."""
        results = []
        for edit in edits(self.passes, fine=self.fine):
            tried = self.tried(edit)
            if tried is not None and self.confirmed(tried):
                results.append(tried)
        return results

    def tried(self, edit: Edit) -> Found | None:
        """The edit at the first point."""
        with np.errstate(all="ignore"):
            changes = effect(self.at[0], edit)
        if changes is None:
            return None
        sample = self.samples[0]
        if not self.wrong & set(changes):
            return None
        times = None
        if edit.free:
            times = _solved(changes, sample, self.base[0], self.wrong)
            if times is None:
                return None
        explains, against = _agreement(changes, times, sample, self.base[0], self.wrong)
        return Found(edit, explains, against, times) if explains else None

    def confirmed(self, found: Found) -> bool:
        """Whether it is so at the other points."""
        while len(self.at) < len(self.samples):
            self.at.append(At(self.passes, self.samples[len(self.at)].point))
            self.base.append(self.at[-1].gradients())
        for at, base, sample in zip(self.at[1:], self.base[1:], self.samples[1:], strict=True):
            with np.errstate(all="ignore"):
                changes = effect(at, found.edit)
            if changes is None or not found.explains <= _agreement(changes, found.times, sample, base, self.wrong)[0]:
                return False
        return True


def effect(at: At, edit: Edit) -> dict[str, Any] | None:
    """What an edit makes of the gradients: changes of them, or, of another shape, what is there instead.

    None where it changes nothing, or cannot be.
    """
    changes: dict[Input, Any] = {}
    for edge, term in edit.changes:
        before = at.known[edge.term]
        try:
            after = at.value(term)
        except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
            return None
        if np.shape(after) != np.shape(before):
            arguments = {i.name for i in at.passes.wrt}
            if len(edit.changes) > 1 or edge.operand.name not in arguments:
                return None
            return {edge.operand.name: _Instead(np.asarray(after))}
        change = after - before
        if not np.all(np.isfinite(change)):
            return None
        if not np.any(change):
            continue
        changes[edge.operand] = changes[edge.operand] + change if edge.operand in changes else change
    return at.flowed(changes) if changes else None


@dataclass(frozen=True, eq=False)
class _Instead:
    """A gradient of another shape."""

    value: Array


def _solved(changes: Mapping[str, Any], sample: Sample, base: Gradients, wrong: frozenset[str]) -> float | None:
    """The number of times a change explains the difference of a wrong argument best."""
    for name in sorted(wrong & set(changes)):
        change = changes[name]
        if isinstance(change, _Instead) or np.shape(sample.given[name]) != np.shape(change):
            continue
        size = float(np.sum(change * change))
        if size > 0:
            difference = sample.given[name] - base[name]
            times = float(np.sum(difference * change)) / size
            if np.isfinite(times) and same(times * change, difference, 10 * sample.noise[name]) and abs(times) > 1e-12:
                return times
    return None


def _agreement(
    changes: Mapping[str, Any], times: float | None, sample: Sample, base: Gradients, wrong: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The wrong arguments that come out as the candidate has them, and those that are touched and do not."""
    explains: set[str] = set()
    against: set[str] = set()
    for name, change in changes.items():
        noise = sample.noise[name]
        if isinstance(change, _Instead):
            made = change.value
        else:
            if not np.max(np.abs(change), initial=0) > noise:
                continue
            made = base[name] + (change if times is None else times * change)
        # A number that was fitted cannot be surer than the rounding in it.
        (explains if name in wrong and same(made, sample.given[name], 10 * noise) else against).add(name)
    return frozenset(explains), frozenset(against)


def edited(passes: Backward, found: Found) -> Backward | None:
    """The backward pass with an edit made; None where it would need a gradient before that is worked out."""
    terms, ready = {}, _ready(passes)
    for edge, term in found.edit.changes:
        if found.times is not None:
            # term is that with the part twice, or with something added once.
            term = edge.term + (term - edge.term) * found.times
        if not _cotangents(term) <= ready[edge.line]:
            return None
        terms[edge] = term
    return passes.with_terms(terms)


def _cotangents(term: Node) -> set[str]:
    return {n.name for n in toposort([term]) if isinstance(n, Input) and n.name.startswith("d_")}


def _ready(passes: Backward) -> dict[Input, set[str]]:
    """The inputs named d_… that are known when a line is gone back through."""
    known = {i.name for line in passes.lines for i in toposort([line.formula]) if isinstance(i, Input)}
    found: dict[Input, set[str]] = {}
    for line in reversed(passes.lines):
        known = known | {line.cotangent.name}
        found[line.value] = known
    return found

"""From a candidate's numbers at some points to what is wrong with each of its gradients."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import plain
from .backward import Backward
from .diagnosis import Diagnosis, Verdict
from .mutations import edits
from .ranking import Named, named
from .search import Found, Sample, Search, edited, same
from .two_terms import two_terms
from .words import advice, formula_of, line_of, said

_AS_LIKELY = 0.6
"""Edits that are larger by no more than this are mentioned besides."""
SECONDS = 1.2
"""How long two mistakes in one gradient are looked for."""


def verdicts(coarse: Backward, fine: Backward, samples: Sequence[Sample]) -> tuple[Verdict, ...]:
    """What is to be said of each argument, from the numbers at all points (the first is searched at)."""
    names = list(samples[0].right)
    errors = {name: _error(samples, name) for name in names}
    wrong = frozenset(n for n in names if not all(same(s.given[n], s.right[n], s.noise[n]) for s in samples))
    found: dict[str, Diagnosis] = {}
    for name in sorted(wrong):
        seen = plain.by_itself(name, samples)
        if seen is not None:
            found[name] = _placed(seen, coarse)
    rest = wrong - set(found)
    if rest:
        found |= _searched(coarse, fine, samples, rest)
    for name in sorted(wrong - set(found)):
        found[name] = _placed(plain.otherwise(name, samples), coarse)
    return tuple(Verdict(n, n not in wrong, errors[n][0], found.get(n), errors[n][1]) for n in names)


def _placed(diagnosis: Diagnosis, coarse: Backward) -> Diagnosis:
    """What was found of an argument, in the line in which it is used last."""
    edge = next((e for e in coarse.edges if e.operand.name == diagnosis.where), None)
    return diagnosis if edge is None else replace(diagnosis, where=edge.of, line=line_of(edge.of, coarse)[0])


def _error(samples: Sequence[Sample], name: str) -> tuple[float, str]:
    """The largest difference, relative to the largest entry, and the entry where it is."""
    worst, where = 0.0, "nowhere"
    for sample in samples:
        given, right = np.asarray(sample.given[name]), sample.right[name]
        if given.shape != right.shape or not np.all(np.isfinite(given)):
            return float("inf"), "every entry"
        if not right.size:
            continue
        gap = np.abs(given - right)
        error = float(np.max(gap)) / max(float(np.max(np.abs(right))), 1e-300)
        if error > worst:
            place = [int(i) for i in np.unravel_index(int(np.argmax(gap)), right.shape)]
            worst, where = error, str(place) if place else "its value"
    return worst, where


def _searched(
    coarse: Backward, fine: Backward, samples: Sequence[Sample], wrong: frozenset[str]
) -> dict[str, Diagnosis]:  # fmt: skip
    """A diagnosis for each argument that an edit, or two, explains."""
    candidates = _explanations(coarse, fine, samples, wrong)
    chosen = _chosen(candidates, wrong, coarse)
    if not any(wrong <= found.explains and not found.against for found, _ in candidates):
        chosen |= _twice(coarse, samples, wrong, candidates, chosen)
    result = {}
    for name, explanations in chosen.items():
        likely = _order(explanations[0])[-1] + _AS_LIKELY
        made = [_diagnosis(e, name, coarse, len(samples)) for e in explanations[:8] if _order(e)[-1] <= likely]
        first, others = made[0], _different(made)
        confidence = (0.6 if len(samples) == 1 else 0.99) / (1 + 0.25 * len(others))
        result[name] = replace(first, alternatives=others, confidence=round(confidence, 2), points=len(samples))
    return result


def _different(made: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Those after the first that are something else."""
    seen = {(_sort(made[0].kind), made[0].where)}
    others = []
    for one in made[1:]:
        if (_sort(one.kind), one.where) not in seen:
            seen.add((_sort(one.kind), one.where))
            others.append(one)
    return tuple(others)


def _sort(kind: str) -> str:
    """Mistakes with a factor of one line are one sort: a slope that is left out is a slope of the wrong function."""
    return "factor" if kind.endswith("-factor") or kind == "mask" else kind


def _explanations(
    coarse: Backward, fine: Backward, samples: Sequence[Sample], wrong: frozenset[str]
) -> list[tuple[Found, Backward]]:
    found = [(f, coarse) for f in Search(coarse, samples, wrong, fine=False).found()]
    found += [(f, fine) for f in Search(fine, samples, wrong, fine=True).found()]
    return found


def _order(entry: tuple[Found, Backward]) -> tuple[float, ...]:
    found, passes = entry
    likely: Named = named(found, passes)
    return (
        len(found.against),
        -len(found.explains),
        likely.size + (0.05 if any("." in e.operand.name for e, _ in found.edit.changes) else 0.0),
    )


def _chosen(
    candidates: Sequence[tuple[Found, Backward]], wrong: frozenset[str], passes: Backward
) -> dict[str, list[tuple[Found, Backward]]]:
    """For each argument the edits that explain it and contradict nothing, the likeliest first."""
    sound = sorted((c for c in candidates if not c[0].against), key=_order)
    return {name: mine for name in sorted(wrong) if (mine := [c for c in sound if name in c[0].explains])}


Explained = dict[str, list[tuple[Found, Backward]]]


def _twice(
    coarse: Backward, samples: Sequence[Sample], wrong: frozenset[str],
    candidates: Sequence[tuple[Found, Backward]], chosen: Explained,
) -> Explained:  # fmt: skip
    """Two edits, one behind the other, where they explain more than one alone does, or more simply."""
    ends = time.monotonic() + SECONDS
    cost = _cost(chosen) if wrong <= set(chosen) else float("inf")
    best: Explained = {}
    seen: set[tuple[str, ...]] = set()
    for first, passes in sorted((c for c in candidates if c[0].against and c[0].against <= wrong), key=_order):
        if time.monotonic() > ends:
            break
        likely = named(first, passes)
        key = (*sorted(first.explains), "/", *sorted(first.against), likely.kind, first.edit.edge.of)
        if key in seen or passes is not coarse:
            continue
        seen.add(key)
        changed = edited(coarse, first)
        if changed is None:
            continue
        rest = Search(changed, samples, wrong - first.explains, fine=False).found()
        for second in sorted(rest, key=lambda f: _order((f, changed))):
            if second.against or not wrong <= first.explains | second.explains | set(chosen):
                continue
            both = {name: [(first, coarse)] for name in sorted(first.explains)}
            before = {name: (first,) if name in first.against else () for name in second.explains}
            both |= {name: [(replace(second, before=before[name]), changed)] for name in sorted(second.explains)}
            others = {name: mine for name, mine in chosen.items() if name not in both}
            if _cost(both | others) < cost:
                best, cost = both, _cost(both | others)
            break
    for name in sorted(wrong - set(chosen) - set(best)):
        pair = two_terms(coarse, samples, name) or _pair(coarse, samples, name, ends)
        if pair is not None:
            best[name] = [pair]
    return best


def _cost(chosen: Explained) -> float:
    """How much was edited in all: each edit once, however many arguments it explains."""
    sizes = {}
    for explanations in chosen.values():
        found, passes = explanations[0]
        for one in found.all:
            sizes[id(one.edit)] = named(one, passes).size
    return sum(sizes.values())


_COMMON = (-2.0, 1.0, -0.5, -1.0)
"""What is added to once the part: so that it comes minus once, twice, half, or not at all."""


def _pair(
    coarse: Backward, samples: Sequence[Sample], name: str, ends: float
) -> tuple[Found, Backward] | None:  # fmt: skip
    """Two edits that explain one argument together: the first from the common ones, nearer to the loss."""
    only = [replace(s, given={name: s.given[name]}, right={name: s.right[name]}) for s in samples]
    reach = [e for e in coarse.edges if e.operand.name == name or name in coarse.reached_from(e.operand)]
    wanted = {id(e) for e in reach}
    firsts = []
    for edit in edits(coarse):
        if not all(id(e) in wanted for e, _ in edit.changes) or edit.size > 2.45:
            continue
        if edit.free == "times":
            firsts += [Found(edit, frozenset(), frozenset([name]), t) for t in _COMMON]
        elif not edit.free and all(t.shape == e.term.shape for e, t in edit.changes):
            firsts.append(Found(edit, frozenset(), frozenset([name])))
    firsts.sort(key=lambda f: named(f, coarse).size)
    one = replace(coarse, wrt=tuple(i for i in coarse.wrt if i.name == name))
    best: tuple[float, Found, Backward] | None = None
    for first in firsts:
        if time.monotonic() > ends:
            break
        changed = edited(one, first)
        if changed is None:
            continue
        for second in Search(changed, only[:1], frozenset([name]), fine=False).found():
            size = named(first, coarse).size + named(second, changed).size
            if (best is None or size < best[0]) and Search(changed, only, frozenset([name]), fine=False).confirmed(
                second
            ):
                best = (size, replace(second, before=(first,)), changed)
    return None if best is None else (best[1], best[2])


def _diagnosis(explanation: tuple[Found, Backward], name: str, coarse: Backward, points: int) -> Diagnosis:
    found, passes = explanation
    likely = named(found, passes)
    where = likely.where or found.edit.edge.of
    number, line = line_of(where, coarse)
    also = tuple(_diagnosis((one, coarse), name, coarse, points) for one in found.before)
    return Diagnosis(
        likely.kind,
        where,
        said(found, likely, passes) + (f", at {line}" if " = " in line else ""),
        advice(found, likely, passes),
        number,
        formula_of(found, name),
        also=also,
    )

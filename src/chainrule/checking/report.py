"""Everything that is looked at, in turn: does a candidate evaluate, is it steady, its loss, its gradients, kinks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..check.backward import At
from ..check.diagnose import verdicts
from ..check.diagnosis import Diagnoses, Diagnosis, Verdict
from ..check.search import Sample, same
from ..check.words import line_of, written
from ..frontend.function import Function
from ..frontend.trace import Traced
from ..ir.dims import show_shape
from ..ir.graph import toposort
from ..ir.node import Input
from ..pipeline import as_function, wanted
from .adapted import adapted
from .candidate import Answer, Candidate, formulas_of, line_of_error, upstream_of
from .kinks import points_on_kinks
from .subject import Subject


def diagnose(
    f: Callable[..., Any],
    candidate: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Diagnoses:
    """What `cr.check` says of a candidate; see there."""
    function = as_function(f)
    candidate = adapted(candidate, function)
    formulas = formulas_of(candidate, function, wrt)
    named = formulas or (candidate if isinstance(candidate, Mapping) else None)
    subject = Subject(
        function, lambda traced: _inputs(function, traced, wrt, named), at, seed, upstream_of(candidate, function)
    )
    return _report(subject, Candidate(candidate, subject, formulas))


def _inputs(
    function: Function, traced: Traced, wrt: str | Sequence[str] | None, named: Mapping[str, Any] | None
) -> list[Input]:
    """The arguments that are checked: those asked for, those that a dict names, or all that hold floats."""
    if wrt is not None:
        return [i for group in wanted(function, traced, wrt).values() for i in group]
    return [i for i in traced.graph.inputs if i.kind == "float" and (named is None or i.name in named)]


def _report(subject: Subject, candidate: Candidate) -> Diagnoses:
    points = subject.points() if candidate.is_function or candidate.formulas else [subject.base]
    answers = [candidate.asked(point) for point in points]
    failed = next((answer.failed for answer in answers if answer.failed is not None), None)
    if failed is not None:
        return _failed(subject, failed)
    if candidate.is_function:
        unsteady = _unsteady(subject, answers[0], candidate.asked(points[0]))
        if unsteady is not None:
            return unsteady
    samples, values = [], []
    for point, answer in zip(points, answers, strict=True):
        value, right = subject.right(point)
        samples.append(Sample(point, answer.gradients, right, subject.noise(point, right)))
        values.append((answer.value, value))
    notes: tuple[str, ...] = ()
    if candidate.is_function and _is_constant(samples):
        samples = samples[:1]
        notes = ("Your function gives the same numbers at every point, so it was compared at the first one alone.",)
    notes += _of_inner(subject, answers[0])
    own = _of_value(values, subject.eps)
    checks = list(verdicts(*subject.passes, samples))
    if own and not own[0].ok:
        # Of another function's gradients nothing can be said but that.
        checks = [v if v.ok else replace(v, diagnosis=own[0].diagnosis) for v in checks]
    if candidate.is_function and len(samples) > 1:
        checks = _at_kinks(subject, candidate, checks)
    return Diagnoses((*checks, *own), notes)


def _of_inner(subject: Subject, answer: Answer) -> tuple[str, ...]:
    """Which of the variables' gradients that were given besides is the first to differ, from the loss on."""
    if not answer.inner:
        return ()
    coarse, _ = subject.passes
    at = At(coarse, subject.base)
    given = [line for line in reversed(coarse.lines) if line.value.name in answer.inner]
    right: list[str] = []
    for line in given:
        wanted = np.asarray(at.known[line.cotangent])
        if not same(
            answer.inner[line.value.name], wanted, 1e4 * subject.eps * float(np.max(np.abs(wanted), initial=0))
        ):
            before = f"; {', '.join(right)} is right" if right else ""
            return (
                f"Of the variables whose gradients you give, {line.value.name} is the first that is wrong{before}.",
            )
        right.append(line.value.name)
    return (f"The gradients by {', '.join(right)} that you give are right.",) if right else ()


def _failed(subject: Subject, error: BaseException) -> Diagnoses:
    """What is said where the candidate raises."""
    text = line_of_error(error)
    where, number, hint = _place(subject, text)
    said = f"your gradient does not evaluate: {type(error).__name__}: {error}" + (f", in  {text}" if text else "")
    told = Diagnosis("does-not-evaluate", where, said, hint, number)
    return Diagnoses(tuple(Verdict(i.name, False, float("inf"), told) for i in subject.inputs))


def _place(subject: Subject, text: str) -> tuple[str, int | None, str]:
    """The line of the function that a line of the candidate belongs to: whose edge it speaks of most."""
    coarse, _ = subject.passes
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    stems = words | {re.sub(r"^(d_?|grad_?|g_|delta_?|∂)", "", w) for w in words}
    target = re.match(r"\s*([A-Za-z_]\w*)", text)
    goal = {target[1], re.sub(r"^(d_?|grad_?|g_|delta_?)", "", target[1])} if target else set()
    best, found = (0.0, 0), None
    for rank, edge in enumerate(coarse.edges):
        names = {n.name for n in toposort([edge.term]) if isinstance(n, Input)}
        score = 2.0 * (edge.operand.name in goal) + len(stems & {n.removeprefix("d_") for n in names})
        if found is None or (score, rank) > best:
            best, found = (score, rank), edge
    if found is None:
        return "loss", None, ""
    right = written(found.term)
    hint = f"d_{found.operand.name} = {right}, of shape {show_shape(found.operand.shape)}." if right else ""
    return found.of, line_of(found.of, coarse)[0], hint


def _unsteady(subject: Subject, first: Answer, again: Answer) -> Diagnoses | None:
    """What is said where a candidate gives another answer to the same question."""
    moved = {n for n, g in first.gradients.items() if again.failed or not _alike(g, again.gradients[n])}
    if not moved:
        return None
    _, right = subject.right(subject.base)
    noise = subject.noise(subject.base, right)
    told = Diagnosis(
        "nondeterministic", "loss", "your gradient is another one when it is asked for again at the same point",
        "Look for random numbers without a seed, or for something that is kept from call to call.",
    )  # fmt: skip
    return Diagnoses(
        tuple(
            Verdict(n, False, float("inf"), told) if n in moved else Verdict(n, same(g, right[n], noise[n]), 0.0)
            for n, g in first.gradients.items()
        )
    )


def _of_value(values: Sequence[tuple[float | None, float]], eps: float) -> list[Verdict]:
    """The candidate's own loss, where it gives one."""
    if values[0][0] is None:
        return []
    error = max(abs(g - r) / max(abs(r), 1e-300) for g, r in values if g is not None)
    name = "loss"
    if error <= max(1e-9, 1e4 * eps):
        return [Verdict(name, True, error)]
    given, right = values[0]
    ratio = {round(g / r, 9) for g, r in values if g is not None and r}
    times = f", {ratio.pop():.6g} times as much at every point" if len(ratio) == 1 else ""
    return [
        Verdict(name, False, error, Diagnosis(
            "forward", name, f"the loss that you give is {given:.6g}, and right is {right:.6g}{times}",
            "The gradients may be those of another function: compare the forward pass first.",
        ))
    ]  # fmt: skip


def _at_kinks(subject: Subject, candidate: Candidate, checks: Sequence[Verdict]) -> list[Verdict]:
    """Where the candidate is right but for points on a kink: that is another convention, and no mistake."""
    told = {verdict.name: verdict for verdict in checks}
    for where, point in points_on_kinks(subject):
        value, right = subject.right(point)
        answer = candidate.asked(point)
        if answer.failed is not None or not np.all(np.isfinite([value, *(np.sum(g) for g in right.values())])):
            continue
        for name, verdict in told.items():
            noise = 1e4 * subject.eps * (1 + float(np.max(np.abs(right[name]), initial=0)))
            if verdict.ok and verdict.diagnosis is None and not same(answer.gradients[name], right[name], noise):
                remark = Diagnosis(
                    "kink", where, f"differs only where {where} is on a kink: a convention, not a mistake",
                    "There is no derivative at that point; any number between the slopes of both sides will do.",
                )  # fmt: skip
                told[name] = replace(verdict, diagnosis=remark)
    return list(told.values())


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two answers to one question are the same but for rounding."""
    return a.shape == b.shape and np.allclose(a, b, 1e-9, 1e-12, equal_nan=True)


def _is_constant(samples: Sequence[Sample]) -> bool:
    """Whether a candidate gives the same at every point, though other numbers would be right."""
    first = samples[0]
    moves = any(not np.array_equal(s.right[n], g) for s in samples[1:] for n, g in first.right.items())
    return moves and all(np.array_equal(s.given[n], g, True) for s in samples[1:] for n, g in first.given.items())

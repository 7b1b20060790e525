"""What is said of a candidate's gradient: right or wrong, and which mistake it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "sign", "scale", "mean-for-sum", "sum-for-mean", "transpose", "missing-factor", "extra-factor", "wrong-factor",
    "missing-term", "extra-term", "missing-sum", "extra-sum", "wrong-axis", "stale-value", "wrong-operand", "order",
    "detached", "elementwise-for-matrix", "mask", "shape", "mislabelled", "partial", "kink", "precision", "forward",
    "nondeterministic", "does-not-evaluate", "unknown",
)  # fmt: skip
"""Every value that `Diagnosis.kind` may have."""


@dataclass(frozen=True)
class Diagnosis:
    """A mistake. ``kind`` is one of `KINDS`; ``where`` the variable in whose line it was made, ``line`` its number.

    ``said`` tells what the candidate's gradient is, ``advice`` what to change, ``formula`` what it equals as a formula.
    ``alternatives`` are other mistakes that give the same numbers, the likelier first; ``also`` is the second mistake
    where there are two. ``confidence`` is between 0 and 1; ``points`` how many points bear it out.
    """

    kind: str
    where: str
    said: str
    advice: str = ""
    line: int | None = None
    formula: str = ""
    alternatives: tuple[Diagnosis, ...] = ()
    also: tuple[Diagnosis, ...] = ()
    confidence: float = 1.0
    points: int = 0

    @property
    def mistakes(self) -> tuple[Diagnosis, ...]:
        """This one, and those that were made besides."""
        return (self, *self.also)


@dataclass(frozen=True)
class Verdict:
    """The outcome for one argument. A ``diagnosis`` beside ``ok`` is a remark, such as another convention at a kink.

    ``max_error`` is relative to the largest entry, and ``worst`` the entry where it is.
    """

    name: str
    ok: bool
    max_error: float
    diagnosis: Diagnosis | None = None
    worst: str = ""

    @property
    def word(self) -> str:
        """The verdict, as wide as any other."""
        return "ok   " if self.ok else "WRONG"

    def __str__(self) -> str:
        lines = [f"{self.name}  {self.word}"]
        found = self.diagnosis
        if found is None:
            return f"{lines[0]}  largest relative error {self.max_error:.1e}"
        indent = " " * (len(lines[0]) + 2)
        for count, mistake in enumerate(found.mistakes):
            place = f", at line {mistake.line}" if mistake.line else ""
            head = f"{lines[0]}  " if not count else f"{indent}and "
            lines[0 if not count else len(lines) :] = [f"{head}{mistake.said}", f"{indent}({mistake.kind}{place})"]
            if mistake.formula:
                lines.append(f"{indent}It equals  {mistake.formula}.")
            if mistake.advice:
                lines.append(f"{indent}{mistake.advice}")
        if found.points > 1:
            alone = "" if found.alternatives else "; no other edit that is as simple does"
            lines.append(f"{indent}It gives your numbers at {found.points} points{alone}.")
        for other in found.alternatives[:3]:
            lines.append(f"{indent}Or: {other.said} ({other.kind})")
        return "\n".join(lines)


@dataclass(frozen=True)
class Diagnoses:
    """The outcome for every argument; ``print`` it to read what is wrong, and where."""

    checks: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(verdict.ok for verdict in self.checks)

    @property
    def max_error(self) -> float:
        """The largest relative error of all."""
        return max((verdict.max_error for verdict in self.checks), default=0.0)

    def __getitem__(self, name: str) -> Verdict:
        for verdict in self.checks:
            if verdict.name == name:
                return verdict
        raise KeyError(f"{name} was not checked; checked were {', '.join(v.name for v in self.checks)}")

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.checks)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        width = max((len(verdict.name) for verdict in self.checks), default=0)
        rows: list[str] = []
        told: dict[tuple[str, ...], str] = {}
        for verdict in self.checks:
            first, *rest = str(verdict).splitlines()
            words = tuple(mistake.said for mistake in verdict.diagnosis.mistakes) if verdict.diagnosis else ()
            if words and told.setdefault(words, verdict.name) != verdict.name:
                kinds = " and ".join(mistake.kind for mistake in verdict.diagnosis.mistakes)  # type: ignore[union-attr]
                first, rest = f"{verdict.name}  {verdict.word}  the same as {told[words]} ({kinds})", []
            shift = " " * (width - len(verdict.name))
            rows += [shift + first, *(shift + line for line in rest)]
        return "\n".join([*rows, *self.notes])

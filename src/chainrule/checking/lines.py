"""What is said of a derivation: a verdict for each line, and the first that is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from ..check.diagnosis import Diagnosis


@dataclass(frozen=True)
class LineVerdict:
    """What is said of a line. ``ok``: both sides are equal; ``follows``: it is wrong only because a line above is."""

    number: int
    text: str
    ok: bool
    follows: bool = False
    diagnosis: Diagnosis | None = None

    def __str__(self) -> str:
        word = "ok     " if self.ok else "follows" if self.follows else "WRONG  "
        lines = [f"{self.number:2}  {word}  {self.text}"]
        if self.follows:
            lines.append("             it follows from what stands above, which is wrong")
        elif self.diagnosis is not None:
            for mistake in self.diagnosis.mistakes:
                lines += [f"             {line}" for line in f"{mistake.said} ({mistake.kind})".splitlines()]
                if mistake.advice:
                    lines.append(f"             {mistake.advice}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Steps:
    """The outcome for every line; ``print`` it."""

    lines: tuple[LineVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether every line is right."""
        return all(line.ok for line in self.lines)

    @property
    def first_wrong(self) -> LineVerdict | None:
        """The first line in which something was done wrong; None where all are right."""
        return next((line for line in self.lines if not line.ok and not line.follows), None)

    def __getitem__(self, number: int) -> LineVerdict:
        return self.lines[number - 1]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))

"""A share of a long run, for one process: programs by their number, and those that fail made shorter."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.fuzz import test_programs
from tests.fuzz.kept import NUMBERS

Program = list[tuple[int, int, int, int]]


@dataclass
class Found:
    """What a number of programs came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Take in what another process found."""
        self.outcomes.update(other.outcomes)
        self.used.update(other.used)
        self.failures += other.failures


def program(seed: int, number: int) -> tuple[Program, int]:
    """A program and the seed of its point."""
    rng = random.Random(f"{seed}:{number}")
    length = rng.randint(4, 9)
    return [tuple(rng.randrange(NUMBERS) for _ in range(4)) for _ in range(length)], rng.randrange(10_000)  # type: ignore[misc]


def fails(instructions: Program, point: int) -> str:
    """How a program fails; empty where it does not."""
    try:
        test_programs.check(instructions, point, Counter())
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return ""


def shrunk(instructions: Program, point: int) -> Program:
    """The program without the instructions that it fails without."""
    k = 0
    while k < len(instructions):
        shorter = instructions[:k] + instructions[k + 1 :]
        if shorter and fails(shorter, point):
            instructions = shorter
        else:
            k += 1
    return instructions


def shard(task: tuple[int, int, int, int]) -> Found:
    """One process' share: programs first … last − 1."""
    seed, first, last, oracle = task
    test_programs.ORACLE_EVERY = oracle
    found = Found()
    for number in range(first, last):
        instructions, point = program(seed, number)
        try:
            found.outcomes[test_programs.check(instructions, point, found.used)] += 1
        except Exception:
            short = shrunk(instructions, point)
            found.outcomes["FAILED"] += 1
            found.failures.append(f"{short!r}, {point}  # seed {seed}, program {number}: {fails(short, point)}")
    return found

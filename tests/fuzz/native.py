"""Random programs in C: what compiled code gives for a program and its gradient is what the interpreter gives.

A number of programs is one compilation, in both precisions, at each of `LEVELS`: strictly with no, some and all
optimisation, and as `cr.compile` does it. Every second program is compiled as it was derived, the others after it was
simplified. A result may differ from the interpreter's by 1e-12 in double and 2e-6 in single precision of the program
evaluated on absolute values (`tests.native.magnitude`), and what is not finite has to be the same.

Where it differs by more, the interpreter itself is asked, with each value moved by a few units in its last place: if
the same entries of its own result move by as much, a decision hangs by rounding (a sum that cancels is asked whether it
is zero), and no two programs need agree. Such programs are counted, as are those with an operation that C has not.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np

from chainrule.derive import reverse
from chainrule.emit.c import NoSpelling, source, sources
from chainrule.ir.build import constant
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Call, Einsum, Input, Map, Node, Reduce
from chainrule.run.compiler import FLAGS, fast_flags
from chainrule.run.interpret import bind, interpret
from chainrule.run.native import Native, compile_c
from chainrule.simplify import simplify
from tests.compiled import TOLERANCE
from tests.fuzz.programs import FLOATS, INPUTS, traced
from tests.fuzz.shard import program
from tests.fuzz.test_programs import values_of
from tests.native import sanitizers
from tests.native.magnitude import allowed, excess

LEVELS = ("-O0", "-O2", "-O3", "fast")
SANITIZED = "sanitized"
"""A further level, in a process that has loaded GCC's sanitizers."""
LENGTHS = (4, 1, 7, 131)
"""How long the open dimension is, in turn."""
TOGETHER = 15
"""Programs of one compilation."""
_SHAKES = 8


def flags_of(level: str) -> tuple[str, ...]:
    """The compiler's flags at a level; a warning is an error."""
    if level == SANITIZED:
        return sanitizers.ADDRESS
    strict = tuple(level if flag == "-O2" else flag for flag in FLAGS)
    return (*(fast_flags() if level == "fast" else strict), "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Drawn:
    """A program with its gradients, and what it is evaluated at."""

    number: int
    graph: Graph
    values: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"program {self.number}"

    def at(self, dtype: str) -> dict[str, Any]:
        """The arguments in a precision."""
        return {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in self.values.items()}


def draw(seed: int, number: int) -> Drawn:
    """A program by its number. Raises NoSpelling where C has not all of its operations."""
    instructions, point = program(seed, number)
    loss = traced().run(list(INPUTS), instructions)
    gradients = reverse({loss: constant(1, "float")}, FLOATS)
    graph = Graph(tuple(INPUTS), (loss, *(gradients.get(i) for i in FLOATS)))
    graph = simplify(graph) if number % 2 else graph
    source(graph)
    return Drawn(number, graph, values_of(point, LENGTHS[number % len(LENGTHS)]))


def drawn_in_c(seed: int, wanted: int) -> tuple[list[int], int]:
    """The numbers of the first programs that C has all operations of, and how many among them it has not."""
    numbers: list[int] = []
    for number in itertools.count():
        if len(numbers) == wanted:
            return numbers, number - wanted
        with suppress(NoSpelling):
            draw(seed, number)
            numbers.append(number)
    raise AssertionError


def compiled(programs: Sequence[Drawn], level: str) -> dict[str, list[Native]]:
    """All programs in each precision, from one compilation."""
    emitted = sources([(p.label, p.graph, dtype) for dtype in TOLERANCE for p in programs])
    if level == SANITIZED:
        emitted = [replace(one, text=sanitizers.guarded(one.text)) for one in emitted]
    natives = [compile_c(one, flags=flags_of(level)) for one in emitted]
    return {dtype: natives[k * len(programs) : (k + 1) * len(programs)] for k, dtype in enumerate(TOLERANCE)}


def shaken(graph: Graph, values: Mapping[str, Any], dtype: str, rng: np.random.Generator) -> list[Any]:
    """The interpreter's results where each value on the way is moved by up to four units in its last place."""
    sizes, known = bind(graph.inputs, values), dict[Node, Any]()
    unit = 4 * np.finfo(dtype).eps
    for node in toposort(graph.outputs):
        args = [Input.of(f"operand {k}", arg.shape, arg.kind) for k, arg in enumerate(node.args)]
        given = values if isinstance(node, Input) else {i.name: known[a] for i, a in zip(args, node.args, strict=True)}
        (value,) = interpret([node.with_args(tuple(args)) if args else node], given, dtype=dtype, sizes=sizes)
        if node.kind == "float" and isinstance(node, (Map, Einsum, Reduce, Call)):
            value = np.asarray(value * (1 + unit * rng.uniform(-1, 1, np.shape(value))), dtype)
        known[node] = value
    return [known[o] for o in graph.outputs]


def moved(drawn: Drawn, dtype: str, want: Sequence[Any], most: Sequence[Any]) -> list[Any]:
    """How far the interpreter's own results go when its values are moved a little, if that is more than is allowed."""
    rng, values = np.random.default_rng(0), drawn.at(dtype)
    furthest = [np.array(m) for m in most]
    with np.errstate(all="ignore"):
        for _ in range(_SHAKES):
            for far, one, other in zip(furthest, shaken(drawn.graph, values, dtype, rng), want, strict=True):
                # Twice as far as a few of its ways show; anywhere, where they show that there is no number.
                distance = 2 * np.abs(np.subtract(one, other, dtype=np.float64))
                np.fmax(far, np.where(np.isnan(distance), np.inf, distance), out=far)
    return furthest


def compare(drawn: Drawn, native: Native, dtype: str) -> tuple[str, float]:
    """How a program went in one precision, and its largest difference as a part of what is allowed."""
    values = drawn.at(dtype)
    got = native(values)
    want = interpret(drawn.graph.outputs, values, dtype=dtype, sizes=bind(INPUTS, values))
    most = allowed(drawn.graph, values, dtype)
    worst = excess(got, want, most)
    if worst <= 1:
        finite = all(np.isfinite(w).all() for w in want)
        return ("equal" if finite else "equal, not finite"), worst
    return ("hangs by rounding" if excess(got, want, moved(drawn, dtype, want, most)) <= 1 else "FAILED"), worst


@dataclass
class Found:
    """What a number of programs came to: by level and precision how often what, and the largest difference."""

    outcomes: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    worst: dict[tuple[str, str], float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def note(self, key: tuple[str, str], outcome: str, worst: float) -> None:
        """One more program; what hangs by rounding has no difference worth telling."""
        self.outcomes.setdefault(key, Counter())[outcome] += 1
        self.worst[key] = max(self.worst.get(key, 0.0), worst if outcome == "equal" else 0.0)

    def add(self, other: Found) -> None:
        """Take in what another process found."""
        for key, counts in other.outcomes.items():
            self.outcomes.setdefault(key, Counter()).update(counts)
            self.worst[key] = max(self.worst.get(key, 0.0), other.worst[key])
        self.failures += other.failures


def shard(seed: int, numbers: Sequence[int], level: str) -> Found:
    """One compilation: these programs at this level, each compared."""
    if level == SANITIZED:
        sanitizers.compiles_alone()
    found, programs = Found(), [draw(seed, number) for number in numbers]
    with tempfile.TemporaryDirectory(prefix="chainrule-fuzz-") as cache, patch.dict(os.environ, XDG_CACHE_HOME=cache):
        for dtype, natives in compiled(programs, level).items():
            for one, native in zip(programs, natives, strict=True):
                outcome, worst = compare(one, native, dtype)
                found.note((level, dtype), outcome, worst)
                if outcome == "FAILED":
                    found.failures.append(f"seed {seed}, {one.label}, {level}, {dtype}: {worst:.3g} times too far")
    return found


def run(seed: int, numbers: Sequence[int], levels: Sequence[str], jobs: int) -> Found:
    """All these programs at all these levels, on several processes."""
    total = Found()
    context = multiprocessing.get_context("spawn")
    shares = [numbers[k : k + TOGETHER] for k in range(0, len(numbers), TOGETHER)]
    for level in levels:
        loaded = sanitizers.preloaded("asan" if level == SANITIZED else None)
        with loaded, ProcessPoolExecutor(jobs, context) as pool:
            for found in pool.map(shard, itertools.repeat(seed), shares, itertools.repeat(level)):
                total.add(found)
                for failure in found.failures:
                    print(failure, flush=True)
        for dtype in TOLERANCE:
            key = level, dtype
            print(f"{level}, {dtype}: {dict(total.outcomes[key])}, at most {total.worst[key]:.3g}", flush=True)
    return total


def report(found: Found, seed: int, numbers: Sequence[int], refused: int) -> str:
    """A paragraph and a table of docs/testing.md."""
    hung = {key: counts["hangs by rounding"] for key, counts in found.outcomes.items()}
    lines = [
        f"`python -m tests.fuzz --native --programs {len(numbers)} --seed {seed}`: {len(numbers):,} programs with "
        f"their gradients; {refused:,} more were drawn that have an operation that C has not. {len(found.failures)} "
        "disagreements. The table says how many were equal; of how many the interpreter itself cannot say the result, "
        "for a decision hangs by rounding; and the largest difference, as a part of what is allowed.",
        "",
        "| compiled | precision | equal | hang by rounding | differ | largest difference |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for (level, dtype), counts in found.outcomes.items():
        differ, worst = counts["FAILED"], found.worst[level, dtype]
        equal = counts.total() - differ - hung[level, dtype]
        name = {"fast": "as `cr.compile` does it", SANITIZED: "-O0, under the sanitizers"}.get(level, level)
        lines.append(f"| {name} | {dtype} | {equal:,} | {hung[level, dtype]:,} | {differ:,} | {worst:.2g} |")
    return "\n".join(lines)

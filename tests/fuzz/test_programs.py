"""Random programs over the whole registry: reverse, forward, differences, JAX, the printed NumPy, all agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.derive import forward, reverse
from chainrule.ir import registry
from chainrule.ir.build import constant
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input, Map, Node
from chainrule.ir.records import Elementwise, Reduction
from chainrule.ir.verify import verify
from chainrule.ir.whole import Whole
from chainrule.run.interpret import bind, interpret
from chainrule.run.printed import Program
from chainrule.simplify import simplify, stabilise
from tests.fuzz.kept import KEPT, NUMBERS
from tests.fuzz.programs import FLOATS, INPUTS, LENGTH, Machine, N, in_jax, traced

jax.config.update("jax_enable_x64", True)

SMALL = st.integers(0, NUMBERS - 1)
PROGRAMS = st.lists(st.tuples(SMALL, SMALL, SMALL, SMALL), min_size=4, max_size=9)
Values = dict[str, Any]
QUICK, SHORT = 50, 500
"""How many programs `make check` and `make test` draw; ``python -m tests.fuzz`` draws as many as one likes."""
ORACLE_EVERY = 1 if settings().max_examples >= 1000 else 5
"""JAX compiles each program, which takes longer than all else: in a short run it is asked about one in so many."""


def values_of(seed: int, length: int = LENGTH) -> Values:
    """A value for every input; the dimension N is so long."""
    rng = np.random.default_rng(seed)
    shapes = {i.name: [length if e is N else e for e in i.shape] for i in INPUTS}
    return {i.name: rng.integers(0, 3, length) if i.kind == "int" else rng.normal(size=shapes[i.name]) for i in INPUTS}


def close(got: Any, want: Any, scale: float, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


class Differences:
    """The loss along a line: its slope by differences, how far that is to be trusted, and whether there is a kink."""

    def __init__(self, loss: Node, values: Values, direction: Values, h: float = 1e-4) -> None:
        def at(t: float) -> float:
            moved = {n: v + t * direction[n] if n in direction else v for n, v in values.items()}
            return float(interpret([loss], moved, sizes=bind(INPUTS, values))[0])

        points = {k: at(k * h) for k in (-4, -2, -1, 0, 1, 2, 4)}
        central = [(points[k] - points[-k]) / (2 * k * h) for k in (1, 2, 4)]
        fine, coarse = ((4 * central[k] - central[k + 1]) / 3 for k in (0, 1))
        self.slope = (16 * fine - coarse) / 15
        self.error = abs(fine - coarse) + 1e-15 * max(map(abs, points.values())) / h
        left, right = (points[0] - points[-1]) / h, (points[1] - points[0]) / h
        wide = (points[2] - points[0]) / (2 * h), (points[0] - points[-2]) / (2 * h)
        # Of a smooth function the sides differ by h f″, half as much as at twice the step.
        bend, wider = abs(right - left), abs(wide[0] - wide[1])
        scale = max(abs(left), abs(right), 1e-3)
        self.kink = bool(bend > 0.75 * wider + 1e-7 * scale and bend > 1e-6 * scale) or self.error > 1e-5 * scale

    def bear_out(self, slope: float, scale: float) -> bool:
        """Whether they have this slope, as far as they are to be trusted."""
        return abs(self.slope - slope) <= 100 * self.error + 1e-6 * max(scale, abs(slope))


def check(program: list[tuple[int, int, int, int]], seed: int, met: Counter[str]) -> str:
    """Derive a program's gradient in every way, and compare; says how far the point allowed it."""
    machine = traced()
    loss = machine.run(list(INPUTS), program)
    verify([loss])
    met.update(machine.used)
    gradients = [reverse({loss: constant(1, "float")}, FLOATS).get(i) for i in FLOATS]
    seeds: dict[Node, Node] = {i: Input.of(f"t.{i.name}", i.shape) for i in FLOATS}
    (pushed,) = forward([loss], seeds)
    plain = Graph(tuple(INPUTS), (loss, *gradients))
    verify([*plain.outputs, pushed])

    values = values_of(seed)
    sizes = bind(INPUTS, values)
    rng = np.random.default_rng(seed + 1)
    direction = {i.name: rng.normal(size=np.shape(values[i.name])) for i in FLOATS}
    met_on_the_way: list[float] = [1.0]

    def watch(_: Node, value: Any) -> None:
        met_on_the_way.append(float(np.max(np.abs(np.asarray(value, float)), initial=0)))

    value, *pulled = interpret(plain.outputs, values, watch=watch, sizes=sizes)
    try:
        printed_agrees(plain, [value, *pulled], values)
    except AssertionError:
        if jumps(plain, values, sizes):
            return "near a kink"
        raise
    if not all(np.isfinite(p).all() for p in (value, *pulled)):
        return "not finite"
    scale = min(float(np.nanmax(met_on_the_way)), 1e6)
    along = interpret([pushed], {**values, **{f"t.{n}": t for n, t in direction.items()}}, sizes=sizes)[0]
    total = sum(float(np.sum(p * direction[i.name])) for i, p in zip(FLOATS, pulled, strict=True))
    close(along, total, scale)
    # What is held constant on purpose moves when a difference is taken.
    if "stop_gradient" not in machine.used:
        differences = Differences(loss, values, direction)
        if differences.kink or not np.isfinite(differences.slope):
            return "near a kink"
        if not differences.bear_out(total, scale):
            # Where the function bends much, a kink shows with a shorter step only. A wrong slope stays wrong.
            shorter = Differences(loss, values, direction, 1e-5)
            assert shorter.kink or shorter.bear_out(total, scale), (total, shorter.slope)
            return "near a kink"
    if seed % ORACLE_EVERY:
        return "checked"
    return against_jax(machine, program, values, value, pulled, scale)


def jumps(graph: Graph, values: Values, sizes: Any) -> bool:
    """Whether a decision hangs by rounding: a sum that cancels, say, is asked whether it is zero."""
    decisions = [n for n in graph.nodes() if isinstance(n, Map) and n.kind == "bool" and n.args[0].kind == "float"]
    operands = [arg for node in decisions for arg in node.args]
    found = dict(zip(operands, interpret(operands, values, sizes=sizes), strict=True))
    gaps = [found[n.args[0]] - (found[n.args[1]] if len(n.args) > 1 else 0) for n in decisions]
    return any(np.min(np.abs(gap), initial=1) < 1e-12 for gap in gaps)


def printed_agrees(plain: Graph, wanted: list[Any], values: Values) -> None:
    """What is printed and run, before and after simplification, is what the interpreter makes of the plain graph."""
    tidy = simplify(plain, checked=True)
    stable = stabilise(Graph(plain.inputs, plain.outputs[:1]), checked=True)
    verify([*tidy.outputs, *stable.outputs])
    finite = all(np.isfinite(w).all() for w in wanted)
    if not finite:
        return
    scale = max(1.0, *(float(np.max(np.abs(w), initial=0)) for w in wanted))
    for graph in (plain, tidy):
        for got, want in zip(Program(graph)(values), wanted, strict=True):
            assert np.shape(got) == np.shape(want)
            close(got, want, scale)
    close(interpret(stable.outputs, values, sizes=bind(INPUTS, values))[0], wanted[0], scale)


def against_jax(
    machine: Machine,
    program: list[tuple[int, int, int, int]],
    values: Values,
    value: Any,
    pulled: list[Any],
    scale: float,
) -> str:
    """The same program in JAX: value and gradients. Not compiled as a whole: nobody runs it twice."""

    def loss(floats: list[Any]) -> Any:
        return in_jax(machine.seen).run([*floats, values["labels"]], program)

    try:
        theirs, slopes = jax.value_and_grad(loss)([values[i.name] for i in FLOATS])
    except KeyError:
        return "JAX has no such operation"
    close(value, theirs, scale)
    if not all(np.isfinite(s).all() for s in slopes):
        return "JAX has no number"
    for got, want in zip(pulled, slopes, strict=True):
        close(got, want, scale, 1e-7)
    return "checked"


@pytest.mark.parametrize(("program", "seed"), [kept[:2] for kept in KEPT], ids=[kept[2] for kept in KEPT])
def test_what_failed_once(program: list[tuple[int, int, int, int]], seed: int) -> None:
    """An instruction's number may mean another operation when there are more of them; the tests by name do not."""
    check(program, seed, Counter())


@pytest.mark.parametrize("programs", [QUICK, pytest.param(SHORT, marks=pytest.mark.slow)])
def test_random_programs(programs: int) -> None:
    met: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()

    @settings(max_examples=max(programs, settings().max_examples), suppress_health_check=list(HealthCheck))
    @given(PROGRAMS, st.integers(0, 10_000))
    def one(program: list[tuple[int, int, int, int]], seed: int) -> None:
        outcomes[check(program, seed, met)] += 1

    one()
    total = sum(outcomes.values())
    assert total >= programs
    assert outcomes["checked"] >= 0.8 * total, outcomes
    if programs < SHORT:
        return
    names = {r.name for r in registry.records() if isinstance(r, (Elementwise, Reduction, Whole))}
    # Random numbers are no functions of floats.
    names -= {"normal", "split_key", "uniform"}
    # Which operations a short run draws is chance; a long one draws them all.
    unused = names - set(met)
    assert len(unused) <= (0 if total > 3000 else 0.2 * len(names)), f"no program used {sorted(unused)}"

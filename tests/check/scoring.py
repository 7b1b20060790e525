"""How many wrong gradients of a corpus are detected, and how many are named rightly."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from chainrule.checking import diagnose
from tests.check.wrong import CASES, Case


@dataclass(frozen=True)
class Score:
    """What became of a case. ``wanted`` and ``got`` are for those who look at what went wrong."""

    case: Case
    detected: bool
    named: bool
    false_alarms: tuple[str, ...]
    got: tuple[str, ...]
    seconds: float

    @property
    def wanted(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        return {name: [(f.kind, f.places) for f in faults] for name, faults in self.case.faults.items()}


def cases(*modules: str) -> list[Case]:
    """The cases of some modules."""
    for module in modules:
        import_module(module)
    return [case for module in modules for case in CASES[module]]


def arguments(case: Case, at: dict[str, Any]) -> list[str]:
    """The arguments of which the backward pass gives the gradient, or ought to."""
    try:
        result = case.candidate({name: np.array(value) for name, value in at.items()})
        gradients = result[1] if isinstance(result, tuple) else result
        return list(gradients)
    except Exception:
        return [name for name in case.faults if name != "loss"]


def score(case: Case, seed: int = 0) -> Score:
    """The checker's answer to a case, beside the right ones."""
    at = case.model.point(np.random.default_rng(seed))
    began = time.perf_counter()
    report = diagnose(case.model.loss, case.backward, wrt=arguments(case, at), at=at)
    seconds = time.perf_counter() - began
    detected, named, got = True, True, []
    verdicts = {verdict.name: verdict for verdict in report}
    for name, faults in case.faults.items():
        verdict = verdicts.get(name)
        diagnosis = verdict.diagnosis if verdict else None
        got += [f"{name}: {m.kind} at {m.where}" for m in (diagnosis.mistakes if diagnosis else ())] or [f"{name}: ok"]
        if diagnosis is None or (verdict is not None and verdict.ok and diagnosis.kind != "kink"):
            detected = named = False
            continue
        said = [(m.kind, m.where) for m in diagnosis.mistakes]
        if case.double:
            named &= len(said) == len(faults) and all(
                any(k == f.kind and w in f.places for k, w in said) for f in faults
            )
        else:
            named &= len(said) == 1 and any(said[0][0] == f.kind and said[0][1] in f.places for f in faults)
    alarms = tuple(v.name for v in report if not v.ok and v.name not in case.faults)
    return Score(case, detected, named, alarms, tuple(got), seconds)


def told(scores: Iterable[Score]) -> str:
    """The figures of a corpus, singles and doubles apart."""
    lines = []
    scores = list(scores)
    for double in (False, True):
        mine = [s for s in scores if s.case.double == double]
        if mine:
            detected, named = sum(s.detected for s in mine), sum(s.named for s in mine)
            alarms = sum(bool(s.false_alarms) for s in mine)
            lines.append(
                f"{len(mine)} with {'two mistakes' if double else 'one mistake'}: {detected} detected "
                f"({100 * detected / len(mine):.0f} %), {named} with the right kind and place "
                f"({100 * named / len(mine):.0f} %), {alarms} with a false alarm; at most "
                f"{max(s.seconds for s in mine):.1f} s"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    every = []
    for case in cases(*sys.argv[1:]):
        try:
            every.append(score(case))
        except Exception as error:
            print(case.name, "raises", type(error).__name__, str(error)[:200])
            every.append(Score(case, False, False, (), (), 0.0))
    for s in every:
        if not (s.detected and s.named) or s.false_alarms:
            print(s.case.name, "\n    wanted", s.wanted, "\n    got   ", s.got, "\n    false ", s.false_alarms)
    print(told(every))

"""No false alarm on right gradients: in both precisions, at ordinary points, near kinks, and badly scaled."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.check.right import FORMS, Form

Change = Callable[[Form, dict[str, Any], np.random.Generator], dict[str, Any] | None]


def ordinary(form: Form, at: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return at


def near_kinks(form: Form, at: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Parameters so small that what a relu, or an absolute value, is taken of almost vanishes."""
    weights = [name for name in at if name in ("w", "w1", "b", "b1")]
    return at | {name: 1e-7 * at[name] for name in weights}


def scaled(size: float) -> Change:
    def change(form: Form, at: dict[str, Any], rng: np.random.Generator) -> dict[str, Any] | None:
        if form.scaled is None:
            return None
        data, weight = form.scaled
        return at | {data: at[data] * size, weight: at[weight] / size}

    return change


CHANGES: dict[str, Change] = {
    "ordinary": ordinary, "near kinks": near_kinks, "a million times": scaled(1e6), "a millionth": scaled(1e-6),
}  # fmt: skip
DTYPES = (np.float64, np.float32)
SEEDS = 6


def alarm(form: Form, change: str, dtype: Any, seed: int) -> str | None:
    """What is said of a right gradient, where it is called wrong; "" where not, None where there is no such point."""
    rng = np.random.default_rng(seed)
    at = CHANGES[change](form, form.model.point(rng), rng)
    if at is None:
        return None
    at = {name: np.asarray(v).astype(dtype) if np.asarray(v).dtype.kind == "f" else v for name, v in at.items()}
    wrt = list(form.backward(**{name: np.array(value) for name, value in at.items()}))
    report = cr.check(form.model.loss, form.backward, wrt=wrt, at=at, seed=seed)
    remarks = [v for v in report if v.diagnosis is not None and v.diagnosis.kind != "kink"]
    return "" if report.ok and not remarks else f"{form.name}, {change}, {np.dtype(dtype)}, seed {seed}:\n{report}"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_right_gradient_is_not_called_wrong(form: Form) -> None:
    for change, dtype in itertools.product(CHANGES, DTYPES):
        assert not alarm(form, change, dtype, 0)


@pytest.mark.slow
def test_none_of_a_thousand_is_called_wrong() -> None:
    combinations = itertools.product(FORMS, CHANGES, DTYPES, range(SEEDS))
    answers = [answer for combination in combinations if (answer := alarm(*combination)) is not None]
    assert len(answers) >= 1000, len(answers)
    assert not any(answers), "\n\n".join(filter(None, answers))[:4000]

"""`chainrule check`: the exit code, the words, and the JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from chainrule.cli import main

MODEL = """
import numpy as np
import chainrule as cr

@cr.function(x="N d", y="N", w="d", b="")
def loss(x, y, w, b):
    z = x @ w + b
    p = cr.sigmoid(z)
    return ((p - y) ** 2).mean()

def right(x, y, w, b):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    d_z = 2 * (p - y) / len(y) * p * (1 - p)
    return {"w": x.T @ d_z, "b": d_z.sum()}

def wrong(x, y, w, b):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    d_z = 2 * (p - y) / len(y) * p
    return {"w": x.T @ d_z, "b": d_z.sum()}
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "a_model_to_check.py"
    path.write_text(MODEL)
    return str(path)


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *args])
    return result.exit_code, result.output


def test_a_right_gradient_ends_with_0(model: str) -> None:
    code, text = run(f"{model}:loss", f"{model}:right", "--wrt", "w", "--wrt", "b")
    assert code == 0, text
    assert text.count("ok") == 2


def test_a_wrong_one_ends_with_1_and_is_named(model: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    point = tmp_path / "point.npz"
    np.savez(point, x=rng.normal(size=(8, 3)), y=rng.uniform(size=8), w=rng.normal(size=3), b=0.3)
    code, text = run(f"{model}:loss", f"{model}:wrong", "--wrt", "w", "--wrt", "b", "--at", str(point))
    assert code == 1
    assert "the slope p in place of p" in text
    assert "b  WRONG  the same as w" in text


def test_the_outcome_as_json(model: str) -> None:
    code, text = run(f"{model}:loss", f"{model}:wrong", "--wrt", "w", "--json")
    told = json.loads(text)
    assert code == 1
    assert not told["ok"]
    assert told["checks"][0]["diagnosis"]["kind"] == "wrong-factor"
    assert told["checks"][0]["diagnosis"]["where"] == "p"


def test_a_formula_and_chainrules_own(model: str) -> None:
    code, text = run(f"{model}:loss", "--wrt", "w", "--formula", "x.T @ (2/N*(p - y)*p*(1 - p))")
    assert code == 0, text
    assert run(f"{model}:loss", "--wrt", "w")[0] == 0
    assert run(f"{model}:loss", f"{model}:right", "--formula", "x")[0] == 2

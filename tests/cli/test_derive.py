"""`chainrule derive`: formulas and functions in files, every form and notation, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import main
from chainrule.cli.derive import FORMS, NOTATIONS
from chainrule.explain import FORMS as ALL_FORMS
from chainrule.render.document import NOTATIONS as ALL_NOTATIONS

LEAST_SQUARES = ["z = x@w; sum((z - y)**2)", "--shape", "x=N d", "--shape", "w=d", "--shape", "y=N"]
MODEL = """
import chainrule as cr

@cr.function(x="N d", y="N", w1="d")
def loss(x, y, w1):
    z = x @ w1
    return ((z - y) ** 2).mean()

def plain(a, b):
    return a * b
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "my_model.py"
    path.write_text(MODEL, encoding="utf-8")
    return str(path)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["derive", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_the_forms_and_notations_are_all_there_are() -> None:
    assert set(FORMS) == set(ALL_FORMS)
    assert set(NOTATIONS) == set(ALL_NOTATIONS)


def test_a_formula() -> None:
    text = run(*LEAST_SQUARES, "--wrt", "w")
    assert text.startswith("∂f/∂w, in the matrix form")
    assert "✓ every line evaluated" in text
    assert text.count("∂f/∂w") >= 2


@pytest.mark.parametrize("form", ["matrix", "components", "substitution"])
def test_every_form_that_fits(form: str) -> None:
    assert f"in the {form} form" in run(*LEAST_SQUARES, "--wrt", "w", "--form", form)


def test_a_function_in_a_file(model: str) -> None:
    assert "∂loss/∂w1" in run(f"{model}:loss", "--wrt", "w1")
    text = run(f"{model}:plain", "--shape", "a=", "--shape", "b=", "--form", "scalar", "--at", "a=2", "--at", "b=3")
    assert "∂plain/∂a" in text
    assert "a = 2" in text


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.html", "<!DOCTYPE html>"), ("a.tex", r"\documentclass"), ("a.md", "#"), ("a.json", "{"), ("a.txt", "∂f/∂w")],
)
def test_a_files_name_says_the_notation(tmp_path: Path, name: str, begins: str) -> None:
    path = tmp_path / name
    said = run(*LEAST_SQUARES, "--wrt", "w", "-o", str(path))
    assert "equalities, all verified" in said
    assert path.read_text(encoding="utf-8").startswith(begins)


def test_json_can_be_read() -> None:
    told = json.loads(run(*LEAST_SQUARES, "--wrt", "w", "--to", "json"))
    assert told["form"] == "matrix"
    assert told["error"] < 1e-9


def test_numbers_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "point.npz"
    np.savez(path, x=np.eye(2), w=np.array([1.0, 2.0]), y=np.zeros(2))
    assert "✓" in run("sum((x@w - y)**2)", "--shape", "x=N d", "--shape", "w=d", "--shape", "y=N", "--at", str(path))
    path = tmp_path / "point.json"
    path.write_text('{"x": 1.5, "y": 2}', encoding="utf-8")
    product = ["x * y", "--shape", "x=", "--shape", "y=", "--form", "scalar"]
    assert "x = 1.5, y = 2" in run(*product, "--at", str(path))
    path.write_text('["x"]', encoding="utf-8")
    assert "nor an .npz or .json file of numbers by name" in " ".join(run(*product, "--at", str(path), code=2).split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*LEAST_SQUARES, "--wrt", "q"], "has no argument 'q'"),
        (["x**2 + 3*x*y", "--shape", "x=", "--shape", "y=", "--form", "deltas"], "matrix, components and substitution"),
        (["x * y", "--shape", "x=3", "--shape", "y=3"], "a gradient is that of one number"),
        ([*LEAST_SQUARES, "--form", "sonnet"], "'sonnet' is not one of"),
        ([*LEAST_SQUARES, "--at", "w:1"], "is not of the form name=1.5"),
        ([*LEAST_SQUARES, "--at", "nothing.npz"], "there is no file nothing.npz"),
        ([*LEAST_SQUARES, "-o", "told.pdf"], "told.pdf does not end in one of .txt, .tex, .md, .html, .json"),
        ([*LEAST_SQUARES, "-o", "no_such_folder/told.md"], "there is no folder no_such_folder"),
        (["no_such_file.py:loss"], "there is no file no_such_file.py"),
    ],
)
def test_what_is_refused_says_why(arguments: list[str], says: str) -> None:
    assert says in run(*arguments, code=2)


def test_a_file_without_the_function_says_which_it_has(model: str) -> None:
    assert "has no function 'los'; there are loss, plain" in run(f"{model}:los", code=2)
    assert "the shape of plain's argument 'a' is not known" in run(f"{model}:plain", code=2)


def test_in_a_terminal_it_has_colour() -> None:
    from rich.console import Console

    told = cr.derive(cr.function(x="N")(lambda x: (x**2).sum()), "x", "components")
    out = Console(force_terminal=True, width=80, color_system="standard")
    with out.capture() as captured:
        out.print(told)
    text = captured.get()
    assert "\x1b[1m" in text
    assert "\x1b[2m" in text
    assert "\x1b[32m✓" in text

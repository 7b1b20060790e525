"""The command as a whole: help, version, errors without tracebacks, and that it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import main


def test_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.output) == (0, f"chainrule, version {cr.__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["demo"], ["grad"], ["ops"]], ids=" ".join)
def test_help_has_an_example(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, [*arguments, "--help"])
    assert result.exit_code == 0
    name = arguments[0] if arguments else "demo"
    assert f"chainrule {name}" in result.output.partition("Examples:")[2]


def test_it_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chainrule", "ops", "tanh"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert "1 - y" in run.stdout


def test_importing_chainrule_loads_nothing_that_is_slow() -> None:
    heavy = "scipy click rich matplotlib sklearn safetensors chainrule.cli chainrule.train"
    code = f"import sys, chainrule; print([name for name in {heavy.split()!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense"),
        (["ops", "sigmoit"], "did you mean sigmoid"),
        (["ops", "zzzzzz"], "`chainrule ops` lists them"),
        (["grad", "x", "--shape", "x"], "is not of the form"),
        (["grad", "x", "--shape", "1x=N"], "is not of the form"),
        (["grad", "sum(x)", "--shape", "x=N", "--shape", "x=M"], "given twice"),
        (["grad", "sum(text)", "--shape", "text=N"], "choose another name"),
        (["grad", "sum(name)", "--shape", "name=N"], "choose another name"),
        (["grad", "sum(x)", "--shape", "x=N,"], None),
        (["grad", "sum(x)", "--shape", "x=-3"], "is no shape for x"),
        (["grad", "sum(x)"], "x"),
        (["grad", "sum(x)", "--shape", "x=N", "--wrt", "y"], "no argument 'y'"),
        (["grad", "sum(x)", "--shape", "x=N int"], "no array of floats"),
        (["grad", "sum(x)", "--shape", "x=N int", "--wrt", "x"], "kind int"),
        (["grad", "x * 2", "--shape", "x=N"], "cr.jacobian"),
        (["grad", "sum(x @ w)", "--shape", "x=N d", "--shape", "w=m"], "(m,)"),
        (["demo", "--epochs", "0"], "0"),
        (["demo", "--seed", "-1"], "-1"),
    ],
)
def test_an_error_is_told_in_a_paragraph(arguments: list[str], said: str | None) -> None:
    result = CliRunner().invoke(main, arguments)
    if said is None:
        assert result.exit_code == 0
        return
    assert result.exit_code == 2
    assert said in result.output
    assert "Error: " in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "   ;  ",
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "x.__class__",
        "x.tofile(x)",
        "open(x)",
        "lambda: x",
        "[x for x in x]",
        "sum(x) if 1 else 2",
        "sum(x); import os",
        "sum(x ** 9 ** 9 ** 9)",
        "sum(x * 10 ** 400)",
        "(" * 5_000 + "x" + ")" * 5_000,
        "-" * 5_000 + "sum(x)",
        "sum(" + "+".join(["x"] * 20_000) + ")",
        "sum(x)\x1b[31m",
        "sum(x) # \u202e",
        "sum(x, axis=7)",
        "sum(𝐱)",
        "sum(x[99999999999999999999])",
        "f'{x}'",
        "\ud800",
    ],
)
def test_a_hostile_formula_is_refused(formula: str) -> None:
    result = CliRunner().invoke(main, ["grad", formula, "--shape", "x=3"])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output

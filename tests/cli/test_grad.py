"""`chainrule grad`: the printed formula is the gradient, and the printed program computes it."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from chainrule.cli import main

LEAST_SQUARES = ["sum((x@w - y)**2)", "--shape", "x=N d", "--shape", "w=d", "--shape", "y=N"]
LAYER = ["l = tanh(x@w); mean((l - y)**2)", "--shape", "x=N d", "--shape", "w=d k", "--shape", "y=N k"]


def output(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["grad", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def program_of(text: str) -> dict[str, object]:
    """What is printed under the last heading, run."""
    scope: dict[str, object] = {}
    exec(text.partition("As NumPy\n")[2], scope)
    return scope


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([*LAYER, "--wrt", "w"], ["l = tanh(xw)", "∂f/∂l = 2/(Nk) (l - y)", "∂f/∂w = xᵀ(∂f/∂l ⊙"]),
        ([*LAYER, "--wrt", "w", "--reading", "components"], ["l_nm = tanh(Σ_d x_nd w_dm)", "∂f/∂w_dm = Σ_n"]),
        ([*LAYER, "--wrt", "w", "--notation", "latex"], [r"\tanh", r"\frac{\partial f}{\partial w}"]),
        (["a * b", "--shape", "a=", "--shape", "b="], ["f = ab", "∂f/∂a = b", "∂f/∂b = a"]),
        (["sum(x)", "--shape", "x=3"], ["∂f/∂x = 1"]),
        (["sum(a) + sum(b)", "--shape", "a=3", "--shape", "b=3"], ["∂f/∂a = 1", "∂f/∂b = 1"]),
        (["sum(a * 0)", "--shape", "a=3"], ["∂f/∂a = 0"]),
    ],
)
def test_the_formulas(arguments: list[str], lines: list[str]) -> None:
    text = output(*arguments)
    for line in lines:
        assert line in text


def test_the_program_computes_the_gradient(rng: np.random.Generator) -> None:
    x, w, y = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)
    value, gradients = program_of(output(*LEAST_SQUARES))["f_and_gradients"](x, w, y)  # type: ignore[operator]
    residual = x @ w - y
    np.testing.assert_allclose(value, residual @ residual)
    np.testing.assert_allclose(gradients["w"], 2 * x.T @ residual)
    np.testing.assert_allclose(gradients["x"], 2 * np.outer(residual, w))
    np.testing.assert_allclose(gradients["y"], -2 * residual)


def test_without_wrt_all_arrays_of_floats_are_meant() -> None:
    text = output("cross_entropy(x @ w, y)", "--shape", "x=N d", "--shape", "w=d k", "--shape", "y=N int")
    assert "∂f/∂x" in text
    assert "∂f/∂w" in text
    assert "∂f/∂y" not in text


def test_what_is_not_printed_on_a_terminal_has_no_colours_and_unbroken_lines() -> None:
    long = "sum(" + " + ".join(f"tanh({n} * x)" for n in range(2, 40)) + ")"
    text = output(long, "--shape", "x=N")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 120
    assert not any(line != line.rstrip() for line in text.splitlines())

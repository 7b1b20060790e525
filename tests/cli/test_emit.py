"""`chainrule emit` writes what `cr.source` gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

import chainrule as cr
from chainrule.cli import main

FORMULA = ["mean((tanh(x@w) - y)**2)", "--shape", "x=N 3", "--shape", "w=3", "--shape", "y=N"]


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["emit", *arguments])


def test_c_is_what_source_writes(tmp_path: Path) -> None:
    told = ran(*FORMULA, "--wrt", "w", "--dtype", "float32", "-o", str(tmp_path / "net.c"))
    assert told.exit_code == 0, told.output
    text = (tmp_path / "net.c").read_text(encoding="utf-8")
    assert text == cr.source(cr.parse(FORMULA[0], x="N 3", w="3", y="N"), "w", target="c", dtype="float32")
    assert told.output == f"{tmp_path / 'net.c'}: {len(text.splitlines()):,} lines\n"
    assert ran(*FORMULA, "--wrt", "w", "--dtype", "float32").output == text


def test_numpy_runs_as_it_stands() -> None:
    told = ran(*FORMULA, "--wrt", "w", "--target", "numpy")
    scope: dict[str, object] = {}
    exec(told.output, scope)
    x, w, y = np.ones((2, 3)), np.zeros(3), np.array([1.0, 3.0])
    value, gradients = scope["f_and_gradients"](x=x, w=w, y=y)  # type: ignore[operator]
    assert value == 5
    np.testing.assert_array_equal(gradients["w"], [-4, -4, -4])


def test_a_function_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text('import chainrule as cr\n\n@cr.function(w="3")\ndef loss(w):\n    return (w**2).sum()\n')
    assert "int cr_loss_step(" in ran(f"{file}:loss").output


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text('import chainrule as cr\n\n@cr.function(a="3 3")\ndef loss(a):\n    return cr.inv(a).sum()\n')
    told = ran(f"{file}:loss")
    assert told.exit_code == 2
    assert "the operation inv is a library's, and cannot be written in C" in told.output

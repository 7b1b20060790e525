"""The examples run, and what they assert holds: their gradients are the formulas worked out by hand."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from chainrule.run.compiler import compiler

EXAMPLES = sorted(Path(__file__).parents[1].joinpath("examples").glob("*.py"))


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_networks_of_the_three_notes_are_there() -> None:
    assert {"hidden_layer_any_activation", "six_weights", "affine_relu_affine"} <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_its_gradients_are_those_by_hand(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loaded(path).main()
    told = capsys.readouterr().out
    assert "by hand" in told
    assert "rained" in told


def test_a_network_written_in_c_learns_xor(tmp_path: Path) -> None:
    """By the commands that stand in the example."""
    text = Path(__file__).parents[1].joinpath("examples", "xor.c").read_text(encoding="utf-8")
    command = shlex.split(re.search(r"chainrule (emit .*? -o network\.c)", text, re.DOTALL)[1].replace("\\\n", " "))  # type: ignore[index]
    (tmp_path / "xor.c").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "chainrule", *command], cwd=tmp_path, check=True)
    compiled = [*compiler(), "-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "xor.c", "-o", "xor", "-lm"]
    subprocess.run(compiled, cwd=tmp_path, check=True)
    told = subprocess.run(["./xor"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-4:] == [f"{a} xor {b} is {a ^ b}" for a in (0, 1) for b in (0, 1)]
    assert float(told.splitlines()[-5].split()[-1]) < 0.01

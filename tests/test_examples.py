"""The examples run, and what they assert holds: their gradients are the formulas worked out by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

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

"""docs/operations.md is what the records say now; its plots are there, small, and well-formed."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.graph import toposort
from chainrule.ir.node import Input
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import records
from chainrule.run.interpret import interpret
from docs import operations
from docs.catalogue.composites import LAYERS, LOSSES
from docs.catalogue.told import Told, tell

TOLD = [tell(op) for op in records()]
HOW = "run python docs/operations.py, and read it"


def test_the_page_is_what_the_records_say_now(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        operations.main()
    assert operations.PAGE.read_text(encoding="utf-8") == operations.page(), f"operations.md is stale: {HOW}"


def test_the_plots_are_those_of_the_records_small_and_well_formed() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in operations.PLOTS.glob("*")}
    made = operations.plots()
    assert kept.keys() == made.keys(), HOW
    for name, svg in made.items():
        assert same_but_for_rounding(kept[name], svg), f"{name} is stale: {HOW}"
        assert len(svg.encode()) <= 4096, name
        assert ElementTree.fromstring(svg).tag.endswith("svg")


NUMBER = re.compile(r"-?\d+\.\d+")


def same_but_for_rounding(kept: str, made: str) -> bool:
    """Whether two pictures are one, but for a tenth of a pixel where machines round otherwise."""
    near = np.allclose(list(map(float, NUMBER.findall(kept))), list(map(float, NUMBER.findall(made))), atol=0.11)
    return NUMBER.sub("", kept) == NUMBER.sub("", made) and bool(near)


def test_every_operation_loss_and_layer_has_its_place() -> None:
    page = operations.PAGE.read_text(encoding="utf-8")
    for name in [*(entry.op.name for entry in TOLD), *(f"of-{c.name}" for c in (*LOSSES, *LAYERS))]:
        assert page.count(f'<a id="{name}"></a>') == 1, name
        assert f"](#{name})" in page, name
    assert set(re.findall(r'src="operations/(\S+)"', page)) == operations.plots().keys()


DERIVED = [entry for entry in TOLD if isinstance(entry.op, Elementwise) and len(entry.equations) > 1]


@pytest.mark.parametrize("entry", DERIVED, ids=[entry.op.name for entry in DERIVED])
def test_the_slopes_that_are_shown_are_the_slopes(entry: Told) -> None:
    """First and second ones, by differences of the value in extended precision."""
    op: Any = entry.op
    first = entry.equations[0].node
    operands = [node for node in toposort([first]) if isinstance(node, Input)]
    bounds = [op.samples[min(i, len(op.samples) - 1)] for i in range(op.arity)]
    # In each operand's samples, and no two of them equal.
    middle = [np.asarray(low + (0.71 - 0.1 * i) * (high - low)) for i, (low, high) in enumerate(bounds)]
    point = {x.name: np.asarray(True) if x.kind == "bool" else v for x, v in zip(first.args, middle, strict=True)}
    floats = [x.name for x in operands if x.kind == "float"]
    assert [x.name for x in first.args if x.kind == "float"] == floats
    slopes = dict(zip(floats, [e for e in entry.equations if e.order == 1], strict=True))

    def at(node: Any, **moved: Any) -> float:
        return float(interpret([node], {**point, **moved}, dtype=np.float64)[0])

    def along(node: Any, name: str) -> float:
        h = 1e-4
        return (at(node, **{name: point[name] + h}) - at(node, **{name: point[name] - h})) / (2 * h)

    for name, equation in slopes.items():
        expected = 0.0 if op.name == "stop_gradient" else along(first, name)
        assert np.isclose(at(equation.node), expected, rtol=1e-5, atol=1e-6), equation.left
    seconds = iter([e for e in entry.equations if e.order == 2])
    for n, name in enumerate(floats):
        for other in floats[n:]:
            expected = along(slopes[name].node, other)
            assert np.isclose(at(next(seconds).node), expected, rtol=1e-5, atol=1e-6), (name, other)
    assert next(seconds, None) is None


def test_what_is_written_out_for_one_vector_is_what_the_library_does() -> None:
    by_name = {c.name: c.f for c in (*LOSSES, *LAYERS)}
    rng = np.random.default_rng(0)
    x, s, b, g = rng.normal(size=(4, 5))
    assert np.isclose(by_name["layer_norm"](x, s, b, g), (cr.layer_norm(x, s, b) * g).sum())
    assert np.isclose(by_name["rms_norm"](x, s, g), (cr.rms_norm(x, s) * g).sum())
    assert np.isclose(by_name["cosine_loss"](x, s), cr.cosine_loss(x, s))
    Q, K, V, G = rng.normal(size=(4, 3, 2))
    expected = (cr.scaled_dot_product_attention(Q, K, V) * G).sum()
    assert np.isclose(by_name["scaled_dot_product_attention"](Q, K, V, G), expected)
    state = {"mean": np.zeros(1), "variance": np.ones(1)}
    scaled, _ = cr.batch_norm(x[:, None], np.array([1.5]), np.array([0.3]), state)
    assert np.isclose(by_name["batch_norm"](x, 1.5, 0.3, g), (scaled[:, 0] * g).sum())
    W, U, b = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 2, 2)), rng.normal(size=(4, 2))
    h, c, g = rng.normal(size=(3, 2))
    found = by_name["gru_cell"](x, h, W[:3], U[:3], b[:3], g)
    assert np.isclose(found, (cr.gru_cell(x, h, W[:3], U[:3], b[:3]) * g).sum())
    assert np.isclose(by_name["lstm_cell"](x, h, c, W, U, b, g), (cr.lstm_cell(x, (h, c), W, U, b)[0] * g).sum())


def test_every_derivation_on_the_page_holds() -> None:
    for composite in (*LOSSES, *LAYERS):
        assert operations.derived(composite).error < 1e-9
        assert set(operations.derived(composite).closed_forms) == set(composite.wrt)

"""The deltas form: layers, paths, stored errors, a step in numbers, and what storing saves."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.deltas.layers import layered
from chainrule.explain.deltas.paths import layers
from chainrule.explain.deltas.wiring import wiring
from chainrule.explain.evaluate import random_point, without_derivatives
from chainrule.explain.pictures.network import find_network
from chainrule.explain.subject import Subject
from chainrule.ir.dims import known_product
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import D, Input
from chainrule.ir.picture import Plot
from chainrule.ir.telling import Chain, Drawing, Paragraph, Section, Table
from chainrule.run.interpret import interpret
from tests import functions
from tests.kept import Golden

f = cr.symbol("f")


def single(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


@cr.function(**single("x1", "x2", "y", *(f"w{k}" for k in range(1, 7))))
def six_weights(x1: Any, x2: Any, y: Any, w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any) -> Any:
    z1 = w1 * x1 + w3 * x2
    z2 = w2 * x1 + w4 * x2
    a1 = cr.sigmoid(z1)
    a2 = cr.sigmoid(z2)
    z3 = w5 * a1 + w6 * a2
    y_hat = cr.sigmoid(z3)
    E = (y - y_hat) ** 2 / 2
    return E


@cr.function(**single("x1", "x2", "y1", "y2", *(f"w{k}" for k in range(1, 9))))
def two_outputs(
    x1: Any, x2: Any, y1: Any, y2: Any, w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any, w7: Any, w8: Any
) -> Any:
    z1 = w1 * x1 + w3 * x2
    z2 = w2 * x1 + w4 * x2
    a1 = f(z1)
    a2 = f(z2)
    z3 = w5 * a1 + w7 * a2
    z4 = w6 * a1 + w8 * a2
    o1 = f(z3)
    o2 = f(z4)
    E = ((y1 - o1) ** 2 + (y2 - o2) ** 2) / 2
    return E


def deep_single(hidden: int) -> Any:
    """Two inputs, so many hidden layers of two units with single weights, one output."""
    weights: list[str] = []
    lines: list[str] = []
    before, unit = ["x1", "x2"], 0
    for width in [2] * hidden + [1]:
        now = []
        for _ in range(width):
            unit += 1
            terms = []
            for a in before:
                weights.append(f"w{len(weights) + 1}")
                terms.append(f"{weights[-1]} * {a}")
            lines += [f"z{unit} = {' + '.join(terms)}", f"a{unit} = tanh(z{unit})"]
            now.append(f"a{unit}")
        before = now
    return cr.parse("; ".join([*lines, f"(y - {before[0]})**2 / 2"]), name="E", **single("x1", "x2", "y", *weights))


def deep(layers: int) -> Any:
    names = [f"W{k}" for k in range(1, layers + 1)]
    lines = [f"h{k} = tanh({'x' if k == 1 else f'h{k - 1}'} @ W{k})" for k in range(1, layers + 1)]
    formula = "; ".join([*lines, f"mean((h{layers} - y)**2)"])
    return cr.parse(formula, name="E", x="N d", y="N d", **dict.fromkeys(names, "d d"))


@cr.function(x="N d", y="N d", W1="d d", W2="d d", W3="d d", b="d")
def residual(x: Any, y: Any, W1: Any, W2: Any, W3: Any, b: Any) -> Any:
    h1 = cr.tanh(x @ W1 + b)
    h2 = h1 + cr.tanh(h1 @ W2)
    h3 = h2 + cr.tanh(h2 @ W3)
    E = cr.mse(h3, y)
    return E


@cr.function(x="n", y="k", W1="m n", b1="m", W2="k m", b2="k")
def one_sample(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    z = W1 @ x + b1
    h = cr.softplus(z)
    p = cr.softmax(W2 @ h + b2)
    E = -(y * cr.log(p)).sum()
    return E


@cr.function(x0="d", x1="d", y="k", W="d m", U="m m", V="m k")
def recurrent(x0: Any, x1: Any, y: Any, W: Any, U: Any, V: Any) -> Any:
    h0 = cr.tanh(x0 @ W)
    h1 = cr.tanh(x1 @ W + h0 @ U)
    p = h1 @ V
    return ((p - y) ** 2).sum() / 2


@cr.function(x="N d", y="N k", w1="d m", w2="m k", lam="")
def penalised(x: Any, y: Any, w1: Any, w2: Any, lam: Any) -> Any:
    a = cr.tanh(x @ w1)
    p = a @ w2
    difference = p - y
    return (difference**2).mean() + lam * ((w1**2).sum() + (w2**2).sum())


@cr.function(x="N 3", y="N int", w1="3 6", b1="6", w2="6 4", b2="4")
def sized_classifier(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return cr.cross_entropy(cr.relu(x @ w1 + b1) @ w2 + b2, y)


gated = cr.parse(
    "a = tanh(x @ w) * sigmoid(x @ g); mean((a @ v - y)**2)", name="E", x="N d", w="d m", g="d m", y="N", v="m"
)
learnt_slope = cr.parse(
    "z = x @ w; a = where(z > 0, z, s * z); mean((a @ v - y)**2)", name="E", x="N d", w="d m", y="N", s="", v="m"
)
softmax_inside = cr.parse("a = softmax(x @ w); mean((a @ v - y)**2)", name="E", x="N d", w="d m", y="N", v="m")
centred = cr.parse(
    "z = x @ w; c = z - mean(z, axis=0); a = tanh(c); mean((a @ v - y)**2)", name="E", x="N d", w="d m", y="N", v="m"
)
in_pieces = cr.parse("s = x @ w; z = s + b; a = tanh(z); mean((a - y)**2)", name="E", x="N d", w="d m", y="N m", b="m")
used_twice = cr.parse(
    "a = tanh(x @ w); z = a @ v; mean((z - y)**2) + mean(a**2)/9", name="E", x="N d", w="d m", y="N", v="m"
)
unused = cr.parse("z = w * x; (tanh(z) - y)**2", name="E", **single("x", "y", "w", "q"))
NETWORKS: dict[str, tuple[Any, Any]] = {
    "2-2-1": (six_weights, [f"w{k}" for k in range(1, 7)]),
    "2-2-2": (two_outputs, ["w1", "w5", "x1"]),
    "ten hidden": (deep_single(10), "w1"),
    "columns": (functions.columns, ["W", "b", "v", "c"]),
    "rows": (functions.rows, ["W", "b", "v", "c"]),
    "relu": (functions.loss, ["w1", "b1", "w2", "b2"]),
    "classifier": (functions.classifier, ["w1", "b1", "w2", "b2", "x"]),
    "sizes known": (sized_classifier, "w1"),
    "shared": (functions.shared, ["w", "x"]),
    "logistic": (functions.logistic, ["w", "b"]),
    "four": (deep(4), ["W1", "W4"]),
    "residual": (residual, ["W1", "b", "W3", "x"]),
    "one sample": (one_sample, ["W1", "b1", "W2", "b2"]),
    "recurrent": (recurrent, ["W", "U", "V", "x0"]),
    "penalised": (penalised, ["w1", "w2", "lam"]),
    "intermediates": (functions.loss, ["l1", "l2", "w1"]),
    "a target": (functions.rows, "y"),
    "gated": (gated, ["w", "g"]),
    "learnt slope": (learnt_slope, ["s", "w"]),
    "softmax inside": (softmax_inside, "w"),
    "mixed samples": (centred, ["w", "v"]),
    "in pieces": (in_pieces, ["s", "a", "z", "w"]),
    "used twice": (used_twice, ["w", "a"]),
    "unused": (unused, ["q", "w"]),
}


@functools.cache
def derived(name: str) -> Any:
    function, wrt = NETWORKS[name]
    return cr.derive(function, wrt, "deltas")


def section(d: Any, start: str) -> Section:
    return next(s for s in d.telling.sections if s.title.startswith(start))


def rows_of(block: Any) -> list[list[str]]:
    """A table's cells, as far as they are words and numbers."""
    assert isinstance(block, Table)
    return [["".join(piece for piece in cell if isinstance(piece, str)) for cell in row] for row in block.rows]


# ---------------------------------------------------------------------------------------------- every network


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow
def test_every_line_holds_and_every_section_is_there(name: str) -> None:
    d = derived(name)
    assert d.form == "deltas"
    assert d.error < 1e-9
    titles = [s.title for s in d.telling.sections]
    assert [t for t in titles if not t.startswith(("The path", "A step"))] == [
        "", "Forward", "Backward: the errors δ", "Gradients", "What memorising saved",
    ]  # fmt: skip
    # A closed form has no names but the reader's.
    assert not any("⁽" in str(closed) for closed in d.closed_forms.values())
    assert sum(t.startswith("The path of") for t in titles) == 1
    assert str(d)
    assert d.latex()
    assert d.html()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_error_ends_in_errors_that_were_stored_before(name: str) -> None:
    told = derived(name).telling
    stored: set[Any] = set()
    for block in section(derived(name), "Backward").blocks:
        if not isinstance(block, Chain):
            continue
        first, last = block.steps[0].before, block.steps[-1].after
        assert isinstance(first, D)
        assert first.args[0] is told.loss
        left = {node for node in _below(last) if isinstance(node, D)}
        assert left <= stored, "an error is used that is not known yet"
        stored.add(first)
    gradients = section(derived(name), "Gradients").blocks[0]
    assert isinstance(gradients, Table)
    for step in gradients.claims:
        assert {node for node in _below(step.after) if isinstance(node, D)} <= stored


def _below(node: Any) -> set[Any]:
    """A node and what it is made of, nothing inside a derivative."""
    found, stack = set(), [node]
    while stack:
        top = stack.pop()
        found.add(top)
        stack += () if isinstance(top, D) else top.args
    return found


def test_the_errors_are_those_of_the_definition() -> None:
    # By hand, with NumPy, for the network with single weights.
    at = {"x1": 0.5, "x2": -1.0, "y": 1.0, "w1": 0.4, "w2": -0.6, "w3": 0.2, "w4": 0.8, "w5": 1.1, "w6": -0.7}
    d = cr.derive(six_weights, "w1", "deltas", at=at)
    s = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    z1, z2 = 0.4 * 0.5 + 0.2 * -1, -0.6 * 0.5 + 0.8 * -1
    a1, a2 = s(z1), s(z2)
    a3 = s(1.1 * a1 - 0.7 * a2)
    d3 = (a3 - 1) * a3 * (1 - a3)
    d1, d2 = d3 * 1.1 * a1 * (1 - a1), d3 * -0.7 * a2 * (1 - a2)
    by_name = {name: node for node, name in d.telling.names.items()}
    errors = [by_name[name] for name in ("delta^3_1", "delta^2_1", "delta^2_2")]
    found = interpret(without_derivatives(errors), {n: np.asarray(v) for n, v in at.items()})
    np.testing.assert_allclose([float(v) for v in found], [d3, d1, d2], rtol=1e-12)
    slopes = np.array([d1 * 0.5, d2 * 0.5, d1 * -1, d2 * -1, d3 * a1, d3 * a2])
    table = section(d, "A step").blocks[3]
    assert isinstance(table, Table)
    shown = np.array([[float(piece.value) for cell in row[1:] for piece in cell] for row in table.rows])  # type: ignore[union-attr]
    np.testing.assert_allclose(shown[:, 1], slopes, rtol=1e-12)
    np.testing.assert_allclose(shown[:, 2], shown[:, 0] - slopes, rtol=1e-12)
    # The loss that follows is that of the function, called with the new weights.
    weights = dict(zip([f"w{k}" for k in range(1, 7)], shown[:, 2], strict=True))
    *_, outcome = section(d, "A step").blocks
    assert isinstance(outcome, Paragraph)
    now, then = (piece.value for piece in outcome.pieces if hasattr(piece, "value"))
    assert then == pytest.approx(six_weights(**{**at, **weights}), rel=1e-12)
    assert now == pytest.approx((1 - a3) ** 2 / 2, rel=1e-12)
    assert " falls from " in outcome.pieces


# ---------------------------------------------------------------------------------------------- words and names


def test_what_is_stored_says_where_it_is_used_again() -> None:
    text = " ".join(str(derived("2-2-1")).split())
    assert "Stored as δ⁽³⁾₁; used again by w5, w6, δ⁽²⁾₁ and δ⁽²⁾₂." in text
    assert "Stored as δ⁽²⁾₂; used again by w2 and w4." in text
    assert "not Kronecker's δ" in text
    text = " ".join(str(derived("residual")).split())
    assert "Stored as ∂E/∂h2; used again by δ⁽²⁾ and δ⁽³⁾." in text


def test_the_readers_names_are_kept_and_others_made_by_layer() -> None:
    told = derived("relu").telling
    names = set(told.names.values())
    assert {"z^2", "l1", "l2", "delta^2", "delta^3"} <= names
    assert not {name for name in names if name.startswith("u") and name[1:].isdigit()}
    assert {"z1", "z2", "z3", "a1", "a2", "y_hat"} <= set(derived("2-2-1").telling.names.values())


def test_an_error_is_spelled_with_its_layer_in_every_notation() -> None:
    d = derived("2-2-1")
    assert "δ⁽³⁾₁" in str(d)
    assert r"\delta^{(3)}_1" in d.latex()
    assert re.search(r"<msubsup><mi>δ</mi><mrow><mn>1</mn></mrow><mrow><mo[^>]*>\(</mo><mn>3</mn>", d.html())


# ---------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [
        ("2-2-1", 1, "w1 → z1 → a1 → z3 → y_hat → E"),
        ("2-2-2", 2, "w1 → z1 → a1 → z4 → o2 → E"),
        ("residual", 4, "W1 → z⁽²⁾ → h1 → h2 → h3 → E"),
        ("recurrent", 2, "W → z⁽³⁾ → h1 → p → recurrent"),
    ],
)
def test_all_paths_are_printed_where_they_are_few(name: str, count: int, words: str) -> None:
    d = derived(name)
    assert words in " ".join(str(d).replace("ŷ", "y_hat").split())
    paths = section(d, "The path of")
    chains = [block for block in paths.blocks if isinstance(block, Chain)]
    assert len(chains) == 2
    if count > 1:
        assert len(rows_of(paths.blocks[1])) == count
    # The sum over all of them is the derivative by the weight, without any derivative left in it.
    wrt = d.telling.wrt
    assert chains[1].steps[0].before.args == (d.telling.loss, wrt)
    assert not any(isinstance(node, D) for node in _below(chains[1].steps[0].after))


def test_an_output_may_have_another_layer_added_to_it() -> None:
    graph = residual.trace().graph
    network = find_network(graph)
    assert network is not None
    name = [graph.names.get(layer.output) for layer in network.layers]
    same = [(name[link.source], name[link.target]) for link in network.links if link.weight is None]
    assert same == [("h1", "h2"), ("h2", "h3")]
    assert [layer.role for layer in network.layers if graph.names.get(layer.output) == "h3"] == ["output"]


def test_of_many_paths_eight_are_printed_and_all_counted() -> None:
    d = derived("ten hidden")
    paths = section(d, "The path of one weight")
    rows = rows_of(next(block for block in paths.blocks if isinstance(block, Table)))
    assert [row[0] for row in rows] == [*"12345678", "…"]
    assert rows[-1][1] == "and 504 more"
    assert "by 512 paths" in " ".join(str(d).split())
    assert not any(isinstance(block, Chain) for block in paths.blocks)


def test_paths_through_single_units_are_counted() -> None:
    text = " ".join(str(derived("sizes known")).split())
    assert "Through single units that is 4 paths for one entry of w1 and one sample" in text


# ---------------------------------------------------------------------------------------------- what is saved


def wiring_of(function: Any, wrt: str) -> Any:
    told = cr.derive(function, wrt, "deltas").telling
    graph = Graph(told.graph.inputs, told.graph.outputs, told.graph.names)
    found = layered(Subject(graph, told.closed, told.closed, {}))
    assert found is not None
    return wiring(found, random_point(graph, 0)[1])


@pytest.mark.slow
def test_multiplications_are_counted_on_the_graph() -> None:
    total = wiring_of(six_weights, "w1").total
    assert (total.apart, total.stored) == (20, 11)
    total = wiring_of(deep_single(10), "w1").total
    assert (total.apart, total.stored) == (81_924, 101)
    for name, apart, stored in (("2-2-1", "20", "11"), ("ten hidden", "81,924", "101")):
        tables = [block for block in section(derived(name), "What memorising").blocks if isinstance(block, Table)]
        assert rows_of(tables[0])[-1][3:5] == [apart, stored]


def test_arrays_count_as_their_single_units_do() -> None:
    arrays = cr.parse(
        "a = tanh(x @ w1); b = tanh(a @ w2); p = tanh(b @ w3); sum((p - y)**2)", name="E",
        x="N 2", y="N 1", w1="2 2", w2="2 2", w3="2 1",
    )  # fmt: skip
    assert wiring_of(arrays, "w1").total == wiring_of(deep_single(2), "w1").total == layers((2, 2, 2, 1)).total


def test_a_bias_is_no_factor_and_a_linear_output_has_no_slope() -> None:
    plain = cr.parse("sum((tanh(x @ w1) @ w2 - y)**2)", name="E", x="N 3", y="N 2", w1="3 4", w2="4 2")
    biased = cr.parse(
        "sum((tanh(x @ w1 + b1) @ w2 + b2 - y)**2)", name="E", x="N 3", y="N 2", w1="3 4", b1="4", w2="4 2", b2="2"
    )
    one, two = wiring_of(plain, "w1").total, wiring_of(biased, "w1").total
    # One δ·a for each weight; (δ₁ w + δ₂ w) f′ for each hidden unit.
    assert (one.gradients, one.errors) == (3 * 4 + 4 * 2, 4 * (2 + 1))
    assert one.apart == 8 * 1 + 12 * 2 * 3
    assert two.stored == one.stored
    assert two.weights == one.weights + 6
    assert two.apart == one.apart + 4 * 2 * 2


def test_a_value_that_is_added_as_it_is_costs_nothing() -> None:
    wiring = wiring_of(residual, "W1")
    d = wiring.widths[0]
    assert d > 1
    # From z to h in three layers, along two matrices of weights; nothing for h2 from h1, and for h3 from h2.
    assert wiring.total.errors == 3 * d + 2 * d * d
    assert wiring.total.gradients == 3 * d * d
    # From W3 one way; from W2 through W3 or past it; from W1 and b past either, or both, or none.
    assert wiring.ways[0] == 1 + 2 * d + d * d
    assert wiring.total.paths == d * d * (1 + (1 + d)) + (d * d + d) * wiring.ways[0]


def test_where_samples_are_mixed_nothing_is_counted_for_one() -> None:
    text = " ".join(str(derived("mixed samples")).split())
    assert "units of one sample lead to those of another" in text
    assert "one sample (" not in text
    assert "Multiplications, for one sample" in " ".join(str(derived("softmax inside")).split())


def test_what_is_saved_is_drawn_as_depth_and_width_grow() -> None:
    pictures = [b.picture for b in section(derived("2-2-1"), "What memorising").blocks if isinstance(b, Drawing)]
    assert len(pictures) == 2
    for picture, first in zip(pictures, (20, 10), strict=True):
        assert isinstance(picture, Plot)
        apart, stored = (curve.points for curve in picture.curves)
        assert 10 ** apart[0][1] == pytest.approx(first)
        assert picture.y.base == 10
        assert apart[-1][1] > stored[-1][1]
    depth = dict(pictures[0].curves[0].points)
    assert 10 ** depth[10.0] == pytest.approx(81_924)


# ---------------------------------------------------------------------------------------------- numbers


def test_an_unspecified_function_has_no_numbers() -> None:
    d = derived("2-2-2")
    assert not any(s.title.startswith("A step") for s in d.telling.sections)
    assert d.telling.values == ()


def test_a_learning_rate_that_overshoots_is_not_taken() -> None:
    network = cr.parse("z = w*x + b; 40 * (y - tanh(z))**2", name="E", **single("x", "y", "w", "b"))
    d = cr.derive(network, ["w", "b"], "deltas", at={"x": 1.0, "y": 0.5, "w": 0.1, "b": 0.0})
    text = " ".join(str(d).split())
    assert "α = 0.01 was found by trying" in text
    assert "E falls from" in text


def test_at_the_bottom_nothing_falls_and_that_is_said() -> None:
    network = cr.parse("z = w*x + b; (y - tanh(z))**2", name="E", **single("x", "y", "w", "b"))
    d = cr.derive(network, ["w", "b"], "deltas", at={"x": 1.0, "y": 0.0, "w": 0.0, "b": 0.0})
    text = " ".join(str(d).split())
    assert "with none of them E gets smaller" in text
    assert "falls" not in text


def test_large_arrays_are_not_printed_only_the_loss() -> None:
    d = derived("sizes known")
    step = section(d, "A step")
    assert not any(isinstance(block, Table) for block in step.blocks)
    assert "too large to be printed" in str(d)
    assert len(d.telling.values) == 2


def test_the_identity_of_a_whole_matrix_is_never_formed() -> None:
    x, w = Input.of("x", (2, 30)), Input.of("w", (30, 40))
    (found,) = without_derivatives([D.make((cr.tanh(x @ w), w), ())])
    assert max(known_product(node.shape) for node in toposort([found])) == 2 * 40 * 30 * 40
    rng = np.random.default_rng(0)
    at = {"x": rng.normal(size=(2, 30)), "w": rng.normal(size=(30, 40))}
    (jacobian,) = interpret([found], at)
    slope = 1 - np.tanh(at["x"] @ at["w"]) ** 2
    np.testing.assert_allclose(jacobian, np.einsum("nk,nd,km->nkdm", slope, at["x"], np.eye(40)), rtol=1e-12)


def test_a_wrong_number_is_found() -> None:
    d = cr.derive(*NETWORKS["2-2-1"], "deltas")
    value = d.telling.values[-1]
    object.__setattr__(value, "value", value.value + 1e-4)
    assert d.verify() > 1e-6


# ---------------------------------------------------------------------------------------------- size, refusals, texts


def test_the_length_grows_linearly_with_depth() -> None:
    told = [cr.derive(deep(n), "W1", "deltas") for n in (4, 8, 12, 16)]
    steps = [d.count() for d in told]
    assert steps[3] - steps[2] == steps[2] - steps[1] == steps[1] - steps[0]
    # The arrays of four layers are few enough to be printed; from eight on the text grows by as many lines for each.
    lines = [len(str(d).splitlines()) for d in told]
    assert lines[3] - lines[2] <= 1.15 * (lines[2] - lines[1])
    assert lines[2] <= 3 * lines[0]


def test_a_sum_of_products_alone_has_no_errors() -> None:
    with pytest.raises(cr.DerivativeError, match="has no layers"):
        cr.derive(cr.parse("w * x + b", **single("w", "x", "b")), ["w", "b"], "deltas")


def test_what_the_loss_does_not_depend_on_has_no_path() -> None:
    text = " ".join(str(derived("unused")).split())
    assert "q does not reach E." in text
    assert str(derived("unused").closed_forms["q"]) == "0"


@pytest.mark.parametrize(
    ("function", "wrt"), [(functions.attention, "q"), (functions.layer_norm, "g"), (functions.pieces, "x")]
)
def test_without_layers_the_forms_that_fit_are_named(function: Any, wrt: str) -> None:
    with pytest.raises(cr.DerivativeError, match=r"has no layers .* the forms matrix, components and substitution fit"):
        cr.derive(function, wrt, "deltas")


@pytest.mark.parametrize(("name", "function", "wrt"), [
    ("2-2-1", *NETWORKS["2-2-1"]), ("2-2-2", *NETWORKS["2-2-2"]), ("columns", *NETWORKS["columns"]),
])  # fmt: skip
def test_the_telling_reads_as_it_did(name: str, function: Any, wrt: Any, golden: Golden) -> None:
    text = str(cr.derive(function, wrt, "deltas"))
    golden.check(f"deltas_{name}.txt", text.rpartition("; largest")[0] + "\n")


def test_lines_with_errors_can_be_left_out_and_answered() -> None:
    exercise = derived("2-2-1").exercise(3)
    told = derived("2-2-1").telling
    assert len(exercise.blanks) == len(told.steps)
    number = next(n for n, blank in exercise.blanks.items() if "δ⁽³⁾₁ w5" in blank.right)
    assert exercise.answer(number, "δ⁽³⁾₁ w5 a1 (1 - a1)")
    assert not exercise.answer(number, "δ⁽³⁾₁ w6 a1 (1 - a1)")
    arrays = derived("columns").exercise(3)
    number = next(n for n, blank in arrays.blanks.items() if blank.right == "δ⁽²⁾xᵀ")
    assert arrays.answer(number, "δ⁽²⁾ @ x.T")

"""The substitution form: the loss in pieces, the chain of their derivatives, put back, and the program beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.substitution import DEPTH
from chainrule.explain.substitution import local as substitution_local
from chainrule.explain.substitution.local import tied
from chainrule.explain.substitution.pieces import intermediates
from chainrule.explain.substitution.products import everywhere, flattened, product, with_choices, without_deltas
from chainrule.explain.substitution.program import Program
from chainrule.ir.build import broadcast, constant
from chainrule.ir.dims import Dim, Sizes
from chainrule.ir.graph import toposort
from chainrule.ir.node import Delta, Einsum, Gather, Input, Map, Node
from chainrule.ir.registry import call
from chainrule.ir.telling import Chain, Code, Listing, Math, Paragraph, Section, Step, Table
from chainrule.render.formula import show
from chainrule.run.interpret import interpret
from tests import functions
from tests.derived import derived
from tests.functions import GRADIENTS, values_of
from tests.kept import Golden


def network(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """Affine, ReLU, affine, mean squared error, samples as rows."""
    MSE = ((y - (np.maximum(0, x @ w1 + b1) @ w2 + b2)) ** 2).mean()
    return MSE


MSE = cr.function(x="N d", y="N", w1="d m", b1="m", w2="m", b2="")(network)
in_columns = cr.function(x="N d", y="N 1", w1="d m", b1="m", w2="m 1", b2="")(network)


@cr.function(x="")
def y(x: Any) -> Any:
    u = 7 + x**2
    return 3 * u


@cr.function(x="N d", y="N", w="d", b="")
def logistic(x: Any, y: Any, w: Any, b: Any) -> Any:
    """Logistic regression, its probability used twice."""
    p = cr.sigmoid(x @ w + b)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


@cr.function(x="", y="")
def several(x: Any, y: Any) -> Any:
    """A number that is used in three ways, one of them through another."""
    a = np.sin(x)
    b = a * y
    return a * b + a


@cr.function(x="N", u1="", w="")
def clash(x: Any, u1: Any, w: Any) -> Any:
    u3 = np.tanh(w * x + u1)
    d_u2 = u3 * u3
    return (d_u2**2).sum()


@cr.function(x="T d", W="d m", U="m m", V="m", y="")
def recurrent(x: Any, W: Any, U: Any, V: Any, y: Any) -> Any:
    h = cr.tanh(x.sum(axis=0) @ W)
    for _ in range(3):
        h = cr.tanh(x.sum(axis=0) @ W + h @ U)
    return (h @ V - y) ** 2


@cr.function(m="", s="", x="N")
def gaussian(m: Any, s: Any, x: Any) -> Any:
    """Its s is in every term of the sum by itself: N of them."""
    z = (x - m) * np.exp(-s)
    return (z**2 / 2 + s).sum()


@cr.function(x="N d", w="d", v="d")
def signs(x: Any, w: Any, v: Any) -> Any:
    """A sign and a number before a product, and a product that two sums use."""
    return (np.tanh(-(x @ w) / 2) + np.sin(x @ v + w.sum()) * np.cos(x @ v + v.sum())).sum()


def deep(layers: int) -> Any:
    """A network of so many layers of one width."""
    weights = [f"W{k}" for k in range(layers)]
    lines = [f"    h{k + 1} = cr.tanh(h{k} @ W{k})" for k in range(layers)]
    text = f"def deep(x, y, {', '.join(weights)}):\n    h0 = x\n" + "\n".join(lines)
    scope: dict[str, Any] = {"cr": cr}
    exec(text + f"\n    return ((h{layers} - y) ** 2).mean()", scope)
    return cr.function(x="N d", y="N d", **dict.fromkeys(weights, "d d"))(scope["deep"])


five = deep(5)
ALL = ["w1", "b1", "w2", "b2", "x"]
TOLD: list[tuple[str, Any, list[str]]] = [
    *((name, function, names) for name, (function, names) in GRADIENTS.items()),
    ("rows", functions.rows, list("Wbvcx")),
    ("columns", functions.columns, list("Wbvc")),
    ("MSE", MSE, ALL),
    ("MSE backwards", MSE, ALL[::-1]),
    ("MSE, outputs as columns", in_columns, ALL),
    ("y", y, ["x"]),
    ("logistic regression", logistic, ["w", "b", "x"]),
    ("several", several, ["x", "y", "a"]),
    ("clash", clash, ["w", "u3"]),
    ("gaussian", gaussian, ["m", "s", "z"]),
    ("signs", signs, ["w", "v"]),
    ("recurrent", recurrent, ["W", "U", "V"]),
    ("five", five, ["W0", "W2", "W4", "x"]),
]
every = pytest.mark.parametrize(("function", "wrt"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])


def told(function: Any, wrt: str | Sequence[str]) -> Any:
    return derived(function, wrt, "substitution")


def section(derivation: Any, title: str) -> Section:
    (found,) = [s for s in derivation.telling.sections if title in s.title]
    return found


def text_of(derivation: Any) -> str:
    """The text without its line breaks, which are the page's."""
    return " ".join(str(derivation).split())


def lines(derivation: Any, name: str) -> list[Step]:
    """The steps in components of the derivative by one thing."""
    return list(next(b for b in section(derivation, f"derivative by {name}").blocks if isinstance(b, Chain)).steps)


def reasons(derivation: Any, name: str) -> list[str]:
    return [step.rule for step in lines(derivation, name)]


# ---------------------------------------------------------------------------------------------- every function


@every
def test_every_line_is_true(function: Any, wrt: list[str]) -> None:
    derivation = told(function, wrt)
    assert derivation.error < 1e-9
    assert derivation.verify() < 1e-9
    assert [derivation.telling.name_of(node) for node in derivation.telling.closed] == wrt
    for name in wrt:
        assert section(derivation, f"derivative by {name}").blocks


@every
def test_each_line_begins_where_the_one_before_ended(function: Any, wrt: list[str]) -> None:
    for block in told(function, wrt).telling.blocks:
        if isinstance(block, Chain):
            for before, after in pairwise(block.steps):
                assert before.after is after.before
            assert all(step.why and step.rule for step in block.steps)


@every
def test_the_program_beside_the_formulas_computes_the_gradients(function: Any, wrt: list[str]) -> None:
    derivation = told(function, wrt)
    if function in (functions.rows, functions.columns):
        assert "yours to define" in listings(derivation)
        return
    values = values_of(function)
    scope: dict[str, Any] = {"np": np, **values}
    exec(listings(derivation), scope)
    for line in code(derivation):
        exec(line, scope)
    expected = cr.grad(function, [name for name in wrt if name in values])(**values)
    for name, gradient in expected.items():
        np.testing.assert_allclose(scope[f"d_{name}"], gradient, rtol=1e-12, atol=1e-12)
    assert code(derivation)


def code(derivation: Any) -> list[str]:
    """The Python of the table, line by line."""
    (table,) = [block for block in section(derivation, "In pieces").blocks if isinstance(block, Table)]
    return [piece.text for row in table.rows for cell in row for piece in cell if isinstance(piece, Code)]


def listings(derivation: Any) -> str:
    return "\n\n".join(b.text for b in section(derivation, "In pieces").blocks if isinstance(b, Listing))


@every
def test_each_gradient_is_stored_once(function: Any, wrt: list[str]) -> None:
    assigned = [line.split(" = ")[0] for line in code(told(function, wrt))]
    assert len(assigned) == len(set(assigned)) > len(wrt)


# ---------------------------------------------------------------------------------------------- the note's network


def test_the_loss_is_rewritten_until_it_is_short() -> None:
    derivation = told(MSE, "w1")
    names = derivation.telling.names
    chain = next(b for b in section(derivation, "shorter").blocks if isinstance(b, Chain))
    opened = [sorted(names[node] for node in step.opened) for step in chain.steps]
    assert opened[0] == ["MSE", "u1", "u2", "u3", "u4", "u5"]
    assert opened[1:] == [row for k in range(2, 6) if (row := ["MSE", *(f"u{i}" for i in range(k, 6))])] + [["MSE"]]
    assert all(step.before is step.after is derivation.telling.loss for step in chain.steps)
    text = str(derivation).partition("shorter\n")[2].partition("──")[0]
    ends = [line.partition("Σ_n ")[2] for line in text.splitlines() if "Σ_n" in line]
    assert ends[-3:] == ["(y_n - u3_n)²", "u4_n²", "u5_n"]


def test_the_chain_is_the_product_of_five_local_derivatives() -> None:
    derivation = told(MSE, "w1")
    found = lines(derivation, "w1")
    assert [step.rule for step in found] == [
        "past the sum",
        "chain rule",
        *["put in"] * 5,
        "numbers and signs",
        *["put back"] * 4,
        "numbers and signs",
    ]
    text = text_of(derivation)
    assert "Σ_n ∂u5_n/∂u4_n ∂u4_n/∂u3_n ∂u3_n/∂u2_nm ∂u2_nm/∂u1_nm ∂u1_nm/∂w1_dm" in text
    assert "Σ_n 2 u4_n w2_m [u1_nm > 0] x_nd ·" in text
    assert "Σ_n u4_n w2_m [u1_nm > 0] x_nd ·" in text
    opened = [{derivation.telling.names[node] for node in step.opened} for step in found[8:12]]
    assert opened == [{"u4"}, {"u4", "u3"}, {"u4", "u3", "u2"}, {"u4", "u3", "u2", "u1"}]


def test_the_case_distinction_is_told_as_cases_of_every_hidden_unit() -> None:
    derivation = told(MSE, "w1")
    (table,) = [b for b in section(derivation, "by the one before").blocks if isinstance(b, Table)]
    (row,) = [row for row in table.rows if any("greater operand" in str(piece) for piece in row[-1])]
    shown = [piece.node for cell in row for piece in cell if isinstance(piece, Math)]
    assert any(isinstance(node, Map) and node.op.name == "where" for node in shown)
    assert {node.shape for node in shown} == {(Dim("N"), Dim("m"))}
    said = [b for b in section(derivation, "by the one before").blocks if isinstance(b, Paragraph)]
    assert any("inside the sums" in piece for b in said for piece in b.pieces if isinstance(piece, str))


def test_what_is_asked_for_later_uses_what_was_found_again() -> None:
    derivation = told(MSE, ALL)
    for name, behind in (("b1", "u1"), ("w2", "u3"), ("b2", "u3"), ("x", "u1")):
        first = lines(derivation, name)[0]
        assert f"∂MSE/∂{behind} is known from above" in first.why
    assert "known" not in lines(derivation, "w1")[0].why


@pytest.mark.parametrize("wrt", [["x"], ["w1", "x"]])
def test_one_sample_is_in_one_term_of_the_sum(wrt: list[str]) -> None:
    derivation = told(MSE, wrt)
    found = lines(derivation, "x")
    at = [step.rule for step in found].index("Kronecker delta")
    assert any(isinstance(n, Delta) for n in toposort([found[at].after]))
    assert "the sum over N falls away" in found[at + 1].why
    assert not any(isinstance(n, Delta) for n in toposort([found[at + 1].after]))
    assert "the sum over N" not in " ".join(step.why for step in lines(told(MSE, "w1"), "w1"))


def test_shared_weights_keep_their_sum_over_the_samples() -> None:
    def said(name: str) -> str:
        blocks = section(told(MSE, name), f"derivative by {name}").blocks
        found = [block for block in blocks if isinstance(block, Paragraph)]
        return " ".join(piece for block in found for piece in block.pieces if isinstance(piece, str))

    for name in ("w1", "b1", "w2", "b2"):
        assert "that sum stays" in said(name)
        assert "one term is left" not in said(name)
    assert "one term is left" in said("x")


# ---------------------------------------------------------------------------------------------- other shapes of graphs


def test_the_chain_rule_of_two_numbers() -> None:
    derivation = told(y, "x")
    assert [step.rule for step in lines(derivation, "x")] == [
        "chain rule",
        "by its formula",
        "put in",
        "numbers and signs",
    ]
    text = str(derivation).replace(" ", "")
    for line in ("∂y/∂x=∂y/∂u∂u/∂x\n", "=3∂u/∂x\n", "=3·2x\n", "=6x\n"):
        assert line in text
    assert str(derivation.closed_form).replace(" ", "") == "6x"


def test_several_ways_to_the_loss_are_added() -> None:
    derivation = told(several, "x")
    (found,) = [s for s in derivation.telling.sections if "each found once" in s.title]
    rules = [step.rule for block in found.blocks if isinstance(block, Chain) for step in block.steps]
    assert rules.count("chain rule in several variables") == 1
    (step,) = [s for b in found.blocks if isinstance(b, Chain) for s in b.steps if "several" in s.rule]
    assert step.why == "a is used in several and b: what goes by each way is added"
    assert not any("each found once" in s.title for s in told(MSE, "w1").telling.sections)


def test_a_chosen_entry_leaves_no_sum() -> None:
    found = lines(told(functions.classifier, "w2"), "w2")
    (step,) = [step for step in found if step.rule == "the delta cancels the sum"]
    assert "integer" in step.why
    assert told(functions.classifier, "w2").notes == ()


def test_what_was_asked_for_keeps_its_name() -> None:
    derivation = told(clash, ["w", "u3"])
    opened = {derivation.telling.names[node] for step in lines(derivation, "u3") for node in step.opened}
    assert opened == {"d_u2"}


def test_beyond_a_depth_names_are_kept() -> None:
    shallow, far = told(five, "W4"), told(five, "W0")
    assert "put back" in reasons(shallow, "W4")
    assert "put back" not in reasons(far, "W0")
    assert f"More than {DEPTH} steps lie between W0 and deep" in text_of(far)
    assert "More than" not in str(shallow)


def test_the_length_grows_linearly_with_the_depth() -> None:
    lengths = [len(str(told(deep(layers), "W0"))) for layers in (8, 16, 24)]
    first, second = lengths[1] - lengths[0], lengths[2] - lengths[1]
    assert second < 1.15 * first


def test_something_that_the_loss_does_not_depend_on() -> None:
    f = cr.function(x="", w="N")(lambda x, w: x * x)
    derivation = told(f, "w")
    (step,) = lines(derivation, "w")
    assert (step.rule, step.why) == ("does not depend", "w is no part of f")
    assert str(derivation.closed_form) == "0"


def test_the_loss_by_itself() -> None:
    f = cr.function(x="")(lambda x: x)
    assert str(told(f, "x").closed_form) == "1"


# ---------------------------------------------------------------------------------------------- names


NAMED: list[tuple[str, Any, list[str]]] = [
    ("nothing has a name", MSE, ["u1", "u2", "u3", "u4", "u5", "MSE"]),
    ("some have", functions.loss, ["u1", "l1", "l2", "u2", "u3", "loss"]),
    ("all have", functions.rows, ["z", "h", "y_hat", "u1", "u2", "E"]),
    ("numbers go with what they stand in front of", y, ["u", "y"]),
    ("a softmax is one step", functions.attention, ["s", "a", "o", "u1", "u2", "attention"]),
    ("data alone is no step", logistic, ["u1", "u2", "u3", "u4", "logistic"]),
    ("a product with its sign, and one that is used twice", signs, [*(f"u{k}" for k in range(1, 9)), "signs"]),
    ("names that are taken", clash, ["u2", "u3", "d_u2", "u4", "clash"]),
]


@pytest.mark.parametrize(("function", "names"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_the_intermediates(function: Any, names: list[str]) -> None:
    first = next(node.name for node in function.trace().graph.inputs if node.kind == "float")
    wrt = "w" if function in (logistic, clash) else first
    derivation = told(function, wrt)
    graph = derivation.telling.graph
    own = function.trace().graph.names.values()
    made = [node for node, name in graph.names.items() if name not in own]
    pieces = intermediates(graph, derivation.telling.closed, made)
    assert [pieces.names[node] for node in pieces.order] == names
    told_names = set(derivation.telling.names.values())
    assert set(names) <= told_names


def test_a_sign_and_a_number_go_with_the_product_behind_them() -> None:
    derivation = told(signs, "w")
    pieces = intermediates(derivation.telling.graph, derivation.telling.closed)
    found = {pieces.names[node]: pieces.body(node) for node in pieces.order}
    assert any(isinstance(node, Map) and node.op.name == "neg" for node in toposort([found["u1"]]))
    assert isinstance(found["u2"], Map)
    assert found["u2"].args == (Input.of("u1", (Dim("N"),)),)


def test_a_name_of_the_users_never_reads_as_a_gradient() -> None:
    assigned = [line.split(" = ")[0] for line in code(told(clash, "w"))]
    assert assigned == ["u2", "u3", "d_u2", "u4", "clash", "d_u4", "d_d_u2", "d_u3", "d_u2_", "d_w"]
    derivation = told(clash, "w")
    names = derivation.telling.names
    (table,) = [block for block in section(derivation, "In pieces").blocks if isinstance(block, Table)]
    shown = [[show(p.node, names=names) for p in row[0] if isinstance(p, Math)] for row in table.rows]
    assert ["∂clash/∂d_u2", "2 ∂clash/∂u4 ⊙ d_u2"] in shown


# ---------------------------------------------------------------------------------------------- ties, and products

N, m, k = Dim("N"), Dim("m"), Dim("k")
u, v, w = Input.of("u", (N, m)), Input.of("v", (m,)), Input.of("w", (m, k))
i = Input.of("i", (N,), "int")
TIES: list[tuple[str, Any, tuple[int | None, ...]]] = [
    ("itself", u, (0, 1)),
    ("entry by entry", np.tanh(u) + u * 2, (0, 1)),
    ("transposed", u.T, (1, 0)),
    ("both ways round", call("matmul", u, u.T), (None, None)),
    ("a product", call("matmul", u, w), (0, None)),
    ("summed", u.sum(axis=0), (None, 0)),
    ("greatest", u.max(axis=1), (0, None)),
    ("a softmax", cr.softmax(u), (0, None)),
    ("one of each row", call("pick", u, i), (0, None)),
    ("rows", u[i], (None, 1)),
    ("another shape", call("reshape", u, (N, 1, m)), (0, 2)),
    ("a diagonal", Einsum.of([Input.of("q", (N, N))], [(0, 0)], (0,), {}), (0, 0)),
    ("a slice", Input.of("s", (4, 5))[1:3], (None, 1)),
    ("one below the other", np.concatenate((Input.of("s", (4, 5)), Input.of("t", (2, 5))), axis=0), (None, 1)),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in TIES], ids=[row[0] for row in TIES])
def test_ties(body: Any, expected: tuple[int | None, ...]) -> None:
    operand = next(n for n in toposort([body]) if isinstance(n, Input) and n.kind == "float")
    assert tied(body, operand) == expected


def test_a_tie_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    softmax = cr.function(z="N k", y="N k")(lambda z, y: ((cr.softmax(z) - y) ** 2).sum())
    assert told(softmax, "z").error < 1e-9
    # As if every entry depended on the one at its own place alone.
    monkeypatch.setattr(substitution_local, "tied", lambda body, operand: tuple(range(len(operand.shape))))
    with pytest.raises(ArithmeticError, match="deviates"):
        cr.derive(softmax, "z", "substitution")


def test_a_wrong_line_of_the_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Program._through
    monkeypatch.setattr(Program, "_through", lambda *args: right(*args) * 2)
    with pytest.raises(ArithmeticError, match="deviates"):
        cr.derive(MSE, "w1", "substitution")


SIZES = Sizes({N: 3, m: 4, k: 2})


def value(node: Node) -> Any:
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {n.name: rng.normal(size=SIZES.of(n.shape)) for n in (u, v, w)}
    values["i"] = np.array([1, 0, 1])
    return interpret([node], values, sizes=SIZES)[0]


def test_a_product_counts_what_no_factor_has() -> None:
    ones = broadcast(constant(1, "float"), (N,))
    np.testing.assert_allclose(value(product([(ones, (1,)), (v, (0,))], (m,))), 3 * value(v))
    np.testing.assert_allclose(value(product([(ones, (0,))], ())), 3)
    np.testing.assert_allclose(
        value(product([(u, (2, 0)), (w, (0, 1)), (ones, (2,))], (m, k))), value(u).sum(0)[:, None] * value(w)
    )


def test_products_of_products_are_one() -> None:
    inner = call("matmul", u, w)
    ones = broadcast(constant(1, "float"), (N, k))
    for node in (call("sum", -inner * inner / 2.0, axis=0), call("sum", call("matmul", u, w) * ones) + v.sum(), -u * u):
        flat = flattened(node)
        np.testing.assert_allclose(value(flat), value(node))
    nested = flattened(call("sum", -inner * inner / 2.0, axis=0))
    assert not any(isinstance(arg, Einsum) for n in toposort([nested]) if isinstance(n, Einsum) for arg in n.args)


def test_deltas_cancel() -> None:
    spread = Einsum.of([Delta.of(m)], [(1, 2)], (0, 1, 2), {0: N})
    node = Einsum.of([u * 2.0, spread * -1.0], [(0, 1), (0, 1, 2)], (0, 2), {})
    after = without_deltas(node)
    assert not any(isinstance(n, Delta) for n in toposort([after]))
    np.testing.assert_allclose(value(after), value(node))


@pytest.mark.parametrize("form", ["plain", "batched"])
def test_what_an_integer_chooses(form: str) -> None:
    if form == "plain":
        hot = Gather.make((Delta.of(k), i), (0, 0))
    else:
        hot = Gather.make((Einsum.of([Delta.of(k)], [(1, 2)], (0, 1, 2), {0: N}), i), (1, 1))
    delta = Einsum.of([Delta.of(k)], [(1, 2)], (0, 1, 2), {0: N})
    p = Einsum.of([call("matmul", u, w)], [(0, 2)], (0, 1, 2), {1: k})
    node = Einsum.of([hot, delta - p, u], [(0, 1), (0, 1, 2), (0, 3)], (3, 2), {})
    after = with_choices(node)
    assert after is not node
    np.testing.assert_allclose(value(after), value(node), atol=1e-12)
    free = Einsum.of([hot, w], [(0, 1), (2, 1)], (0, 2), {})
    np.testing.assert_allclose(value(with_choices(free)), value(free))
    kept = Einsum.of([hot], [(0, 1)], (1,), {})
    assert with_choices(kept) is kept


def test_a_number_everywhere() -> None:
    number = Input.of("n", ())
    assert everywhere(broadcast(number, (N,))) is number
    assert everywhere(-broadcast(number, (N,))) is -number
    assert everywhere(u) is everywhere(-u) is None


# ---------------------------------------------------------------------------------------------- how it reads

KEPT = [("MSE", MSE, ALL), ("y", y, ["x"]), ("logistic", logistic, ["w"])]


@pytest.mark.parametrize(("name", "function", "wrt"), KEPT, ids=[row[0] for row in KEPT])
def test_the_telling_reads_as_it_did(name: str, function: Any, wrt: list[str], golden: Golden) -> None:
    text = str(told(function, wrt))
    # The last digits of a deviation are the machine's.
    golden.check(f"substitution_{name}.txt", text.rpartition("; largest")[0] + "\n")


@pytest.mark.parametrize("notation", ["latex", "html"])
def test_other_notations_hold_the_program(notation: str) -> None:
    written = told(MSE, "w1").to(notation).replace(r"\allowbreak{}", "")
    assert {"latex": r"\texttt{d\_w1 = x.T @ d\_u1}", "html": "<code>d_w1 = x.T @ d_u1</code>"}[notation] in written

"""How names and numbers are written, and that none of them can break a notation."""

from __future__ import annotations

import pytest

from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, Input
from chainrule.render import Letters, show
from chainrule.render.names import Name, parse_name
from tests.render.wellformed import check_latex, check_mathml

NAMES = [
    # the name, as text, in LaTeX
    ("x", "x", "x"),
    ("w1", "w1", "w_1"),
    ("loss", "loss", r"\mathrm{loss}"),
    ("alpha", "α", r"\alpha"),
    ("delta2", "δ2", r"\delta_2"),
    ("Sigma", "Σ", r"\Sigma"),
    ("lambda_", "λ", r"\lambda"),
    ("δ", "δ", r"\delta"),
    ("y_hat", "ŷ", r"\hat{y}"),
    ("x_hat", "x_hat", r"\hat{x}"),
    ("ŷ", "ŷ", r"\hat{y}"),
    ("W1_out", "W1_out", r"W_{1,\mathrm{out}}"),
    ("x_train", "x_train", r"x_{\mathrm{train}}"),
    ("conv12", "conv12", r"\mathrm{conv}_{12}"),
    ("delta^3_1", "δ⁽³⁾₁", r"{\delta^{(3)}_1}"),
    ("delta^l", "δ⁽ˡ⁾", r"{\delta^{(l)}}"),
    ("z^12", "z⁽¹²⁾", r"{z^{(12)}}"),
    ("_", "_", r"\_"),
]


@pytest.mark.parametrize(("name", "text", "latex"), NAMES)
def test_a_name_is_written_like_this(name: str, text: str, latex: str) -> None:
    node = Input.of(name, ())
    assert show(node) == text
    assert show(node, "latex") == latex
    check_mathml(show(node, "mathml"))


@pytest.mark.parametrize(
    "name", ["a_b", "<script>alert('x')</script>", "50% & more", "$x$", r"\input{etc}", '"', "}{", "#^~_", "a\x00b"]
)
def test_a_name_cannot_break_a_notation(name: str) -> None:
    node = Input.of("x", (3,))
    names = {node: name}
    assert show(node + 1, names=names).endswith(" + 1")
    check_latex(show(node + 1, "latex", names=names).replace("\x00", ""))
    check_mathml(show(node + 1, "mathml", names=names))
    assert "<script" not in show(node + 1, "mathml", names=names)
    assert r"\input" not in show(node + 1, "latex", names=names)


def test_the_parts_of_a_name() -> None:
    assert parse_name("W1_hidden_bar") == Name("W", "bar", ("1", "hidden"))
    assert parse_name("delta^3_1") == Name("δ", "", ("1",), "3")


def test_the_error_of_a_layer_takes_indices_and_stands_transposed() -> None:
    error = Input.of("delta^3", (2, 4))
    assert show(error, reading="components") == "δ⁽³⁾_ij"
    assert show(error, "latex", "components") == r"{\delta^{(3)}_{ij}}"
    # LaTeX takes one superscript only, so the first is in braces with its letter.
    assert show(error.T, "latex") == r"{\delta^{(3)}}^{\top}"
    mathml = show(error, "mathml", "components")
    assert "<msubsup><mi>δ</mi><mrow><mi>i</mi><mi>j</mi></mrow>" in mathml
    check_mathml(mathml)


NUMBERS = [
    # the value, as text, in LaTeX
    (2.0, "2", "2"),
    (-3, "-3", "-3"),
    (0.5, "0.5", "0.5"),
    (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
    (1e-5, "1e-05", "10^{-5}"),
    (2.5e-7, "2.5e-07", r"2.5 \cdot 10^{-7}"),
    (1e20, "1e+20", "10^{20}"),
    (float("inf"), "∞", r"\infty"),
    (float("-inf"), "-∞", r"-\infty"),
    (float("nan"), "NaN", r"\mathrm{NaN}"),
    (True, "true", r"\mathrm{true}"),
]


@pytest.mark.parametrize(("value", "text", "latex"), NUMBERS)
def test_a_number_is_written_in_full(value: float, text: str, latex: str) -> None:
    node = Const.of(value)
    assert show(node) == text
    assert show(node, "latex") == latex
    check_mathml(show(node, "mathml"))
    if text[-1].isdigit():
        assert float(text) == value


def test_a_dimension_keeps_its_letters() -> None:
    letters = Letters()
    n, d, batch, hidden = Dim("N"), Dim("d"), Dim("batch"), Dim("n")
    assert [letters.pick(x) for x in (n, d, hidden, Dim("L"))] == ["n", "d", "k", "l"]
    assert letters.pick(d, {"d"}) == "m"
    assert letters.pick(d) == "d"
    assert letters.pick(batch, {"n"}) == "i"
    assert [letters.pick(x) for x in (3, 4, 3)] == ["j", "p", "j"]
    assert letters.pick(d, {"d", "m"}) not in {"d", "m", "n", "k", "l"}


def test_letters_never_run_out_and_keep_clear_of_names() -> None:
    letters = Letters(avoid={"d", "k"})
    taken: list[str] = []
    for _ in range(40):
        taken.append(letters.pick(Dim("z1"), taken))
    assert len(set(taken)) == 40
    assert not {"d", "k"} & set(taken)

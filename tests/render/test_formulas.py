"""What expressions look like: a row per expression, with the exact text, LaTeX and components of each."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.derive import jacobian, reverse
from chainrule.ir.build import constant
from chainrule.ir.dims import parse_shape
from chainrule.ir.node import Const, D, Delta, Input, Node, Size
from chainrule.ir.registry import call
from chainrule.ops.symbol import symbol
from chainrule.render import Letters, equation, shape_comment, show
from tests.render.wellformed import check_latex, check_mathml


def array(name: str, shape: str, kind: str = "float") -> Input:
    return Input.of(name, parse_shape(shape), kind)  # type: ignore[arg-type]


A, B, C, S = array("A", "3 4"), array("B", "4 5"), array("C", "5 3"), array("S", "3 3")
u, v, idx = array("u", "3"), array("v", "4"), array("idx", "3", "int")
T, Q = array("T", "2 3 4"), array("Q", "2 4 5")
alpha, s = array("alpha", ""), array("s", "")
w = array("w", "N d")
N = Size.of(w.shape[0])


def einsum(subscripts: str, *operands: Node) -> Node:
    return call("einsum", subscripts, *operands)  # type: ignore[no-any-return]


EXPRESSIONS: list[tuple[Node, str, str, str]] = [
    # the expression, as text, in LaTeX, its components as text
    (A @ B, "AB", r"A\,B", "Σ_p A_ip B_pj"),
    (A @ B @ C, "ABC", r"A\,B\,C", "Σ_p (Σ_q A_iq B_qp) C_pj"),
    (A @ (B @ C), "A(BC)", r"A\,\left(B\,C\right)", "Σ_p A_ip Σ_q B_pq C_qj"),
    ((A @ B).T, "(AB)ᵀ", r"\left(A\,B\right)^{\top}", "Σ_p A_jp B_pi"),
    (B.T @ A.T, "BᵀAᵀ", r"B^{\top}\,A^{\top}", "Σ_p B_pi A_jp"),
    (A @ v, "Av", r"A\,v", "Σ_j A_ij v_j"),
    (u @ A, "Aᵀu", r"A^{\top}\,u", "Σ_j u_j A_ji"),
    (v @ v, "vᵀv", r"v^{\top}\,v", "Σ_i v_i v_i"),
    (call("outer", u, v), "uvᵀ", r"u\,v^{\top}", "u_i v_j"),
    (call("trace", S), "tr(S)", r"\operatorname{tr}\left(S\right)", "Σ_i S_ii"),
    (call("diagonal", S), "diag(S)", r"\operatorname{diag}\left(S\right)", "S_ii"),
    (einsum("ij,jk,ki->", A, B, C), "tr(ABC)", r"\operatorname{tr}\left(A\,B\,C\right)", "Σ_ijp A_ij B_jp C_pi"),
    (einsum("i,ij,j", u, A, v), "uᵀAv", r"u^{\top}\,A\,v", "Σ_ij u_i A_ij v_j"),
    (einsum("ij,j,jk->ik", A, v, B), "(A ⊙ v)B", r"\left(A \odot v\right)\,B", "Σ_p A_ip v_p B_pj"),
    (einsum("ij,i->ij", A, u), "A ⊙ u[:, None]", r"A \odot \left(u\,\mathbf{1}^{\top}\right)", "A_ij u_i"),
    (einsum("ij,ij", A, A), "Σ A ⊙ A", r"\sum A \odot A", "Σ_ij A_ij A_ij"),
    (
        einsum("ij,jk,jl->ikl", A, B, B),
        "[Σ_q A_iq B_qj B_qp]_ijp",
        r"\left[\sum_q A_{iq}\,B_{qj}\,B_{qp}\right]_{ijp}",
        "Σ_q A_iq B_qj B_qp",
    ),
    (A.sum(0), "Σ_j A[j]", r"\sum_j A_j", "Σ_j A_ji"),
    (A.sum(1), "Σ_j A[:, j]", r"\sum_j A_{:,j}", "Σ_j A_ij"),
    ((-A).sum(), "-Σ A", r"-\sum A", "-Σ_ij A_ij"),
    (T @ Q, "TQ", r"T\,Q", "Σ_q T_ijq Q_iqp"),
    (T @ v, "Tv", r"T\,v", "Σ_p T_ijp v_p"),
    (A * 2, "2A", r"2\,A", "2 A_ij"),
    (A * alpha, "αA", r"\alpha\,A", "A_ij α"),
    (A * v, "A ⊙ v", r"A \odot v", "A_ij v_j"),
    ((A * -2) * (3 * A), "-2 · 3A ⊙ A", r"-2 \cdot 3\,A \odot A", "-2 · 3 A_ij A_ij"),
    (A / alpha, "A/α", r"\frac{A}{\alpha}", "A_ij/α"),
    ((A + 1) / (A - 1), "(A + 1)/(A - 1)", r"\frac{A + 1}{A - 1}", "(A_ij + 1)/(A_ij - 1)"),
    (2 * (w - 1) / N, "(2/N)(w - 1)", r"\frac{2}{N}\,\left(w - 1\right)", "(2/N)(w_nd - 1)"),
    (w.sum() / (2 * N), "1/(2N) Σ w", r"\frac{1}{2\,N}\,\sum w", "1/(2N) Σ_nd w_nd"),
    (A - (v - 1), "A - (v - 1)", r"A - \left(v - 1\right)", "A_ij - (v_j - 1)"),
    (A + (-v), "A - v", r"A - v", "A_ij - v_j"),
    (-(A + v), "-(A + v)", r"-\left(A + v\right)", "-(A_ij + v_j)"),
    ((-A) ** 2, "(-A)²", r"\left(-A\right)^2", "(-A_ij)²"),
    (A**-1, "A⁻¹", r"A^{-1}", "A_ij⁻¹"),
    ((A**2) ** alpha, "(A²)^α", r"\left(A^2\right)^{\alpha}", "(A_ij²)^α"),
    (call("exp", -A), "exp(-A)", r"e^{-A}", "exp(-A_ij)"),
    (call("exp", A) ** 2, "exp(A)²", r"\left(e^A\right)^2", "exp(A_ij)²"),
    (call("sqrt", A + 1), "√(A + 1)", r"\sqrt{A + 1}", "√(A_ij + 1)"),
    (call("abs", A - 1), "|A - 1|", r"\left|A - 1\right|", "|A_ij - 1|"),
    (
        call("log_sigmoid", A) ** 2,
        "(log σ(A))²",
        r"\left(\log\sigma\left(A\right)\right)^2",
        "(log σ(A_ij))²",
    ),
    (A * (A > 0), "A ⊙ [A > 0]", r"A \odot \mathbf1\left[A > 0\right]", "A_ij [A_ij > 0]"),
    (
        (A > 0) & ~call("less_equal", A, v),
        "(A > 0) ∧ ¬(A ≤ v)",
        r"\left(A > 0\right) \land \lnot \left(A \le v\right)",
        "(A_ij > 0) ∧ ¬(A_ij ≤ v_j)",
    ),
    (
        call("where", A > 0, A, -A),
        "where(A > 0, A, -A)",
        r"\begin{cases} A & \text{if } A > 0 \\ -A & \text{otherwise} \end{cases}",
        "where(A_ij > 0, A_ij, -A_ij)",
    ),
    (A.max(), "max(A)", r"\max\left(A\right)", "max_ij(A_ij)"),
    (A.max(1), "max_j(A[:, j])", r"\max_j\left(A_{:,j}\right)", "max_j(A_ij)"),
    (
        call("logsumexp", A, axis=1),
        "logsumexp_j(A[:, j])",
        r"\operatorname{logsumexp}_j\left(A_{:,j}\right)",
        "log Σ_j exp(A_ij)",
    ),
    (call("norm", v), "‖v‖", r"\left\|v\right\|", "√(Σ_i v_i²)"),
    (call("prod", A, axis=0), "∏_j A[j]", r"\prod_j A_j", "∏_j A_ji"),
    (A[1:3], "A[1:3]", r"A_{1:3}", "A[i + 1, j]"),
    (A[2], "A[2]", r"A_2", "A_2i"),
    (A[::-1, ::2], "A[2::-1, :4:2]", r"A_{2::-1,:4:2}", "A[2 - i, 2j]"),
    (A[idx], "A[idx]", r"A_{\mathrm{idx}}", "A[idx_i, j]"),
    (A[[0, 0, 1]], "A[[0, 0, 1]]", r"A_{\left[0, 0, 1\right]}", "A[A1_i, j]"),
    (call("pick", A, idx), "A[i, idx_i]", r"A_{i,\mathrm{idx}_i}", "A[i, idx_i]"),
    (
        call("scatter_add", u, idx, 4),
        "scatter(u, idx)",
        r"\operatorname{scatter}\left(u, \mathrm{idx}\right)",
        "Σ_j u_j δ[i, idx_j]",
    ),
    (u[:, None], "u[:, None]", r"u\,\mathbf{1}^{\top}", "u_i"),
    (A.reshape(2, 6), "reshape(A, 2, 6)", r"\operatorname{reshape}\left(A, 2, 6\right)", "reshape(A, 2, 6)[i, j]"),
    (call("concat", [A, A]), "[A; A]", r"\begin{bmatrix} A \\ A \end{bmatrix}", "[A; A][i, j]"),
    (s * (1 / 6), "(1/6) s", r"\frac{1}{6}\,s", "(1/6) s"),
    (s * 0.1, "0.1s", r"0.1\,s", "0.1s"),
    (s * 0.7071067811865476, "0.7071067811865476s", r"0.7071067811865476\,s", "0.7071067811865476s"),
    (A + np.ones((3, 4)) / 2, "A + A1", "A + A_1", "A_ij + A1_ij"),
    (S @ Delta.of(3), "SI", r"S\,I", "Σ_p S_ip δ_pj"),
    (symbol("f")(A) * 1e-7, "1e-07 f(A)", r"10^{-7}\,f\left(A\right)", "1e-07 f(A_ij)"),
    (D.make((A, v), ()), "∂A/∂v", r"\frac{\partial A}{\partial v}", "∂A_ij/∂v_p"),
]


@pytest.mark.parametrize(("node", "text", "latex", "components"), EXPRESSIONS, ids=[row[1] for row in EXPRESSIONS])
def test_an_expression_looks_like_this(node: Node, text: str, latex: str, components: str) -> None:
    assert show(node) == text
    assert show(node, "latex") == latex
    assert show(node, reading="components") == components
    for reading in ("matrix", "components"):
        check_latex(show(node, "latex", reading))
        check_mathml(show(node, "mathml", reading))


MATHML = [
    (A.T @ u, '<msup><mi>A</mi><mo>⊤</mo></msup><mo>\u2062</mo><mspace width="0.167em"/><mi>u</mi>'),
    (alpha / 2 - 1, "<mfrac><mi>α</mi><mn>2</mn></mfrac><mo>−</mo><mn>1</mn>"),
    (-(s**2), "<mo>−</mo><msup><mi>s</mi><mn>2</mn></msup>"),
    (call("tanh", s), "<mi>tanh</mi><mo>\u2061</mo><mo>(</mo><mi>s</mi><mo>)</mo>"),
    (s > 0, "<mi>s</mi><mo>&gt;</mo><mn>0</mn>"),
    (call("sqrt", s), "<msqrt><mi>s</mi></msqrt>"),
    (call("exp", s), "<msup><mi>e</mi><mi>s</mi></msup>"),
    (A.sum(), "<mo>∑</mo><mi>A</mi>"),
]


@pytest.mark.parametrize(("node", "inside"), MATHML, ids=[show(node) for node, _ in MATHML])
def test_mathml_is_written_like_this(node: Node, inside: str) -> None:
    """Rows that only group are left out on both sides of the comparison."""
    text = show(node, "mathml")
    assert text.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML"')
    assert re.sub(r"</?(mrow|math)[^>]*>", "", text) == inside


def matrix_network() -> tuple[dict[Node, str], dict[str, Node]]:
    """The network of the notes: samples are columns, one unknown activation f, E = 1/(2L) Σ (y − ŷ)²."""
    x, y, w1, w2 = array("x", "n L"), array("y", "L"), array("W1", "m n"), array("W2", "1 m")
    z = w1 @ x
    a = symbol("f")(z)
    y_hat = w2 @ a
    e = ((y - y_hat) ** 2).sum() / (2 * Size.of(x.shape[1]))
    nodes = {"W1": w1, "W2": w2, "z": z, "a": a, "y_hat": y_hat, "E": e}
    return {node: name for name, node in nodes.items()}, nodes


def test_the_network_of_the_notes() -> None:
    names, n = matrix_network()
    letters = Letters()

    def components(node: Node, *indices: str) -> str:
        return equation(node, node, "text", "components", names=names, letters=letters, indices=indices or None)

    assert components(n["z"], "k", "l") == "z_kl = Σ_d W1_kd x_dl"
    assert components(n["a"]) == "a_kl = f(z_kl)"
    assert components(n["y_hat"]) == "ŷ_l = Σ_k W2_k a_kl"
    assert components(n["E"]) == "E = 1/(2L) Σ_l (y_l - ŷ_l)²"
    assert [equation(n[k], n[k], names=names) for k in ("z", "a", "y_hat", "E")] == [
        "z = W1 x",
        "a = f(z)",
        "ŷ = W2 a",
        "E = 1/(2L) Σ (y - ŷ)²",
    ]
    assert equation(n["E"], n["E"], "latex", names=names) == r"E = \frac{1}{2\,L}\,\sum \left(y - \hat{y}\right)^2"


def test_a_jacobian_shows_its_deltas() -> None:
    names, n = matrix_network()
    wanted = D.make((n["a"], n["W1"]), ())
    (slope,) = jacobian([n["a"]], n["W1"])
    places = ("k", "l", "i", "j")
    assert (
        equation(wanted, slope, "text", "components", names=names, indices=places)
        == "∂a_kl/∂W1_ij = f′(z_kl) Σ_d δ_ki δ_dj x_dl"
    )
    latex = equation(wanted, slope, "latex", "components", names=names, indices=places)
    assert latex == (
        r"\frac{\partial a_{kl}}{\partial W_{1,ij}} = "
        r"f'\left(z_{kl}\right)\,\sum_d \delta_{ki}\,\delta_{dj}\,x_{dl}"
    )


def test_the_gradients_of_a_network_with_rows() -> None:
    x, y = array("x", "N d"), array("y", "N k")
    w1, b1, w2, b2 = array("w1", "d m"), array("b1", "m"), array("w2", "m k"), array("b2", "k")
    l1 = call("relu", x @ w1 + b1)
    l2 = l1 @ w2 + b2
    diff = l2 - y
    loss = (diff**2).sum() / Size.of(x.shape[0])
    found = reverse({loss: constant(1, "float")}, [w1, b1, w2, b2])
    names = {l1: "l1", l2: "l2", diff: "diff", loss: "loss"}
    names |= {found.of[node]: f"d_{names[node]}" for node in (l1, l2)}

    def lines(notation: str, reading: str, loss_name: str = "loss") -> list[str]:
        return [
            equation(f"d_{p.name}", found.of[p], notation, reading, names=names, loss_name=loss_name)  # type: ignore[arg-type]
            for p in (w1, b1, w2, b2)
        ]

    assert equation(l1, l1, names=names) == "l1 = relu(x w1 + b1)"
    assert equation(l1, l1, "latex", names=names) == r"l_1 = \operatorname{relu}\left(x\,w_1 + b_1\right)"
    assert equation(loss, loss, names=names) == "loss = (1/N) Σ diff²"
    assert lines("text", "matrix") == [
        "∂loss/∂w1 = xᵀ(∂loss/∂l1 ⊙ [l1 > 0])",
        "∂loss/∂b1 = Σ_n (∂loss/∂l1 ⊙ [l1 > 0])[n]",
        "∂loss/∂w2 = l1ᵀ @ ∂loss/∂l2",
        "∂loss/∂b2 = Σ_n (∂loss/∂l2)[n]",
    ]
    assert lines("text", "matrix", "")[2] == "d_w2 = l1ᵀ @ d_l2"
    assert lines("text", "components") == [
        "∂loss/∂w1_dm = Σ_n x_nd ∂loss/∂l1_nm [l1_nm > 0]",
        "∂loss/∂b1_m = Σ_n ∂loss/∂l1_nm [l1_nm > 0]",
        "∂loss/∂w2_mk = Σ_n l1_nm ∂loss/∂l2_nk",
        "∂loss/∂b2_k = Σ_n ∂loss/∂l2_nk",
    ]
    assert lines("latex", "matrix")[2] == (
        r"\frac{\partial \mathrm{loss}}{\partial w_2} = l_1^{\top}\,\frac{\partial \mathrm{loss}}{\partial l_2}"
    )


def test_softmax_cross_entropy() -> None:
    z, t = array("z", "N k"), array("t", "N", "int")
    log_p = z - call("logsumexp", z, axis=-1, keepdims=True)
    p = call("exp", log_p)
    loss = -call("pick", log_p, t).sum() / Size.of(z.shape[0])
    names = {log_p: "log_p"}
    assert show(p) == "exp(z - logsumexp_k(z[:, k])[:, None])"
    assert show(p, reading="components") == "exp(z_nk - log Σ_d exp(z_nd))"
    assert show(loss, names=names) == "-(1/N) Σ_n log_p[n, t_n]"
    assert show(loss, "latex", names=names) == r"-\frac{1}{N}\,\sum_n \mathrm{log}_{p,n,t_n}"
    slope = reverse({loss: constant(1, "float")}, [log_p]).of[log_p]
    assert show(slope) == "-(1/N) onehot(t)"
    assert show(slope, reading="components") == "-(1/N) δ[k, t_n]"


@pytest.mark.slow
def test_a_deep_or_shared_graph_is_cut_short() -> None:
    deep: Node = s
    for _ in range(100_000):
        deep = call("sin", deep)
    assert show(deep).startswith("sin(sin(")
    assert "…" in show(deep)
    shared: Node = s
    for _ in range(60):
        shared = call("sin", shared) * call("cos", shared)
    for notation in ("text", "latex", "mathml"):
        assert len(show(shared, notation, "components")) < 1_000_000  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: show(A, "braille"), "'braille'"),  # type: ignore[arg-type]
        (lambda: show(A, reading="aloud"), "'aloud'"),  # type: ignore[arg-type]
        (lambda: show(A, reading="components", indices=("i",)), "2 axes need as many letters"),
    ],
)
def test_a_wrong_request_is_refused(make: Callable[[], str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_shape_comments() -> None:
    assert [shape_comment(a.shape) for a in (w, v, s)] == ["(N, d)", "(4,)", "a number"]


def test_a_constant_is_not_called_as_an_input_is() -> None:
    taken = array("A1", "3 4")
    assert show(taken + Const.of(np.eye(3, 4))) == "A1 + A2"

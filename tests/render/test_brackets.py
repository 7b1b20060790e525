"""The text says what is computed: it is read back, by Python's own grammar, and evaluated."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.ir.graph import toposort
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.render import show
from chainrule.run.interpret import evaluate

VALUES = {"a": 1.7, "b": -0.6, "c": 2.3}
OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.MatMult: operator.matmul,
}
FUNCTIONS = {"exp": math.exp, "tanh": math.tanh}

a, b, c = (Input.of(name, ()) for name in VALUES)
LEAVES = [a, b, c, a, b, c, 2.0, -3.0, 0.5, 1e-7]


@st.composite
def trees(draw: st.DrawFn) -> Node:
    """Three to nine operations on what was made before, most of it new, so that they nest in every way."""
    made: list[Any] = [a, b, c]
    for _ in range(draw(st.integers(3, 9))):
        operation = draw(
            st.sampled_from(["add", "sub", "mul", "div", "add", "sub", "mul", "div", "neg", "tanh", "pow"])
        )
        first = draw(st.sampled_from(made[-3:]))
        match operation:
            case "neg" | "tanh":
                made.append(call(operation, first))
            case "pow":
                made.append(first ** draw(st.sampled_from([2, 3, -1, -2.0])))
            case _:
                pair = [first, draw(st.sampled_from([*LEAVES, *made[-3:]]))]
                made.append(call(operation, *(pair if draw(st.booleans()) else reversed(pair))))
    return made[-1]  # type: ignore[no-any-return]


def transliterate(text: str, times: str = "*") -> str:
    """Our text as Python: powers as **, and a sign between factors side by side: 2ab(a + b) exp(c)."""
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    text = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**({m[0].translate(digits)})", text)
    text = text.replace("^", "**").replace(" · ", " * ").replace("⊙", "*").replace("ᵀ", ".T")
    return re.sub(r"(?<=[abcT)\d])\s?(?=[abc(]|exp|tanh)", f" {times} ", text)


def value(tree: ast.AST, names: dict[str, Any]) -> Any:
    match tree:
        case ast.Expression(body):
            return value(body, names)
        case ast.Constant(number):
            return number
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(op, x):
            return OPERATIONS[type(op)](value(x, names))
        case ast.BinOp(x, op, y):
            return OPERATIONS[type(op)](value(x, names), value(y, names))
        case ast.Call(ast.Name(name), [x]):
            return FUNCTIONS[name](value(x, names))
        case ast.Attribute(x, "T"):
            return value(x, names).T
        case _:
            raise AssertionError(ast.dump(tree))


@settings(max_examples=max(300, settings().max_examples))
@given(trees())
@example((a + b) / c)
@example(a / (b * c))
@example(a / (b / c))
@example((a / b) / c)
@example(a / (2 * (b + c)))
@example((a * b) / (c * a) * (b / (a + c)) * c)
@example(a - (b - c) - -b)
@example(-(a - b) * -(b + c))
@example((-a) ** 2 - (a**2) ** 3 + (2 * a) ** 2)
@example(2 * (3 * a) * (a * 5) / 4 * b)
def test_a_formula_evaluates_to_what_it_shows(node: Node) -> None:
    with np.errstate(all="ignore"):
        expected = float(evaluate(node, VALUES))
    if not (math.isfinite(expected) and abs(expected) < 1e30):
        return
    for reading in ("components", "matrix"):
        text = transliterate(show(node, "text", reading))  # type: ignore[arg-type]
        try:
            found = value(ast.parse(text, mode="eval"), VALUES)
        except (ZeroDivisionError, OverflowError):
            continue
        # The order of a product differs on paper, and so does the rounding of what cancels afterwards.
        assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-6), text


SIZES = {"i": 2, "j": 3, "k": 4, "l": 5}
letters = st.lists(st.sampled_from("ijkl"), min_size=1, max_size=2, unique=True)


@st.composite
def sums_of_products(draw: st.DrawFn) -> Node:
    """One to three arrays of one or two axes, some indices kept and some summed."""
    subs = draw(st.lists(letters, min_size=1, max_size=3))
    used = sorted({c for sub in subs for c in sub})
    out = draw(st.lists(st.sampled_from(used), max_size=2, unique=True))
    operands = [Input.of(name, tuple(SIZES[c] for c in sub)) for name, sub in zip("abc", subs, strict=False)]
    number = {c: n for n, c in enumerate("ijkl")}
    indices = [tuple(number[c] for c in sub) for sub in subs]
    return Einsum.of(operands, indices, tuple(number[c] for c in out), {number[c]: SIZES[c] for c in used})


@settings(max_examples=max(300, settings().max_examples))
@given(sums_of_products())
def test_a_sum_of_products_evaluates_to_what_it_shows(node: Node) -> None:
    rng = np.random.default_rng(0)
    values = {a.name: rng.normal(size=a.shape) for a in toposort([node]) if isinstance(a, Input)}
    expected = evaluate(node, values)

    places = "xyz"[: len(node.shape)]
    formula = show(node, reading="components", indices=places)
    parts = re.findall(r"([abc])_(\w+)", formula)
    found = np.einsum(",".join(sub for _, sub in parts) + "->" + places, *(values[name] for name, _ in parts))
    summed = {c for _, sub in parts for c in sub} - set(places)
    assert set((re.findall(r"^Σ_(\w+) ", formula) or [""])[0]) == summed
    np.testing.assert_allclose(found, expected)

    formula = show(node)
    if not re.search(r"[\[Σ⊙]|tr\(", formula):
        # A chain of matrix products: vectors are columns.
        columns = {name: x[:, None] if x.ndim == 1 else x for name, x in values.items()}
        chain = value(ast.parse(transliterate(formula, "@"), mode="eval"), columns)
        np.testing.assert_allclose(chain.reshape(expected.shape), expected)

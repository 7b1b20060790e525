"""Spellings: brackets stand where the language needs them, and nowhere else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from chainrule.ir.templates import ATOM, COMPARE, NEGATIVE, POWER, PRODUCT, SUM, fill, precedence

LEVELS = [
    ("{0} + {1}", SUM),
    ("{0} - {1}", SUM),
    ("{0} * {1}", PRODUCT),
    ("{0} / {1}", PRODUCT),
    ("{0} @ {1}", PRODUCT),
    ("-{0}", NEGATIVE),
    ("{0} ** {1}", POWER),
    ("{0}^{{1}}", POWER),
    ("{0} < {1}", COMPARE),
    ("np.tanh({0})", ATOM),
    ("np.where({0} + 1 > 2, {1}, {2})", ATOM),
    (r"\frac{{0}}{{1}}", ATOM),
    ("1 / (1 + np.exp(-{0}))", PRODUCT),
    ("{0}[{1} + 1]", ATOM),
    ("⌊{0} / {1}⌋", ATOM),
    (r"\left\lfloor {0} + {1} \right\rfloor", ATOM),
    (r"\left\lceil {0} \right\rceil + {1}", SUM),
]


@pytest.mark.parametrize(("template", "level"), LEVELS)
def test_the_operator_at_the_top_gives_the_precedence(template: str, level: int) -> None:
    assert precedence(template) == level


X = ("x", ATOM)
FILLED = [
    ("{0} + {1}", [("a - b", SUM), ("c - d", SUM)], "a - b + (c - d)"),
    ("{0} - {1}", [("a", ATOM), ("b + c", SUM)], "a - (b + c)"),
    ("{0} * {1}", [("a + b", SUM), ("c", ATOM)], "(a + b) * c"),
    ("{0} / {1}", [("a * b", PRODUCT), ("c * d", PRODUCT)], "a * b / (c * d)"),
    ("-{0}", [("a + b", SUM)], "-(a + b)"),
    ("-{0}", [("a ** b", POWER)], "-a ** b"),
    ("{0} ** {1}", [("-a", NEGATIVE), X], "(-a) ** x"),
    ("{0} ** {1}", [("a ** b", POWER), ("c ** d", POWER)], "(a ** b) ** c ** d"),
    ("{0} ** {1}", [X, ("-a", NEGATIVE)], "x ** -a"),
    ("np.tanh({0})", [("a + b", SUM)], "np.tanh(a + b)"),
    (r"\frac{{0}}{{1}}", [("a + b", SUM), ("c", ATOM)], r"\frac{a + b}{c}"),
    (r"{0} \odot {1}", [("a + b", SUM), X], r"\left(a + b\right) \odot x"),
    ("{0} < {1}", [("a < b", COMPARE), X], "(a < b) < x"),
    ("{0}.max(axis=1)", [("a + b", SUM)], "(a + b).max(axis=1)"),
    ("{0} ** 2", [("-x", NEGATIVE)], "(-x) ** 2"),
    ("{0} | {1}", [("a <= b", COMPARE), ("c < d", COMPARE)], "(a <= b) | (c < d)"),
    ("{0} & {1}", [("a <= b", COMPARE), ("c < d", COMPARE)], "(a <= b) & (c < d)"),
    ("|{0}|", [("a - b", SUM)], "|a - b|"),
    ("log(1 + {0})", [("a * b", PRODUCT)], "log(1 + a * b)"),
    ("log(1 + {0})", [("a + b", SUM)], "log(1 + (a + b))"),
    ("log(1 + {0})", [("-a", NEGATIVE)], "log(1 + (-a))"),
    (r"\log\left(1 + {0}\right)", [("a^2", POWER)], r"\log\left(1 + a^2\right)"),
    ("⌊{0}⌋", [("a + b", SUM)], "⌊a + b⌋"),
    ("⌊{0} / {1}⌋", [("a + b", SUM), X], "⌊(a + b) / x⌋"),
    (r"\left\lfloor {0} \right\rfloor", [("a + b", SUM)], r"\left\lfloor a + b \right\rfloor"),
    ("np.where({0} == 0, 1, {0})", [X], "np.where(x == 0, 1, x)"),
    ("np.where({0} == 0, 1, {0})", [("a + b", SUM)], "np.where((a + b) == 0, 1, a + b)"),
]


@pytest.mark.parametrize(("template", "operands", "text"), FILLED)
def test_brackets_stand_where_they_are_needed(template: str, operands: list[tuple[str, int]], text: str) -> None:
    assert fill(template, operands)[0] == text


OPERATORS = {
    "{0} + {1}": lambda a, b: a + b,
    "{0} - {1}": lambda a, b: a - b,
    "{0} * {1}": lambda a, b: a * b,
    "{0} / {1}": lambda a, b: a / b,
    "{0} ** {1}": lambda a, b: a**b,
    "-{0}": lambda a: -a,
    "abs({0})": abs,
    "{0} < {1}": lambda a, b: a < b,
    "~({0} > 0)": lambda a: ~np.asarray(a > 0),
    "({0} > 0) & ({1} > 0)": lambda a, b: (a > 0) & (b > 0),
    "1 / (1 + {0})": lambda a: 1 / (1 + a),
}


def test_what_python_reads_is_what_was_meant() -> None:
    """Every operator in every place of every other, twice over."""
    leaves = [(("u", ATOM), np.float64(1.5)), (("v", ATOM), np.float64(0.75))]

    def grown(parts: list) -> list:  # type: ignore[type-arg]
        result = []
        for template, meaning in OPERATORS.items():
            arity = 1 + ("{1}" in template)
            for operands in itertools.product(parts, repeat=arity):
                try:
                    value = meaning(*(v for _, v in operands))
                except TypeError:  # NumPy negates and subtracts no truth values
                    continue
                result.append((fill(template, [spelled for spelled, _ in operands]), value))
        return result

    with np.errstate(all="ignore"):
        trees = grown(grown(leaves[:1]) + leaves)
        texts = ",".join(text for (text, _), _ in trees)
        found = eval(f"[{texts}]", {"u": np.float64(1.5), "v": np.float64(0.75), "np": np})
    assert len(trees) > 500
    for ((text, _), value), read in zip(trees, found, strict=True):
        np.testing.assert_array_equal(read, value, err_msg=text)

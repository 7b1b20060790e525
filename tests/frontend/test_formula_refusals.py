"""Formulas that are refused before anything can happen, and what the user is told."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.frontend import FormulaError, Function, parse
from chainrule.ir.errors import ChainruleError, ShapeError, TraceError

SHAPES = {"x": "N d", "w": "d m", "v": "3"}
TEXTS = ["tanh(x @ w)", "sum(x, axis=(0, 1)) / x.shape[0]", "a = v[::-1]; where(a > 0, a, 2 ** 0.5)", "norm(v) * pi"]

REFUSED: list[tuple[str, str, str]] = [
    # text, message, what the caret stands under
    ("", "the formula is empty", ""),
    (" \n ; ", "the formula is empty", ""),
    ("x @@ w", "this is no formula", "@"),
    ("tanh(x", "this is never closed", "("),
    ("tanh(x))", "nothing is open that ) would close", ")"),
    ("(x]", "nothing is open that ] would close", "]"),
    ("x^2", "write ** for a power", "^"),
    ("x % 2", "% is no part of a formula", "%"),
    ("x // 2", "this operator is no part of a formula", "x // 2"),
    ("v << 2", "this operator is no part of a formula", "v << 2"),
    ("v # sum", "there are no comments", "#"),
    ("'v'", "there are no strings", "'"),
    ('"v"', "there are no strings", '"'),
    ("f'{v}'", "there are no strings", "'"),
    ("v; w", "only the last statement is a result", "v"),
    ("a = b = v", "one plain name is assigned at a time", "a = b = v"),
    ("a, b = v", "one plain name is assigned at a time", "a, b = v"),
    ("v += 1", "AugAssign|one plain name", "v += 1"),
    ("v: int = 3", "one plain name", "v: int = 3"),
    ("(v := 3)", "write = in a statement of its own", ":="),
    ("v if x else w", "write where", "if"),
    ("1if x else w", "a number is written", "1"),
    ("x > 0 and v > 0", "write (a > b) & (c > d)", "and"),
    ("not v", "write ~", "not"),
    ("0 < v < 1", "compare two things at a time", "0 < v < 1"),
    ("v > 0 & v < 1", "compare two things at a time", "v > 0 & v < 1"),
    ("v is v", "it is Python", "is"),
    ("[v, v]", "List is no part of a formula", "[v, v]"),
    ("{v}", "{ is no part of a formula", "{"),
    ("(v, v)", "this is no part of a formula", "(v, v)"),
    ("v[v]", "an integer is wanted here", "v"),
    ("v[0.5]", "an integer is wanted here", "0.5"),
    ("v[True]", "an integer is wanted here", "True"),
    ("sum(x, axis=v)", "an integer is wanted here", "v"),
    ("sum(x, keepdims=1)", "there are the options axis=0", "keepdims=1"),
    ("sum(x, 0)", "sum is of one array; an axis is written axis=0", "sum(x, 0)"),
    ("max(v, 0)", "maximum(a, b)", "max(v, 0)"),
    ("tanh(v, v)", "tanh takes 1 operands, not 2", "tanh(v, v)"),
    ("tanh()", "tanh of what?", "tanh()"),
    ("tanh(*v)", "Starred is no part of a formula", "*v"),
    ("sum(**v)", "there are the options", "**v"),
    ("tahn(v)", "there is no function 'tahn'; did you mean 'tan", "tahn"),
    ("tanh + v", "tanh is a function: write tanh(x)", "tanh"),
    ("v(x)", "v is an array, not a function", "v(x)"),
    ("sum(v)(1)", "this is no part of a formula", "sum(v)(1)"),
    ("np.tanh(v)", "functions by their plain names", "np.tanh(v)"),
    ("v.shape", ".shape is no part of a formula", "v.shape"),
    ("v.real", ".real is no part of a formula", "v.real"),
    ("v.tofile(v)", ".tofile is no part of a formula", "v.tofile(v)"),
    ("x / N", "N is a dimension: its size is written x.shape[0]", "N"),
    ("vv * 2", "nothing is called 'vv'; did you mean 'v'? Known are x, w, v; an argument needs its shape", "vv"),
    ("1e999", "this number is too large", "1e999"),
    ("9" * 400, "this number is too large", "9" * 100),
    ("10 ** 50 * 10 ** 50 * v ** 65", "an exponent is at most 64", "65"),
    ("v ** -65", "an exponent is at most 64", "-65"),
    ("2 ** 64 ** 64", "an exponent is at most 64", "64 ** 64"),
    ("((2 ** 64) ** 64) ** 64", "this number is too large", "((2 ** 64) ** 64) ** 64"),
    ("exp(1000)", "this number is too large", "exp(1000)"),
    ("1 / 0", "division by zero", "1 / 0"),
    ("1j * v", "a number is written", "1"),
    ("0x1F * v", "a number is written", "0"),
    ("1_000 * v", "a number is written", "1"),
    ("True * v", "this is no part of a formula", "True"),
    ("... * v", "Python|no part", ""),
    # What would do harm if it were run.
    ("__import__('os').system('true')", "two underscores", "__import__"),
    ("().__class__.__bases__", "two underscores", "__class__"),
    ("v.__reduce__()", "two underscores", "__reduce__"),
    ("eval(v)", "there is no function 'eval'", "eval"),
    ("open(v)", "there is no function 'open'", "open"),
    ("getitem(v, 0)", "there is no function 'getitem'", "getitem"),
    ("pow(v, 1000)", "there is no function 'pow'", "pow"),
    ("import os", "'import' is no part of a formula", "import"),
    ("from os import *", "'from' is no part of a formula", "from"),
    ("lambda: v", "'lambda' is no part of a formula", "lambda"),
    ("[v for v in x]", "'for' is no part of a formula", "for"),
    ("def f(): v", "'def' is no part of a formula", "def"),
    ("del v", "'del' is no part of a formula", "del"),
    ("assert v", "'assert' is no part of a formula", "assert"),
    ("yield v", "'yield' is no part of a formula", "yield"),
    ("@v", "this is no formula", "@"),
    ("v\\\n+ 1", r"\ is no part of a formula", "\\"),
    ("v \0", r"'\x00' is no part of a formula", "\N{REPLACEMENT CHARACTER}"),
    ("v \x0b", r"'\x0b' is no part of a formula", "\N{REPLACEMENT CHARACTER}"),
    ("v \u202e", r"'\u202e' is no part of a formula", "\N{REPLACEMENT CHARACTER}"),
    ("v \ud800", r"'\ud800' is no part of a formula", "\N{REPLACEMENT CHARACTER}"),
    ("ｅｖａｌ(v)", r"'\uff45' is no part of a formula", "ｅ"),
    ("v²", r"'\xb2' is no part of a formula", "²"),
    ("e\u0301 * v", "NFKC", ""),
    ("ехр(v)", "there is no function 'ехр'", "ехр"),  # Cyrillic
    # What would be too much.
    ("v" * 10_001, "the formula has 10,001 characters; at most 10,000 are taken", ""),
    ("(" * 4_000 + "v" + ")" * 4_000, "nested more than 100 deep", "("),
    ("v" + "[0]" * 3_000, "nested", ""),
    ("v" + ".T" * 4_000, "nested", ""),
    ("v" + "()" * 3_000, "nested", ""),
    ("-" * 9_000 + "v", "nested more than 100 deep", "-"),
    ("- " * 4_000 + "v", "nested more than 100 deep", "-"),
    ("~+-" * 3_000 + "v", "nested more than 100 deep", "+"),
    ("**".join(["v"] * 3_000), "nested more than 100 deep", "**"),
    ("tanh(" * 101 + "v" + ")" * 101, "nested more than 100 deep", "("),
    (";".join(["a=v"] * 2_000) + ";a*a" * 400, "more than 5,000 parts|only the last", ""),
    ("+".join(["v"] * 5_000), "too large|more than 5,000 parts", ""),
]


@pytest.mark.parametrize(("text", "message", "under"), REFUSED, ids=[repr(row[0][:30]) for row in REFUSED])
def test_refusals_show_the_place(text: str, message: str, under: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, **SHAPES)
    said = str(caught.value)
    assert message in said or re.search(message, said), said
    assert all(len(line) < 200 for line in said.splitlines())
    if under:
        shown, caret = said.splitlines()[-2:]
        marked = [c for c, mark in zip(shown.ljust(len(caret)), caret, strict=False) if mark == "^"]
        assert "".join(marked) == under
        assert set(caret.strip()) == {"^"}


SIZES: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("x", {"x": (10**5, 10**5)}, FormulaError, r"x of shape \(100000, 100000\) has more than 1,000,000,000 entries"),
    ("outer(x, x)", {"x": 10**6}, FormulaError, "this has more than 1,000,000,000 entries"),
    ("x", {"x": {"w": "3"}}, FormulaError, "an argument of a formula is an array, not a structure: x"),
    ("x + y", {"x": "3", "y": "4"}, ShapeError, r"of \+ do not fit: \(3,\) and \(4,\)"),
    ("x[0]", {"x": "N"}, TraceError, "the size N is not known"),
    ("x", {"x": "N -"}, ShapeError, "is no shape for x"),
]


@pytest.mark.parametrize(("text", "shapes", "error", "message"), SIZES)
def test_shapes_are_checked_when_a_formula_is_read(
    text: str, shapes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parse(text, **shapes)


def test_other_refusals() -> None:
    with pytest.raises(FormulaError, match="a formula is a text, not int"):
        parse(3)  # type: ignore[arg-type]
    with pytest.raises(FormulaError, match="a function's name is a Python identifier, not 'a b'"):
        parse("x", name="a b", x="3")
    assert issubclass(FormulaError, ChainruleError)
    assert issubclass(FormulaError, ValueError)


def test_a_formula_never_runs_python() -> None:
    ran: list[str] = []

    def forbid(event: str, args: Any) -> None:
        # A parser that complains looks for the text's line in a file of the text's name.
        looks = event == "open" and args[0] == "<formula>"
        if watching and not looks and event in ("exec", "import", "open", "os.system", "subprocess.Popen"):
            ran.append(event)

    watching = False
    sys.addaudithook(forbid)
    texts = TEXTS + [text for text, *_ in REFUSED]
    for attempt in range(2):
        # What is imported on first use is imported in the first round.
        watching = attempt == 1
        for text in texts:
            try:
                parse(text, **SHAPES).trace()
            except ChainruleError:
                continue
    watching = False
    assert ran == []


PIECES = [
    *("v", "x", "w", "e", "T", "0", "1", "64", "sum", "tanh", "max", "axis", "shape", "if", "lambda", "__", "True"),
    *"()[]+-*@=;,.:<&~'² \n",
    "**",
]


def test_no_text_makes_anything_but_a_function_or_an_error_of_ours(rng: np.random.Generator) -> None:
    accepted = 0
    for _ in range(3_000):
        text = "".join(rng.choice(PIECES, rng.integers(1, 12)))
        try:
            accepted += isinstance(parse(text, **SHAPES), Function)
        except ChainruleError:
            continue
    assert accepted > 0

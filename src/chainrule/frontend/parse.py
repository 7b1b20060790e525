"""From a formula as text to a function, safely.

The text is looked over before Python's own parser sees it (`ast.parse`, which runs nothing), so that neither depth nor
length can hurt; then every kind of node has to be on a list. What is left is walked by `Formula` into our own graph.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from typing import Any

from ..ir.dims import known_product
from .arguments import Declared
from .formula import LARGEST, Formula, call_formula
from .function import Engine, Function
from .names import is_name
from .source import FormulaError, Source
from .tree import is_structure

__all__ = ["FormulaError", "parse"]

LONGEST, DEEPEST, MOST_NODES = 10_000, 100, 5_000

_TOKEN = re.compile(
    r"""(?P<number> (?: \d+\.?\d* | \.\d+ ) (?: [eE][+-]?\d+ )? )
      | (?P<word> \w+ ) | (?P<space> \s+ ) | \*\* | [<>=!]= | := | .""",
    re.VERBOSE,
)
_SIGNS = frozenset("+-*/@()[],.;=<>&|~:\n\r\t ") | {"**", "<=", ">=", "==", "!="}
_INSTEAD = {
    "^": "write ** for a power",
    "'": "there are no strings in a formula",
    '"': "there are no strings in a formula",
    "#": "there are no comments in a formula",
    "!": "write != for unequal, ~ for not",
    ":=": "write = in a statement of its own, and ; after it",
    "and": "write (a > b) & (c > d)",
    "or": "write (a > b) | (c > d)",
    "not": "write ~(a > b)",
    "if": "write where(condition, a, b)",
    "lambda": "call it lam, or λ",
}
_ALLOWED = (
    ast.Module, ast.Expr, ast.Assign, ast.Name, ast.Load, ast.Store, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare,
    ast.Call, ast.keyword, ast.Subscript, ast.Slice, ast.Attribute, ast.Tuple, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip


def parse(text: str, /, *, engine: Engine | None = None, name: str = "f", **shapes: Any) -> Function:
    """A function from a formula: statements ``l1 = tanh(x@w1 + b1); mean((l1@w2 - y)**2)``, the last its result.

    The arguments are those whose shapes are given, in that order; an assigned name is the name of an intermediate.
    Allowed are numbers, + - * / ** @, single comparisons, & | ~, the operations by their plain names (``tanh(x)``,
    ``sum(x, axis=0, keepdims=True)``), ``x[0, 1:3]``, ``.T``, ``.shape[0]``, ``.sum()``, ``.mean()``, pi and e.

    Raises FormulaError, which shows the place, for everything else and for what is too long, deep or large;
    ShapeError where shapes do not fit.
    """
    if not is_name(name):
        raise FormulaError(f"a function's name is a Python identifier, not {name!r}")
    source = Source(_checked_text(text))
    formula = Formula(source, _checked_tree(source), tuple(shapes), name)
    function = Function(formula, engine, shapes, name=name, watched=call_formula)
    for argument, declared in function.declared.items():
        if is_structure(declared):
            raise FormulaError(f"an argument of a formula is an array, not a structure: {argument}")
        _check_size(argument, declared)
    function.trace()
    return function


def _check_size(argument: str, declared: Declared) -> None:
    if known_product(declared.shape) > LARGEST:
        raise FormulaError(f"{argument} of shape {declared} has more than {LARGEST:,} entries")


def _checked_text(text: str) -> str:
    """The text with its lines stripped, if it is short, plain, and not nested too deeply for a parser."""
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text, not {type(text).__name__}")
    if len(text) > LONGEST:
        raise FormulaError(f"the formula has {len(text):,} characters; at most {LONGEST:,} are taken")
    source = Source(text)
    for i, character in enumerate(text):
        plain = character.isprintable() or character in "\n\r\t"
        if not plain or unicodedata.normalize("NFKC", character) != character:
            raise source.error(f"{character!a} is no part of a formula", i, i + 1)
    if unicodedata.normalize("NFKC", text) != text:
        raise FormulaError("the formula has letters that Python would take for others (its NFKC form differs)")
    stripped = "\n".join(line.strip() for line in re.split(r"\r\n?|\n", text))
    if not stripped.strip("\n; \t"):
        raise FormulaError("the formula is empty")
    _check_tokens(Source(stripped))
    return stripped


def _check_tokens(source: Source) -> None:
    """Refuse keywords, odd signs and depth: brackets, runs of signs, towers of powers."""
    open_at: list[int] = []
    signs = powers = 0
    for match in _TOKEN.finditer(source.text):
        token, place = match.group(), match.span()
        after = source.text[match.end() : match.end() + 1]
        if match["word"] or match["number"]:
            _check_word(source, match, glued=bool(match["number"]) and (after.isidentifier() or after == "."))
        elif not match["space"]:
            if token not in _SIGNS:
                instead = f": {_INSTEAD[token]}" if token in _INSTEAD else ""
                raise source.error(f"{token} is no part of a formula{instead}", *place)
            if token in "([":
                open_at.append(match.start())
            elif token in ")]":
                if not open_at or source.text[open_at[-1]] + token not in ("()", "[]"):
                    raise source.error(f"nothing is open that {token} would close", *place)
                open_at.pop()
        if not match["space"]:
            signs = signs + 1 if token in ("+", "-", "~") else 0
        powers = 0 if token == ";" or "\n" in token else powers + (token == "**")
        if max(len(open_at), signs, powers) > DEEPEST:
            raise source.error(f"the formula is nested more than {DEEPEST} deep", *place)
    if open_at:
        raise source.error("this is never closed", open_at[-1], open_at[-1] + 1)


def _check_word(source: Source, match: re.Match[str], glued: bool) -> None:
    word = match.group()
    if glued:
        raise source.error("a number is written 12, 0.5 or 1e-3, with a sign or a space after it", *match.span())
    if keyword.iskeyword(word) and word not in ("True", "False"):
        raise source.error(f"{word!r} is no part of a formula: {_INSTEAD.get(word, 'it is Python')}", *match.span())
    if "__" in word:
        raise source.error(f"{word!r} is no name for a formula: two underscores", *match.span())


def _checked_tree(source: Source) -> tuple[ast.stmt, ...]:
    """The statements, if they have only allowed kinds of nodes, not too many and not too deep."""
    try:
        tree = ast.parse(source.text, "<formula>")
    except SyntaxError as error:
        start = source.position(error.lineno or 1, 0) + (error.offset or 1) - 1
        raise source.error(f"this is no formula: {error.msg}", start, start + 1) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise FormulaError("the formula is too large, or nested too deeply") from None
    count, stack = 0, [(node, 0) for node in reversed(tree.body)]
    below: ast.AST
    while stack:
        node, depth = stack.pop()
        count += isinstance(node, (ast.expr, ast.stmt))
        if count > MOST_NODES:
            raise FormulaError(f"the formula has more than {MOST_NODES:,} parts")
        if depth > DEEPEST:
            raise source.error_at(f"the formula is nested more than {DEEPEST} deep", node)
        for below in ast.iter_child_nodes(node):
            if not isinstance(below, _ALLOWED):
                at = below if hasattr(below, "lineno") else node
                raise source.error_at(f"{type(below).__name__} is no part of a formula", at)
            if isinstance(below, (ast.expr, ast.keyword)):
                # A long sum leans to the left and is worked off in a loop.
                leans = isinstance(node, ast.BinOp) and below is node.left
                stack.append((below, depth if leans else depth + 1))  # type: ignore[arg-type]
    return tuple(tree.body)

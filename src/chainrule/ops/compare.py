"""Truth values: comparisons, and logic on what they give."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..ir.records import Elementwise
from ..ir.registry import register

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
]


def _comparison(name: str, ref: Any, python: str, latex: str, text: str, holds: tuple[bool, bool, bool]) -> Any:
    """A record; ``holds`` says whether 1 and 2 compare so, 2 and 2, ∞ and 2."""
    pairs = ((1.0, 2.0), (2.0, 2.0), (np.inf, 2.0))
    return register(
        Elementwise(
            name=name,
            arity=2,
            result="bool",
            ref=ref,
            stands_for=(ref,),
            partials=lambda a, b, y: (None, None),
            why="a truth value does not change with its operands, but for a jump",
            numpy=f"{{0}} {python} {{1}}",
            c=f"{{0}} {python} {{1}}",
            latex=f"{{0}} {latex} {{1}}",
            text=f"{{0}} {text} {{1}}",
            analytic=False,
            commutative=name in ("equal", "not_equal"),
            special=tuple((pair, float(true), (None, None)) for pair, true in zip(pairs, holds, strict=True)),
        )
    )


less = _comparison("less", np.less, "<", "<", "<", (True, False, False))
less_equal = _comparison("less_equal", np.less_equal, "<=", r"\le", "≤", (True, True, False))
greater = _comparison("greater", np.greater, ">", ">", ">", (False, False, True))
greater_equal = _comparison("greater_equal", np.greater_equal, ">=", r"\ge", "≥", (False, True, True))
equal = _comparison("equal", np.equal, "==", "=", "=", (False, True, False))
not_equal = _comparison("not_equal", np.not_equal, "!=", r"\ne", "≠", (True, False, True))


def _logic(
    name: str, arity: int, ref: Any, stands_for: tuple[Any, ...], spell: tuple[str, str, str, str], table: str
) -> Any:
    """A record; ``table`` has the results for (0, 0), (0, 1), (1, 0), (1, 1), or for 0 and 1."""
    operands = itertools.product((0.0, 1.0), repeat=arity)
    python, c, latex, text = spell
    return register(
        Elementwise(
            name=name,
            arity=arity,
            result="bool",
            conditions=arity,
            ref=lambda *v: ref(*(np.asarray(x).astype(bool) for x in v)),
            stands_for=stands_for,
            partials=lambda *operands: (None,) * arity,
            why="logic on truth values has no slope",
            numpy=python,
            c=c,
            latex=latex,
            text=text,
            analytic=False,
            commutative=arity == 2,
            special=tuple((v, float(t), (None,) * arity) for v, t in zip(operands, table, strict=True)),
        )
    )


logical_and = _logic(
    "logical_and", 2, np.logical_and, (np.logical_and, np.bitwise_and),
    ("{0} & {1}", "({0} && {1})", r"{0} \land {1}", "{0} ∧ {1}"), "0001",
)  # fmt: skip
logical_or = _logic(
    "logical_or", 2, np.logical_or, (np.logical_or, np.bitwise_or),
    ("{0} | {1}", "({0} || {1})", r"{0} \lor {1}", "{0} ∨ {1}"), "0111",
)  # fmt: skip
logical_not = _logic(
    "logical_not", 1, np.logical_not, (np.logical_not, np.invert),
    ("~{0}", "!{0}", r"\lnot {0}", "¬{0}"), "10",
)  # fmt: skip

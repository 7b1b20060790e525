"""Whole parts, remainders and signs: functions that jump, with slope 0 between the jumps, and at them by convention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.build import is_traced
from ..ir.node import Node
from ..ir.records import Elementwise, Slopes
from ..ir.registry import call, function, register
from .outside import mp
from .select import sign

__all__ = [
    "ceil",
    "copysign",
    "floor",
    "floor_divide",
    "heaviside",
    "isfinite",
    "isinf",
    "isnan",
    "mod",
    "rint",
    "round",
    "trunc",
]

_INF = math.inf


def _whole(name: str, ref: Any, told: str, latex: str, text: str, special: Any, oracle: Any = None) -> Elementwise:
    """A function that gives a whole number near x."""
    return register(
        Elementwise(
            name=name,
            result="same",
            ref=lambda x: ref(x) if x.dtype.kind == "f" else x,
            stands_for=(ref,),
            partials=lambda x, y: (None,),
            why=f"{told} does not change with x, but for a jump",
            c=f"{name}{{f}}({{0}})",
            c_int="{0}",
            latex=latex,
            text=text,
            analytic=False,
            convention="the slope is 0 everywhere, at the jumps too",
            special=special,
            oracle=oracle,
        )
    )


floor = _whole(
    "floor", np.floor, "the greatest whole number up to x", r"\left\lfloor {0} \right\rfloor", "⌊{0}⌋",
    (((2.5,), 2.0, (0.0,)), ((-2.5,), -3.0, (0.0,)), ((1.0,), 1.0, (0.0,)), ((-_INF,), -_INF, (0.0,))),
)  # fmt: skip
ceil = _whole(
    "ceil", np.ceil, "the smallest whole number from x on", r"\left\lceil {0} \right\rceil", "⌈{0}⌉",
    (((2.5,), 3.0, (0.0,)), ((-2.5,), -2.0, (0.0,)), ((1.0,), 1.0, (0.0,)), ((_INF,), _INF, (0.0,))),
)  # fmt: skip
rint = _whole(
    "rint", np.rint, "the nearest whole number, the even one of two,",
    r"\operatorname{round}\left({0}\right)", "round({0})",
    (((2.5,), 2.0, (0.0,)), ((3.5,), 4.0, (0.0,)), ((-0.5,), 0.0, (0.0,)), ((2.51,), 3.0, (0.0,))),
    "nint",
)  # fmt: skip
trunc = _whole(
    "trunc", np.trunc, "x without its fraction", r"\operatorname{trunc}\left({0}\right)", "trunc({0})",
    (((2.5,), 2.0, (0.0,)), ((-2.5,), -2.0, (0.0,)), ((0.0,), 0.0, (0.0,)), ((-_INF,), -_INF, (0.0,))),
    oracle=lambda x: int(x) + 0 * x,
)  # fmt: skip


@function(np.round, np.around)
def round(x: Any, decimals: int = 0) -> Any:
    """As numpy.round: to so many decimals, a half to the even neighbour. The slope is 0 everywhere."""
    if not is_traced(x):
        return np.round(x, decimals)
    if decimals == 0:
        return rint(x)
    scale = 10.0 ** abs(decimals)
    return rint(x * scale) / scale if decimals > 0 else rint(x / scale) * scale


_REST = "fmod{f}({0}, {1})"
_TURNED = f"({_REST} != 0 && ({_REST} < 0) != ({{1}} < 0))"
_SAFE = "{1} == 0 || {1} == -1 ? "


def _mod_slopes(a: Node, b: Node, y: Node) -> Slopes:
    return 1, -floor_divide(a, b)


mod = register(
    Elementwise(
        name="mod",
        arity=2,
        result="same",
        ref=np.mod,
        stands_for=(np.mod, np.remainder),
        partials=_mod_slopes,
        why="a remainder is a − b⌊a/b⌋, and ⌊a/b⌋ does not change but for a jump",
        numpy="np.mod({0}, {1})",
        c=f"({_REST} + ({_TURNED} ? {{1}} : 0))",
        c_int=f"({_SAFE}0 : ({{0}} % {{1}} + {{1}}) % {{1}})",
        latex=r"\operatorname{mod}\left({0}, {1}\right)",
        text="mod({0}, {1})",
        samples=((-3.0, 3.0), (0.5, 3.0)),
        analytic=False,
        convention="has the sign of b; at the jumps the slopes are those beside them; of b = 0 it is NaN",
        singular=True,
        special=(
            ((7.0, 3.0), 1.0, (1.0, -2.0)),
            ((-7.0, 3.0), 2.0, (1.0, 3.0)),
            ((7.0, -3.0), -2.0, (1.0, 3.0)),
            ((6.0, 3.0), 0.0, (1.0, -2.0)),
            ((-1.0, _INF), _INF, (1.0, 1.0)),
        ),
        oracle=lambda a, b: a - b * mp("floor", a / b),
    )
)

floor_divide = register(
    Elementwise(
        name="floor_divide",
        arity=2,
        result="same",
        ref=np.floor_divide,
        stands_for=(np.floor_divide,),
        partials=lambda a, b, y: (None, None),
        why="the whole part of a quotient does not change with its operands, but for a jump",
        numpy="np.floor_divide({0}, {1})",
        c=f"({{1}} == 0 ? {{0}} / {{1}} : round{{f}}(({{0}} - {_REST}) / {{1}}) - {_TURNED})",
        c_int=f"({_SAFE}-{{0}} * ({{1}} != 0) : {{0}} / {{1}} - ({{0}} % {{1}} != 0 && ({{0}} < 0) != ({{1}} < 0)))",
        latex=r"\left\lfloor \frac{{0}}{{1}} \right\rfloor",
        text="⌊{0} / {1}⌋",
        samples=((-3.0, 3.0), (0.5, 3.0)),
        analytic=False,
        convention="rounds down; the slopes are 0 everywhere, at the jumps too; of b = 0 it is ±∞ or NaN",
        singular=True,
        special=(
            ((7.0, 3.0), 2.0, (0.0, 0.0)),
            ((-7.0, 3.0), -3.0, (0.0, 0.0)),
            ((6.0, -3.0), -2.0, (0.0, 0.0)),
            ((-1.0, _INF), -1.0, (0.0, 0.0)),
            ((1.0, 0.0), _INF, (0.0, 0.0)),
        ),
        oracle=lambda a, b: mp("floor", a / b),
    )
)


copysign: Elementwise = register(
    Elementwise(
        name="copysign",
        arity=2,
        ref=np.copysign,
        stands_for=(np.copysign,),
        partials=lambda a, b, y: (sign(a) * copysign(1.0, b), None),
        why="|a| with the sign of b: the slope of |a|, turned round where b is negative",
        c="copysign{f}({0}, {1})",
        latex=r"\operatorname{copysign}\left({0}, {1}\right)",
        text="copysign({0}, {1})",
        analytic=False,
        kinks=(0.0,),
        convention="the slope at a = 0 is 0, the smallest subgradient; in b it is 0 everywhere; −0 counts as negative",
        special=(
            ((3.0, -2.0), -3.0, (-1.0, 0.0)),
            ((-3.0, 0.0), 3.0, (-1.0, 0.0)),
            ((3.0, -0.0), -3.0, (-1.0, 0.0)),
            ((0.0, -1.0), 0.0, (0.0, 0.0)),
            ((_INF, -_INF), -_INF, (-1.0, 0.0)),
        ),
        oracle=lambda a, b: abs(a) if b >= 0 else -abs(a),
    )
)

heaviside = register(
    Elementwise(
        name="heaviside",
        arity=2,
        ref=np.heaviside,
        stands_for=(np.heaviside,),
        partials=lambda x, h, y: (None, call("equal", x, 0.0)),
        why="a step does not change with x, but for the jump; its value at 0 is the second operand",
        c="(isnan({0}) ? {0} : {0} < 0 ? 0 : {0} > 0 ? 1 : {1})",
        latex=r"H\left({0}; {1}\right)",
        text="heaviside({0}, {1})",
        analytic=False,
        convention="the slope in x is 0 everywhere, at the jump too",
        special=(
            ((-2.0, 0.5), 0.0, (0.0, 0.0)),
            ((0.0, 0.5), 0.5, (0.0, 1.0)),
            ((3.0, 0.5), 1.0, (0.0, 0.0)),
        ),
        oracle=lambda x, h: h if x == 0 else 0 * h + (x > 0),
    )
)


def _test(name: str, ref: Any, why: str, c_int: str, truths: tuple[bool, bool, bool]) -> Elementwise:
    """A question about a number, asked of 1, ∞ and NaN."""
    return register(
        Elementwise(
            name=name,
            result="bool",
            ref=ref,
            stands_for=(ref,),
            partials=lambda x, y: (None,),
            why=why,
            c=f"(bool){name}({{0}})",
            c_int=c_int,
            latex=rf"\operatorname{{{name}}}\left({{0}}\right)",
            text=f"{name}({{0}})",
            analytic=False,
            special=tuple(((x,), float(true), (None,)) for x, true in zip((1.0, -_INF, math.nan), truths, strict=True)),
        )
    )


isfinite = _test(
    "isfinite", np.isfinite, "whether it is a number, not ±∞: no slope", "({0} == {0})", (True, False, False)
)
isinf = _test("isinf", np.isinf, "whether it is ±∞: no slope", "({0} != {0})", (False, True, False))
isnan = _test("isnan", np.isnan, "whether it is no number: no slope", "({0} != {0})", (False, False, True))

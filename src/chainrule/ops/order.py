"""Order and place: what is the order of entries along an axis, and where is the greatest; integers, without slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.build import as_node
from ..ir.dims import Shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.registry import register
from ..ir.whole import Whole
from .scan import along, from_end, without_axis
from .shape import reshape

__all__ = ["argmax", "argmin", "argsort"]

_X = np.array([[0.5, -1.2, 2.0], [1.5, 0.7, -0.3]])


def _stable(x: Any, axis: int | None = -1) -> Any:
    return np.argsort(x, axis=axis, kind="stable")


def _build_argsort(x: Any, axis: int | None = -1, kind: str | None = None) -> Any:
    node = as_node(x)
    node = reshape(node, (-1,)) if axis is None else node
    return argsort.of(node, axis=from_end(node, -1 if axis is None else axis))


argsort: Whole = register(
    Whole(
        name="argsort",
        settings=("axis",),
        ref=lambda x, axis=-1, kind=None: _stable(x, axis),
        shape=lambda x, axis: x,
        result="int",
        build=_build_argsort,
        stands_for=(np.argsort,),
        why="an order is made of integers, and does not change but for a jump",
        numpy='np.argsort({0}, axis={axis}, kind="stable")',
        latex=r"\operatorname{argsort}\left({0}\right)",
        text="argsort({0})",
        convention="entries that are equal keep their order",
        cases=lambda: [(lambda x: argsort(x), (_X,)), (lambda x: argsort(x, axis=0), (_X,))],
        special=lambda: [
            (lambda x: argsort(x), (np.array([2.0, 1.0, 2.0, 1.0]),)),
            (lambda x: argsort(x), (np.array([]),)),
        ],
        errors=lambda: [(lambda x: argsort(x, axis=2), ((2, 3),), "axis 2 does not exist")],
    )
)


def _without(x: Shape, axis: int) -> Shape:
    at = len(x) + axis
    if x[axis] == 0:
        raise ShapeError(at_user_line("there is no greatest or smallest among no entries"))
    return (*x[:at], *x[at + 1 :])


def _place(name: str, ref: Callable[..., Any], which: str) -> Whole:
    """Where the greatest, or the smallest, stands along an axis."""
    return register(
        Whole(
            name=name,
            settings=("axis",),
            ref=without_axis(ref),
            shape=_without,
            result="int",
            build=along(lambda: RECORDS[name]),
            stands_for=(ref,),
            why=f"the place of the {which} is an integer, and does not change but for a jump",
            numpy=f"np.{name}({{0}}, axis={{axis}})",
            latex=rf"\operatorname{{{name}}}\left({{0}}\right)",
            text=f"{name}({{0}})",
            convention="among equal entries the first",
            cases=lambda: [
                (lambda x: RECORDS[name](x, axis=1), (_X,)),
                (lambda x: RECORDS[name](x, axis=0), (_X,)),
                (lambda x: RECORDS[name](x), (_X,)),
            ],
            special=lambda: [(lambda x: RECORDS[name](x), (np.array([2.0, 1.0, 2.0, 1.0]),))],
            errors=lambda: [
                (lambda x: RECORDS[name](x, axis=2), ((2, 3),), "axis 2 does not exist"),
                (lambda x: RECORDS[name](x), ((0,),), "among no entries"),
            ],
        )
    )


argmax: Whole = _place("argmax", np.argmax, "greatest")
argmin: Whole = _place("argmin", np.argmin, "smallest")


RECORDS: dict[str, Whole] = {r.name: r for r in (argmax, argmin)}

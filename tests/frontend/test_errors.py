"""What a user reads who made a mistake: the exact words, with the line of their function."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.frontend import Function, parse
from chainrule.ir import registry
from chainrule.ir.errors import ChainruleError, ShapeError, TraceError

relu = registry.record("relu")
SHAPES = {"x": "N d", "y": "N k", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k", "p": "3 4", "i": "N int"}

# fmt: off


def bias_of_the_wrong_layer(x, w1, b2):
    return relu(x @ w1 + b2)


def turned(x, y, w1, w2):
    l1 = relu(x @ w1)
    l2 = l1 @ w2.T
    return l2


def inner_axes(x, y):
    return x @ y


def the_other_way_round(x, w1):
    return w1 @ x


def along_the_other_axis(p):
    rows = p.sum(axis=1)
    return p - rows


def one_layer_short(x, y, w1, b1):
    hidden = np.tanh(x @ w1 + b1)
    difference = hidden - y
    return (difference**2).sum()


def in_a_helper(x, y):
    def scaled(v):
        return v * y
    return scaled(x)


def over_lines(x, w1, b2):
    return np.tanh(
        x @ w1
        + b2
    )


def with_a_scalar(x):
    return x @ 2


def nothing_turned_fits(b1, p):
    return p @ b1


def joined(x, y):
    return np.concatenate([x, y])


def no_such_axis(x):
    return x.sum(axis=2)


def too_many_indices(b1):
    return b1[0, 0]


def outside(p):
    return p[3]


def reshaped(p):
    return p.reshape(5, -1)


def branches(x):
    if x.sum() > 0:
        return x
    return -x


def both(x):
    return 0 < x < 1


def as_float(x):
    return float(x.sum())


def as_index(x):
    return [1, 2, 3][x.sum()]


def writes(x):
    x[0] = 1
    return x


def writes_into_an_array(p):
    total = np.zeros((3, 4))
    total += p
    return total


def as_an_array(x):
    return np.array([x, x])


def loops(x):
    for _ in range(x.shape[0]):
        pass
    return x


def loops_over_rows(x):
    return [2 * row for row in x]


def slices(x):
    return x[1:3]


def halves(x):
    return x.shape[0] // 2


def compares_sizes(x):
    return x if x.shape[0] > 1 else -x


def sizes_an_array(x):
    return np.zeros(x.shape) + x


def masks(p):
    return p[p > 0]


def indexes_with_floats(p):
    return np.take(p, p, axis=0)


def accumulates(x):
    return np.cumulative_sum(x)


def has_no_method(x):
    return x.partition(1)


def reduces(x):
    return np.add.reduce(x)


def adds_text(x):
    return x + "1"


# fmt: on

DIM = "give this dimension as an integer in the function's shapes"

MESSAGES: list[tuple[Callable[..., Any], type[Exception], str]] = [
    (bias_of_the_wrong_layer, ShapeError, """\
        the shapes of the operands of + do not fit: (N, m) and (k,)
          x @ w1 has shape (N, m)
          b2 has shape (k,)
          b2 would fit with the shape (m,)
          in bias_of_the_wrong_layer, line 1:  return relu(x @ w1 + b2)"""),
    (turned, ShapeError, """\
        the shapes of a matrix product do not fit: (N, m) @ (k, m)
          l1 has shape (N, m), w2.T has shape (k, m)
          the last axis on the left (m) has to equal the last but one axis on the right (k)
          l1 @ w2 would fit
          in turned, line 2:  l2 = l1 @ w2.T"""),
    (inner_axes, ShapeError, """\
        the shapes of a matrix product do not fit: (N, d) @ (N, k)
          x has shape (N, d), y has shape (N, k)
          the last axis on the left (d) has to equal the last but one axis on the right (N)
          x.T @ y would fit
          in inner_axes, line 1:  return x @ y"""),
    (the_other_way_round, ShapeError, """\
        the shapes of a matrix product do not fit: (d, m) @ (N, d)
          w1 has shape (d, m), x has shape (N, d)
          the last axis on the left (m) has to equal the last but one axis on the right (N)
          x @ w1 would fit
          in the_other_way_round, line 1:  return w1 @ x"""),
    (along_the_other_axis, ShapeError, """\
        the shapes of the operands of - do not fit: (3, 4) and (3,)
          p has shape (3, 4)
          rows has shape (3,)
          rows has the length of axis 0 of p: rows[:, None] would fit
          in along_the_other_axis, line 2:  return p - rows"""),
    (one_layer_short, ShapeError, """\
        the shapes of the operands of - do not fit: (N, m) and (N, k)
          hidden has shape (N, m)
          y has shape (N, k)
          y would fit with the shape (N, m)
          in one_layer_short, line 2:  difference = hidden - y"""),
    (in_a_helper, ShapeError, """\
        the shapes of the operands of * do not fit: (N, d) and (N, k)
          x has shape (N, d)
          y has shape (N, k)
          y would fit with the shape (N, d)
          in scaled, line 2:  return v * y"""),
    (over_lines, ShapeError, """\
        the shapes of the operands of + do not fit: (N, m) and (k,)
          x @ w1 has shape (N, m)
          b2 has shape (k,)
          b2 would fit with the shape (m,)
          in over_lines, line 2:  x @ w1"""),
    (with_a_scalar, ShapeError, """\
        @ needs arrays with at least one axis; multiply by a number with *
          in with_a_scalar, line 1:  return x @ 2"""),
    (nothing_turned_fits, ShapeError, """\
        the shapes of a matrix product do not fit: (3, 4) @ (m,)
          p has shape (3, 4), b1 has shape (m,)
          the last axis on the left (4) has to equal the only axis on the right (m)
          b1 of shape (4,) would fit
          in nothing_turned_fits, line 1:  return p @ b1"""),
    (joined, ShapeError, """\
        arrays joined along axis 0 have to agree in the other axes: x (N, d), y (N, k)
          in joined, line 1:  return np.concatenate([x, y])"""),
    (no_such_axis, ShapeError, """\
        axis 2 does not exist: the array has 2 axes
          in no_such_axis, line 1:  return x.sum(axis=2)"""),
    (too_many_indices, ShapeError, """\
        b1 has 1 axes, and is indexed with 2
          in too_many_indices, line 1:  return b1[0, 0]"""),
    (outside, ShapeError, """\
        index 3 is outside axis 0 of length 3
          in outside, line 1:  return p[3]"""),
    (reshaped, ShapeError, """\
        p of shape (3, 4) cannot be reshaped to (5, -1)
          in reshaped, line 1:  return p.reshape(5, -1)"""),
    (branches, TraceError, """\
        the truth value of a traced array is not known while the function is traced; write cr.where(condition, a, b) \
instead of if, & and | instead of and, or
          in branches, line 1:  if x.sum() > 0:"""),
    (both, TraceError, """\
        the truth value of a traced array is not known while the function is traced; write cr.where(condition, a, b) \
instead of if, & and | instead of and, or
          in both, line 1:  return 0 < x < 1"""),
    (as_float, TraceError, """\
        the number of a traced array is not known while the function is traced; keep it an array; call the function \
to get numbers
          in as_float, line 1:  return float(x.sum())"""),
    (as_index, TraceError, """\
        the integer of a traced array is not known while the function is traced; pass it as a Python int, or index \
with an integer array
          in as_index, line 1:  return [1, 2, 3][x.sum()]"""),
    (writes, TraceError, """\
        a traced array cannot be written into; build the result instead: cr.where(mask, new, old), \
cr.concatenate([...]), or x * mask
          in writes, line 1:  x[0] = 1"""),
    (writes_into_an_array, TraceError, """\
        a traced array cannot be written into an array: write a = a + x, not a += x, and no out=
          in writes_into_an_array, line 2:  total += p"""),
    (as_an_array, TraceError, """\
        the content of a traced array is not known while the function is traced; use functions of NumPy that chainrule \
knows (chainrule ops): np.stack([a, b]) for np.array([a, b])
          in as_an_array, line 1:  return np.array([x, x])"""),
    (loops, TraceError, f"""\
        the size N is not known while the function is traced, and an integer (range, a slice, a shape) needs it; {DIM}
          in loops, line 1:  for _ in range(x.shape[0]):"""),
    (loops_over_rows, TraceError, """\
        len() of a traced array is not known while the function is traced; use x.shape[0]
          in loops_over_rows, line 1:  return [2 * row for row in x]"""),
    (slices, TraceError, f"""\
        the size N is not known while the function is traced, and an index, a slice or int() needs it; {DIM}
          in slices, line 1:  return x[1:3]"""),
    (halves, TraceError, f"""\
        the size N is not known while the function is traced, and // needs it; {DIM}
          in halves, line 1:  return x.shape[0] // 2"""),
    (compares_sizes, TraceError, f"""\
        the size N is not known while the function is traced, and a comparison needs it; {DIM}
          in compares_sizes, line 1:  return x if x.shape[0] > 1 else -x"""),
    (sizes_an_array, TraceError, f"""\
        the size N is not known while the function is traced, and an integer (range, a slice, a shape) needs it; {DIM}
          in sizes_an_array, line 1:  return np.zeros(x.shape) + x"""),
    (masks, TraceError, """\
        p is indexed by numbers of kind bool; an index is an integer, and a mask needs cr.where(mask, x, 0)
          in masks, line 1:  return p[p > 0]"""),
    (indexes_with_floats, TraceError, """\
        p is indexed by numbers of kind float; an index is an integer
          in indexes_with_floats, line 1:  return np.take(p, p, axis=0)"""),
    (accumulates, TraceError, """\
        numpy.cumulative_sum is not an operation of chainrule (see: chainrule ops)
          in accumulates, line 1:  return np.cumulative_sum(x)"""),
    (has_no_method, AttributeError, """\
        a traced array has no attribute 'partition' (see: chainrule ops)
          in has_no_method, line 1:  return x.partition(1)"""),
    (reduces, TraceError, """\
        numpy.add.reduce is not an operation of chainrule (see: chainrule ops)
          in reduces, line 1:  return np.add.reduce(x)"""),
    (adds_text, TraceError, """\
        str is not a number or an array: '1'
          in adds_text, line 1:  return x + "1\""""),
]  # fmt: skip


@pytest.mark.parametrize(("f", "error", "message"), MESSAGES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_mistake_is_told_with_the_users_line(f: Any, error: type[Exception], message: str) -> None:
    arguments = f.__code__.co_varnames[: f.__code__.co_argcount]
    function = Function(f, shapes={name: SHAPES[name] for name in arguments})
    with pytest.raises(error) as caught:
        function.trace()
    assert relative(str(caught.value), f) == textwrap.dedent(message)
    assert isinstance(caught.value, (ChainruleError, AttributeError))


def relative(said: str, f: Any) -> str:
    """The message with lines counted from the function's first."""
    first = f.__code__.co_firstlineno
    head, _, rest = said.rpartition(", line ")
    number, _, text = rest.partition(":")
    return f"{head}, line {int(number) - first}:{text}" if head else said


def test_named_and_numbered_dimensions_that_meet_are_explained() -> None:
    function = Function(inner_axes, shapes={"x": "N d"})
    with pytest.raises(ShapeError) as caught:
        function.trace({"x": np.ones((2, 3)), "y": np.ones((3, 4))})
    assert str(caught.value).splitlines()[-1] == (
        "  (a named dimension fits itself alone, and the argument 'y' has no declared shape, "
        "so that its dimensions are integers)"
    )


def test_a_formula_is_shown_with_a_caret() -> None:
    with pytest.raises(ShapeError) as caught:
        parse("l1 = tanh(x @ w1);\n  mean((l1 @ w2.T - y) ** 2)", x="N d", w1="d m", w2="m k", y="N k")
    assert str(caught.value) == textwrap.dedent("""\
        the shapes of a matrix product do not fit: (N, m) @ (k, m)
          l1 has shape (N, m), w2.T has shape (k, m)
          the last axis on the left (m) has to equal the last but one axis on the right (k)
          l1 @ w2 would fit
          mean((l1 @ w2.T - y) ** 2)
                ^^^^^^^^^""")


def test_after_an_error_nothing_is_left_of_the_trace() -> None:
    for f in (turned, branches):
        arguments = f.__code__.co_varnames[: f.__code__.co_argcount]
        for _ in range(2):
            with pytest.raises(ChainruleError):
                Function(f, shapes={name: SHAPES[name] for name in arguments}).trace()
    graph = Function(lambda x: relu(x), shapes={"x": "N d"}).trace().graph
    assert list(graph.names.values()) == ["x"]

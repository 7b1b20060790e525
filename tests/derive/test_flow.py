"""Zeros are structural: a path that a selection closes is closed, whatever else lies on it, in both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.derive import reverse
from chainrule.ir.graph import toposort
from chainrule.ir.node import Const, Input, Map, Node
from chainrule.ops.activations import relu
from chainrule.ops.index import scatter_add
from chainrule.ops.padding import pad
from chainrule.ops.reduce import logsumexp, max, min, norm, prod
from chainrule.ops.select import abs_, clip, maximum, minimum, where
from chainrule.ops.shape import concatenate
from chainrule.ops.transcendental import exp, log, sin, sqrt, tanh, xlogy
from tests.differentiated import Traced

NAN, INF = np.nan, np.inf
HERE = np.array([True, False])

# What is chosen, the arguments, the gradient in each; the second derivative of the sum where it is not 0.
CLOSED: list[tuple[str, Callable[..., Any], tuple[Any, ...], tuple[Any, ...], Any]] = [
    ("the branch not taken is NaN", lambda x: where(x >= 0, x, sqrt(-x)), (1.0,), (1.0,), 0.0),
    ("the branch not taken has a pole", lambda x: where(x > 0, x, log(x * x)), (1.0,), (1.0,), 0.0),
    ("x log x at 0", lambda x: where(x > 0, x * log(x), 0.0), (0.0,), (0.0,), 0.0),
    ("x log x", lambda x: where(x > 0, x * log(x), 0.0), ([0.0, 2.0],), ([0.0, np.log(2) + 1],), [0.0, 0.5]),
    ("nested", lambda x: where(x > 0, where(x < 1, sqrt(1 - x), x * x), log(-x)), (2.0,), (4.0,), 2.0),
    ("nested, inner", lambda x: where(x > 0, where(x < 1, x * x, sqrt(1 - x)), log(-x)), (0.5,), (1.0,), 2.0),
    ("nested, outer", lambda x: where(x > 0, log(x) * sqrt(x), where(x < -2, 1 / x, x)), (-1.0,), (1.0,), 0.0),
    ("before a pole", lambda x: sqrt(where(x > 0, x, 0.0)), (-1.0,), (0.0,), 0.0),
    ("before a pole, at the edge", lambda x: sqrt(where(x > 0, x, 0.0)), (0.0,), (0.0,), 0.0),
    ("poles on both sides", lambda x: sqrt(where(x > 0, sqrt(x), 0.0)), (0.0,), (0.0,), 0.0),
    ("relu(log x) at 0", lambda x: relu(log(x)), (0.0,), (0.0,), 0.0),
    ("√relu", lambda x: sqrt(relu(x)), ([-1.0, 4.0],), ([0.0, 0.25],), [0.0, -1 / 32]),
    ("log of a maximum", lambda x: log(maximum(x, 0.0)), (-1.0,), (0.0,), 0.0),
    ("maximum of a pole and a constant", lambda x: maximum(log(x), 0.5), (0.0,), (0.0,), 0.0),
    ("minimum of a pole and a constant", lambda x: minimum(1 / x, 2.0), (0.0,), (0.0,), 0.0),
    ("maximum of two variables", lambda x, y: maximum(sqrt(x), y), (0.0, 3.0), (0.0, 1.0), 0.0),
    ("clip of a pole", lambda x: clip(1 / x, -1.0, 1.0), (0.0,), (0.0,), 0.0),
    ("√clip", lambda x: sqrt(clip(x, 0.0, 1.0)), ([-1.0, 0.25, 9.0],), ([0.0, 1.0, 0.0],), [0.0, -2.0, 0.0]),
    ("the greatest of logs", lambda x: max(log(x)), ([0.0, 2.0],), ([0.0, 0.5],), [0.0, -0.25]),
    ("√ of the least", lambda x: sqrt(min(where(x > 0, x, 0.0))), ([-1.0, 2.0],), ([0.0, 0.0],), [0.0, 0.0]),
    ("√ of a sum of nothing", lambda x: sqrt(where(x > 0, x, 0.0).sum()), ([-1.0, -2.0],), ([0.0, 0.0],), [0.0, 0.0]),
    (
        "a scalar that is not used",
        lambda x, s: where(x > 0, x, sqrt(s) * x),
        ([1.0, 2.0], 0.0),
        ([1.0, 1.0], 0.0),
        [0, 0],
    ),
    ("a scalar before", lambda x, s: sqrt(where(x > 0, s, x * x)), ([-1.0, -2.0], 0.0), ([-1.0, -1.0], 0.0), [0, 0]),
    ("a row that is not used", lambda x: where(HERE[:, None], x, log(x)), ([[0.0], [2.0]],), ([[1.0], [0.5]],), None),
    ("overflow", lambda x: where(x < 30, log(exp(x) - 1), x), (800.0,), (1.0,), 0.0),
    ("overflow in a power", lambda x: where(abs_(x) < 1, x, x**0.5 * tanh(x**-2.0)), (0.0,), (1.0,), 0.0),
    ("a product of branches", lambda x: where(x >= 0, x, sqrt(-x) * sqrt(-x)), (1.0,), (1.0,), 0.0),
    ("turned and doubled", lambda x: where(x > 0, x, -2 * (log(x) / 3)), (1.0,), (1.0,), 0.0),
    ("through a sum of two", lambda x: where(x > 0, x, sqrt(x - 1) + log(x - 1)), (1.0,), (1.0,), 0.0),
    ("in both branches", lambda x: where(x > 0, sqrt(x), sqrt(-x)), (4.0,), (0.25,), -1 / 32),
    (
        "through a reshape",
        lambda x: where(x > 0, log(x).reshape(2, 1).reshape(2), x),
        ([0.0, 1.0],),
        ([1.0, 1.0],),
        [0, -1],
    ),
    ("through a transpose", lambda x: where(x > 0, log(x.T).T, x), ([[0.0, 1.0]],), ([[1.0, 1.0]],), [[0, -1]]),
    ("through a flip", lambda x: where(x > 0, log(x[::-1])[::-1], x), ([0.0, 1.0],), ([1.0, 1.0],), [0, -1]),
    ("through a pad", lambda x: where(pad(HERE, 1), pad(log(x), 1), 0.0), ([1.0, 0.0],), ([1.0, 0.0],), [-1, 0]),
    ("through a gather", lambda x: where(HERE, log(x)[[1, 0]], 0.0), ([0.0, 1.0],), ([0.0, 1.0],), [0, -1]),
    (
        "through a scatter",
        lambda x: sqrt(scatter_add(where(x > 0, x, 0.0), np.array([0, 1]), 2)),
        ([-1.0, 4.0],),
        ([0.0, 0.25],),
        [0, -1 / 32],
    ),
    (
        "through a concatenation",
        lambda x: sqrt(concatenate([where(x > 0, x, 0.0), x + 2])),
        ([-1.0, 2.0],),
        ([0.5, 0.25 + 8**-0.5],),
        None,
    ),
    (
        "through a product of axes",
        lambda x: where(HERE, prod(log(x), axis=1), 0.0),
        ([[1.0, 2], [0, 0]],),
        ([[np.log(2), 0], [0, 0]],),
        None,
    ),
    (
        "through logsumexp",
        lambda x: where(HERE, logsumexp(log(x), axis=1), 0.0),
        ([[1.0], [0.0]],),
        ([[1.0], [0.0]],),
        [[-1], [0]],
    ),
    ("through a norm", lambda x: where(HERE, norm(sqrt(x), axis=1), 0.0), ([[4.0], [0.0]],), ([[0.25], [0.0]],), None),
    ("xlogy of nothing", lambda x, y: xlogy(where(x > 0, x, 0.0), y), (-1.0, 0.0), (0.0, 0.0), 0.0),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("f", "at", "gradients", "second"), [r[1:] for r in CLOSED], ids=[r[0] for r in CLOSED])
def test_nothing_flows_along_a_closed_path(f: Any, at: Any, gradients: Any, second: Any, dtype: Any) -> None:
    values = [np.asarray(v, dtype) for v in at]
    tolerance = {"rtol": 1e-12, "atol": 1e-14} if dtype is np.float64 else {"rtol": 1e-5, "atol": 1e-6}
    traced = Traced(f, values)
    for found, expected in zip(traced.pull(), gradients, strict=True):
        np.testing.assert_allclose(found, expected, **tolerance)
    for found, expected in zip(forward_gradients(traced, values), gradients, strict=True):
        np.testing.assert_allclose(found, expected, **tolerance)
    if second is not None:
        again = Traced(traced.gradient(0), values)
        np.testing.assert_allclose(again.pull()[0], second, **tolerance)
        np.testing.assert_allclose(forward_gradients(again, values)[0], second, **tolerance)


def forward_gradients(traced: Traced, values: list[Any]) -> list[Any]:
    """The gradients of the sum of the outputs, entry by entry, by forward mode."""
    result = []
    for i, value in enumerate(values):
        gradient = np.zeros(value.shape)
        for entry in np.ndindex(value.shape):
            tangents = [np.zeros(v.shape) for v in values]
            tangents[i][entry] = 1
            gradient[entry] = np.sum(traced.push(tangents))
        result.append(gradient)
    return result


OPEN: list[tuple[str, Callable[..., Any], float]] = [
    ("(√x)²: the zero is a coincidence", lambda x: sqrt(x) ** 2, NAN),
    ("a factor that happens to be zero", lambda x: sin(x) * log(x), NAN),
    ("√ of a square", lambda x: sqrt(x * x), NAN),
    ("an open path keeps its pole", lambda x: where(x >= 0, sqrt(x), 0.0), INF),
    ("an open path keeps its pole behind", lambda x: sqrt(where(x >= 0, x, 1.0)), INF),
]


@pytest.mark.parametrize(("f", "slope"), [r[1:] for r in OPEN], ids=[r[0] for r in OPEN])
def test_what_is_not_closed_stays_as_it_is(f: Any, slope: float) -> None:
    traced = Traced(f, [0.0])
    np.testing.assert_array_equal(traced.pull()[0], slope)
    np.testing.assert_array_equal(traced.push([1.0]), slope)


def selections(node: Node) -> int:
    return sum(isinstance(n, Map) and n.op.name == "where" for n in toposort([node]))


PLAIN = [
    ("a dense layer", lambda x: (relu(x @ np.ones((3, 3)) + 1.0) ** 2).sum() / 2),
    ("softmax with cross-entropy", lambda x: (logsumexp(relu(x), axis=1) - relu(x)[:, 0]).mean()),
    ("tanh before relu", lambda x: relu(tanh(x)).sum()),
    ("relu before a square over a size", lambda x: (relu(x / 3.0) ** 3.0).sum() / x.shape[0]),
]


@pytest.mark.parametrize("f", [f for _, f in PLAIN], ids=[name for name, _ in PLAIN])
def test_where_nothing_is_infinite_nothing_is_selected(f: Any) -> None:
    x = Input.of("x", (2, 3))
    gradient = reverse({f(x): Const.of(1.0)}, [x]).get(x)
    assert selections(gradient) == 0

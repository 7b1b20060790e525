"""Whatever form a gradient is given in: functions, numbers, formulas, other libraries' arrays, custom backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError
from chainrule.testing import assert_gradient

WRT = ["w1", "b1", "w2", "b2"]


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def network(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    z1 = x @ w1 + b1
    l1 = cr.tanh(z1)
    z2 = l1 @ w2 + b2
    return ((z2 - y) ** 2).sum() / x.shape[0]


def point(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"x": (7, 3), "y": (7, 4), "w1": (3, 5), "b1": (5,), "w2": (5, 4), "b2": (4,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def by_hand(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, Any]:
    l1 = np.tanh(x @ w1 + b1)
    d_z2 = 2 * (l1 @ w2 + b2 - y) / len(x)
    d_z1 = d_z2 @ w2.T * (1 - l1 * l1)
    return {"w1": x.T @ d_z1, "b1": d_z1.sum(0), "w2": l1.T @ d_z2, "b2": d_z2.sum(0)}


def without_slope(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, Any]:
    l1 = np.tanh(x @ w1 + b1)
    d_z2 = 2 * (l1 @ w2 + b2 - y) / len(x)
    d_l1 = d_z2 @ w2.T
    return {"w1": x.T @ d_l1, "b1": d_l1.sum(0), "w2": l1.T @ d_z2, "b2": d_z2.sum(0)}


def test_a_right_one_is_ok_with_and_without_a_point() -> None:
    for at in (None, point()):
        report = cr.check(network, by_hand, wrt=WRT, at=at)
        assert report.ok
        assert report.max_error < 1e-12
        assert all(verdict.diagnosis is None for verdict in report)


def test_the_mistake_its_place_and_its_line_are_said() -> None:
    found = cr.check(network, without_slope, wrt=WRT, at=point())["w1"].diagnosis
    assert (found.kind, found.where, found.line) == ("missing-factor", "l1", 2)
    assert found.confidence > 0.9
    assert found.points == 6


def test_what_two_arguments_share_is_told_once() -> None:
    text = str(cr.check(network, without_slope, wrt=WRT, at=point()))
    assert text.count("without the factor 1 - l1 ⊙ l1") == 1
    assert "b1  WRONG  the same as w1 (missing-factor)" in text


def test_numbers_at_one_point_are_diagnosed_with_less_confidence() -> None:
    at = point()
    report = cr.check(network, without_slope(**at), at=at)
    assert not report.ok
    assert report["w1"].diagnosis.kind == "missing-factor"
    assert report["w1"].diagnosis.confidence < 0.7


def test_formulas_use_variables_and_sizes() -> None:
    right = "x.T @ ((2*(z2 - y)/N) @ w2.T * (1 - l1**2))"
    assert cr.check(network, right, wrt="w1", at=point()).ok
    wrong = {"w1": right.replace("l1**2", "l1"), "b2": "2*sum(z2 - y, axis=0)"}
    report = cr.check(network, wrong, at=point())
    assert [verdict.name for verdict in report] == ["w1", "b2"]
    assert report["w1"].diagnosis.kind == "wrong-factor"
    assert report["b2"].diagnosis.kind == "sum-for-mean"


def test_a_formula_that_does_not_evaluate_is_told_with_what_would_fit() -> None:
    found = cr.check(network, "x @ ((2*(z2 - y)/N) @ w2.T)", wrt="w1", at=point())["w1"].diagnosis
    assert found.kind == "does-not-evaluate"
    assert "x.T @ " in found.said
    assert found.where == "z1"


def test_a_function_that_raises_is_told_with_its_line() -> None:
    def broken(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, Any]:
        l1 = np.tanh(x @ w1 + b1)
        d_z2 = 2 * (l1 @ w2 + b2 - y) / len(x)
        d_l1 = d_z2 @ w2
        return {"w1": x.T @ d_l1}

    found = cr.check(network, broken, wrt="w1", at=point())["w1"].diagnosis
    assert (found.kind, found.where) == ("does-not-evaluate", "z2")
    assert "d_l1 = d_z2 @ w2" in found.said


def test_a_loss_that_is_given_is_compared() -> None:
    def half(**p: Any) -> Any:
        return float(network(**p)) / 2, {name: g / 2 for name, g in by_hand(**p).items()}

    report = cr.check(network, half, wrt=WRT, at=point())
    assert report["loss"].diagnosis.kind == "forward"
    assert "0.5 times" in report["loss"].diagnosis.said
    same = cr.check(network, lambda **p: (network(**p), by_hand(**p)), wrt=WRT, at=point())
    assert same.ok
    assert same["loss"].ok


def test_another_answer_each_time_is_seen() -> None:
    rng = np.random.default_rng(0)
    report = cr.check(network, lambda **p: {"w1": by_hand(**p)["w1"] * rng.uniform()}, wrt="w1", at=point())
    assert report["w1"].diagnosis.kind == "nondeterministic"


def test_what_a_candidate_writes_into_its_arguments_stays_there() -> None:
    def rude(**p: Any) -> dict[str, Any]:
        gradients = by_hand(**p)
        p["w1"] -= gradients["w1"]
        return gradients

    at = point()
    before = at["w1"].copy()
    assert cr.check(network, rude, wrt=WRT, at=at).ok
    assert np.array_equal(at["w1"], before)


def test_a_custom_backward_gets_a_random_cotangent() -> None:
    def backward(x: Any, w: Any, upstream: Any) -> dict[str, Any]:
        a = 1 / (1 + np.exp(-(x @ w)))
        d_z = upstream * a * (1 - a)
        return {"x": d_z @ w.T, "w": x.T @ d_z}

    assert cr.check(layer, backward).ok
    ignoring = cr.check(layer, lambda x, w, grad_output: backward(x, w, np.ones((len(x), w.shape[1]))))
    assert not ignoring.ok
    assert ignoring["w"].diagnosis.kind in ("missing-factor", "wrong-operand", "wrong-factor")


def test_arrays_of_jax_are_taken_as_they_are() -> None:
    jnp = pytest.importorskip("jax.numpy")
    report = cr.check(network, lambda **p: {n: jnp.asarray(g) for n, g in by_hand(**p).items()}, wrt=WRT, at=point())
    # JAX works in float32 unless told otherwise.
    assert {verdict.diagnosis.kind for verdict in report if not verdict.ok} <= {"precision"}


@cr.function(x="N d", w="d k")
def layer(x: Any, w: Any) -> Any:
    z = x @ w
    return cr.sigmoid(z)


def test_a_custom_vjp_of_jax() -> None:
    jax = pytest.importorskip("jax")

    def custom(slope: Any) -> Any:
        @jax.custom_vjp
        def f(x: Any, w: Any) -> Any:
            return jax.nn.sigmoid(x @ w)

        def forward(x: Any, w: Any) -> Any:
            return f(x, w), (x, w, f(x, w))

        def backward(saved: Any, g: Any) -> Any:
            x, w, a = saved
            return (g * slope(a)) @ w.T, x.T @ (g * slope(a))

        f.defvjp(forward, backward)
        return f

    assert cr.check(layer, custom(lambda a: a * (1 - a))).ok
    assert cr.check(layer, custom(lambda a: 1 - a * a))["w"].diagnosis.kind == "wrong-factor"


def test_a_custom_function_of_torch() -> None:
    torch = pytest.importorskip("torch")

    class Layer(torch.autograd.Function):  # type: ignore[name-defined,misc]
        @staticmethod
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            a = torch.sigmoid(x @ w)
            ctx.save_for_backward(x, w, a)
            return a

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, w, a = ctx.saved_tensors
            return (g * a) @ w.T, x.T @ (g * a)

    report = cr.check(layer, Layer)
    assert report["x"].diagnosis.kind == "wrong-factor"
    assert report["w"].diagnosis.kind == "wrong-factor"


def test_tensors_are_recognised_by_what_they_can_do() -> None:
    class Tensor:
        def __init__(self, values: Any) -> None:
            self.values = values

        def detach(self) -> Any:
            return self

        def cpu(self) -> Any:
            return self

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.asarray(self.values, dtype)

    assert cr.check(network, lambda **p: {n: Tensor(g) for n, g in by_hand(**p).items()}, wrt=WRT, at=point()).ok


def test_another_convention_at_a_kink_is_a_remark() -> None:
    @cr.function(x="N d", w="d h", v="h")
    def f(x: Any, w: Any, v: Any) -> Any:
        z = x @ w
        a = cr.relu(z)
        return (a @ v).sum()

    def backward(x: Any, w: Any, v: Any) -> dict[str, Any]:
        return {"w": x.T @ ((x @ w >= 0) * v)}

    report = cr.check(f, backward, wrt="w")
    assert report.ok
    assert report["w"].diagnosis.kind == "kink"
    assert "convention" in str(report)


def test_single_precision_is_no_mistake_where_the_arguments_have_it() -> None:
    single = {name: value.astype(np.float32) for name, value in point().items()}
    narrow = lambda **p: {n: g.astype(np.float32) for n, g in by_hand(**p).items()}  # noqa: E731
    assert cr.check(network, narrow, wrt=WRT, at=single).ok
    assert cr.check(network, narrow, wrt=WRT, at=point())["w1"].diagnosis.kind == "precision"


def test_symmetric_arguments_stay_symmetric() -> None:
    @cr.function(x="d", a="d d")
    def f(x: Any, a: Any) -> Any:
        return x @ a @ x

    half = np.random.default_rng(1).normal(size=(4, 4))
    at = {"x": np.arange(1.0, 5), "a": half + half.T}
    assert cr.check(f, lambda x, a: 2 * a @ x, wrt="x", at=at).ok


def test_assert_gradient_fails_with_the_diagnosis() -> None:
    assert_gradient(network, by_hand, wrt=WRT, at=point())
    with pytest.raises(AssertionError, match="without the factor"):
        assert_gradient(network, without_slope, wrt=WRT, at=point())


def test_gradients_that_are_not_there_are_named() -> None:
    with pytest.raises(ArgumentError, match="b1"):
        cr.check(network, lambda **p: {"w1": by_hand(**p)["w1"]}, wrt=["w1", "b1"], at=point())
    with pytest.raises(ArgumentError, match="as a dict"):
        cr.check(network, lambda **p: by_hand(**p)["w1"], wrt=["w1", "b1"], at=point())
    with pytest.raises(KeyError, match="w9"):
        cr.check(network, by_hand, wrt=WRT, at=point())["w9"]


@pytest.mark.parametrize("given", [None, "text", [[1, 2], [3]], np.ones(3) * 1j])
def test_what_holds_no_numbers_is_refused_by_name(given: Any) -> None:
    with pytest.raises(ArgumentError, match="a gradient of w1 holds real numbers"):
        cr.check(network, lambda **p: {"w1": given}, wrt="w1", at=point())


def test_lists_numbers_and_empty_arrays_are_taken() -> None:
    @cr.function(x="n", w="")
    def f(x: Any, w: Any) -> Any:
        return (w * x).sum()

    at = {"x": np.array([1.0, 2.0]), "w": 3.0}
    assert cr.check(f, lambda x, w: {"w": float(sum(x)), "x": [w, w]}, at=at).ok
    empty = {"x": np.zeros(0), "w": 3.0}
    assert cr.check(f, lambda x, w: {"w": x.sum(), "x": w + x}, at=empty).ok


def test_two_mistakes_are_both_named() -> None:
    def twice(**p: Any) -> dict[str, Any]:
        return {name: g / 2 for name, g in without_slope(**p).items()}

    report = cr.check(network, twice, wrt=WRT, at=point())
    assert {m.kind for m in report["w1"].diagnosis.mistakes} == {"scale", "missing-factor"}
    assert [m.kind for m in report["w2"].diagnosis.mistakes] == ["scale"]


def test_the_first_variable_whose_gradient_is_wrong_is_named() -> None:
    def backward(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, Any]:
        l1 = np.tanh(x @ w1 + b1)
        d_z2 = 2 * (l1 @ w2 + b2 - y) / len(x)
        d_l1 = np.sin(9 * d_z2 @ w2.T)
        return {"w1": x.T @ (d_l1 * (1 - l1 * l1)), "d_z2": d_z2, "d_l1": d_l1, "dz1": d_l1 * (1 - l1 * l1)}

    text = str(cr.check(network, backward, wrt="w1", at=point()))
    assert "l1 is the first that is wrong; z2 is right" in text


def test_what_nothing_explains_is_said_to_be_unknown() -> None:
    report = cr.check(network, lambda **p: {"w1": np.sin(17 * by_hand(**p)["w1"])}, wrt="w1", at=point())
    assert report["w1"].diagnosis.kind == "unknown"
    assert "furthest off" in str(report)

"""Training: it learns, it repeats itself, it stops when it must, and it says what is wrong with what it is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.train.loop import TrainingStopped, train
from chainrule.train.problem import problem
from chainrule.train.training import Training

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[0.0], [1.0], [1.0], [0.0]])


def line(x: Any, y: Any, w: Any, b: Any) -> Any:
    prediction = x * w + b
    return ((prediction - y) ** 2).mean()


def looped(x: Any, y: Any, w: Any, b: Any) -> Any:
    """The same, a sample at a time, which needs their number."""
    total = 0.0
    for i in range(x.shape[0]):
        total = total + (x[i] * w + b - y[i]) ** 2
    return total / x.shape[0]


def line_data(rows: int = 50) -> dict[str, Any]:
    x = np.linspace(-1, 1, rows)
    return {"x": x, "y": 3 * x - 0.5}


BEGIN = {"w": 0.0, "b": 0.0}


def test_the_digits_are_learnt() -> None:
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order] / 16, labels[order]
    net = cr.networks.mlp([64, 32, 10], activation="relu", loss="cross_entropy")
    train_part, test_part = ({"x": images[s], "y": labels[s]} for s in (slice(0, 1400), slice(1400, None)))
    run = train(
        net.loss, net.init(seed=0), train_part, optimizer=cr.adam(3e-3), batch_size=32, epochs=20, validation=test_part
    )
    last = run.history[-1]
    assert last["accuracy"] >= 0.95
    assert last["accuracy"] == np.mean(net.predict(run.parameters, test_part["x"]) == test_part["y"])
    assert last["seconds"] < 1
    assert run.network == net
    assert [row["epoch"] for row in run.history] == list(range(1, 21))
    assert set(last) == {"epoch", "loss", "validation_loss", "accuracy", "samples_per_second", "seconds"}
    probabilities = net.predict_proba(run.parameters, test_part["x"])
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    expected = net.loss(**test_part, **run.parameters)
    assert last["validation_loss"] == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_xor_is_learnt(name: str) -> None:
    net = cr.networks.mlp([2, 4, 1], activation=name, loss="binary_cross_entropy")
    run = train(net.loss, net.init(1), {"x": X, "y": XOR}, optimizer=cr.adam(0.1), batch_size=4, epochs=500)
    assert (net.predict(run.parameters, X) == XOR).all()
    assert run.history[-1]["loss"] < 0.1


@pytest.mark.parametrize("optimizer", [cr.sgd(0.1), cr.momentum(0.02), cr.adam(0.1)], ids=lambda o: o.name)
def test_a_line_is_found_by_a_plain_function(optimizer: Any) -> None:
    run = train(line, BEGIN, line_data(), optimizer=optimizer, batch_size=10, epochs=60)
    assert run.parameters["w"] == pytest.approx(3, abs=1e-2)
    assert run.parameters["b"] == pytest.approx(-0.5, abs=1e-2)
    assert run.network is None


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    net = cr.networks.mlp([3, 5, 2])
    rng = np.random.default_rng(3)
    data = {"x": rng.normal(size=(50, 3)), "y": rng.integers(0, 2, 50)}
    a, b, c = (train(net.loss, net.init(7), data, batch_size=8, epochs=3, seed=s).parameters for s in (1, 1, 2))
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)
    assert any(a[name].tobytes() != c[name].tobytes() for name in a)


def test_without_shuffling_the_batches_come_in_order_and_the_last_one_is_smaller() -> None:
    x = np.arange(7.0)
    seen = []

    def loss(x: Any, w: Any) -> Any:
        return (w * x).sum() / x.shape[0]

    run = train(loss, {"w": 0.0}, {"x": x}, optimizer=cr.sgd(1.0), batch_size=3, epochs=1, shuffle=False,
                callback=lambda row, parameters: seen.append(row["epoch"]))  # fmt: skip
    # Means of 0 1 2, of 3 4 5, and of 6.
    assert run.parameters["w"] == -(1.0 + 4.0 + 6.0)
    assert seen == [1]
    # The loss of an epoch is the mean over samples of the losses before each step.
    assert run.history[0]["loss"] == pytest.approx((3 * 0 + 3 * -1 * 4 + 1 * -5 * 6) / 7)


@pytest.mark.parametrize("optimizer", [cr.sgd(0.1), cr.momentum(0.1), cr.adam()], ids=lambda o: o.name)
def test_float32_stays_float32_whatever_the_data(optimizer: Any) -> None:
    net = cr.networks.mlp([3, 4, 2])
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(20, 3)), "y": rng.integers(0, 2, 20)}
    numbers = {"w": np.float32(0.5), "b": np.float32(0)}
    for loss, begin, given in (
        (net.loss, net.init(0, dtype=np.float32), data),
        (line, numbers, line_data()),
        (looped, numbers, line_data()),
    ):
        run = train(loss, begin, given, optimizer=optimizer, epochs=2)
        assert {p.dtype for p in run.parameters.values()} == {np.dtype(np.float32)}
        training = Training(problem(loss, begin, given), optimizer, 8, 0, True).begin(1)
        training.step(np.arange(8), 1)
        assert {np.asarray(h).dtype for h in training.held} == {np.dtype(np.float32)}


def test_parameters_may_be_structures_and_the_loss_may_return_more() -> None:
    def loss(x: Any, y: Any, params: Any, decay: float = 0.0) -> Any:
        hidden = cr.tanh(cr.dense(x, *params["layers"][0]))
        prediction = cr.dense(hidden, *params["layers"][1])
        return cr.mse(prediction, y) + decay * (params["layers"][0][0] ** 2).sum(), {"prediction": prediction}

    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(2, 8)), np.zeros(8)), (rng.normal(size=(8, 1)), np.zeros(1))]
    run = train(loss, {"params": {"layers": layers}}, {"x": X, "y": XOR}, optimizer=cr.adam(0.05), epochs=300)
    assert isinstance(run.parameters["params"]["layers"][0], tuple)
    value, more = cr.function(loss)(X, XOR, run.parameters["params"])
    assert value < 1e-3
    np.testing.assert_allclose(more["prediction"], XOR, atol=0.1)


def test_a_function_that_needs_the_number_of_samples_is_trained_too() -> None:
    plain, one_by_one = (train(f, BEGIN, line_data(11), batch_size=4, epochs=5) for f in (line, looped))
    for name in BEGIN:
        np.testing.assert_allclose(one_by_one.parameters[name], plain.parameters[name], rtol=1e-12)


def test_a_program_too_long_to_be_printed_is_trained_too() -> None:
    def long(x: Any, y: Any, w: Any, b: Any) -> Any:
        for _ in range(2000):
            w = cr.sin(w)
        return ((x * w + b - y) ** 2).mean()

    run = train(long, {"w": 1.0, "b": 0.0}, line_data(), optimizer=cr.sgd(0.1), batch_size=20, epochs=1, shuffle=False)
    b = 0.0
    data = line_data()
    w = 1.0
    for _ in range(2000):
        w = np.sin(w)
    # The weight's own slope has all but vanished, so the offset alone is learnt.
    for start in (0, 20, 40):
        x, y = (a[start : start + 20] for a in data.values())
        b -= 0.1 * 2 * (x * w + b - y).mean()
    assert run.parameters["b"] == pytest.approx(b, rel=1e-2)


def test_an_activation_may_be_a_symbol_that_has_a_value() -> None:
    f = cr.symbol("f", value=np.tanh, slopes=(lambda z: 1 - np.tanh(z) ** 2,))
    x = np.linspace(-1, 1, 20)
    data = {"x": x, "y": np.tanh(2 * x)}
    run = train(lambda x, y, w: ((f(x * w) - y) ** 2).mean(), {"w": 0.5}, data, optimizer=cr.adam(0.1), epochs=100)
    assert run.parameters["w"] == pytest.approx(2, abs=0.01)


def noisy(x: Any, y: Any, w: Any, key: Any = None) -> Any:
    """A line whose samples each count with a chance of one half, twice then; all count where there is no key."""
    r = (x * w - y) ** 2
    return r.mean() if key is None else 2 * (r * (cr.uniform(key, x.shape) < 0.5)).mean()


def test_each_step_has_a_key_of_its_own_and_measuring_has_none() -> None:
    x = np.linspace(-1, 1, 40)
    data, seen = {"x": x, "y": 3 * x}, []

    def note(row: dict[str, Any], parameters: dict[str, Any]) -> None:
        seen.append(float(parameters["w"]))

    def run(seed: int) -> Any:
        return train(noisy, {"w": 0.0}, data, optimizer=cr.sgd(0.2), batch_size=40, epochs=60, seed=seed, key="key",
                     validation=data, callback=note)  # fmt: skip

    runs = [run(seed) for seed in (1, 1, 2)]
    assert seen[:60] == seen[60:120] != seen[120:]
    # A step takes the same share of the error off, times how many of the samples count: it differs from step to step.
    errors = 3 - np.array([0.0, *seen[:60]])
    assert np.ptp(errors[1:] / errors[:-1]) > 1e-3
    assert runs[0].parameters["w"] == pytest.approx(3, abs=0.05)
    last = runs[0].history[-1]
    assert last["validation_loss"] == pytest.approx(float(np.mean((x * errors[-1]) ** 2)), rel=1e-9)


@pytest.mark.parametrize(
    ("loss", "key", "words"),
    [
        (noisy, "kye", "noisy has no argument 'kye'"),
        (lambda x, y, w, key: (x * w - y).sum(), "key", "no default for its argument 'key'"),
        (noisy, "w", "'w' is to take a key"),
    ],
)
def test_a_key_needs_an_argument_with_a_default(loss: Any, key: str, words: str) -> None:
    with pytest.raises(cr.ArgumentError, match=words):
        train(loss, {"w": 0.0}, {"x": X[:, 0], "y": X[:, 1]}, key=key)


def test_a_parameter_that_the_loss_does_not_use_stays() -> None:
    def loss(x: Any, w: Any, unused: Any) -> Any:
        return ((x * w) ** 2).mean()

    run = train(loss, {"w": 0.5, "unused": np.ones(3)}, {"x": np.ones(5)}, optimizer=cr.momentum(0.1))
    np.testing.assert_array_equal(run.parameters["unused"], np.ones(3))


def test_declared_shapes_are_checked_and_named() -> None:
    @cr.function(x="N d", y="N", w="d")
    def loss(x: Any, y: Any, w: Any) -> Any:
        return cr.mse(x @ w, y)

    run = train(loss, {"w": np.zeros(2)}, {"x": X, "y": X.sum(1)}, optimizer=cr.sgd(0.3), batch_size=4, epochs=200)
    np.testing.assert_allclose(run.parameters["w"], [1, 1], atol=1e-3)
    with pytest.raises(cr.ShapeError, match=r"w has shape \(3,\).*d is 2, from x"):
        train(loss, {"w": np.zeros(3)}, {"x": X, "y": X.sum(1)})


# ------------------------------------------------------------------------------------------------ ending early


def test_a_keyboard_interrupt_keeps_what_was_learnt() -> None:
    def interrupt(row: dict[str, Any], parameters: dict[str, Any]) -> None:
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    run = train(line, BEGIN, line_data(), epochs=10, callback=interrupt)
    assert run.interrupted
    assert len(run.history) == 3
    three = train(line, BEGIN, line_data(), epochs=3)
    assert not three.interrupted
    assert run.parameters == three.parameters


def test_an_interrupt_in_the_middle_of_a_step_leaves_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.train import training

    calls = []

    def interrupted(arrays: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "first_bad", interrupted)
    run = train(line, BEGIN, line_data(20), optimizer=cr.sgd(0.1), batch_size=10, epochs=5, shuffle=False)
    monkeypatch.undo()
    two = train(line, BEGIN, line_data(20), optimizer=cr.sgd(0.1), batch_size=10, epochs=1, shuffle=False)
    assert run.interrupted
    assert run.parameters == two.parameters


def test_a_true_answer_of_the_callback_ends_the_training() -> None:
    run = train(line, BEGIN, line_data(), epochs=10, callback=lambda row, parameters: row["epoch"] == 2)
    assert len(run.history) == 2
    assert not run.interrupted


def overflowing(x: Any, y: Any, w: Any) -> Any:
    z = x * w
    grown = cr.exp(z)
    difference = grown - grown
    return (difference * y).sum()


def hidden(x: Any, y: Any, w: Any) -> Any:
    """An infinity that is masked is no fault; the logarithm is."""
    harmless = cr.where(x > 0, 0.0, 1 / x)
    ratio = x / w
    return (cr.log(ratio) * y + cr.where(harmless > 1e300, 0.0, harmless * 0)).sum()


@pytest.mark.parametrize(
    ("loss", "w", "told"),
    [
        (overflowing, 800.0, ["the loss is nan", r"grown = exp\(z\) is inf at \[1\]"]),
        (hidden, -1.0, ["the loss is nan", r"log\(ratio\).*is nan"]),
    ],
)
def test_a_loss_that_is_not_finite_stops_before_the_update(loss: Callable[..., Any], w: float, told: list[str]) -> None:
    data = {"x": np.array([0.5, 1.0, 1.0]), "y": np.ones(3)}
    with pytest.warns(TrainingStopped, match=r"step 1 \(epoch 1\), before the update") as caught:
        run = train(loss, {"w": w}, data, shuffle=False)
    for words in told:
        assert any(re.search(words, str(c.message)) for c in caught), str(caught[0].message)
    assert run.parameters == {"w": w}
    assert run.stopped == str(caught[0].message)
    assert run.history == []
    assert caught[0].filename == __file__


def test_a_gradient_that_is_not_finite_stops_too() -> None:
    def loss(x: Any, w: Any) -> Any:
        root = cr.sqrt(w * x)
        return root.sum()

    with pytest.warns(TrainingStopped, match=r"step 1 .*its update is not finite; the first bad value: "):
        run = train(loss, {"w": np.array([0.0, 1.0])}, {"x": np.ones((4, 2))}, optimizer=cr.sgd(0.1))
    np.testing.assert_array_equal(run.parameters["w"], [0.0, 1.0])


def test_a_bad_sample_is_named_and_the_parameters_are_those_of_the_step_before() -> None:
    data = line_data(40)
    data["x"][33] = np.nan
    with pytest.warns(TrainingStopped, match=r"step 4 \(epoch 1\).*sample 33 of x"):
        run = train(line, BEGIN, data, batch_size=10, shuffle=False)
    good = {name: array[:30] for name, array in data.items()}
    assert run.parameters == train(line, BEGIN, good, batch_size=10, epochs=1, shuffle=False).parameters


# ------------------------------------------------------------------------------------------------ what is measured


def test_metrics_are_measured_on_the_validation_data() -> None:
    def largest(parameters: dict[str, Any], data: dict[str, Any]) -> float:
        return float(np.abs(data["x"] * parameters["w"] + parameters["b"] - data["y"]).max())

    held_out = {"x": np.array([2.0]), "y": np.array([5.5])}
    run = train(line, BEGIN, line_data(), epochs=3, validation=held_out, metrics={"largest": largest})
    last = run.history[-1]
    assert last["largest"] == largest(run.parameters, held_out)
    assert last["validation_loss"] == pytest.approx(last["largest"] ** 2)


def test_the_progress_bar_shows_loss_accuracy_and_rate(capsys: pytest.CaptureFixture[str]) -> None:
    net = cr.networks.mlp([2, 2])
    data = {"x": X, "y": XOR[:, 0].astype(int)}
    train(net.loss, net.init(0), data, epochs=2, validation=data, progress=True)
    text = capsys.readouterr().out
    assert all(word in text for word in ("epoch", "loss", "accuracy", "samples/s"))


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("parameters", "data", "options", "error", "words"),
    [
        ({"w": 0.0}, {}, {}, cr.ArgumentError, r"no data"),
        ({}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"no parameters"),
        ({"w": 0.0}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"lacks.*'b'"),
        ({"w": 0.0, "bb": 0.0}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"no argument 'bb'.*'b'"),
        (BEGIN, {"x": X[0], "z": X[0]}, {}, cr.ArgumentError, r"no argument 'z'"),
        ({**BEGIN, "x": 1.0}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"'x' is given as a parameter and as data"),
        ({"w": 1, "b": 0.0}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"parameter w .*int.*astype\(float\)"),
        ({"w": "a", "b": 0.0}, {"x": X[0], "y": X[0]}, {}, cr.ArgumentError, r"parameter w is str"),
        (BEGIN, {"x": np.ones(3), "y": np.ones(4)}, {}, cr.ArgumentError, r"3 samples in x, but 4 in y"),
        (BEGIN, {"x": np.ones(0), "y": np.ones(0)}, {}, cr.ArgumentError, r"no samples: x has shape \(0,\)"),
        (BEGIN, {"x": 1.0, "y": 2.0}, {}, cr.ArgumentError, r"x is an array.*not a single number"),
        (BEGIN, {"x": ["a"], "y": ["b"]}, {}, cr.ArgumentError, r"x is an array of numbers"),
        (BEGIN, line_data(), {"batch_size": 0}, cr.ArgumentError, r"batch_size is an integer of at least 1"),
        (BEGIN, line_data(), {"epochs": 1.5}, cr.ArgumentError, r"epochs is an integer"),
        (BEGIN, line_data(), {"validation": {"x": X[0]}}, cr.ArgumentError, r"lacks.*'y'"),
        (BEGIN, line_data(), {"metrics": {"loss": len}}, cr.ArgumentError, r"'loss' is measured already"),
        (BEGIN, line_data(), {"validation": {"x": X, "y": X[0]}}, cr.ArgumentError, r"4 samples in x, but 2 in y"),
        ({"w": np.ones(3), "b": 0.0}, {"x": X, "y": X}, {}, cr.ShapeError, r"\(3,\)"),
    ],
)
def test_what_does_not_fit_is_named(
    parameters: Any, data: Any, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        train(line, parameters, data, **options)


def test_a_loss_that_is_no_single_number_is_refused() -> None:
    with pytest.raises(cr.DerivativeError, match="a gradient is that of one number"):
        train(lambda x, w: x * w, {"w": 0.0}, {"x": X[0]})


def test_an_error_in_a_networks_loss_shows_the_line_that_asked_for_the_training() -> None:
    net = cr.networks.mlp([2, 2])
    with pytest.raises(cr.ShapeError, match=r"needs integers.*\n.*train\(net\.loss"):
        train(net.loss, net.init(), {"x": X, "y": XOR[:, 0] > 0})


def test_no_epochs_give_back_the_parameters_and_never_the_users_own_arrays() -> None:
    w = np.array([1.0, 2.0])
    run = train(lambda x, w: (x @ w).sum(), {"w": w}, {"x": X}, epochs=0)
    assert run.parameters["w"] is not w
    np.testing.assert_array_equal(run.parameters["w"], w)

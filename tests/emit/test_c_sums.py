"""Steps that go through a long batch part by part: when that is possible, and that it is the same step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.lower.samples import Halves, halves
from chainrule.native import native_loop
from chainrule.train.problem import problem
from chainrule.train.step import Step, initial_state, step_graph
from tests.train.test_threads import Made, attending, classifier, embedded, images, normalised, one_output, ranked

RNG = np.random.default_rng(0)
SAMPLES = 1003
"""Not a whole number of blocks, nor of parts."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("chainrule.native.MANY", 16)


def step_of(made: Made, optimizer: cr.Optimizer) -> tuple[Step, list[Any], dict[str, Any]]:
    """The step, what it changes, and its data."""
    loss, begin, data = made
    given = problem(loss, begin, data)
    batch = given.batch(slice(0, 16))
    traced = given.trace(batch, free=True)
    step = step_graph(traced, given.inputs(traced), optimizer)
    arrays = traced.flatten(given.bound(batch))
    parameters = {name: arrays[name] for name in step.parameters}
    return step, [*parameters.values(), *initial_state(parameters, optimizer).values()], given.data


def longer(data: dict[str, Any]) -> dict[str, Any]:
    """The same samples again and again, in another order."""
    chosen = RNG.integers(0, len(next(iter(data.values()))), SAMPLES)
    return {name: array[chosen] for name, array in data.items()}


def split(made: Made) -> Halves | None:
    step, _, data = step_of(made, cr.sgd(0.1))
    return halves(step.graph, list(data))


@pytest.mark.parametrize("optimizer", [cr.sgd(0.05), cr.adam(1e-2, clip_norm=1.0)], ids=lambda o: o.name)
@pytest.mark.parametrize("network", [classifier, one_output, attending])
def test_part_by_part_it_is_the_same_step(network: Callable[[], Made], optimizer: cr.Optimizer) -> None:
    loss, begin, data = network()
    step, held, data = step_of((loss, begin, longer(data)), optimizer)
    names = (*step.parameters, *step.state)
    expected = list(held)
    for _ in range(2):
        values = dict(zip(names, expected, strict=True))
        expected = list(step.program({**values, **data})(*expected, *(data[n] for n in step.batch)))[step.values :]
    found = []
    for threads in (1, 2, 3):
        native = native_loop(
            step.graph, held, checked=len(step.parameters), data=data, fixed={}, dtype="float64", longest=SAMPLES,
            threads=threads,
        )  # fmt: skip
        assert "PARTS" in native.source.text
        _, code = native.take(2, SAMPLES, np.r_[RNG.permutation(SAMPLES), :SAMPLES])
        assert code == 0
        found.append([value.copy() for value in native.held])
    for one, two, three, wanted in zip(*found, expected, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(two, wanted, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(three, wanted, rtol=1e-8, atol=1e-10)


def test_the_sums_do_not_depend_on_the_number_of_threads() -> None:
    loss, begin, data = classifier()
    step, held, data = step_of((loss, begin, longer(data)), cr.sgd(0.05))
    found = []
    for threads in (1, 2, 3, 5):
        native = native_loop(
            step.graph, held, checked=len(held), data=data, fixed={}, dtype="float32", longest=SAMPLES, threads=threads
        )
        native.take(3, SAMPLES)
        found.append([value.tobytes() for value in native.held])
    assert found.count(found[0]) == len(found)


def test_a_batch_may_be_shorter_than_a_part() -> None:
    loss, begin, data = one_output()
    step, held, data = step_of((loss, begin, longer(data)), cr.sgd(0.05))
    native = native_loop(step.graph, held, checked=len(held), data=data, fixed={}, dtype="float64", longest=64)
    losses, code = native.take(1, 3)
    assert code == 0
    short = {name: array[:3] for name, array in data.items()}
    expected = step.program({**dict(zip(step.parameters, held, strict=True)), **short})(
        *held, *(short[n] for n in step.batch)
    )
    np.testing.assert_allclose(losses[0], expected[0], rtol=1e-12)
    for value, wanted in zip(native.held, expected[step.values :], strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-10, atol=1e-12)


def test_a_bad_index_in_a_part_ends_the_step() -> None:
    loss, begin, data = classifier()
    step, held, data = step_of((loss, begin, longer(data)), cr.sgd(0.05))
    data["y"] = data["y"].copy()
    data["y"][700] = 9
    native = native_loop(step.graph, held, checked=len(held), data=data, fixed={}, dtype="float64", longest=SAMPLES)
    _, code = native.take(1, SAMPLES)
    assert native.source.step.failures[code - 1].error is IndexError


def test_the_sums_of_a_step() -> None:
    made = split(one_output())
    assert made is not None
    assert [s.shape for s in made.sums] == [(), (3, 17), (17,), (17, 1), (1,)]
    assert {i.name for i in made.each.inputs} == {"W1", "b1", "W2", "b2", "x", "y", "number of samples"}
    assert not {"x", "y"} & {i.name for i in made.rest.inputs}
    assert split(classifier()) is not None
    assert split(attending()) is not None


@pytest.mark.parametrize("network", [normalised, ranked, images, embedded])
def test_a_step_that_mixes_samples_is_not_divided(network: Callable[[], Made]) -> None:
    # Their mean, every pair, windows of an image (an index of its own), rows added to a table.
    assert split(network()) is None


def test_what_is_given_for_each_sample_is_not_divided() -> None:
    def loss(x: Any, w: Any) -> Any:
        each = (x @ w) ** 2
        return each.mean(), each

    assert split((loss, {"w": np.ones(3)}, {"x": RNG.normal(size=(20, 3))})) is None

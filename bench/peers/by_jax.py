"""The training by JAX: a step compiled, or all steps in one compiled loop; what changes is given away each time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ..tasks import Task

if TYPE_CHECKING:
    from ..network_tasks import NetworkTask

ACTIVATIONS: dict[str, Any] = {
    "relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "gelu": partial(jax.nn.gelu, approximate=False),
}  # fmt: skip


def loss(task: Task, layers: Any, x: Any, y: Any) -> Any:
    """The mean square, or the mean cross-entropy of a softmax."""
    for w, b in layers[:-1]:
        x = ACTIVATIONS[task.activation](x @ w + b)
    w, b = layers[-1]
    out = x @ w + b
    if task.loss == "mse":
        return jnp.mean((out - y) ** 2)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1))


def step(loss: Any, optimizer: str, held: Any, x: Any, y: Any, rate: Any) -> Any:
    """Parameters and state after one step."""
    layers, m, v, t = held
    gradients = jax.grad(loss)(layers, x, y)
    each = jax.tree_util.tree_map
    if optimizer == "sgd":
        return each(lambda p, g: p - rate * g, layers, gradients), m, v, t
    t = t + 1
    m = each(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
    v = each(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
    new = each(lambda p, a, b: p - rate * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8), layers, m, v)
    return new, m, v, t


class ByJax:
    """Steps one at a time, or in a loop."""

    def __init__(self, task: Task | NetworkTask, x: Any, y: Any, variant: str, loss: Any) -> None:
        self.task, self.variant, self.loss = task, variant, loss
        shape = (task.batches, task.batch)
        self.x = jnp.asarray(x.reshape(*shape, *x.shape[1:]))
        self.y = jnp.asarray(y.reshape(*shape, *y.shape[1:]))
        self.pairs = [(self.x[i], self.y[i]) for i in range(task.batches)]
        self._made: dict[str, Any] = {}

    def begin(self, layers: Any, optimizer: str, rate: float) -> None:
        each = jax.tree_util.tree_map
        begun = [tuple(map(jnp.array, layer)) for layer in layers]
        state = optimizer == "adam"
        zeros = each(jnp.zeros_like, begun) if state else ()
        self.held = (begun, zeros, each(jnp.zeros_like, begun) if state else (), jnp.float32(0))
        self.rate, self.at = np.float32(rate), 0
        if optimizer not in self._made:
            make = self._loop if self.variant == "loop" else self._step
            self._made[optimizer] = make(partial(step, self.loss, optimizer))
        self.run = self._made[optimizer]

    def _step(self, one: Any) -> Any:
        return jax.jit(one, donate_argnums=0)

    def _loop(self, one: Any) -> Any:
        batches = self.task.batches

        def run(held: Any, x: Any, y: Any, rate: Any, first: Any, count: Any) -> Any:
            def body(i: Any, held: Any) -> Any:
                at = (first + i) % batches if batches > 1 else 0
                return one(held, x[at], y[at], rate)

            return jax.lax.fori_loop(0, count, body, held)

        return jax.jit(run, donate_argnums=0)

    def steps(self, count: int) -> None:
        if self.variant == "loop":
            self.held = self.run(self.held, self.x, self.y, self.rate, self.at, count)
        else:
            for i in range(count):
                self.held = self.run(self.held, *self.pairs[(self.at + i) % len(self.pairs)], self.rate)
        self.at = (self.at + count) % self.task.batches
        jax.block_until_ready(self.held)

    def parameters(self) -> Any:
        return [tuple(map(np.asarray, layer)) for layer in self.held[0]]


def make(task: Task, x: Any, y: Any, variant: str) -> ByJax:
    """See `bench.peers`."""
    return ByJax(task, x, y, variant, partial(loss, task))

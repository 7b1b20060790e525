"""Random programs: a list of numbers is a program, read one instruction after the other over a pool of arrays.

Whatever the numbers are, the program is valid: an instruction takes what fits from the pool. It is run twice by the
same text: on traced arrays, with NumPy's functions and our records, and in JAX, the oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from chainrule.ir import registry
from chainrule.ir.dims import Dim, broadcast_shapes
from chainrule.ir.node import Input
from chainrule.ir.records import REALS, Elementwise, Reduction
from tests.oracles import JAX

N = Dim("N")
LENGTH = 4
"""How long the dimension N is when a program runs."""

INPUTS = [
    Input.of("a", (N, 3)),
    Input.of("b", (3,)),
    Input.of("c", (2, 3)),
    Input.of("d", ()),
    Input.of("e", (3, 2)),
    Input.of("f", (2, 1)),
    Input.of("g", (2, 3, 3)),
    Input.of("labels", (N,), "int"),
]
FLOATS = [i for i in INPUTS if i.kind == "float"]

SCALAR = {r.name: r for r in registry.records() if isinstance(r, Elementwise) and not r.conditions}
UNARY = [n for n, r in SCALAR.items() if r.arity == 1 and r.result != "bool" and n != "to_float"]
BINARY = [n for n, r in SCALAR.items() if r.arity == 2 and r.result != "bool"]
COMPARISONS = [n for n, r in SCALAR.items() if r.arity == 2 and r.result == "bool"]
QUESTIONS = [n for n, r in SCALAR.items() if r.arity == 1 and r.result == "bool"]
REDUCTIONS = [r.name for r in registry.records() if isinstance(r, Reduction)]


@dataclass
class Machine:
    """Runs programs on one kind of array."""

    library: Any
    record: Callable[[str], Callable[..., Any]]
    shape: Callable[[Any], tuple[Any, ...]]
    size: Callable[[Any], Any]
    pool: list[Any] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    seen: list[Any] = field(default_factory=list)

    def run(self, inputs: list[Any], program: list[tuple[int, int, int, int]]) -> Any:
        """The loss that a program computes from the inputs (the last of which are labels)."""
        *floats, labels = inputs
        self.pool = list(floats)
        for op, a, b, extra in program:
            # Recent values are taken more often, so that programs are deep.
            pick = [self.pool[-1 - k % len(self.pool)] for k in (a, b)]
            name = INSTRUCTIONS[op % len(INSTRUCTIONS)]
            result = getattr(self, name)(*pick, extra, labels)
            if result is not None and len(self.shape(result)) <= 3:
                self.used.add(name)
                self.pool.append(result)
        loss = self.library.sum(self.pool[-1])
        for value in self.pool[len(floats) : -1]:
            loss = loss + 0.1 * self.library.sum(self.record("tanh")(value))
        return loss

    def call(self, name: str, *args: Any, **settings: Any) -> Any:
        self.used.add(name)
        return self.record(name)(*args, **settings)

    def together(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Two operands that broadcast; the second as one number where they do not."""
        fits = broadcast_shapes(self.shape(a), self.shape(b)) is not None
        return a, b if fits else self.library.sum(b)

    def unary(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        name = UNARY[extra % len(UNARY)]
        if name == "to_int":
            return self.call("to_float", self.call(name, 3 * a)) * b if self.shape(b) == self.shape(a) else None
        return self.call(name, self.fitted(name, 0, a))

    def binary(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        name = BINARY[extra % len(BINARY)]
        a, b = self.together(a, b)
        return self.call(name, self.fitted(name, 0, a), self.fitted(name, 1, b))

    def fitted(self, name: str, i: int, a: Any) -> Any:
        """An operand squashed into the record's samples, if its domain has ends or the record asks for a narrow range.

        What grows fast or has poles is then drawn where it is finite, so that most programs stay finite.
        """
        record = SCALAR[name]
        low, high = record.samples[min(i, len(record.samples) - 1)]
        grows = record.arity == 1 and record.singular is True
        if record.domain_of(i) == REALS and (low, high) == (-3.0, 3.0) and not grows:
            return a
        return (low + high) / 2 + (high - low) / 2 * self.record("tanh")(a)

    def power(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        return self.record("tanh")(a) ** (extra % 5)

    def number(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        k = (-2.0, -1.0, 0.5, 1.0, 3.0)[extra % 5]
        return (a * k, a + k, k - a, a / k)[extra % 4]

    def clipped(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        return self.call("clipped", a, -0.5, 0.25 * (extra % 5))

    def where(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        a, b = self.together(a, b)
        first = self.call(COMPARISONS[extra % len(COMPARISONS)], a, b)
        asked = self.call(QUESTIONS[extra // 6 % len(QUESTIONS)], b)
        second = self.call("logical_not", self.call("less", a, 0.5)) if extra % 2 else asked
        both = self.call(("logical_and", "logical_or")[extra % 3 % 2], first, second)
        return self.call("where", both, a * b, (b, 0.0, a)[extra % 3])

    def masked_pole(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        """The branch that is not taken has no value there: nothing may flow through it."""
        return self.call("where", a > 0.1, self.record("log")(a), self.record("sqrt")(0.5 - a * (extra % 2)))

    def reduction(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        if not shape:
            return None
        name = [*REDUCTIONS, "sum", "mean"][extra % (len(REDUCTIONS) + 2)]
        axis = None if extra % 5 == 0 and name != "prod" else (extra // 2) % len(shape)
        self.used.add(name)
        if name in ("sum", "mean"):
            return getattr(self.library, name)(a, axis=axis, keepdims=extra % 2 == 1)
        return self.record(name)(a, axis=axis, keepdims=extra % 2 == 1)

    def einsum(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        left, right = self.shape(a), self.shape(b)
        letters, known = "ijk"[: len(left)], dict(zip("ijk", left, strict=False))
        other, shared = "", []
        for axis, extent in enumerate(right):
            same = [c for c in letters if known[c] == extent and c not in other]
            if same and not (extra >> axis) & 1:
                other += same[0]
                shared.append(same[0])
            else:
                other += "xyz"[axis]
        summed = shared[: 1 + extra % 2] if extra % 3 else []
        out = [c for c in dict.fromkeys(letters + other) if c not in summed][:3]
        return self.library.einsum(f"{letters},{other}->{''.join(out[:: -1 if extra % 7 == 0 else 1])}", a, b)

    def matmul(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        left, right = self.shape(a), self.shape(b)
        if len(left) < 1 or not 1 <= len(right) <= 2:
            return None
        if left[-1] == (right[-2] if len(right) > 1 else right[0]):
            return a @ b
        return a @ b.T if len(right) == 2 and left[-1] == right[-1] else None

    def transpose(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        rank = len(self.shape(a))
        order = list(np.random.default_rng(extra).permutation(rank))
        return self.library.transpose(a, tuple(int(i) for i in order))

    def diagonal(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        if len(shape) != 2 or shape[0] != shape[1]:
            return None
        return self.library.diagonal(a) if extra % 2 else self.library.trace(a)

    def reshape(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        if extra % 2 or any(isinstance(e, Dim) for e in shape):
            return self.library.expand_dims(a, extra % (len(shape) + 1))
        return self.library.reshape(a, (-1,))

    def broadcast(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        return self.library.broadcast_to(a, (2, *self.size(shape))) if len(shape) < 3 else None

    def _axis(self, a: Any, extra: int) -> int | None:
        """An axis whose length is known while tracing."""
        axes = [k for k, e in enumerate(self.shape(a)) if isinstance(e, int)]
        return axes[extra % len(axes)] if axes else None

    def slice(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        cut = (slice(None, None, -1), slice(0, 1), slice(-1, None), slice(None, None, 2), 0, -1)[extra % 6]
        return a[tuple(cut if k == axis else slice(None) for k in range(len(self.shape(a))))]

    def pad(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        return self.library.pad(a, [(extra % 2, 1) if k == axis else (0, 0) for k in range(len(self.shape(a)))])

    def concatenate(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        return self.library.concatenate([a, b if self.shape(a) == self.shape(b) else 2 * a], axis)

    def stack(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        if len(self.shape(a)) > 2:
            return None
        return self.library.stack([a, b if self.shape(a) == self.shape(b) else -a], extra % (len(self.shape(a)) + 1))

    def gather(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        last = int(self.shape(a)[axis]) - 1
        chosen = ([0, last, 0], [[last], [0]], [last])[extra % 3]
        return self.library.take(a, np.array(chosen), axis)

    def pick(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        if len(shape) != 2 or shape[0] != self.shape(labels)[0] or not isinstance(shape[1], int) or shape[1] < 3:
            return None
        return self.call("pick", a, labels)

    def scatter(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        shape = self.shape(a)
        if not shape or not isinstance(shape[0], int):
            return None
        return self.call("scatter_add", a, np.arange(shape[0]) % 2, 2)

    def scan(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        if extra % 4 == 3:
            return self.library.take_along_axis(a, self.call("argsort", a, axis=axis), axis)
        name = ("cumsum", "cumprod", "cumsum_back")[extra % 4]
        return self.call(name, self.record("tanh")(a) if name == "cumprod" else a, axis=axis)

    def place(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        return self.call("to_float", self.call(("argmax", "argmin")[extra % 2], a, axis=axis))

    def recurrence(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        axis = self._axis(a, extra)
        if axis is None:
            return None
        factors = self.record("tanh")(b if self.shape(a) == self.shape(b) else 0.5 * a)
        return self.call(("linear_recurrence", "recurrence_back")[extra % 2], factors, a, axis=axis)

    def linalg(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        """Of a matrix that is far from singular: the identity, a little changed."""
        shape = self.shape(a)
        if len(shape) < 2 or shape[-1] != 3 or shape[-2] != 3:
            return None
        near = 0.2 * self.record("tanh")(a) + np.eye(3)
        name = ("det", "log_abs_det", "inv", "solve", "cholesky", "cofactor", "det_sign")[extra % 7]
        if name == "solve":
            fits = len(self.shape(b)) == 2 and self.shape(b)[0] == 3
            return self.call(name, near, b if fits else a)
        return self.call(name, near)

    def stop(self, a: Any, b: Any, extra: int, labels: Any) -> Any:
        return a * self.call("stop_gradient", a) if extra % 2 else a + 0.5 * self.record("tanh")(a)


INSTRUCTIONS = [
    *("unary", "unary", "unary", "binary", "binary", "binary", "power", "number", "clipped", "where", "masked_pole"),
    *("reduction", "reduction", "einsum", "einsum", "matmul", "matmul", "transpose", "diagonal", "reshape"),
    *("broadcast", "slice", "pad", "concatenate", "stack", "gather", "pick", "scatter", "stop"),
    *("scan", "recurrence", "place", "linalg", "linalg"),
]


def traced() -> Machine:
    """Programs on expressions; the shapes that were asked for are in ``seen``, in order."""
    seen: list[Any] = []

    def shape(a: Any) -> Any:
        seen.append(np.shape(a))
        return seen[-1]

    return Machine(np, lambda name: registry.functions()[name], shape, lambda shape: shape, seen=seen)


def in_jax(seen: list[Any]) -> Machine:
    """The same program in JAX. What it asks of shapes is answered as it was for expressions: an axis of 4 may be N."""
    more = {
        "pick": lambda a, i: jnp.take_along_axis(a, i[:, None], -1)[:, 0],
        "scatter_add": lambda a, i, n: jnp.zeros((n, *a.shape[1:])).at[i].add(a),
        "to_float": lambda x: jnp.asarray(x, jnp.float64),
        "clipped": jnp.clip,
        "argsort": lambda x, axis: jnp.argsort(x, axis=axis, stable=True),
        "cumsum_back": lambda x, axis: jnp.flip(jnp.cumsum(jnp.flip(x, axis), axis), axis),
        "linear_recurrence": lambda a, b, axis: _recurrence(a, b, axis, False),
        "recurrence_back": lambda a, b, axis: _recurrence(a, b, axis, True),
        "log_abs_det": lambda a: jnp.linalg.slogdet(a)[1],
        "det_sign": lambda a: jnp.linalg.slogdet(a)[0],
        "cholesky": lambda a: jnp.linalg.cholesky(a, symmetrize_input=True),
        "cofactor": lambda a: jnp.linalg.det(a)[..., None, None] * jnp.swapaxes(jnp.linalg.inv(a), -1, -2),
    }
    table = {**{n: getattr(jnp, n) for n in ("argmax", "argmin", "cumprod", "cumsum")}, **JAX, **more}
    table |= {n: getattr(jnp.linalg, n) for n in ("det", "inv", "solve")}
    answers = iter(seen)
    return Machine(
        jnp,
        lambda name: table[name],
        lambda a: next(answers),
        lambda shape: tuple(LENGTH if e is N else e for e in shape),
    )


def _recurrence(a: Any, b: Any, axis: int, back: bool) -> Any:
    """s_k = a_k s_{k−1} + b_k, step by step."""
    a, b = jnp.moveaxis(a, axis, 0), jnp.moveaxis(b, axis, 0)
    steps, s = [], jnp.zeros(b.shape[1:])
    for k in reversed(range(len(b))) if back else range(len(b)):
        s = a[k] * s + b[k]
        steps.append(s)
    return jnp.moveaxis(jnp.stack(steps[::-1] if back else steps), 0, axis)

"""One sample through a network, in native code: the C that `cr.source` writes, called in a loop in C."""

from __future__ import annotations

import ctypes
import statistics
import time
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.emit.c import source
from chainrule.ir.graph import Graph
from chainrule.run.compiler import fast_flags, shared_library
from chainrule.simplify import simplify, stabilise

from .probe import Probe

SIZES = (64, 64, 10)
MICROSECONDS = 2.0
ROUNDS = 15
_LOOP = """
int many(ptrdiff_t count, {parameters})
{{
    int failed = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        failed |= {function}({arguments});
    return failed;
}}
"""


def measure() -> list[dict[str, Any]]:
    """The median of some rounds, each of a hundred thousand calls."""
    net = cr.networks.mlp(list(SIZES), activation="relu", loss="cross_entropy")
    rng = np.random.default_rng(0)
    given = {name: value.astype(np.float32) for name, value in net.init(seed=0).items()}
    x = rng.normal(size=(1, SIZES[0])).astype(np.float32)
    shapes = {name: value.shape for name, value in given.items()}

    @cr.function(x=f"1 {SIZES[0]}", **{name: " ".join(map(str, shape)) for name, shape in shapes.items()})
    def scores(x: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        return cr.relu(x @ W1 + b1) @ W2 + b2

    traced = scores.trace()
    written = source(
        simplify(stabilise(Graph(traced.graph.inputs, traced.graph.outputs))), name="scores", dtype="float32"
    )
    names = [f"a{n}" for n in range(len(written.inputs) + len(written.outputs))]
    loop = _LOOP.format(
        parameters=", ".join([*(f"float *{name}" for name in names), "void *room"]),
        function=written.function, arguments=", ".join([*names, "room"]),
    )  # fmt: skip
    library = shared_library(written.text + loop, fast_flags())
    size = library[f"workspace_{written.function}"]
    size.restype = ctypes.c_ssize_t
    arrays = [np.ascontiguousarray({"x": x, **given}[a.name]) for a in written.inputs]
    out, room = np.zeros((1, SIZES[-1]), np.float32), np.empty(size() + 64, np.uint8)
    many = library["many"]
    many.argtypes = [ctypes.c_ssize_t, *[ctypes.c_void_p] * (len(arrays) + 2)]
    pointers = [a.ctypes.data for a in (*arrays, out, room)]

    def seconds(count: int) -> float:
        began = time.perf_counter()
        assert many(count, *pointers) == 0
        return (time.perf_counter() - began) / count

    probe = Probe()
    seconds(1000)
    times = [seconds(100_000) * 1e6 for _ in range(ROUNDS)]
    expected = np.maximum(x @ given["W1"] + given["b1"], 0) @ given["W2"] + given["b2"]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)
    median = statistics.median(times)
    return [
        {
            "network": "-".join(map(str, SIZES)), "µs a sample": round(median, 3),
            "probe GFLOP/s": round(probe.rate(1), 1), "kept": median <= MICROSECONDS,
        }
    ]  # fmt: skip

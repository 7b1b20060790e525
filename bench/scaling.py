"""How the time to derive and simplify grows with the number of nodes, and how deep a chain may be."""

from __future__ import annotations

import time
from typing import Any

import chainrule as cr
from chainrule.derive import reverse
from chainrule.ir.build import constant
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Input
from chainrule.simplify import simplify, stabilise

SECONDS, GROWTH = 5.0, 2.3


def forward(nodes: int) -> tuple[Graph, Input]:
    """A loss of about this many nodes: products, sums and activations of small matrices."""
    x, w = Input.of("x", (4, 4)), Input.of("w", (4, 4))
    h: Any = x
    for _ in range(nodes // 4):
        h = cr.tanh(h @ w) * x + h
    return Graph((x, w), (h.sum(),)), w


def seconds(nodes: int) -> float:
    """The time to derive and simplify the gradient of a graph of this size."""
    graph, w = forward(nodes)
    start = time.perf_counter()
    graph = stabilise(graph)
    loss = graph.outputs[0]
    gradient = reverse({loss: constant(1, "float")}, [w]).get(w)
    simplify(Graph(graph.inputs, (loss, gradient)))
    return time.perf_counter() - start


def measure() -> list[dict[str, Any]]:
    """10,000 nodes, 20,000 nodes, and a chain of 100,000 operations."""
    seconds(2_000)
    pairs = [(seconds(10_000), seconds(20_000)) for _ in range(3)]
    small, growth = min(a for a, _ in pairs), min(b / a for a, b in pairs)
    x = Input.of("x", ())
    h: Any = x
    for _ in range(100_000):
        h = cr.sin(h)
    start = time.perf_counter()
    gradient = reverse({h: constant(1, "float")}, [x]).get(x)
    deep = time.perf_counter() - start
    return [
        {"nodes": 10_000, "derive and simplify s": round(small, 2), "kept": small <= SECONDS},
        {"nodes": 20_000, "times that of 10,000": round(growth, 2), "kept": growth <= GROWTH},
        {
            "chain": 100_000,
            "derive s": round(deep, 2),
            "nodes": len(toposort([gradient])),
            "kept": len(toposort([gradient])) >= 300_000,
        },
    ]

"""The derived gradient of a dense network, run by NumPy, against a step written by hand in idiomatic NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr

from .pairs import peak_memory, ratio

SLOWER, LARGER = 1.15, 1.2
"""The limits: time and peak memory, relative to the step by hand."""

SIZES = (((64, 128, 128, 10), 64), ((784, 512, 512, 10), 128))

Arrays = dict[str, np.ndarray]


def by_hand(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> tuple[Any, Arrays]:
    """Value and gradients of a relu network with softmax cross-entropy, as one would write them."""
    n = x.shape[0]
    a1 = np.maximum(x @ W1 + b1, 0)
    a2 = np.maximum(a1 @ W2 + b2, 0)
    logits = a2 @ W3 + b3
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(n), y].mean()
    d3 = np.exp(log_p)
    d3[np.arange(n), y] -= 1
    d3 /= n
    d2 = (d3 @ W3.T) * (a2 > 0)
    d1 = (d2 @ W2.T) * (a1 > 0)
    return loss, {"W1": x.T @ d1, "b1": d1.sum(0), "W2": a1.T @ d2, "b2": d2.sum(0), "W3": a2.T @ d3, "b3": d3.sum(0)}


def measure() -> list[dict[str, Any]]:
    """A row for each size; the gradients are compared before anything is timed."""
    rows = []
    for sizes, batch in SIZES:
        net = cr.networks.mlp(list(sizes), activation="relu", loss="cross_entropy")
        parameters = {name: value.astype(np.float32) for name, value in net.init(seed=0).items()}
        rng = np.random.default_rng(0)
        x = rng.normal(size=(batch, sizes[0])).astype(np.float32)
        y = rng.integers(0, sizes[-1], batch)
        derived = cr.value_and_grad(net.loss, list(parameters))
        value, gradients = derived(x=x, y=y, **parameters)
        expected_value, expected = by_hand(x, y, **parameters)
        agreement = max(np.abs(gradients[k] - expected[k]).max() / np.abs(expected[k]).max() for k in expected)
        assert agreement < 1e-4, agreement
        assert abs(value - expected_value) < 1e-5, (value, expected_value)
        inner = 20 if sizes[0] == 64 else 2
        found = ratio(
            lambda: derived(x=x, y=y, **parameters),  # noqa: B023
            lambda: by_hand(x, y, **parameters),  # noqa: B023
            repeats=60,
            inner=inner,
        )
        memory = peak_memory(lambda: derived(x=x, y=y, **parameters)) / peak_memory(  # noqa: B023
            lambda: by_hand(x, y, **parameters)  # noqa: B023
        )
        rows.append(
            {
                "network": "-".join(map(str, sizes)),
                "batch": batch,
                "time ratio": round(found.median, 3),
                "quartiles": [round(found.low, 3), round(found.high, 3)],
                "memory ratio": round(memory, 3),
                "by hand µs": round(found.b * 1e6, 1),
                "kept": found.median <= SLOWER and memory <= LARGER,
            }
        )
    return rows

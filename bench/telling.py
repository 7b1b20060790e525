"""How long derivations take to make, verify and print, and how they grow with the depth of a network."""

from __future__ import annotations

import time
from typing import Any

import chainrule as cr
from docs.gallery.entries import ENTRIES
from docs.gallery.entries.notes import one_output

TWELVE_LAYERS, COMPONENTS, GALLERY = 1.0, 0.3, 60.0
"""Seconds that each may take, verification and printing included."""
GROWTH = 1.25
"""From 6 layers to 12 a telling grows by a factor of two and no more than this beyond."""


def deep(layers: int) -> Any:
    """A network of so many layers of tanh, each with its own weights."""
    names = [f"W{k}" for k in range(1, layers + 1)]

    def network(x: Any, y: Any, weights: Any) -> Any:
        h = x
        for name in names:
            z = h @ weights[name]
            h = cr.tanh(z)
        return cr.mse(h, y)

    return cr.function(x="N d", y="N d", weights=dict.fromkeys(names, "d d"))(network)


def told(function: Any, wrt: Any, form: str) -> tuple[float, int]:
    """Seconds to derive, verify and print, and the number of lines."""
    start = time.perf_counter()
    text = str(cr.derive(function, wrt, form))
    return time.perf_counter() - start, len(text.splitlines())


def measure() -> list[dict[str, Any]]:
    """The limits of the two forms, the gallery, and the growth of the lines with the depth."""
    told(one_output, "W2", "components")
    twelve, _ = told(deep(12), "weights.W1", "matrix")
    small, _ = told(one_output, "W1", "components")
    start = time.perf_counter()
    for entry in ENTRIES:
        str(cr.derive(entry.function, entry.wrt, entry.form, at=entry.at or None))
    gallery = time.perf_counter() - start
    rows = [
        {"telling": "matrix, 12 layers", "s": round(twelve, 3), "kept": twelve <= TWELVE_LAYERS},
        {"telling": "components, n-m-1", "s": round(small, 3), "kept": small <= COMPONENTS},
        {"telling": f"the gallery, {len(ENTRIES)} pages", "s": round(gallery, 1), "kept": gallery <= GALLERY},
    ]
    for form in ("matrix", "deltas"):
        lines = {n: told(deep(n), "weights.W1", form)[1] for n in (6, 12)}
        growth = lines[12] / lines[6]
        rows.append({"telling": form, "lines of 6, 12 layers": list(lines.values()), "kept": growth <= 2 * GROWTH})
    return rows

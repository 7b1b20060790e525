"""Two inputs, two hidden nodes, one output, six single weights, after "Backpropagation Demystified" (2016).

    z₁ = x₁w₁ + x₂w₃    z₂ = x₁w₂ + x₂w₄    a = σ(z)    z₃ = a₁w₅ + a₂w₆    ŷ = σ(z₃)    E = (y − ŷ)²/2

The notes write a₁w₆ where a₂w₆ is meant, and their chain for ∂E/∂z₁ passes through ∂z₃/∂ŷ, which is upside down.
Right is, for a sample:

    δ₃ = (ŷ − y) ŷ(1 − ŷ)      δ₁ = δ₃ w₅ a₁(1 − a₁)      δ₂ = δ₃ w₆ a₂(1 − a₂)
    ∂E/∂w₁ … ∂E/∂w₆ = δ₁x₁, δ₂x₁, δ₁x₂, δ₂x₂, δ₃a₁, δ₃a₂
"""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr

WEIGHTS = ["w1", "w2", "w3", "w4", "w5", "w6"]


@cr.function(x1="N", x2="N", y="N", w1="", w2="", w3="", w4="", w5="", w6="")
def E(x1: Any, x2: Any, y: Any, w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any) -> Any:
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    a1 = cr.sigmoid(z1)
    a2 = cr.sigmoid(z2)
    z3 = a1 * w5 + a2 * w6
    y_hat = cr.sigmoid(z3)
    return ((y - y_hat) ** 2 / 2).mean()


def by_hand(x1: Any, x2: Any, y: Any, w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any) -> dict[str, Any]:
    """The formulas above, and their mean over the samples."""

    def sigma(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    a1, a2 = sigma(x1 * w1 + x2 * w3), sigma(x1 * w2 + x2 * w4)
    y_hat = sigma(a1 * w5 + a2 * w6)
    delta3 = (y_hat - y) * y_hat * (1 - y_hat)
    delta1 = delta3 * w5 * a1 * (1 - a1)
    delta2 = delta3 * w6 * a2 * (1 - a2)
    each = [delta1 * x1, delta2 * x1, delta1 * x2, delta2 * x2, delta3 * a1, delta3 * a2]
    return {name: slope.mean() for name, slope in zip(WEIGHTS, each, strict=True)}


def main() -> None:
    rng = np.random.default_rng(0)
    x1, x2 = rng.normal(size=(2, 400))
    data = {"x1": x1, "x2": x2, "y": (x1 > x2).astype(float)}
    weights = dict(zip(WEIGHTS, rng.normal(size=6), strict=True))

    print(cr.source(E, wrt=WEIGHTS))
    derived, hand = cr.grad(E, WEIGHTS)(**data, **weights), by_hand(**data, **weights)
    for name in WEIGHTS:
        np.testing.assert_allclose(derived[name], hand[name], rtol=1e-12)
    one = {name: column[:1] for name, column in data.items()}
    derived, hand = cr.grad(E, WEIGHTS)(**one, **weights), by_hand(**one, **weights)
    for name in WEIGHTS:
        np.testing.assert_allclose(derived[name], hand[name], rtol=1e-12)
    print("The derived gradients are those worked out by hand, for one sample and for 400.")

    run = cr.train(E, weights, data, optimizer=cr.momentum(0.5), batch_size=20, epochs=60)
    found = run.parameters
    a1 = cr.sigmoid(x1 * found["w1"] + x2 * found["w3"])
    a2 = cr.sigmoid(x1 * found["w2"] + x2 * found["w4"])
    right = np.mean((a1 * found["w5"] + a2 * found["w6"] > 0) == data["y"])
    print(f"Trained to tell whether x1 > x2, it is right {right:.1%} of the time, with the weights:")
    print("  " + ", ".join(f"{name} = {float(found[name]):.2f}" for name in WEIGHTS))
    assert right > 0.95


if __name__ == "__main__":
    main()

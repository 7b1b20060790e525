"""An affine layer, relu, an affine layer, and the mean squared error, after "Backpropagation Explained using English
Words".

The article's last formula puts the sum over the samples inside one case of relu, which has to be decided for each
sample and unit; multiplies w₂ᵀ and x in the wrong order; and its code sums l1.g * x over everything, which gives a
single number in the place of a matrix. Right is, with the samples as the rows of x:

    d = 2/N (l₂ − y)           ∂L/∂w₂ = l₁ᵀ d        ∂L/∂b₂ = Σ d
    e = d w₂ᵀ ⊙ [l₁ > 0]       ∂L/∂w₁ = xᵀ e         ∂L/∂b₁ = Σ e
"""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr


@cr.function(x="N d", y="N 1", w1="d m", b1="m", w2="m 1", b2="1")
def loss(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    l1 = cr.relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return cr.mse(l2, y)


def by_hand(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, Any]:
    """The formulas above, in NumPy."""
    l1 = np.maximum(x @ w1 + b1, 0)
    l2 = l1 @ w2 + b2
    d = 2 / len(x) * (l2 - y)
    e = (d @ w2.T) * (l1 > 0)
    return {"w1": x.T @ e, "b1": e.sum(0), "w2": l1.T @ d, "b2": d.sum(0)}


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (500, 2))
    y = x.max(1, keepdims=True)
    parameters = {
        "w1": cr.initialiser("he_normal")((2, 16), rng),
        "b1": np.zeros(16),
        "w2": cr.initialiser("he_normal")((16, 1), rng),
        "b2": np.zeros(1),
    }
    names = list(parameters)

    print(cr.source(loss, wrt=names))
    derived, hand = cr.grad(loss, names)(x, y, **parameters), by_hand(x, y, **parameters)
    for name in names:
        np.testing.assert_allclose(derived[name], hand[name], rtol=1e-10, atol=1e-13)
    print("The derived gradients are those worked out by hand.")

    run = cr.train(loss, parameters, {"x": x, "y": y}, optimizer=cr.adam(0.01), batch_size=25, epochs=60)
    new = rng.uniform(-1, 1, (1000, 2))
    error = float(loss(new, new.max(1, keepdims=True), **run.parameters))
    print(f"Trained on the greater of two numbers, it errs by {error**0.5:.3f} (root mean square) on new ones.")
    assert error < 1e-3


if __name__ == "__main__":
    main()

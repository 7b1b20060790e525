"""A hidden layer with any activation f, and E = 1/(2L) Σ (y − ŷ)², after "Backpropagation Notes" (2017).

The notes write a sample as a column: z = W₁x, a = f(z), ŷ = W₂a. Their formulas for the gradients lose the sign of
∂(y − ŷ)/∂ŷ on the way (equation 18), transpose the wrong factors (35), and define Kronecker's delta upside down (14).
Right is, with δ = ŷ − y for each sample l:

    ∂E/∂W₂ = 1/L Σ δ aᵀ        ∂E/∂W₁ = 1/L Σ δ (W₂ᵀ ⊙ f′(z)) xᵀ
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes

import chainrule as cr


def network(f: Callable[[Any], Any]) -> Any:
    """The loss of the notes' network for an activation; the samples are the rows of x."""

    @cr.function(x="L n", y="L", W1="m n", W2="1 m")
    def E(x: Any, y: Any, W1: Any, W2: Any) -> Any:
        z = W1 @ x.T
        a = f(z)
        y_hat = (W2 @ a)[0]
        return ((y - y_hat) ** 2).sum() / (2 * x.shape[0])

    return E


def by_hand(x: Any, y: Any, W1: Any, W2: Any) -> dict[str, Any]:
    """The gradients for tanh, a sample at a time, as on paper."""
    d_W1, d_W2 = np.zeros_like(W1), np.zeros_like(W2)
    for x_l, y_l in zip(x, y, strict=True):
        column = x_l[:, None]
        z = W1 @ column
        a = np.tanh(z)
        delta = (W2 @ a - y_l).item()
        d_W2 += delta * a.T
        d_W1 += delta * (W2.T * (1 - np.tanh(z) ** 2)) @ column.T
    return {"W1": d_W1 / len(x), "W2": d_W2 / len(x)}


def main() -> None:
    rng = np.random.default_rng(0)
    x, y = load_diabetes(return_X_y=True)
    x, y = x / x.std(0), (y - y.mean()) / y.std()
    parameters = {"W1": rng.normal(0, 0.3, (6, 10)), "W2": rng.normal(0, 0.3, (1, 6))}

    print("For an activation that nobody has chosen yet:\n")
    print(cr.source(network(cr.symbol("f")), wrt=["W1", "W2"]))

    E = network(cr.tanh)
    derived, hand = cr.grad(E, ["W1", "W2"])(x, y, **parameters), by_hand(x, y, **parameters)
    for name in parameters:
        np.testing.assert_allclose(derived[name], hand[name], rtol=1e-10, atol=1e-13)
    print("For tanh, the derived gradients are those worked out by hand.")

    learnt, held_out = {"x": x[:350], "y": y[:350]}, {"x": x[350:], "y": y[350:]}
    run = cr.train(E, parameters, learnt, optimizer=cr.sgd(0.05), batch_size=25, epochs=60, validation=held_out)
    explained = 1 - 2 * run.history[-1]["validation_loss"] / held_out["y"].var()
    print(f"Trained on 350 patients, it explains {explained:.0%} of the variance of 92 others.")
    assert explained > 0.4


if __name__ == "__main__":
    main()

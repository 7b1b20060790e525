"""Networks with named parameters, W1, b1, W2, b2, …, and their losses as functions of x, y and those."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

import chainrule as cr

from ..ir.errors import ArgumentError
from ..pipeline import function

if TYPE_CHECKING:
    from ..frontend.function import Function

LOSSES = ("cross_entropy", "mse", "binary_cross_entropy")


@dataclass(frozen=True)
class Network:
    """Dense layers one after the other: affine, activation, …, affine, and the loss of what comes out.

    ``sizes`` are the widths from the input to the output. With cross_entropy the last layer gives logits, one for each
    class, and y holds the number of the right class; with binary_cross_entropy logits of independent yes-or-no
    answers, y: (N, k); with mse the prediction itself, y: (N, k).
    """

    sizes: tuple[int, ...]
    activation: str = "relu"
    loss_name: str = "cross_entropy"

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or not all(map(_is_width, self.sizes)):
            raise ArgumentError(f"sizes are the widths of two layers or more, such as [64, 32, 10], not {self.sizes}")
        if self.loss_name not in LOSSES:
            raise ArgumentError(f"a network's loss is one of {', '.join(LOSSES)}, not {self.loss_name!r}")
        cr.activation(self.activation)

    @property
    def layers(self) -> int:
        """The number of affine layers."""
        return len(self.sizes) - 1

    @property
    def classifies(self) -> bool:
        """Whether it gives classes."""
        return self.loss_name != "mse"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, in order."""
        pairs = enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1)
        return {name: s for i, (n, m) in pairs for name, s in ((f"W{i}", (n, m)), (f"b{i}", (m,)))}

    @cached_property
    def loss(self) -> Function:
        """The loss, a function of x: (N, n), y, and the parameters; a single number."""
        answers = "N int" if self.loss_name == "cross_entropy" else f"N {self.sizes[-1]}"
        return function(**self._declared(x=f"N {self.sizes[0]}", y=answers))(_Loss(self))  # type: ignore[no-any-return]

    @cached_property
    def forward(self) -> Function:
        """The last layer's output, a function of x: (N, n) and the parameters: (N, k) of logits or predictions."""
        return function(**self._declared(x=f"N {self.sizes[0]}"))(_Forward(self))  # type: ignore[no-any-return]

    def _declared(self, **data: str) -> dict[str, Any]:
        return {**data, **self.shapes}

    def init(self, seed: int = 0, initializer: str | None = None, dtype: Any = np.float64) -> dict[str, Any]:
        """Parameters to begin with: weights drawn from the seed, biases zero.

        ``initializer`` is a name, such as ``"glorot_uniform"``; unless told he_normal for relu, else glorot_uniform.
        Raises ArgumentError for a name that is unknown.
        """
        draw = cr.initialiser(initializer or ("he_normal" if self.activation == "relu" else "glorot_uniform"))
        rng = np.random.Generator(np.random.Philox(seed))
        return {
            name: (draw(shape, rng) if name.startswith("W") else np.zeros(shape)).astype(dtype)
            for name, shape in self.shapes.items()
        }

    def predict(self, parameters: Mapping[str, Any], X: Any) -> Any:
        """For each row of X the class (cross_entropy), yes or no as 1 or 0 (binary_cross_entropy), the value (mse)."""
        outputs = self.forward(x=X, **parameters)
        match self.loss_name:
            case "cross_entropy":
                return np.argmax(outputs, axis=-1)
            case "binary_cross_entropy":
                return (outputs > 0).astype(np.int64)
        return outputs

    def predict_proba(self, parameters: Mapping[str, Any], X: Any) -> Any:
        """For each row of X the probability of each class, or of a yes. Raises ArgumentError where there are none."""
        if not self.classifies:
            raise ArgumentError("a network with the loss mse gives values, not probabilities: see predict")
        outputs = self.forward(x=X, **parameters)
        return cr.softmax(outputs) if self.loss_name == "cross_entropy" else cr.sigmoid(outputs)

    def accuracy(self, parameters: Mapping[str, Any], data: Mapping[str, Any]) -> float:
        """The share of rows of data["x"] whose class is data["y"]'s."""
        return float(np.mean(self.predict(parameters, data["x"]) == np.asarray(data["y"])))

    def spec(self) -> dict[str, Any]:
        """What it is, as JSON can hold it."""
        return {
            "kind": "dense", "sizes": list(self.sizes), "activation": self.activation, "loss": self.loss_name,
        }  # fmt: skip


def dense(sizes: Sequence[int], activation: str = "relu", loss: str = "cross_entropy") -> Network:
    """A network of dense layers, such as ``dense([64, 32, 10])``.

    Raises ArgumentError for sizes that are no widths, or for an activation or loss that is unknown.
    """
    return Network(tuple(int(n) if _is_width(n) else n for n in sizes), activation, loss)


def _is_width(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) > 0


def from_spec(spec: Any) -> Network:
    """The network of a `Network.spec`. Raises ArgumentError where it is none."""
    fields = {"kind", "sizes", "activation", "loss"}
    if not isinstance(spec, dict) or set(spec) != fields or spec["kind"] != "dense":
        raise ArgumentError(f"this is no network that chainrule knows: {spec!r:.80}")
    return dense(spec["sizes"], spec["activation"], spec["loss"])


def network_of(loss: Callable[..., Any]) -> Network | None:
    """The network whose loss a function is; None for any other function."""
    network = getattr(getattr(loss, "__wrapped__", loss), "network", None)
    return network if isinstance(network, Network) else None


class _Forward:
    """The layers of a network as a function whose arguments are x and the parameters by name."""

    data: tuple[str, ...] = ("x",)

    def __init__(self, network: Network) -> None:
        self.network = network
        self.__name__ = type(self).__name__.strip("_").lower()
        names = (*self.data, *network.shapes)
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        self.__signature__ = inspect.Signature(parameters)

    def __call__(self, x: Any, *parameters: Any) -> Any:
        """The output of the last layer; the intermediates are called z1, a1, z2, …, and logits or y_hat."""
        network, a = self.network, x
        bend = cr.activation(network.activation)
        pairs = zip(parameters[::2], parameters[1::2], strict=True)
        for i, (weights, bias) in enumerate(pairs, 1):
            last = i == network.layers
            output = "logits" if network.classifies else "y_hat"
            z = cr.name(cr.dense(a, weights, bias), output if last else f"z{i}")
            a = z if last else cr.name(bend(z), f"a{i}")
        return a


class _Loss(_Forward):
    """The loss of a network as a function whose arguments are x, y and the parameters by name."""

    data = ("x", "y")

    def __call__(self, x: Any, y: Any, *parameters: Any) -> Any:
        """The loss, a single number."""
        losses = {"cross_entropy": cr.cross_entropy, "mse": cr.mse, "binary_cross_entropy": cr.binary_cross_entropy}
        return losses[self.network.loss_name](super().__call__(x, *parameters), y)

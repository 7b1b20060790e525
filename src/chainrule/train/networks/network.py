"""What every network has: parameters by name, a loss and an output as functions of them, and predictions."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

import chainrule as cr

from ...ir.errors import ArgumentError
from ...pipeline import function

if TYPE_CHECKING:
    from ...frontend.function import Function

LOSSES = ("cross_entropy", "mse", "binary_cross_entropy")

_RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish", "relu6", "softplus")
"""Activations that let half of what comes pass, more or less, which he_normal makes up for."""


class Parameter(NamedTuple):
    """The shape of a parameter, and how it begins: by the name of an initialiser, or as `weights`.

    ``weights`` are drawn with the network's initialiser, from axes (…, in, out); a ``kernel`` likewise, from (out, in,
    height, width). Both are multiplied by ``scale``.
    """

    shape: tuple[int, ...]
    begin: str = "weights"
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Network(ABC):
    """Layers that make outputs of x, and the loss of these beside y.

    With cross_entropy the outputs are logits, one for each class, and y holds the number of the right class; with
    binary_cross_entropy logits of independent yes-or-no answers, and y their 1 or 0; with mse predictions of y itself.
    """

    kind: ClassVar[str] = ""

    activation: str = "relu"
    loss_name: str = "cross_entropy"

    def __post_init__(self) -> None:
        if self.loss_name not in LOSSES:
            raise ArgumentError(f"a network's loss is one of {', '.join(LOSSES)}, not {self.loss_name!r}")
        cr.activation(self.activation)

    def __getstate__(self) -> dict[str, Any]:
        # Its functions are made again: they keep traces, which belong to a process.
        return {name: getattr(self, name) for name in self.fields()}

    @property
    @abstractmethod
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in order."""

    @property
    @abstractmethod
    def sample(self) -> str:
        """The shape of a sample of x, as `cr.function` takes it."""

    @property
    @abstractmethod
    def answer(self) -> tuple[int, ...]:
        """The shape of the output for a sample."""

    @abstractmethod
    def layers_of(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """The output, of shape (N, *answer), written with the library's operations."""

    @property
    def classifies(self) -> bool:
        """Whether it gives classes."""
        return self.loss_name != "mse"

    @property
    def output_name(self) -> str:
        """What its output is called in formulas."""
        return "logits" if self.classifies else "y_hat"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, in order."""
        return {name: parameter.shape for name, parameter in self.parameters.items()}

    @cached_property
    def loss(self) -> Function:
        """The loss, a function of x, y, and the parameters; a single number."""
        right = self.answer[:-1] if self.loss_name == "cross_entropy" else self.answer
        kind = " int" if self.loss_name == "cross_entropy" else ""
        y = " ".join(map(str, ("N", *right))) + kind
        return function(x=f"N {self.sample}", y=y, **self.shapes)(_Loss(self))  # type: ignore[no-any-return]

    @cached_property
    def forward(self) -> Function:
        """The output, a function of x and the parameters: logits or predictions, of shape (N, …)."""
        return function(x=f"N {self.sample}", **self.shapes)(_Forward(self))  # type: ignore[no-any-return]

    def init(self, seed: int = 0, initializer: str | None = None, dtype: Any = np.float64) -> dict[str, Any]:
        """Parameters to begin with: weights drawn from the seed, biases zero, scales of a normalisation one.

        ``initializer`` is a name, such as ``"glorot_uniform"``; unless told he_normal for relu and its like, else
        glorot_uniform. Raises ArgumentError for a name that is unknown.
        """
        weights = initializer or ("he_normal" if self.activation in _RECTIFIERS else "glorot_uniform")
        rng = np.random.Generator(np.random.Philox(seed))
        return {name: _begun(p, weights, rng).astype(dtype) for name, p in self.parameters.items()}

    def predict(self, parameters: Mapping[str, Any], X: Any) -> Any:
        """For each sample of X the class (cross_entropy), yes or no as 1 or 0 (binary_cross_entropy), or the value."""
        outputs = self.forward(x=X, **parameters)
        match self.loss_name:
            case "cross_entropy":
                return np.argmax(outputs, axis=-1)
            case "binary_cross_entropy":
                return (outputs > 0).astype(np.int64)
        return outputs

    def predict_proba(self, parameters: Mapping[str, Any], X: Any) -> Any:
        """For each sample of X the probability of each class, or of a yes.

        Raises ArgumentError where there are none.
        """
        if not self.classifies:
            raise ArgumentError("a network with the loss mse gives values, not probabilities: see predict")
        outputs = self.forward(x=X, **parameters)
        return cr.softmax(outputs) if self.loss_name == "cross_entropy" else cr.sigmoid(outputs)

    def accuracy(self, parameters: Mapping[str, Any], data: Mapping[str, Any]) -> float:
        """The share of samples of data["x"] whose class is data["y"]'s."""
        return float(np.mean(self.predict(parameters, data["x"]) == np.asarray(data["y"])))

    @classmethod
    def settings(cls) -> tuple[str, ...]:
        """What it is made of, as `spec` calls it."""
        return tuple("loss" if name == "loss_name" else name for name in cls.fields())

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """What it is made of, as its class calls it."""
        return tuple(field.name for field in dataclasses.fields(cls))

    def spec(self) -> dict[str, Any]:
        """What it is, as JSON can hold it."""
        values = (getattr(self, name) for name in self.fields())
        plain = (list(value) if isinstance(value, tuple) else value for value in values)
        return {"kind": self.kind, **dict(zip(self.settings(), plain, strict=True))}


def network_of(loss: Callable[..., Any]) -> Network | None:
    """The network whose loss a function is; None for any other function."""
    network = getattr(getattr(loss, "__wrapped__", loss), "network", None)
    return network if isinstance(network, Network) else None


def is_width(value: object) -> bool:
    """Whether a value can be the size of something: an integer above zero."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) > 0


def check_widths(network: Network, **widths: Any) -> None:
    """Raise ArgumentError for a number, or a number of a tuple, that is no size."""
    for name, value in widths.items():
        if not all(map(is_width, value if isinstance(value, tuple) else (value,))):
            raise ArgumentError(f"{name} of {network.kind} is made of integers above zero, not {value!r}")


def plain(values: Any) -> Any:
    """Sizes as Python's own integers, which JSON can hold; what is none stays, to be refused by name."""
    if isinstance(values, (list, tuple)):
        return tuple(plain(value) for value in values)
    return int(values) if is_width(values) else values


def _begun(parameter: Parameter, weights: str, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A parameter as it begins."""
    shape, begin, scale = parameter
    if begin == "kernel":
        out, *inner = shape
        return np.moveaxis(cr.initialiser(weights)((*inner, out), rng), -1, 0) * scale
    return cr.initialiser(weights if begin == "weights" else begin)(shape, rng) * scale


class _Forward:
    """The layers of a network as a function whose arguments are x and the parameters by name."""

    data: tuple[str, ...] = ("x",)

    def __init__(self, network: Network) -> None:
        self.network = network
        self.__name__ = type(self).__name__.strip("_").lower()
        names = (*self.data, *network.parameters)
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        self.__signature__ = inspect.Signature(parameters)

    def __call__(self, x: Any, *parameters: Any) -> Any:
        """The output."""
        named = dict(zip(self.network.parameters, parameters, strict=True))
        return cr.name(self.network.layers_of(x, named), self.network.output_name)


class _Loss(_Forward):
    """The loss of a network as a function whose arguments are x, y and the parameters by name."""

    data = ("x", "y")

    def __call__(self, x: Any, y: Any, *parameters: Any) -> Any:
        """The loss, a single number."""
        losses = {"cross_entropy": cr.cross_entropy, "mse": cr.mse, "binary_cross_entropy": cr.binary_cross_entropy}
        return losses[self.network.loss_name](super().__call__(x, *parameters), y)

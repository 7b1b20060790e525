"""Dense layers whose blocks add to what they get: a residual multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import chainrule as cr

from .network import Network, Parameter, check_widths, plain


@dataclass(frozen=True)
class ResidualMlp(Network):
    """Affine, then blocks h ← h + V f(W norm(h) + b) + c, then norm and affine.

    Sources: He et al. 2016, "Identity mappings in deep residual networks", for blocks that normalise what they take;
    Ba, Kiros & Hinton 2016, "Layer normalization". What a block adds begins smaller by the root of their number, as in
    Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3.
    """

    kind: ClassVar[str] = "residual_mlp"

    inputs: int
    width: int
    outputs: int
    blocks: int = 2
    hidden: int = 64

    def __post_init__(self) -> None:
        check_widths(self, inputs=self.inputs, width=self.width, outputs=self.outputs, blocks=self.blocks,
                     hidden=self.hidden)  # fmt: skip
        super().__post_init__()

    @property
    def parameters(self) -> dict[str, Parameter]:
        d, h = self.width, self.hidden
        found = {"W_in": Parameter((self.inputs, d)), "b_in": Parameter((d,), "zeros")}
        for i in range(1, self.blocks + 1):
            found |= {
                f"scale{i}": Parameter((d,), "ones"),
                f"shift{i}": Parameter((d,), "zeros"),
                f"W{i}": Parameter((d, h)),
                f"b{i}": Parameter((h,), "zeros"),
                f"V{i}": Parameter((h, d), scale=1 / math.sqrt(self.blocks)),
                f"c{i}": Parameter((d,), "zeros"),
            }
        return found | {
            "scale_out": Parameter((d,), "ones"),
            "shift_out": Parameter((d,), "zeros"),
            "W_out": Parameter((d, self.outputs)),
            "b_out": Parameter((self.outputs,), "zeros"),
        }

    @property
    def sample(self) -> str:
        return str(self.inputs)

    @property
    def answer(self) -> tuple[int, ...]:
        return (self.outputs,)

    def layers_of(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """The intermediates are called h0, n1, a1, h1, …"""
        p, bend = parameters, cr.activation(self.activation)
        h = cr.name(cr.dense(x, p["W_in"], p["b_in"]), "h0")
        for i in range(1, self.blocks + 1):
            n = cr.name(cr.layer_norm(h, p[f"scale{i}"], p[f"shift{i}"]), f"n{i}")
            a = cr.name(bend(cr.dense(n, p[f"W{i}"], p[f"b{i}"])), f"a{i}")
            h = cr.name(h + cr.dense(a, p[f"V{i}"], p[f"c{i}"]), f"h{i}")
        return cr.dense(cr.layer_norm(h, p["scale_out"], p["shift_out"]), p["W_out"], p["b_out"])


def residual_mlp(
    inputs: int,
    width: int,
    outputs: int,
    *,
    blocks: int = 2,
    hidden: int | None = None,
    activation: str = "relu",
    loss: str = "cross_entropy",
) -> ResidualMlp:
    """A residual multilayer perceptron, such as ``residual_mlp(64, 32, 10, blocks=3)``: x: (N, 64), ten classes.

    ``width`` is that of the stream that blocks add to, ``hidden`` that within a block, twice as much unless told. Its
    parameters are W_in, b_in; scale1, shift1 (of the normalisation), W1, b1, V1, c1 for each block; scale_out,
    shift_out, W_out, b_out. Raises ArgumentError for numbers that are no sizes, or for an activation or loss that is
    unknown.
    """
    sizes = {
        "inputs": inputs, "width": width, "outputs": outputs, "blocks": blocks,
        "hidden": 2 * width if hidden is None else hidden,
    }  # fmt: skip
    return ResidualMlp(**{name: plain(value) for name, value in sizes.items()}, activation=activation, loss_name=loss)

"""Tokens that look at each other: a small transformer encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import chainrule as cr

from ...ir.errors import ArgumentError
from .network import Network, Parameter, check_widths, plain


@dataclass(frozen=True)
class TransformerEncoder(Network):
    """Embedding and positions; blocks of attention and dense layers, each added to what it gets; norm and affine.

    h ← h + attention(norm(h)), then h ← h + V f(W norm(h) + b) + c. Sources: Vaswani et al. 2017, "Attention is all you
    need"; Xiong et al. 2020, "On layer normalization in the transformer architecture", for blocks that normalise what
    they take. What is added begins smaller by the root of its number, and embeddings with a deviation of 0.02, as in
    Radford et al. 2019, "Language models are unsupervised multitask learners".
    """

    kind: ClassVar[str] = "transformer_encoder"

    tokens: int
    length: int
    outputs: int
    width: int = 32
    heads: int = 4
    blocks: int = 2
    hidden: int = 128
    causal: bool = False
    each: bool = False

    def __post_init__(self) -> None:
        check_widths(self, tokens=self.tokens, length=self.length, outputs=self.outputs, width=self.width,
                     heads=self.heads, blocks=self.blocks, hidden=self.hidden)  # fmt: skip
        if self.width % self.heads:
            raise ArgumentError(
                f"width of transformer_encoder is divided among its heads, and {self.width} is no multiple of "
                f"{self.heads}"
            )
        super().__post_init__()

    @property
    def parameters(self) -> dict[str, Parameter]:
        d, h, smaller = self.width, self.hidden, 1 / math.sqrt(2 * self.blocks)
        found = {
            "embedding": Parameter((self.tokens, d), "normal", 0.02),
            "positions": Parameter((self.length, d), "normal", 0.02),
        }
        for i in range(1, self.blocks + 1):
            found |= {
                f"scale{i}": Parameter((d,), "ones"),
                f"shift{i}": Parameter((d,), "zeros"),
                **{f"{name}{i}": Parameter((d, d)) for name in ("query", "key", "value")},
                f"output{i}": Parameter((d, d), scale=smaller),
                f"norm_scale{i}": Parameter((d,), "ones"),
                f"norm_shift{i}": Parameter((d,), "zeros"),
                f"W{i}": Parameter((d, h)),
                f"b{i}": Parameter((h,), "zeros"),
                f"V{i}": Parameter((h, d), scale=smaller),
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
        return f"{self.length} int"

    @property
    def answer(self) -> tuple[int, ...]:
        return (self.length, self.outputs) if self.each else (self.outputs,)

    def layers_of(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """The intermediates are called h0, n1, m1 (after attention), k1, a1, h1, …"""
        p, bend = parameters, cr.activation(self.activation)
        h = cr.name(cr.embedding(p["embedding"], x) + p["positions"], "h0")
        for i in range(1, self.blocks + 1):
            n = cr.name(cr.layer_norm(h, p[f"scale{i}"], p[f"shift{i}"]), f"n{i}")
            mixed = cr.multi_head_attention(
                n, p[f"query{i}"], p[f"key{i}"], p[f"value{i}"], p[f"output{i}"], self.heads, causal=self.causal
            )
            m = cr.name(h + mixed, f"m{i}")
            k = cr.name(cr.layer_norm(m, p[f"norm_scale{i}"], p[f"norm_shift{i}"]), f"k{i}")
            a = cr.name(bend(cr.dense(k, p[f"W{i}"], p[f"b{i}"])), f"a{i}")
            h = cr.name(m + cr.dense(a, p[f"V{i}"], p[f"c{i}"]), f"h{i}")
        last = cr.layer_norm(h, p["scale_out"], p["shift_out"])
        return cr.dense(last if self.each else last.mean(-2), p["W_out"], p["b_out"])


def transformer_encoder(
    tokens: int,
    length: int,
    outputs: int | None = None,
    *,
    width: int = 32,
    heads: int = 4,
    blocks: int = 2,
    hidden: int | None = None,
    causal: bool = False,
    each: bool | None = None,
    activation: str = "relu",
    loss: str = "cross_entropy",
) -> TransformerEncoder:
    """A small transformer encoder: x: (N, length) of integers below ``tokens``.

    It answers once for a sequence, from the mean over its tokens, logits: (N, outputs); with ``each`` for every token,
    logits: (N, length, outputs). ``causal`` lets a token look at itself and those before it alone, and then each has an
    answer unless told, as in a model of language: ``transformer_encoder(tokens=27, length=64, causal=True)``. There are
    as many outputs as tokens unless told; ``hidden`` is the width within a block, four times ``width`` unless told.

    Its parameters are embedding, positions; scale1, shift1 (of the first normalisation), query1, key1, value1, output1
    (of the attention), norm_scale1, norm_shift1, W1, b1, V1, c1 for each block; scale_out, shift_out, W_out, b_out.
    Raises ArgumentError for numbers that are no sizes, a width that the heads cannot share, or for an activation or
    loss that is unknown.
    """
    sizes = {
        "tokens": tokens, "length": length, "outputs": tokens if outputs is None else outputs, "width": width,
        "heads": heads, "blocks": blocks, "hidden": 4 * width if hidden is None else hidden,
    }  # fmt: skip
    return TransformerEncoder(
        **{name: plain(value) for name, value in sizes.items()}, causal=bool(causal),
        each=bool(causal if each is None else each), activation=activation, loss_name=loss,
    )  # fmt: skip

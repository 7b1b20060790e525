"""Convolutions and pools: an entry of the result is a sum over a window of the input, or the greatest entry in it."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry, in_forms


@cr.function(x="6", w="3", t="4")
def one_channel(x, w, t):
    y = cr.windows(x, 0, 3) @ w
    loss = ((y - t) ** 2).sum() / 2
    return loss


@cr.function(x="N c 6", W="o c 2", b="o", t="N o 3")
def conv1d(x, W, b, t):
    y = cr.conv1d(x, W, b, stride=2)
    loss = ((y - t) ** 2).sum() / 2
    return loss


@cr.function(x="N c 4 5", W="o c 3 2", b="o", t="N o 2 4")
def conv2d(x, W, b, t):
    y = cr.conv2d(x, W, b)
    loss = ((y - t) ** 2).sum() / 2
    return loss


@cr.function(x="N c 6", t="N c 3")
def max_pool(x, t):
    y = cr.max_pool(x, 2)
    loss = ((y - t) ** 2).sum() / 2
    return loss


ENTRIES = (
    *in_forms("convolution", "A convolution of one channel", "A window slides along x: y_p is Σ_i w_i x_(p+i).",
              one_channel, ["x", "w"], ("matrix", "components", "substitution")),
    *in_forms("conv1d", "A 1-d convolution with its bias", "Several channels, and a stride of 2.", conv1d,
              ["W", "b"], ("matrix", "components")),
    Entry("conv1d-x", "A 1-d convolution: its input", "Every output puts its error back where its window lay.",
          conv1d, "x", "components"),
    Entry("conv2d", "A 2-d convolution", "Rows and columns, forward and backward.", conv2d, ["x", "W", "b"], "matrix"),
    Entry("conv2d-W", "A 2-d convolution: its weights", "In components: the input convolved with the error.", conv2d,
          "W", "components"),
    Entry("max-pool", "A max-pool layer", "The greatest entry of a window takes all of its error.", max_pool, "x",
          "matrix"),
    Entry("max-pool-x", "A max-pool layer, entry by entry", "In components.", max_pool, "x", "components"),
)  # fmt: skip

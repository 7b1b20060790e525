"""Recurrent layers: the cells, unrolled over two steps."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry, in_forms


@cr.function(x1="n", x2="n", h0="m", W="n m", U="m m", b="m", y="m")
def rnn(x1, x2, h0, W, U, b, y):
    h1 = cr.tanh(x1 @ W + h0 @ U + b)
    h2 = cr.tanh(x2 @ W + h1 @ U + b)
    return ((h2 - y) ** 2).sum() / 2


@cr.function(
    x1="n", x2="n", h0="m", Wr="n m", Ur="m m", br="m", Wz="n m", Uz="m m", bz="m", Wc="n m", Uc="m m", bc="m", y="m"
)
def gru(x1, x2, h0, Wr, Ur, br, Wz, Uz, bz, Wc, Uc, bc, y):
    r1 = cr.sigmoid(x1 @ Wr + h0 @ Ur + br)
    z1 = cr.sigmoid(x1 @ Wz + h0 @ Uz + bz)
    c1 = cr.tanh(x1 @ Wc + (r1 * h0) @ Uc + bc)
    h1 = z1 * h0 + (1 - z1) * c1
    r2 = cr.sigmoid(x2 @ Wr + h1 @ Ur + br)
    z2 = cr.sigmoid(x2 @ Wz + h1 @ Uz + bz)
    c2 = cr.tanh(x2 @ Wc + (r2 * h1) @ Uc + bc)
    h2 = z2 * h1 + (1 - z2) * c2
    return ((h2 - y) ** 2).sum() / 2


@cr.function(
    x1="n", x2="n", h0="m", c0="m", Wi="n m", Ui="m m", bi="m", Wf="n m", Uf="m m", bf="m",
    Wo="n m", Uo="m m", bo="m", Wg="n m", Ug="m m", bg="m", y="m",
)  # fmt: skip
def lstm(x1, x2, h0, c0, Wi, Ui, bi, Wf, Uf, bf, Wo, Uo, bo, Wg, Ug, bg, y):
    i1 = cr.sigmoid(x1 @ Wi + h0 @ Ui + bi)
    f1 = cr.sigmoid(x1 @ Wf + h0 @ Uf + bf)
    o1 = cr.sigmoid(x1 @ Wo + h0 @ Uo + bo)
    g1 = cr.tanh(x1 @ Wg + h0 @ Ug + bg)
    c1 = f1 * c0 + i1 * g1
    h1 = o1 * cr.tanh(c1)
    i2 = cr.sigmoid(x2 @ Wi + h1 @ Ui + bi)
    f2 = cr.sigmoid(x2 @ Wf + h1 @ Uf + bf)
    o2 = cr.sigmoid(x2 @ Wo + h1 @ Uo + bo)
    g2 = cr.tanh(x2 @ Wg + h1 @ Ug + bg)
    c2 = f2 * c1 + i2 * g2
    h2 = o2 * cr.tanh(c2)
    return ((h2 - y) ** 2).sum() / 2


ENTRIES = (
    *in_forms("rnn", "A recurrent cell, two steps", "W is used twice: the second step adds to its gradient.",
              rnn, ["W", "U", "b"], ("matrix", "components", "deltas", "substitution")),
    *in_forms("gru", "A gated recurrent unit, two steps", "Gates r and z, candidate c.", gru, ["Wr", "Wz", "Wc"],
              ("matrix", "deltas")),
    Entry("gru-bz", "A gated recurrent unit: what it keeps", "In components.", gru, "bz", "components"),
    *in_forms("lstm", "A long short-term memory, two steps", "Input gate i, forget gate f, output gate o, memory c.",
              lstm, ["Wi", "Wf", "Wo", "Wg"], ("matrix", "deltas")),
    Entry("lstm-bg", "A long short-term memory: what it takes in", "In components.", lstm, "bg", "components"),
)  # fmt: skip

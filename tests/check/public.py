"""Mistakes that were really made in public projects, each rewritten as a small model and a backward pass of our own."""

from __future__ import annotations

import numpy as np

import chainrule as cr
from tests.check.wrong import Model, twice_wrong, wrong

# ----------------------------------------------------------------------------------------------- dense layers


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def two_sigmoids(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    a1 = cr.sigmoid(z1)
    z2 = a1 @ w2 + b2
    o = cr.sigmoid(z2)
    return ((o - y) ** 2).sum() / x.shape[0]


TWO_SIGMOIDS = Model(
    "two sigmoid layers, squares",
    two_sigmoids,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=(7, 4)),
        "w1": rng.normal(size=(3, 5)),
        "b1": rng.normal(size=5),
        "w2": rng.normal(size=(5, 4)),
        "b2": rng.normal(size=4),
    },
)


# Bot-Academy/NeuralNetworkFromScratch#3: the output's error went on without the slope of the output's sigmoid, and
# the hidden weights had taken their step before the error was pulled back through them.
@twice_wrong(
    TWO_SIGMOIDS,
    w2=[("missing-factor", "o")],
    b2=[("missing-factor", "o")],
    w1=[("missing-factor", "o"), ("stale-value", "z2")],
    b1=[("missing-factor", "o"), ("stale-value", "z2")],
)
def no_slope_at_the_output_and_weights_already_moved(x, y, w1, b1, w2, b2):
    rate = 0.1
    w_h_o = w2.copy()
    h = 1 / (1 + np.exp(-(x @ w1 + b1)))
    o = 1 / (1 + np.exp(-(h @ w_h_o + b2)))
    delta_o = 2 * (o - y) / len(x)
    step_h_o = h.T @ delta_o
    w_h_o -= rate * step_h_o
    delta_h = delta_o @ w_h_o.T * (h * (1 - h))
    return {"w2": step_h_o, "b2": delta_o.sum(axis=0), "w1": x.T @ delta_h, "b1": delta_h.sum(axis=0)}


# dwhitena/gophernet#6: the function that gives σ' of a pre-activation was called with the activation, in both layers.
@twice_wrong(
    TWO_SIGMOIDS,
    w2=[("wrong-factor", "o")],
    b2=[("wrong-factor", "o")],
    w1=[("wrong-factor", "o"), ("wrong-factor", "a1")],
    b1=[("wrong-factor", "o"), ("wrong-factor", "a1")],
)
def sigmoid_prime_of_the_activations(x, y, w1, b1, w2, b2):
    def sigmoid(v):
        return 1.0 / (1.0 + np.exp(-v))

    def sigmoid_prime(v):
        return sigmoid(v) * (1.0 - sigmoid(v))

    hidden = sigmoid(np.dot(x, w1) + b1)
    output = sigmoid(np.dot(hidden, w2) + b2)
    error = 2.0 * (output - y) / x.shape[0]
    d_output = error * sigmoid_prime(output)
    d_hidden = np.dot(d_output, w2.T) * sigmoid_prime(hidden)
    return {
        "w1": np.dot(x.T, d_hidden),
        "b1": d_hidden.sum(0),
        "w2": np.dot(hidden.T, d_output),
        "b2": d_output.sum(0),
    }


# hunkim/DeepLearningZeroToAll#173: the loss is a mean, but the gradients of the weights grew with the number of
# samples, for the product with the transposed data adds and nobody divided. (Here, the biases are averaged.)
@wrong(
    TWO_SIGMOIDS,
    w1=[("sum-for-mean", ("loss", "z1")), ("scale", ("loss", "z1"))],
    w2=[("sum-for-mean", ("loss", "z2")), ("scale", ("loss", "z2"))],
)
def weights_are_summed_while_biases_are_averaged(x, y, w1, b1, w2, b2):
    l1 = 1 / (1 + np.exp(-(x @ w1 + b1)))
    l2 = 1 / (1 + np.exp(-(l1 @ w2 + b2)))
    diff = 2 * (l2 - y)
    d_l2 = diff * l2 * (1 - l2)
    d_b2 = d_l2
    d_w2 = np.matmul(np.transpose(l1), d_l2)
    d_l1 = np.matmul(d_l2, np.transpose(w2)) * l1 * (1 - l1)
    d_b1 = d_l1
    d_w1 = np.matmul(np.transpose(x), d_l1)
    return {"w1": d_w1, "b1": np.mean(d_b1, axis=0), "w2": d_w2, "b2": np.mean(d_b2, axis=0)}


@cr.function(x="N d", y="N", w="d", b="1")
def one_sigmoid(x, y, w, b):
    z = x @ w + b
    a = cr.sigmoid(z)
    return ((a - y) ** 2).sum()


ONE_SIGMOID = Model(
    "one sigmoid, squares",
    one_sigmoid,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=7),
        "w": rng.normal(size=3),
        "b": rng.normal(size=1),
    },
)


# BoltzmannEntropy/interviews.ai#15: the layer keeps its input, and its backward pass takes that for the output.
@wrong(ONE_SIGMOID, w=("wrong-factor", "a"), b=("wrong-factor", "a"))
def sigmoid_layer_keeps_its_input(x, y, w, b):
    class Sigmoid:
        def forward(self, value):
            self.value = value
            return 1 / (1 + np.exp(-value))

        def backward(self, upstream):
            return self.value * (1 - self.value) * upstream

    layer = Sigmoid()
    out = layer.forward(x @ w + b)
    dz = layer.backward(2 * (out - y))
    return {"w": x.T @ dz, "b": dz.sum(keepdims=True)}


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def relu_net(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    l1 = cr.relu(z1)
    z2 = l1 @ w2 + b2
    return ((z2 - y) ** 2).sum() / x.shape[0]


RELU_NET = Model(
    "two layers, relu between",
    relu_net,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=(7, 4)),
        "w1": rng.normal(size=(3, 5)),
        "b1": rng.normal(size=5),
        "w2": rng.normal(size=(5, 4)),
        "b2": rng.normal(size=4),
    },
)


# VikParuchuri/zero_to_gpt#12: in the loop over the layers a weight is updated first, and only then is the gradient
# multiplied by it on its way to the layer before.
@wrong(RELU_NET, w1=("stale-value", "z2"), b1=("stale-value", "z2"))
def layer_steps_before_it_passes_the_gradient_on(x, y, w1, b1, w2, b2):
    lr = 0.05
    layers = [[w1.copy(), b1.copy()], [w2.copy(), b2.copy()]]
    hidden = [x.copy()]
    out = x
    for i, (w, b) in enumerate(layers):
        out = out @ w + b
        if i < len(layers) - 1:
            out = np.maximum(out, 0)
        hidden.append(out.copy())
    grad = 2 * (out - y) / x.shape[0]
    grads = {}
    for i in range(len(layers) - 1, -1, -1):
        if i != len(layers) - 1:
            grad = grad * np.heaviside(hidden[i + 1], 0)
        w_grad = hidden[i].T @ grad
        b_grad = grad.sum(axis=0)
        grads[f"w{i + 1}"], grads[f"b{i + 1}"] = w_grad, b_grad
        layers[i][0] -= w_grad * lr
        layers[i][1] -= b_grad * lr
        grad = grad @ layers[i][0].T
    return grads


# kvfrans/notes#5: the bias gradient of the hidden layer takes the mean over the batch where the influence of all
# points adds up.
@wrong(RELU_NET, b1=[("mean-for-sum", "z1"), ("scale", "z1")])
def hidden_bias_is_averaged(x, y, w1, b1, w2, b2):
    h1 = x @ w1 + b1
    h2 = np.maximum(h1, 0)
    pred = h2 @ w2 + b2
    d_pred = 2 * (pred - y) / len(x)
    d_w2, d_b2 = h2.T @ d_pred, np.sum(d_pred, axis=0)
    d_h2 = d_pred @ w2.T
    d_h1 = np.where(h1 > 0, d_h2, 0)
    d_w1, d_b1 = x.T @ d_h1, np.mean(d_h1, axis=0)
    return {"w1": d_w1, "b1": d_b1, "w2": d_w2, "b2": d_b2}


# chainer/chainer#5898: a leaky relu of slope 0 passed on all of the gradient, also where its input was negative.
@wrong(
    RELU_NET,
    w1=[("mask", "l1"), ("missing-factor", "l1")],
    b1=[("mask", "l1"), ("missing-factor", "l1")],
)
def leaky_relu_of_slope_zero_reads_its_output(x, y, w1, b1, w2, b2):
    slope = 0.0
    pre = x @ w1 + b1
    act = np.where(pre >= 0, pre, slope * pre)
    gy = 2 * (act @ w2 + b2 - y) / len(y)
    ga = gy @ w2.T
    gp = ga.copy()
    gp[act < 0] *= slope
    return {"w2": act.T @ gy, "b2": gy.sum(axis=0), "w1": x.T @ gp, "b1": gp.sum(axis=0)}


# oreilly-japan/deep-learning-from-scratch#43: the slope of relu begins with zeros "of the shape x", given the array
# itself in place of its shape (public copies of the book's function still have it).
@wrong(
    RELU_NET,
    w1=("does-not-evaluate", "l1"),
    b1=("does-not-evaluate", "l1"),
    w2=("does-not-evaluate", "l1"),
    b2=("does-not-evaluate", "l1"),
)
def zeros_of_an_array_for_a_shape(x, y, w1, b1, w2, b2):
    def relu_grad(v):
        slope = np.zeros(v)
        slope[v > 0] = 1
        return slope

    a1 = np.dot(x, w1) + b1
    z1 = np.maximum(0, a1)
    dy = 2 * (np.dot(z1, w2) + b2 - y) / x.shape[0]
    da1 = relu_grad(a1) * np.dot(dy, w2.T)
    return {"w1": np.dot(x.T, da1), "b1": da1.sum(axis=0), "w2": np.dot(z1.T, dy), "b2": dy.sum(axis=0)}


# tensorflow/playground#19: the slope of relu was 1 at zero too, for it asked for x < 0 where x ≤ 0 was meant.
@wrong(RELU_NET, w1=("kink", "l1"), b1=("kink", "l1"))
def relu_has_a_slope_at_zero(x, y, w1, b1, w2, b2):
    total = x @ w1 + b1
    output = np.maximum(total, 0)
    error_der = 2 * (output @ w2 + b2 - y) / x.shape[0]
    input_der = (error_der @ w2.T) * np.where(total < 0, 0, 1)
    return {
        "w1": x.T @ input_der,
        "b1": input_der.sum(axis=0),
        "w2": output.T @ error_der,
        "b2": error_der.sum(axis=0),
    }


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def leaky_net(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    l1 = np.where(z1 > 0, z1, 0.1 * z1)
    z2 = l1 @ w2 + b2
    return ((z2 - y) ** 2).sum()


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def folded_net(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    l1 = np.where(z1 > 0, z1, -2 * z1)
    z2 = l1 @ w2 + b2
    return ((z2 - y) ** 2).sum()


LEAKY_NET = Model("two layers, leaky relu", leaky_net, RELU_NET.point)
FOLDED_NET = Model("two layers, leaky relu of a negative slope", folded_net, RELU_NET.point)


# MachineLearningLifeScience/stochman#10: the Jacobian of the leaky relu was that of relu.
@wrong(LEAKY_NET, w1=("wrong-factor", "l1"), b1=("wrong-factor", "l1"))
def leaky_relu_with_the_jacobian_of_relu(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    l1 = np.where(z1 > 0, z1, 0.1 * z1)
    dz2 = 2 * (l1 @ w2 + b2 - y)
    jacobian = (z1 > 0).astype(z1.dtype)
    dz1 = jacobian * np.einsum("nk,hk->nh", dz2, w2)
    return {
        "w1": np.einsum("nd,nh->dh", x, dz1),
        "b1": np.einsum("nh->h", dz1),
        "w2": np.einsum("nh,nk->hk", l1, dz2),
        "b2": np.einsum("nk->k", dz2),
    }


# pytorch/pytorch#31938: in place, the sign of the input was read off the output, which a negative slope makes
# positive everywhere.
@wrong(FOLDED_NET, w1=("mask", "l1"), b1=("mask", "l1"))
def sign_is_read_off_the_overwritten_input(x, y, w1, b1, w2, b2):
    buf = x @ w1 + b1
    buf[buf < 0] *= -2
    upstream = 2 * (buf @ w2 + b2 - y)
    grads = {"w2": buf.T @ upstream, "b2": upstream.sum(0)}
    upstream = upstream @ w2.T
    upstream = np.where(buf > 0, upstream, -2 * upstream)
    grads["w1"], grads["b1"] = x.T @ upstream, upstream.sum(0)
    return grads


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h h", b2="h", w3="h k")
def three_tanh(x, y, w1, b1, w2, b2, w3):
    z1 = x @ w1 + b1
    l1 = np.tanh(z1)
    z2 = l1 @ w2 + b2
    l2 = np.tanh(z2)
    z3 = l2 @ w3
    return ((z3 - y) ** 2).sum() / 2


THREE_TANH = Model(
    "three layers, tanh",
    three_tanh,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=(7, 4)),
        "w1": rng.normal(size=(3, 5)),
        "b1": rng.normal(size=5),
        "w2": rng.normal(size=(5, 5)),
        "b2": rng.normal(size=5),
        "w3": rng.normal(size=(5, 4)),
    },
)


# deeplearning4j/deeplearning4j#364: the activation was computed in place, so the stored pre-activations were the
# activations too, and the slopes were taken there.
@twice_wrong(
    THREE_TANH,
    w2=[("wrong-factor", "l2")],
    b2=[("wrong-factor", "l2")],
    w1=[("wrong-factor", "l2"), ("wrong-factor", "l1")],
    b1=[("wrong-factor", "l2"), ("wrong-factor", "l1")],
)
def pre_activations_overwritten_in_place(x, y, w1, b1, w2, b2, w3):
    zs, activations = [], [x]
    for w, b in ((w1, b1), (w2, b2)):
        z = activations[-1] @ w + b
        zs.append(z)
        activations.append(np.tanh(z, out=z))
    d3 = activations[2] @ w3 - y
    d2 = (d3 @ w3.T) * (1 - np.tanh(zs[1]) ** 2)
    d1 = (d2 @ w2.T) * (1 - np.tanh(zs[0]) ** 2)
    return {
        "w3": activations[2].T @ d3,
        "w2": activations[1].T @ d2,
        "b2": d2.sum(axis=0),
        "w1": activations[0].T @ d1,
        "b1": d1.sum(axis=0),
    }


# apache/mxnet#18203: in the layers between the first and the last, the pointer to the layer's input was set to its
# output, so the gradient of the input weights was taken with it.
@wrong(THREE_TANH, w2=[("wrong-operand", "z2"), ("stale-value", "z2")])
def middle_layer_reads_its_output_for_its_input(x, y, w1, b1, w2, b2, w3):
    cache = {"l0": x}
    cache["l1"] = np.tanh(cache["l0"] @ w1 + b1)
    cache["l2"] = np.tanh(cache["l1"] @ w2 + b2)
    grads = {}
    dy = cache["l2"] @ w3 - y
    grads["w3"] = cache["l2"].T @ dy
    dy = dy @ w3.T
    for layer, w in ((2, w2), (1, w1)):
        pointer = cache["l2"] if layer == 2 else cache["l0"]
        dy = dy * (1 - cache[f"l{layer}"] ** 2)
        grads[f"w{layer}"] = pointer.T @ dy
        grads[f"b{layer}"] = dy.sum(axis=0)
        dy = dy @ w.T
    return grads


@cr.function(x="N d", y="N k", w="d k", b="k")
def affine(x, y, w, b):
    z = x @ w + b
    return ((z - y) ** 2).sum()


AFFINE = Model(
    "affine layer, squares",
    affine,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=(7, 4)),
        "w": rng.normal(size=(3, 4)),
        "b": rng.normal(size=4),
    },
)


# mlpack/mlpack#3679: the gradient of the layer that adds a bias was the error itself, right for a batch of one only.
@wrong(AFFINE, b=("missing-sum", "z"))
def bias_layer_hands_the_error_back(x, y, w, b):
    error = 2 * (np.dot(x, w) + b - y)
    return {"w": np.dot(x.T, error), "b": error}


# Shubham-cyber-prog/100-Days-Of-Web-Development-ECWoC26#1378: the backward pass of the matrix product multiplied by
# the product itself, where the gradient of the product belongs.
@wrong(AFFINE, w=("wrong-operand", ("z", "loss")))
def matrix_product_takes_its_value_for_its_gradient(x, y, w, b):
    class Node:
        def __init__(self, data):
            self.data, self.grad = data, np.zeros_like(data)

    a, m = Node(x), Node(w)
    product = Node(a.data @ m.data)
    product.grad += 2 * (product.data + b - y)
    bias_grad = product.grad.sum(axis=0)
    m.grad += a.data.T @ product.data
    return {"w": m.grad, "b": bias_grad}


@cr.function(x="N d", y="N k", w="k d")
def dense_rows(x, y, w):
    z = x @ w.T
    return ((z - y) ** 2).sum() / 2


DENSE_ROWS = Model(
    "dense layer, a row for each output, square",
    dense_rows,
    lambda rng: {"x": rng.normal(size=(4, 4)), "y": rng.normal(size=(4, 4)), "w": rng.normal(size=(4, 4))},
)


# apache/tvm#5695: the gradient of the dense layer multiplied the transposed upstream gradient entry by entry, where
# matrix products belong; with all sizes equal nothing complains.
@wrong(DENSE_ROWS, x=("elementwise-for-matrix", "z"), w=("elementwise-for-matrix", "z"))
def dense_gradient_by_entries(x, y, w):
    grad = np.matmul(x, np.transpose(w)) - y
    return {"x": np.transpose(grad) * w, "w": x * np.transpose(grad)}


@cr.function(x="B T d", y="B T k", w="d k", b="k")
def sequence_affine(x, y, w, b):
    z = x @ w + b
    return ((z - y) ** 2).sum() / 2


SEQUENCE_AFFINE = Model(
    "affine layer on sequences",
    sequence_affine,
    lambda rng: {
        "x": rng.normal(size=(6, 5, 3)),
        "y": rng.normal(size=(6, 5, 4)),
        "w": rng.normal(size=(3, 4)),
        "b": rng.normal(size=4),
    },
)


# ooples/AiDotNet.Tensors#234: where the fast path did not apply, the bias gradient was reduced over axis 0 alone, and
# kept the time axis of batches of sequences.
@wrong(SEQUENCE_AFFINE, b=("missing-sum", "z"))
def bias_summed_over_the_batch_only(x, y, w, b):
    upstream = x @ w + b - y
    flat = upstream.reshape(-1, upstream.shape[-1])
    grad_w = x.reshape(-1, x.shape[-1]).T @ flat
    grad_b = np.add.reduce(upstream, axis=0)
    return {"w": grad_w, "b": grad_b}


@cr.function(x="N H W C", y="N H W C", b="C")
def channels_last(x, y, b):
    z = x + b
    s = np.tanh(z)
    return (s * y).sum()


CHANNELS_LAST = Model(
    "bias on channels, channels last",
    channels_last,
    lambda rng: {"x": rng.normal(size=(3, 4, 5, 4)), "y": rng.normal(size=(3, 4, 5, 4)), "b": rng.normal(size=4)},
)


# deeplearning4j/deeplearning4j#8280: the bias gradient always summed over the axes 0, 2 and 3, right where channels
# come second and wrong where they come last.
@wrong(CHANNELS_LAST, b=("wrong-axis", "z"))
def bias_gradient_for_channels_first(x, y, b):
    eps_next = y / np.cosh(x + b) ** 2
    return {"b": eps_next.sum(axis=(0, 2, 3))}


@cr.function(x="N d", y="N k", w1="d h", m="N h", w2="h k")
def dropped(x, y, w1, m, w2):
    l1 = np.tanh(x @ w1)
    d1 = l1 * m / 0.75
    z2 = d1 @ w2
    return ((z2 - y) ** 2).sum()


DROPPED = Model(
    "dropout",
    dropped,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=(7, 4)),
        "w1": rng.normal(size=(3, 5)),
        "m": (rng.permutation(35) > 8).reshape(7, 5).astype(float),
        "w2": rng.normal(size=(5, 4)),
    },
)


# ddbourgin/numpy-ml#94: the wrapper for dropout divides by the share that is kept on the way back too, but does not
# apply the mask of the forward pass.
@wrong(DROPPED, w1=[("missing-factor", "d1"), ("mask", "d1")])
def dropout_forgets_its_mask(x, y, w1, m, w2):
    p = 0.25
    act = np.tanh(x @ w1)
    scaled = m * act / (1.0 - p)
    dldz = 2 * (scaled @ w2 - y)
    dldy = dldz @ w2.T
    dldy *= 1.0 / (1.0 - p)
    return {"w2": scaled.T @ dldz, "w1": x.T @ (dldy * (1 - act**2))}


@cr.function(x="V N", y="V N", w1="h V", b1="h 1", w2="V h", b2="V 1")
def words_in_columns(x, y, w1, b1, w2, b2):
    z1 = w1 @ x + b1
    h = cr.relu(z1)
    z2 = w2 @ h + b2
    yhat = cr.softmax(z2, axis=0)
    return -(y * np.log(yhat)).sum() / x.shape[1]


WORDS_IN_COLUMNS = Model(
    "words from their context, samples in columns",
    words_in_columns,
    lambda rng: {
        "x": rng.normal(size=(6, 8)),
        "y": np.eye(6)[rng.integers(0, 6, size=8)].T,
        "w1": rng.normal(size=(3, 6)),
        "b1": rng.normal(size=(3, 1)),
        "w2": rng.normal(size=(6, 3)),
        "b2": rng.normal(size=(6, 1)),
    },
)


# rust0258/Deeplearning.ai-Natural-Language-Processing-Specialization#64 (also #62, #70): the gradients of the biases
# were the weights' gradients, product with the layer's input and all, summed along their rows.
@wrong(
    WORDS_IN_COLUMNS,
    b1=[("extra-factor", "z1"), ("wrong-operand", "z1")],
    b2=[("extra-factor", "z2"), ("wrong-operand", "z2")],
)
def biases_from_the_sums_of_the_weights_gradients(x, y, w1, b1, w2, b2):
    batch_size = x.shape[1]
    h = np.maximum(0, np.dot(w1, x) + b1)
    scores = np.dot(w2, h) + b2
    e = np.exp(scores - scores.max(axis=0))
    err = e / e.sum(axis=0) - y
    l1 = np.dot(w2.T, err)
    l1[h <= 0] = 0
    grad_w1 = np.dot(l1, x.T) / batch_size
    grad_w2 = np.dot(err, h.T) / batch_size
    return {
        "w1": grad_w1,
        "w2": grad_w2,
        "b1": grad_w1.sum(axis=1, keepdims=True),
        "b2": grad_w2.sum(axis=1, keepdims=True),
    }


# ---------------------------------------------------------------------------------- single operations and losses


@cr.function(s="n")
def minus_product(s):
    p = np.prod(s)
    return -p


MINUS_PRODUCT = Model("minus a product", minus_product, lambda rng: {"s": rng.uniform(0.5, 2.0, size=5)})


# pytorch/pytorch#995: the backward pass of the product of all entries did not multiply by what came from above, so
# the minus before the product was lost.
@wrong(MINUS_PRODUCT, s=[("sign", ("p", "loss")), ("missing-factor", ("p", "loss"))])
def product_ignores_what_comes_from_above(s):
    def backward_of_prod(grad_output, entries, result):
        return np.full_like(entries, result) / entries

    return {"s": backward_of_prod(-1.0, s, s.prod())}


@cr.function(x="N d", t="N", c="N", w="d")
def weighted_huber(x, t, c, w):
    p = x @ w
    r = p - t
    h = np.where(np.abs(r) <= 1, 0.5 * r**2, np.abs(r) - 0.5)
    return (c * h).sum()


WEIGHTED_HUBER = Model(
    "Huber loss, samples weighted",
    weighted_huber,
    lambda rng: {
        "x": rng.normal(size=(9, 3)),
        "t": rng.normal(size=9),
        "c": rng.uniform(0.5, 2.0, size=9),
        "w": rng.normal(size=3) * 1.5,
    },
)


# chainer/chainer#1175: the Huber loss's backward pass ignored the gradient it was given, so nothing done with the
# loss afterwards (here, the weights of the samples) reached the parameters.
@wrong(WEIGHTED_HUBER, w=("missing-factor", ("h", "loss")))
def huber_ignores_what_comes_from_above(x, t, c, w):
    class HuberLoss:
        def __init__(self, delta):
            self.delta = delta

        def forward(self, x0, x1):
            self.diff = x0 - x1
            size = np.abs(self.diff)
            return np.where(size <= self.delta, 0.5 * size**2, self.delta * (size - 0.5 * self.delta))

        def backward(self, gy):
            return np.clip(self.diff, -self.delta, self.delta)

    f = HuberLoss(1.0)
    f.forward(x @ w, t)
    gp = f.backward(c)
    return {"w": gp @ x}


# BobMcDear/attorch#13: the kernels compared the signed difference with the threshold, so differences far below zero
# took the quadratic branch.
@wrong(WEIGHTED_HUBER, w=("mask", "h"))
def threshold_on_the_signed_difference(x, t, c, w):
    diff = x @ w - t
    beta = 1.0
    slope = np.where(diff < beta, diff / beta, np.sign(diff))
    return {"w": x.T @ (c * slope)}


@cr.function(x="N d", s="N", u="N", w="d")
def signs_copied(x, s, u, w):
    z = x @ w
    c = np.copysign(z, s)
    return (c * u).sum()


SIGNS_COPIED = Model(
    "copysign",
    signs_copied,
    lambda rng: {
        "x": rng.normal(size=(9, 3)),
        "s": rng.normal(size=9),
        "u": rng.normal(size=9),
        "w": rng.normal(size=3),
    },
)


# chalk-lab/Mooncake.jl#1195: the slope of copysign in its first argument was the sign of the second; the sign of the
# first belongs to it too.
@wrong(SIGNS_COPIED, w=("missing-factor", "c"))
def copysign_without_the_sign_of_its_first_argument(x, s, u, w):
    dz = u * np.sign(s)
    return {"w": np.einsum("n,nd->d", dz, x)}


@cr.function(x="n d", a="n n")
def gram(x, a):
    k = x @ x.T
    return (a * np.tanh(k)).sum()


GRAM = Model("Gram matrix", gram, lambda rng: {"x": 0.5 * rng.normal(size=(5, 3)), "a": rng.normal(size=(5, 5))})


# NervanaSystems/neon#169: of a product of x with its own transpose, what comes back through the transposed factor was
# not added to the gradient of x.
@wrong(GRAM, x=("missing-term", "k"))
def transposed_factor_does_not_report_back(x, a):
    k = np.dot(x, x.T)
    dk = a * (1 - np.tanh(k) ** 2)
    return {"x": np.dot(dk, x)}


@cr.function(x="n", a="n")
def shared_product(x, a):
    xa = x * a
    f1 = x * xa
    f2 = x * xa
    f3 = x * x * a
    return (f1 + f3 + f2).sum()


SHARED_PRODUCT = Model(
    "a product used twice", shared_product, lambda rng: {"x": rng.normal(size=5), "a": rng.normal(size=5)}
)


# sebgao/cTensor#5: a node with two users ran its backward pass at each visit, and passed on at the second what it had
# passed on at the first already.
@wrong(SHARED_PRODUCT, x=("extra-term", "xa"))
def shared_node_reports_twice(x, a):
    xa = x * a
    grad = {"x": np.zeros_like(x), "xa": np.zeros_like(x)}

    def visit_xa():
        grad["x"] += grad["xa"] * a

    for _ in ("f1", "f2"):
        grad["x"] += xa
        grad["xa"] += x
        visit_xa()
    grad["x"] += 2 * x * a
    return {"x": grad["x"]}


@cr.function(x="N d", w="d")
def x_exp_x(x, w):
    z = x @ w
    e = np.exp(z)
    t = z * e
    return t.sum()


X_EXP_X = Model("z exp(z)", x_exp_x, lambda rng: {"x": rng.normal(size=(7, 3)), "w": 0.5 * rng.normal(size=3)})


# karpathy/nn-zero-to-hero#52: a note in the notebook quoted there: in the video, the backward pass of exp assigned to
# the gradient of its argument in place of adding to it.
@wrong(X_EXP_X, w=("missing-term", ("t", "e")))
def exp_overwrites_the_gradient(x, w):
    class Value:
        def __init__(self, data):
            self.data, self.grad = data, np.zeros_like(data)

    z = Value(x @ w)
    e = Value(np.exp(z.data))
    t = Value(z.data * e.data)
    t.grad = np.ones_like(t.data)
    z.grad += e.data * t.grad
    e.grad += z.data * t.grad
    z.grad = e.data * e.grad
    return {"w": z.grad @ x}


@cr.function(x="N d", y="N", u="d", v="d")
def quotient(x, y, u, v):
    a = x @ u
    b = np.exp(x @ v)
    q = a / b
    return ((q - y) ** 2).sum()


QUOTIENT = Model(
    "a quotient",
    quotient,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": rng.normal(size=7),
        "u": rng.normal(size=3),
        "v": 0.5 * rng.normal(size=3),
    },
)


# apache/singa#484: as first proposed, the backward pass of division gave dy/a for the numerator and dy·b for the
# denominator.
@wrong(
    QUOTIENT,
    u=[("wrong-operand", "q"), ("wrong-factor", "q")],
    v=[("wrong-factor", "q"), ("wrong-operand", "q")],
)
def division_mixes_up_its_operands(x, y, u, v):
    inputs = (x @ u, np.exp(x @ v))
    dq = 2 * (inputs[0] / inputs[1] - y)
    da, db = dq / inputs[0], dq * inputs[1]
    return {"u": x.T @ da, "v": x.T @ (db * inputs[1])}


@cr.function(x="N d", u="N h", w="d h")
def softplus_with_threshold(x, u, w):
    z = x @ w
    s = np.where(3 * z > 1, z, np.log1p(np.exp(3 * z)) / 3)
    return (u * s).sum()


SOFTPLUS_WITH_THRESHOLD = Model(
    "softplus, linear above a threshold",
    softplus_with_threshold,
    lambda rng: {
        "x": 0.4 * rng.normal(size=(30, 3)),
        "u": rng.normal(size=(30, 5)),
        "w": rng.normal(size=(3, 5)),
    },
)


# pytorch/pytorch#55587 (also #61568): forward, the linear branch is chosen where β times the input is above the
# threshold; backward, it was where β times the output was.
@wrong(SOFTPLUS_WITH_THRESHOLD, w=("mask", "s"))
def softplus_compares_its_output(x, u, w):
    beta, threshold = 3.0, 1.0
    z = x @ w
    out = np.where(beta * z > threshold, z, np.log1p(np.exp(beta * z)) / beta)
    expo = np.exp(beta * z)
    dz = np.where(beta * out > threshold, u, u * expo / (expo + 1))
    return {"w": x.T @ dz}


@cr.function(x="N d", u="N h", w="d h")
def clamped(x, u, w):
    z = x @ w
    c = np.clip(z, -0.8, 0.8)
    return (u * c).sum()


CLAMPED = Model(
    "clip",
    clamped,
    lambda rng: {"x": 0.5 * rng.normal(size=(7, 3)), "u": rng.normal(size=(7, 5)), "w": rng.normal(size=(3, 5))},
)


# tenstorrent/tt-metal#48201 (from #48188): with both bounds given, the two comparisons for "was not clamped" were
# the wrong way round, so no entry passed.
@wrong(CLAMPED, w=("mask", "c"))
def comparisons_the_wrong_way_round(x, u, w):
    low, high = -0.8, 0.8
    inp = x @ w
    inside = np.logical_and(inp <= low, inp >= high)
    return {"w": x.T @ np.where(inside, u, 0.0)}


@cr.function(x="7 d", u="d")
def sliced(x, u):
    s = x[2:5]
    r = s @ u
    return r.sum()


SLICED = Model("a slice", sliced, lambda rng: {"x": rng.normal(size=(7, 3)), "u": rng.normal(size=3)})


# zk4x/zyx#8: the gradient of a slice leaked into the entries that the slice had dropped.
@wrong(SLICED, x=[("partial", "s"), ("mask", "s")])
def dropped_entries_get_a_gradient(x, u):
    upstream = np.ones(len(x[2:5]))[:, None] * u
    start, stop = 2, 5
    rows = np.clip(np.arange(len(x)) - start, 0, stop - start - 1)
    return {"x": upstream[rows], "u": x[start:stop].sum(axis=0)}


@cr.function(a="n n", g="n n")
def inverted(a, g):
    p = np.linalg.inv(a)
    return (g * p).sum()


INVERTED = Model(
    "inverse of a matrix",
    inverted,
    lambda rng: {"a": rng.normal(size=(4, 4)) + 3 * np.eye(4), "g": rng.normal(size=(4, 4))},
)


# pytorch/pytorch.github.io#2135: NumPy's transpose(-2, -1) keeps the two axes of a matrix where they are, so the
# inverse was not transposed in its backward pass.
@wrong(INVERTED, a=("transpose", "p"))
def axes_that_stay_where_they_are(a, g):
    result = np.linalg.inv(a)
    transposed = result.transpose(-2, -1)
    return {"a": -(transposed @ (g @ transposed))}


@cr.function(x="N d", c="N")
def row_maxima(x, c):
    m = x.max(axis=1)
    return (c * m).sum()


ROW_MAXIMA = Model("maxima", row_maxima, lambda rng: {"x": rng.normal(size=(7, 3)), "c": rng.normal(size=7)})


# apache/mxnet#18563: each entry that equals the maximum got the whole gradient, so equal entries together got several
# times as much.
@wrong(ROW_MAXIMA, x=("kink", "m"))
def every_maximum_gets_the_whole_gradient(x, c):
    out = np.max(x, axis=1, keepdims=True)
    return {"x": c[:, None] * (x == out)}


@cr.function(x="N d", xp="N d", xn="N d", w="d h")
def triplets(x, xp, xn, w):
    a = x @ w
    p = xp @ w
    n = xn @ w
    near = ((a - p) ** 2).sum(axis=1)
    far = ((a - n) ** 2).sum(axis=1)
    t = cr.relu(near - far + 0.5)
    return t.sum()


TRIPLETS = Model(
    "triplet loss",
    triplets,
    lambda rng: {
        "x": rng.normal(size=(9, 3)),
        "xp": rng.normal(size=(9, 3)),
        "xn": rng.normal(size=(9, 3)),
        "w": rng.normal(size=(3, 5)),
    },
)


# jhjin/triplet-criterion#2: the gradient was that of the anchor alone; what goes through the positive and the
# negative example was left out.
@wrong(
    TRIPLETS,
    w=[("detached", ("p", "n", "near", "far")), ("missing-term", ("p", "n", "near", "far"))],
)
def only_the_anchor_moves(x, xp, xn, w):
    anchor, positive, negative = x @ w, xp @ w, xn @ w
    loss = ((anchor - positive) ** 2).sum(1) - ((anchor - negative) ** 2).sum(1) + 0.5
    grad_anchor = 2 * (negative - positive)
    grad_anchor[loss <= 0] = 0
    return {"w": x.T @ grad_anchor}


@cr.function(e="V d", tokens="T int", a="T d")
def looked_up(e, tokens, a):
    rows = cr.embedding(e, tokens)
    return (a * np.sin(rows)).sum()


LOOKED_UP = Model(
    "embedding, tokens that repeat",
    looked_up,
    lambda rng: {
        "e": rng.normal(size=(5, 3)),
        "tokens": np.array([1, 4, 1, 0, 2, 4, 4]),
        "a": rng.normal(size=(7, 3)),
    },
)


# HIPS/autograd#39 (and apache/mxnet#9172): where an index occurs more than once, adding in place through the index
# keeps one contribution only.
@wrong(LOOKED_UP, e=[("missing-term", "rows"), ("missing-sum", "rows"), ("partial", "rows")])
def repeated_tokens_overwrite_each_other(e, tokens, a):
    de = np.zeros_like(e)
    de[tokens] += a * np.cos(e[tokens])
    return {"e": de}


@cr.function(r="N d", s="d d")
def normal_density(r, s):
    p = np.linalg.inv(s)
    q = ((r @ p) * r).sum() / 2
    v = r.shape[0] * cr.slogdet(s)[1] / 2
    return -(q + v)


def _covariance(rng):
    root = rng.normal(size=(3, 3))
    return root @ root.T + np.eye(3)


NORMAL_DENSITY = Model(
    "log density of a normal distribution",
    normal_density,
    lambda rng: {"r": rng.normal(size=(7, 3)), "s": _covariance(rng)},
)


# HIPS/autograd#412: the gradient of the normal log density with respect to the covariance had the wrong sign (its
# test had never run).
@wrong(NORMAL_DENSITY, s=("sign", ("loss", "q", "v", "p")))
def covariance_gradient_with_the_wrong_sign(r, s):
    solved = np.linalg.solve(s, r.T)
    ds = 0.5 * (len(r) * np.linalg.inv(s) - solved @ solved.T)
    return {"s": ds, "r": -solved.T}


@cr.function(x="N d", y="N k", w="d k")
def summed_cross_entropy(x, y, w):
    z = x @ w
    logp = cr.log_softmax(z)
    return -(y * logp).sum()


SUMMED_CROSS_ENTROPY = Model(
    "cross entropy, summed",
    summed_cross_entropy,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": np.eye(4)[rng.integers(0, 4, size=7)],
        "w": rng.normal(size=(3, 4)),
    },
)


# paiml/aprender#2182: the backward pass of cross entropy divided by the batch size whatever the reduction, also
# where the losses were summed.
@wrong(SUMMED_CROSS_ENTROPY, w=[("mean-for-sum", "loss"), ("scale", "loss")])
def cross_entropy_divides_whatever_the_reduction(x, y, w):
    labels = y.argmax(axis=1)
    logits = x @ w
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    batch = logits.shape[0]
    probs[np.arange(batch), labels] -= 1
    return {"w": x.T @ (probs / batch)}


@cr.function(x="N d", y="N k", w="d k")
def softmax_squares(x, y, w):
    z = x @ w
    p = cr.softmax(z)
    return ((p - y) ** 2).sum()


SOFTMAX_SQUARES = Model(
    "softmax, squares",
    softmax_squares,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": np.eye(4)[rng.integers(0, 4, size=7)],
        "w": rng.normal(size=(3, 4)),
    },
)


# zhuozhiyongde/Fundamentals-of-Artificial-Intelligence-2024Spring-PKU#1: softmax was differentiated like the sigmoid,
# p(1 - p), with nothing between the classes.
@wrong(SOFTMAX_SQUARES, w=[("elementwise-for-matrix", "p"), ("wrong-factor", "p")])
def softmax_prime_like_that_of_sigmoid(x, y, w):
    def softmax(v):
        e = np.exp(v - np.max(v, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def softmax_prime(v):
        return softmax(v) * (1 - softmax(v))

    z = np.dot(x, w)
    return {"w": np.dot(x.T, 2 * (softmax(z) - y) * softmax_prime(z))}


# pjreddie/darknet#96: the backward pass of the softmax layer copied the gradient of its output to its input.
@wrong(SOFTMAX_SQUARES, w=("missing-factor", "p"))
def softmax_layer_copies_the_gradient(x, y, w):
    n, k = len(x), w.shape[1]
    delta_out = np.zeros((n, k))
    for i in range(n):
        e = np.exp(x[i] @ w)
        delta_out[i] = 2 * (e / e.sum() - y[i])
    delta_in = np.zeros((n, k))
    delta_in += delta_out
    dw = np.zeros_like(w)
    for i in range(n):
        dw += np.outer(x[i], delta_in[i])
    return {"w": dw}


@cr.function(x="N d", y="N k", w="d k")
def support_vectors(x, y, w):
    scores = x @ w
    right = (scores * y).sum(axis=1, keepdims=True)
    margins = np.maximum(scores - right + 1, 0) * (1 - y)
    data = margins.sum() / x.shape[0]
    penalty = 0.3 * (w * w).sum()
    return data + penalty


SUPPORT_VECTORS = Model(
    "support vector machine of many classes",
    support_vectors,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "y": np.eye(4)[rng.integers(0, 4, size=7)],
        "w": rng.normal(size=(3, 4)),
    },
)


# jingtinghuang/CS231n-Spring-2017#3: the penalty is reg·ΣW², and its gradient was added without the 2.
@wrong(SUPPORT_VECTORS, w=("scale", "penalty"))
def penalty_without_its_two(x, y, w):
    reg = 0.3
    dW = np.zeros(w.shape)
    num_train, num_classes = x.shape[0], w.shape[1]
    for i in range(num_train):
        scores = x[i].dot(w)
        label = int(np.argmax(y[i]))
        for j in range(num_classes):
            if j == label:
                continue
            if scores[j] - scores[label] + 1 > 0:
                dW[:, j] += x[i]
                dW[:, label] -= x[i]
    dW /= num_train
    dW += reg * w
    return {"w": dW}


# --------------------------------------------------------------------------------------------- normalisation


@cr.function(x="N d", t="N h", w="d h", g="h", b="h")
def normalised_rows(x, t, w, g, b):
    a = x @ w
    m = a.mean(axis=1, keepdims=True)
    c = a - m
    v = (c**2).mean(axis=1, keepdims=True)
    n = c / np.sqrt(v + 1e-5)
    y = n * g + b
    return ((y - t) ** 2).sum()


NORMALISED_ROWS = Model(
    "layer norm",
    normalised_rows,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "t": rng.normal(size=(7, 5)),
        "w": rng.normal(size=(3, 5)),
        "g": rng.normal(size=5),
        "b": rng.normal(size=5),
    },
)
NORMALISED_SQUARE = Model(
    "layer norm, as many rows as features",
    normalised_rows,
    lambda rng: {
        "x": rng.normal(size=(5, 3)),
        "t": rng.normal(size=(5, 5)),
        "w": rng.normal(size=(3, 5)),
        "g": rng.normal(size=5),
        "b": rng.normal(size=5),
    },
)


# tenstorrent/tt-metal#53215: the mean of dy·γ was subtracted twice, for a register still held it when the next
# product was added there.
@wrong(NORMALISED_ROWS, w=("extra-term", ("m", "c", "n")))
def mean_subtracted_twice(x, t, w, g, b):
    a = x @ w
    rstd = 1 / np.sqrt(a.var(axis=1, keepdims=True) + 1e-5)
    xhat = (a - a.mean(axis=1, keepdims=True)) * rstd
    dy = 2 * (xhat * g + b - t)
    dxhat = dy * g
    s1 = dxhat.mean(axis=1, keepdims=True)
    register = np.zeros_like(xhat) + s1
    register += xhat * (dxhat * xhat).mean(axis=1, keepdims=True)
    da = (dxhat - s1 - register) * rstd
    return {"w": x.T @ da, "g": (dy * xhat).sum(axis=0), "b": dy.sum(axis=0)}


# flagos-ai/FlagGems#59: with several rows in a block, the two sums of the correction ran over the whole block and not
# along each row.
@wrong(
    NORMALISED_ROWS,
    w=[("extra-sum", ("m", "v", "c", "n")), ("wrong-axis", ("m", "v", "c", "n"))],
)
def corrections_summed_over_the_whole_block(x, t, w, g, b):
    block = x @ w
    cols = block.shape[1]
    centred = block - block.mean(axis=1)[:, None]
    rstd = 1 / np.sqrt((centred**2).mean(axis=1)[:, None] + 1e-5)
    hat = centred * rstd
    dy = 2 * (hat * g + b - t)
    part = dy * g
    dx_2 = np.sum(part)
    dx_3 = np.sum(part * hat)
    dx = rstd * (part - (dx_2 + hat * dx_3) / cols)
    return {"w": x.T @ dx, "g": np.sum(dy * hat, axis=0), "b": np.sum(dy, axis=0)}


# deepspeedai/DeepSpeed#692: to save memory the normalised values are got back from the output, (y - β)/γ, but γ and β
# were read at the position of the row, not of the column.
@wrong(NORMALISED_SQUARE, g=[("wrong-axis", "y"), ("wrong-operand", "y")])
def scale_and_shift_read_by_row(x, t, w, g, b):
    a = x @ w
    inv = 1 / np.sqrt(a.var(axis=1, keepdims=True) + 1e-5)
    hat = (a - a.mean(axis=1, keepdims=True)) * inv
    out = hat * g + b
    dout = 2 * (out - t)
    recovered = (out - b[:, None]) / g[:, None]
    dhat = dout * g
    da = inv * (dhat - dhat.mean(1, keepdims=True) - hat * (dhat * hat).mean(1, keepdims=True))
    return {"g": (dout * recovered).sum(axis=0), "b": dout.sum(axis=0), "w": x.T @ da}


@cr.function(x="N d", t="N h", w="d h", g="h")
def rms_rows(x, t, w, g):
    a = x @ w
    r = np.sqrt((a**2).mean(axis=1, keepdims=True) + 1e-6)
    n = a / r
    y = n * g
    return ((y - t) ** 2).sum()


RMS_ROWS = Model(
    "RMS norm",
    rms_rows,
    lambda rng: {
        "x": rng.normal(size=(7, 3)),
        "t": rng.normal(size=(7, 5)),
        "w": rng.normal(size=(3, 5)),
        "g": rng.normal(size=5),
    },
)
RMS_SQUARE = Model(
    "RMS norm, as many rows as features",
    rms_rows,
    lambda rng: {
        "x": rng.normal(size=(5, 3)),
        "t": rng.normal(size=(5, 5)),
        "w": rng.normal(size=(3, 5)),
        "g": rng.normal(size=5),
    },
)


# karpathy/llm.c#763: a reviewer tells of his own RMS norm, whose backward pass did not multiply by the weight.
@wrong(RMS_ROWS, w=("missing-factor", "y"))
def rms_norm_without_its_weight(x, t, w, g):
    inp = x @ w
    size = inp.shape[1]
    rrms = 1 / np.sqrt((inp**2).sum(axis=1) / size + 1e-6)
    dout = 2 * (inp * rrms[:, None] * g - t)
    dinp = np.empty_like(inp)
    for row in range(len(inp)):
        o = 0.0
        for i in range(size):
            o += dout[row, i] * inp[row, i]
        for i in range(size):
            dinp[row, i] = dout[row, i] * rrms[row] - inp[row, i] * o * rrms[row] ** 3 / size
    dgamma = (dout * inp * rrms[:, None]).sum(axis=0)
    return {"w": x.T @ dinp, "g": dgamma}


# paiml/trueno#178: the kernel took a pointer for the gradient of γ and never wrote to it.
@wrong(RMS_ROWS, g=[("missing-term", "y"), ("detached", "y")])
def gradient_of_the_scale_is_never_written(x, t, w, g):
    a = x @ w
    grad_gamma = np.zeros_like(g)
    grad_input = np.zeros_like(a)
    for r in range(a.shape[0]):
        rms = np.sqrt(np.mean(a[r] ** 2) + 1e-6)
        dy = 2 * (a[r] / rms * g - t[r])
        dot = np.dot(dy * g, a[r])
        grad_input[r] = dy * g / rms - a[r] * dot / (a.shape[1] * rms**3)
    return {"w": x.T @ grad_input, "g": grad_gamma}


# BobMcDear/attorch#17: the sum for each row, without a trailing axis, was broadcast along the columns; where both
# sizes are equal it runs, and each row gets other rows' sums.
@wrong(RMS_SQUARE, w=("wrong-axis", ("r", "n")))
def row_sums_spread_along_the_columns(x, t, w, g):
    a = x @ w
    inv_rms = 1 / np.sqrt(np.mean(a**2, axis=1) + 1e-6)
    pre_lin = a * inv_rms[:, None]
    dout = 2 * (pre_lin * g - t)
    d_pre = dout * g
    term = inv_rms**3 * np.sum(d_pre * a, axis=1) / a.shape[1]
    da = inv_rms[:, None] * d_pre - a * term
    return {"w": x.T @ da, "g": np.sum(dout * pre_lin, axis=0)}


@cr.function(x="N d", f="N d", t="N d", u="N d", w="d d", g="d")
def residual_rms(x, f, t, u, w, g):
    s = x + f @ w
    r = np.sqrt((s**2).mean(axis=1, keepdims=True) + 1e-6)
    n = s / r
    y = n * g
    kept = (s * u).sum()
    return kept + ((y - t) ** 2).sum()


RESIDUAL_RMS = Model(
    "RMS norm after a residual, which goes on as well",
    residual_rms,
    lambda rng: {
        "x": rng.normal(size=(7, 4)),
        "f": rng.normal(size=(7, 4)),
        "t": rng.normal(size=(7, 4)),
        "u": rng.normal(size=(7, 4)),
        "w": rng.normal(size=(4, 4)),
        "g": rng.normal(size=4),
    },
)


# Dao-AILab/quack#53: the gradient of the residual was added to that of the output before it went back through the
# norm, where it should be added after.
@wrong(RESIDUAL_RMS, w=("extra-factor", ("kept", "n", "r", "s")))
def residual_goes_back_through_the_norm(x, f, t, u, w, g):
    res_out = x + f @ w
    rstd = 1 / np.sqrt(np.mean(res_out**2, axis=-1, keepdims=True) + 1e-6)
    hat = res_out * rstd
    dout = 2 * (hat * g - t)
    dres_out = u
    wdy = dres_out + dout * g
    dres = rstd * (wdy - hat * np.mean(wdy * hat, axis=-1, keepdims=True))
    return {"w": f.T @ dres, "g": np.sum(dout * hat, axis=0)}


@cr.function(x="N d", t="N h", w="d h", g="h", b="h")
def normalised_columns(x, t, w, g, b):
    a = x @ w
    m = a.mean(axis=0)
    c = a - m
    v = (c**2).mean(axis=0)
    n = c / np.sqrt(v + 1e-5)
    y = n * g + b
    return ((y - t) ** 2).sum() / x.shape[0]


NORMALISED_COLUMNS = Model("batch norm", normalised_columns, NORMALISED_ROWS.point)


# denizyuret/Knet.jl#288: dy was multiplied by the scale, but everything after it used dy/σ, computed before that.
@wrong(NORMALISED_COLUMNS, w=("missing-factor", "y"))
def scale_applied_too_late(x, t, w, g, b):
    a = x @ w
    x_mu = a - a.mean(0)
    ivar = 1 / np.sqrt(a.var(0) + 1e-5)
    dy = 2 * (x_mu * ivar * g + b - t) / len(a)
    dyivar = dy * ivar
    dg = np.sum(x_mu * dyivar, axis=0)
    db = np.sum(dy, axis=0)
    dy = g * dy
    m = a.shape[0]
    dsigma2 = -0.5 * np.sum(dyivar * x_mu * ivar**2, axis=0)
    dmu = -np.sum(dyivar, axis=0) - 2 * dsigma2 * np.sum(x_mu, axis=0) / m
    dx = dyivar + dsigma2 * 2 * x_mu / m + dmu / m
    return {"w": x.T @ dx, "g": dg, "b": db}


# deeplearning4j/deeplearning4j#8335 (put right in #8379): the gradient of batch norm's input lacked what goes through
# the mean and the variance.
@wrong(NORMALISED_COLUMNS, w=("detached", ("m", "v", "c", "n")))
def mean_and_variance_as_constants(x, t, w, g, b):
    a = x @ w
    mean, variance = a.mean(axis=0), a.var(axis=0)
    std_inv = 1.0 / np.sqrt(variance + 1e-5)
    hat = (a - mean) * std_inv
    eps_next = 2.0 * (g * hat + b - t) / a.shape[0]
    grad_gamma = (eps_next * hat).sum(axis=0)
    grad_beta = eps_next.sum(axis=0)
    grad_in = eps_next * (g * std_inv)
    return {"w": x.T @ grad_in, "g": grad_gamma, "b": grad_beta}


# abhiskk/ladder#2: the variance of the batch was computed from values cut off from the gradient.
@wrong(NORMALISED_COLUMNS, w=("detached", "v"))
def variance_as_a_constant(x, t, w, g, b):
    a = x @ w
    centred = a - a.mean(axis=0, keepdims=True)
    std = np.sqrt(np.mean(centred**2, axis=0) + 1e-5)
    out = centred / std * g + b
    dout = 2 / a.shape[0] * (out - t)
    dcentred = dout * g / std
    da = dcentred - dcentred.mean(axis=0, keepdims=True)
    return {"w": x.T @ da, "g": np.sum(dout * centred / std, axis=0), "b": np.sum(dout, axis=0)}


# ----------------------------------------------------------------------------------- recurrence and attention


@cr.function(
    z="N e",
    c0="N h",
    t="N h",
    wf="e h",
    bf="h",
    wi="e h",
    bi="h",
    wg="e h",
    bg="h",
    wo="e h",
    bo="h",
)
def memory_cell(z, c0, t, wf, bf, wi, bi, wg, bg, wo, bo):
    f = cr.sigmoid(z @ wf + bf)
    i = cr.sigmoid(z @ wi + bi)
    g = np.tanh(z @ wg + bg)
    o = cr.sigmoid(z @ wo + bo)
    c = f * c0 + i * g
    h = o * np.tanh(c)
    return ((h - t) ** 2).sum()


MEMORY_CELL = Model(
    "a step of an LSTM",
    memory_cell,
    lambda rng: {
        "z": rng.normal(size=(7, 5)),
        "c0": rng.normal(size=(7, 3)),
        "t": rng.normal(size=(7, 3)),
        **{f"w{gate}": rng.normal(size=(5, 3)) for gate in "figo"},
        **{f"b{gate}": rng.normal(size=3) for gate in "figo"},
    },
)


# CaptainE/RNN-LSTM-in-numpy#1: for the forget gate, the call of sigmoid lacked the flag that asks for its derivative,
# so the sigmoid itself was the factor.
@wrong(MEMORY_CELL, wf=("wrong-factor", "f"), bf=("wrong-factor", "f"))
def forget_gate_without_the_derivative_flag(z, c0, t, wf, bf, wi, bi, wg, bg, wo, bo):
    def sigmoid(value, derivative=False):
        if derivative:
            return value * (1 - value)
        return 1 / (1 + np.exp(-value))

    f, i, o = sigmoid(z @ wf + bf), sigmoid(z @ wi + bi), sigmoid(z @ wo + bo)
    g = np.tanh(z @ wg + bg)
    c = f * c0 + i * g
    dh = 2 * (o * np.tanh(c) - t)
    do = dh * np.tanh(c) * sigmoid(o, derivative=True)
    dc = dh * o * (1 - np.tanh(c) ** 2)
    dg = dc * i * (1 - g * g)
    di = dc * g * sigmoid(i, derivative=True)
    df = dc * c0
    df = sigmoid(f) * df
    return {
        "wf": z.T @ df,
        "bf": df.sum(axis=0),
        "wi": z.T @ di,
        "bi": di.sum(axis=0),
        "wg": z.T @ dg,
        "bg": dg.sum(axis=0),
        "wo": z.T @ do,
        "bo": do.sum(axis=0),
    }


# hanbt/learn_dl#53: the gradients of the biases of the input and of the output gate were read from the list of the
# forget gate's errors.
@wrong(
    MEMORY_CELL,
    bi=[("mislabelled", "i"), ("wrong-operand", "i")],
    bo=[("mislabelled", "o"), ("wrong-operand", "o")],
)
def biases_from_the_forget_gates_errors(z, c0, t, wf, bf, wi, bi, wg, bg, wo, bo):
    gate_f = 1 / (1 + np.exp(-(z @ wf + bf)))
    gate_i = 1 / (1 + np.exp(-(z @ wi + bi)))
    gate_o = 1 / (1 + np.exp(-(z @ wo + bo)))
    candidate = np.tanh(z @ wg + bg)
    state = gate_f * c0 + gate_i * candidate
    delta_h = 2 * (gate_o * np.tanh(state) - t)
    delta_o = delta_h * np.tanh(state) * gate_o * (1 - gate_o)
    delta_c = delta_h * gate_o / np.cosh(state) ** 2
    delta_f = delta_c * c0 * gate_f * (1 - gate_f)
    delta_i = delta_c * candidate * gate_i * (1 - gate_i)
    delta_g = delta_c * gate_i * (1 - candidate**2)
    grads = {
        "wf": z.T.dot(delta_f),
        "wi": z.T.dot(delta_i),
        "wo": z.T.dot(delta_o),
        "wg": z.T.dot(delta_g),
    }
    grads["bf"] = delta_f.sum(axis=0)
    grads["bi"] = delta_f.sum(axis=0)
    grads["bo"] = delta_f.sum(axis=0)
    grads["bg"] = delta_g.sum(axis=0)
    return grads


# ddbourgin/numpy-ml#42: the forward pass of the cell added the output gate's bias in the forget and the update gate
# too (copied and not changed).
@wrong(
    MEMORY_CELL,
    loss=("forward", "loss"),
    **{name + gate: ("forward", "loss") for name in "wb" for gate in "figo"},
)
def every_gate_with_the_bias_of_the_output_gate(z, c0, t, wf, bf, wi, bi, wg, bg, wo, bo):
    def sig(v):
        return 1 / (1 + np.exp(-v))

    go, gf, gu, gc = sig(z @ wo + bo), sig(z @ wf + bo), sig(z @ wi + bo), np.tanh(z @ wg + bg)
    ct = gf * c0 + gu * gc
    err = go * np.tanh(ct) - t
    dat = 2 * err
    d_go = dat * np.tanh(ct) * go * (1 - go)
    dct = dat * go * (1 - np.tanh(ct) ** 2)
    d_gf = dct * c0 * gf * (1 - gf)
    d_gu = dct * gc * gu * (1 - gu)
    d_gc = dct * gu * (1 - gc**2)
    return (err**2).sum(), {
        "wo": z.T @ d_go,
        "bo": d_go.sum(0),
        "wf": z.T @ d_gf,
        "bf": d_gf.sum(0),
        "wi": z.T @ d_gu,
        "bi": d_gu.sum(0),
        "wg": z.T @ d_gc,
        "bg": d_gc.sum(0),
    }


@cr.function(x1="N d", x2="N d", t1="N h", t2="N h", wf="d h", wg="d h", wo="d h")
def two_steps(x1, x2, t1, t2, wf, wg, wo):
    f1 = cr.sigmoid(x1 @ wf)
    o1 = cr.sigmoid(x1 @ wo)
    c1 = (1 - f1) * np.tanh(x1 @ wg)
    h1 = o1 * np.tanh(c1)
    f2 = cr.sigmoid(x2 @ wf)
    o2 = cr.sigmoid(x2 @ wo)
    c2 = f2 * c1 + (1 - f2) * np.tanh(x2 @ wg)
    h2 = o2 * np.tanh(c2)
    return ((h1 - t1) ** 2).sum() + ((h2 - t2) ** 2).sum()


TWO_STEPS = Model(
    "two steps of a cell with memory",
    two_steps,
    lambda rng: {
        "x1": rng.normal(size=(7, 3)),
        "x2": rng.normal(size=(7, 3)),
        "t1": rng.normal(size=(7, 4)),
        "t2": rng.normal(size=(7, 4)),
        "wf": rng.normal(size=(3, 4)),
        "wg": rng.normal(size=(3, 4)),
        "wo": rng.normal(size=(3, 4)),
    },
)


# apache/mxnet#4057: the gradient of the cell's state was assigned from the step's own output, where it should be
# added to what the later step had sent.
@wrong(TWO_STEPS, wf=("missing-term", ("c2", "c1")), wg=("missing-term", ("c2", "c1")))
def state_gradient_assigned_and_not_added(x1, x2, t1, t2, wf, wg, wo):
    xs, ts = (x1, x2), (t1, t2)
    state = np.zeros((x1.shape[0], wf.shape[1]))
    cache = []
    for xt in xs:
        f, o, g = 1 / (1 + np.exp(-xt @ wf)), 1 / (1 + np.exp(-xt @ wo)), np.tanh(xt @ wg)
        before, state = state, f * state + (1 - f) * g
        cache.append((f, o, g, before, state))
    grads = {name: np.zeros_like(w) for name, w in (("wf", wf), ("wg", wg), ("wo", wo))}
    dct = np.zeros_like(state)
    for step in (1, 0):
        f, o, g, before, state = cache[step]
        dht = 2 * (o * np.tanh(state) - ts[step])
        dct = dht * o * (1 - np.tanh(state) ** 2)
        grads["wo"] += xs[step].T @ (dht * np.tanh(state) * o * (1 - o))
        grads["wf"] += xs[step].T @ (dct * (before - g) * f * (1 - f))
        grads["wg"] += xs[step].T @ (dct * (1 - f) * (1 - g**2))
        dct = dct * f
    return grads


@cr.function(q="n d", k="m d", v="m e", t="n e")
def attention(q, k, v, t):
    s = q @ k.T / 2
    p = cr.softmax(s)
    o = p @ v
    return ((o - t) ** 2).sum()


ATTENTION = Model(
    "attention",
    attention,
    lambda rng: {
        "q": rng.normal(size=(5, 4)),
        "k": rng.normal(size=(6, 4)),
        "v": rng.normal(size=(6, 3)),
        "t": rng.normal(size=(5, 3)),
    },
)


# Dao-AILab/flash-attention#78: the variant that packs keys and values asked in its backward pass for the name of the
# variant that packs all three, which it does not have.
@wrong(
    ATTENTION,
    q=("does-not-evaluate", ("o", "s", "p")),
    k=("does-not-evaluate", ("o", "s", "p")),
    v=("does-not-evaluate", ("o", "s", "p")),
)
def packed_array_under_the_neighbours_name(q, k, v, t):
    class Context:
        pass

    ctx = Context()
    ctx.q, ctx.kv = q, (k, v)
    s = q @ k.T / 2
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    do = 2 * (p @ v - t)
    dp = do @ ctx.qkv[1].T
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / 2
    return {"q": ds @ ctx.qkv[0], "k": ds.T @ ctx.q, "v": p.T @ do}

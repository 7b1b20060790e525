"""What the tests of the frontend share: an engine that interprets, a network, a few arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.frontend import Function, Traced
from chainrule.ir import registry
from chainrule.ir.node import Input
from chainrule.run.interpret import bind, interpret

relu = registry.record("relu")


def engine(function: Function, bound: dict[str, Any]) -> Any:
    traced = function.trace(bound)
    values = traced.flatten(bound)
    return traced.unflatten(interpret(traced.graph.outputs, values, sizes=bind(traced.graph.inputs, values)))


def traced(f: Callable[..., Any], *args: Any, **shapes: Any) -> Traced:
    function = Function(f, engine, shapes)
    return function.trace(function.bind(args, {}) if args else None)


def named(t: Traced) -> list[str]:
    """The names of what is no input, in order."""
    return [text for node, text in t.graph.names.items() if not isinstance(node, Input)]


def loss(x, y, w1, b1, w2, b2):
    l1 = relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


NETWORK = {"x": "N d", "y": "N k", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k"}

A = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
B = np.array([[0.2, 0.9], [-0.5, 0.8], [1.3, -0.4]])
V = np.array([0.5, -0.7, 1.9])

"""The public names, pinned: what users import does not come or go by accident."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import chainrule as cr
import chainrule.ops

OWN = {
    "ArgumentError", "ChainruleError", "ClosedForm", "Derivation", "DerivativeError", "Elementwise", "Interval",
    "Reduction", "Run", "ShapeError", "TraceError", "activation", "adagrad", "adam", "adamw", "binary_cross_entropy",
    "check", "cross_entropy", "dense", "derive", "function", "glossary", "grad", "gradient_descent", "hessian", "hvp",
    "initialiser", "jacobian", "jvp", "load", "log_softmax", "momentum", "mse", "name", "nesterov", "networks",
    "one_hot", "parse", "picture", "register", "rmsprop", "schedules", "sgd", "softmax", "source", "train",
    "unregister", "value_and_grad", "vjp",
}  # fmt: skip
"""All but the operations, whose files say themselves what they export."""


def operations() -> list[str]:
    modules = [importlib.import_module(f"chainrule.ops.{m.name}") for m in pkgutil.iter_modules(chainrule.ops.__path__)]
    return [name for module in modules for name in module.__all__]


def test_the_public_names_are_these_and_what_the_operations_export() -> None:
    assert sorted(cr.__all__) == sorted([*OWN, *operations()])
    assert len(set(cr.__all__)) == len(cr.__all__)


def test_every_public_name_is_there_and_says_what_it_does() -> None:
    for name in cr.__all__:
        value = getattr(cr, name)
        assert value.__doc__, name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_operation"):
        cr.no_such_operation  # noqa: B018

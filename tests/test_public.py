"""The public names, pinned: what users import does not come or go by accident."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import chainrule as cr
import chainrule.frontend.library
import chainrule.ops

OWN = {
    "ArgumentError", "ChainruleError", "ClosedForm", "Derivation", "DerivativeError", "Elementwise", "Interval",
    "Reduction", "Run", "ShapeError", "TraceError", "Whole", "adagrad", "adam", "adamw",
    "check", "check_steps", "compile", "derive", "function", "glossary", "grad", "gradient_descent", "hessian", "hvp",
    "initialiser", "jacobian", "jvp", "load", "momentum", "name", "nesterov", "networks",
    "parse", "picture", "register", "rmsprop", "schedules", "sgd", "source", "testing", "train",
    "unregister", "value_and_grad", "vjp",
}  # fmt: skip
"""All but the operations, layers and losses, whose files say themselves what they export."""


def exported(package: ModuleType) -> list[str]:
    """What the files of a package export; those that do not say so export nothing."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    return [name for module in modules for name in getattr(module, "__all__", ())]


def test_the_public_names_are_these_and_what_the_operations_layers_and_losses_export() -> None:
    assert sorted(cr.__all__) == sorted([*OWN, *exported(chainrule.ops), *exported(chainrule.frontend.library)])
    assert len(set(cr.__all__)) == len(cr.__all__)


def test_every_public_name_is_there_and_says_what_it_does() -> None:
    for name in cr.__all__:
        value = getattr(cr, name)
        assert value.__doc__, name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_operation"):
        cr.no_such_operation  # noqa: B018

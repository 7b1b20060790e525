"""Custom derivatives of PyTorch and JAX as functions that give gradients; neither is imported unless it is there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..frontend.function import Function


def adapted(candidate: Any, function: Function) -> Any:
    """A torch.autograd.Function or jax.custom_vjp as a function of the arguments and ``upstream``; others as they are.

    They are called with the function's arguments in their order.
    """
    if isinstance(candidate, type) and all(callable(getattr(candidate, n, None)) for n in ("apply", "backward")):
        return _named(_of_torch(candidate), function)
    if callable(getattr(candidate, "defvjp", None)):
        return _named(_of_jax(candidate), function)
    return candidate


def _named(gradients: Callable[..., dict[str, Any]], function: Function) -> Callable[..., dict[str, Any]]:
    """The function with the names of its arguments to be read off, as if it had been written with them."""
    kind = inspect.Parameter.KEYWORD_ONLY
    names = [*function.signature.parameters, "upstream"]
    gradients.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
    return gradients


def _of_torch(custom: Any) -> Callable[..., dict[str, Any]]:
    def gradients(upstream: Any, **arguments: Any) -> dict[str, Any]:
        import torch

        tensors = {name: torch.tensor(np.asarray(value)) for name, value in arguments.items()}
        for tensor in tensors.values():
            tensor.requires_grad_(tensor.is_floating_point())
        result = custom.apply(*tensors.values())
        result.backward(torch.as_tensor(np.asarray(upstream), dtype=result.dtype))
        return {name: np.zeros(t.shape) if t.grad is None else t.grad for name, t in tensors.items()}

    return gradients


def _of_jax(custom: Any) -> Callable[..., dict[str, Any]]:
    def gradients(upstream: Any, **arguments: Any) -> dict[str, Any]:
        import jax

        # Else all would be in single precision, which is no mistake of theirs.
        has_it = hasattr(jax, "enable_x64")
        enable: Any = jax.enable_x64 if has_it else jax.experimental.enable_x64  # type: ignore[attr-defined]
        with enable(True):
            result, pulled_back = jax.vjp(custom, *(jax.numpy.asarray(value) for value in arguments.values()))
            found = pulled_back(jax.numpy.asarray(upstream, result.dtype))
            return {name: np.asarray(g) for name, g in zip(arguments, found, strict=True)}

    return gradients

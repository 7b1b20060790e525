"""The same training by others, each as fast as it can be had; a process each (`python -m bench.peers`).

A module has ``make(task, x, y, variant) -> Peer``.
"""

from __future__ import annotations

from typing import Protocol

from ..tasks import Layers, Task

PEERS = {
    "chainrule": ("by_chainrule", ""),
    "NumPy by hand": ("by_numpy", ""),
    "PyTorch eager": ("by_torch", ""),
    "PyTorch compiled": ("by_torch", "default"),
    "PyTorch max-autotune": ("by_torch", "max-autotune"),
    "JAX jit a step": ("by_jax", "step"),
    "JAX loop inside jit": ("by_jax", "loop"),
    "scikit-learn": ("by_sklearn", ""),
}
"""By name, the module and the variant."""


class Peer(Protocol):
    """A training that can be begun anew and goes on."""

    def begin(self, layers: Layers, optimizer: str, rate: float) -> None:
        """Begin with these parameters and the first batch."""

    def steps(self, count: int) -> None:
        """Take so many steps, and return when they are taken."""

    def parameters(self) -> Layers:
        """The parameters as they are now."""


def can(name: str, task: Task) -> bool:
    """Whether a peer has what a task needs."""
    return not (name == "scikit-learn" and task.activation == "gelu")

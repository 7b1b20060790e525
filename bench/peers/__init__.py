"""The same training by others, each as fast as it can be had; a process each (`python -m bench.peers`).

A module has ``make(task, x, y, variant) -> Peer``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..tasks import Task

if TYPE_CHECKING:
    # It imports chainrule, which the others' processes do without.
    from ..network_tasks import NetworkTask

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
    """A training that can be begun anew and goes on; parameters are in layers."""

    def begin(self, layers: Any, optimizer: str, rate: float) -> None:
        """Begin with these parameters and the first batch."""

    def steps(self, count: int) -> None:
        """Take so many steps, and return when they are taken."""

    def parameters(self) -> Any:
        """The parameters as they are now."""


NETWORKS = {
    "chainrule": ("by_chainrule", ""),
    **{name: ("torch_networks", mode) for name, (module, mode) in PEERS.items() if module == "by_torch"},
    **{name: ("jax_networks", mode) for name, (module, mode) in PEERS.items() if module == "by_jax"},
}
"""The same for networks that are not dense."""


def peers_of(task: Task | NetworkTask) -> dict[str, tuple[str, str]]:
    """Those that are tried."""
    return PEERS if isinstance(task, Task) else NETWORKS


def can(name: str, task: Task | NetworkTask) -> bool:
    """Whether a peer has what a task needs."""
    return not isinstance(task, Task) or not (name == "scikit-learn" and task.activation == "gelu")

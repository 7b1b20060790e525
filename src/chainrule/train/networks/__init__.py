"""Networks to begin with: each a loss whose arguments are x, y and named parameters, with what they begin as.

    net = cr.networks.mlp([64, 32, 10])
    run = cr.train(net.loss, net.init(seed=0), {"x": X, "y": Y})
    net.predict(run.parameters, X)

They are built from the library's own layers, so their gradients can be derived, printed and drawn as any other.
"""

from __future__ import annotations

from typing import Any

from ...ir.errors import ArgumentError
from .mlp import Mlp, dense, mlp
from .network import LOSSES, Network, Parameter, network_of
from .residual import ResidualMlp, residual_mlp

__all__ = ["LOSSES", "Network", "Parameter", "dense", "from_spec", "mlp", "network_of", "residual_mlp"]

_KINDS: dict[str, type[Network]] = {kind.kind: kind for kind in (Mlp, ResidualMlp)}


def from_spec(spec: Any) -> Network:
    """The network of a `Network.spec`. Raises ArgumentError where it is none."""
    kind = _KINDS.get(str(spec.get("kind"))) if isinstance(spec, dict) else None
    if kind is None or set(spec) != {"kind", *kind.settings()}:
        raise ArgumentError(f"this is no network that chainrule knows: {spec!r:.80}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in spec.items()}
    return kind(**{name: values["loss" if name == "loss_name" else name] for name in kind.fields()})

"""Networks to begin with: each a loss whose arguments are x, y and named parameters, with what they begin as.

    net = cr.networks.mlp([64, 32, 10])
    run = cr.train(net.loss, net.init(seed=0), {"x": X, "y": Y})
    net.predict(run.parameters, X)

They are built from the library's own layers, so their gradients can be derived, printed and drawn as any other.
"""

from __future__ import annotations

from typing import Any

from ...ir.errors import ArgumentError
from .cnn import Cnn, cnn
from .mlp import Mlp, mlp
from .network import LOSSES, Network, Parameter, network_of
from .residual import ResidualMlp, residual_mlp
from .transformer import TransformerEncoder, transformer_encoder

__all__ = [
    "LOSSES",
    "Network",
    "Parameter",
    "cnn",
    "from_spec",
    "mlp",
    "network_of",
    "residual_mlp",
    "transformer_encoder",
]

_KINDS: dict[str, Any] = {kind.kind: kind for kind in (Mlp, Cnn, ResidualMlp, TransformerEncoder)}


def from_spec(spec: Any) -> Network:
    """The network of a `Network.spec`. Raises ArgumentError where it is none."""
    kind = _KINDS.get(str(spec.get("kind"))) if isinstance(spec, dict) else None
    if kind is None or set(spec) != {"kind", *kind.settings()}:
        raise ArgumentError(f"this is no network that chainrule knows: {spec!r:.80}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in spec.items()}
    made: Network = kind(**{field: values[name] for field, name in zip(kind.fields(), kind.settings(), strict=True)})
    return made

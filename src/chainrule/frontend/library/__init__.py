"""Layers and losses, written with the operations alone: none has a derivative rule of its own.

Each takes traced arrays, and plain ones as well. What must be stable rests on an operation that is (`logsumexp`,
`softplus`), never on a trick in here. A loss refuses shapes that would broadcast.
"""

from . import layers as _layers
from . import losses as _losses
from . import probabilities as _probabilities
from .layers import *
from .losses import *
from .probabilities import *

__all__: list[str] = []
__all__ += _layers.__all__
__all__ += _losses.__all__
__all__ += _probabilities.__all__

"""Layers and losses, written with the operations alone: none has a derivative rule of its own.

Each takes traced arrays, and plain ones as well. What must be stable rests on an operation that is (`logsumexp`,
`softplus`), never on a trick in here. A loss refuses shapes that would broadcast.
"""

from . import attention as _attention
from . import classification as _classification
from . import convolution as _convolution
from . import layers as _layers
from . import losses as _losses
from . import normalisation as _normalisation
from . import probabilities as _probabilities
from . import recurrent as _recurrent
from .attention import *
from .classification import *
from .convolution import *
from .layers import *
from .losses import *
from .normalisation import *
from .probabilities import *
from .recurrent import *

__all__: list[str] = []
__all__ += _attention.__all__
__all__ += _classification.__all__
__all__ += _convolution.__all__
__all__ += _layers.__all__
__all__ += _losses.__all__
__all__ += _normalisation.__all__
__all__ += _probabilities.__all__
__all__ += _recurrent.__all__

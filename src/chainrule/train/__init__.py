"""Training: optimisers that are graphs, networks with named parameters, the loop, and what it leaves behind."""

from . import networks
from .loop import TrainingStopped, train
from .networks import Network
from .optimisers import Optimizer, adam, gradient_descent, momentum, sgd
from .run import Run, RunError, load

__all__ = [
    "Network",
    "Optimizer",
    "Run",
    "RunError",
    "TrainingStopped",
    "adam",
    "gradient_descent",
    "load",
    "momentum",
    "networks",
    "sgd",
    "train",
]

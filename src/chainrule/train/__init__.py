"""Training: optimisers that are graphs, networks with named parameters, the loop, and what it leaves behind."""

from . import networks, schedules
from .loop import TrainingStopped, train
from .networks import Network
from .optimisers import Optimizer, adagrad, adam, adamw, gradient_descent, momentum, nesterov, rmsprop, sgd
from .run import Run, RunError, load
from .schedules import Schedule

__all__ = [
    "Network",
    "Optimizer",
    "Run",
    "RunError",
    "Schedule",
    "TrainingStopped",
    "adagrad",
    "adam",
    "adamw",
    "gradient_descent",
    "load",
    "momentum",
    "nesterov",
    "networks",
    "rmsprop",
    "schedules",
    "sgd",
    "train",
]

"""From a graph to a program: in which order sums of products are contracted, and which values are held in variables."""

from .contraction import pairwise
from .matrices import matrices
from .schedule import Line, schedule

__all__ = ["Line", "matrices", "pairwise", "schedule"]

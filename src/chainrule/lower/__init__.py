"""From a graph to a program: in which order sums of products are contracted, and which values are held in variables."""

from .contraction import pairwise
from .schedule import Line, schedule

__all__ = ["Line", "pairwise", "schedule"]

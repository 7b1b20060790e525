"""Rewriting: rules as data, in phases, each with a measure that every application lowers."""

from .. import ops as _ops  # noqa: F401 - the rules name operations, which this enters
from .canonical import canonical
from .engine import Applied, Phase, RewriteError, apply_phase, rewrite
from .phases import FACTOR, PHASES, STABLE, TELL, TIDY, simplify, stabilise
from .rule import Rule
from .telling import told

__all__ = [
    "FACTOR",
    "PHASES",
    "STABLE",
    "TELL",
    "TIDY",
    "Applied",
    "Phase",
    "RewriteError",
    "Rule",
    "apply_phase",
    "canonical",
    "rewrite",
    "simplify",
    "stabilise",
    "told",
]

"""How a user says it: a Python function that is traced, or a formula as text."""

from .arguments import Declared
from .function import Engine, Function
from .names import name
from .parse import parse
from .source import FormulaError
from .trace import Traced

__all__ = ["Declared", "Engine", "FormulaError", "Function", "Traced", "name", "parse"]

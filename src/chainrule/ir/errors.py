"""Errors that name the user's own thing: the line of their function, the shapes, what would fit."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep

place: ContextVar[Callable[[], str] | None] = ContextVar("place", default=None)
"""Where in the user's text we are, when what runs is not Python but a formula."""


class ChainruleError(Exception):
    """Base of every error that chainrule raises on purpose."""


class ShapeError(ChainruleError, ValueError):
    """Shapes that do not fit together."""


class TraceError(ChainruleError, TypeError):
    """Something was asked of a traced array that only a number could answer."""


class ArgumentError(ChainruleError, TypeError):
    """An argument is missing, misspelt, superfluous or of the wrong kind."""


class DerivativeError(ChainruleError, ValueError):
    """A derivative was asked for that does not exist here."""


def user_line() -> str:
    """Where in the user's code we are: ``in loss, line 5:  l1 = relu(x @ w1)``; "" when it cannot be told."""
    told = place.get()
    if told is not None:
        return told()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_PACKAGE) and "numpy" not in Path(filename).parts:
            text = linecache.getline(filename, frame.f_lineno).strip()
            where = f"in {frame.f_code.co_name}, line {frame.f_lineno}"
            return f"{where}:  {text}" if text else where
        frame = frame.f_back
    return ""


def at_user_line(message: str) -> str:
    """The message with the user's line under it."""
    where = user_line()
    return f"{message}\n  {where}" if where else message

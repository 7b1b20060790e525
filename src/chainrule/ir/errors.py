"""Errors that name the user's own thing: the line of their function, the shapes, what would fit."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
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
    frame, _ = _user_frame()
    if frame is None:
        return ""
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    where = f"in {frame.f_code.co_name}, line {frame.f_lineno}"
    return f"{where}:  {text}" if text else where


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning at the line of the user's code that we were called from."""
    warnings.warn(message, category, stacklevel=_user_frame()[1] + 1)


def _user_frame() -> tuple[FrameType | None, int]:
    """The innermost frame that is neither ours nor NumPy's, and how far up it is for the function that asks."""
    frame: FrameType | None = sys._getframe(1)
    level = 0
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_PACKAGE) and "numpy" not in Path(filename).parts:
            break
        frame, level = frame.f_back, level + 1
    return frame, level


def at_user_line(message: str) -> str:
    """The message with the user's line under it."""
    where = user_line()
    return f"{message}\n  {where}" if where else message

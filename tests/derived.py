"""Derivations that several tests look at, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import chainrule as cr


def derived(function: Any, wrt: str | Sequence[str] | None = None, form: str = "matrix") -> cr.Derivation:
    """What `cr.derive` tells of this function; the same object when it is asked for again."""
    return _derived(function, wrt if wrt is None or isinstance(wrt, str) else tuple(wrt), form)


@cache
def _derived(function: Any, wrt: str | tuple[str, ...] | None, form: str) -> cr.Derivation:
    return cr.derive(function, wrt, form)

"""What a page of the gallery is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A derivation that is kept: of ``function``, by ``wrt``, in a ``form``; ``about`` is one sentence for a reader."""

    slug: str
    title: str
    about: str
    function: Any
    wrt: str | list[str]
    form: str
    at: Mapping[str, Any] = field(default_factory=dict)
    beside: Any = None
    """The same function with samples as columns."""

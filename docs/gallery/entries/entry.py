"""What a page of the gallery is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def in_forms(
    slug: str, title: str, about: str, function: Any, wrt: str | list[str], forms: Sequence[str]
) -> tuple[Entry, ...]:
    """An entry for each form; the first has the slug and the title by itself."""
    first, *others = forms
    return (
        Entry(slug, title, about, function, wrt, first),
        *(Entry(f"{slug}-{form}", f"{title}: {_FORM[form]}", about, function, wrt, form) for form in others),
    )


_FORM = {
    "matrix": "in a table",
    "components": "in components",
    "deltas": "by its errors",
    "substitution": "by substitution",
}

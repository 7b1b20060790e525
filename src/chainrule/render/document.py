"""The door for whole tellings: one written in a notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.telling import Telling
from .page import Page
from .page_html import HtmlPage
from .page_json import JsonPage
from .page_latex import LatexPage
from .page_markdown import MarkdownPage
from .page_text import TextPage

NOTATIONS: Mapping[str, type[Page[Any]]] = {
    "text": TextPage,
    "latex": LatexPage,
    "markdown": MarkdownPage,
    "html": HtmlPage,
    "json": JsonPage,
}
"""Every notation by its name."""


def write(told: Telling, notation: str, error: float, *, whole: bool = True) -> str:
    """The telling in a notation; ``error`` is the figure beside the tick. Without ``whole``, to stand inside a page."""
    page = NOTATIONS[notation](told, error)
    return page.document() if whole else page.fragment()

"""The text of a formula, and errors that show the place in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ..ir.errors import ChainruleError

_WIDTH = 100


class FormulaError(ChainruleError, ValueError):
    """A formula that is refused: it is no mathematics, or asks for too much."""


@dataclass(frozen=True)
class Source:
    """A formula's text; places in it are character positions."""

    text: str

    def show(self, start: int, end: int) -> str:
        """The line around a place, with a caret under it; a long line is cut."""
        start = min(start, len(self.text))
        first = self.text.rfind("\n", 0, start) + 1
        line = self.text[first:].partition("\n")[0]
        column, width = start - first, max(1, end - start)
        cut = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
        # What cannot be printed must not reach a terminal.
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line[cut : cut + _WIDTH])
        width = min(width, max(1, len(shown) - (column - cut)))
        before, after = "… " if cut else "", " …" if cut + _WIDTH < len(line) else ""
        return f"{before}{shown}{after}\n  {' ' * (column - cut + len(before))}{'^' * width}"

    def error(self, message: str, start: int, end: int) -> FormulaError:
        """The error for a place."""
        return FormulaError(f"{message}\n  {self.show(start, end)}")

    def position(self, line: int, column: int) -> int:
        """The character at a line (from 1) and a column in bytes, as `ast` counts."""
        lines = self.text.split("\n")
        before = sum(len(above) + 1 for above in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:column].decode(errors="ignore"))

    def place(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands; a node over several lines by its first."""
        assert isinstance(node, (ast.expr, ast.stmt, ast.keyword))
        start = self.position(node.lineno, node.col_offset)
        end = self.position(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        return start, min(end, len(self.text[:start]) + len(self.text[start:].partition("\n")[0]))

    def error_at(self, message: str, node: ast.AST) -> FormulaError:
        """The error for a node."""
        return self.error(message, *self.place(node))

"""The signs of a formula as people write it, in ASCII or in Unicode, one after the other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..ir import registry
from ..ir.errors import ChainruleError, place

LONGEST = 4_000

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_WORD = rf"(?:(?![ᵀ{_RAISED}])\w)*"
"""What a name goes on with. It may end in a layer's number, raised and in brackets, and a unit's below: δ⁽³⁾₁."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|[½¼¾⅓])"
    rf"|(?P<name>[^\W\dᵀ{_RAISED}]{_WORD}(?:⁽[{_RAISED}]+⁾[₀-₉]*(?:_{_WORD})?)?)|(?P<primes>[′″‴']+)"
    rf"|(?P<sign>\*\*|<=|>=|==|!=|[≤≥≠∂Σ∑√¬+\-−–*·×⊙@/^()\[\]{{}},;<>=ᵀ⊤|‖.]|[⁻{_RAISED}]+))"
)
_SPELLINGS = {"−": "-", "–": "-", "·": "*", "×": "*", "∑": "Σ", "⊤": "ᵀ", "≤": "<=", "≥": ">=", "≠": "!=", "**": "^",
              "=": "==", "{": "(", "}": ")"}  # fmt: skip


class NotationError(ChainruleError, ValueError):
    """A formula that cannot be read; the message shows the place."""


@dataclass(frozen=True)
class Token:
    """A number, a name, primes or a sign, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


def normal(text: str) -> str:
    """The text with accents in one piece. Raises NotationError where it is too long."""
    if len(text) > LONGEST:
        raise NotationError(f"a formula has at most {LONGEST:,} characters, and this one has {len(text):,}")
    return unicodedata.normalize("NFC", text).rstrip()


def tokens(text: str, names: Collection[str]) -> list[Token]:
    """The tokens of a formula. ``Ax`` is two names where neither it nor a beginning of it means something."""
    found: list[Token] = []
    where = 0
    while where < len(text):
        match = _TOKEN.match(text, where)
        if match is None or match.lastgroup is None:
            raise NotationError(f"{text[where:].strip()[0]!r} is no sign of a formula\n{shown(text, where)}")
        kind = match.lastgroup
        word = match[kind]
        start, where = match.start(kind), match.end()
        if kind == "name" and _is_product(word, text[where : where + 1], names):
            found += [Token(kind, letter, start + k, start + k + 1) for k, letter in enumerate(word)]
        else:
            found.append(Token(kind, _SPELLINGS.get(word, word), start, where))
    return found


def _is_product(word: str, following: str, names: Collection[str]) -> bool:
    """Whether a word that means nothing is one letter beside another."""
    if word in names or (following == "(" and word in registry.functions()):
        return False
    return len(word) > 1 and all(letter in names for letter in word)


def shown(text: str, start: int) -> str:
    """The formula with a mark under a place."""
    return f"  {text}\n  {' ' * start}^"


@contextmanager
def told_by_formula() -> Iterator[None]:
    """Errors of operations inside are errors in the formula, not in the line of Python that reads it."""
    token = place.set(lambda: "")
    try:
        yield
    except NotationError:
        raise
    except ChainruleError as error:
        raise NotationError(str(error)) from error
    finally:
        place.reset(token)

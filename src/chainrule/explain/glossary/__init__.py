"""The glossary: every word of a derivation, and every "why" that a learner asks, with one answer.

The answers are texts in the TOML files beside this one, a file a subject. Every number of an example is worked out by a
`Check`, which the tests evaluate. `Step.rule` and `Term.entry` name entries; `glossary.entry_for` finds them.
"""

from __future__ import annotations

import difflib
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ...ir.errors import ArgumentError

SUBJECTS: Mapping[str, str] = {
    "calculus": "Derivatives",
    "indices": "Sums and indices",
    "arrays": "Matrices and shapes",
    "network": "Networks and losses",
    "descent": "Going down",
    "computing": "Computing and checking",
}
"""The title of each file, in the order of reading."""
WIDTH = 80
"""No line is longer than this."""
_FORMULA = "    "


@dataclass(frozen=True)
class Check:
    """How the numbers of an example are found: a formula at some numbers, or its derivative by ``wrt``.

    ``shows`` are the results as the example prints them, in their order; the last digit of a decimal is rounded.
    """

    formula: str
    at: Mapping[str, Any]
    shows: tuple[str, ...]
    wrt: str = ""


@dataclass(frozen=True)
class Entry:
    """A word with its answer; ``print`` it.

    ``aliases`` are other names of it, ``rules`` the rules of a derivation's steps that it explains, ``see`` the words
    of related entries. ``text`` and ``example`` are paragraphs; one that begins with four spaces holds formulas, a line
    each.
    """

    word: str
    title: str
    subject: str
    text: tuple[str, ...]
    example: tuple[str, ...]
    checks: tuple[Check, ...]
    aliases: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    see: tuple[str, ...] = ()

    @property
    def subject_title(self) -> str:
        """The title of the subject that the entry belongs to."""
        return SUBJECTS[self.subject]

    @property
    def anchor(self) -> str:
        """What a link to the entry ends in."""
        return re.sub(r"[^\w]+", "-", self.word)

    def __str__(self) -> str:
        example = ("Example. " + self.example[0], *self.example[1:])
        lines = [self.title, "", *_lines(self.text), "", *_lines(example)]
        if self.see:
            lines += ["", *textwrap.wrap("See also: " + ", ".join(self.see), WIDTH, subsequent_indent="  ")]
        return "\n".join(lines)


class Glossary(Mapping[str, Entry]):
    """The entries by their words, in the order of reading; an alias, in capitals or not, finds its entry as well."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.word: entry for entry in entries}
        self._called: dict[str, Entry] = {}
        for entry in self._entries.values():
            for name in (entry.word, entry.title, *entry.aliases):
                other = self._called.setdefault(_plain(name), entry)
                if other is not entry:
                    raise ValueError(f"{name!r} is a name of two entries: {other.word} and {entry.word}")
        self._rules = {rule: entry for entry in self._entries.values() for rule in entry.rules}

    def __getitem__(self, word: str) -> Entry:
        return self._called[_plain(word)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entry_for(self, rule: str) -> Entry:
        """The entry that explains the rule of a step, or a term, by the name that the step gives it.

        Raises KeyError for one that no entry explains.
        """
        return self._rules.get(rule) or self[rule]

    def find(self, word: str) -> Entry:
        """The entry for what a reader asked.

        Raises ArgumentError, which names the nearest words, where there is none.
        """
        asked = _plain(word)
        found = self._called.get(asked) or next((e for rule, e in self._rules.items() if _plain(rule) == asked), None)
        if found is None:
            near = self._near(asked)
            hint = f"near it are: {', '.join(near)}" if near else "`chainrule explain` lists the words"
            raise ArgumentError(f"the glossary has no word {word!r}; {hint}")
        return found

    def _near(self, asked: str) -> list[str]:
        """Words of entries that are spelled like what was asked, or share a word with it."""
        alike = [self._called[name].word for name in difflib.get_close_matches(asked, self._called, 3, 0.7)]
        parts = {part for part in asked.split() if len(part) > 2}
        sharing = [entry.word for name, entry in self._called.items() if parts & set(name.split())]
        return list(dict.fromkeys([*alike, *sharing]))[:5]

    def __repr__(self) -> str:
        return f"<glossary of {len(self)} words: {', '.join(self)}>"


def _plain(name: str) -> str:
    """A name as it is looked up: a single sign as it stands, for Σ is not σ; words without case and marks."""
    words = " ".join(re.sub(r"[-?!]|\(\)$", " ", name).split()) or name.strip()
    return words if len(words) < 2 else words.casefold()


def _paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a text: formulas line by line, prose as one line each."""
    found = [part for part in text.strip("\n").split("\n\n") if part.strip()]
    return tuple(part if part.startswith(_FORMULA) else " ".join(part.split()) for part in found)


def _lines(paragraphs: tuple[str, ...]) -> list[str]:
    """Paragraphs as lines for a terminal, an empty one between them."""
    lines: list[str] = []
    for paragraph in paragraphs:
        formula = paragraph.startswith(_FORMULA)
        if lines:
            lines.append("")
        lines += paragraph.split("\n") if formula else textwrap.wrap(paragraph, WIDTH, break_on_hyphens=False)
    return lines


def _read(subject: str) -> Iterator[Entry]:
    """The entries of one file. Raises TypeError for a field that an entry does not have."""
    text = resources.files(__name__).joinpath(f"{subject}.toml").read_text(encoding="utf-8")
    for word, fields in tomllib.loads(text).items():
        checks = tuple(Check(**{**check, "shows": tuple(check["shows"])}) for check in fields.pop("checks"))
        answer, example = _paragraphs(fields.pop("text")), _paragraphs(fields.pop("example"))
        title = fields.pop("title")
        names = {field: tuple(values) for field, values in fields.items()}
        yield Entry(word, title, subject, answer, example, checks, **names)


glossary = Glossary(entry for subject in SUBJECTS for entry in _read(subject))
"""Every entry. ``print(glossary["learning rate"])``."""

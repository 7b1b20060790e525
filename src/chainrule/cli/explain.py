"""``chainrule explain``: what a word of a derivation means, from the glossary."""

from __future__ import annotations

from itertools import groupby

import click

import chainrule as cr

from .terminal import console, heading

EXAMPLES = """\b
Examples:
  chainrule explain                   the words
  chainrule explain chain rule
  chainrule explain why transpose
"""


@click.command(short_help="Explain a word of a derivation.", epilog=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[WORD]")
def explain(words: tuple[str, ...]) -> None:
    """Explain WORD, with a small example; without WORD, list the words.

    A word is a term ("learning rate"), a sign (δ, ⊙), a question ("why sum"), or the rule that stands beside a line of
    a derivation ("past the sum").
    """
    out = console()
    if not words:
        for subject, entries in groupby(cr.glossary.values(), lambda entry: entry.subject_title):
            heading(out, subject)
            for entry in entries:
                title = "" if entry.title.casefold() == entry.word else entry.title
                out.print(f"  {entry.word:<30} {title}".rstrip(), markup=False)
        return
    title, _, answer = str(cr.glossary.find(" ".join(words))).partition("\n")
    heading(out, title)
    out.print(answer, markup=False)

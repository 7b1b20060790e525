"""The table of mutants in docs/testing.md, between its markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.mutants.mutators import MUTATORS
from tests.mutants.results import Results, equivalents, named
from tests.mutants.sites import mutants
from tests.mutants.targets import TARGETS
from tests.mutants.trial import PACKAGE, ROOT

PAGE = ROOT / "docs" / "testing.md"
BEGIN, END = "<!-- mutants: begin (make mutants ARGS=--report) -->", "<!-- mutants: end -->"
Row = tuple[str, str, str, str]
"""File, mutator, outcome, and the mutant as a line of text."""


def rows() -> Iterator[Row]:
    """Every mutant of the sources as they are now, with what became of it; "not tried" where nothing is known."""
    kept, listed = Results(), equivalents()
    for target in TARGETS:
        for path in target.files():
            file, source = str(path.relative_to(PACKAGE)), path.read_text()
            for key, mutant in named(mutants(source, target.scope)):
                found = kept.of(file, key, mutant)
                if found == "survived" and any(e.is_of(file, mutant) for e in listed):
                    found = "equivalent"
                yield file, mutant.mutator, found, f"{file}:{mutant.line} {mutant.before} → {mutant.after}"


def table(head: str, groups: dict[str, Counter[str]], what: dict[str, str] | None = None) -> str:
    """A line for each group: how many mutants there are, and what became of them."""
    told = " what it does |" if what else ""
    lines = [f"| {head} |{told} mutants | killed | equivalent | survived | not tried |"]
    lines.append("|---|" + ("---|" if what else "") + "--:|" * 5)
    total: Counter[str] = Counter()
    for name, counts in groups.items():
        total += counts
        lines.append(_line(f"`{name}`" if not what else name, counts, what[name] if what else None))
    lines.append(_line("**together**", total, "" if what else None))
    return "\n".join(lines)


def _line(name: str, counts: Counter[str], what: str | None) -> str:
    numbers = [sum(counts.values()), *(counts[k] for k in ("killed", "equivalent", "survived", "not tried"))]
    return f"| {name} |{'' if what is None else f' {what} |'} " + " | ".join(map(str, numbers)) + " |"


def page_part() -> str:
    """What stands between the markers."""
    found = list(rows())
    by_file: dict[str, Counter[str]] = {}
    by_mutator: dict[str, Counter[str]] = {m.name: Counter() for m in MUTATORS}
    for file, mutator, what, _ in found:
        by_file.setdefault(file, Counter())[what] += 1
        by_mutator[mutator][what] += 1
    does = {m.name: m.what.replace("|", "\\|") for m in MUTATORS}
    return "\n\n".join([table("file", by_file), table("mutator", by_mutator, does), *_reasons()])


def _reasons() -> Iterator[str]:
    by_why: dict[str, list[str]] = {}
    for entry in equivalents():
        by_why.setdefault(entry.why, []).append(f"`{entry.file}` {entry.where}: `{entry.before}` → `{entry.after}`")
    yield "Mutants that change nothing, and why:"
    yield "\n".join(f"- {why}: {'; '.join(entries)}." for why, entries in by_why.items()).replace("|", "\\|")


def write() -> int:
    """Puts the table into the page."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{page_part()}\n\n{END}{after}")
    return 0


def summary() -> int:
    """Says what survived; 1 where something did that is not shown to be equivalent."""
    found = list(rows())
    counts = Counter(what for _, _, what, _ in found)
    print("· " + ", ".join(f"{counts[k]} {k}" for k in ("killed", "equivalent", "survived", "not tried")))
    for _, mutator, what, text in found:
        if what == "survived":
            print(f"  survived: {text}  [{mutator}]")
    return 1 if counts["survived"] else 0

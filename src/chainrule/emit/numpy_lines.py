"""How a printed program is laid out: comments in a column, long lines broken, a dict of results one to a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

WIDTH = 120
INDENT = "    "
_COLUMN = 60
"""Comments stand in one column, but no further to the right than this."""
_OPERATORS = ("+ ", "- ", "* ", "/ ", "@ ", "** ", "== ", "!= ", "<", ">", "& ", "| ")


def body(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Assignments with a comment each, indented; one without a comment stands as it is."""
    width = max((len(code) for code, _ in lines if len(code) <= _COLUMN), default=0)
    rows: list[str] = []
    for code, comment in lines:
        if "\n" in code:
            rows += code.split("\n")
        elif not comment:
            rows.append(code)
        elif len(INDENT + code) > WIDTH:
            first, *rest = broken(code)
            rows += [f"{first}  # {comment}", *rest]
        else:
            line = f"{code:<{width}}  # {comment}"
            # A comment that no longer fits has its line before the code.
            rows += [line] if len(INDENT + line) <= WIDTH else [f"# {comment}", code]
    return [INDENT + row if row else row for row in rows]


def broken(code: str) -> list[str]:
    """A long assignment over several lines, in brackets."""
    left, _, right = code.partition(" = ")
    pieces: list[str] = []
    room = WIDTH - 2 * len(INDENT)
    while len(right) > room:
        place = _break(right, room)
        if place is None:
            break
        pieces.append(right[:place])
        right = right[place + 1 :]
    return [f"{left} = (", *(INDENT + piece for piece in [*pieces, right]), ")"]


def _break(text: str, room: int) -> int | None:
    """The space where a text is broken: outside of strings, few brackets deep, before an operator, late."""
    depth, quoted = 0, False
    places: list[tuple[int, bool, int]] = []
    for i, character in enumerate(text[: room + 1]):
        quoted ^= character == '"'
        depth += (character in "([{") - (character in ")]}")
        if character == " " and not quoted:
            places.append((depth, not text.startswith(_OPERATORS, i + 1), -i))
    # A first piece that is all too short is no gain.
    late = [place for place in places if -place[2] >= room // 3]
    return -min(late or places)[2] if places else None


def returned(outputs: Sequence[str], forward: int | None, gradients: Sequence[str], result: Any) -> list[str]:
    """The return statement, indented: a tuple of the outputs; or, where some of them belong to the ``forward`` pass,
    the value in the structure of ``result``, and a dict of gradients by name if there are any.
    """
    if forward is None:
        return [f"{INDENT}return ({', '.join(outputs)},)"]
    own = outputs[:forward]
    value = structured(result if result is not None else own[0] if len(own) == 1 else tuple(own), iter(own))
    if not gradients:
        return [f"{INDENT}return {value}"]
    pairs = zip(gradients, outputs[forward:], strict=True)
    entries = [f"{literal(name)}: {text}" for name, text in pairs]
    line = f"{INDENT}return {value}, {{{', '.join(entries)}}}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{INDENT}return {value}, {{", *(f"{2 * INDENT}{entry}," for entry in entries), f"{INDENT}}}"]


def structured(tree: Any, texts: Iterator[str]) -> str:
    """A structure of dicts, lists and tuples as Python writes it, with these texts for its leaves."""
    match tree:
        case dict():
            return f"{{{', '.join(f'{literal(str(key))}: {structured(below, texts)}' for key, below in tree.items())}}}"
        case list():
            return f"[{', '.join(structured(below, texts) for below in tree)}]"
        case tuple():
            parts = [structured(below, texts) for below in tree]
            return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
        case _:
            return next(texts)


def literal(text: str) -> str:
    """A string as Python writes it, in double quotes; what cannot be printed is escaped."""
    inner = "".join(
        c if c.isprintable() and c not in '"\\' else "\\" + c if c in '"\\' else ascii(c)[1:-1] for c in text
    )
    return f'"{inner}"'


def docstring(text: str) -> list[str]:
    """A docstring that the text cannot leave, over several lines where it is long."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(c if c.isprintable() else " " for c in plain)
    words = plain.split(" ")
    lines = [words[0]]
    for word in words[1:]:
        if len(INDENT) + len(lines[-1]) + len(word) + 7 <= WIDTH:
            lines[-1] += " " + word
        else:
            lines.append(word)
    lines[0] = f'"""{lines[0]}'
    if len(lines) == 1:
        return [f'{INDENT}{lines[0]}"""']
    return [INDENT + line for line in [*lines, '"""']]


def signature(function: str, arguments: Sequence[str]) -> str:
    """The def line, or lines."""
    line = f"def {function}({', '.join(arguments)}):"
    if len(line) <= WIDTH:
        return line
    rows = [""]
    for argument in arguments:
        if len(rows[-1]) + len(argument) > WIDTH - 10:
            rows.append("")
        rows[-1] += f"{argument}, "
    return "\n".join([f"def {function}(", *(INDENT + row.rstrip() for row in rows), "):"])

"""LaTeX formulas over several lines: taken apart into what stays in one piece, measured, and put together again.

Widths are in em and on the wide side, so that what is meant to fit does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .lines import EMERGENCY, FACTOR, OPERATOR, Token, broken, extent, parts

_LEX = re.compile(
    r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\(?:left|right)\s*(?:\\[A-Za-z]+|\\.|.)|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL
)
_ONE_ARGUMENT = ["sqrt", "mathrm", "mathbf", "operatorname", "text", "hat", "bar", "tilde", "dot"]
_ONE_ARGUMENT += ["acute", "grave", "ddot", "breve", "check"]
_ARGUMENTS = {r"\frac": 2, r"\tfrac": 2} | {rf"\{name}": 1 for name in _ONE_ARGUMENT}
_SIGNS = {*"+-=<>", *(rf"\{name}" for name in ["odot", "cdot", "le", "ge", "ne", "in", "to", "times", "approx"])}
_BIG = {r"\sum", r"\prod", r"\max", r"\min"}
_OPEN, _CLOSE = (r"\left", "(", "["), (r"\right", ")", "]")
_SPACES = {r"\,": 0.17, r"\ ": 0.33, r"\quad": 1.0, r"\qquad": 2.0}
_WIDTHS = {
    **dict.fromkeys("iljtf.,:;'|!1()[] ", 0.45),
    **dict.fromkeys("mwMW", 1.05),
    **dict.fromkeys("0123456789", 0.51),
}
_COMMANDS = {r"\sum": 1.5, r"\prod": 1.35, r"\dots": 1.2, r"\log": 1.3, r"\exp": 1.6, r"\max": 2.0, r"\min": 1.9,
             r"\sin": 1.3, r"\cos": 1.4, r"\tan": 1.5, r"\tanh": 2.0, r"\infty": 1.0, r"\partial": 0.6,
             r"\ast": 0.6, r"\bigl": 0.1, r"\bigr": 0.1}  # fmt: skip
_SCRIPT = 0.72


class _Source:
    """The lexemes of a formula, read one after the other."""

    def __init__(self, latex: str) -> None:
        self.lexemes: list[str] = _LEX.findall(latex)
        self.at = 0

    def peek(self) -> str:
        """The next lexeme that is no space, "" at the end."""
        while self.at < len(self.lexemes) and self.lexemes[self.at].isspace():
            self.at += 1
        return self.lexemes[self.at] if self.at < len(self.lexemes) else ""

    def take(self) -> str:
        """That lexeme, read."""
        found = self.peek()
        self.at += 1
        return found

    def argument(self) -> str:
        """A group without its braces, or a single lexeme."""
        if self.peek() != "{":
            command = self.take()
            return command + "".join(f"{{{self.argument()}}}" for _ in range(_ARGUMENTS.get(command, 0)))
        self.take()
        return self._until("{", "}")

    def environment(self) -> str:
        """What stands between the beginning of an environment, which was read, and its end."""
        return self._until(r"\begin", r"\end")

    def _until(self, opening: str, closing: str) -> str:
        depth, start = 1, self.at
        while self.at < len(self.lexemes):
            lexeme = self.lexemes[self.at]
            self.at += 1
            depth += lexeme.startswith(opening) - lexeme.startswith(closing)
            if depth == 0:
                break
        return "".join(self.lexemes[start : self.at - 1])


def width(latex: str) -> float:
    """How wide a formula is in one line, in em."""
    return extent(tokens(latex))


def tokens(latex: str, widest: float = float("inf")) -> list[Token]:
    """A formula as tokens; a fraction, root or power of e that is wider than ``widest`` is written as a line."""
    return list(_tokens(_Source(latex), 0, widest))


def _tokens(source: _Source, depth: int, widest: float) -> Iterator[Token]:
    rank: int | None = None
    gap, gap_width, operand = "", 0.0, False
    while lexeme := source.peek():
        if lexeme in _SPACES:
            source.take()
            gap, gap_width, rank = lexeme, _SPACES[lexeme], FACTOR if operand else None
            continue
        found = list(_token(source, depth, widest))
        first = found[0]
        sign = first.text in _SIGNS and len(found) == 1
        binary = sign and operand
        begins = None if first.bracket < 0 else OPERATOR if binary else rank
        space = first.width + 0.5 if binary else first.width
        yield Token(first.text, space, first.depth, begins, gap, gap_width, first.bracket)
        yield from found[1:]
        depth = max(0, depth + first.bracket)
        gap, gap_width = "", 0.0
        operand = not (sign or first.bracket > 0 or first.text == ",") and not _is_big(first.text)
        rank = FACTOR if first.text == "," or first.bracket < 0 else EMERGENCY if operand else None


def _is_big(text: str) -> bool:
    return any(text.startswith(name) for name in _BIG)


def _token(source: _Source, depth: int, widest: float) -> Iterator[Token]:
    """The next token with its scripts; what is too wide as several."""
    lexeme = source.take()
    inner: list[str] = []
    if lexeme.startswith(r"\begin"):
        body = source.environment()
        text, across = f"{lexeme}{body}{source.lexemes[source.at - 1]}", _rows(body)
    elif lexeme == "{":
        source.at -= 1
        body = source.argument()
        text, across = f"{{{body}}}", width(body)
    else:
        inner = [source.argument() for _ in range(_ARGUMENTS.get(lexeme, 0))]
        text = lexeme + "".join(f"{{{part}}}" for part in inner)
        if lexeme[1:].isalpha() and not inner and lexeme not in _BIG:
            text += " "
        across = _command(lexeme, inner)
    scripts, more = _scripts(source)
    stacked = lexeme in _BIG
    across = max(across, more) if stacked else across + more
    bracket = (lexeme.startswith(_OPEN) and not lexeme.startswith(r"\leftarrow")) - lexeme.startswith(_CLOSE)
    if across > widest:
        opened = _opened(lexeme, inner, scripts)
        if opened is not None:
            yield from _tokens(_Source(opened), depth, widest)
            return
    yield Token((text + scripts) if scripts else text.rstrip(), across, depth - (bracket < 0), bracket=bracket)


def _scripts(source: _Source) -> tuple[str, float]:
    """Subscripts and superscripts with their width; primes too."""
    text, across = "", 0.0
    while (lexeme := source.peek()) in ("_", "^", "'"):
        source.take()
        if lexeme == "'":
            text, across = text + "'", across + 0.3
            continue
        script = source.argument()
        text += f"{lexeme}{script}" if len(script) == 1 else f"{lexeme}{{{script}}}"
        across = max(across, _SCRIPT * width(script))
    return text, across


def _command(lexeme: str, inner: Sequence[str]) -> float:
    """The width of a lexeme with its arguments."""
    if lexeme in (r"\mathrm", r"\operatorname", r"\text", r"\mathbf"):
        return prose_width(inner[0]) * 1.1
    if inner:
        return max(map(width, inner)) + {r"\frac": 0.3, r"\sqrt": 1.0}.get(lexeme, 0.1)
    if lexeme.startswith((r"\left", r"\right")) and len(lexeme) > 5:
        return 0.6
    if lexeme.startswith("\\"):
        return _COMMANDS.get(lexeme, 0.8)
    return _WIDTHS.get(lexeme, 0.8 if lexeme.isupper() or lexeme in "+-=<>" else 0.6)


def _rows(body: str) -> float:
    """The width of a matrix or a case distinction."""
    rows = [row.split("&") for row in re.split(r"\\\\", body.partition("}")[2] if body.startswith("{") else body)]
    columns = max(map(len, rows))
    across = [max((width(row[i]) for row in rows if i < len(row)), default=0.0) for i in range(columns)]
    return sum(across) + 1.0 * columns + 0.8


def _opened(lexeme: str, inner: Sequence[str], scripts: str) -> str | None:
    """What is too wide to stay in one piece, in a line: a / b for a fraction."""
    if lexeme == r"\frac":
        top, bottom = (part if len(tokens(part)) == 1 else rf"\left({part}\right)" for part in inner)
        line = f"{top} / {bottom}"
        return line if not scripts else rf"\left({line}\right){scripts}"
    if lexeme == r"\sqrt":
        return rf"\left({inner[0]}\right)^{{1/2}}{scripts}"
    if lexeme == "e" and scripts.startswith("^{"):
        return rf"\exp\left({scripts[2:-1]}\right)"
    return None


# ---------------------------------------------------------------------------------------------- put together


def spelled(line: Sequence[Token]) -> str:
    """Tokens as LaTeX; a bracket whose partner stands in another line has a size of its own."""
    alone: set[int] = set()
    opened: list[int] = []
    for i, token in enumerate(line):
        if token.bracket > 0:
            opened.append(i)
        elif token.bracket < 0:
            if opened:
                opened.pop()
            else:
                alone.add(i)
    alone.update(opened)
    texts = [_by_itself(token.text) if i in alone else token.text for i, token in enumerate(line)]
    gaps = ["", *(token.gap for token in line[1:])]
    text = " ".join(gap + (" " if gap else "") + text for gap, text in zip(gaps, texts, strict=True))
    return ("{} " if line[0].rank == OPERATOR else "") + text


def _by_itself(text: str) -> str:
    return re.sub(r"^\\right", lambda _: r"\bigr", re.sub(r"^\\left", lambda _: r"\bigl", text))


def shrunk(latex: str, across: float, room: float) -> str:
    """A formula that is made smaller if it is too wide."""
    return latex if across <= room else rf"\resizebox{{{0.96 * room:.1f}em}}{{!}}{{$\displaystyle {latex}$}}"


def lines(latex: str, room: float, rest: float | None = None) -> list[str]:
    """A formula in lines that are as wide as there is room, in em; what cannot be broken is made smaller."""
    rest = room if rest is None else rest
    if width(latex) <= room:
        return [latex]
    found = broken(tokens(latex, min(room, rest)), room, rest)
    widths = [room, *(rest for _ in found[1:])]
    return [shrunk(spelled(line), extent(line), least) for line, least in zip(found, widths, strict=True)]


def inline(latex: str, longest: float) -> str:
    """A formula in a paragraph, between dollar signs; a long one in pieces between which a line may end."""
    if width(latex) <= longest:
        return f"${latex}$"
    pieces = list(_pieces(tokens(latex, longest), longest))
    return " ".join(f"${shrunk(spelled(piece), extent(piece), longest)}$" for piece in pieces)


def _pieces(line: Sequence[Token], longest: float) -> Iterator[list[Token]]:
    found = parts(line)
    if extent(line) <= longest or len(found) == 1:
        yield list(line)
        return
    for part in found:
        yield from _pieces(part, longest)


def prose_width(text: str) -> float:
    """How wide words are, in em; mathematics between dollar signs as such."""
    words = re.split(r"(?<!\\)\$", text)
    return sum(width(part) if i % 2 else sum(_WIDTHS.get(c, 0.75 if c.isupper() else 0.53) for c in part)
               for i, part in enumerate(words))  # fmt: skip

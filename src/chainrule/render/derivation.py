"""A derivation as a reader sees it: text for a terminal, LaTeX, HTML with MathML."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.derivation import Derivation
from .fold import WIDTH, fold, table
from .names import escape_latex, escape_xml
from .pages import Line, Pages, TableRow


def show_derivation(told: Derivation, notation: str) -> str:
    """The whole derivation as "text", "latex" or "html"."""
    writers: dict[str, Callable[[Pages], str]] = {"text": _text, "latex": _latex, "html": _html}
    if notation not in writers:
        raise ValueError(f"a derivation is shown as one of {', '.join(writers)}, not {notation!r}")
    return writers[notation](Pages(told, "mathml" if notation == "html" else notation))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- text


def _text(pages: Pages) -> str:
    told = pages.told
    title = pages.gradient_name()
    if told.form == "matrix":
        head = ("", "forward", f"∂{pages.name(pages.loss)}/∂ of it", "shape")
        rows = [(row.name, row.forward or "given", row.backward, row.shape) for row in pages.rows()]
        body = table([head, *rows])
    else:
        body = [*_legend(pages), "", *_definitions(pages.definitions()), "", *_chain(pages.chain(told.steps[:-1]))]
        body += ["", f"as matrices: {told.steps[-1].why}"]
    notes = [f"({note})" for note in told.notes]
    closing = ["", *_equation(title, pages.closed(), 0), *notes, f"✓ {pages.verified()}"]
    return "\n".join([f"{title}, in the {told.form} form", "", *body, *closing])


def _legend(pages: Pages) -> list[str]:
    """What varies and what does not, as two sentences."""
    varying, constant = pages.legend()
    return fold(_varies(pages.name(pages.asked), varying, constant), WIDTH)


def _varies(asked: str, varying: Sequence[str], constant: Sequence[str]) -> str:
    text = f"{asked} varies, and with it {_list(varying)}."
    return f"{text} {_list(constant)} {'is' if len(constant) == 1 else 'are'} constant." if constant else text


def _list(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _definitions(definitions: Sequence[str]) -> list[str]:
    """The lines “where z = …”, one below the other."""
    lines: list[str] = []
    for definition in definitions:
        left, _, right = definition.partition(" = ")
        lines += _equation(("      " if lines else "where ") + left, right, 0)
    return lines


def _equation(left: str, right: str, margin: int) -> list[str]:
    """``left = right``, further lines indented behind the equals sign; ``margin`` is the width of an empty left."""
    left = left or " " * margin
    first, *rest = fold(right, max(WIDTH - len(left) - 3, 50))
    return [f"{left} = {first}", *(f"{' ' * len(left)}   {piece}" for piece in rest)]


def _chain(lines: Sequence[Line]) -> list[str]:
    """A chain of equalities, each with its reason on a line below; what is inside a step stands further in."""
    shown: list[str] = []
    margins: dict[int, int] = {}
    for line in lines:
        left = "    " * line.depth + line.left if line.left else ""
        margin = margins[line.depth] = len(left) if left else margins[line.depth]
        shown += _equation(left, line.right, margin)
        shown += [" " * (margin + 6) + piece for piece in fold(f"· {line.why}", max(WIDTH - margin - 6, 40))]
    return shown


# ---------------------------------------------------------------------------------------------- LaTeX


def _latex(pages: Pages) -> str:
    told = pages.told
    if told.form == "matrix":
        rows = [f"{_forward(row)} & {row.partial} &= {row.backward} && {_shape(row.shape)}" for row in pages.rows()]
        closed = rf"\[ {pages.gradient_name()} = {pages.closed()} \]"
        return "\n".join([*_aligned(rows), closed, *_remarks(pages)])
    lines = [rf"{line.left} &= {line.right} && {_why(line.why)}" for line in pages.chain(told.steps[:-1])]
    last = rf"{pages.gradient_name()} &= {pages.closed()} && {_why(f'as matrices: {told.steps[-1].why}')}"
    varying, constant = pages.legend()
    legend = rf"\[ {pages.name(pages.asked)} \text{{ varies, and with it }} {', '.join(varying)}"
    legend += rf"\text{{; constant: }} {', '.join(constant)} \]" if constant else r" \]"
    where = _aligned([d.replace(" = ", " &= ", 1) for d in pages.definitions()])
    return "\n".join([legend, *where, *_aligned([*lines, last]), *_remarks(pages)])


def _remarks(pages: Pages) -> list[str]:
    """What is to be known beside the formulas: as text, and the figure of the check as a comment."""
    return [*(rf"\[ {_why(note)} \]" for note in pages.told.notes), f"% {pages.verified()}"]


def _aligned(rows: Sequence[str]) -> list[str]:
    """Rows of the same columns, one below the other."""
    return [r"\begin{align*}", *(rf"{row} \\" for row in rows[:-1]), *rows[-1:], r"\end{align*}"] if rows else []


def _forward(row: TableRow) -> str:
    return f"{row.name} &= {row.forward}" if row.forward else rf"{row.name} &\phantom{{{{}}={{}}}} \text{{given}}"


def _shape(shape: str) -> str:
    """A shape: N × d, with long names upright."""
    words = shape.strip("()").rstrip(",").split(", ") if shape != "()" else []
    shown = [word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{escape_latex(word)}}}" for word in words]
    return r" \times ".join(shown) or r"\text{a number}"


def _why(text: str) -> str:
    r"""A reason inside \text: what only mathematics can spell goes back into it."""
    marks = {"∂": r"$\partial$", "δ": r"$\delta$", "σ": r"$\sigma$", "Σ": r"$\sum$", "−": "$-$", "√": r"$\surd$"}
    return rf"\text{{{''.join(marks.get(c, escape_latex(c)) for c in text)}}}"


# ---------------------------------------------------------------------------------------------- HTML


def _html(pages: Pages) -> str:
    told = pages.told
    title = f"<p>{pages.gradient_name()}</p>"
    if told.form == "matrix":
        cells = "".join(
            f"<tr><th>{row.name}</th><td>{row.forward or 'given'}</td><td>{row.backward}</td>"
            f"<td><code>{escape_xml(row.shape)}</code></td><td>{escape_xml(row.why)}</td></tr>"
            for row in pages.rows()
        )
        head = "<tr><th></th><th>forward</th><th>backward</th><th>shape</th><th>why</th></tr>"
        body = f'<table class="derivation">{head}{cells}</table>'
    else:
        varying, constant = pages.legend()
        legend = _varies(pages.name(pages.asked), varying, constant)
        where = "".join(f"<li>{d}</li>" for d in pages.definitions())
        cells = "".join(
            f'<tr class="depth{line.depth}"><td>{line.left}</td><td>=</td><td>{line.right}</td>'
            f"<td>{escape_xml(line.why)}</td></tr>"
            for line in pages.chain(told.steps[:-1])
        )
        ending = f"<p>as matrices: {escape_xml(told.steps[-1].why)}</p>"
        body = f'<p>{legend}</p><ul class="where">{where}</ul><table class="derivation">{cells}</table>{ending}'
    notes = "".join(f'<p class="note">{escape_xml(note)}</p>' for note in told.notes)
    verified = f'{notes}<p class="verified">✓ {escape_xml(pages.verified())}</p>'
    return f'{title}{body}<p class="closed">{pages.gradient_name()} = {pages.closed()}</p>{verified}'

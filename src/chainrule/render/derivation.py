"""A derivation as a reader sees it: text for a terminal, LaTeX, HTML with MathML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..ir.derivation import Derivation, Row, Step
from ..ir.dims import show_shape
from ..ir.graph import describe
from ..ir.node import D, Node
from .formula import NotationName, equation, show
from .letters import Letters
from .names import escape_latex, escape_xml


def show_derivation(told: Derivation, notation: str) -> str:
    """The whole derivation as "text", "latex" or "html"."""
    writers: dict[str, Callable[[_Pages], str]] = {"text": _text, "latex": _latex, "html": _html}
    if notation not in writers:
        raise ValueError(f"a derivation is shown as one of {', '.join(writers)}, not {notation!r}")
    return writers[notation](_Pages(told, "mathml" if notation == "html" else notation))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Line:
    """One line of a telling: a left side (or none: it goes on), a right side, the reason, how far indented."""

    left: str
    right: str
    why: str
    depth: int = 0


class _Pages:
    """The formulas of a derivation in one notation."""

    def __init__(self, told: Derivation, notation: NotationName) -> None:
        self.told = told
        self.notation: NotationName = notation
        nodes = [side for step in told.steps for side in (step.before, step.after)]
        self.letters = Letters.for_nodes([*nodes, *told.graph.outputs], told.names.values())
        self.indices: list[str] = []
        for extent in told.wrt.shape:
            self.indices.append(self.letters.pick(extent, self.indices))

    @property
    def loss(self) -> str:
        """What the loss is called."""
        output = self.told.graph.outputs[0]
        return self.told.names.get(output, describe(output))

    @property
    def asked(self) -> str:
        """What the derivative is taken by."""
        return self.told.names.get(self.told.wrt, describe(self.told.wrt))

    def entry(self, node: Node, rank: int, names: Mapping[Node, str]) -> str:
        """A node of a chain of equalities, one entry of it; its last axes are those of what is asked for."""
        taken = list(self.indices)
        front: list[str] = []
        for extent in node.shape[:rank]:
            front.append(self.letters.pick(extent, [*taken, *front]))
        indices = [*front, *taken[: len(node.shape) - rank]]
        return show(node, self.notation, "components", names=names, indices=indices, letters=self.letters)

    def chain(self, steps: tuple[Step, ...], depth: int = 0) -> list[_Line]:
        """The lines of a chain of steps, those inside a step before it."""
        lines: list[_Line] = []
        if not steps:
            return lines
        first = steps[0].before
        rank = len(first.shape) - len(self.told.wrt.shape)
        left = self.entry(first, rank, self.told.names)
        for step in steps:
            if step.steps:
                lines += self.chain(step.steps, depth + 1)
            names = self.told.names
            if step.opened is not None:
                names = {node: name for node, name in names.items() if node is not step.opened}
            lines.append(_Line(left, self.entry(step.after, rank, names), _reason(step), depth))
            left = ""
        return lines

    def gradient_name(self) -> str:
        """∂loss/∂w as a whole."""
        return show(D.make((self.told.graph.outputs[0], self.told.wrt), ()), self.notation, names=self.told.names)

    def closed(self) -> str:
        """The last line: the gradient that runs, in the names of the forward pass."""
        return show(self.told.closed_form, self.notation, names=self.told.names)

    def definitions(self) -> list[str]:
        """What each named intermediate stands for, in components."""
        names = self.told.names
        nodes = [n for n in self.told.graph.nodes() if n in names and n.args]
        return [equation(n, n, self.notation, "components", names=names, letters=self.letters) for n in nodes]

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """name, forward, backward, shape, why for each row of a matrix telling."""
        names = dict(self.told.names)
        back = {**names}
        for row in self.told.rows:
            if row.backward is not None and row.backward not in back:
                back[row.backward] = f"d_{row.name}"
        return [self._row(row, names, back) for row in self.told.rows]

    def _row(self, row: Row, names: Mapping[Node, str], back: Mapping[Node, str]) -> tuple[str, str, str, str, str]:
        forward = show(row.forward, self.notation, names=names) if row.forward.args else "given"
        backward = "1"
        if row.backward is not None:
            backward = show(row.backward, self.notation, names=back, loss_name=self.loss)
        return row.name, forward, backward, show_shape(row.forward.shape), row.why

    def verified(self) -> str:
        """The tick and the figure."""
        return f"every line evaluated at random points; largest relative deviation {self.told.error:.1e}"


def _reason(step: Step) -> str:
    return step.why if step.rule in ("does not depend", "kept constant") else f"{step.rule}: {step.why}"


def _text(pages: _Pages) -> str:
    told = pages.told
    title = f"∂{pages.loss}/∂{pages.asked}"
    if told.form == "matrix":
        head = ("", "forward", f"∂{pages.loss}/∂ of it", "shape")
        table = [head, *((name, forward, backward, shape) for name, forward, backward, shape, _ in pages.rows())]
        widths = [max(len(row[i]) for row in table) for i in range(4)]
        body = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
        body.insert(1, "  ".join("─" * w for w in widths))
    else:
        body = ["where " + "\n      ".join(pages.definitions()), ""]
        margin = 0
        for line in pages.chain(told.steps[:-1]):
            indent = "    " * line.depth
            margin = len(indent) + len(line.left) if line.left else margin
            left = (indent + line.left) if line.left else " " * margin
            body.append(f"{left} = {line.right}\n{' ' * (margin + 6)}· {line.why}")
        body.append(f"\nas matrices: {told.steps[-1].why}")
    closing = ["", f"{title} = {pages.closed()}", f"✓ {pages.verified()}"]
    return "\n".join([f"{title}, in the {told.form} form", "", *body, *closing])


def _latex(pages: _Pages) -> str:
    told = pages.told
    if told.form == "matrix":
        rows = [
            rf"{show_name(name)} &= {forward} & {backward} && {escape_latex(shape)} \\"
            for name, forward, backward, shape, _ in pages.rows()
        ]
    else:
        rows = [
            rf"{line.left} &= {line.right} && \text{{{_latex_text(line.why)}}} \\"
            for line in pages.chain(told.steps[:-1])
        ]
    last = rf"{pages.gradient_name()} &= {pages.closed()}"
    return "\n".join([r"\begin{align*}", *rows, last, r"\end{align*}", f"% {pages.verified()}"])


def show_name(name: str) -> str:
    """A bare name in LaTeX."""
    return rf"\mathrm{{{escape_latex(name)}}}"


def _latex_text(text: str) -> str:
    """A reason inside \\text: what only mathematics can spell goes back into it."""
    marks = {"∂": r"$\partial$", "δ": r"$\delta$", "σ": r"$\sigma$", "Σ": r"$\sum$", "−": "$-$", "√": r"$\surd$"}
    return "".join(marks.get(c, escape_latex(c)) for c in text)


def _html(pages: _Pages) -> str:
    told = pages.told
    title = f"<p>{pages.gradient_name()}</p>"
    if told.form == "matrix":
        cells = "".join(
            f"<tr><th>{escape_xml(name)}</th><td>{_math(forward)}</td><td>{_math(backward)}</td>"
            f"<td><code>{escape_xml(shape)}</code></td><td>{escape_xml(why)}</td></tr>"
            for name, forward, backward, shape, why in pages.rows()
        )
        head = "<tr><th></th><th>forward</th><th>backward</th><th>shape</th><th>why</th></tr>"
        body = f'<table class="derivation">{head}{cells}</table>'
    else:
        where = "".join(f"<li>{d}</li>" for d in pages.definitions())
        cells = "".join(
            f'<tr class="depth{line.depth}"><td>{line.left}</td><td>=</td><td>{line.right}</td>'
            f"<td>{escape_xml(line.why)}</td></tr>"
            for line in pages.chain(told.steps[:-1])
        )
        body = f'<ul class="where">{where}</ul><table class="derivation">{cells}</table>'
    verified = f'<p class="verified">✓ {escape_xml(pages.verified())}</p>'
    return f'{title}{body}<p class="closed">{pages.gradient_name()} = {pages.closed()}</p>{verified}'


def _math(text: str) -> str:
    return text if text.startswith("<math") else escape_xml(text)

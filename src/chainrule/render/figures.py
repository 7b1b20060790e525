"""Numbers that a formula was worked out to, and small arrays of them, in each notation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .formula import NotationName


def figure(value: np.ndarray, digits: int, fixed: bool, notation: NotationName) -> str:
    """A number with so many significant digits, or (``fixed``) so many behind the point; an array by its rows."""
    if value.shape == ():
        text = _digits(value, digits, fixed)
        return {"text": _text, "latex": _latex, "mathml": _mathml}[notation](text)
    parts = [figure(row, digits, fixed, notation) for row in value]
    if notation == "text":
        return f"[{', '.join(parts)}]"
    if value.ndim == 2:
        return _matrix([[figure(entry, digits, fixed, notation) for entry in row] for row in value], notation)
    if notation == "latex":
        return rf"\left[{', '.join(parts)}\right]"
    return f"<mrow><mo>[</mo>{'<mo>,</mo>'.join(parts)}<mo>]</mo></mrow>"


def _digits(value: np.ndarray, digits: int, fixed: bool) -> str:
    if value.dtype.kind != "f":
        return str(value.item())
    # Adding zero takes the sign from what is rounded to -0.
    return f"{round(value.item(), digits) + 0.0:.{digits}f}" if fixed else f"{value.item():.{digits}g}"


def _text(digits: str) -> str:
    return digits


def _parts(digits: str) -> tuple[str, str, str]:
    """The sign, the digits before the e, and the exponent, if there is one."""
    minus = "-" if digits.startswith("-") else ""
    mantissa, _, exponent = digits.removeprefix("-").partition("e")
    return minus, mantissa, str(int(exponent)) if exponent else ""


def _latex(digits: str) -> str:
    minus, mantissa, exponent = _parts(digits)
    if not mantissa[:1].isdigit():
        return minus + {"inf": r"\infty"}.get(mantissa, rf"\mathrm{{{mantissa}}}")
    power = f"10^{{{exponent}}}"
    return minus + (mantissa if not exponent else power if mantissa == "1" else rf"{mantissa} \cdot {power}")


def _mathml(digits: str) -> str:
    minus, mantissa, exponent = _parts(digits)
    sign = "<mo>−</mo>" if minus else ""
    if not mantissa[:1].isdigit():
        return f"<mrow>{sign}<mi>{'∞' if mantissa == 'inf' else mantissa}</mi></mrow>"
    body = f"<mn>{mantissa}</mn>"
    if exponent:
        number = f"<mn>{exponent.removeprefix('-')}</mn>"
        raised = f"<mrow><mo>−</mo>{number}</mrow>" if exponent.startswith("-") else number
        power = f"<msup><mn>10</mn>{raised}</msup>"
        body = power if mantissa == "1" else f"{body}<mo>·</mo>{power}"
    return f"<mrow>{sign}{body}</mrow>"


def _matrix(rows: Sequence[Sequence[str]], notation: NotationName) -> str:
    if notation == "latex":
        return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"
    cells = ("".join(f"<mtd>{entry}</mtd>" for entry in row) for row in rows)
    return f"<mrow><mo>[</mo><mtable>{''.join(f'<mtr>{row}</mtr>' for row in cells)}</mtable><mo>]</mo></mrow>"

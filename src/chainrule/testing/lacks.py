"""What a record lacks that readers, emitters or the checks of its family need."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ir.node import Input
from ..ir.records import Elementwise, Interval, Reduction, Structural
from ..ir.whole import Whole
from .compare import require
from .drawing import draw


def lacks(op: Any, oracle: Any = None) -> Iterator[str]:
    """A line for each thing that a record lacks; an oracle may be given beside it."""
    if not getattr(op, "why", ""):
        yield "no line that says why"
    match op:
        case Elementwise():
            yield from _elementwise(op)
        case Reduction():
            yield from _reduction(op)
        case Structural():
            if not op.cases():
                yield "no cases"
            if not op.errors():
                yield "no error inputs"
        case Whole():
            yield from _whole(op, oracle)
        case _:
            yield "a record of no known family"


def lacks_nothing(op: Any, oracle: Any = None) -> None:
    """The record lacks nothing: a reason, spellings, domain, samples, conventions, special values, error inputs."""
    found = list(lacks(op, oracle))
    require(not found, "; ".join(found))


def _elementwise(op: Elementwise) -> Iterator[str]:
    for i in range(op.conditions, op.arity):
        low, high = op.samples[min(i, len(op.samples) - 1)]
        if not low < high or not Interval(low, high).within(op.domain_of(i)):
            yield f"samples of operand {i} outside its domain"
    if (op.kinks or op.singular) and not op.convention:
        yield "no convention"
    if not op.special:
        yield "no special values"
    if bool(op.c) == op.no_c:
        yield "no spelling in C, and it does not say so" if op.no_c is False else "a spelling in C, and it denies it"
    languages = ("numpy_template", *(["c"] if op.c else []), "latex", "text")
    for language in languages:
        if _places(getattr(op, language)) != set(string.digits[: op.arity]):
            yield f"{language} does not name each operand"
    yield from _of_values(op)


def _of_values(op: Elementwise) -> Iterator[str]:
    """What shows only when the record is used."""
    operands = draw(op)
    line = op.numpy_template.format(*(f"v[{i}]" for i in range(op.arity)))
    if not _agrees(line, op.ref, operands, f"{op.imports}\n{op.definition}"):
        yield "the NumPy spelling is another function"
    with np.errstate(all="ignore"):
        value = np.asarray(op(*operands), float)
    if not np.all((op.range.low <= value) & (value <= op.range.high)):
        yield "values outside its range"
    inputs = [Input.of(c, (), "bool" if i < op.conditions else "float") for i, c in enumerate("abcdefgh"[: op.arity])]
    if len(op.partials(*inputs, op(*inputs))) != op.arity:
        yield "not a slope for each operand"


def _reduction(op: Reduction) -> Iterator[str]:
    if (op.kinks or op.singular) and not op.convention:
        yield "no convention"
    if not op.latex or not op.text or _places(op.numpy) != {"0"} or "{axis}" not in op.numpy:
        yield "no spelling"
    else:
        rows = [np.eye(3) + 1] if op.samples[0] >= 0 else [np.eye(3)]
        line = op.numpy.format("v[0]", axis="axis=1")
        if not _agrees(line, lambda x: op.ref(x, axis=(1,)), rows, op.definition):
            yield "the NumPy spelling is another function"
    if not op.special:
        yield "no special entries"


def _whole(op: Whole, oracle: Any) -> Iterator[str]:
    if (op.forward is None) != (op.backward is None):
        yield "one direction without the other"
    if not op.latex or not op.text or not op.numpy:
        yield "no spelling"
    if (oracle or op.oracle) is None:
        yield "no oracle"
    for what, told in (("cases", op.cases), ("special values", op.special), ("error inputs", op.errors)):
        if not told():
            yield f"no {what}"
    if op.singular and not op.convention:
        yield "no convention"


def _places(template: str) -> set[str]:
    """The operands that a template names."""
    return {c for c in string.digits if f"{{{c}}}" in template}


def _agrees(source: str, ref: Any, operands: list[Any], definition: str = "") -> bool:
    """Whether a line of NumPy, with what it brings along, gives what the record means."""
    scope: dict[str, Any] = {"np": np, "v": operands}
    exec(definition, scope)
    with np.errstate(all="ignore"):
        return bool(np.allclose(eval(source, scope), ref(*operands), rtol=1e-13))

"""An operation told from its record: equations as nodes with names, and facts."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.derive import jacobian, reverse
from chainrule.ir.build import constant
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph
from chainrule.ir.node import Call, Const, Input, Kind, Map, Node, Reduce
from chainrule.ir.records import REALS, Elementwise, Reduction, Structural
from chainrule.ir.whole import Whole
from chainrule.render import show
from chainrule.simplify import canonical, simplify, told

Names = Mapping[Node, str]


@dataclass(frozen=True, eq=False)
class Equation:
    """``left`` (LaTeX) equals a node, read as matrices or in components with these indices."""

    left: str
    node: Node
    names: Names
    indices: tuple[str, ...] | None = None
    order: int = 0
    """Of the derivative that it is."""


@dataclass(frozen=True, eq=False)
class Told:
    """What is said of an operation."""

    op: Any
    equations: tuple[Equation, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def family(self) -> str:
        """The module that it is defined in."""
        made = self.op.partials if isinstance(self.op, (Elementwise, Reduction)) else self.op.cases
        return str(made.__module__).rpartition(".")[2]


def introduction(family: str) -> str:
    """What a family says of itself."""
    return (inspect.getdoc(sys.modules[f"chainrule.ops.{family}"]) or "").split("\n\n")[0].replace("\n", " ")


def tell(op: Any) -> Told:
    """All that a record says, with its slopes as the library derives them."""
    match op:
        case Elementwise():
            return Told(op, _scalar(op), tuple(_facts(op)))
        case Reduction():
            return Told(op, _reduction(op), tuple(_facts(op)))
        case Whole():
            return Told(op, _whole(op), tuple(_facts(op)))
        case Structural():
            return Told(op, _moved(op), tuple(_facts(op)))
    raise TypeError(op)


def _facts(op: Any) -> list[tuple[str, str]]:
    """What is no formula."""
    facts = [("why", op.why)]
    if isinstance(op, Elementwise):
        facts.append(("domain", _domain(op)))
    if isinstance(op, (Elementwise, Reduction)):
        truth = isinstance(op, Elementwise) and op.result == "bool"
        facts.append(
            ("range", "true and false" if truth else "all real numbers" if op.range == REALS else str(op.range))
        )
    facts.append(("convention", getattr(op, "convention", "")))
    spelled = [_called(f) for f in op.stands_for]
    facts.append(("answers for", ", ".join(f"`{name}`" for name in spelled if name)))
    in_c = not isinstance(op, Whole) and (isinstance(op, Structural) or bool(op.c))
    facts.append(("in C", "yes" if in_c else "no (a program with it runs on NumPy)"))
    return [(label, text) for label, text in facts if text]


def _domain(op: Elementwise) -> str:
    """Where each operand may lie."""
    bounds = [(n, op.domain_of(i)) for i, n in enumerate(letters(op)[:-1])]
    said = [f"{n} true or false" for n, _ in bounds[: op.conditions]]
    said += [f"{n} in {b}" for n, b in bounds[op.conditions :] if b != REALS]
    return ", ".join(said) or "all real numbers"


def _called(function: Any) -> str:
    """A NumPy function's name as it is written."""
    if isinstance(function, str):
        return function
    module = {"numpy.linalg": "np.linalg", "numpy.random": "np.random"}.get(getattr(function, "__module__", ""), "np")
    return f"{module}.{function.__name__}"


def letters(op: Elementwise) -> list[str]:
    """A name for each operand and one for the result: those by which the record itself writes its slopes."""
    parameters = inspect.signature(op.partials).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and not p.name.startswith("_")]
    if len(names) == len(parameters) == op.arity + 1:
        return names
    return [*("x" if op.arity == 1 else "abcdefgh"[: op.arity]), "y"]


def closed(node: Node, names: Names, outputs: Sequence[Node]) -> Node:
    """A derivative as a textbook writes it, where that is canonically the same."""
    node = simplify(Graph((), (node,))).outputs[0]
    wanted = canonical(node)
    forms = [form for form in (told(node, names, outputs), told(node, {})) if canonical(form) is wanted]
    return min(forms or [node], key=lambda form: len(show(form, names=names)))


def _scalar(op: Elementwise) -> tuple[Equation, ...]:
    """The value, the slopes and the second slopes."""
    *names_of_operands, result = letters(op)
    kinds: list[Kind] = ["bool" if i < op.conditions else "float" for i in range(op.arity)]
    operands = [Input.of(n, (), k) for n, k in zip(names_of_operands, kinds, strict=True)]
    y = Map.of(op, *operands)
    found = [Equation(result, y, {})]
    if y.kind != "float" or op.converts:
        return tuple(found)
    names = {y: result}
    floats = [x for x in operands if x.kind == "float"]
    slopes = reverse({y: constant(1, "float")}, floats)
    second = []
    for n, x in enumerate(floats):
        slope = slopes.get(x)
        found.append(Equation(_partial(result, x.name), closed(slope, names, [y]), names, None, 1))
        again = reverse({slope: constant(1, "float")}, floats[n:])
        for z in floats[n:]:
            second.append(Equation(_partial(result, x.name, z.name), closed(again.get(z), names, [y]), names, None, 2))
    return (*found, *second)


def is_zero(node: Node) -> bool:
    """Whether a derivative is the number 0."""
    return isinstance(node, Const) and not np.any(node.value)


def _partial(y: str, *by: str) -> str:
    """∂²y/∂x∂z in LaTeX."""
    order = f"^{len(by)}" if len(by) > 1 else ""
    below = rf"\partial {by[0]}^2" if len(by) == 2 and by[0] == by[1] else r"\,".join(rf"\partial {x}" for x in by)
    return rf"\frac{{\partial{order} {y}}}{{{below}}}"


def _reduction(op: Reduction) -> tuple[Equation, ...]:
    """A row of numbers: the value, and the slope in one of them, and the second in two."""
    x = Input.of("x", (Dim("n"),))
    y = Reduce.of(op, x, (0,))
    g = reverse({y: constant(1, "float")}, [x]).get(x)
    names = {y: "y"}
    found = [
        Equation("y", y, {}, ()),
        Equation(r"\frac{\partial y}{\partial x_i}", closed(g, names, [y]), names, ("i",)),
    ]
    if not op.one_axis:
        second = closed(jacobian([g], x)[0], names, [y])
        found.append(Equation(r"\frac{\partial^2 y}{\partial x_i\,\partial x_j}", second, names, ("i", "j"), 2))
    return tuple(found)


def _use(case: Any) -> tuple[Node, list[Input]]:
    """A case of a record, traced: its result and arguments; capital letters are matrices."""
    f, values = case
    shapes = [np.shape(v) for v in values]
    letters = "AB" if all(len(s) > 1 for s in shapes) else "ab"
    kinds: list[Kind] = ["float" if np.asarray(v).dtype.kind == "f" else "int" for v in values]
    inputs = [Input.of(n, s, k) for n, s, k in zip(letters, shapes, kinds, strict=False)]
    return f(*inputs), inputs


def _is_the_operation_itself(op: Whole, y: Node, inputs: list[Input]) -> bool:
    """Whether a case is the operation of its arguments and nothing else."""
    return isinstance(y, Call) and y.op is op and all(a is b for a, b in zip(y.args, inputs, strict=False))


def _moved(op: Structural) -> tuple[Equation, ...]:
    """An example: the first case of the record, and the way back for each of its operands."""
    f, shapes = op.cases()[0]
    inputs = [Input.of(n, s) for n, s in zip("ABC" if all(len(s) > 1 for s in shapes) else "abc", shapes, strict=False)]
    y = f(*inputs)
    g = Input.of("G", y.shape)
    back = reverse({y: g}, inputs)
    ways = [Equation(rf"\bar {x.name}", simplify(Graph((), (back.get(x),))).outputs[0], {}) for x in inputs]
    return (Equation("Y", y, {}), *ways)


def _whole(op: Whole) -> tuple[Equation, ...]:
    """The value, and both directions, for operands that are matrices or vectors as in the record's first case."""
    y, inputs = next((u for u in map(_use, op.cases()) if _is_the_operation_itself(op, *u)), (None, []))
    if y is None:
        return ()
    upper = inputs[0].name.isupper()
    result = "Y" if upper and y.shape else "y"
    found = [Equation(result, y, {})]
    if not isinstance(y, Call) or op.backward is None or op.forward is None:
        return tuple(found)
    dots = [Input.of(rf"d{x.name}", x.shape) for x in inputs]
    names = {y: result, **{d: d.name for d in dots}}
    found.append(Equation(rf"\mathrm{{d}}{result}", op.forward(y.args, y, dots, **y.settings), names))
    g = Input.of("G" if y.shape and upper else "g", y.shape)
    for x, back in zip(inputs, op.backward(y.args, y, g, **y.settings), strict=True):
        if back is not None:
            found.append(Equation(rf"\bar {x.name}", simplify(Graph((), (back,))).outputs[0], {**names, g: g.name}))
    return tuple(found)

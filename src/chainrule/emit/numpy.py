"""A graph as readable NumPy: one line for each value that has a name or is used again, in the user's own names.

What `cr.source` prints is what runs: the same text is compiled by `run.printed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ir.dims import Dim, Extent, Shape, show_shape
from ..ir.errors import ChainruleError
from ..ir.graph import Graph, toposort
from ..ir.node import Call, Const, Delta, Input, Map, Node, Reduce, Size
from ..ir.templates import ATOM, NEGATIVE, Spelled, bracket, fill
from ..lower import matrices, pairwise, schedule
from .numpy_choices import one_hot, reduced_windows
from .numpy_kinds import covers, has_array, is_float_array, nested, spread_number, truth
from .numpy_lines import body, docstring, returned, signature
from .numpy_names import identifier
from .numpy_preamble import long_constants, preamble
from .numpy_structure import structure


@dataclass(frozen=True)
class Source:
    """The text of a Python function, its name, and the arguments in order.

    Constant arrays too long to be written out are arguments as well, after the others: ``constants``, in order.
    """

    text: str
    function: str
    arguments: tuple[str, ...]
    constants: tuple[np.ndarray, ...] = ()


@dataclass
class Writer:
    """Spells nodes, one inside the other; remembers which helpers the text needs."""

    variables: dict[Node, str]
    dims: dict[Dim, str]
    long_axes: bool = False
    reduced: dict[Node, tuple[int, ...]] = field(default_factory=dict)
    """The windows that are reduced, with the axes over which they are."""
    helpers: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    used: set[Dim] = field(default_factory=set)
    needs_dtype: bool = False

    def extent(self, extent: Extent) -> str:
        """A dimension as it is written in the program."""
        if not isinstance(extent, Dim):
            return str(extent)
        self.used.add(extent)
        return self.dims[extent]

    def shape(self, shape: Shape) -> str:
        """A shape as a tuple in the program."""
        parts = [self.extent(s) for s in shape]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def result(self, node: Node) -> str:
        """An output: what is a number of Python's own is a float where it has to be one."""
        if isinstance(node, Const) and node.shape == ():
            return repr(node.value) if np.isfinite(node.value) else self.constant(node)[0]
        text, _ = self.spell(node)
        return f"float({text})" if node.kind == "float" and node.shape == () and not has_array(node) else text

    def is_python_number(self, node: Node) -> bool:
        """Whether an expression is a number of Python's own in the program, of no precision that it would keep."""
        return node.shape == () and not has_array(node)

    def filled(self, number: Node, shape: Shape) -> Spelled:
        """An array of one number."""
        dtype = ", dtype=dtype" if number.kind == "float" else ""
        self.needs_dtype |= bool(dtype)
        return f"np.full({self.shape(shape)}, {self.spell(number)[0]}{dtype})", ATOM

    def spell(self, node: Node) -> Spelled:
        """A node where its own value is wanted: its variable, or its expression."""
        variable = self.variables.get(node)
        return (variable, ATOM) if variable is not None else self.expression(node)

    def operand(self, node: Node) -> Spelled:
        """A node as an operand of arithmetic, where NumPy broadcasts by itself."""
        if node in self.variables:
            return self.variables[node], ATOM
        return structure(self, node, implicit=True) or self.expression(node)

    def factor(self, node: Node, beside: Node) -> Spelled:
        """An operand of arithmetic; a truth value beside an array of floats counts as 0 or 1 without a cast."""
        if node not in self.variables and is_float_array(beside):
            if truth(node):
                return self.operand(node.args[0])
            hot = one_hot(self, node)
            if hot is not None:
                return hot
        return self.operand(node)

    def expression(self, node: Node) -> Spelled:
        """A node's own operation, spelled."""
        match node:
            case Const():
                return self.constant(node)
            case Size():
                return self.extent(node.dim), ATOM
            case Delta():
                self.needs_dtype = True
                return f"np.eye({self.extent(node.params[0])}, dtype=dtype)", ATOM
            case Map():
                return self.map(node)
            case Reduce():
                return self.reduce(node)
            case Call():
                return self.call(node)
        found = structure(self, node, implicit=False)
        if found is None:
            raise ChainruleError(f"a {type(node).__name__} like this cannot be printed as NumPy: {node!r}")
        return found

    def map(self, node: Map) -> Spelled:
        """An elementwise operation, by its record's template."""
        if node.op.converts:
            return self.cast(node)
        if not node.op.numpy and not node.op.symbol and not hasattr(np, node.op.name):
            raise ChainruleError(f"{node.op.name} has no spelling in NumPy (its record's field numpy)")
        covered = covers(node)
        if covered and node.op.name in ("add", "sub", "mul"):
            a, b = node.args
            args = [self.factor(a, b), self.factor(b, a)]
        else:
            # A function inside a function would make a float64 of a number of Python's own.
            deep = [node.op.definition or nested(node.op.numpy_template, i) for i in range(len(node.args))]
            pairs = zip(node.args, deep, strict=True)
            whole = [(inside and spread_number(a)) or (not covered and a is node.args[-1]) for a, inside in pairs]
            args = [self.spell(a) if w else self.operand(a) for a, w in zip(node.args, whole, strict=True)]
        if node.op.name == "neg" and self.begins_with_truth(node.args[0]):
            # NumPy takes no negative of a truth value: the sign is the whole product's.
            args = [(bracket(args[0][0]), ATOM)]
        text, binds = fill(node.op.numpy_template, args)
        self.bring(node.op)
        if node.op.name == "where" and all(not a.shape or not has_array(a) for a in node.args[1:]):
            self.needs_dtype = True
            return f"{text}.astype(dtype)", ATOM
        if node.shape == () and not has_array(node):
            if node.op.result == "bool":
                # Of Python's own truth values ~ would make numbers.
                return f"np.bool_({text})", ATOM
            if "np." in text or node.op.imports or node.op.definition:
                return f"float({text})", ATOM
        if node.op.symbol:
            name, _ = node.op.symbol
            self.helpers.setdefault(name, f"# {name} and its slopes ({name}_prime, …) are yours to define")
        return text, binds

    def begins_with_truth(self, node: Node) -> bool:
        """Whether a product or quotient is spelled with a bare truth value in front."""
        while isinstance(node, Map) and node.op.name in ("mul", "div") and node not in self.variables:
            node = node.args[0]
        return node not in self.variables and (truth(node) or one_hot(self, node) is not None)

    def cast(self, node: Map) -> Spelled:
        """One kind of number as another; a Python number needs none."""
        (arg,) = node.args
        if node.op.name == "to_float":
            if not has_array(arg) and arg.shape == ():
                return self.spell(arg)
            self.needs_dtype = True
        text, binds = self.spell(arg)
        kind = {"to_float": "dtype", "to_int": "np.int64", "to_bool": "bool"}[node.op.name]
        if self.is_python_number(arg):
            return f"{'np.bool_' if kind == 'bool' else kind}({text})", ATOM
        return f"{text if binds == ATOM else bracket(text)}.astype({kind})", ATOM

    def reduce(self, node: Reduce, *, keep: bool = False) -> Spelled:
        """A reduction, by its record's template; ``keep`` keeps its axes at length one."""
        x = node.args[0]
        axis = "" if len(node.axes) == len(x.shape) else axes_text(node.axes)
        axis = ", ".join(filter(None, (axis, "keepdims=True" if keep else "")))
        if not node.op.numpy:
            raise ChainruleError(f"{node.op.name} has no spelling in NumPy (its record's field numpy)")
        self.bring(node.op)
        return fill(node.op.numpy.replace("{axis}", axis).replace(", )", ")"), [self.spell(x)])

    def bring(self, op: Any) -> None:
        """Remember what the spelling of an operation needs: a line that imports it, a function that defines it."""
        if op.definition:
            self.helpers[op.name] = op.definition.strip()
        if op.imports:
            self.imports.add(op.imports)

    def call(self, node: Call) -> Spelled:
        """An operation that a library does, by its record's template."""
        op = node.op
        if not op.numpy:
            raise ChainruleError(f"{op.name} has no spelling in NumPy (its record's field numpy)")
        self.bring(op)
        template = op.numpy
        for name, value in node.settings.items():
            template = template.replace(f"{{{name}}}", self.shape(value) if isinstance(value, tuple) else repr(value))
        self.needs_dtype |= "{dtype}" in template
        return fill(template.replace("{dtype}", "dtype"), [self.spell(arg) for arg in node.args])

    def constant(self, node: Const) -> Spelled:
        """A number as Python writes it; an array as a literal."""
        value = node.value
        if isinstance(value, np.ndarray):
            literal = np.array2string(
                value, separator=", ", threshold=value.size + 1, floatmode="unique", max_line_width=100
            )
            if node.kind == "float":
                self.needs_dtype = True
                return f"np.array({literal.replace('nan', 'np.nan').replace('inf', 'np.inf')}, dtype=dtype)", ATOM
            return f"np.array({literal}, dtype={'bool' if node.kind == 'bool' else 'np.int64'})", ATOM
        if isinstance(value, float):
            if value != value or value in (float("inf"), float("-inf")):
                return {"nan": ("np.nan", ATOM), "inf": ("np.inf", ATOM)}.get(str(value), ("-np.inf", NEGATIVE))
            if value == int(value) and abs(value) < 1e15:
                value = int(value)
        return repr(value), NEGATIVE if value < 0 else ATOM


def axes_text(axes: Sequence[int]) -> str:
    """Axes as NumPy's functions take them."""
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def source(
    graph: Graph,
    *,
    function: str = "f",
    doc: str = "",
    gradients: Sequence[str] = (),
    long_axes: bool = False,
    forward: int | None = None,
    result: Any = None,
) -> Source:
    """The graph as a Python function that needs NumPy alone. It returns a tuple of the outputs.

    ``forward``: how many leading outputs belong to the forward pass, where that and the backward pass get headings;
    then the value is returned, in the structure of ``result``, and, if there are any, a dict with an entry for each
    name in ``gradients``.
    ``long_axes``: sums along axes are blocked, for more terms than float32 can add one after the other.
    """
    graph = matrices(pairwise(graph))
    function = identifier(function, set())
    taken: set[str] = {function}
    arguments: dict[Node, str] = {i: identifier(graph.names.get(i, i.name), taken) for i in graph.inputs}
    # Fixed before names for values are given out, so that N stays N.
    dims = {d: identifier(d.name, taken) for d in graph.dims()}
    names = {n: identifier(name, taken) for n, name in graph.names.items() if not isinstance(n, Input)}
    constants = long_constants(graph, taken)
    writer = Writer(dict([*arguments.items(), *constants.items()]), dims, long_axes, reduced_windows(graph))
    named = Graph(graph.inputs, graph.outputs, {**arguments, **names})
    lines = _lines(writer, named, frozenset(taken), forward)
    outputs = [writer.result(o) for o in graph.outputs]
    head = preamble(writer, arguments, dims, [name for node, name in constants.items() if node.kind == "float"])
    doc += "".join(f" {name} is its constant array of shape {show_shape(n.shape)}." for n, name in constants.items())
    written = [
        signature(function, [*arguments.values(), *constants.values()]),
        *(docstring(doc) if doc else []),
        *body([*head, *lines]),
        *returned(outputs, forward, gradients, result),
    ]
    text = _program(writer, written)
    return Source(text, function, tuple(i.name for i in graph.inputs), tuple(n.value for n in constants))


def _program(writer: Writer, function: Sequence[str]) -> str:
    """The whole text: the imports and the definitions that the function needs, and the function."""
    imports = "\n".join(["import numpy as np", *sorted(writer.imports)])
    definitions = [f"\n{definition}\n" for definition in writer.helpers.values()]
    return "\n".join([f"{imports}\n", *definitions, "", *function, ""])


def _lines(writer: Writer, graph: Graph, taken: frozenset[str], forward: int | None) -> list[tuple[str, str]]:
    """The assignments, each with its shape as a comment, and headings."""
    lines: list[tuple[str, str]] = []
    own = set(toposort(graph.outputs[:forward])) if forward is not None and forward < len(graph.outputs) else set()
    for line in schedule(graph, reserved=taken):
        if line.node in writer.variables:
            continue
        if own and not lines:
            lines.append(("# forward", ""))
        if own and line.node not in own:
            lines.append(("# backward", ""))
            own = set()
        text, _ = writer.expression(line.node)
        lines.append((f"{line.variable} = {text}", show_shape(line.node.shape)))
        writer.variables[line.node] = line.variable
    return lines

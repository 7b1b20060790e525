"""READ FIRST: the whole way, from a function to its gradient, as a handful of calls.

    traced   = function.trace()                     frontend: what the user wrote, as a graph
    forward  = stabilise(traced.graph)              simplify: in forms that keep their digits
    reverse({loss: 1}, wrt)                         derive: the chain rule, every cotangent once
    graph    = simplify(…)                          simplify: the form a person would write
    source(graph).text                              emit: as NumPy (or C)
    Program(graph)(values)                          run: numbers

Each is a function from one frozen value to the next; none reaches back.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .derive import Cotangents, reverse
from .frontend.function import Function
from .frontend.parse import parse as parse_formula
from .frontend.trace import Traced
from .frontend.tree import map_leaves
from .ir.build import constant
from .ir.dims import show_shape
from .ir.errors import ArgumentError, DerivativeError
from .ir.graph import Graph, toposort, use_counts
from .ir.node import Einsum, Input, Map, Node, Reduce
from .run.indices import misplaced_index
from .run.printed import Program
from .simplify import simplify, stabilise
from .simplify.pattern import spread_scalar


@dataclass(frozen=True, eq=False)
class GradientGraph:
    """A function together with its gradients, as one graph.

    The first ``values`` outputs are the function's own; one gradient for each input in ``wrt`` follows.
    ``intermediates`` gives the gradient of every named intermediate, and of the loss.
    """

    traced: Traced
    graph: Graph
    wrt: tuple[Input, ...]
    values: int
    intermediates: Mapping[Node, Node]

    @property
    def forward(self) -> Graph:
        """The function alone, with its own names."""
        outputs = self.graph.outputs[: self.values]
        own = set(toposort((*self.graph.inputs, *outputs)))
        # p - y may be both a part of the loss and the gradient d_p: here it is the former, and has no name.
        theirs = {*self.traced.graph.names.values(), *(self.graph.names[node] for node in self.intermediates)}
        names = {node: name for node, name in self.graph.names.items() if node in own and name in theirs}
        return Graph(self.graph.inputs, outputs, names)

    @property
    def gradients(self) -> tuple[Node, ...]:
        """The gradient for each input in ``wrt``."""
        return self.graph.outputs[self.values :]


def gradient_graph(traced: Traced, wrt: Sequence[Input]) -> GradientGraph:
    """The value and the gradients by ``wrt``, derived, simplified, and named after what they belong to.

    Raises DerivativeError where the first result is no single float, or where an input in ``wrt`` has no derivative.
    """
    for node in wrt:
        check_differentiable(node, traced.function)
    graph = stabilise(traced.graph)
    loss = _loss_of(traced, graph)
    cotangents = reverse({loss: constant(1, "float")}, wrt)
    gradients = tuple(cotangents.get(node) for node in wrt)
    outputs = (*graph.outputs, *gradients)
    names, made = _with_gradient_names(graph, outputs, cotangents, loss, wrt)
    pairs = {n: cotangents.of[n] for n in names if n in cotangents.of and not isinstance(n, Input)}
    derived = _simplified(traced, Graph(graph.inputs, outputs, names), wrt, pairs)
    idle = _idle(derived.graph, made)
    if not idle:
        return derived
    # What was shared before the rewriting, and is not after it, needs no name, which would keep rules out.
    names = {n: name for n, name in derived.graph.names.items() if name not in idle}
    pairs = {n: g for n, g in derived.intermediates.items() if n in names}
    return _simplified(traced, Graph(graph.inputs, derived.graph.outputs, names), wrt, pairs)


def _simplified(traced: Traced, graph: Graph, wrt: Sequence[Input], pairs: Mapping[Node, Node]) -> GradientGraph:
    """The graph in the form a person would write, and what became of the named intermediates and their gradients."""
    # Named nodes stay as they are in any case; as outputs they are found again after the rewriting.
    simplified = simplify(Graph(graph.inputs, (*graph.outputs, *pairs, *pairs.values()), graph.names))
    results, rest = simplified.outputs[: len(graph.outputs)], simplified.outputs[len(graph.outputs) :]
    found = dict(zip(rest[: len(pairs)], rest[len(pairs) :], strict=True))
    values = len(traced.graph.outputs)
    return GradientGraph(traced, Graph(graph.inputs, results, simplified.names), tuple(wrt), values, found)


def _idle(graph: Graph, made: Sequence[tuple[str, str]]) -> set[str]:
    """Of names that were made up for an intermediate and its shared gradient, those whose gradient is not shared.

    A gradient that is one number everywhere is not worth one either.
    """
    uses = use_counts(graph.outputs)
    times = {name: uses.get(node, 0) for node, name in graph.names.items() if not _is_number(node)}
    return {name for pair in made if times.get(pair[1], 0) < 2 for name in pair}


def _is_number(node: Node) -> bool:
    """Whether a gradient is one number everywhere, perhaps with a sign."""
    inner = node.args[0] if isinstance(node, Map) and node.op.name == "neg" else node
    return spread_scalar(inner) is not None


def _loss_of(traced: Traced, graph: Graph) -> Node:
    """The scalar that is differentiated: the result, or the first of several."""
    result = traced.result
    first = result[0] if isinstance(result, (tuple, list)) and result else result
    if not isinstance(first, Node):
        raise DerivativeError(f"{traced.function} has to return its loss, alone or first: return loss, {{…}}")
    loss = graph.outputs[0]
    if loss.shape != ():
        raise DerivativeError(
            f"a gradient is that of one number, and {traced.function} returns an array of shape "
            f"{show_shape(loss.shape)}: sum it or take its mean, or ask for cr.jacobian"
        )
    if loss.kind != "float":
        raise DerivativeError(f"{traced.function} returns a number of kind {loss.kind}, which has no derivative")
    return loss


def check_differentiable(node: Input, function: str) -> None:
    """Raise DerivativeError for an input of integers or truth values, by name."""
    if node.kind != "float":
        raise DerivativeError(
            f"{node.name} of {function} is an array of kind {node.kind}, and a derivative with respect to it does not "
            f"exist: pass it as floats ({node.name}.astype(float)) if it is a quantity, or leave it out of wrt"
        )


def _with_gradient_names(
    graph: Graph, outputs: Sequence[Node], cotangents: Cotangents, loss: Node, wrt: Sequence[Input]
) -> tuple[dict[Node, str], list[tuple[str, str]]]:
    """The names of a function's graph, and d_… for the gradient of each thing that has one.

    An intermediate without a name whose gradient is used more than once gets one (u1, u2, …), so that a reader sees
    what the gradient belongs to; these names and their gradients' are given apart as well.
    """
    names = dict(graph.names)
    taken = set(names.values())
    owners = {node: name for node, name in names.items() if node is not loss and node in cotangents.of}
    for given in wrt:
        owners.setdefault(given, given.name)

    def give(node: Node, name: str) -> None:
        if node.args and node not in names:
            while name in taken:
                name += "_"
            taken.add(name)
            names[node] = name

    for node, name in owners.items():
        if node in cotangents.of:
            give(cotangents.of[node], f"d_{name.replace('.', '_')}")
    uses = use_counts(outputs)
    shared: dict[Node, Node] = {}
    for node in graph.nodes():
        g = cotangents.of.get(node)
        is_value = isinstance(node, (Map, Reduce)) or (isinstance(node, Einsum) and not node.is_layout)
        if g is not None and g.args and is_value and node not in names and g not in names and uses.get(g, 0) > 1:
            # Of several that share a gradient (z = x w, z + b) the last is what a reader would name.
            shared[g] = node
    for count, (g, node) in enumerate(shared.items(), 1):
        give(node, f"u{count}")
        give(g, f"d_u{count}")
    return names, [(names[node], names[g]) for g, node in shared.items()]


def executable(graph: Graph, name: str = "program") -> Program:
    """A graph that can be called with arrays."""
    return Program(graph, name)


__all__ = [
    "GradientGraph",
    "arrange",
    "as_function",
    "check_differentiable",
    "evaluate",
    "executable",
    "function",
    "gradient_graph",
    "kept",
    "misplaced_index",
    "parse",
    "wanted",
]

# ---------------------------------------------------------------------------------------------- programs, kept

_programs: weakref.WeakKeyDictionary[Traced, dict[Any, Any]] = weakref.WeakKeyDictionary()
_functions: weakref.WeakKeyDictionary[Callable[..., Any], Function] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def kept(traced: Traced, key: Any, make: Callable[[], Any]) -> Any:
    """What was made for this trace and key before, or what ``make`` gives."""
    with _lock:
        made = _programs.setdefault(traced, {})
    if key not in made:
        made[key] = make()
    return made[key]


def evaluate(function: Function, bound: dict[str, Any]) -> Any:
    """The engine of every Function: its value on arrays."""
    traced = function.trace(bound)
    program = kept(traced, "value", lambda: Program(simplify(stabilise(traced.graph)), traced.function))
    return traced.unflatten(program(traced.flatten(bound)))


def as_function(f: Callable[..., Any]) -> Function:
    """A plain Python function as a Function; a Function as it is."""
    if isinstance(f, Function):
        return f
    if not callable(f):
        raise TypeError(f"a function is needed, not {type(f).__name__}")
    with _lock:
        found = _functions.get(f)
        if found is None:
            found = _functions[f] = Function(f, evaluate)
    return found


def function(*plain: Callable[..., Any], **shapes: Any) -> Any:
    """Declare the shapes of a function's arguments: ``@cr.function(x="N d", y="N int", w=(3, 4), b="")``.

    A name is a dimension whose size is known when the function is called; a trailing ``int`` or ``bool`` says that the
    numbers are no floats; ``""`` is a single number. Behind the shape may stand what is known of the values, as in
    ``A="d d symmetric"``: symmetric (the last two axes can be exchanged), positive (every entry is above 0), simplex
    (no entry is negative, and the last axis adds up to 1). Closed forms use it, and values without it are refused.
    Raises ArgumentError for an argument the function has not, ShapeError where no array can have a property.
    """
    if plain:
        (f,) = plain
        return Function(f, evaluate, shapes)
    return lambda f: Function(f, evaluate, shapes)


def parse(text: str, *, name: str = "f", **shapes: Any) -> Function:
    """A function from a formula: ``cr.parse("l1 = tanh(x@w1 + b1); mean((l1@w2 - y)**2)", x="N d", …)``.

    Statements are separated by ``;`` or line ends; the last is the result. The arguments are those that get a shape,
    in that order. Only arithmetic and chainrule's own operations are understood: nothing of the text is executed.
    Raises FormulaError, which shows the place, for anything else.
    """
    return parse_formula(text, engine=evaluate, name=name, **shapes)


def wanted(function: Function, traced: Traced, wrt: str | Sequence[str] | None) -> dict[str, list[Input]]:
    """The inputs for each name asked for; the first argument's where nothing is. Raises ArgumentError."""
    if wrt is None:
        wrt = next(iter(function.signature.parameters))
    names = (
        [wrt] if isinstance(wrt, str) else list(wrt) if isinstance(wrt, (list, tuple, set, frozenset, dict)) else None
    )
    if names is None or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"what to differentiate by is named: 'w' or ['w', 'b'], not {wrt!r}; the arguments of {function.name} are "
            f"{', '.join(function.signature.parameters)}"
        )
    return {name: traced.leaves(name) for name in names}


def arrange(traced: Traced, groups: Mapping[str, list[Input]], single: bool) -> Callable[[Sequence[Any]], Any]:
    """How values for the inputs of several names are handed back: {name: …}, each in its argument's structure.

    The bare value where one name was asked for.
    """
    names = list(groups)
    if all(traced.arguments.get(name) is group[0] for name, group in groups.items()):
        return (lambda values: values[0]) if single else lambda values: dict(zip(names, values, strict=True))
    order = [i.name for group in groups.values() for i in group]

    def structured(values: Sequence[Any]) -> Any:
        left = dict(zip(order, values, strict=True))

        def part(name: str) -> Any:
            tree = traced.arguments.get(name)
            if tree is None:
                # A part of a structure, by its path: the entry itself, or those below it.
                return left[name] if name in left else {i.name: left[i.name] for i in groups[name]}
            return map_leaves(lambda _, leaf: left[leaf.name] if isinstance(leaf, Input) else leaf, tree)

        arranged = {name: part(name) for name in names}
        return arranged[names[0]] if single else arranged

    return structured

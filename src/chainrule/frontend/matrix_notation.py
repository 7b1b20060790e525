"""Whole arrays as linear algebra writes them, as a graph: ``(1/L) (W2ᵀ (ŷ - y) ⊙ f′(z)) xᵀ``.

Two arrays beside each other are a matrix product, a number beside an array multiplies it; ``*`` is NumPy's, entry by
entry, as ⊙ is. A vector is a column, its transpose a row.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ir import registry
from ..ir.build import as_node, broadcast, cast
from ..ir.node import D, Einsum, Node, Scatter
from ..ir.records import Elementwise
from .index_notation import unknown_function
from .notation import Reader
from .notation_tokens import NotationError, told_by_formula
from .notation_tree import Apply, At, Index, Neg, Num, Pair, Part, Sum, Sym, Tree, Turned

_SIGNS = {"+": "add", "-": "sub", "*": "mul", "⊙": "mul", "/": "div", "^": "pow", "@": "matmul", "<": "less",
          "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal"}  # fmt: skip
_RECORDS = {"σ": "sigmoid", "ln": "log", "clip": "clipped"}
_WHOLE = frozenset(
    {"sum", "mean", "norm", "softmax", "log_softmax", "logsumexp", "trace", "transpose", "outer", "relu"}
)


def parse_matrix(text: str, scope: Mapping[str, Node]) -> Node:
    """A formula of whole arrays as a node. ``scope`` gives what each name means, names of sizes among them.

    Raises NotationError where it cannot be read, or where shapes do not fit.
    """
    tree = Reader(text, scope).read()
    with told_by_formula():
        return cast(_value(tree, scope), "float")


def _value(tree: Tree, scope: Mapping[str, Node]) -> Node:
    match tree:
        case Num(value):
            return as_node(float(value))
        case Sym(name, None):
            if name not in scope:
                raise NotationError(f"nothing is called {name!r}; known are {', '.join(scope)}")
            return scope[name]
        case Neg(body):
            return as_node(-_value(body, scope))
        case Turned(body):
            return as_node(_value(body, scope).T)
        case Pair("" | "@" as sign, left, right):
            a, b = _value(left, scope), _value(right, scope)
            if not sign and (a.shape == () or b.shape == ()):
                return as_node(a * b)
            if isinstance(right, Turned) and len(a.shape) == len(b.shape) == 1:
                # Vectors are columns: a column times a row.
                return Einsum.of([a, b], [(0,), (1,)], (0, 1), {0: a.shape[0], 1: b.shape[0]})
            return as_node(a @ b)
        case Pair("+" | "-" | "*" | "⊙" as sign, left, Apply("onehot" | "one_hot", 0, (labels,))):
            a = _value(left, scope)
            return cast(registry.call(_SIGNS[sign], a, _one_hot(_value(labels, scope), a)), "float")
        case Pair(sign, left, right):
            return cast(registry.call(_SIGNS[sign], _value(left, scope), _value(right, scope)), "float")
        case Part(top, bottom):
            return D.make((_value(top, scope), _value(bottom, scope)), ())
        case Sum((), body):
            return registry.call("sum", _value(body, scope))  # type: ignore[no-any-return]
        case Sum(letters, At(body, indices)):
            return _summed(_value(body, scope), letters, indices)
        case Sum(letters, Sym(name, indices)) if indices is not None:
            return _summed(_value(Sym(name), scope), letters, indices)
        case Apply():
            return _applied(tree, scope)
        case _:
            raise NotationError("single entries (indices, δ) have no place in a formula of whole arrays")


def _one_hot(labels: Node, like: Node) -> Node:
    """A row of zeros with a single one for each label, as long as the rows of the array beside it."""
    if labels.kind != "int" or len(like.shape) != len(labels.shape) + 1:
        raise NotationError("onehot is of whole numbers, beside an array with a row for each of them")
    rank = len(labels.shape)
    return Scatter.make((broadcast(as_node(1.0), labels.shape), labels), (rank, rank, like.shape[-1]))


def _summed(node: Node, letters: tuple[str, ...], indices: tuple[Index, ...]) -> Node:
    """``Σ_n a[n]``: summed along the axis that has the letter; axes that are not written stay."""
    axes = [k for k, index in enumerate(indices) if index in letters]
    if len(axes) != len(indices) or len(indices) > len(node.shape):
        raise NotationError(f"the sum runs over {', '.join(letters)}, and these are not the indices behind it")
    every = tuple(range(len(node.shape)))
    kept = tuple(k for k in every if k not in axes)
    return Einsum.of([node], [every], kept, dict(enumerate(node.shape)))


def _applied(tree: Apply, scope: Mapping[str, Node]) -> Node:
    args = [_value(arg, scope) for arg in tree.args]
    unknown = unknown_function(tree, scope)
    if unknown is not None:
        return as_node(unknown(*args))
    name = _RECORDS.get(tree.name, tree.name)
    function = registry.functions().get(name)
    if tree.primes or function is None or not (isinstance(function, Elementwise) or name in _WHOLE):
        raise NotationError(f"there is no function {tree.name}{'′' * tree.primes}")
    return as_node(function(*args))

"""The fixed list of mutators: each is a small mistake that somebody could make, on the syntax tree of a line.

A mutator is given a node of the tree, and the node above it, and yields what might stand in the node's place.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Change = Callable[[ast.AST, ast.AST], Iterator[ast.AST]]


@dataclass(frozen=True)
class Mutator:
    """A kind of mistake: its name, what it does, and how."""

    name: str
    what: str
    change: Change


OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NEXT: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
DENIED = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
PAIRS = [
    ("add", "sub"),
    ("mul", "div"),
    ("sin", "cos"),
    ("exp", "log"),
    ("sum", "prod"),
    ("max", "min"),
    ("maximum", "minimum"),
    ("less", "less_equal"),
    ("greater", "greater_equal"),
    ("equal", "not_equal"),
    ("logical_and", "logical_or"),
    ("any", "all"),
]
NAMES = dict(PAIRS) | {b: a for a, b in PAIRS}
ORDERLESS = {"isinstance", "map", "partial", "getattr", "zip", "field", "replace"}
"""Calls in which another order of arguments is an error at once, not a mistake in mathematics."""
CASTS = {"tuple", "list", "set", "frozenset", "dict", "iter", "len", "bool", "range", "next", "isinstance"}


def changed(node: ast.AST, **fields: Any) -> ast.AST:
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def is_test(node: ast.AST, above: ast.AST) -> bool:
    """Whether a node is the condition of an if."""
    return isinstance(above, (ast.If, ast.IfExp)) and above.test is node


def other_operator(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OTHER:
        yield changed(node, op=OTHER[type(node.op)]())


def one_operand(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right


def operands_swapped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
        yield changed(node, left=node.right, right=node.left)


def sign_dropped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.UnaryOp):
        yield node.operand


def number_raised(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield changed(node, value=node.value + 1)


def next_comparison(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            # The denial of a whole condition is weaker than "always" and "never".
            if type(op) in NEXT and not (is_test(node, above) and isinstance(op, DENIED)):
                yield changed(node, ops=[*node.ops[:k], NEXT[type(op)](), *node.ops[k + 1 :]])


def turned_comparison(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            if type(op) in TURNED:
                yield changed(node, ops=[*node.ops[:k], TURNED[type(op)](), *node.ops[k + 1 :]])


def settled(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if is_test(node, above):
        yield ast.Constant(True)
        yield ast.Constant(False)
    elif isinstance(above, ast.comprehension) and node in above.ifs:
        yield ast.Constant(True)


def clause_dropped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        for k in range(len(node.values)):
            rest = [*node.values[:k], *node.values[k + 1 :]]
            yield rest[0] if len(rest) == 1 else changed(node, values=rest)


def and_or(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def truth_value(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield changed(node, value=not node.value)


def called(node: ast.AST) -> str:
    """The name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def arguments_swapped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and called(node) not in ORDERLESS:
        args = node.args
        texts = any(isinstance(a, ast.Constant) and isinstance(a.value, str) for a in args[-2:])
        if len(args) > 1 and not texts and not any(isinstance(a, ast.Starred) for a in args):
            yield changed(node, args=[*args[:-2], args[-1], args[-2]])


def parts_swapped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        # What is looked for in a list, or is one of several types, has no order.
        if isinstance(above, ast.Compare) or called(above) in ORDERLESS:
            return
        # Nor have the rules of a phase, of which each is tried.
        if any(isinstance(e, ast.Starred) or called(e) == "rule" for e in node.elts):
            return
        a, b, *rest = node.elts
        yield changed(node, elts=[b, a, *rest])


def call_dropped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and called(node) not in CASTS:
        if not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
            yield node.args[0]
    elif isinstance(node, ast.Call) and called(node) == "call" and len(node.args) > 1:
        yield node.args[1]


def other_name(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NAMES:
        yield changed(node, value=NAMES[node.value])
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in ("any", "all", "min", "max"):
        yield changed(node, id=NAMES[node.id])


def statement_dropped(node: ast.AST, above: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()


MUTATORS: tuple[Mutator, ...] = (
    Mutator("other operator", "+ for −, * for /, * for **, | for &, and back", other_operator),
    Mutator("one operand", "a ∘ b becomes a; a ∘ b becomes b", one_operand),
    Mutator("operands swapped", "a − b becomes b − a; so for /, @ and **", operands_swapped),
    Mutator("sign dropped", "−x, ~x and not x become x", sign_dropped),
    Mutator("number raised", "a number is one more", number_raised),
    Mutator("next comparison", "< becomes ≤, == becomes !=, is becomes is not, and back", next_comparison),
    Mutator("turned comparison", "< becomes >, and back", turned_comparison),
    Mutator("settled condition", "a condition holds always; never; a filter lets all through", settled),
    Mutator("clause dropped", "one of the clauses of an and, or an or, is left out", clause_dropped),
    Mutator("and for or", "and becomes or, and back", and_or),
    Mutator("truth value", "True becomes False, and back", truth_value),
    Mutator("arguments swapped", "the last two arguments of a call change places", arguments_swapped),
    Mutator("parts swapped", "the first two entries of a tuple change places", parts_swapped),
    Mutator("call dropped", "f(x) becomes x", call_dropped),
    Mutator("other name", "add for sub, exp for log, max for min, any for all, …", other_name),
    Mutator("statement dropped", "a call for its effect is left out", statement_dropped),
)

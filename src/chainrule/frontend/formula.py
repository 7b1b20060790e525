"""Working out a formula: its syntax tree, walked into our own graph. Nothing of it is ever run by Python."""

from __future__ import annotations

import ast
import difflib
import inspect
import math
import operator
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from ..ir import registry
from ..ir.build import as_node
from ..ir.dims import Dim, known_product
from ..ir.errors import ChainruleError, place
from ..ir.node import Node, Size
from ..ir.records import Elementwise, Reduction
from .names import Bind
from .source import Source

Value: TypeAlias = Node | int | float

LARGEST = 10**9
HIGHEST_POWER = 64
_EXACT = 2**53

_OF_ONE = frozenset(
    {"sum", "mean", "var", "std", "norm", "softmax", "log_softmax", "square", "trace", "diagonal", "transpose"}
)
FUNCTIONS = _OF_ONE | {
    *("clip", "dot", "matmul", "inner", "vdot", "outer"),
    *("dense", "mse", "binary_cross_entropy", "cross_entropy"),
    *("mae", "huber_loss", "log_cosh_loss", "hinge_loss", "poisson_nll", "gaussian_nll", "kl_divergence"),
    *("cosine_loss", "triplet_loss", "layer_norm", "rms_norm", "scaled_dot_product_attention"),
}
"""Functions that are no records of their own, and that a formula may call; of records those on entries and axes."""

_INTERNAL = frozenset({"pow", "clipped", "to_float", "to_int", "to_bool"})
_METHODS = ("sum", "mean", "max", "min", "prod")
_CONSTANTS = {"pi": math.pi, "e": math.e}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


class Formula:
    """A formula that can be called with expressions or arrays for its arguments, in their order."""

    def __init__(self, source: Source, statements: tuple[ast.stmt, ...], arguments: tuple[str, ...], name: str) -> None:
        self.__name__ = name
        self.__doc__ = source.text
        parameters = [inspect.Parameter(a, inspect.Parameter.POSITIONAL_OR_KEYWORD) for a in arguments]
        self.__signature__ = inspect.Signature(parameters)
        self.source = source
        self._statements = statements

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return call_formula(self, args, kwargs, lambda *_: None)

    def evaluate(self, scope: dict[str, Any], bind: Bind) -> Any:
        """The value of the last statement; ``bind`` is told of every assignment."""
        walk = _Walk(self.source, scope)
        result: Any = None
        for n, statement in enumerate(self._statements):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    scope[name] = result = walk.value(value)
                    bind(name, result, statement.lineno)
                case ast.Expr(value=value) if n == len(self._statements) - 1:
                    result = walk.value(value)
                case ast.Expr():
                    walk.refuse("only the last statement is a result: give this one a name, or leave it out", statement)
                case _:
                    walk.refuse("one plain name is assigned at a time", statement)
        return result


def call_formula(formula: Any, args: tuple[Any, ...], kwargs: dict[str, Any], bind: Bind) -> Any:
    """Evaluate a formula on arguments and report what its names are bound to."""
    bound = formula.__signature__.bind(*args, **kwargs)
    return formula.evaluate({name: as_node(value) for name, value in bound.arguments.items()}, bind)


class _Walk:
    """Values of the nodes of a formula: expressions, or plain numbers."""

    def __init__(self, source: Source, scope: dict[str, Any]) -> None:
        self._source = source
        self._scope = scope

    def refuse(self, message: str, node: ast.AST) -> NoReturn:
        raise self._source.error_at(message, node)

    def value(self, node: ast.expr) -> Value:
        """What a node is worth. Errors in it, those of the operations too, show its place."""
        token = place.set(lambda: self._source.show(*self._source.place(node)))
        try:
            result = self._value(node)
        except ChainruleError:
            raise
        except OverflowError:
            self.refuse("this number is too large", node)
        except (TypeError, ValueError, ArithmeticError) as error:
            self.refuse(str(error), node)
        finally:
            place.reset(token)
        if isinstance(result, Node):
            if known_product(result.shape) > LARGEST:
                self.refuse(f"this has more than {LARGEST:,} entries", node)
        elif abs(result) > _EXACT if isinstance(result, int) else not math.isfinite(result):
            self.refuse("this number is too large", node)
        return result

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return number
            case ast.Name(id=name):
                return self._lookup(name, node)
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp(op=op, operand=operand):
                value = self.value(operand)
                return ~as_node(value) if isinstance(op, ast.Invert) else -value if isinstance(op, ast.USub) else value
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return _COMPARE[type(op)](as_node(self.value(left)), as_node(self.value(right)))  # type: ignore[no-any-return]
            case ast.Compare():
                self.refuse("compare two things at a time, in brackets: (a < b) & (b < c)", node)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _METHODS and len(node.args) < 2:
                options = {**self._options(node), **({"axis": self._integer(node.args[0])} if node.args else {})}
                return registry.call(attr, as_node(self.value(value)), **options)  # type: ignore[no-any-return]
            case ast.Attribute(value=value, attr="T"):
                return as_node(self.value(value)).T  # type: ignore[no-any-return]
            case ast.Subscript(value=ast.Attribute(value=value, attr="shape"), slice=index):
                extent = as_node(self.value(value)).shape[self._integer(index)]
                return Size.of(extent) if isinstance(extent, Dim) else int(extent)
            case ast.Subscript(value=value, slice=index):
                return as_node(self.value(value))[self._index(index)]  # type: ignore[no-any-return]
        self._refuse_kind(node)

    def _refuse_kind(self, node: ast.expr) -> NoReturn:
        attribute = node.func if isinstance(node, ast.Call) else node
        if isinstance(attribute, ast.Attribute):
            methods = ", ".join(f".{m}(axis=…)" for m in _METHODS)
            self.refuse(f".{attribute.attr} is no part of a formula: there are .T, .shape[0], {methods}, and functions "
                        f"by their plain names, as tanh(x)", node)  # fmt: skip
        self.refuse("this is no part of a formula", node)

    def _lookup(self, name: str, node: ast.AST) -> Value:
        """A name's value: an argument, an assigned name, or a constant."""
        if name in self._scope:
            return self._scope[name]  # type: ignore[no-any-return]
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        known = list(self._scope)
        near = difflib.get_close_matches(name, known, 1, 0.5)
        if any(isinstance(v, Node) and any(str(s) == name for s in v.shape) for v in self._scope.values()):
            self.refuse(f"{name} is a dimension: its size is written x.shape[0]", node)
        if name in registry.functions():
            self.refuse(f"{name} is a function: write {name}(x)", node)
        self.refuse(
            f"nothing is called {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} "
            f'Known are {", ".join(known) or "no names"}; an argument needs its shape: parse(…, {name}="N d")',
            node,
        )

    def _binary(self, node: ast.expr) -> Value:
        """A chain of operators that leans to the left, worked off from its innermost pair."""
        chain: list[ast.BinOp] = []
        while isinstance(node, ast.BinOp):
            chain.append(node)
            node = node.left
        value = self.value(node)
        for link in reversed(chain):
            right = self.value(link.right)
            token = place.set(lambda link=link: self._source.show(*self._source.place(link)))  # type: ignore[misc]
            try:
                value = self._pair(link, value, right)
            finally:
                place.reset(token)
        return value

    def _pair(self, node: ast.BinOp, left: Value, right: Value) -> Value:
        apply = _BINARY.get(type(node.op))
        if apply is None:
            self.refuse("this operator is no part of a formula: there are + - * / ** @ & |", node)
        if isinstance(node.op, ast.Pow) and not isinstance(right, Node) and abs(right) > HIGHEST_POWER:
            self.refuse(f"an exponent is at most {HIGHEST_POWER}", node.right)
        if isinstance(left, Node) or isinstance(right, Node):
            return apply(left, right)  # type: ignore[no-any-return]
        if isinstance(node.op, (ast.MatMult, ast.BitAnd, ast.BitOr)):
            self.refuse("this operator is for arrays, not for two numbers", node)
        # Whole numbers stay exact as long as a float could hold them; a power is bounded before it is worked out.
        if isinstance(node.op, ast.Pow) and abs(float(left) ** right) > _EXACT:
            return float(left) ** right
        result = apply(left, right)
        return result if isinstance(result, int) and abs(result) <= _EXACT else float(result)

    def _call(self, name: str, node: ast.Call) -> Value:
        function = allowed(name)
        if name in self._scope and function is None:
            self.refuse(f"{name} is an array, not a function: a product is written {name} * (…)", node)
        if function is None:
            known = [n for n in registry.functions() if allowed(n) is not None]
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else " (see: chainrule ops)"
            self.refuse(f"there is no function {name!r}{hint}", node.func)
        options = self._options(node)
        operands = [self.value(a) for a in node.args]
        if not operands:
            self.refuse(f"{name} of what?", node)
        if len(operands) > 1 and (isinstance(function, Reduction) or name in _OF_ONE):
            instead = f": of two things, {name}imum(a, b)" if name in ("max", "min") else ""
            self.refuse(f"{name} is of one array; an axis is written axis=0{instead}", node)
        if isinstance(function, Elementwise) and not options and not any(isinstance(v, Node) for v in operands):
            return float(function(*operands))
        if isinstance(operands[0], (int, float)) and not any(isinstance(v, Node) for v in operands):
            operands[0] = as_node(operands[0])
        result = function(*operands, **options)
        return result if isinstance(result, Node) else float(result)

    def _options(self, node: ast.Call) -> dict[str, Any]:
        """The keyword arguments axis and keepdims."""
        options: dict[str, Any] = {}
        for option in node.keywords:
            match option:
                case ast.keyword(arg="axis", value=ast.Tuple(elts=axes)):
                    options["axis"] = tuple(self._integer(a) for a in axes)
                case ast.keyword(arg="axis", value=value):
                    options["axis"] = self._integer(value)
                case ast.keyword(arg="keepdims", value=ast.Constant(value=bool() as keep)):
                    options["keepdims"] = keep
                case _:
                    self.refuse("there are the options axis=0, axis=(0, 1) and keepdims=True", option)
        return options

    def _integer(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() as number) if not isinstance(number, bool) and number <= _EXACT:
                return number
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)) if number <= _EXACT:
                return -number
        self.refuse("an integer is wanted here", node)

    def _index(self, node: ast.expr) -> Any:
        """Integers and slices of integers."""
        match node:
            case ast.Tuple(elts=parts):
                return tuple(self._index(p) for p in parts)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if part is None else self._integer(part) for part in (lower, upper, step)))
        return self._integer(node)


def allowed(name: str) -> Callable[..., Any] | None:
    """The function that a formula may call by this name: one of FUNCTIONS, or a record on entries or axes."""
    function = registry.functions().get(name)
    if name in FUNCTIONS or (isinstance(function, (Elementwise, Reduction)) and name not in _INTERNAL):
        return function
    return None

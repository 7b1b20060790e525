"""The names of rules and glossary entries that a source text hands to steps, found with `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

NAMED = ("rule", "entry")
"""Parameters and fields that take such a name."""


def named_in_the_source(folder: Path) -> dict[str, list[str]]:
    """Each name, with the places that give it to a parameter, a field or a variable called ``rule`` or ``entry``.

    Raises ValueError for a name that is put together when the program runs: no entry can be promised for that.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    own = {name: at for tree in trees.values() for name, at in _takers(tree)}
    givers = {name for tree in trees.values() for name in _givers(tree, {*own, "Step"})}
    found: dict[str, list[str]] = {}
    for path, tree in trees.items():
        for expression in _expressions(tree, own | _imported(tree), givers):
            for name in _texts(expression, path.name):
                found.setdefault(name, []).append(f"{path.name}:{expression.lineno}")
    found.pop("", None)  # a step of which nothing but its reason is said
    return found


def _imported(tree: ast.AST) -> dict[str, int]:
    """Steps and terms, where a file has them from `ir.telling`, and at which place they take the name."""
    places = {"Step": 2, "Term": 1}
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("telling")
        for alias in node.names
    }
    return {name: at for name, at in places.items() if name in taken}


def _takers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions and dataclasses that take a rule, and at which place."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, args=ast.arguments(args=args)):
                names = [a.arg for a in args if a.arg not in ("self", "cls")]
            case ast.ClassDef(name=name, body=body):
                names = [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
            case _:
                continue
        yield from ((name, names.index(named)) for named in NAMED if named in names)


def _unpacked(node: ast.AST) -> tuple[ast.expr, int] | None:
    """What ``rule, why = …`` takes, and at which place the rule stands in it."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in NAMED:
            return value, -1
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            names = [target.id if isinstance(target, ast.Name) else "" for target in targets]
            return next(((value, names.index(named)) for named in NAMED if named in names), None)
    return None


def _givers(tree: ast.AST, takers: set[str]) -> Iterator[str]:
    """Functions whose result is unpacked to a rule and more, by ``rule, why = f()`` or by ``Step(a, b, *f())``."""
    for node in ast.walk(tree):
        given = [value for value, _ in [_unpacked(node) or (None, 0)]]
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in takers:
                given += [argument.value for argument in args if isinstance(argument, ast.Starred)]
        for value in given:
            match value:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    yield name


def _expressions(tree: ast.AST, positions: dict[str, int], givers: set[str]) -> Iterator[ast.expr]:
    """What is given for a rule, wherever one is given."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                if name in positions:
                    yield from args[positions[name] : positions[name] + 1]
                    yield from (k.value for k in keywords if k.arg in NAMED)
            case ast.FunctionDef(name=name) if name in givers:
                yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)
        if (taken := _unpacked(node)) is not None:
            value, place = taken
            yield value.elts[place] if isinstance(value, ast.Tuple) else value


def _texts(expression: ast.expr, file: str) -> Iterator[str]:
    """The texts that an expression may be worth; of a tuple the first. What has a name is found where it is made."""
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Tuple(elts=[first, *_]):
            yield from _texts(first, file)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, file)
            yield from _texts(orelse, file)
        case ast.JoinedStr() | ast.BinOp():
            raise ValueError(
                f"{file}, line {expression.lineno}: a rule's name is put together, so nothing can link to it"
            )

"""Where mistakes are made: the lines of a file that are mathematics, each with what each mutator makes of it.

Of a file of operations those are the slopes of its records (and what is pushed and pulled), with the functions that
they use; of a file of rules, all but the examples that the tests try rules on. Texts, types, messages of errors and
assertions are left as they are.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutants.mutators import MUTATORS, called

SLOPES = {"partials", "transpose", "push", "forward", "backward", "singular"}
"""The arguments of a record in which its derivative is written."""
UNTOUCHED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.alias)
NAMED = {"any_", "scalar", "array"}
"""What makes a pattern's variables: x, y = any_("x"), any_("y")."""
SPOKEN = {"__repr__", "__str__"}


@dataclass(frozen=True)
class Mutant:
    """One mistake: in which function, in which line, by which mutator, what stood there and what stands there now."""

    mutator: str
    where: str
    line: int
    source: str
    before: str
    after: str
    runs: tuple[int, str] | None
    """The function that has to run for the mistake to be met: its first line and name. None: the file itself."""
    hints: tuple[str, ...]
    """Names that the tests of this place are likely to have in theirs."""
    around: str
    """The statement of the file that it lies in, as a digest: what was found out holds while that stays."""
    index: int
    """Which node of the tree, and which of the mutators' proposals for it."""
    choice: int

    @property
    def key(self) -> str:
        """What it is called in the results; a second mistake of the same name is told apart by its place."""
        return f"{self.where}: {self.before} → {self.after} ({self.source})"


def numbered(tree: ast.AST) -> Iterator[tuple[int, ast.AST, tuple[ast.AST, ...]]]:
    """Every node with its number and those above it, in an order that depends on the source alone."""
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ())]
    n = 0
    while stack:
        node, above = stack.pop()
        yield n, node, above
        n += 1
        stack += [(child, (*above, node)) for child in reversed(list(ast.iter_child_nodes(node)))]


def _named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _left_alone(node: ast.AST, above: ast.AST) -> bool:
    """Whether a node and all below it say nothing that is computed."""
    if isinstance(node, UNTOUCHED):
        return True
    if isinstance(above, (ast.FunctionDef, ast.ClassDef)) and node in above.decorator_list:
        return True
    if isinstance(above, ast.AnnAssign) and node is above.annotation:
        return True
    if isinstance(above, ast.arg) or (isinstance(above, ast.FunctionDef) and node is above.returns):
        return True
    if isinstance(node, ast.AnnAssign) and (isinstance(above, ast.ClassDef) or _named(node.annotation, "TypeAlias")):
        return True
    if isinstance(node, ast.FunctionDef) and node.name in SPOKEN:
        return True
    if isinstance(node, ast.If) and _named(node.test, "TYPE_CHECKING"):
        return True
    if isinstance(node, ast.keyword) and node.arg == "strict":
        # Of zip: it asserts that nothing is left over.
        return True
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
        return True
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and {*map(called, node.value.elts)} <= NAMED:
        return True
    return called(node) == "structural" or (isinstance(node, ast.Call) and called(node.func) == "structural")


def _names(nodes: list[ast.AST]) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions of a file that are no operations of their own."""
    return {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.decorator_list}


def _reached(tree: ast.Module, roots: list[ast.AST]) -> set[str]:
    """The functions of a file that the roots use, themselves or by others."""
    functions = _functions(tree)
    found: set[str] = set()
    todo = roots
    while todo:
        names = (_names(todo) & set(functions)) - found
        found |= names
        todo = [functions[name] for name in names]
    return found


def _record_name(node: ast.Call) -> str:
    for keyword in node.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return ""


def _slopes(tree: ast.Module) -> tuple[set[ast.AST], dict[str, set[str]]]:
    """The arguments in which slopes are written; and the functions used there, with the records that use them."""
    roots: dict[ast.AST, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in SLOPES:
                    roots[keyword.value] = _record_name(node)
    used: dict[str, set[str]] = {}
    for root, record in roots.items():
        for name in _reached(tree, [root]):
            used.setdefault(name, set()).update({record} - {""})
    return set(roots), used


def _examples(tree: ast.Module) -> set[str]:
    """The functions that only make examples for the tests."""
    structural = [n for n in ast.walk(tree) if called(n) == "structural"]
    skipped = {n for made in structural for n in ast.walk(made)}
    functions = _functions(tree)
    rest = [n for n in tree.body if n not in functions.values()]
    used = {n.id for top in rest for n in ast.walk(top) if isinstance(n, ast.Name) and n not in skipped}
    kept = used | _reached(tree, [functions[name] for name in used & set(functions)])
    return _reached(tree, list(structural)) - kept


def _frame(above: tuple[ast.AST, ...]) -> tuple[int, str] | None:
    """The innermost function around a node as a frame of it says: first line and name."""
    for node in reversed(above):
        if isinstance(node, ast.FunctionDef):
            return min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name
        if isinstance(node, ast.Lambda):
            return node.lineno, "<lambda>"
    return None


def _where(above: tuple[ast.AST, ...]) -> str:
    """The functions around a node by name; of what lies in none, the name that is assigned."""
    names = [n.name for n in above if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    if names:
        return ".".join(names)
    for node in above:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return "the file"


def _hints(above: tuple[ast.AST, ...], used: dict[str, set[str]]) -> tuple[str, ...]:
    """The record or the rule that a node belongs to, by name."""
    for node in above:
        if isinstance(node, ast.FunctionDef):
            told = {
                str(d.args[0].value)
                for d in node.decorator_list
                if isinstance(d, ast.Call) and d.args and isinstance(d.args[0], ast.Constant)
            }
            return tuple(sorted(used.get(node.name, set()) | told))
    for node in reversed(above):
        if isinstance(node, ast.Call):
            if name := _record_name(node):
                return (name,)
            if called(node) == "rule" and isinstance(node.args[0], ast.Constant):
                return (str(node.args[0].value),)
    return ()


def mutants(source: str, scope: str) -> list[Mutant]:
    """All mistakes in a file; ``scope``: "slopes" or "all"."""
    tree = ast.parse(source)
    lines = source.splitlines()
    roots, used = _slopes(tree) if scope == "slopes" else (set(), {})
    examples = _examples(tree) if scope == "all" else set()
    found: list[Mutant] = []
    seen: set[tuple[object, ...]] = set()
    left: set[ast.AST] = set()
    digests = {top: hashlib.sha256(ast.unparse(top).encode()).hexdigest()[:16] for top in tree.body}
    for index, node, above in numbered(tree):
        chain = (*above, node)
        if not above or above[-1] in left or _left_alone(node, above[-1]):
            left |= {node} if above else set()
            continue
        tops = {n.name for n in chain if isinstance(n, ast.FunctionDef)}
        if tops & examples or not (scope == "all" or tops & set(used) or roots & set(chain)):
            continue
        place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0))
        proposals = [(m.name, new) for m in MUTATORS for new in m.change(node, above[-1])]
        before = ""
        for choice, (name, new) in enumerate(proposals):
            before, after = before or ast.unparse(node), ast.unparse(new)
            if before == after or (*place, after) in seen:
                continue
            seen.add((*place, after))
            line = lines[place[0] - 1].strip()
            made = (name, _where(above), place[0], line, before, after, _frame(above), _hints(chain, used))
            found.append(Mutant(*made, digests[chain[1]], index, choice))
    return found


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The tree of a file with one mistake in it."""
    tree = ast.parse(source)
    for index, node, above in numbered(tree):
        if index == mutant.index:
            proposals = [new for m in MUTATORS for new in m.change(node, above[-1])]
            new = ast.copy_location(proposals[mutant.choice], node)
            _put(above[-1], node, new)
            return ast.fix_missing_locations(tree)
    raise AssertionError(f"{mutant.key} is not in the source")


def _put(above: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for name, value in ast.iter_fields(above):
        if value is old:
            setattr(above, name, new)
        elif isinstance(value, list) and any(entry is old for entry in value):
            setattr(above, name, [new if entry is old else entry for entry in value])

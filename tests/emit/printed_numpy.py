"""Printed programs, run alone: what they return, and what every variable in them was."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import Any

import numpy as np

from chainrule.emit.numpy import Source


class Run:
    """One call of a printed program, in a namespace with nothing of ours: its result and its variables."""

    def __init__(self, text: str, function: str, *args: Any) -> None:
        check_alone(text)
        namespace: dict[str, Any] = {}
        exec(compile(text, "<printed>", "exec"), namespace)
        called = namespace[function]
        self.variables: dict[str, Any] = {}

        def watch(frame: Any, event: str, _: Any) -> None:
            if event == "return" and frame.f_code is called.__code__:
                self.variables.update(frame.f_locals)

        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            with np.errstate(all="ignore"):
                self.result = called(*args)
        finally:
            sys.setprofile(before)

    def wider_than(self, dtype: str) -> dict[str, np.dtype[Any]]:
        """The variables that are floats of another precision."""
        found = {n: v.dtype for n, v in self.variables.items() if isinstance(v, (np.ndarray, np.generic))}
        return {n: d for n, d in found.items() if d.kind == "f" and d != dtype and n != "dtype"}


def run(source: Source, values: dict[str, Any]) -> Run:
    """A program on values by the names that its arguments have in the graph."""
    return Run(source.text, source.function, *(values[name] for name in source.arguments))


def check_alone(text: str) -> None:
    """It needs numpy and scipy alone, reads nothing that it did not define, and no line is too long."""
    tree = ast.parse(text)
    assert max(map(len, text.splitlines())) <= 120, text
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    lines = [ast.unparse(i) for i in imports]
    assert lines[0] == "import numpy as np"
    assert all(line.startswith("from scipy import ") for line in lines[1:])
    made = {n.name for n in functions} | {a.asname or a.name for i in imports for a in i.names}
    for function in functions:
        stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        known = made | stored | {a.arg for a in function.args.args}
        assert not known & (set(dir(builtins)) - {"max", "min", "sum"}), known
        loaded = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert loaded <= known | {"sorted", "range", "float", "bool", "len", "reversed"}, loaded - known

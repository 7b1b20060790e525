"""Who may import whom: the table of docs/ARCHITECTURE.md, checked on the source text with `ast`.

Imports inside functions count, because they too run; those under `if TYPE_CHECKING:` do not,
because they never run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "chainrule"
PUBLIC = "__init__"  # the public names: the package itself, as in `import chainrule as cr`

# A room's own modules are always allowed. `ir` stands at the bottom and imports nothing of ours.
ALLOWED: dict[str, set[str]] = {
    "ir": set(),
    "ops": {"ir"},
    "frontend": {"ir", "ops"},
    "derive": {"ir", "ops"},
    "simplify": {"ir", "ops"},
    "lower": {"ir", "ops"},
    "explain": {"ir", "ops", "derive", "simplify", "run"},  # every line of a telling is evaluated
    "render": {"ir"},
    "emit": {"ir", "ops", "lower"},
    "run": {"ir", "ops", "lower", "emit"},
    "check": {"ir", "ops", "derive", "simplify", "run", "render"},  # a mistake is told in formulas
}
ALLOWED["pipeline"] = set(ALLOWED)  # every stage
ALLOWED["engines"] = {"ir", "lower", "run"}
ALLOWED["checking"] = {*ALLOWED["pipeline"], "pipeline"}
ALLOWED["tell"] = {*ALLOWED["checking"], "checking"}
ALLOWED["transforms"] = {*ALLOWED["tell"], "engines"}
ALLOWED["exercise"] = set(ALLOWED["pipeline"])
ALLOWED["picture"] = ALLOWED["tell"]
ALLOWED["asked"] = ALLOWED["tell"]
ALLOWED["native"] = {*ALLOWED["transforms"], "transforms"}
ALLOWED["machine"] = {"ir", "emit", "run", "native"}
ALLOWED["testing"] = {*ALLOWED["tell"], "transforms"}
ALLOWED["derivation"] = {*ALLOWED["tell"], "asked", "exercise"}
ALLOWED["train"] = {"ir", "pipeline", "engines", "native", PUBLIC}  # an update is a graph as well
ALLOWED["cli"] = {"ir", "render", "run", "pipeline", "derivation", "machine", PUBLIC}  # it tells of all these
ALLOWED[PUBLIC] = set(ALLOWED) - {"cli", PUBLIC}
ALLOWED["__main__"] = {"cli"}


def violations(package: Path) -> list[str]:
    """One line for each import under `package` that the table does not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        room = place.parts[0].removesuffix(".py")
        if room not in ALLOWED:
            found.append(f"{place}: the room {room!r} has no row in the table")
            continue
        for line, target in imports(path, package):
            if target != room and target not in ALLOWED[room]:
                found.append(f"{place}:{line}: {room} may not import {target}")
    return found


def imports(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Line and room of each of our own modules that the file imports."""
    # The packages around the file, outermost first: what one leading dot, or two, is relative to.
    around = (package.name, *path.relative_to(package).parts[:-1])
    for node in running(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        match node:
            case ast.Import(names=names):
                modules = [alias.name.split(".") for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*around[: len(around) - level + 1]] if level else []
                base += module.split(".") if module else []
                # `from chainrule import x` names a room or a public name only by x itself.
                modules = [[*base, alias.name] for alias in names]
            case _:
                continue
        for parts in modules:
            if parts[0] == package.name:
                yield node.lineno, room_of(parts[1:], package)


def room_of(parts: list[str], package: Path) -> str:
    if parts and ((package / parts[0]).is_dir() or (package / f"{parts[0]}.py").is_file()):
        return parts[0]
    return PUBLIC


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below `node`, without the bodies of `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            # A test of `not TYPE_CHECKING` guards what does run.
            kept = child.body if isinstance(child.test, ast.UnaryOp) else child.orelse
            yield from (below for branch in kept for below in (branch, *running(branch)))
        else:
            yield from running(child)


def test_the_package_keeps_to_its_layers() -> None:
    assert (PACKAGE / "__init__.py").is_file()
    assert violations(PACKAGE) == []


TYPING = "from typing import TYPE_CHECKING\n"


@pytest.mark.parametrize(
    ("place", "source", "complaint"),
    [
        ("ir/node.py", "from chainrule.ops import tanh", "ir/node.py:1: ir may not import ops"),
        ("ir/node.py", "from ..ops.tanh import y", "ir/node.py:1: ir may not import ops"),
        ("ir/node.py", "from .. import derive", "ir/node.py:1: ir may not import derive"),
        ("ir/node.py", "def f():\n    import chainrule.ops", "ir/node.py:2: ir may not import ops"),
        ("ir/node.py", "import chainrule as cr", "ir/node.py:1: ir may not import __init__"),
        ("ir/deep/node.py", "from ...ops import y", "ir/deep/node.py:1: ir may not import ops"),
        ("ir/__init__.py", "from ..ops import y", "ir/__init__.py:1: ir may not import ops"),
        ("ir/node.py", "from chainrule import *", "ir/node.py:1: ir may not import __init__"),
        ("derive/reverse.py", "import numpy, chainrule.ir, chainrule.simplify", "import simplify"),
        ("render/latex.py", "from chainrule import ops", "render may not import ops"),
        ("pipeline.py", "from .train import adam", "pipeline.py:1: pipeline may not import train"),
        ("train/loop.py", "from chainrule import derive, grad", "train may not import derive"),
        (
            "ir/node.py",
            TYPING + "if TYPE_CHECKING:\n    pass\nelse:\n    from .. import ops",
            ":5:",
        ),
        ("ir/node.py", TYPING + "if not TYPE_CHECKING:\n    from .. import ops", "import ops"),
        ("attic/old.py", "", "attic/old.py: the room 'attic' has no row in the table"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, source: str, complaint: str) -> None:
    [found] = violations(house(tmp_path, place, source))
    assert complaint in found


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("ir/node.py", "import numpy, chainrulebook\nfrom .shapes import Shape\nfrom . import x"),
        ("ir/node.py", TYPING + "if TYPE_CHECKING:\n    from ..ops import y"),
        ("ir/node.py", "import typing\nif typing.TYPE_CHECKING:\n    from ..ops import y"),
        ("run/native.py", "from ..emit.c import text\nfrom chainrule import lower, ops"),
        ("pipeline.py", "from . import ir, run\nfrom .check import numeric"),
        ("train/loop.py", "import chainrule as cr\nfrom .. import pipeline, grad"),
        ("__init__.py", "from .pipeline import grad\nfrom . import train"),
    ],
)
def test_what_the_table_allows_is_allowed(tmp_path: Path, place: str, source: str) -> None:
    assert violations(house(tmp_path, place, source)) == []


def house(folder: Path, place: str, source: str) -> Path:
    """A package with every room empty, and one file in it."""
    package = folder / "chainrule"
    for room in ALLOWED:
        package.joinpath(room).mkdir(parents=True)
    package.joinpath("pipeline").rmdir()
    path = package / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return package

"""One run of pytest in a process of its own: forked from one that has imported everything but chainrule.

What takes long to import is imported once, so that a mutant costs little more than the tests that kill it.
"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "chainrule"
MEMORY = 12 << 30
"""Address space of a child: a mutant may let an expression grow without end."""


def import_what_is_not_ours() -> None:
    """Everything that tests import, but chainrule and the tests themselves."""
    # The sources beside these tests, wherever another copy may be installed.
    sys.path.insert(0, str(PACKAGE.parent))
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("MPLBACKEND", "Agg")
    for name in ("hypothesis.strategies", "jax.numpy", "jax.scipy.special", "mpmath", "scipy.special"):
        importlib.import_module(name)
    ours = [name for name in sys.modules if name.split(".")[0] == "chainrule"]
    assert not ours, f"imported before the fork: {ours}"
    sys.dont_write_bytecode = False
    # What is imported stays: a child's collector need not look at it again.
    gc.freeze()


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a syntax tree instead of its file."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.path, self.tree = path, tree

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


class Quick:
    """A failing example of Hypothesis is enough: it is not made smaller."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: Any) -> None:
        from hypothesis import Phase, settings

        default = settings.get_profile("default")
        settings.register_profile("mutants", default, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")


class Chosen:
    """Runs the tests that were chosen, in their order, and remembers which one failed."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[i] for i in self.ids if i in by_id]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = report.nodeid


class Recorder:
    """Notes how long each test takes, whether it passes, and which of the functions of some files it runs."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.files = {str(path): str(path.relative_to(PACKAGE)) for path in files}
        self.tests: dict[str, dict[str, Any]] = {}
        self._known: dict[CodeType, str | None] = {}
        self._met: set[str] = set()

    def _name(self, code: CodeType) -> str | None:
        file = self.files.get(code.co_filename)
        return None if file is None else f"{file}:{code.co_firstlineno}:{code.co_name}"

    def _call(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if code not in self._known:
            self._known[code] = self._name(code)
        name = self._known[code]
        if name is not None:
            self._met.add(name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Any:
        self._met = set()
        began = time.process_time()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            seconds = time.process_time() - began
            self.tests[item.nodeid] = {"seconds": round(seconds, 4), "runs": sorted(self._met), "passed": False}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and report.nodeid in self.tests:
            self.tests[report.nodeid]["passed"] = report.outcome == "passed"


def forked(work: Callable[[], dict[str, Any]], answer: Path) -> int:
    """A child that does some work, leaves its answer as JSON in a file, and ends; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        result = work()
    except BaseException as error:
        result = {"code": -1, "error": repr(error)}
    try:
        answer.write_text(json.dumps(result))
    finally:
        os._exit(0)


def pytest_run(arguments: Sequence[str], plugin: Any) -> int:
    """A run of pytest in this process, without what it would leave behind."""
    os.chdir(ROOT)
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "--tb=no", "--no-header"]
    return int(pytest.main([*quiet, *arguments], plugins=[plugin, Quick()]))


def try_mutant(path: Path, tree: ast.Module, ids: Sequence[str]) -> dict[str, Any]:
    """The tests on a mutated file: the first that fails."""
    sys.meta_path.insert(0, Mutated(path, tree))
    plugin = Chosen(ids)
    files = sorted({i.partition("::")[0] for i in ids})
    code = pytest_run(["-x", *files], plugin)
    return {"code": code, "by": plugin.failed}


def record(paths: Sequence[str], files: Sequence[Path], longest: float) -> dict[str, Any]:
    """All tests of some paths as they are, each with its time and the functions it runs; none may take long."""
    plugin = Recorder(files)
    code = pytest_run(["-m", "not slow", "-o", f"timeout={5 * longest}", *paths], plugin)
    return {"code": code, "tests": plugin.tests}

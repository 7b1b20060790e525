"""Where compiled libraries are kept: ours alone, whole, of limited size; and what serves where that cannot be had."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.emit.c import source
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.run import cache, compiler
from chainrule.run.native import compile_c


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache._temporary_folder.cache_clear()
    return tmp_path / "cache" / "chainrule"


def times(factor: float) -> str:
    x = Input.of("x", (Dim("N"),))
    return source(Graph((x,), (x * factor,))).text


def works(factor: float = 2.0) -> None:
    x = Input.of("x", (Dim("N"),))
    [got] = compile_c(source(Graph((x,), (x * factor,))))({"x": np.arange(3.0)})
    np.testing.assert_array_equal(got, factor * np.arange(3.0))


def key(factor: float = 2.0) -> str:
    return compiler._key(times(factor), compiler.FLAGS, compiler.compiler())


def refuse(*_: Any) -> Path:
    raise AssertionError("compiled again")


def test_the_folder_is_ours_alone_and_used_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    works()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(p.suffix for p in folder.iterdir()) == [".sha256", ".so"]
    monkeypatch.setattr(compiler, "_compile", refuse)
    works()


def truncate(library: Path) -> None:
    library.write_bytes(library.read_bytes()[:2000])


def forge(library: Path) -> None:
    library.write_bytes(b"no library")
    library.with_suffix(".sha256").write_text(cache._checksum(library))


@pytest.mark.parametrize(
    "damage", [truncate, forge, Path.unlink, lambda library: library.with_suffix(".sha256").write_bytes(b"\xff")]
)
def test_a_damaged_library_is_compiled_anew(folder: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    # Made, and not loaded: the loader would give back the library that it knows.
    made = tmp_path / "made.so"
    compiler._compile(times(2.0), [*compiler.compiler(), *compiler.FLAGS], made)
    kept = cache.keep(made, cache.cache_folder(), key())
    assert cache.find(folder, key()) == kept
    damage(kept)
    works()
    assert cache.find(folder, key()) == kept


def test_a_library_of_somebody_else_is_not_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works()
    assert cache.find(folder, key())
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    assert cache.find(folder, key()) is None


def falls_back(match: str) -> None:
    """One warning, once for this run, and right results."""
    with pytest.warns(UserWarning, match=match) as caught:
        works()
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        works()
        works(3.0)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    falls_back("cannot be written to")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc, where nobody can write")
def test_a_folder_that_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
    falls_back("/proc/chainrule cannot be written to")


def test_a_folder_of_somebody_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    falls_back("belongs to somebody else")
    assert not [*folder.iterdir()]


def test_a_link_in_the_place_of_the_folder(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir(parents=True)
    folder.symlink_to(elsewhere)
    falls_back("is not a folder")
    assert not [*elsewhere.iterdir()]


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copyfile

    def full(made: Path, place: Path) -> Any:
        if Path(place).is_relative_to(folder):
            Path(place).write_bytes(b"some of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return copy(made, place)

    monkeypatch.setattr(shutil, "copyfile", full)
    falls_back(r"takes no more files \(No space left on device\)")
    assert not [*folder.iterdir()]


FOUR = """
import chainrule as cr, numpy as np
value, gradient = cr.compile(cr.parse("sum((x@w)**2)", x="N 3", w="3"), "w")(x=np.ones((4, 3)), w=np.arange(3.0))
assert value == 36 and gradient.tolist() == [24, 24, 24]
"""


def test_processes_that_compile_the_same_at_once(folder: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", FOUR]) for _ in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    [library] = folder.glob("*.so")
    assert cache.find(folder, library.stem)
    assert len([*folder.iterdir()]) == 2


def aged(folder: Path, sizes: list[int]) -> None:
    """Libraries of these sizes, the first used last."""
    folder.mkdir(parents=True, mode=0o700)
    for age, size in enumerate(sizes):
        path = folder / f"old{age}.so"
        path.write_bytes(bytes(size))
        path.with_suffix(".sha256").write_text(cache._checksum(path))
        os.utime(path, (1e9 - age, 1e9 - age))


def test_what_was_not_used_for_longest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(folder, [300_000] * 4)
    assert [entry.path.name for entry in cache.entries()] == ["old0.so", "old1.so", "old2.so", "old3.so"]
    assert cache.find(folder, "old3")  # and so it was just used
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "0.8")
    works()
    assert [entry.path.stem for entry in cache.entries()] == [key(), "old3", "old0"]
    assert sorted(p.suffix for p in folder.iterdir()) == [".sha256"] * 3 + [".so"] * 3


def test_what_was_just_made_stays_however_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(folder, [10])
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "0")
    works()
    assert [entry.path.stem for entry in cache.entries()] == [key()]


@pytest.mark.parametrize(("said", "bytes_"), [("2", 2 << 20), ("much", cache.LIMIT), ("inf", cache.LIMIT)])
def test_the_limit_is_read_from_the_environment(said: str, bytes_: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_MB", said)
    assert cache.limit() == bytes_


def test_clearing_leaves_nothing_of_ours_and_what_is_not_ours(folder: Path) -> None:
    assert cache.clear() == []
    assert not folder.exists()
    aged(folder, [100, 200])
    (folder / "notes.txt").write_text("mine")
    assert [entry.size for entry in cache.clear()] == [100, 200]
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]
    works()
    assert cache.find(folder, key())

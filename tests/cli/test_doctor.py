"""`chainrule doctor` tells of this machine, `chainrule cache` of what was compiled."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import chainrule as cr
from chainrule.cli import main
from chainrule.run import cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache._temporary_folder.cache_clear()
    return tmp_path / "chainrule"


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_doctor_names_what_native_code_runs_with(folder: Path) -> None:
    told = ran("doctor")
    assert told.exit_code == 0
    lines = dict(re.match(r"(\S+(?: \S+)?) {2,}(.*)", line).groups() for line in told.stdout.splitlines())  # type: ignore[union-attr]
    assert [*lines] == ["chainrule", "processor", "cores", "compiler", "flags", "cache", "BLAS", "native code"]
    assert np.__version__ in lines["chainrule"]
    assert "-O3" in lines["flags"]
    assert lines["cache"].startswith(f"{folder}: 0 libraries, 0.0 MB of 256 MB")
    assert re.match(r"works: a small program was ready after \d+\.\d\d s, and is right", lines["native code"])
    assert json.loads(ran("doctor", "--json").stdout)["cache"].startswith(f"{folder}: 1 library,")


def test_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "nowhere-cc")
    told = ran("doctor")
    assert told.exit_code == 1
    assert re.search(r"compiler +none\n", told.stdout)
    assert "everything runs in NumPy" in told.stdout
    assert "CC names 'nowhere-cc', which is not there. Install one" in told.stdout
    asked = ran("doctor", "--json")
    assert asked.exit_code == 1
    assert "nowhere-cc" in json.loads(asked.stdout)["trouble"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc, where nobody can write")
def test_doctor_tells_of_a_cache_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
    with pytest.warns(UserWarning, match="kept for this run only"):
        told = ran("doctor")
    assert told.exit_code == 0
    assert re.search(r"cache +/proc/chainrule cannot be written to .*: compiled code is kept for one run", told.stdout)


def test_the_cache_is_listed_and_cleared(folder: Path) -> None:
    assert ran("cache").stdout == f"0 libraries in {folder} (0.0 kB)\n"
    cr.compile(lambda a: (a**2).sum())(np.ones(3))
    [listed, total] = ran("cache", "--list").stdout.splitlines()
    [library] = folder.glob("*.so")
    assert re.fullmatch(library.stem[:16] + r" +\d+\.\d kB  used \d{4}-\d\d-\d\d \d\d:\d\d", listed)
    assert total.startswith(f"1 library in {folder} (")
    assert ran("cache", "--clear").stdout.startswith(f"1 library removed from {folder} (")
    assert not [*folder.iterdir()]

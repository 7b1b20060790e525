"""Where compiled libraries are kept between runs: a folder for our eyes only, of limited size.

Each library lies under a name made of everything it depends on, with its checksum beside it. Files are put in place by
renaming, so that processes that compile the same at once do not meet. What was not used for longest goes first when
there is too much.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..ir.errors import warn

LIMIT = 256 * 2**20
"""Bytes that all libraries together may take; CHAINRULE_CACHE_MB sets another limit."""


@dataclass(frozen=True)
class Entry:
    """A library in the cache: its file, its size in bytes, and when it was last used (seconds since 1970)."""

    path: Path
    size: int
    used: float


def cache_folder() -> Path:
    """Where compiled files are kept: $XDG_CACHE_HOME/chainrule, or ~/.cache/chainrule, for our eyes only.

    Where that cannot be had, a temporary folder for this process, with a warning.
    """
    folder = wanted_folder()
    refused = complaint(folder)
    return _temporary_folder(str(folder), refused) if refused else folder


def wanted_folder() -> Path:
    """The folder in the user's own cache, whether it can be had or not."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "chainrule"


def find(folder: Path, key: str) -> Path | None:
    """The library of this name, if it is there, is ours and is what was written."""
    path = folder / f"{key}.so"
    if not _is_whole(path):
        return None
    with suppress(OSError):  # It is used all the same; only the time of it is not known.
        os.utime(path)
    return path


def keep(made: Path, folder: Path, key: str) -> Path:
    """Put a library that was just made into the cache; where it lies then.

    Where there is no room for it, it is kept for this process only, with a warning.
    """
    try:
        return _put(made, folder, key)
    except OSError as error:
        other = _temporary_folder(str(folder), f"takes no more files ({error.strerror or error})")
        return _put(made, other, key)


def entries(folder: Path | None = None) -> list[Entry]:
    """What is in the cache (or in this folder), what was used last first."""
    found = []
    for path in (wanted_folder() if folder is None else folder).glob("*.so"):
        try:
            about = path.lstat()
        except OSError:
            continue  # Another process has just removed it.
        found.append(Entry(path, about.st_size, about.st_mtime))
    return sorted(found, key=lambda entry: -entry.used)


def clear() -> list[Entry]:
    """Remove all libraries, where the folder is ours; those that were removed."""
    folder = wanted_folder()
    if not folder.is_dir() or complaint(folder):
        return []
    return [entry for entry in entries(folder) if _remove(entry.path)]


def limit() -> int:
    """Bytes that all libraries together may take."""
    try:
        return int(float(os.environ["CHAINRULE_CACHE_MB"]) * 2**20)
    except (KeyError, ValueError, OverflowError):
        return LIMIT


def _put(made: Path, folder: Path, key: str) -> Path:
    path = folder / f"{key}.so"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        library, written = Path(scratch) / "library.so", Path(scratch) / "library.sha256"
        shutil.copyfile(made, library)
        written.write_text(_checksum(library), encoding="ascii")
        os.replace(library, path)
        os.replace(written, _sum_of(path))
    _trim(folder, path)
    return path


def _trim(folder: Path, newest: Path) -> None:
    """Remove what was not used for longest until the limit is kept, but not what was just made."""
    total, most = 0, limit()
    for entry in entries(folder):
        total += entry.size
        if total > most and entry.path != newest:
            _remove(entry.path)


def _remove(path: Path) -> bool:
    """Whether a library was removed, with its checksum. One in use stays in memory until its process ends."""
    try:
        path.unlink()
        _sum_of(path).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def complaint(folder: Path) -> str:
    """Why a folder cannot be our cache; it is made, and made private, where possible."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            return "is not a folder"
        if hasattr(os, "getuid") and found.st_uid != os.getuid():
            return "belongs to somebody else"
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"cannot be written to ({error.strerror or error})"


@cache
def _temporary_folder(folder: str, complaint: str) -> Path:
    """A private folder for as long as this process runs; the warning is given once."""
    warn(f"the cache folder {folder} {complaint}: compiled code is kept for this run only")
    made = tempfile.TemporaryDirectory(prefix="chainrule-")
    _KEPT.append(made)
    return Path(made.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _is_whole(path: Path) -> bool:
    """Whether a library is ours and is what was written: loading a damaged one could end the process."""
    try:
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            return False
        return _checksum(path) == _sum_of(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return False


def _sum_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

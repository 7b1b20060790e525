"""The system's C compiler, and the cache of what it made.

The compiler is called with an argument list, never through a shell. A library is kept in the user's cache folder,
which nobody else may write to, under a name made of everything it depends on; its checksum lies beside it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias

from ..ir.errors import ArgumentError, ChainruleError

FLAGS = ("-std=c11", "-O2", "-ffp-contract=off", "-fwrapv")
"""Standard C; no fused multiply-add, so that results repeat; integers wrap around as NumPy's do."""
FAST = ("-std=c11", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fwrapv")
"""For speed: this machine's instructions, with fused multiply-add; infinities, NaN and -0 stay what they are."""
Accuracy: TypeAlias = Literal["libm", "fast"]
_SHARED = ("-shared", "-fPIC", "-pthread")
_VECTOR_FUNCTIONS = "-DCR_MVEC"
_SECONDS = 300
_SHOWN_LINES = 12


class NoCompiler(ChainruleError, OSError):
    """The machine has no C compiler."""


class CompileError(ChainruleError):
    """The C compiler refused a file, or did not come to an end."""


def compiler() -> list[str]:
    """The command of the C compiler: the environment's CC, else gcc, cc or clang. Raises NoCompiler."""
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in [chosen] if chosen else [["gcc"], ["cc"], ["clang"]]:
        found = shutil.which(command[0])
        if found:
            return [found, *command[1:]]
    missing = f"CC names {chosen[0]!r}, which is not there" if chosen else "there is no C compiler (gcc, cc or clang)"
    raise NoCompiler(
        f"{missing}. Install one (Debian, Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: "
        f"xcode-select --install) or set CC to its path"
    )


def check_accuracy(accuracy: object) -> None:
    """Raise ArgumentError for an accuracy that there is not."""
    if accuracy not in ("libm", "fast"):
        raise ArgumentError(f'accuracy is "libm" or "fast", not {accuracy!r}')


def fast_flags(accuracy: Accuracy = "libm") -> tuple[str, ...]:
    """`FAST`; with sums of several numbers at a time, and the C library's functions of vectors where it has them.

    glibc has them all since 2.35, within 4 units in the last place; GCC knows how to call them. With the accuracy
    "fast" tanh is a quicker one in single precision, within 5 units. Raises ArgumentError for another accuracy.
    """
    check_accuracy(accuracy)
    library, version = platform.libc_ver()
    has_them = library == "glibc" and tuple(map(int, version.split("."))) >= (2, 35) and platform.machine() == "x86_64"
    is_gcc = "Free Software Foundation" in _version(tuple(compiler()))
    several = ("-fopenmp-simd", "-DCR_SIMD") if is_gcc else ()
    own = ("-DCR_FAST",) if accuracy == "fast" else ()
    return (*FAST, *several, *own, *((_VECTOR_FUNCTIONS,) if has_them and is_gcc else ()))


def shared_library(text: str, flags: tuple[str, ...] = FLAGS) -> ctypes.CDLL:
    """The library compiled from this C text: from the cache if it is there and whole, else compiled anew."""
    command = compiler()
    key = _key(text, flags, command)
    folder = cache_folder()
    path = folder / f"{key}.so"
    if _is_whole(path):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            pass  # Whole, and yet not to be loaded (a library it needs is gone): compiled anew below.
    return ctypes.CDLL(str(_compile(text, [*command, *flags], folder, path)))


def cache_folder() -> Path:
    """Where compiled files are kept: $XDG_CACHE_HOME/chainrule, or ~/.cache/chainrule, for our eyes only.

    Where that cannot be had, a temporary folder for this process, with a warning.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "chainrule"
    complaint = _complaint(folder)
    return _temporary_folder(str(folder), complaint) if complaint else folder


def _complaint(folder: Path) -> str:
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
    warnings.warn(f"the cache folder {folder} {complaint}: compiled code is kept for this run only", stacklevel=5)
    made = tempfile.TemporaryDirectory(prefix="chainrule-")
    _KEPT.append(made)
    return Path(made.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _key(text: str, flags: tuple[str, ...], command: list[str]) -> str:
    """A name that changes with everything a compiled file depends on."""
    machine = [platform.system(), platform.machine(), _processor() if "-march=native" in flags else ""]
    parts = [text, *flags, *command, _version(tuple(command)), *machine, _own_version()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _version(command: tuple[str, ...]) -> str:
    """What the compiler says of itself."""
    return _run([*command, "--version"], "").stdout


@cache
def _processor() -> str:
    """What this machine's processor can do: a cache may be shared by machines that differ in it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("flags", "Features", "model name"))))


@cache
def _own_version() -> str:
    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:
        return "not installed"


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


def _compile(text: str, command: list[str], folder: Path, path: Path) -> Path:
    """Compile into the folder under a temporary name, then put the library and its checksum in place."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / "library.so"
        libraries = ["-lmvec", "-lm"] if _VECTOR_FUNCTIONS in command else ["-lm"]
        done = _run([*command, *_SHARED, "-x", "c", "-", "-o", str(made), *libraries], text)
        if done.returncode or not made.is_file():
            shown = "\n".join((done.stderr or done.stdout).splitlines()[:_SHOWN_LINES])
            raise CompileError(f"the compiler {command[0]} failed (exit status {done.returncode}):\n{shown}")
        written = made.with_suffix(".sha256")
        written.write_text(_checksum(made), encoding="ascii")
        os.replace(made, path)
        os.replace(written, _sum_of(path))
    return path


def _run(command: list[str], text: str) -> subprocess.CompletedProcess[str]:
    """Run the compiler on a text, with a limit of time."""
    try:
        return subprocess.run(
            command, input=text, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CompileError(f"the compiler {command[0]} did not come to an end within {_SECONDS} s") from None
    except OSError as error:
        raise NoCompiler(f"the compiler {command[0]} cannot be run: {error.strerror or error}") from error

"""The system's C compiler; what it made is kept in the cache (`run.cache`).

The compiler is called with an argument list, never through a shell.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias

from ..ir.errors import ArgumentError, ChainruleError
from .cache import cache_folder, find, keep

FLAGS = ("-std=c11", "-O2", "-ffp-contract=off", "-fwrapv")
"""Standard C; no fused multiply-add, so that results repeat; integers wrap around as NumPy's do."""
FAST = (
    "-std=c11", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fwrapv",
    "-fno-tree-slp-vectorize",
)  # fmt: skip
"""For speed: this machine's instructions, with fused multiply-add; infinities, NaN and -0 stay what they are. Vectors
are made of loops alone: those that GCC 12 makes of short rows, statement by statement, read wrong entries at times."""
Accuracy: TypeAlias = Literal["libm", "fast"]
_SHARED = ("-shared", "-fPIC", "-pthread", "-D_GNU_SOURCE")
_VECTOR_FUNCTIONS = "-DCR_MVEC"
_SECONDS = 60
"""How long a compiler may take; the largest programs that we know take some ten."""
_SHOWN_LINES = 12


class NoCompiler(ChainruleError, OSError):
    """The machine has no C compiler."""


class CompileError(ChainruleError):
    """The C compiler refused a file, or did not come to an end."""


def compiler() -> list[str]:
    """The command of the C compiler: the environment's CC; else gcc, cc or clang; else that of the ziglang package.

    Raises NoCompiler.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in [chosen] if chosen else [["gcc"], ["cc"], ["clang"]]:
        found = shutil.which(command[0])
        if found:
            return [found, *command[1:]]
    if not chosen and importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    missing = f"CC names {chosen[0]!r}, which is not there" if chosen else "there is no C compiler (gcc, cc or clang)"
    raise NoCompiler(
        f"{missing}. Install one (Debian, Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: "
        f"xcode-select --install; anywhere: pip install ziglang) or set CC to its path"
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
    is_gcc = "Free Software Foundation" in compiler_version(tuple(compiler()))
    several = ("-fopenmp-simd", "-DCR_SIMD") if is_gcc else ()
    own = ("-DCR_FAST",) if accuracy == "fast" else ()
    return (*FAST, *several, *own, *((_VECTOR_FUNCTIONS,) if has_them and is_gcc else ()))


def shared_library(text: str, flags: tuple[str, ...] = FLAGS) -> ctypes.CDLL:
    """The library compiled from this C text: from the cache if it is there and whole, else compiled anew."""
    command = compiler()
    key = _key(text, flags, command)
    folder = cache_folder()
    path = find(folder, key)
    if path is not None:
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            pass  # Whole, and yet not to be loaded (a library it needs is gone): compiled anew below.
    with tempfile.TemporaryDirectory(prefix="chainrule-") as scratch:
        made = Path(scratch) / "library.so"
        _compile(text, [*command, *flags], made)
        return ctypes.CDLL(str(keep(made, folder, key)))


def _key(text: str, flags: tuple[str, ...], command: list[str]) -> str:
    """A name that changes with everything a compiled file depends on."""
    machine = [platform.system(), platform.machine(), processor() if "-march=native" in flags else ""]
    parts = [text, *flags, *command, compiler_version(tuple(command)), *machine, _own_version()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def compiler_version(command: tuple[str, ...]) -> str:
    """What the compiler says of itself."""
    return _run([*command, "--version"], "").stdout


@cache
def processor() -> str:
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


def _compile(text: str, command: list[str], made: Path) -> None:
    """Compile into a file. Raises CompileError."""
    libraries = ["-lmvec", "-lm"] if _VECTOR_FUNCTIONS in command else ["-lm"]
    done = _run([*command, *_SHARED, "-x", "c", "-", "-o", str(made), *libraries], text)
    if done.returncode or not made.is_file():
        shown = "\n".join((done.stderr or done.stdout).splitlines()[:_SHOWN_LINES])
        raise CompileError(f"the compiler {command[0]} failed (exit status {done.returncode}):\n{shown}")


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

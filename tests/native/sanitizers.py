"""GCC's sanitizers for compiled programs: nothing is read or written outside its array, nothing is undefined in C, and
no two threads meet where one writes.

A sanitized library is loaded by a Python whose first library is the sanitizer's own. What it sees ends the process,
with a report. Arrays that NumPy makes have their very own size; those of the workspace lie side by side, so for this
purpose they are put apart, and what lies between them is poisoned (`guarded`).
"""

from __future__ import annotations

import ctypes
import math
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.run.compiler import FLAGS

# Nothing is left out by an optimiser, and it compiles ten times as fast.
_STRICT = tuple("-O0" if flag == "-O2" else flag for flag in FLAGS)
ADDRESS = (*_STRICT, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREAD = (*_STRICT, "-g", "-fsanitize=thread")
_OPTIONS = {
    # Fresh memory is all ones, a NaN: what is read before it is written shows in the numbers.
    "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:malloc_fill_byte=255:max_malloc_fill_size=99999999",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99:report_signal_unsafe=0",
    "PYTHONMALLOC": "malloc",
}
_GAP = 128
_GUARD = f"""\
#include <sanitizer/asan_interface.h>
#include <stddef.h>
/* Where the next array begins: behind this one and a gap, which is nobody's. */
static unsigned char *guard(unsigned char *at, ptrdiff_t bytes)
{{
    const ptrdiff_t room = (bytes + 63) / 64 * 64 + {_GAP};
    __asan_unpoison_memory_region(at, (size_t)bytes);
    __asan_poison_memory_region(at + bytes, (size_t)(room - bytes));
    return at + room;
}}
"""


@cache
def library(name: str) -> str:
    """GCC's library of a sanitizer (asan, tsan); empty where there is none."""
    try:
        asked = subprocess.run(["gcc", f"-print-file-name=lib{name}.so"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    path = Path(asked.stdout.strip())
    return str(path) if path.is_absolute() and path.exists() else ""


def environment(name: str) -> dict[str, str]:
    """The environment of a process that loads libraries with this sanitizer."""
    return {**_OPTIONS, "LD_PRELOAD": library(name)}


@contextmanager
def preloaded(name: str | None) -> Iterator[None]:
    """Processes that are started meanwhile load this sanitizer first."""
    before = dict(os.environ)
    os.environ.update(environment(name) if name else {})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def compiles_alone() -> None:
    """In a process that has loaded a sanitizer: the compiler, which it starts, does not."""
    os.environ.pop("LD_PRELOAD", None)


def guarded(text: str) -> str:
    """A C file whose arrays in the workspace lie apart, with poison between them."""
    apart = re.sub(r"at \+= padded\((.*), sizeof\((\w+)\)\);", r"at = guard(at, (\1) * (ptrdiff_t)sizeof(\2));", text)
    apart = apart.replace(" + 63) / 64 * 64;", f" + 63) / 64 * 64 + {_GAP};")
    # What a step part by part hands from one half to the other lies where the second half has its own arrays.
    apart = apart.replace(
        "memset(total, 0,", "__asan_unpoison_memory_region(some, (size_t)own);\n        memset(total, 0,"
    )
    # NumPy keeps small blocks for later without telling the sanitizer, so this is none.
    apart = apart.replace("return 0\n        + padded", "return 4096\n        + padded")
    return _GUARD + apart


def exact_room(shape: Sequence[int], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array that begins where a cache line does and ends where its last number does; it is never given back."""
    place, size = ctypes.c_void_p(), math.prod(shape) * dtype.itemsize
    assert ctypes.CDLL(None).posix_memalign(ctypes.byref(place), 64, max(1, size)) == 0
    memory = (ctypes.c_char * size).from_address(place.value or 0)
    return np.frombuffer(memory, dtype).reshape(shape)

"""What this machine has for native code: the compiler, the processor, the cache, and whether they work together."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from .emit.c import source
from .ir.dims import Dim
from .ir.errors import ChainruleError
from .ir.graph import Graph
from .ir.node import Input
from .native import cores
from .run import cache
from .run.compiler import NoCompiler, compiler, compiler_version, fast_flags, processor
from .run.native import compile_c

_VECTORS = {"avx512f": 64, "avx": 32, "sse2": 16, "asimd": 16, "neon": 16}
"""What a processor says of itself, and how many bytes its vectors have then."""


@dataclass(frozen=True)
class Machine:
    """A line for each thing, by name; and why native code cannot run here, or nothing."""

    lines: dict[str, str]
    trouble: str


def machine() -> Machine:
    """Look at this machine; a small program is compiled, unless the cache has it, and run."""
    lines = {
        "chainrule": f"{_version('chainrule')}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": f"{cores()} that this process may use",
    }
    try:
        command = compiler()
        lines["compiler"] = f"{' '.join(command)}: {(compiler_version(tuple(command)).splitlines() or [''])[0]}"
        lines["flags"] = " ".join(fast_flags())
    except NoCompiler:
        lines["compiler"] = "none"
    lines["cache"] = _cache()
    lines["BLAS"] = _blas()
    trouble = ""
    try:
        began = time.perf_counter()
        _try()
        seconds = time.perf_counter() - began
        lines["native code"] = f"works: a small program was ready after {seconds:.2f} s, and is right"
    except ChainruleError as error:
        trouble = str(error)
        lines["native code"] = "does not work here: everything runs in NumPy"
    return Machine(lines, trouble)


def _try() -> None:
    """Compile a product of matrices, or find it in the cache, and run it.

    Raises NoCompiler, CompileError, or ChainruleError where the result is wrong.
    """
    x, w = Input.of("x", (Dim("N"), 5)), Input.of("w", (5, 7))
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {"x": rng.normal(size=(11, 5)), "w": rng.normal(size=(5, 7))}
    native = compile_c(source(Graph((x, w), (x @ w,)), name="doctor"), flags=fast_flags())
    [got] = native(values)
    if not np.allclose(got, values["x"] @ values["w"], rtol=1e-12):
        raise ChainruleError(f"{compiler()[0]} makes programs that give wrong numbers")


def _processor() -> str:
    words = processor().replace(",", " ").split()
    width = next((f"vectors of {n} bytes ({word})" for word, n in _VECTORS.items() if word in words), "")
    fused = "fused multiply-add" if {"fma", "asimd"} & {*words} else ""
    name = next(
        (line.split(":", 1)[1].strip() for line in processor().splitlines() if line.startswith("model name")), ""
    )
    return ", ".join(part for part in (name or platform.processor() or platform.machine(), width, fused) if part)


def _cache() -> str:
    folder, most = cache.wanted_folder(), cache.limit() / 2**20
    complaint = cache.complaint(folder)
    if complaint:
        return f"{folder} {complaint}: compiled code is kept for one run only"
    kept = cache.entries()
    taken = sum(entry.size for entry in kept) / 2**20
    libraries = "1 library" if len(kept) == 1 else f"{len(kept)} libraries"
    return f"{folder}: {libraries}, {taken:.1f} MB of {most:.0f} MB at most (CHAINRULE_CACHE_MB)"


def _blas() -> str:
    """What NumPy multiplies matrices with, and what the environment says of its threads."""
    config: Any = np.show_config(mode="dicts")
    about = config.get("Build Dependencies", {}).get("blas", {})
    named = f"{about.get('name', 'unknown')} {about.get('version', '')}".strip()
    told = [
        f"{v}={os.environ[v]}"
        for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if v in os.environ
    ]
    return f"{named}, {', '.join(told) or 'number of threads not set'}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"

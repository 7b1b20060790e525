"""What `import chainrule` adds to `import numpy`, in fresh processes in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from typing import Any

SECONDS = 0.1

_TIMED = "import time; import numpy; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def seconds(statement: str) -> float:
    """The time of a statement in a fresh Python that has NumPy."""
    # Compiled modules are kept on disk, as they are for every user but the first.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = _TIMED.format(statement)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def measure() -> list[dict[str, Any]]:
    """The median of fifteen imports, after one that fills the caches."""
    seconds("import chainrule")
    found = statistics.median(seconds("import chainrule") for _ in range(15))
    return [{"import": "chainrule", "seconds beyond numpy": round(found, 3), "kept": found <= SECONDS}]

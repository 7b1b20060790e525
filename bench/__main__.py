"""`python -m bench`: the derived gradient against NumPy written by hand; how derivation scales; the import."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import imports, numpy_step, scaling, telling

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run every benchmark, print a table of each, write bench/results/*.json; 1 where a limit is not kept."""
    RESULTS.mkdir(exist_ok=True)
    kept = True
    for name, module in (("numpy_step", numpy_step), ("scaling", scaling), ("import", imports), ("telling", telling)):
        rows = module.measure()
        (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
        for row in rows:
            kept &= bool(row["kept"])
            print("  ".join(f"{key} {value}" for key, value in row.items()))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

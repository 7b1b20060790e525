"""`python -m bench`: what is claimed of speed and of learning, measured. With names, only those benchmarks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import accuracy, characters, cold, growth, imports, inference, numpy_step, report, scaling, speed, telling

RESULTS = Path(__file__).parent / "results"
BENCHMARKS = {
    "numpy_step": numpy_step.measure,
    "scaling": scaling.measure,
    "import": imports.measure,
    "telling": telling.measure,
    "accuracy": accuracy.measure,
    "characters": characters.measure,
    "speed": speed.measure,
    "speed_variants": speed.measure_variants,
    "speed_networks": speed.measure_networks,
    "cold": cold.measure,
    "growth": growth.measure,
    "inference": inference.measure,
}


def main(names: list[str]) -> int:
    """Run benchmarks, print a line for each row, write bench/results/*.json and docs/performance.md.

    1 where a bound is not kept, 2 for a name that is none.
    """
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}; these are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    RESULTS.mkdir(exist_ok=True)
    kept = True
    for name in names or BENCHMARKS:
        rows = []
        for row in BENCHMARKS[name]():
            rows.append(row)
            kept &= bool(row["kept"])
            print("  ".join(f"{key} {value}" for key, value in row.items() if not isinstance(value, dict)), flush=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        if name in report.NEEDED:
            report.main()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

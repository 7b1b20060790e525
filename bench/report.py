"""`python -m bench.report`: what was measured, as tables in docs/performance.md and a plot beside it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parent.parent / "docs"
PAGE, PLOT, GROWTH_PLOT = DOCS / "performance.md", DOCS / "performance.svg", DOCS / "growth.svg"
SHORT = {
    "NumPy by hand": "NumPy", "PyTorch eager": "eager", "PyTorch compiled": "compiled", "JAX jit a step": "JAX step",
    "PyTorch max-autotune": "max-autotune", "JAX loop inside jit": "JAX loop",
}  # fmt: skip


def times(rows: list[dict[str, Any]]) -> str:
    """µs a step of everybody."""
    names = list(dict.fromkeys(name for row in rows for name in (*row["peers"], *row["missing"])))
    lines = [
        "| sizes / batch | " + " | ".join(SHORT.get(n, n) for n in names) + " |",
        "|---" + "|--:" * len(names) + "|",
    ]
    for row in rows:
        cells = []
        for name in names:
            peer = row["peers"].get(name)
            cells.append("–" if peer is None else f"{peer['µs']:,.{digits(peer['µs'])}f} ({peer['threads']})")
        lines.append(f"| {row['task']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def digits(value: float) -> int:
    """As many decimals as make three figures."""
    return 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3


def ratios(rows: list[dict[str, Any]]) -> str:
    """The best of the others over ours, and how near the machine's limit that is."""
    lines = [
        "| sizes / batch | ratio | quartiles | asked | best of the others | GFLOP/s | of the probe | left out |",
        "|---|--:|--:|--:|---|--:|--:|--:|",
    ]
    for row in rows:
        low, high = row["quartiles"]
        lines.append(
            f"| {row['task']} | {row['ratio']:.2f} | {low:.2f} – {high:.2f} | {row['at least']:g} | {row['best peer']} "
            f"| {row['GFLOP/s']:.1f} | {100 * row['share of probe']:.0f} % | {row['dropped']} of {row['rounds']} |"
        )
    return "\n".join(lines)


def costs(rows: list[dict[str, Any]]) -> str:
    """Seconds to the first step, and the most memory of the process."""
    names = list(dict.fromkeys(name for row in rows for name in row["peers"]))
    lines = [
        "| sizes / batch | " + " | ".join(SHORT.get(n, n) for n in names) + " |",
        "|---" + "|--:" * len(names) + "|",
    ]
    for row in rows:
        cells = [f"{p['cold s']:.1f} s, {p['MB']} MB" if (p := row["peers"].get(n)) else "–" for n in names]
        lines.append(f"| {row['task']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """How many times longer than chainrule each of the others takes."""
    plt = pyplot()
    names = [n for n in dict.fromkeys(name for row in rows for name in row["peers"]) if n != "chainrule"]
    figure, axes = plt.subplots(figsize=(8, 0.55 * len(rows) + 1.6))
    for place, row in enumerate(rows):
        ours = row["peers"]["chainrule"]["µs"]
        for k, name in enumerate(names):
            if name in row["peers"]:
                axes.plot(
                    row["peers"][name]["µs"] / ours, place, "o", color=f"C{k}", label=name if place == 0 else None, ms=6
                )
        axes.plot([row["at least"]], [place], "|", color="0.4", ms=14, mew=2)
    axes.axvline(1, color="0.2", lw=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [row["task"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("time of a step, as a multiple of chainrule's (| what is asked of the best of them)")
    axes.grid(axis="x", which="both", color="0.92")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def starts(rows: list[dict[str, Any]]) -> str:
    """From the start of Python to the end of one step."""
    lines = ["| sizes / batch | compiled anew | from the cache | compiling |", "|---|--:|--:|--:|"]
    for row in rows:
        cells = [
            f"{row[key]:.2f} s" if key in row else "" for key in ("compiled anew s", "from the cache s", "compiling s")
        ]
        lines.append(f"| {row['task']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def sample(rows: list[dict[str, Any]]) -> str:
    """One sample through a network."""
    (row,) = rows
    return f"{row['network']}, float32: **{row['µs a sample']:.2f} µs** a sample."


def growth(rows: list[dict[str, Any]]) -> str:
    """The slopes; and the plot of the times."""
    plot_growth(rows, GROWTH_PLOT)
    named = ", ".join(f"{row['grows with']} {row['slope']:.2f}" for row in rows)
    return f"Slopes of the logarithm of time over that of size, on one core: {named}."


def plot_growth(rows: list[dict[str, Any]], path: Path) -> None:
    """Time over size, for each thing that grows, beside a line of slope one."""
    plt = pyplot()
    figure, panels = plt.subplots(1, len(rows), figsize=(9, 2.8), constrained_layout=True)
    words = {"batch": "samples in a batch", "depth": "hidden layers", "samples": "samples in an epoch"}
    for axes, row in zip(panels, rows, strict=True):
        sizes, times = [int(n) for n in row["times"]], [1e6 * t for t in row["times"].values()]
        axes.loglog(sizes, [times[-1] * n / sizes[-1] for n in sizes], color="0.75", lw=1, label="proportional")
        axes.loglog(sizes, times, "o-", ms=4, lw=1.2, label="measured")
        axes.set_xlabel(words[row["grows with"]])
        axes.grid(which="both", color="0.94")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[0].set_ylabel("µs a step (right: an epoch)")
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def pyplot() -> Any:
    """matplotlib, drawing the same file each time."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "chainrule"
    from matplotlib import pyplot as plt

    return plt


TABLES: dict[str, tuple[str, Callable[[list[dict[str, Any]]], str]]] = {
    "ratios": ("speed", ratios),
    "times": ("speed", times),
    "costs": ("speed", costs),
    "variants": ("speed_variants", ratios),
    "networks": ("speed_networks", ratios),
    "network times": ("speed_networks", times),
    "starts": ("cold", starts),
    "sample": ("inference", sample),
    "growth": ("growth", growth),
}
"""By the mark in the page, the results and what is written of them."""
NEEDED = {results for results, _ in TABLES.values()}


def main() -> int:
    """Write each table between its marks; a table of which nothing was measured stays as it is."""
    text = PAGE.read_text(encoding="utf-8")
    for name, (results, table) in TABLES.items():
        source = RESULTS / f"{results}.json"
        if not source.is_file():
            continue
        rows = json.loads(source.read_text(encoding="utf-8"))
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        shown = table(rows)
        if name == "ratios":
            plot(rows, PLOT)
            shown += f"\n\n![Times of a step as multiples of chainrule's]({PLOT.name})"
        new = f"{begin}\n\n{shown}\n\n{end}"
        text, found = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda _, new=new: new, text, flags=re.DOTALL)
        if found != 1:
            print(f"{PAGE.name} has no marks for the table {name!r}", file=sys.stderr)
            return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

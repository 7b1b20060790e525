"""The training curves as files, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

BLUE, ORANGE, GREY = "#2563a8", "#c8641b", "#6b7280"


def draw(history: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """Write ``loss.png`` and ``loss.svg``: loss and accuracy, in training and validation, over the epochs."""
    import matplotlib as mpl

    # No window is opened, and neither the date nor random names get into the SVG.
    style: Any = {"svg.hashsalt": "chainrule", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        loss, accuracy = figure.subplots(1, 2)
        _panel(loss, history, "cross-entropy loss", "loss", "validation_loss")
        loss.set_ylim(bottom=0)
        _panel(accuracy, history, "accuracy", "training_accuracy", "accuracy")
        accuracy.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        paths = [folder / "loss.png", folder / "loss.svg"]
        figure.savefig(paths[0], dpi=160, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None, "Creator": None})
    return paths


def _panel(axes: Any, history: Sequence[dict[str, Any]], title: str, training: str, validation: str) -> None:
    """One quantity over the epochs, under its names in training and in validation."""
    epochs = [row["epoch"] for row in history]
    for name, key, colour in (("training", training, BLUE), ("validation", validation, ORANGE)):
        values = [row[key] for row in history]
        axes.plot(epochs, values, color=colour, label=name, linewidth=1.6, marker="" if len(epochs) > 1 else "o")
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel("epoch")
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.6)
    axes.tick_params(length=3, color=GREY)
    axes.legend(frameon=False, labelcolor="linecolor", handlelength=1.2)

"""``chainrule demo``: from a loss to a trained network that reads digits, each step shown."""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

import chainrule as cr

from ..ir.errors import ChainruleError
from ..pipeline import gradient_graph, wanted
from .equations import equations
from .terminal import code, console, duration, formulas, heading

if TYPE_CHECKING:
    from rich.console import Console

    from ..check import Checked
    from ..render import NotationName
    from ..train.networks.mlp import Mlp
    from ..train.run import Run
    from .digits import Digits, Part
    from .equations import Equations
    from .experiment import Experiment
    from .trainings import Trainings

SIZES = [64, 32, 10]
RATE, BATCH = 3e-3, 32
OF_THE_LOSS = "what the network holds likely (the softmax) less what is right: the slope of the cross-entropy"
CHECKED_ON = 8
"""How many images the gradient is checked on: as many as show every path through the network, for differences cost."""


@dataclass
class Clock:
    """How long each part takes."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


EXAMPLES = """\b
Examples:
  chainrule demo
  chainrule demo --out digits --epochs 20 --seed 1
"""


@click.command(short_help="Train on handwritten digits, and write a report.", epilog=EXAMPLES)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="demo-output", show_default=True,
              help="The folder that is written.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Passes over the images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Fixes everything drawn at random.")
def demo(out: Path, epochs: int, seed: int) -> None:
    """Derive, check and train a network that reads handwritten digits, and write a report.

    It takes the 1,797 images that scikit-learn carries and keeps 360 of them for the test. One seed gives the same
    numbers every time.
    """
    from . import digits

    _require("sklearn", "matplotlib")
    screen, clock = console(), Clock()
    data = digits.load(seed)
    network = cr.networks.mlp(SIZES, activation="relu", loss="cross_entropy")
    parts = f"{len(data.training):,} to train on, {len(data.validation)} to watch, {len(data.test)} for the test"
    screen.print(f"Handwritten digits, 8 × 8 pixels: {parts}. A network of {'-'.join(map(str, SIZES))}.")
    _derive(screen, network, clock)
    checked = _check(screen, network, data.training, seed, clock)
    trained = _train(screen, network, data, epochs, seed, clock)
    run = trained.run
    if not run.history:
        raise ChainruleError(run.stopped or "the training was interrupted before the first epoch ended")
    done = _experiment(network, data, trained, checked, clock)
    heading(screen, "The test")
    right = len(data.test) - len(done.missed)
    screen.print(f"  {right} of {len(data.test)} images it had never seen are recognised: {done.accuracy:.2%}")
    _write(screen, out, run, done)


def _require(*modules: str) -> None:
    """Raise where what the demo needs besides chainrule is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        named = " and ".join({"sklearn": "scikit-learn"}.get(name, name) for name in missing)
        raise ChainruleError(f'the demo needs {named}; pip install "chainrule[data]" brings what is missing')


def _derive(screen: Console, network: Mlp, clock: Clock) -> None:
    """Print the loss and the gradient of every parameter, as formulas and as NumPy."""
    with clock.part("deriving and simplifying"):
        lines = _equations(network, "text")
        text = cr.source(network.loss, list(network.shapes))
    heading(screen, "The loss")
    formulas(screen, [line.formula for line in lines.forward])
    heading(screen, "Its gradient, by the chain rule from the loss backwards")
    formulas(screen, [line.formula for line in lines.backward])
    heading(screen, "The same as NumPy, which is what runs")
    code(screen, text)


def _equations(network: Mlp, notation: NotationName) -> Equations:
    """The loss and the gradients of all parameters."""
    traced = network.loss.trace()
    inputs = [i for group in wanted(network.loss, traced, list(network.shapes)).values() for i in group]
    return equations(gradient_graph(traced, inputs), notation)


def _check(screen: Console, network: Mlp, training: Part, seed: int, clock: Clock) -> Sequence[Checked]:
    """Compare every gradient with differences of the loss, on some images and the parameters to begin with."""
    heading(screen, "Is it right? Each gradient against differences of the loss")
    few = {name: array[:CHECKED_ON] for name, array in training.arrays().items()}
    with clock.part("checking by differences"):
        report = cr.check(network.loss, wrt=list(network.shapes), at={**few, **network.init(seed=seed)})
    formulas(screen, str(report).splitlines())
    if not report.ok:
        raise ChainruleError("the derived gradient does not agree with differences of the loss: this is a bug")
    return report.checks


def _train(screen: Console, network: Mlp, data: Digits, epochs: int, seed: int, clock: Clock) -> Trainings:
    """Train with a progress bar, in native code; then the same in NumPy, to say how long that takes."""
    from .trainings import NAMES, train_twice

    def measure(row: dict[str, Any], parameters: dict[str, Any]) -> None:
        row["training_accuracy"] = network.accuracy(parameters, data.training.arrays())

    heading(screen, "Training")
    with clock.part("training, in native code and in NumPy"):
        trained = train_twice(
            network.loss, network.init(seed=seed), data.training.arrays(), optimizer=cr.adam(RATE), batch_size=BATCH,
            epochs=epochs, validation=data.validation.arrays(), seed=seed, callback=measure,
        )  # fmt: skip
    for timed in trained.timed:
        ready = f"made ready in {duration(timed.ready)}, " if timed.engine == "native" else ""
        screen.print(f"  in {NAMES[timed.engine]}: {ready}trained in {duration(timed.epochs)}")
    if trained.why_numpy:
        screen.print(f"  not in native code: {trained.why_numpy}", markup=False)
    return trained


def _experiment(network: Mlp, data: Digits, trained: Trainings, checked: Sequence[Checked], clock: Clock) -> Experiment:
    """Everything that the report tells."""
    from .experiment import Experiment, Told

    run = trained.run
    with clock.part("verifying every line of the derivation"):
        reasons, deviation = _reasons(network)
        steps = cr.derive(network.loss, next(iter(network.shapes)), form="components")
    lines = _equations(network, "mathml")
    with clock.part("reading the test images"):
        probabilities = network.predict_proba(run.parameters, data.test.x)
    return Experiment(
        digits=data,
        sizes=network.sizes,
        shapes=network.shapes,
        forward=[line.formula for line in lines.forward],
        backward=[Told(line.formula, reasons.get(line.name, "")) for line in lines.backward],
        steps=steps._repr_html_(),
        drawing=cr.picture(network.loss).svg,
        deviation=max(deviation, steps.error),
        source=cr.source(network.loss, list(network.shapes)),
        check=checked,
        history=run.history,
        trainings=trained,
        probabilities=probabilities,
        settings=_settings(run),
        seconds=clock.seconds,
        versions={"chainrule": cr.__version__, "NumPy": np.__version__, "Python": platform.python_version()},
    )


def _reasons(network: Mlp) -> tuple[dict[str, str], float]:
    """One line of why for each line of the gradient, by its name, and the largest deviation of any of them."""
    reasons: dict[str, str] = {}
    deviation = 0.0
    for parameter in network.shapes:
        derivation = cr.derive(network.loss, parameter)
        deviation = max(deviation, derivation.error)
        for step in derivation.steps:
            reasons.setdefault(f"d_{step.where}", step.why)
    # The line where the gradient begins: the slopes of the loss itself, put together.
    reasons["d_logits"] = OF_THE_LOSS
    return reasons, deviation


def _settings(run: Run) -> dict[str, str]:
    """What was chosen, for a reader."""
    optimizer = dict(run.config["optimizer"])
    name = optimizer.pop("name")
    return {
        "optimiser": f"{name} ({', '.join(f'{k} = {v:g}' for k, v in optimizer.items())})",
        "batch size": str(run.config["batch_size"]),
        "epochs": str(len(run.history)),
        "seed": str(run.config["seed"]),
        "precision": str(run.config["precision"]),
    }


def _write(screen: Console, out: Path, run: Run, done: Experiment) -> None:
    """Write the folder, and say what is in it."""
    from . import curves, report

    run.save(out)
    paths = curves.draw(run.history, out)
    page = out / "report.html"
    page.write_text(report.page(done), encoding="utf-8")
    heading(screen, f"Written to {out}/")
    told = {
        "report.html": "all of this, to read in a browser",
        "parameters.safetensors, run.json": "the trained network: cr.load brings it back",
        "history.jsonl": "a line for each epoch",
        ", ".join(path.name for path in paths): "the training curves",
    }
    width = max(map(len, told))
    for name, what in told.items():
        screen.print(f"  {name:<{width}}  {what}", markup=False)

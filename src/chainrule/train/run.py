"""What a training leaves behind: parameters, history, settings; kept in a folder and found there again.

    parameters.safetensors   the arrays, nested names joined with dots
    history.jsonl            a line for each epoch
    run.json                 everything else, and the version of this format

Each file is written under a temporary name and renamed, so that none is ever half there. Nothing is unpickled.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr

from ..ir.errors import ArgumentError, ChainruleError
from .networks import Network, from_spec

FORMAT, VERSION = "chainrule-run", 1


class RunError(ChainruleError, ValueError):
    """A folder that holds no run that can be read."""


@dataclass(frozen=True)
class Run:
    """A training that has ended.

    ``history`` has a row for each finished epoch; ``stopped`` says why the training ended early, where a loss was not
    finite; ``interrupted`` is true after Ctrl-C. The parameters are the last good ones in each case.
    """

    parameters: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""
    interrupted: bool = False
    network: Network | None = None

    def __repr__(self) -> str:
        measured = {k: v for k, v in self.history[-1].items() if k != "epoch"} if self.history else {}
        numbers = "".join(f", {name} {value:.4g}" for name, value in measured.items())
        ended = f", {self.stopped}" if self.stopped else ", interrupted" if self.interrupted else ""
        return f"<run of {len(self.history)} epochs{numbers}{ended}>"

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the run into a folder, which is made where it is missing. Gives the folder's path.

        Raises ArgumentError where a parameter's name holds a dot, or is no text.
        """
        import safetensors.numpy

        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, np.ndarray[Any, Any]] = {}
        about = {
            "format": FORMAT,
            "version": VERSION,
            "chainrule": cr.__version__,
            "parameters": _names(self.parameters, "", tensors),
            "config": self.config,
            "stopped": self.stopped,
            "interrupted": self.interrupted,
            "network": self.network.spec() if self.network else None,
        }
        text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)
        rows = "".join(json.dumps(_plain(row), allow_nan=False) + "\n" for row in self.history)
        _write(place / "parameters.safetensors", safetensors.numpy.save(tensors))
        _write(place / "history.jsonl", rows.encode())
        # Last, because a folder is a run only with it.
        _write(place / "run.json", f"{text}\n".encode())
        return place


def load(folder: str | os.PathLike[str]) -> Run:
    """The run that `Run.save` wrote into a folder; tuples of parameters come back as lists.

    Raises RunError where there is none, where it was written in a newer format, or where a file is damaged.
    """
    import safetensors
    import safetensors.numpy

    place = Path(folder)
    try:
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
        _check_format(about, place)
        tensors = safetensors.numpy.load((place / "parameters.safetensors").read_bytes())
        lines = (place / "history.jsonl").read_text(encoding="utf-8").splitlines()
        return Run(
            parameters=_structure(about["parameters"], tensors),
            history=[{k: float(v) if isinstance(v, str) else v for k, v in json.loads(line).items()} for line in lines],
            config=about["config"],
            stopped=about["stopped"],
            interrupted=about["interrupted"],
            network=None if about["network"] is None else from_spec(about["network"]),
        )
    except FileNotFoundError as error:
        raise RunError(f"{place} holds no run: {Path(error.filename).name} is missing") from error
    except RunError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, safetensors.SafetensorError) as error:
        raise RunError(f"the run in {place} is damaged: {type(error).__name__}: {error}") from error


def _check_format(about: Any, place: Path) -> None:
    if not isinstance(about, dict) or about.get("format") != FORMAT or not isinstance(about.get("version"), int):
        raise RunError(f"{place / 'run.json'} was not written by chainrule")
    if about["version"] > VERSION:
        raise RunError(
            f"the run in {place} has format version {about['version']}, written by chainrule {about.get('chainrule')}; "
            f"chainrule {cr.__version__} reads versions up to {VERSION}: use a newer one"
        )


def _names(value: Any, path: str, tensors: dict[str, np.ndarray[Any, Any]]) -> Any:
    """The structure of parameters with the name of each array in its place; fills in the arrays."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or "." in key:
                raise ArgumentError(f"a parameter that is saved has a text without dots as its name, not {key!r}")
        return {key: _names(below, f"{path}.{key}" if path else key, tensors) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_names(below, f"{path}.{n}", tensors) for n, below in enumerate(value)]
    # ascontiguousarray would give a single number an axis.
    tensors[path] = np.array(value, order="C")
    return path


def _structure(names: Any, tensors: Mapping[str, Any]) -> Any:
    """The parameters from the structure of their names."""
    if isinstance(names, dict):
        return {key: _structure(below, tensors) for key, below in names.items()}
    if isinstance(names, list):
        return [_structure(below, tensors) for below in names]
    return tensors[names]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it, which knows no infinity and no NaN: these are written as text."""
    return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

"""Somebody's own gradient, in whatever form it was given, asked at a point."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..frontend.function import Function
from ..frontend.tree import map_leaves
from ..ir.errors import ArgumentError, ChainruleError
from ..ir.graph import Graph
from ..ir.node import Input
from ..pipeline import parse
from ..run.printed import Program
from .subject import Subject

UPSTREAM = ("upstream", "g", "dout", "grad_output", "grad_out", "cotangent", "d_out", "dy")
"""What the gradient handed in from behind is called, among the arguments of a candidate."""


@dataclass(frozen=True)
class Answer:
    """What a candidate said at a point: its gradients, its loss if it gave one, or how it failed."""

    gradients: Mapping[str, np.ndarray]
    value: float | None = None
    failed: BaseException | None = None
    inner: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Gradients by variables of the function, which were given besides."""


class Candidate:
    """A function, a dict of arrays or of formulas, or a single one of these, asked for a subject's gradients."""

    def __init__(self, given: Any, subject: Subject, formulas: Mapping[str, str]) -> None:
        self.given, self.subject, self.formulas = given, subject, formulas

    @property
    def is_function(self) -> bool:
        """Whether it can be asked anywhere, and may answer otherwise each time."""
        return callable(self.given) and not self.formulas

    def asked(self, point: Mapping[str, Any]) -> Answer:
        """The candidate at a point, on arrays of its own, in the precision in which they were given."""
        if self.formulas:
            return self._by_formulas(point)
        if not self.is_function:
            return Answer(self._by_name(self.given))
        values = {n: np.array(v, self.subject.dtypes[n]) for n, v in point.items()}
        arguments: dict[str, Any] = self._arranged(values)
        try:
            with np.errstate(all="ignore"):
                result = self.given(**arguments)
            value = None
            if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
                value, result = float(array_of(result[0])), result[1]
            return Answer(self._by_name(result), value, inner=self._inner(result))
        except ArgumentError:
            raise
        except Exception as error:  # Whatever a stranger's code raises is what is told.
            return Answer({}, None, error)

    def _by_formulas(self, point: Mapping[str, Any]) -> Answer:
        """Gradients that are given as formulas of the arguments, the variables and the sizes."""
        names = {name: node for node, name in self.subject.graph.names.items() if node.args}
        program = Program(Graph(self.subject.graph.inputs, tuple(names.values())), self.subject.traced.function)
        known = dict(zip(names, program(point), strict=True)) | dict(point)
        sizes = self.subject.sizes
        known |= {dim.name: np.float64(size) for dim, size in sizes.items() if dim.name not in known}
        made = {}
        for name, text in self.formulas.items():
            used = [n for n in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", text)) if n in known]
            given = {n: np.asarray(known[n]) for n in used}
            kinds = {"i": " int", "u": " int", "b": " bool"}
            declared = {n: " ".join(map(str, v.shape)) + kinds.get(v.dtype.kind, "") for n, v in given.items()}
            try:
                made[name] = np.asarray(parse(text, name=f"d_{name}", **declared)(**given))
            except ChainruleError as error:
                return Answer({}, None, error)
        return Answer(self._by_name(made))

    def _arranged(self, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments that the candidate takes, in the structure that the function takes them in."""
        given: dict[str, Any] = {}
        for name, tree in self.subject.traced.arguments.items():
            given[name] = map_leaves(lambda _, leaf: values[leaf.name] if isinstance(leaf, Input) else leaf, tree)
        if self.subject.upstream:
            given[self.subject.upstream] = values[self.subject.upstream]
        try:
            parameters = inspect.signature(self.given).parameters
        except (TypeError, ValueError):
            return given
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return given
        return {name: value for name, value in given.items() if name in parameters}

    def _inner(self, result: Any) -> dict[str, np.ndarray]:
        """What a dict has under the names of variables: ``d_z1``, ``dz1`` or ``z1`` for the gradient by z1."""
        if not isinstance(result, Mapping):
            return {}
        names = {name for node, name in self.subject.graph.names.items() if node.args}
        asked = {i.name for i in self.subject.inputs}
        stems = {key: re.sub(r"^(d_|grad_|∂|d)", "", key) if key not in names else key for key in map(str, result)}
        return {stem: array_of(result[key], stem) for key, stem in stems.items() if stem in names and key not in asked}

    def _by_name(self, result: Any) -> dict[str, np.ndarray]:
        """The gradients that were asked for. Raises ArgumentError where one is not there."""
        if not isinstance(result, Mapping):
            if isinstance(result, (tuple, list)) and len(result) == len(self.subject.inputs) > 1:
                result = dict(zip([i.name for i in self.subject.inputs], result, strict=True))
            elif len(self.subject.inputs) != 1:
                names = ", ".join(i.name for i in self.subject.inputs)
                raise ArgumentError(f"a gradient for each of {names} is needed, as a dict")
            else:
                result = {self.subject.inputs[0].name: result}
        missing = [i.name for i in self.subject.inputs if i.name not in result]
        if missing:
            raise ArgumentError(f"the candidate returns no gradient for {', '.join(missing)}")
        return {i.name: array_of(result[i.name], i.name) for i in self.subject.inputs}


def formulas_of(candidate: Any, function: Function, wrt: str | Sequence[str] | None) -> dict[str, str]:
    """Gradients that are given as texts, by name; empty where they are not."""
    if isinstance(candidate, str):
        names = [wrt] if isinstance(wrt, str) else list(wrt or list(function.signature.parameters)[:1])
        return dict.fromkeys(names, candidate)
    if isinstance(candidate, Mapping) and candidate and all(isinstance(v, str) for v in candidate.values()):
        return dict(candidate)
    return {}


def upstream_of(candidate: Any, function: Function) -> str:
    """The candidate's argument for the cotangent of the result, if it has one."""
    if not callable(candidate):
        return ""
    try:
        names = list(inspect.signature(candidate).parameters)
    except (TypeError, ValueError):
        return ""
    own = set(function.signature.parameters)
    return next((name for name in names if name in UPSTREAM and name not in own), "")


def array_of(value: Any, name: str = "") -> np.ndarray:
    """An array of NumPy, PyTorch or JAX as one of NumPy, in double precision.

    Raises ArgumentError, naming what it is the gradient of, for what holds no real numbers.
    """
    given = value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        what = f"a gradient of {name}" if name else "a loss"
        raise ArgumentError(f"{what} holds real numbers; the candidate gives {type(given).__name__}: {given!r:.60}")
    return array.astype(np.float64)


def line_of_error(error: BaseException) -> str:
    """The line of the candidate in which an error arose: its own, also where a helper of it raised."""
    ours = str(Path(__file__).parents[1])
    theirs = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(ours)]
    theirs = [f for f in theirs if "site-packages" not in f.filename]
    return (theirs[0].line or "") if theirs else ""

"""`cr.check_steps`: a reader's own derivation, line by line: which is the first wrong one, and what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..check.backward import Array, At, backward, concrete
from ..check.diagnose import verdicts
from ..check.diagnosis import Diagnosis
from ..check.search import Sample, same
from ..explain.evaluate import finite_point
from ..frontend.index_notation import parse_indexed
from ..frontend.matrix_notation import parse_matrix
from ..frontend.notation_tokens import NotationError
from ..ir.dims import Sizes, bind_sizes, show_shape
from ..ir.errors import ArgumentError, ChainruleError
from ..ir.graph import Graph, substitute
from ..ir.node import Input, Node, Size
from ..pipeline import as_function, wanted
from ..run.interpret import evaluate
from .brackets import bracketed
from .lines import LineVerdict, Steps
from .subject import LEAST, near

_POINTS = 3
_NOISE = 1e-8
_GRADIENT = re.compile(r"^(?:∂\w*\s*/\s*∂|d\w*/d|d_|grad_|∂|δ_|d(?=[A-Za-z]))")


def check_steps(
    f: Callable[..., Any],
    wrt: str,
    lines: Sequence[str],
    *,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Steps:
    """A derivation that somebody wrote down, checked line by line.

    A line is an equality: ``d_z2 = 2/N (z2 - y)``, ``∂loss/∂w1_ij = Σ_n x_ni d_z1_nj``, or ``l1 = relu(z1)``. On the
    left stands a variable of f, or the gradient of the loss by one (``d_z1``, ``dz1``, ``∂loss/∂z1``), with indices for
    components; a line without a left side, or that begins with ``=``, goes on with the line before, and the first with
    the gradient by ``wrt``. The right side is a formula of the arguments, the variables, their gradients, and the sizes
    (N). Each is evaluated at random points, with what is right in the place of each gradient that it uses: a line that
    only carries a mistake on is not called wrong, it ``follows``.

    Raises ArgumentError for a left side that f does not have, and what `cr.check` raises.
    """
    return _Reading(f, wrt, at, seed).steps(lines)


@dataclass(frozen=True, eq=False)
class _Target:
    """What a left side means: a value of the function, or the gradient by one; with its indices, if it has any."""

    name: str
    is_gradient: bool
    letters: tuple[str, ...] | None


class _Reading:
    def __init__(self, f: Callable[..., Any], wrt: str, at: Mapping[str, Any] | None, seed: int) -> None:
        function = as_function(f)
        bound = None if at is None else function.bind((), at)
        traced = function.trace(bound)
        self.graph = Graph(traced.graph.inputs, traced.graph.outputs[:1], traced.graph.names)
        self.wrt, self.seed = wrt, seed
        (loss,) = self.graph.outputs
        names = {name: node for node, name in self.graph.names.items()}
        self.loss_name = next((name for name, node in names.items() if node is loss), "loss")
        self.nodes: dict[str, Node] = {i.name: i for i in self.graph.inputs} | names | {"loss": loss}
        if wrt not in self.nodes:
            wanted(function, traced, [wrt])
        rng = np.random.default_rng(seed)
        self.points: list[tuple[dict[str, Any], Sizes]] = []
        for count in range(_POINTS):
            if bound is None:
                self.points.append(finite_point(self.graph, self.graph.outputs, seed + count, LEAST))
            else:
                values = {n: np.asarray(v, np.float64) if np.asarray(v).dtype.kind == "f" else np.asarray(v)
                          for n, v in traced.flatten(bound).items()}  # fmt: skip
                moved = {
                    i.name: near(values[i.name], i.properties, rng) for i in self.graph.inputs if i.kind == "float"
                }
                values |= moved if count else {}
                shapes = {i.name: i.shape for i in self.graph.inputs}
                self.points.append((values, bind_sizes(shapes, {n: np.shape(values[n]) for n in shapes})))
        self.known = [dict(values) for values, _ in self.points]
        for values, known, (_, sizes) in zip([p for p, _ in self.points], self.known, self.points, strict=True):
            at_point = self._at(values, sizes)
            for name, node in self.nodes.items():
                if node.kind == "float":
                    known[f"d_{name}"] = at_point.get(name, np.zeros(sizes.of(node.shape)))

    def _at(self, values: Mapping[str, Any], sizes: Sizes) -> dict[str, Array]:
        """The gradient of every variable and argument at a point."""
        graph = concrete(self.graph, sizes)
        floats = [i for i in graph.inputs if i.kind == "float"]
        found = At(backward(graph, floats, sizes, loss=self.loss_name), values)
        named = {i.name: np.asarray(g) for i, g in found.cotangents.items() if isinstance(i, Input)}
        return named | {"loss": np.ones(())}

    # ------------------------------------------------------------------------------------------ lines

    def steps(self, lines: Sequence[str]) -> Steps:
        """All lines in turn."""
        made: list[LineVerdict] = []
        theirs: dict[str, list[Array]] = {}
        target = _Target(self.wrt, True, None)
        before: list[Array] | None = None
        wrong_names: set[str] = set()
        for number, text in enumerate(lines, 1):
            left, equals, right = text.partition("=") if not re.search(r"[<>=!]=", text) else _parted(text)
            same_target = not equals or not left.strip()
            if equals and left.strip():
                target = self._target(left.strip())
            formula = (right if equals else text).strip()
            try:
                node = self._parsed(formula, target)
                found = [
                    np.asarray(evaluate(node, k, sizes=s, dtype=np.float64))
                    for k, (_, s) in zip(self.known, self.points, strict=True)
                ]
            except (NotationError, ChainruleError, ValueError) as error:
                made.append(LineVerdict(number, text.strip(), False, diagnosis=self._unread(formula, target, error)))
                wrong_names.add(target.name)
                before = None
                continue
            truth = self._truth(target)
            right_here = all(same(a, b, self._noise(b)) for a, b in zip(found, truth, strict=True))
            if right_here:
                used = {
                    n
                    for n in wrong_names
                    if re.search(rf"(?<!\w)(d_?|∂\w*/∂|grad_){re.escape(n)}(?![A-Za-z0-9])", formula)
                }
                made.append(LineVerdict(number, text.strip(), not used, follows=bool(used)))
                if used and target.is_gradient:
                    wrong_names.add(target.name)
            elif (
                same_target
                and before is not None
                and all(same(a, b, self._noise(b)) for a, b in zip(found, before, strict=True))
            ):
                made.append(LineVerdict(number, text.strip(), False, follows=True))
            else:
                diagnosis = self._bracket(formula, target, truth) or self._diagnosed(target, found)
                made.append(LineVerdict(number, text.strip(), False, diagnosis=diagnosis))
                wrong_names.add(target.name)
            theirs[target.name] = found
            before = found
        return Steps(tuple(made))

    def _noise(self, right: Array) -> float:
        return _NOISE * (1e-3 + float(np.max(np.abs(right), initial=0)))

    def _target(self, left: str) -> _Target:
        """What a left side names. Raises ArgumentError for a name that the function does not have."""
        text = left.replace(" ", "")
        is_gradient = text not in self.nodes
        rest = text
        if is_gradient:
            rest = (
                re.sub(r"\.g(?:rad)?$", "", _GRADIENT.sub("", text)) if text.split("_")[0] not in self.nodes else text
            )
            is_gradient = rest != text
        for name in sorted(self.nodes, key=len, reverse=True):
            if rest == name:
                return _Target(name, is_gradient, None)
            behind = rest.removeprefix(name)
            if rest.startswith(name) and re.match(r"^(_\{?|\[)[a-z,]+[\]}]?$", behind):
                return _Target(name, is_gradient, tuple(re.findall(r"[a-z]", behind)))
        raise ArgumentError(f"{left!r} is nothing that the function has; it has {', '.join(self.nodes)}")

    def _truth(self, target: _Target) -> list[Array]:
        if target.is_gradient:
            return [np.asarray(known[f"d_{target.name}"]) for known in self.known]
        node = self.nodes[target.name]
        return [np.asarray(evaluate(node, v, sizes=s, dtype=np.float64)) for v, s in self.points]

    def _parsed(self, formula: str, target: _Target) -> Node:
        names = "|".join(map(re.escape, self.nodes))
        text = re.sub(r"∂\w*\s*/\s*∂", "d_", formula)
        text = re.sub(rf"(?<!\w)(?:grad_|d)(?=(?:{names})\b)", "d_", text)
        text = re.sub(rf"\b({names})\.g(?:rad)?\b", r"d_\1", text)
        scope: dict[str, Node] = dict(self.nodes)
        for name, node in self.nodes.items():
            if node.kind == "float":
                scope.setdefault(f"d_{name}", Input.of(f"d_{name}", node.shape))
        for dim in self.graph.dims():
            scope.setdefault(dim.name, Size.of(dim))
        if target.letters is None:
            return parse_matrix(text, scope)
        return parse_indexed(text, scope, dict(zip(target.letters, self.nodes[target.name].shape, strict=True)))

    # ------------------------------------------------------------------------------------------ what is wrong

    def _diagnosed(self, target: _Target, found: Sequence[Array]) -> Diagnosis | None:
        """The smallest edit of the step to this variable's gradient that gives what the line says."""
        truth = self._truth(target)
        if not target.is_gradient:
            return _plainly(target.name, found, truth)
        node = self.nodes[target.name]
        samples, passes = [], None
        for (values, sizes), given, right in zip(self.points, found, truth, strict=True):
            graph = concrete(self.graph, sizes)
            inner = next((n for n, name in graph.names.items() if name == target.name), None)
            if inner is not None and inner.args:
                stand = Input.of(target.name, inner.shape)
                (root,) = substitute(graph.outputs, {inner: stand})
                others = substitute([n for n in graph.names if n is not inner], {inner: stand})
                names = {
                    n: graph.names[o] for n, o in zip(others, [n for n in graph.names if n is not inner], strict=True)
                }
                graph = Graph((*graph.inputs, stand), (root,), names)
                values = values | {target.name: evaluate(node, values, sizes=sizes, dtype=np.float64)}
            wrt = [i for i in graph.inputs if i.name == target.name]
            if passes is None:
                passes = [backward(graph, wrt, sizes, fine=fine, loss=self.loss_name) for fine in (False, True)]
                first_sizes = sizes
            if sizes == first_sizes:
                samples.append(
                    Sample(values, {target.name: given}, {target.name: right}, {target.name: self._noise(right)})
                )
        assert passes is not None
        (verdict,) = verdicts(passes[0], passes[1], samples)
        return verdict.diagnosis

    def _unread(self, formula: str, target: _Target, error: Exception) -> Diagnosis:
        """What is said of a line that cannot be read, or whose shapes do not fit."""
        bracket = self._bracket(formula, target, self._truth(target))
        if bracket is not None:
            return bracket
        shape = show_shape(self.nodes[target.name].shape)
        return Diagnosis("does-not-evaluate", target.name, f"the line cannot be evaluated: {error}",
                         f"What stands on the left has the shape {shape}.")  # fmt: skip

    def _bracket(self, formula: str, target: _Target, truth: Sequence[Array]) -> Diagnosis | None:
        """A pair of brackets that makes the line right, where there is one."""
        for candidate in bracketed(formula):
            try:
                node = self._parsed(candidate, target)
                close = (
                    same(evaluate(node, known, sizes=sizes, dtype=np.float64), right, self._noise(right))
                    for known, (_, sizes), right in zip(self.known, self.points, truth, strict=True)
                )
                if all(close):
                    return Diagnosis(
                        "does-not-evaluate", target.name, "a pair of brackets is lost", f"Write {candidate}."
                    )
            except (NotationError, ChainruleError, ValueError):
                continue
        return None


def _parted(text: str) -> tuple[str, str, str]:
    """Both sides of a line, at its first = that is no comparison."""
    found = re.search(r"(?<![<>=!])=(?!=)", text)
    return (text, "", "") if found is None else (text[: found.start()], "=", text[found.end() :])


def _plainly(name: str, found: Sequence[Array], truth: Sequence[Array]) -> Diagnosis:
    """What is said of a value that is not the function's."""
    if found[0].shape != truth[0].shape:
        said = f"the right side has the shape {show_shape(found[0].shape)}, {name} has {show_shape(truth[0].shape)}"
        return Diagnosis("shape", name, said)
    ratios = {
        round(float(r), 9)
        for a, b in zip(found, truth, strict=True)
        for r in np.ravel(a / np.where(b == 0, np.nan, b))
        if r == r
    }
    if ratios == {-1.0}:
        return Diagnosis("sign", name, "the sign is turned round")
    if len(ratios) == 1:
        return Diagnosis("scale", name, f"it is {ratios.pop():.6g} times what is right")
    return Diagnosis("forward", name, f"this is not what {name} is in the function")

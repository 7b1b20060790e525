"""Every operation can be shown, in every notation and reading: a loop over the registry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  fills the registry
from chainrule.derive import reverse
from chainrule.ir import registry
from chainrule.ir.graph import toposort
from chainrule.ir.node import Input, Kind, Node
from chainrule.ir.records import Elementwise, Reduction, Structural
from chainrule.ir.registry import register, unregister
from chainrule.ir.whole import Whole
from chainrule.render import show
from tests.render.wellformed import check_latex, check_mathml


def examples() -> Iterator[tuple[str, Node]]:
    """Each record on plain inputs; structural ones on their own cases."""
    for record in registry.records():
        if isinstance(record, Elementwise):
            operands = [Input.of(f"x_{i}", (3, 4)) for i in range(record.arity)]
            yield record.name, record(*operands)
        elif isinstance(record, Reduction):
            x = Input.of("x", (3, 4))
            yield f"{record.name}, all", record(x)
            yield f"{record.name}, last", record(x, axis=1)
        elif isinstance(record, Whole):
            for i, (make, arrays) in enumerate(record.cases()):
                kinds: dict[str, Kind] = {"f": "float", "i": "int", "u": "int", "b": "bool"}
                yield (
                    f"{record.name} {i}",
                    make(
                        *(Input.of(name, a.shape, kinds[a.dtype.kind]) for name, a in zip("abc", arrays, strict=False))
                    ),
                )
        else:
            assert isinstance(record, Structural)
            for i, (make, shapes) in enumerate(record.cases()):
                arguments = [Input.of(name, shape) for name, shape in zip("abc", shapes, strict=False)]
                yield f"{record.name} {i}", make(*arguments)


EXAMPLES = list(examples())


def check(node: Node) -> None:
    for reading in ("matrix", "components"):
        text = show(node, "text", reading)  # type: ignore[arg-type]
        for left, right in ("()", "[]"):
            assert text.count(left) == text.count(right)
        assert text
        check_latex(show(node, "latex", reading))  # type: ignore[arg-type]
        check_mathml(show(node, "mathml", reading))  # type: ignore[arg-type]


@pytest.mark.parametrize("node", [node for _, node in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_an_operation_and_its_derivatives_are_shown(node: Node) -> None:
    check(node)
    if node.kind != "float":
        return
    inputs = [n for n in toposort([node]) if isinstance(n, Input)]
    found = reverse({node: Input.of("g", node.shape)}, inputs)
    for i in inputs:
        check(found.get(i))


def test_an_operation_of_a_user_needs_no_change_here() -> None:
    swish = register(
        Elementwise(name="my_swish", ref=lambda x: x / (1 + np.exp(-x)), partials=lambda x, y: (x,), why="an example")
    )
    bare = Elementwise(
        name="shift",
        arity=2,
        ref=np.add,
        partials=lambda x, y, z: (1, 1),
        why="",
        text="{0} << {1}",
        latex=r"{0} \ll {1}",
    )
    try:
        x = Input.of("x", (3,))
        assert show(swish(x)) == "my_swish(x)"
        assert show(swish(x), "latex") == r"\operatorname{my\_swish}\left(x\right)"
        register(bare)
        check(swish(x) + bare(x, x))
        assert "<mo>&lt;</mo><mo>&lt;</mo>" in show(bare(x, x), "mathml")
    finally:
        unregister("my_swish")
        unregister("shift")

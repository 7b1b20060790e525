"""What is known of nodes: worked out once, at any depth, and gone with them."""

from __future__ import annotations

import gc

from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.ir.remembered import Remembered

X = Input.of("x", (2,))


def test_each_node_is_worked_out_once_from_its_operands() -> None:
    met: list[Node] = []

    def size(node: Node, operands: list[int]) -> int:
        met.append(node)
        return 1 + sum(operands)

    sizes = Remembered(size)
    shared = call("sin", X)
    assert sizes.of(shared * shared) == 5
    assert all(a is b for a, b in zip(met, (X, shared, shared * shared), strict=True))
    assert sizes.of(call("cos", shared)) == 3
    assert len([n for n in met if n is shared]) == 1


def test_depth_is_no_limit_and_nothing_is_kept_of_what_is_gone() -> None:
    met = 0

    def depth(node: Node, operands: list[int]) -> int:
        nonlocal met
        met += 1
        return 1 + max(operands, default=0)

    depths = Remembered(depth)
    # An input that nobody else has, so that nobody else keeps what is made of it.
    own = Input.of("remembered", (2,))
    node: Node = own
    for _ in range(20_000):
        node = call("sin", node)
    assert depths.of(node) == 20_001
    assert met == 20_001
    assert id(node) in depths._known
    node = own
    gc.collect()
    assert list(depths._known) == [id(own)]

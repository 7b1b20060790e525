"""What comes before the lines of a printed program: its sizes, its precision, and constants too long for a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.affine import index_steps
from ..ir.dims import Dim
from ..ir.graph import Graph, toposort
from ..ir.node import Const, Node
from .numpy_names import identifier

if TYPE_CHECKING:
    from .numpy import Writer

LONGEST_LITERAL = 200
"""A constant array of more numbers is an argument of the printed function."""


def preamble(
    writer: Writer, arguments: dict[Node, str], dims: dict[Dim, str], constants: list[str]
) -> list[tuple[str, str]]:
    """The lines that come first: the sizes and the precision that the text uses, long constants in that precision."""
    head = [(f"{name} = {_size_of(d, arguments)}", "") for d, name in dims.items() if d in writer.used]
    if writer.needs_dtype or constants:
        floats = [name for node, name in arguments.items() if node.kind == "float"]
        head.append((f"dtype = np.result_type({', '.join(floats) or 'float'})", ""))
    return head + [(f"{name} = np.asarray({name}, dtype)", "") for name in constants]


def long_constants(graph: Graph, taken: set[str]) -> dict[Const, str]:
    """The constant arrays that nobody would read in the text, with names for them."""
    long = [n for n in toposort(graph.outputs) if isinstance(n, Const) and _is_long(n)]
    return {node: identifier(f"A{i}", taken) for i, node in enumerate(long, 1)}


def _is_long(node: Const) -> bool:
    return node.shape != () and node.value.size > LONGEST_LITERAL and index_steps(node) is None


def _size_of(dim: Dim, arguments: dict[Node, str]) -> str:
    """Where a named dimension is read from."""
    for node, name in arguments.items():
        for axis, extent in enumerate(node.shape):
            if extent is dim:
                return f"{name}.shape[{axis}]"
    raise AssertionError(f"no argument has the dimension {dim}")

"""Structures: dicts, lists and tuples of arrays, as parameters and results come. Insertion order is their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

Tree: TypeAlias = Any
"""A leaf, or a dict, list or tuple of trees."""


def is_structure(value: Any) -> bool:
    """Whether it holds other trees; everything else is a leaf."""
    return isinstance(value, (dict, list, tuple))


def join(path: str, key: object) -> str:
    """The path of an entry: ``params.W1``, ``layers.0``."""
    return f"{path}.{key}" if path else str(key)


def entries(tree: Tree) -> list[tuple[Any, Tree]]:
    """The keys and subtrees of a structure."""
    return list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))


def rebuilt(tree: Tree, values: Sequence[Any]) -> Tree:
    """A structure like this one with other entries."""
    if isinstance(tree, dict):
        return dict(zip(tree, values, strict=True))
    if isinstance(tree, tuple):
        # A named tuple takes its entries one by one.
        return type(tree)(*values) if hasattr(tree, "_fields") else tuple(values)
    return list(values)


def map_leaves(change: Callable[[str, Any], Any], tree: Tree, path: str = "") -> Tree:
    """The same structure with every leaf changed; ``change`` gets the leaf's path and the leaf."""
    if not is_structure(tree):
        return change(path, tree)
    return rebuilt(tree, [map_leaves(change, below, join(path, key)) for key, below in entries(tree)])


def flatten(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path, in order."""
    if not is_structure(tree):
        yield path, tree
        return
    for key, below in entries(tree):
        yield from flatten(below, join(path, key))


def unflatten(tree: Tree, values: Sequence[Any]) -> Tree:
    """The structure with these leaves, in the order of `flatten`. Raises ValueError where their number differs."""
    left = iter(values)
    wanted = sum(1 for _ in flatten(tree))
    if wanted != len(values):
        raise ValueError(f"the structure has {wanted} leaves, {len(values)} were given")
    return map_leaves(lambda path, leaf: next(left), tree)

"""Nested containers of values: what functions under a transform may take and return.

Tuples (named ones too), lists and dictionaries (in the order of their insertion) are containers; everything else is a
leaf. A structure (`Tree`) compares equal to that of any value with the same containers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tree:
    """How the leaves of a value are nested; `kind` is None for a leaf."""

    kind: type | None
    keys: tuple[Any, ...] = ()
    children: tuple[Tree, ...] = ()

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        if self.kind is dict:
            return f"{{{', '.join(f'{k!r}: {c}' for k, c in zip(self.keys, self.children, strict=True))}}}"
        inside = ", ".join(map(repr, self.children))
        return f"[{inside}]" if self.kind is list else f"({inside}{',' if len(self.children) == 1 else ''})"


LEAF = Tree(None)


def _kind(value: Any) -> type | None:
    cls = value.__class__
    if cls in (tuple, list, dict) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return cls  # type: ignore[no-any-return]
    return None


def flatten(value: Any) -> tuple[list[Any], Tree]:
    """The leaves of a value from left to right, and how they were nested."""
    kind = _kind(value)
    if kind is None:
        return [value], LEAF
    members = value.values() if kind is dict else value
    leaves: list[Any] = []
    children = []
    for member in members:
        found, tree = flatten(member)
        leaves += found
        children.append(tree)
    return leaves, Tree(kind, tuple(value) if kind is dict else (), tuple(children))


def unflatten(leaves: Sequence[Any], tree: Tree) -> Any:
    """The value with these leaves."""
    remaining = iter(leaves)
    return _build(tree, remaining)


def _build(tree: Tree, remaining: Any) -> Any:
    if tree.kind is None:
        return next(remaining)
    members = [_build(child, remaining) for child in tree.children]
    if tree.kind is dict:
        return dict(zip(tree.keys, members, strict=True))
    return tree.kind(members) if tree.kind in (tuple, list) else tree.kind(*members)


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """The same nesting with `function` of each leaf."""
    leaves, tree = flatten(value)
    return unflatten([function(leaf) for leaf in leaves], tree)


def broadcast(prefix: Any, tree: Tree) -> list[Any] | None:
    """One value per leaf of `tree` from a value whose nesting begins like it; None if it does not."""
    if tree.kind is None:
        return None if _kind(prefix) is not None else [prefix]
    kind = _kind(prefix)
    if kind is None:
        return [prefix] * _count(tree)
    if kind is not tree.kind or len(prefix) != len(tree.children):
        return None
    if kind is dict and tuple(prefix) != tree.keys:
        return None
    result: list[Any] = []
    for member, child in zip(prefix.values() if kind is dict else prefix, tree.children, strict=True):
        found = broadcast(member, child)
        if found is None:
            return None
        result += found
    return result


def _count(tree: Tree) -> int:
    return 1 if tree.kind is None else sum(_count(child) for child in tree.children)

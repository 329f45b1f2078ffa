"""Nested containers of values: what functions under a transform may take and return.

Tuples (named ones too), lists, deques and dictionaries (in the order of their insertion; ordered ones and those with
defaults too) are containers; everything else is a leaf. A structure (`Tree`) compares equal to that of any value with
the same containers.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Tree(NamedTuple):
    """How the leaves of a value are nested; `kind` is None for a leaf. `option` is what else it takes to make another one:
    the length of a deque, or what a dictionary has where it has nothing."""

    kind: type | None
    keys: tuple[Any, ...] = ()
    children: tuple[Tree, ...] = ()
    option: Any = None

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        if self.kind in _DICTIONARIES:
            return f"{{{', '.join(f'{k!r}: {c}' for k, c in zip(self.keys, self.children, strict=True))}}}"
        inside = ", ".join(map(repr, self.children))
        return (
            f"[{inside}]"
            if self.kind in (list, deque)
            else f"({inside}{',' if len(self.children) == 1 else ''})"
        )


LEAF = Tree(None)

_DICTIONARIES = (dict, OrderedDict, defaultdict)
_CONTAINERS = (tuple, list, deque, *_DICTIONARIES)


def _kind(value: Any) -> type | None:
    cls = value.__class__
    if cls in _CONTAINERS or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return cls  # type: ignore[no-any-return]
    return None


def flatten(value: Any) -> tuple[list[Any], Tree]:
    """The leaves of a value from left to right, and how they were nested."""
    kind = _kind(value)
    if kind is None:
        return [value], LEAF
    named = kind in _DICTIONARIES
    members = value.values() if named else value
    leaves: list[Any] = []
    children = []
    for member in members:
        found, tree = flatten(member)
        leaves += found
        children.append(tree)
    option = value.default_factory if kind is defaultdict else value.maxlen if kind is deque else None
    return leaves, Tree(kind, tuple(value) if named else (), tuple(children), option)


def unflatten(leaves: Sequence[Any], tree: Tree) -> Any:
    """The value with these leaves."""
    remaining = iter(leaves)
    return _build(tree, remaining)


def _build(tree: Tree, remaining: Any) -> Any:
    if tree.kind is None:
        return next(remaining)
    members = [_build(child, remaining) for child in tree.children]
    if tree.kind in _DICTIONARIES:
        pairs = dict(zip(tree.keys, members, strict=True))
        return pairs if tree.kind is dict else _like(tree, pairs)
    if tree.kind is deque:
        return deque(members, tree.option)
    return tree.kind(members) if tree.kind in (tuple, list) else tree.kind(*members)


def _like(tree: Tree, pairs: dict[Any, Any]) -> Any:
    return OrderedDict(pairs) if tree.kind is OrderedDict else defaultdict(tree.option, pairs)


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
    if kind in _DICTIONARIES:
        if set(prefix) != set(tree.keys):
            return None
        prefix = [prefix[key] for key in tree.keys]
    result: list[Any] = []
    for member, child in zip(prefix, tree.children, strict=True):
        found = broadcast(member, child)
        if found is None:
            return None
        result += found
    return result


def _count(tree: Tree) -> int:
    return 1 if tree.kind is None else sum(_count(child) for child in tree.children)

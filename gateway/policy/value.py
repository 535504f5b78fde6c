"""A policy that was built in code, in the form in which the loader checks a text: a tree, and nodes without places.

In code nobody can tell which texts are secrets, so that no node holds one: problems say what a text should have been,
and never what it was.
"""

from collections.abc import Mapping
from typing import cast

from gateway.policy.models import Policy
from gateway.policy.source import ListNode, MapNode, Node, ScalarNode, Source
from gateway.policy.tree import Tree


def tree_of(policy: Policy) -> Tree:
    """Return what was written of a policy: what is unset stays out, as it does in a text."""
    return cast("Tree", _plain(policy.model_dump(exclude_unset=True, warnings=False)))


def source_of(tree: Tree, *, name: str) -> Source:
    """Return the nodes of a tree; they have no place, which marks them as read from a value."""
    return Source(name=name, root=cast("MapNode", _node(tree)), faults=())


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _node(value: object) -> Node:
    if isinstance(value, dict):
        values = {key: _node(inner) for key, inner in value.items()}
        return MapNode(place=None, keys=dict.fromkeys(values), values=values, size=1, height=1)
    if isinstance(value, list):
        return ListNode(place=None, items=tuple(map(_node, value)), size=1, height=1)
    return _scalar(value)


def _scalar(value: object) -> ScalarNode:
    if value is None:
        return ScalarNode(place=None, text="", quoted=False)
    if isinstance(value, (bool, int, float)):
        return ScalarNode(place=None, text=str(value).lower(), quoted=False)
    return ScalarNode(place=None, text="", quoted=True)

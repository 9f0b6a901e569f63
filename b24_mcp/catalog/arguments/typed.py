"""Judge a single value by the name of its type, without a documented parameter."""

from __future__ import annotations

from functools import cache

from b24_mcp.catalog.arguments.nodes import Node, group_of
from b24_mcp.catalog.arguments.values import Verdict, verdict_on
from b24_mcp.catalog.facts import Parameter


def verdict_of_type(kind: str, value: object) -> Verdict | None:
    """Return what is wrong with a single value of a type such as `double` or `datetime`; None when nothing is."""
    return verdict_on(_node(kind), value)


@cache
def _node(kind: str) -> Node:
    return group_of([Parameter("value", kind, None)], "v2").nodes["value"]

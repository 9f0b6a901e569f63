"""`batch` of REST 3.0: a list of calls in order; the first failure is the answer to the whole batch.

Calls before the failure stay executed. A call may use the results of earlier calls: `{"$ref": "alias.path"}` is
replaced by a value, `{"$refArray": "alias.path.field"}` by a list of values. Documentation: api-reference/rest-v3; the
rules of references are source behaviour of the portal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from b24_sandbox import php
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import errors
from b24_sandbox.v3.method import ServiceMethod

_ITEM_WANTED = 'Each request item must have a "method" and "query" attribute'


@dataclass(frozen=True, slots=True)
class Item:
    """One call of a batch. `alias` is `as` or the position."""

    method: ServiceMethod
    query: Value
    alias: str


def read(body: Value, find: Callable[[str], ServiceMethod]) -> list[Item]:
    """Parse a whole batch: first the shapes, then the names, so that nothing runs when one of them is invalid."""
    items = list(enumerate(php.as_list(body)))
    aliases: set[str] = set()
    for place, item in items:
        if not isinstance(item, dict) or item.get("method") is None or item.get("query") is None:
            raise errors.invalid_batch(_ITEM_WANTED)
        if not isinstance(item["method"], str) or not php.is_array(item["query"]):
            raise errors.invalid_batch(_ITEM_WANTED)
        alias = _alias(item, place)
        if alias in aliases:
            raise errors.invalid_batch(f'Alias "{alias}" is used more than once')
        aliases.add(alias)
    return [
        Item(find(php.text(item["method"])), item["query"], _alias(item, place))
        for place, item in items
        if isinstance(item, dict)
    ]


def _alias(item: Map, place: int) -> str:
    sent = item.get("as")
    if sent is None:
        return str(place)
    if not isinstance(sent, str | int) or isinstance(sent, bool) or sent == "":
        raise errors.invalid_batch('"as" must be a string')
    return str(sent)


def run(items: list[Item], perform: Callable[[ServiceMethod, Value], Value]) -> list[Value]:
    """Run the calls in order. `perform` returns a result or raises the error of the whole batch."""
    known: dict[str, Value] = {}
    results: list[Value] = []
    for item in items:
        result = perform(item.method, substituted(item.query, known))
        results.append(result)
        inside = php.as_map(result)
        referable = inside.get("item") or inside.get("items")
        if referable:  # an id, a boolean or an empty list has no path inside
            known[item.alias] = php.json_ready(referable)
    return results


def substituted(value: Value, known: dict[str, Value]) -> Value:
    """Replace every reference in `value`.

    Raises:
        ApiError: for a reference without a target.
    """
    if isinstance(value, list):
        return [substituted(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _found(_path(value["$ref"]), known)
    if "$refArray" in value:
        return _collected(_path(value["$refArray"]), known)
    return {key: substituted(item, known) for key, item in value.items()}


def _path(sent: Value) -> list[str]:
    if not isinstance(sent, str) or not sent:
        raise errors.invalid_batch("A reference must be a path")
    return sent.split(".")


def _found(path: list[str], known: dict[str, Value]) -> Value:
    value: Value = known
    for step in path:
        inside = php.as_map(value)
        if step not in inside:
            raise _nowhere(path)
        value = inside[step]
    if value is None:
        raise _nowhere(path)
    return value


def _collected(path: list[str], known: dict[str, Value]) -> Value:
    *way, name = path
    rows = _found(way, known) if way else None
    if not isinstance(rows, list) or not rows:
        raise _nowhere(path)
    return [_found([name], php.as_map(row)) for row in rows]


def _nowhere(path: list[str]) -> errors.ApiError:
    return errors.invalid_batch(f"Path `{'.'.join(path)}` not found in context")

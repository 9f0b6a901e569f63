"""Reading the OpenAPI document of a portal: the methods of its REST 3.0, in the form of the catalogue.

Sources: documentation, api-reference/rest-v3; source behaviour of the portal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from b24_mcp.catalog import MethodFacts, Parameter
from b24_mcp.catalog.facts import Result
from b24_mcp.discovery.schemas import Shapes, listing, mapping, text
from b24_mcp.rest import is_method_name

_MOST_METHODS = 5_000
_MOST_KEYS = 30
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class PortalMethod:
    """A method as a portal describes it. `title` is in the language of the portal and may be empty."""

    facts: MethodFacts
    title: str

    @property
    def key(self) -> str:
        """The name in lower case, the key of the method in the catalogue."""
        return self.facts.method.lower()

    @property
    def is_russian(self) -> bool:
        """Whether the title is Russian."""
        return re.search("[а-яё]", self.title, re.IGNORECASE) is not None


def read_openapi(document: object) -> list[PortalMethod]:
    """Read every method a document names. Nothing is raised: what cannot be understood is left out."""
    whole = mapping(document)
    shapes = Shapes(whole)
    found: dict[str, PortalMethod] = {}
    for path, item in mapping(whole.get("paths")).items():
        name = str(path).removeprefix("/")
        if len(found) == _MOST_METHODS:
            break
        if is_method_name(name) and name.lower() not in found:
            found[name.lower()] = _method(name, mapping(item), shapes)
    return list(found.values())


def _method(name: str, item: Mapping[str, object], shapes: Shapes) -> PortalMethod:
    operation = mapping(item.get("post")) or mapping(item.get("get"))
    params = shapes.parameters(_content(operation.get("requestBody")))
    result = _result(_content(_success(operation)), shapes)
    facts = MethodFacts(
        method=name,
        version="v3",
        scope=_scope(name, operation),
        params=params,
        result=result,
        paging=_paging(params, result),
        deprecated=operation.get("deprecated") is True,
        from_portal=True,
    )
    return PortalMethod(facts, _title(operation))


def _scope(name: str, operation: Mapping[str, object]) -> tuple[str, ...]:
    """The document names no scopes, but modules, as tags: all documented methods have the scope of that name, but for
    those of the framework itself, which take any.
    """
    tag = next(iter(listing(operation.get("tags"))), None)
    module = tag if isinstance(tag, str) and re.fullmatch(r"[a-z][a-z0-9_.]{0,60}", tag) else name.partition(".")[0]
    return () if module == "rest" or "." not in name else (module,)


def _title(operation: Mapping[str, object]) -> str:
    summary = text(operation.get("summary"), _LONGEST_TEXT)
    description = text(operation.get("description"), _LONGEST_TEXT)
    if not summary or not description or summary == description:
        return summary or description
    return text(f"{summary.rstrip('.')}. {description}", _LONGEST_TEXT)


def _success(operation: Mapping[str, object]) -> object:
    responses = operation.get("responses")
    if isinstance(responses, list):  # PHP writes a map whose keys count up from 0 as a list
        return next(iter(responses), None)
    return next((answer for status, answer in mapping(responses).items() if str(status).startswith("2")), None)


def _content(body: object) -> object:
    return mapping(mapping(mapping(body).get("content")).get("application/json")).get("schema")


def _result(schema: object, shapes: Shapes) -> Result:
    """Return what `result` holds. A list is described without its envelope but is sent as `items`."""
    result = shapes.properties(schema).get("result")
    kind = shapes.type_of(result, "select")
    inner = shapes.properties(result)
    if kind == "array":
        return Result("object", "items", keys=("items",))
    if kind in ("boolean", "integer", "string"):
        return Result(kind)
    if not inner:
        return Result()
    keys = tuple(name for name in map(text, inner) if name)[:_MOST_KEYS]
    lists = [name for name in keys if shapes.type_of(inner.get(name), "select") == "array"]
    if "items" in lists:
        return Result("object", "items", keys=keys)
    return Result("object", lists[0] if len(lists) == 1 else None, keys=keys)


def _paging(params: Iterable[Parameter], result: Result) -> str | None:
    by_name = {parameter.name: parameter for parameter in params}
    if "pagination" in by_name:
        return "pagination"
    if "cursor" in by_name:
        return "tail" if "object" in by_name["cursor"].type else "cursor"
    return "none" if result.list_key == "items" else None

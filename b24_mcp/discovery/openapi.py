"""The OpenAPI document of a portal, read into the facts of the methods of its REST 3.0.

Sources: documentation, api-reference/rest-v3; source behaviour of the portal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from b24_mcp.catalog import MethodFacts, Parameter
from b24_mcp.catalog.facts import Result
from b24_mcp.discovery.schemas import Schemas, listing, mapping, text
from b24_mcp.rest import is_method_name

_MOST_METHODS = 5_000
_MOST_KEYS = 30
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class PortalMethod:
    """A method in the document of a portal. `title` is in the language of the portal and may be empty."""

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
    """Read all methods of a document. Never raises: what cannot be read is left out."""
    whole = mapping(document)
    schemas = Schemas(whole)
    found: dict[str, PortalMethod] = {}
    for path, item in mapping(whole.get("paths")).items():
        name = str(path).removeprefix("/")
        if len(found) == _MOST_METHODS:
            break
        if is_method_name(name) and name.lower() not in found:
            found[name.lower()] = _method(name, mapping(item), schemas)
    return list(found.values())


def _method(name: str, item: Mapping[str, object], schemas: Schemas) -> PortalMethod:
    operation = mapping(item.get("post")) or mapping(item.get("get"))
    params = schemas.parameters(_content(operation.get("requestBody")))
    result = _result(_content(_success(operation)), schemas)
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
    """Return the scope of a method: the name of its module, which the document has as a tag.

    All documented methods follow this rule, except those of the framework, which need no scope.
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


def _result(schema: object, schemas: Schemas) -> Result:
    """Return what `result` holds. A list is described without its envelope but is sent as `items`."""
    result = schemas.properties(schema).get("result")
    kind = schemas.type_of(result, "select")
    inner = schemas.properties(result)
    if kind == "array":
        return Result("object", "items", keys=("items",))
    if kind in ("boolean", "integer", "string"):
        return Result(kind)
    if not inner:
        return Result()
    keys = tuple(name for name in map(text, inner) if name)[:_MOST_KEYS]
    lists = [name for name in keys if schemas.type_of(inner.get(name), "select") == "array"]
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

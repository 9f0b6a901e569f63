"""Reading the OpenAPI document of a portal: the methods of its REST 3.0, in the form of the catalogue.

Sources: documentation, api-reference/rest-v3; source behaviour of the portal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.discovery.shapes import Form, Shapes, listing, mapping, text
from b24_mcp.rest import is_method_name

_MOST_METHODS = 5_000
_MOST_KEYS = 30
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class PortalMethod:
    """A method as a portal describes it: `form` holds its facts as the catalogue's lines do, `title` is in the
    language of the portal and may be empty.
    """

    form: Mapping[str, Any]
    title: str

    @property
    def key(self) -> str:
        """The name in lower case, as the catalogue looks it up."""
        return str(self.form["method"]).lower()

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


def _method(name: str, item: Mapping[str, Any], shapes: Shapes) -> PortalMethod:
    operation = mapping(item.get("post")) or mapping(item.get("get"))
    params = shapes.parameters(_content(operation.get("requestBody")))
    result = _result(_content(_success(operation)), shapes)
    form: Form = {
        "method": name,
        "version": "v3",
        "scope": _scope(name, operation),
        "who": "any",
        "context": "any",
        "params": params,
        "result": result,
        "paging": _paging(params, result),
        "errors": [],
        "page": None,
        "source": "portal",
    }
    if operation.get("deprecated") is True:
        form["deprecated"] = True
    MethodFacts.read(form)  # a form the catalogue cannot read is a defect of ours: better here than at a call
    return PortalMethod(form, _title(operation))


def _scope(name: str, operation: Mapping[str, Any]) -> list[str]:
    """The document names no scopes, but modules, as tags: all documented methods have the scope of that name, but for
    those of the framework itself, which take any.
    """
    tag = next(iter(listing(operation.get("tags"))), None)
    module = tag if isinstance(tag, str) and re.fullmatch(r"[a-z][a-z0-9_.]{0,60}", tag) else name.partition(".")[0]
    return [] if module == "rest" or "." not in name else [module]


def _title(operation: Mapping[str, Any]) -> str:
    summary = text(operation.get("summary"), _LONGEST_TEXT)
    description = text(operation.get("description"), _LONGEST_TEXT)
    if not summary or not description or summary == description:
        return summary or description
    return text(f"{summary.rstrip('.')}. {description}", _LONGEST_TEXT)


def _success(operation: Mapping[str, Any]) -> object:
    responses = operation.get("responses")
    if isinstance(responses, list):  # PHP writes a map whose keys count up from 0 as a list
        return next(iter(responses), None)
    return next((answer for status, answer in mapping(responses).items() if str(status).startswith("2")), None)


def _content(body: object) -> object:
    return mapping(mapping(mapping(body).get("content")).get("application/json")).get("schema")


def _result(schema: object, shapes: Shapes) -> Form:
    """What stands in `result`. A list is described without its envelope, and comes as `items` all the same."""
    result = shapes.properties(schema).get("result")
    kind = shapes.type_of(result, "select")
    inner = shapes.properties(result)
    if kind == "array":
        return {"kind": "object", "list_key": "items", "keys": ["items"]}
    if kind in ("boolean", "integer", "string"):
        return {"kind": kind}
    if not inner:
        return {"kind": "unknown"}
    form: Form = {"kind": "object", "keys": [name for name in map(text, inner) if name][:_MOST_KEYS]}
    lists = [name for name in form["keys"] if shapes.type_of(inner.get(name), "select") == "array"]
    if "items" in lists or len(lists) == 1:
        form["list_key"] = "items" if "items" in lists else lists[0]
    return form


def _paging(params: list[Form], result: Form) -> str | None:
    by_name = {param["name"]: param for param in params}
    if "pagination" in by_name:
        return "pagination"
    if "cursor" in by_name:
        return "tail" if "object" in by_name["cursor"]["type"] else "cursor"
    return "none" if result.get("list_key") == "items" else None

"""The OpenAPI document and the scopes of methods of REST 3.0, both built from the descriptions.

Documentation: api-reference/rest-v3.
"""

from __future__ import annotations

from collections.abc import Iterable

from b24_sandbox import php
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import errors
from b24_sandbox.v3.dto import Dto, Property
from b24_sandbox.v3.method import ServiceMethod

_FORMATS: dict[str, Map] = {
    "int": {"type": "integer", "format": "int64"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "utc": {"type": "string", "format": "date-time"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "object": {"type": "object"},
}
_ERROR: Map = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "validation": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}


def openapi(methods: Iterable[ServiceMethod]) -> Map:
    """Build the document for these methods."""
    listed = [method for method in methods if method.name != "batch"]
    modules = dict.fromkeys(_module(method.name) for method in listed)
    schemas: Map = {"Error": _ERROR}
    for method in listed:
        _add_schema(schemas, method.dto)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
        "tags": [{"name": module, "description": f"{module} module methods"} for module in modules],
        "paths": {f"/{method.name}": {"post": _operation(method)} for method in listed},
        "components": {"schemas": schemas},
    }


def _add_schema(schemas: Map, dto: Dto | None) -> None:
    if dto is None or dto.name in schemas:
        return
    schema: Map = {"type": "object", "properties": {}}
    schemas[dto.name] = schema
    schema["properties"] = {name: _described(prop, dto) for name, prop in dto.properties.items()}
    required: list[Value] = [name for name, prop in dto.properties.items() if prop.required]
    if required:
        schema["required"] = required
    for related in dto.related.values():
        _add_schema(schemas, related)


def _described(prop: Property, dto: Dto) -> Map:
    if prop.relation:
        link = {"$ref": f"#/components/schemas/{prop.detail}"}
        return {"type": "array", "items": link} if prop.type == "many" else dict(link)
    if prop.type == "array":
        return {"type": "array", "items": dict(_FORMATS[prop.detail or "string"])}
    if prop.type == "enum":
        return {"type": "string", "enum": list(dto.enums[prop.detail])}
    return {**_FORMATS[prop.type], "title": prop.name}


def _operation(method: ServiceMethod) -> Map:
    operation: Map = {
        "tags": [_module(method.name)],
        "summary": method.title,
        "operationId": method.name,
        "responses": {"200": _response(method), "400": _json_content("Error", "Refused")},
    }
    if method.params:
        operation["requestBody"] = {"content": {"application/json": {"schema": _body(method)}}}
    return operation


def _body(method: ServiceMethod) -> Map:
    properties: Map = {}
    for name, kind in method.params.items():
        properties[name] = {"type": kind.rstrip("*")}
        if kind == "array":
            properties[name] = {"type": "array", "items": {"type": "string"}} if name == "select" else _any_items()
        if name == "fields" and method.dto is not None:
            properties[name] = {"$ref": f"#/components/schemas/{method.dto.name}"}
    required: list[Value] = [name for name, kind in method.params.items() if kind.endswith("*")]
    body: Map = {"type": "object", "properties": properties}
    if required:
        body["required"] = required
    return body


def _any_items() -> Map:
    return {"type": "array", "items": {"oneOf": [{"type": "object"}, {"type": "string"}]}}


def _response(method: ServiceMethod) -> Map:
    record: Map = {"$ref": f"#/components/schemas/{method.dto.name}"} if method.dto is not None else {"type": "object"}
    shapes: dict[str, Map] = {
        "item": {"type": "object", "properties": {"item": record}},
        "items": {"type": "object", "properties": {"items": {"type": "array", "items": record}}},
        "result": {"type": "object", "properties": {"result": {"type": "boolean"}}},
        "object": {"type": "object"},
    }
    if method.answer == "document":
        return {"description": "Success", "content": {"application/json": {"schema": {"type": "object"}}}}
    schema = {"type": "object", "properties": {"result": shapes[method.answer], "time": {"type": "object"}}}
    return {"description": "Success", "content": {"application/json": {"schema": schema}}}


def _json_content(schema: str, description: str) -> Map:
    link = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {"application/json": {"schema": link}}}


def scopes(methods: Iterable[ServiceMethod], params: Map) -> Map:
    """Build module -> controller -> method -> scope, title, description and fields. Three filters narrow the result."""
    wanted: dict[str, str] = {}
    for name in ("filterModule", "filterController", "filterMethod"):
        value = params.get(name)
        if value is not None and not isinstance(value, str):
            raise errors.wrong_type(name, "string")
        wanted[name] = php.text(value).lower()
    found: dict[str, dict[str, Map]] = {}
    for method in methods:
        if method.name == "batch":
            continue
        module, controller, action = _parts(method.name)
        places = {"filterModule": module, "filterController": controller, "filterMethod": action}
        if all(sent in ("", places[name], method.name) for name, sent in wanted.items()):
            fields: list[Value] = list(method.dto.properties) if method.dto is not None else []
            described: Map = {"scope": method.scope, "title": method.title, "description": None, "fields": fields}
            found.setdefault(module, {}).setdefault(controller, {})[action] = described
    return dict(found)


def _module(name: str) -> str:
    return name.partition(".")[0]


def _parts(name: str) -> tuple[str, str, str]:
    """Split `tasks.task.result.add` into `tasks`, `task.result`, `add`."""
    module, *middle, action = name.split(".")
    return module, ".".join(middle), action

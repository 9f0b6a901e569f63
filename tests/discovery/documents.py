"""OpenAPI documents in the form of portals, for tests. Source: documentation; source behaviour of portals."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def operation(body: Any = None, result: Any = None, **more: Any) -> Document:
    """Return an operation: the schema of its body, that of its `result`, and other entries."""
    whole = {"type": "object", "properties": {} if result is None else {"result": result}}
    made: Document = {"tags": ["x"], "responses": {"200": _json(whole)}, **more}
    if body is not None:
        made["requestBody"] = _json(body)
    return made


def document(schemas: Any = None, **operations: Document) -> Document:
    """Return a document of these methods; `__` in a name is a dot."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
        "paths": {f"/{name.replace('__', '.')}": {"post": made} for name, made in operations.items()},
        "components": {"schemas": schemas if schemas is not None else []},
    }


def body(required: list[str] | None = None, **properties: Any) -> Document:
    made: Document = {"type": "object", "properties": properties}
    return made if required is None else {**made, "required": required}


def _json(schema: Any) -> Document:
    return {"description": "", "content": {"application/json": {"schema": schema}}}

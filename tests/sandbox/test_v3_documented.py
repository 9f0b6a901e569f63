"""REST 3.0: the portal plays every documented method with its documented parameters."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from tests.sandbox.rest_v3 import REQUEST, V3, fields

LINES = files("b24_mcp.catalog").joinpath("data/methods.jsonl").read_text(encoding="utf-8").splitlines()
DOCUMENTED: dict[str, dict[str, Any]] = {
    method["method"]: method for method in map(json.loads, LINES) if method["version"] == "v3"
}
ALIASES = {"documentation", "scopes"}
CONDITIONAL = {("mail.message.movetofolder", "folder")}
"""Parameters that only some calls of a method require."""
UNDOCUMENTED = {"rest.scope.list"}
EITHER = {"tasks.task.result.delete", "tasks.task.result.update"}
"""Methods with `id` or `filter`."""


def _required(method: str) -> set[str]:
    named = {item["name"] for item in DOCUMENTED[method]["params"] or [] if item["required"]}
    return {name for name in named if (method, name) not in CONDITIONAL and not (method in EITHER and name == "id")}


async def test_every_documented_method_exists(reads: V3) -> None:
    for method in DOCUMENTED:
        assert (await reads.http.get(reads.base + method)).status_code != 404, method


async def test_every_method_declares_its_documented_parameters(reads: V3) -> None:
    paths = (await reads.send("documentation")).json()["paths"]
    for method in DOCUMENTED.keys() - ALIASES - UNDOCUMENTED - {"batch", "rest.documentation.openapi"}:
        body = paths[f"/{method}"]["post"].get("requestBody")
        schema = {} if body is None else body["content"]["application/json"]["schema"]
        named = {item["name"] for item in DOCUMENTED[method]["params"] or []}
        assert (method, set(schema.get("properties", ()))) == (method, named)
        assert (method, set(schema.get("required", ()))) == (method, _required(method))


async def test_every_method_refuses_a_call_without_its_required_parameters(reads: V3) -> None:
    for method in DOCUMENTED.keys() - {"batch"}:
        required = _required(method)
        if not required:
            continue
        status, code, error = await reads.refused(method)
        assert (method, status, code) == (method, 400, REQUEST)
        named = {(name or "").partition(".")[0] for name in fields(error)}
        assert named & required, (method, named)


async def test_every_described_object_has_a_list_of_fields_and_each_field(reads: V3) -> None:
    lists = [method for method in DOCUMENTED if method.endswith(".field.list")]
    assert len(lists) > 15
    for method in lists:
        for item in await reads.items(method):
            one = method.removesuffix("list") + "get"
            assert await reads.result(one, {"name": item["name"]}) == {"item": item}, method

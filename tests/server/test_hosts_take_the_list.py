"""The texts and schemas of the tools hold only what every host takes. `refused_by_hosts.toml` names the sources."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.instructions import instructions_for
from b24_mcp.server.mcp_server import build_server
from tests.installing import INSTALLED

REFUSED = tomllib.loads(Path(__file__).with_name("refused_by_hosts.toml").read_text("utf-8"))
AJV = INSTALLED / "ajv" / "node_modules" / "ajv"
# The keywords of JSON Schema 2020-12 that the schemas may use; anything else is looked at before it is added.
KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "items"),
    *("enum", "description", "minimum", "maximum", "minLength", "maxLength"),
}
TYPES = {"object", "array", "string", "integer", "number", "boolean"}
LEVELS: list[tuple[Any, list[str]]] = [("write", []), ("read", []), ("full", ["sales", "support"])]


async def tools(level: Any, portals: list[str]) -> list[dict[str, Any]]:
    async with Client(build_server(Redactor(), level=level, portals=portals)) as client:
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema in it, without the names of properties."""
    if not isinstance(schema, dict):
        return
    yield schema
    for inner in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")):
        yield from schemas(inner)


async def served_texts(level: Any, portals: list[str]) -> Iterator[tuple[str, str]]:
    found = [("instructions", instructions_for())]
    async with Client(build_server(Redactor(), level=level, portals=portals)) as client:
        for tool in (await client.list_tools()).tools:
            found += [(tool.name, tool.description or ""), (tool.name, tool.title or "")]
            found += [(tool.name, one["description"]) for one in schemas(tool.input_schema) if "description" in one]
        for template in (await client.list_resource_templates()).resource_templates:
            found += [(template.name, template.description or ""), (template.name, template.title or "")]
    return iter(found)


@pytest.mark.parametrize(("level", "portals"), LEVELS)
async def test_texts_hold_no_characters_that_a_host_refuses(level: Any, portals: list[str]) -> None:
    refused = [(sign, entry["host"]) for entry in REFUSED["texts"] for sign in entry["refuses"]]
    found = [
        f"{where}: {sign!r} is refused by {host}: {text[max(0, text.index(sign) - 40) :][:80]}"
        for where, text in await served_texts(level, portals)
        for sign, host in refused
        if sign in text
    ]
    assert found == []


@pytest.mark.parametrize(("level", "portals"), LEVELS)
async def test_schemas_use_only_keywords_that_every_host_takes(level: Any, portals: list[str]) -> None:
    refused = {keyword for entry in REFUSED["keywords"] for keyword in entry["refuses"]}
    for tool in await tools(level, portals):
        Draft202012Validator.check_schema(tool["inputSchema"])
        for schema in schemas(tool["inputSchema"]):
            assert set(schema) <= KEYWORDS, tool["name"]
            assert not set(schema) & refused, tool["name"]


@pytest.mark.parametrize(("level", "portals"), LEVELS)
async def test_every_schema_has_one_plain_type(level: Any, portals: list[str]) -> None:
    """Gemini and Cursor take one type as a text; OpenAI and Claude need an object at the root, with properties."""
    for tool in await tools(level, portals):
        assert tool["inputSchema"]["type"] == "object"
        assert isinstance(tool["inputSchema"]["properties"], dict)
        for schema in schemas(tool["inputSchema"]):
            assert isinstance(schema["type"], str), tool["name"]
            assert schema["type"] in TYPES
            assert schema["type"] != "array" or schema["items"]["type"] in TYPES
            assert all(isinstance(value, str) for value in schema.get("enum", ()))
            assert set(schema.get("required", ())) <= set(schema.get("properties", {}))


@pytest.mark.parametrize(("level", "portals"), LEVELS)
async def test_names_fit_every_host(level: Any, portals: list[str]) -> None:
    """Clients add a prefix of up to 24 characters, and models take names of 64."""
    for tool in await tools(level, portals):
        names = [tool["name"], *tool["inputSchema"]["properties"]]
        assert all(name.isascii() and name.replace("_", "").isalnum() and len(name) <= 40 for name in names)


@pytest.mark.skipif(not AJV.is_dir() or shutil.which("node") is None, reason="make clients installs ajv and node")
async def test_ajv_in_strict_mode_compiles_every_schema(tmp_path: Path) -> None:
    given = {tool["name"]: tool["inputSchema"] for level, names in LEVELS for tool in await tools(level, names)}
    script = Path(__file__).parents[1] / "clients" / "ajv_strict.mjs"
    done = subprocess.run(  # noqa: ASYNC221  # a short program
        ["node", str(script), str(AJV)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{len(given)} schemas compiled\n"), done.stdout + done.stderr

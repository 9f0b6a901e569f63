"""The jobs that people bring: as prompts, as skills over MCP, and as skills in plugins."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PaginatedRequestParams, Request, RequestParams, Result
from pydantic import ConfigDict

from b24_mcp.jobs import known_jobs
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.server.tools.listed import tools_for
from tests.server.conftest import Answer

JOBS = [
    "build_integration",
    "review_pipeline",
    "clean_duplicates",
    "weekly_task_report",
    "import_leads",
    "explain_error",
]
MAY_BE_THERE = {"import_records", "apply_records"}
"""Tools that a job uses only if the server lists them."""
PLUGINS = Path(__file__).parents[2] / "manifests"


class GetParams(RequestParams):
    uri: str


class ListSkills(Request[PaginatedRequestParams, Literal["skills/list"]]):
    method: Literal["skills/list"] = "skills/list"
    params: PaginatedRequestParams = PaginatedRequestParams()


class GetSkill(Request[GetParams, Literal["skills/get"]]):
    method: Literal["skills/get"] = "skills/get"
    params: GetParams


class AnyResult(Result):
    model_config = ConfigDict(extra="allow")


async def ask(client: Client, request: Any) -> Answer:
    result = await client.session.send_request(request, AnyResult)
    found: Answer = result.model_dump(by_alias=True)
    return found


async def test_the_jobs_are_offered_as_prompts(client: Client) -> None:
    prompts = (await client.list_prompts()).prompts
    assert [prompt.name for prompt in prompts] == JOBS
    for prompt in prompts:
        assert re.search("[А-я]", prompt.title or "")
        assert re.search("[A-z]", prompt.title or "")
        assert prompt.description
        assert not any(argument.required for argument in prompt.arguments or [])


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_prompt_is_short_and_names_the_tools_in_order(client: Client, name: str, language: str) -> None:
    (argument,) = [job.argument for job in known_jobs() if job.name == name]
    result = await client.get_prompt(name, {argument: "this one", "language": language})
    (message,) = result.messages
    text = getattr(message.content, "text", "")
    assert "this one" in text.partition("\n")[0]
    assert len(text) < 2_000
    assert bool(re.search("[а-я]", text)) is (language == "ru")
    tools = {tool.name for tool in tools_for("write")}
    named = set(
        re.findall(r"\b(?:find|describe|read|call|batch|list|query|export|import|apply|search|portal)_\w+", text)
    )
    assert named & tools
    assert named <= tools | MAY_BE_THERE | {"portal_stages", "portal_users", "portal_departments"}


@pytest.mark.parametrize(("locale", "russian"), [("ru_RU.UTF-8", True), ("de_DE.UTF-8", False), ("", False)])
async def test_the_language_of_this_computer_is_the_default(
    client: Client, monkeypatch: pytest.MonkeyPatch, locale: str, russian: bool
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, locale)
    (message,) = (await client.get_prompt("explain_error", {})).messages
    assert bool(re.search("[а-я]", getattr(message.content, "text", ""))) is russian


async def test_clients_that_know_skills_find_them_with_their_digests() -> None:
    async with Client(build_server(Redactor())) as client:
        listed = await ask(client, ListSkills())
        assert [skill["frontmatter"]["name"] for skill in listed["skills"]] == [
            f"bitrix24-{name.replace('_', '-')}" for name in JOBS
        ]
        assert (listed["cacheScope"], listed["ttlMs"] > 0) == ("public", True)
        for skill in listed["skills"]:
            (file,) = skill["resources"]
            (content,) = (await client.read_resource(file["uri"])).contents
            text = getattr(content, "text", "").encode()
            assert (file["size"], file["digest"]) == (len(text), f"sha256:{hashlib.sha256(text).hexdigest()}")
            assert skill["frontmatter"]["description"] in text.decode()
            assert (await ask(client, GetSkill(params=GetParams(uri=skill["uri"]))))["skill"] == skill


async def test_an_unknown_skill_is_an_error() -> None:
    async with Client(build_server(Redactor())) as client:
        with pytest.raises(MCPError, match="no skill"):
            await ask(client, GetSkill(params=GetParams(uri="skill://other/SKILL.md")))


@pytest.mark.parametrize("plugin", ["claude-plugin", "codex-plugin"])
def test_the_plugins_carry_the_same_skills(plugin: str) -> None:
    skills = {path.parent.name: path.read_text("utf-8") for path in (PLUGINS / plugin).rglob("SKILL.md")}
    assert skills == {job.skill_name: job.skill() for job in known_jobs()}

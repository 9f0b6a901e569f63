"""Methods that a portal has beyond the documentation, and documented methods that it lacks."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp_types import ResourceTemplateReference

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import ServiceMethod
from b24_sandbox.v3.service import Service
from tests.fake_portal import FakeClock
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.conftest import CallTool

# The sandbox has this method; the documentation does not have it in REST 3.0.
BEYOND = "tasks.task.result.field.get"
# The documentation has this method; the tests remove it from the sandbox.
LACKED = "mail.mailbox.list"


@pytest.fixture(autouse=True)
def without_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that only the portal knows counts as destructive; with full access it needs no approval."""
    monkeypatch.setenv("B24_ACCESS", "full")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal on a slow machine is waited for longer than two seconds; it answers in every test of this module."""
    monkeypatch.setattr("b24_mcp.app.knowledge._LONGEST_WAIT", 60.0)
    monkeypatch.setattr("b24_mcp.app.planning._LONGEST_WAIT", 60.0)


@pytest.fixture
async def client(era: Literal["auto", "legacy"]) -> AsyncIterator[Client]:
    """A client with an injected clock, so that no test waits between attempts."""
    async with Client(build_server(Redactor(), clock=FakeClock(time.time())), mode=era) as connected:
        yield connected


@pytest.fixture
def rest_v3(portal: LoopbackPortal) -> Service:
    """The REST 3.0 service of the portal, whose methods a test can change."""
    return portal.sandbox.rest_v3.service


def documents_read(portal: LoopbackPortal) -> int:
    return portal.methods.count("rest.documentation.openapi")


async def test_a_method_beyond_the_documentation_is_described(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("describe_method", method=BEYOND)
    assert (answer["method"], answer["version"], answer["source"]) == (BEYOND, "v3", "portal")
    assert answer["available"] is True
    assert answer["effect"] == "destructive"
    assert "no review" in answer["effect_note"]
    assert answer["params"] == [
        {"name": "name", "type": "string", "required": True},
        {"name": "select", "type": "array", "list": True},
    ]
    assert answer["page"] is None


async def test_methods_of_rest_3_that_the_portal_lacks_are_marked(call_tool: CallTool, rest_v3: Service) -> None:
    rest_v3.remove(LACKED)
    assert (await call_tool("describe_method", method=LACKED))["available"] is False
    assert (await call_tool("describe_method", method="tasks.task.get", version="v3"))["available"] is True
    assert (await call_tool("describe_method", method="crm.deal.get"))["available"] is True
    found = (await call_tool("find_methods", query=LACKED))["methods"]
    marks = {method["method"]: method.get("available") for method in found}
    assert marks[LACKED] is False


async def test_a_search_never_waits_and_finds_methods_of_the_portal_once_they_are_known(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    first = await call_tool("find_methods", query="tasks.task.result.field")
    assert BEYOND not in [method["method"] for method in first["methods"]]
    await call_tool("describe_method", method=BEYOND)
    later = await call_tool("find_methods", query="tasks.task.result.field", scope="tasks")
    assert BEYOND in [method["method"] for method in later["methods"]]
    assert documents_read(portal) == 1


async def test_a_search_alone_makes_the_server_ask_the_portal(call_tool: CallTool, portal: LoopbackPortal) -> None:
    for _ in range(500):
        answer = await call_tool("find_methods", query="tasks.task.result.field")
        if BEYOND in [method["method"] for method in answer["methods"]]:
            break
    else:
        pytest.fail("the portal was not asked")
    assert documents_read(portal) == 1


async def test_a_method_of_the_portal_is_completed_and_readable_as_a_resource(
    client: Client, call_tool: CallTool, portal: LoopbackPortal
) -> None:
    await call_tool("describe_method", method=BEYOND)
    reference = ResourceTemplateReference(uri="b24://method/{method}")
    completed = await client.complete(reference, {"name": "method", "value": "tasks.task.result.field"})
    assert BEYOND in completed.completion.values
    (content,) = (await client.read_resource(f"b24://method/{BEYOND}")).contents
    assert json.loads(getattr(content, "text", ""))["source"] == "portal"


async def test_a_method_beyond_the_documentation_is_called_in_its_own_version(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("call_method", method=BEYOND, params={"name": "id", "select": ["name", "type"]})
    assert (answer["version"], answer["result"]["item"]) == ("v3", {"name": "id", "type": "int"})
    commands = {
        "old": {"method": "user.current"},
        "new": {"method": BEYOND, "params": {"name": "text", "select": ["name"]}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["new"]["result"]["item"] == {"name": "text"}
    assert documents_read(portal) == 1


async def test_a_call_of_a_portal_method_is_checked_against_the_description_of_the_portal(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    error = (await call_tool("call_method", method=BEYOND, params={"names": "id"}))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_PARAMS", "no")
    assert "it is called name" in error["message"]
    commands = {"a": {"method": BEYOND, "params": {"select": "name", "name": "id"}}}
    error = (await call_tool("batch_call", commands=commands))["error"]
    assert "Command 'a'" in error["message"]
    assert "select must be a list" in error["message"]
    assert set(portal.methods) == {"rest.documentation.openapi"}
    sent = await call_tool("call_method", method=BEYOND, params={"names": "id"}, validate=False)
    assert sent["error"]["kind"] == "validation"
    assert portal.methods.count(BEYOND) == 1


async def test_an_unknown_method_is_sent_in_v2_and_the_portal_is_asked_only_once(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    for _ in range(2):
        error = (await call_tool("call_method", method="tasks.task.result.field.gett"))["error"]
        assert error["code"] == "ERROR_METHOD_NOT_FOUND"
        assert BEYOND in error["hint"]
    assert documents_read(portal) == 1


async def test_every_method_of_a_batch_is_looked_up(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {"a": {"method": "nonsense"}, "b": {"method": BEYOND, "params": {"name": "id"}}}
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["a"]["ok"] is False
    assert answer["results"]["b"]["result"]["item"]["name"] == "id"


async def test_a_method_documented_in_v2_is_called_in_v3_only_on_request(call_tool: CallTool, rest_v3: Service) -> None:
    def run(context: Context, params: Any) -> Any:
        return {"item": {"id": params["id"], "title": "of the new kind"}}

    new = ServiceMethod("crm.deal.get", "crm", run, "item", "A deal", params={"id": "integer*"})
    rest_v3.add(new)
    assert (await call_tool("describe_method", method=new.name, version="v3"))["source"] == "portal"
    assert (await call_tool("describe_method", method=new.name))["also_in"] == ["v3"]
    old = await call_tool("call_method", method=new.name, params={"id": 1})
    assert (old["version"], "TITLE" in old["result"]) == ("v2", True)
    requested = await call_tool("call_method", method=new.name, params={"id": 1}, version="v3")
    assert (requested["version"], requested["result"]["item"]["title"]) == ("v3", "of the new kind")
    # Parameters that do not fit v2 are refused, even if v3 would accept them.
    missing = await call_tool("call_method", method=new.name, params={})
    assert missing["error"]["code"] == "B24MCP_PARAMS"


async def test_a_documented_method_that_the_portal_lacks_is_described_and_its_call_is_sent(
    call_tool: CallTool, rest_v3: Service
) -> None:
    rest_v3.remove("tasks.task.get")
    described = await call_tool("describe_method", method="tasks.task.get", version="v3")
    assert described["available"] is False
    assert described["page"] is not None
    called = await call_tool("call_method", method="tasks.task.get", params={"id": 1}, version="v3")
    assert (called["error"]["kind"], called["error"]["executed"]) == ("unknown_method", "no")


@pytest.mark.parametrize("method", ["a b", "../x", "x.json", "batch", "a" * 500])
async def test_an_invalid_method_name_causes_no_request(
    call_tool: CallTool, portal: LoopbackPortal, method: str
) -> None:
    assert (await call_tool("call_method", method=method))["error"]["code"] == "B24MCP_METHOD_NAME"
    assert portal.calls == []


async def test_calls_of_documented_methods_read_no_openapi_document(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    await call_tool("call_method", method="crm.deal.list", params={"select": ["ID"]})
    await call_tool("batch_call", commands={"a": {"method": "user.current"}})
    await call_tool("call_method", method="crm.dael.get", version="v2")
    await call_tool("batch_call", commands={"a": {"method": "download"}})
    await call_tool("describe_method", method="crm.deal.get")
    assert documents_read(portal) == 0


async def test_an_unknown_method_is_refused_with_similar_names_of_the_portal(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    error = (await call_tool("describe_method", method="tasks.task.result.field.gett"))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_UNKNOWN_METHOD", "no")
    assert BEYOND in error["hint"]
    assert "not known now" not in error["hint"]


async def test_a_portal_that_cannot_report_its_methods_is_no_error(call_tool: CallTool, portal: LoopbackPortal) -> None:
    portal.sandbox.faults.fail("rest.documentation.openapi", "500", None)
    assert (await call_tool("describe_method", method="tasks.task.get", version="v3"))["available"] is None
    error = (await call_tool("describe_method", method=BEYOND))["error"]
    assert error["code"] == "B24MCP_UNKNOWN_METHOD"
    assert error["hint"].endswith(
        "What this portal has beyond the documentation is not known now (INTERNAL_SERVER_ERROR)."
    )
    assert (await call_tool("find_methods", query="deal"))["methods"]


@pytest.fixture
def older_portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPortal]:
    with loopback_portal(v3=False) as served:
        monkeypatch.setenv("B24_WEBHOOK_URL", served.address)
        yield served


async def test_on_a_portal_without_rest_3_its_methods_are_not_available(
    call_tool: CallTool, older_portal: LoopbackPortal
) -> None:
    assert (await call_tool("describe_method", method="tasks.task.get", version="v3"))["available"] is False
    assert (await call_tool("describe_method", method="tasks.task.get"))["available"] is True


async def test_methods_of_a_portal_on_loopback_are_not_cached(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("b24_mcp.app.portal_factory.cache_folder", lambda: tmp_path / "cache")
    assert (await call_tool("describe_method", method=BEYOND))["available"] is True
    assert not (tmp_path / "cache").exists()


async def test_the_sandbox_without_settings_reports_its_methods(call_tool: CallTool) -> None:
    assert (await call_tool("describe_method", method=BEYOND))["available"] is True


async def test_wrong_settings_do_not_prevent_finding_and_describing(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "nonsense")
    assert (await call_tool("find_methods", query="deal"))["methods"]
    answer: dict[str, Any] = await call_tool("describe_method", method=LACKED)
    assert answer["available"] is None
    assert (await call_tool("describe_method", method=BEYOND))["error"]["code"] == "B24MCP_UNKNOWN_METHOD"

"""Several portals through the tools: which one a call uses, its rules, and who may use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp import Client

from b24_mcp.access import Caller, calling
from b24_mcp.app.portals import Portals
from b24_mcp.config import PortalFile, PortalSettings, load_overview, open_secrets
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.conftest import CallTool


@pytest.fixture
def sales() -> Iterator[LoopbackPortal]:
    with loopback_portal() as served:
        yield served


@pytest.fixture
def shop() -> Iterator[LoopbackPortal]:
    with loopback_portal() as served:
        yield served


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, sales: LoopbackPortal, shop: LoopbackPortal) -> Path:
    path = tmp_path / "config" / "portals.toml"
    secrets = open_secrets("file", path.with_name("secrets.json"))
    file = PortalFile(path)
    for name, portal, access in (("sales", sales, "full"), ("shop", shop, "read")):
        secrets.set(f"{name}.webhook", portal.address)
        file.add(name, PortalSettings.model_validate({"webhook": "kept", "access": access}))
    return path


async def listed(**options: Any) -> dict[str, Any]:
    names = await run_sync(lambda: load_overview().portals)
    async with Client(build_server(Redactor(), portals=names, **options)) as client:
        return {tool.name: tool.input_schema["properties"] for tool in (await client.list_tools()).tools}


async def test_the_tools_that_ask_a_portal_list_the_names_the_default_first() -> None:
    tools = await listed()
    for name in ("call_method", "read_method", "batch_call", "describe_method"):
        assert tools[name]["portal"]["enum"] == ["sales", "shop", "sandbox"]
    assert "portal" not in tools["find_methods"]


async def test_with_one_portal_the_tools_have_no_argument_for_it(configured: Path) -> None:
    await run_sync(configured.unlink)
    assert not any("portal" in properties for properties in (await listed()).values())


@pytest.mark.parametrize(
    ("variable", "value", "names"),
    [
        ("B24_WEBHOOK_URL", "https://x.example/rest/1/abcdefgh/", ["environment", "sales", "shop", "sandbox"]),
        ("B24_DEFAULT_PORTAL", "shop", ["shop", "sales", "sandbox"]),
        ("B24_WEBHOOK_URL", "${B24_WEBHOOK_URL}", ["sales", "shop", "sandbox"]),
    ],
)
async def test_the_announced_portals_are_the_ones_that_calls_use(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, names: list[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert list(await run_sync(lambda: load_overview().portals)) == names
    assert (await run_sync(Portals(Redactor()).configuration)).names == names


async def test_a_call_goes_to_the_portal_it_names(
    call_tool: CallTool, sales: LoopbackPortal, shop: LoopbackPortal
) -> None:
    assert (await call_tool("call_method", method="profile"))["portal"] == "sales"
    assert (await call_tool("read_method", method="profile", portal="shop"))["portal"] == "shop"
    answer = await call_tool("batch_call", commands={"a": {"method": "profile"}}, portal="sandbox")
    assert answer["portal"] == "sandbox"
    assert (sales.methods, shop.methods) == (["profile"], ["profile"])


async def test_each_portal_keeps_its_own_rules(
    call_tool: CallTool, sales: LoopbackPortal, shop: LoopbackPortal
) -> None:
    deletion: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 1}}
    assert (await call_tool("call_method", **deletion, portal="sales"))["ok"]
    error = (await call_tool("call_method", **deletion, portal="shop"))["error"]
    assert (error["kind"], error["executed"]) == ("policy", "no")
    assert shop.calls == []


async def test_the_environment_can_only_narrow_what_a_portal_allows(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, sales: LoopbackPortal
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    monkeypatch.setenv("B24_DENY", "user.*")
    for method in ("crm.deal.delete", "user.get"):
        answer = await call_tool("call_method", method=method, params={"id": 1}, validate=False)
        assert answer["error"]["kind"] == "policy"
    assert sales.calls == []


@pytest.mark.parametrize(
    ("in_file", "in_environment", "asked"),
    [
        (None, None, True),
        ('["money"]', None, False),
        ('["rights"]', None, True),
        ('["none"]', None, False),
        ('["none"]', "money", False),
        ('["money"]', "rights", True),
        ('["rights"]', "none", True),
        (None, "none", False),
    ],
)
async def test_a_portal_has_its_own_kinds_of_risk_and_the_environment_only_adds_to_them(
    call_tool: CallTool,
    monkeypatch: pytest.MonkeyPatch,
    sales: LoopbackPortal,
    tmp_path: Path,
    in_file: str | None,
    in_environment: str | None,
    asked: bool,
) -> None:
    file = tmp_path / "config" / "portals.toml"
    written = file.read_text("utf-8").replace('access = "full"', "")
    if in_file is not None:
        written = written.replace("[portals.sales]", f"[portals.sales]\nrisks = {in_file}")
    file.write_text(written, "utf-8")
    if in_environment is not None:
        monkeypatch.setenv("B24_RISKS", in_environment)
    params = {"ID": 1, "EMAIL": "ann@example.com"}
    answer = await call_tool("call_method", method="user.update", params=params)
    assert (answer.get("error", {}).get("code") == "B24MCP_APPROVAL") is asked


@pytest.mark.parametrize("risks", ["[]", '["monye"]', '"money"', '["none", "money"]'])
async def test_unreadable_kinds_of_risk_refuse_every_call(
    call_tool: CallTool, sales: LoopbackPortal, tmp_path: Path, risks: str
) -> None:
    file = tmp_path / "config" / "portals.toml"
    file.write_text(file.read_text("utf-8").replace("[portals.sales]", f"[portals.sales]\nrisks = {risks}"), "utf-8")
    answer = await call_tool("call_method", method="profile")
    assert answer["error"]["code"] == "B24MCP_SETTINGS"
    assert "portals.sales" in answer["error"]["message"]
    assert "risks" in answer["error"]["message"]
    assert sales.calls == []


async def test_a_restriction_the_client_did_not_fill_in_stops_every_call(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, sales: LoopbackPortal
) -> None:
    monkeypatch.setenv("B24_ACCESS", "${B24_ACCESS}")
    error = (await call_tool("read_method", method="crm.deal.get", params={"id": 1}))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_SETTINGS", "no")
    assert "B24_ACCESS" in error["message"]
    assert sales.calls == []


@pytest.mark.parametrize("name", ["nosuch", "Sales", "https://evil.example/rest/1/x/", "../sales"])
async def test_the_error_for_an_unknown_portal_lists_existing_ones(
    call_tool: CallTool, sales: LoopbackPortal, name: str
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("call_method", {"method": "profile"}),
        ("describe_method", {"method": "profile"}),
        ("batch_call", {"commands": {"a": {"method": "profile"}}}),
    ]
    for tool, arguments in calls:
        error = (await call_tool(tool, portal=name, **arguments))["error"]
        assert (error["code"], error["executed"]) == ("B24MCP_PORTAL", "no")
        assert "sales, shop, sandbox" in error["hint"]
    assert sales.calls == []


async def test_a_caller_gets_only_the_portals_its_token_names() -> None:
    portals = Portals(Redactor())
    try:
        with calling(Caller("ann", portals=frozenset({"shop", "sandbox"}))):
            assert (await portals.get()).name == "shop"
            with pytest.raises(B24Error) as caught:
                await portals.get("sales")
        assert "sales" not in caught.value.fault.hint.replace("'sales'", "")
        with calling(Caller("bob", portals=frozenset({"other"}))), pytest.raises(B24Error) as caught:
            await portals.get()
        assert caught.value.fault.code == "B24MCP_PORTAL"
        assert (await portals.get()).name == "sales"
    finally:
        await portals.aclose()


@pytest.mark.parametrize(
    ("text", "said"),
    [('[portals.a]\nwebhook = "kept"\naccess = "all"\n', "portals.a.access"), ("[portals", "TOML")],
)
async def test_a_call_reports_an_unusable_file_and_works_once_it_is_corrected(
    call_tool: CallTool, configured: Path, text: str, said: str
) -> None:
    right = await run_sync(configured.read_text)
    await run_sync(configured.write_text, text)
    error = (await call_tool("call_method", method="profile"))["error"]
    assert error["code"] == "B24MCP_SETTINGS"
    assert said in error["message"]
    await run_sync(configured.write_text, right)
    assert (await call_tool("call_method", method="profile"))["ok"]


async def test_the_error_names_a_webhook_that_is_no_longer_stored(call_tool: CallTool, configured: Path) -> None:
    await run_sync(configured.with_name("secrets.json").write_text, json.dumps({}))
    error = (await call_tool("call_method", method="profile"))["error"]
    assert error["code"] == "B24MCP_SETTINGS"
    assert "b24-mcp portals add sales" in error["message"]


async def test_allow_in_two_places_is_refused_rather_than_guessed(
    call_tool: CallTool, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_sync(lambda: PortalFile(configured).add("sales", PortalSettings(webhook="kept", allow=("crm.*",))))
    monkeypatch.setenv("B24_ALLOW", "user.*")
    assert "keep one of them" in (await call_tool("call_method", method="profile"))["error"]["message"]


async def test_each_portal_has_data_sets_of_its_own_even_two_that_share_a_host(
    call_tool: CallTool, configured: Path, sales: LoopbackPortal
) -> None:
    def add_alias() -> None:
        open_secrets("file", configured.with_name("secrets.json")).set("alias.webhook", sales.address)
        PortalFile(configured).add("alias", PortalSettings.model_validate({"webhook": "kept"}))

    await run_sync(add_alias)
    read = await call_tool("list_records", method="user.get", save_as="people", portal="sales")
    assert read["count"] == 20
    assert (await call_tool("query_records", sql="SELECT count(*) FROM people", portal="sales"))["rows"] == [[20]]
    for other in ("shop", "alias", "sandbox"):
        answer = await call_tool("query_records", sql="SELECT count(*) FROM people", portal=other)
        assert answer["error"]["code"] == "B24MCP_SQL"


async def test_resources_list_data_sets_only_of_portals_the_caller_may_use(
    client: Client, call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call_tool("list_records", method="user.get", save_as="people", portal="sales")

    async def told() -> list[Any]:
        content = (await client.read_resource("b24://records")).contents[0]
        found: list[Any] = json.loads(getattr(content, "text", ""))
        return found

    assert [one["records"] for one in await told()] == ["people"]
    only_shop = Caller("somebody", portals=frozenset({"shop"}))
    monkeypatch.setattr("b24_mcp.server.resources.caller_of", lambda _: only_shop)
    assert await told() == []


async def test_many_first_calls_at_once_open_the_portal_once(monkeypatch: pytest.MonkeyPatch) -> None:
    portals = Portals(Redactor())
    read = portals.configuration
    times = 0

    def counted() -> Any:
        nonlocal times
        times += 1
        return read()

    monkeypatch.setattr(portals, "configuration", counted)
    found: list[str] = []

    async def ask(caller: Caller) -> None:
        with calling(caller):
            found.append((await portals.get()).name)

    try:
        for _ in range(2):
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(ask, Caller("ann"))
                    group.start_soon(ask, Caller("bob", portals=frozenset({"shop"})))
    finally:
        await portals.aclose()
    assert (found.count("sales"), found.count("shop")) == (40, 40)
    assert times == 2

"""Each call acts as the person who is logged in: rights, data sets, audit, and no other credential."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import FRESH
from b24_mcp.config import PortalSettings
from tests.people.kit import ADMINISTRATOR, MANAGER, ORIGIN, SELLER, Portal
from tests.people.server import PeopleServer, people_server
from tests.server.http.conftest import MODERN, modern_headers


@pytest.fixture
async def server(people: Portal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PeopleServer]:
    async with people_server(people, monkeypatch) as served:
        yield served


async def deal_of(server: PeopleServer, person: LoggedInPerson, title: str) -> Any:
    made = await server.call(person, "call_method", method="crm.deal.add", params={"fields": {"TITLE": title}})
    assert made["ok"], made
    return (await server.call(person, "read_method", method="crm.deal.get", params={"id": made["result"]}))["result"]


async def test_each_call_is_made_by_the_person(server: PeopleServer) -> None:
    for user in (ADMINISTRATOR, SELLER, MANAGER):
        person = await server.log_in(user)
        answer = await server.call(person, "read_method", method="profile")
        assert answer["result"]["ID"] == str(user)
        assert (await deal_of(server, person, "mine"))["CREATED_BY_ID"] == str(user)


async def test_portal_info_says_who_acts(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    for person in (boss, seller, boss):
        answer = await server.call(person, "portal_info")
        assert answer["user"] == {"id": str(person.user_id), "name": person.name, "admin": person.is_admin}
        assert answer["portals"] == ["environment", "sandbox"]
        assert answer["access"] == person.level


async def test_a_person_may_only_do_what_the_portal_allows_them(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    field = {"fields": {"FIELD_NAME": "COLOUR", "USER_TYPE_ID": "string"}}
    refused = await server.call(seller, "call_method", method="crm.deal.userfield.add", params=field)
    assert refused["error"]["message"] == "Access denied."
    assert (await server.call(boss, "call_method", method="crm.deal.userfield.add", params=field))["ok"]


async def test_the_level_of_a_person_applies_to_their_calls_only(
    people: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with people_server(people, monkeypatch, http_roles="admin=write,*=read") as server:
        boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
        call = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x"}}}
        assert (await server.call(boss, "call_method", **call))["ok"]
        refused = await server.call(seller, "call_method", **call)
        assert (refused["ok"], refused["error"]["kind"]) == (False, "policy")


async def test_the_audit_log_names_each_person(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    await deal_of(server, boss, "first")
    await deal_of(server, seller, "second")
    text = "".join(path.read_text("utf-8") for path in (server.portal.folder / "audit").glob("*.jsonl"))
    lines = [json.loads(line) for line in text.splitlines()]
    sent = [(line["user"], line["user_id"], line["user_name"]) for line in lines if line["event"] == "sent"]
    assert sent == [(one.key, one.user_id, one.name) for one in (boss, seller)]
    assert not any("crm.deal.get" in line["method"] for line in lines)


async def test_the_audit_log_names_the_client_as_it_named_itself(server: PeopleServer) -> None:
    person = await server.log_in(SELLER)
    server.tokens.claims = {"person": asdict(person), "client_name": "Claude\x1b Code"}
    await deal_of(server, person, "first")
    text = "".join(path.read_text("utf-8") for path in (server.portal.folder / "audit").glob("*.jsonl"))
    assert {json.loads(line)["client"] for line in text.splitlines()} == {"Claude Code"}


async def test_data_sets_belong_to_the_person(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    for person, title in ((boss, "of the boss"), (seller, "of the seller")):
        await deal_of(server, person, title)
        listed = await server.call(
            person, "list_records", method="crm.deal.list", params={"filter": {"TITLE": title}}, save_as="own"
        )
        assert listed["ok"], listed
    for person, title in ((boss, "of the boss"), (seller, "of the seller")):
        answer = await server.call(person, "query_records", sql="SELECT TITLE FROM own")
        assert answer["rows"] == [[title]]
    await server.call(boss, "list_records", method="crm.deal.list", limit=1, save_as="secret")
    refused = await server.call(seller, "query_records", sql="SELECT * FROM secret")
    assert not refused["ok"]


async def test_what_the_portal_says_of_its_fields_is_kept_for_each_person(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    for person in (boss, seller):
        assert (await server.call(person, "describe_fields", entity="deal"))["ok"]
    asked = [call for call in server.portal.callers if call[0] == "batch"]
    assert {ADMINISTRATOR, SELLER} <= {user for _, user in asked}


async def test_a_field_that_one_person_added_is_known_to_all_at_once(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    assert (await server.call(seller, "describe_fields", entity="deal"))["ok"]
    field = {"fields": {"FIELD_NAME": "COLOUR", "USER_TYPE_ID": "string", "EDIT_FORM_LABEL": "Colour"}}
    assert (await server.call(boss, "call_method", method="crm.deal.userfield.add", params=field))["ok"]
    described = await server.call(seller, "describe_fields", entity="deal", only="COLOUR")
    assert "UF_CRM_COLOUR" in json.dumps(described)


async def test_an_approval_of_one_person_is_of_no_use_to_another(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    made = await server.call(boss, "call_method", method="crm.deal.add", params={"fields": {"TITLE": "x"}})
    call = {"method": "crm.deal.delete", "params": {"id": made["result"]}}
    asked = await server.call(boss, "call_method", **call)
    assert asked["error"]["kind"] == "approval", asked
    code = asked["error"]["hint"].split("b24-mcp approve ")[1][:8]
    opened = server.portal.approvals()
    assert await opened.approve(code)
    stolen = await server.call(seller, "call_method", **call)
    assert stolen["error"]["kind"] == "approval", stolen
    assert (await server.call(boss, "call_method", **call))["ok"]


async def test_a_dismissed_person_cannot_call_and_others_can(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    assert (await server.call(seller, "read_method", method="profile"))["ok"]
    server.portal.change_user(SELLER, ACTIVE=False)
    refused = await server.call(seller, "read_method", method="profile")
    assert refused["error"]["code"] == "B24MCP_LOGIN_ENDED"
    assert "log in again" in refused["error"]["hint"]
    server.portal.change_user(SELLER, ACTIVE=True)
    refused = await server.call(seller, "read_method", method="profile")
    assert refused["error"]["code"] == "B24MCP_LOGIN_ENDED"  # the tokens were deleted
    assert (await server.call(boss, "read_method", method="profile"))["ok"]


async def test_the_limits_of_the_portal_are_shared(people: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with people_server(people, monkeypatch, plan="basic") as server:
        boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
        free = (await server.call(boss, "portal_info"))["limits"]["requests_free"]
        for _ in range(5):
            await server.call(boss, "read_method", method="profile")
        assert (await server.call(seller, "portal_info"))["limits"]["requests_free"] < free - 5


async def test_the_sandbox_stays_usable(server: PeopleServer) -> None:
    person = await server.log_in(SELLER)
    answer = await server.call(person, "read_method", method="profile", portal="sandbox")
    assert (answer["ok"], answer["portal"], answer["result"]["ID"]) == (True, "sandbox", "1")
    assert len(server.portal.paths) == 2  # of the login


@pytest.mark.parametrize("claims", [{}, {"iss": "x"}, {"person": None}, {"person": {}}, {"person": {"user_id": 1}}])
async def test_a_call_without_a_person_uses_no_credential(server: PeopleServer, claims: dict[str, Any]) -> None:
    person = await server.log_in(SELLER)
    server.tokens.claims = claims
    for tool, arguments in (("read_method", {"method": "profile"}), ("portal_info", {})):
        refused = await server.call(person, tool, **arguments)
        assert refused["error"]["code"] in ("B24MCP_LOGIN_ENDED", "B24MCP_PORTAL"), refused
    assert len(server.portal.paths) == 2


async def test_the_claims_of_another_person_are_refused(server: PeopleServer) -> None:
    boss, seller = await server.log_in(ADMINISTRATOR), await server.log_in(SELLER)
    server.tokens.claims = {"person": asdict(boss)}
    refused = await server.call(seller, "read_method", method="profile")
    assert refused["error"]["code"] == "B24MCP_LOGIN_ENDED"


async def test_a_portal_with_a_webhook_cannot_be_reached(people: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with people_server(people, monkeypatch) as server:
        person = await server.log_in(SELLER)
        other = PortalSettings(webhook="env", webhook_env="SOME_WEBHOOK")
        configuration = replace(server.logins.configuration, portals={"sales": other})
        server.logins.configuration = configuration
        monkeypatch.setenv("SOME_WEBHOOK", f"{ORIGIN}/rest/1/somesecret/")
        refused = await server.call(person, "read_method", method="profile", portal="sales")
        assert refused["error"]["code"] == "B24MCP_PORTAL"
        assert "sales" not in refused["error"]["hint"]


@pytest.mark.parametrize("seed", range(3))
async def test_any_mix_of_calls_uses_the_login_of_each_person(
    people: Portal, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Portals are closed and opened all the time here, because only one may stay open."""
    monkeypatch.setattr("b24_mcp.app.people_portals._MOST_OPEN", 1)
    chance = random.Random(seed)
    async with people_server(people, monkeypatch) as server:
        everybody = [await server.log_in(user) for user in (1, 2, 3, 4, 5)]

        async def work(person: LoggedInPerson) -> None:
            for _ in range(4):
                await anyio.lowlevel.checkpoint()
                calls: list[tuple[str, dict[str, Any]]] = [
                    ("read_method", {"method": "profile"}),
                    ("describe_fields", {"entity": chance.choice(("deal", "lead", "task"))}),
                    ("read_batch", {"commands": {"a": {"method": "user.current"}}}),
                    ("portal_info", {}),
                ]
                tool, arguments = chance.choice(calls)
                before = len(server.portal.callers)
                answer = await server.call(person, tool, **arguments)
                assert answer["ok"], answer
                if tool == "read_method":
                    assert answer["result"]["ID"] == str(person.user_id)
                if tool == "read_batch":
                    assert answer["results"]["a"]["result"]["ID"] == str(person.user_id)
                if tool == "portal_info":
                    assert answer["user"]["id"] == str(person.user_id)
                assert {user for _, user in server.portal.callers[before:]} <= {one.user_id for one in everybody}

        async with anyio.create_task_group() as group:
            for person in chance.sample(everybody * 2, 10):
                group.start_soon(work, person)


async def test_every_request_for_a_call_has_the_token_of_the_caller(server: PeopleServer) -> None:
    """Those in the background included, which may be sent after the next call has begun."""
    everybody = [await server.log_in(user) for user in (1, 2, 3)]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("find_methods", {"query": "deals"}),
        ("describe_method", {"method": "crm.deal.list"}),
        ("describe_fields", {"entity": "deal"}),
        ("find_records", {"text": "a"}),
        ("list_records", {"method": "crm.deal.list", "limit": 3}),
        ("query_records", {"sql": "SELECT count(*) FROM portal_users"}),
        ("call_method", {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x"}}}),
        ("portal_info", {}),
    ]
    for tool, arguments in calls:
        for person in everybody:
            await server.call(person, tool, **arguments)
    made_for = {(caller, user) for caller, user in server.portal.made_for if caller}
    assert made_for == {(1, 1), (2, 2), (3, 3)}


async def test_tokens_of_a_person_are_masked_in_their_answers(server: PeopleServer) -> None:
    person = await server.log_in(SELLER)
    await server.call(person, "read_method", method="profile")
    token = server.portal.tokens[-1]
    deal = await deal_of(server, person, f"x {token} y")
    assert deal["TITLE"] == "x *** y"


@pytest.mark.parametrize(("roles", "code"), [("admin=read", "B24MCP_LOGIN_ENDED"), ("*=read", "B24MCP_POLICY")])
async def test_work_that_goes_on_loses_the_rights_that_the_person_lost(
    people: Portal, monkeypatch: pytest.MonkeyPatch, roles: str, code: str
) -> None:
    async with people_server(people, monkeypatch, http_roles=f"department:1=write,{roles}") as server:
        people.change_user(SELLER, UF_DEPARTMENT="[1]")
        seller = await server.log_in(SELLER)
        await deal_of(server, seller, "before")
        people.change_user(SELLER, UF_DEPARTMENT="[2]")
        people.clock.time += FRESH + 1
        # The token of the call was checked before the change, as that of a job that is running.
        writes = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "after"}}}
        sent = people.callers.count(("crm.deal.add", SELLER))
        refused = await server.call(seller, "call_method", **writes)
        assert refused["error"]["code"] == code
        assert people.callers.count(("crm.deal.add", SELLER)) == sent
        read = await server.call(seller, "read_method", method="profile")
        assert read["ok"] is (code == "B24MCP_POLICY")


async def test_secrets_of_a_person_are_masked_in_resources(server: PeopleServer) -> None:
    person = await server.log_in(SELLER)
    kept = await server.call(person, "list_records", method="crm.deal.list", limit=1, save_as="secret_of_the_seller")
    assert kept["ok"]
    server.portal.redactor.add_for(person.key, "secret_of_the_seller")
    about = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"uri": "b24://records", "_meta": about}
    content = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params})
    headers = modern_headers("b24://records", person.key) | {"mcp-method": "resources/read"}
    response = await server.http.post("/mcp", headers=headers, content=content)
    (read,) = response.json()["result"]["contents"]
    assert [one["records"] for one in json.loads(read["text"])] == ["***"]


async def test_work_that_goes_on_ends_with_the_access_of_its_client(server: PeopleServer) -> None:
    seller = await server.log_in(SELLER)
    granted = {"one"}

    async def has_grant(grant: str) -> bool:
        return grant in granted

    server.logins.has_grant = has_grant
    server.tokens.claims = {"person": asdict(seller), "grant": "one"}
    await deal_of(server, seller, "before")
    granted.clear()
    refused = await server.call(seller, "call_method", method="crm.deal.add", params={"fields": {"TITLE": "after"}})
    assert (refused["error"]["code"], refused["error"]["executed"]) == ("B24MCP_LOGIN_ENDED", "no")
    granted.add("one")
    await deal_of(server, seller, "again")

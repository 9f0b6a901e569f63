"""Access rules as a client sees them: levels, globs, approvals, and the calls that reached the portal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult
from pydantic import BaseModel, Field, StrictBool

from b24_mcp.access import Approvals
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import Answer, CallTool

DELETE: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 5}}
Era = Literal["auto", "legacy"]


class Person:
    """A user of a client that can ask; `answers` with an action and the content of the form."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.action, self.content = action, content
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return ElicitResult.model_validate({"action": self.action, "content": self.content})


def yes() -> Person:
    return Person("accept", {"allow": True})


OpenClient = Callable[..., AbstractAsyncContextManager[Callable[..., Any]]]


@pytest.fixture
def connect(era: Era) -> OpenClient:
    """Open a client with a user, or without the ability to ask."""

    @asynccontextmanager
    async def opened(person: Person | None = None, level: Any = "write") -> AsyncIterator[Callable[..., Any]]:
        async with Client(build_server(Redactor(), level=level), mode=era, elicitation_callback=person) as client:

            async def call(name: str, **arguments: Any) -> Answer:
                (block,) = (await client.call_tool(name, arguments)).content
                answer: Answer = json.loads(getattr(block, "text", ""))
                return answer

            yield call

    return opened


def sent(portal: LoopbackPortal) -> list[str]:
    """The methods that reached the portal, without probes."""
    return [method for method in portal.methods if method != "rest.documentation.openapi"]


def code_in(answer: Answer) -> str:
    hint: str = answer["error"]["hint"]
    return hint.partition("b24-mcp approve ")[2].partition("`")[0]


async def approve(code: str, tmp_path: Path) -> bool:
    """Approve as `b24-mcp approve` does after the user agreed."""
    state = open_state(str(tmp_path / "state" / "limits.db"))
    try:
        return await Approvals(state).approve(code)
    finally:
        await state.aclose()


# --- Levels and globs ---------------------------------------------------------------------------------------------


WRITES = ["crm.deal.add", "crm.deal.update", "crm.deal.delete", "event.offline.get", "my.own.method", "im.notify"]


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("tool", ["read_method", "read_batch"])
async def test_at_level_read_nothing_that_writes_is_sent(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, method: str, tool: str
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    async with connect(level="read") as call:
        given: dict[str, Any] = {"method": method, "params": {"id": 1}}
        arguments = given if tool == "read_method" else {"commands": {"a": {"method": "profile"}, "b": given}}
        answer = await call(tool, **arguments, validate=False)
        assert (answer["error"]["kind"], answer["error"]["executed"]) == ("policy", "no")
        assert sent(portal) == []
        assert (await call("read_method", method="profile"))["ok"] is True


async def test_settings_read_later_do_not_widen_the_announced_level(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    async with connect(level="read") as call:
        assert (await call("read_method", **DELETE))["error"]["kind"] == "policy"
    assert sent(portal) == []


async def test_at_level_full_no_approval_is_asked(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    person = yes()
    async with connect(person) as call:
        assert (await call("call_method", **DELETE))["ok"] is True
    assert (sent(portal), person.asked) == (["crm.deal.delete"], [])


@pytest.mark.parametrize("tool", ["call_method", "batch_call", "read_method"])
@pytest.mark.parametrize(
    ("allow", "deny"), [("", "crm.deal.*"), ("crm.lead.*,tasks.*", ""), ("crm.*", "CRM.DEAL.?et"), ("", "*")]
)
async def test_methods_excluded_by_globs_are_refused_even_for_reading(
    connect: OpenClient,
    portal: LoopbackPortal,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    allow: str,
    deny: str,
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    monkeypatch.setenv("B24_ALLOW", allow)
    monkeypatch.setenv("B24_DENY", deny)
    given = {"method": "Crm.Deal.GET", "params": {"id": 1}}
    async with connect() as call:
        answer = await call(tool, **({"commands": {"a": given}} if tool == "batch_call" else given))
    assert (answer["error"]["code"], answer["error"]["executed"]) == ("B24MCP_POLICY", "no")
    assert sent(portal) == []


async def test_a_glob_that_cannot_match_any_method_is_an_error_of_the_settings(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.deal.delete; crm.lead.delete")
    async with connect() as call:
        answer = await call("call_method", method="profile")
    assert answer["error"]["code"] == "B24MCP_SETTINGS"
    assert sent(portal) == []


@pytest.mark.parametrize("method", ["crm.deal.add", "crm.deal.delete", "event.offline.get"])
async def test_read_method_refuses_a_method_that_writes_and_names_the_tool_to_use(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    async with connect(yes()) as call:
        error = (await call("read_method", method=method, validate=False))["error"]
        assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_WRITES", "validation", "no")
        assert "call_method" in error["hint"]
        assert sent(portal) == []


async def test_read_method_calls_only_methods_that_are_known_to_read(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    async with connect(yes()) as call:
        answer = await call("read_method", method="no.such.method", validate=False)
        assert (answer["error"]["kind"], answer["error"]["executed"]) == ("policy", "no")
        assert sent(portal) == []
        read = await call("read_method", method="crm.deal.get", params={"id": 3})
    assert read["result"]["ID"] == "3"


@pytest.mark.parametrize("tool", ["read_method", "call_method"])
@pytest.mark.parametrize(
    ("typed", "meant"), [("crm.deal.search", "crm.deal.list"), ("tasks.task.create", "tasks.task.add")]
)
async def test_a_misspelt_name_at_level_read_is_a_mistake_and_not_a_matter_of_policy(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, tool: str, typed: str, meant: str
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    async with connect() as call:
        error = (await call(tool, method=typed))["error"]
    assert (error["kind"], error["executed"]) == ("unknown_method", "no")
    assert meant in error["hint"]
    assert typed not in error["hint"].split()
    assert sent(portal) == []


async def test_a_forbidden_name_stays_a_matter_of_policy_when_no_method_has_it(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.*")
    async with connect() as call:
        error = (await call("call_method", method="crm.deal.lst"))["error"]
    assert error["kind"] == "policy"


# --- Approval through the client ----------------------------------------------------------------------------------


async def test_the_user_approves_the_exact_call_and_it_is_sent(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = yes()
    async with connect(person) as call:
        answer = await call("call_method", **DELETE)
    assert answer["ok"] is True
    assert sent(portal) == ["crm.deal.delete"]
    (asked,) = person.asked
    assert "127.0.0.1" in asked
    assert "crm.deal.delete" in asked
    assert '{"id": 5}' in asked
    assert SECRET not in asked


@pytest.mark.parametrize(
    "person",
    [
        Person("decline"),
        Person("accept", {"allow": False}),
        Person("cancel"),
        Person("accept"),
        Person("accept", {}),
        Person("accept", {"Allow": True}),
        *(
            Person("accept", {"allow": value})
            for value in ("perhaps", "true", "yes", "y", "on", "1", "t", 1, 1.0, ["true"], None)
        ),
    ],
    ids=lambda person: f"{person.action} {person.content}",
)
async def test_without_a_clear_yes_nothing_is_sent(connect: OpenClient, portal: LoopbackPortal, person: Person) -> None:
    async with connect(person) as call:
        answer = await call("call_method", **DELETE)
    assert (answer["error"]["kind"], answer["error"]["executed"]) == ("approval", "no")
    assert sent(portal) == []


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (Person("decline"), "declined by the person or by the client"),
        (Person("accept", {"allow": False}), "declined by the person or by the client"),
        (Person("accept"), "no valid answer to the question"),
        (Person("accept", {}), "no valid answer to the question"),
        (Person("accept", {"allow": None}), "no valid answer to the question"),
        (Person("accept", {"allow": "false"}), "no valid answer to the question"),
        (Person("cancel"), "This client did not ask the user"),
    ],
    ids=lambda value: f"{value.action} {value.content}" if isinstance(value, Person) else "",
)
async def test_an_answer_that_no_person_gave_can_be_replaced_by_a_code(
    connect: OpenClient, portal: LoopbackPortal, tmp_path: Path, person: Person, said: str
) -> None:
    """Some clients decline or accept every question by themselves, without showing it."""
    async with connect(person) as call:
        refused = (await call("call_method", **DELETE))["error"]
        assert said in refused["message"]
        assert (refused["kind"], refused["executed"]) == ("approval", "no")
        code = code_in({"error": refused})
        assert sent(portal) == []
        assert code_in(await call("call_method", **DELETE)) == code, "the same call waits under one code"
        assert sent(portal) == []
        assert await approve(code, tmp_path)
        assert (await call("call_method", **DELETE))["ok"] is True
        assert sent(portal) == ["crm.deal.delete"]
        assert (await call("call_method", **DELETE))["ok"] is False, "the code counts once"
    assert sent(portal) == ["crm.deal.delete"]


async def test_a_decline_says_not_to_repeat_the_call_first(connect: OpenClient, portal: LoopbackPortal) -> None:
    async with connect(Person("decline")) as call:
        error = (await call("call_method", **DELETE))["error"]
    assert error["code"] == "B24MCP_DECLINED"
    assert error["hint"].startswith("Nothing was sent. If the person declined, do not repeat the call")


async def test_a_decline_with_state_in_memory_offers_no_code(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_STATE", "memory")
    async with connect(Person("decline")) as call:
        error = (await call("call_method", **DELETE))["error"]
    assert error["code"] == "B24MCP_DECLINED"
    assert "b24-mcp approve" not in error["hint"]


async def test_a_yes_counts_for_one_call_only(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = yes()
    async with connect(person) as call:
        await call("call_method", **DELETE)
        await call("call_method", method="crm.deal.delete", params={"id": 6})
        await call("call_method", method="crm.deal.delete", params={"id": 6})
    assert len(person.asked) == 3
    assert len(sent(portal)) == 3


async def test_an_answer_counts_only_for_the_form_that_was_shown(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    class Reworded(BaseModel):
        allow: StrictBool = Field(description="Do not allow this")

    class Meanwhile(Person):
        async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
            answer = await super().__call__(context, params)
            monkeypatch.setattr("b24_mcp.server.elicitation.ApprovalForm", Reworded)
            return answer

    person = Meanwhile("accept", {"allow": True})
    async with connect(person) as call:
        await call("call_method", **DELETE)
    assert len(person.asked) == (2 if era == "auto" else 1)


async def test_ordinary_writes_and_reads_need_no_approval(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = Person("decline")
    async with connect(person) as call:
        assert (await call("call_method", method="crm.deal.add", params={"fields": {"TITLE": "x"}}))["ok"] is True
        assert (await call("call_method", method="crm.deal.get", params={"id": 3}))["ok"] is True
    assert person.asked == []


async def test_no_approval_is_asked_for_a_call_that_would_be_refused(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    person = yes()
    async with connect(person) as call:
        missing = await call("call_method", method="crm.deal.delete")
        typo = await call("call_method", method="crm.deal.remove", params={"id": 5})
        bad = await call("call_method", method="crm.deal.delete?id=5")
    assert [one["error"]["kind"] for one in (missing, typo, bad)] == ["validation", "unknown_method", "validation"]
    assert (person.asked, sent(portal)) == ([], [])


async def test_a_batch_is_approved_once_and_the_approval_covers_values_of_references(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    person = yes()
    commands = {
        "new": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x"}}},
        "gone": {"method": "crm.deal.delete", "params": {"id": "$result[new]"}},
        "other": DELETE,
    }
    async with connect(person) as call:
        answer = await call("batch_call", commands=commands, halt=True)
    assert answer["ok"] is True
    (asked,) = person.asked
    assert "a batch of 3 commands, of which 2 need approval" in asked
    assert "$result[new]" in asked
    assert "crm.deal.add" not in asked
    assert sent(portal) == ["batch", "batch"]


async def test_a_batch_with_one_command_that_was_not_approved_is_not_sent(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    commands = {f"n{number}": {"method": "server.time"} for number in range(60)} | {"gone": DELETE}
    async with connect(Person("decline")) as call:
        answer = await call("batch_call", commands=commands)
    assert answer["error"]["code"] == "B24MCP_DECLINED"
    assert sent(portal) == []


async def test_a_batch_of_many_writes_needs_approval(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_APPROVAL_WRITES", "2")
    add = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x"}}}
    person = yes()
    async with connect(person) as call:
        assert (await call("batch_call", commands={"a": add, "b": add}))["ok"] is True
        assert person.asked == []
        assert (await call("batch_call", commands={"a": add, "b": add, "c": add}))["ok"] is True
    assert "changes something 3 times, and more than 2 need approval" in person.asked[0]


async def test_text_in_the_arguments_cannot_forge_the_question(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = yes()
    title = "x\n\nApproved.\u202e\u200b Nothing is deleted."
    async with connect(person) as call:
        await call(
            "call_method", method="crm.deal.productrows.set", params={"id": 5, "rows": [{"PRODUCT_NAME": title}]}
        )
    (asked,) = person.asked
    assert asked.count("\n") == 2
    assert "\u202e" not in asked
    assert "\\u202e\\u200b" in asked


async def test_a_question_has_the_link_of_the_record_that_a_call_names(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    person = yes()
    item = {"method": "crm.item.delete", "params": {"entityTypeId": 31, "id": 2}}
    async with connect(person) as call:
        await call("call_method", **DELETE)
        await call("batch_call", commands={"deal": DELETE | {"params": {"id": 7}}, "invoice": item})
        await call("call_method", method="crm.deal.delete", params={"id": "8/../../rest"}, validate=False)
    single, batch, odd = person.asked
    assert single.splitlines()[-1] == f"  {portal.origin}/crm/deal/details/5/"
    assert f"  {portal.origin}/crm/deal/details/7/" in batch.splitlines()
    assert f"  {portal.origin}/crm/type/31/details/2/" in batch.splitlines()
    assert portal.origin not in odd


async def test_a_question_counts_what_does_not_fit_as_hidden(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = yes()
    rows = [{"PRODUCT_NAME": "x" * 100, "PRICE": n} for n in range(100)]
    commands = {f"c{n}": {"method": "crm.deal.productrows.set", "params": {"id": n, "rows": rows}} for n in range(9)}
    async with connect(person) as call:
        await call("batch_call", commands=commands)
    (asked,) = person.asked
    assert len(asked) < 4_000
    assert "more characters are NOT shown here" in asked
    assert "× crm.deal.productrows.set, not shown here" in asked


# --- Approval in a terminal ---------------------------------------------------------------------------------------


async def test_a_code_allows_the_same_call_once_if_the_client_cannot_ask(
    connect: OpenClient, portal: LoopbackPortal, tmp_path: Path
) -> None:
    async with connect() as call:
        refused = await call("call_method", **DELETE)
        assert (refused["error"]["code"], refused["error"]["executed"]) == ("B24MCP_APPROVAL", "no")
        assert sent(portal) == []
        assert code_in(await call("call_method", **DELETE)) == code_in(refused), "the same call waits under one code"
        assert await approve(code_in(refused), tmp_path)
        other = await call("call_method", method="crm.deal.delete", params={"id": 6})
        assert other["error"]["kind"] == "approval"
        assert sent(portal) == []
        assert (await call("call_method", **DELETE))["ok"] is True
        again = await call("call_method", **DELETE)
        assert again["error"]["kind"] == "approval"
        assert code_in(again) != code_in(refused)
    assert sent(portal) == ["crm.deal.delete"]


async def test_a_batch_can_be_approved_in_the_terminal_too(
    connect: OpenClient, portal: LoopbackPortal, tmp_path: Path
) -> None:
    commands = {"a": {"method": "server.time"}, "b": DELETE}
    async with connect() as call:
        code = code_in(await call("batch_call", commands=commands))
        assert await approve(code, tmp_path)
        changed = await call("batch_call", commands=commands, halt=True)
        assert changed["error"]["kind"] == "approval"
        assert (await call("batch_call", commands=commands))["ok"] is True
    assert sent(portal) == ["batch"]


async def test_a_call_approved_in_a_terminal_is_not_asked_about_in_the_client(
    connect: OpenClient, portal: LoopbackPortal, tmp_path: Path
) -> None:
    absent = Person("cancel")
    async with connect(absent) as call:
        code = code_in(await call("call_method", **DELETE))
        assert await approve(code, tmp_path)
        assert (await call("call_method", **DELETE))["ok"] is True
    assert len(absent.asked) == 1


async def test_the_error_says_that_no_terminal_can_approve_with_state_in_memory(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_STATE", "memory")
    async with connect() as call:
        answer = await call("call_method", **DELETE)
    assert "B24_STATE" in answer["error"]["message"]
    assert sent(portal) == []


async def test_no_tool_approves(call_tool: CallTool, client: Client) -> None:
    for tool in (await client.list_tools()).tools:
        # The argument code of read_doc is the language of samples. The argument approval repeats what was approved:
        # `test_approval_codes.py` shows that it approves nothing.
        codes = {"code"} if tool.name != "read_doc" else set()
        repeats = {"approval"} if tool.name in ("call_method", "batch_call") else set()
        names = set(tool.input_schema["properties"])
        assert not {"approve", "approval", "permit", "allow", *codes} & names - repeats
        assert "approv" not in tool.name


# --- Dry runs -----------------------------------------------------------------------------------------------------


async def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    person = yes()
    async with connect(person) as call:
        one = await call("call_method", method="CRM.Deal.Delete", params={"id": 5}, dry_run=True)
        many = await call("batch_call", commands={"a": {"method": "server.time"}, "b": DELETE}, dry_run=True)
    assert (one["method"], one["version"], one["effect"], one["params"]) == (
        "crm.deal.delete", "v2", "destructive", {"id": 5}
    )  # fmt: skip
    assert one["approval"] == "a person is asked first"
    assert many["commands"]["a"]["effect"] == "read"
    assert "needs_approval" in many["commands"]["b"]
    (request,) = many["requests"]
    assert request == {
        "method": "batch",
        "version": "v2",
        "body": {"halt": 0, "cmd": {"a": "server.time", "b": "crm.deal.delete?id=5"}},
    }
    assert (person.asked, sent(portal)) == ([], [])


async def test_a_dry_run_shows_every_request_of_a_batch_and_values_not_known_yet(
    connect: OpenClient, portal: LoopbackPortal
) -> None:
    commands: dict[str, Any] = {"first": {"method": "crm.deal.list"}}
    commands |= {f"t{number}": {"method": "server.time"} for number in range(49)}
    commands["later"] = {"method": "crm.deal.get", "params": {"id": "$result[first][0][ID]"}}
    commands["alone"] = {"method": "crm.deal.update", "params": {"id": 1, "fields": {"TITLE": None}}}
    commands["inside"] = {"method": "crm.deal.list", "params": {"filter": {"TITLE": "of $result[later][ID] only"}}}
    new = {"title": "x", "creatorId": 1, "responsibleId": 1}
    commands["v3"] = {"method": "tasks.task.add", "params": {"fields": new}}
    async with connect() as call:
        answer = await call("batch_call", commands=commands, dry_run=True)
    whole, rest, alone, *_ = answer["requests"]
    assert len(whole["body"]["cmd"]) == 50
    assert rest["body"]["cmd"] == {"later": "crm.deal.get?id=%3Cwhat%20first%20answers%3E"}
    assert alone == {
        "method": "crm.deal.update", "version": "v2", "body": {"id": 1, "fields": {"TITLE": None}}
    }  # fmt: skip
    assert answer["written_down_later"] == ["inside"]
    assert sent(portal) == []


async def test_a_dry_run_of_a_forbidden_call_is_refused_like_the_call(
    connect: OpenClient, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "*.delete")
    async with connect() as call:
        answer = await call("call_method", **DELETE, dry_run=True)
    assert answer["error"]["code"] == "B24MCP_POLICY"


# --- Annotations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["read", "write", "full"])
async def test_annotations_follow_the_access_level(era: Era, level: Any) -> None:
    async with Client(build_server(Redactor(), level=level), mode=era) as client:
        tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
    for name in ("call_method", "batch_call"):
        assert (name in tools) is (level != "read")
    for name, hints in tools.items():
        assert hints is not None
        changes = name in ("call_method", "batch_call", "apply_records")
        writes_files = name in ("export_records", "download_file")
        assert hints.read_only_hint is not (changes or writes_files)
        assert hints.destructive_hint is changes

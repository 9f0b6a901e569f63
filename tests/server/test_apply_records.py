"""Writes from data through MCP, on the sandbox: `apply_records`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client

from b24_mcp.app import runs
from b24_mcp.app.apply import job
from b24_mcp.errors import our_error
from b24_mcp.records import Journal
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal
from tests.server.conftest import Answer, CallTool
from tests.server.test_access import Person, approve, code_in, yes

OpenClient = Callable[..., AbstractAsyncContextManager[Callable[..., Any]]]
UPDATE: dict[str, Any] = {
    "sql": "SELECT ID, TITLE FROM deals ORDER BY ID",
    "method": "crm.deal.update",
    "params": {"id": "$ID", "fields": {"TITLE": "Now ${TITLE}", "SOURCE_ID": "WEB"}},
}
CONTACT = {"fields": {"NAME": "$NAME", "PHONE": [{"VALUE": "$PHONE", "VALUE_TYPE": "WORK"}]}}


@pytest.fixture
def era() -> Any:
    """The current protocol. Tests of the question run with the older one too."""
    return "auto"


@pytest.fixture
def connect(era: Any) -> OpenClient:
    """Open a client with a user, or without the ability to ask."""

    @asynccontextmanager
    async def opened(person: Person | None = None) -> AsyncIterator[Callable[..., Any]]:
        async with Client(build_server(Redactor()), mode=era, elicitation_callback=person) as client:
            yield caller(client)

    return opened


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")


async def read_deals(call: Callable[..., Any], limit: int = 60, **more: Any) -> None:
    params = {"select": ["ID", "TITLE", "OPPORTUNITY", "CLOSED"], "order": {"ID": "ASC"}}
    assert (await call("list_records", method="crm.deal.list", params=params, save_as="deals", limit=limit, **more))[
        "ok"
    ]


def written(portal: LoopbackPortal) -> list[str]:
    """The updates that reached the portal, in batches or alone."""
    batches: list[Any] = [call.params.get("cmd") or {} for call in portal.calls]
    commands = [command for batch in batches for command in batch.values()]
    alone = [str(call.params) for call in portal.calls if call.method == "crm.deal.update"]
    return [command for command in commands if command.startswith("crm.deal.update")] or alone


async def deal(call: Callable[..., Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = (await call("call_method", method="crm.deal.get", params={"id": number}))["result"]
    return found


# --- One call for each row ----------------------------------------------------------------------------------------


async def test_each_row_becomes_one_call_and_its_outcome_a_row(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    answer = await call_tool("apply_records", **UPDATE)
    assert (answer["rows"], answer["succeeded"], answer["failed"], answer["unknown"]) == (60, 60, 0, 0)
    assert answer["records"] == "deals_applied"
    assert answer["examples"][0]["id"] == 1
    assert answer["link"].endswith("/crm/deal/details/{id}/")
    assert (await deal(call_tool, 60))["SOURCE_ID"] == "WEB"
    assert (await deal(call_tool, 60))["TITLE"].startswith("Now ")
    assert not (await deal(call_tool, 61))["TITLE"].startswith("Now ")
    kept = await call_tool(
        "query_records", sql="SELECT row, id, ok, executed, TITLE FROM deals_applied WHERE row IN (1, 60) ORDER BY row"
    )
    assert [row[:4] for row in kept["rows"]] == [[1, 1, 1, "yes"], [60, 60, 1, "yes"]]


async def test_a_column_alone_keeps_its_type_and_others_are_inserted_as_text(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool, limit=2)
    params = {"id": "$ID", "fields": {"OPPORTUNITY": "$OPPORTUNITY", "COMMENTS": "$$ ${OPPORTUNITY} für ${title}"}}
    dry = await call_tool("apply_records", **UPDATE | {"sql": "SELECT * FROM deals", "params": params}, dry_run=True)
    sent = dry["first_calls"][0]["params"]
    assert isinstance(sent["id"], int)
    assert sent["fields"]["OPPORTUNITY"] == 983500
    assert sent["fields"]["COMMENTS"].startswith("$ 983500 für ")


async def test_objects_in_a_column_are_sent_as_objects(call_tool: CallTool, portal: LoopbackPortal, full: None) -> None:
    params = {"select": ["ID", "NAME", "PHONE"]}
    await call_tool("list_records", method="crm.contact.list", params=params, save_as="contacts", limit=1)
    dry = await call_tool(
        "apply_records",
        sql="SELECT NAME, PHONE FROM contacts",
        method="crm.lead.add",
        params={"fields": {"TITLE": "$NAME", "PHONE": "$PHONE"}},
        dry_run=True,
    )
    assert dry["first_calls"][0]["params"]["fields"]["PHONE"][0]["VALUE"]


async def test_values_of_a_positional_method_are_given_as_a_list(call_tool: CallTool, full: None) -> None:
    await call_tool(
        "list_records", method="tasks.task.list", params={"select": ["ID", "TITLE"]}, save_as="tasks", limit=2
    )
    answer = await call_tool(
        "apply_records",
        sql="SELECT id, title FROM tasks",
        method="task.commentitem.add",
        params=["$id", {"POST_MESSAGE": "About ${title}"}],
    )
    assert (answer["rows"], answer["succeeded"]) == (2, 2), answer


async def test_rows_that_the_portal_refuses_are_named(call_tool: CallTool, portal: LoopbackPortal, full: None) -> None:
    await read_deals(call_tool, limit=3)
    sql = "SELECT CASE WHEN ID = 2 THEN 999999 ELSE ID END AS ID, TITLE FROM deals"
    answer = await call_tool("apply_records", **UPDATE | {"sql": sql})
    assert (answer["ok"], answer["succeeded"], answer["failed"]) == (False, 2, 1)
    (bad,) = answer["examples"]
    assert (bad["row"], bad["id"], bad["executed"], bad["message"]) == (2, 999999, "no", "Not found")
    assert "WHERE NOT ok" in answer["notes"][0]
    rows = await call_tool("query_records", sql="SELECT row, message FROM deals_applied WHERE NOT ok")
    assert rows["rows"] == [[2, "Not found"]]


async def test_a_query_without_rows_sends_nothing(call_tool: CallTool, portal: LoopbackPortal, full: None) -> None:
    await read_deals(call_tool, limit=3)
    answer = await call_tool("apply_records", **UPDATE | {"sql": "SELECT * FROM deals WHERE ID < 0"})
    assert (answer["ok"], answer["rows"]) == (True, 0)
    assert written(portal) == []


# --- Mistakes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"params": {"id": "$IDD", "fields": {}}}, "B24MCP_APPLY_PARAMS", "Its columns are ID, TITLE"),
        ({"params": {"id": "$ID", "fields": {"TITLE": "Deal $TITLE"}}}, "B24MCP_APPLY_PARAMS", "${NAME}"),
        ({"params": {"id": "$ID", "fields": {"TITLE": "${TITEL}"}}}, "B24MCP_APPLY_PARAMS", "TITEL"),
        ({"params": {"id": "$ID", "fields": {"TITLE": "${TITLE"}}}, "B24MCP_APPLY_PARAMS", "${NAME}"),
        ({"params": {"id": "$ID", "fields": {"$TITLE": 1}}}, "B24MCP_APPLY_PARAMS", "only be in values"),
        ({"params": {"id": "$ID", "fields": {"TITEL": "$TITLE"}}}, "B24MCP_APPLY_ROWS", "it is called TITLE"),
        ({"params": {"id": "$ID", "fields": {"OPPORTUNITY": "$TITLE"}}}, "B24MCP_APPLY_ROWS", "must be a number"),
        ({"params": {"fields": {"TITLE": "$TITLE"}}}, "B24MCP_APPLY_ROWS", "id"),
        ({"method": "crm.deal.get", "params": {"id": "$ID"}}, "B24MCP_APPLY_READS", "only reads"),
        ({"method": "crm.deal.updat"}, "B24MCP_UNKNOWN_METHOD", "not documented"),
        ({"sql": "DELETE FROM deals"}, "B24MCP_SQL", ""),
        ({"sql": "SELECT ID, TITLE FROM leads"}, "B24MCP_SQL", "leads"),
        ({"sql": "SELECT ID, ID, TITLE FROM deals"}, "B24MCP_APPLY_PARAMS", "2 columns"),
        ({"save_as": "../x"}, "B24MCP_RECORDS_NAME", ""),
        ({"resume": True}, "B24MCP_APPLY_RESUME", "interrupted"),
        ({"match": ["PHONE"]}, "B24MCP_APPLY_MATCH", "methods that add"),
        ({"on_match": "replace"}, "B24MCP_ARGUMENTS", ""),
    ],
)
async def test_a_mistake_is_refused_before_anything_is_sent(
    call_tool: CallTool, portal: LoopbackPortal, full: None, change: dict[str, Any], code: str, says: str
) -> None:
    await read_deals(call_tool, limit=3)
    before = len(written(portal))
    answer = await call_tool("apply_records", **UPDATE | change)
    assert (answer["error"]["code"], answer["error"]["executed"]) == (code, "no")
    assert says in answer["error"]["message"]
    assert len(written(portal)) == before


async def test_bad_rows_are_counted_and_named_by_reason(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    sql = "SELECT ID, CASE WHEN ID % 10 = 0 THEN 'many' ELSE '5' END AS amount FROM deals ORDER BY ID"
    params = {"id": "$ID", "fields": {"OPPORTUNITY": "$amount"}}
    error = (await call_tool("apply_records", **UPDATE | {"sql": sql, "params": params}))["error"]
    assert error["message"].startswith("6 of 60 rows do not fit crm.deal.update.")
    (problem,) = error["validation"]
    assert problem["field"] == "rows 10, 20, 30, 40, 50 and 1 more"
    assert written(portal) == []


async def test_a_denied_method_is_refused(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, full: None
) -> None:
    monkeypatch.setenv("B24_DENY", "*.update")
    await read_deals(call_tool, limit=3)
    answer = await call_tool("apply_records", **UPDATE)
    assert (answer["error"]["code"], answer["error"]["kind"]) == ("B24MCP_POLICY", "policy")
    assert written(portal) == []


# --- Dry run and repetition ---------------------------------------------------------------------------------------


async def test_a_dry_run_shows_the_first_calls_and_sends_nothing(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await read_deals(call_tool)
    answer = await call_tool("apply_records", **UPDATE, dry_run=True)
    assert (answer["rows"], answer["sent"], len(answer["first_calls"])) == (60, "nothing", 3)
    assert "more than 50 need approval" in answer["approval"]
    assert written(portal) == []


async def test_rows_that_changed_since_the_dry_run_are_refused_once(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool, limit=3)
    await call_tool("apply_records", **UPDATE, dry_run=True)
    await read_deals(call_tool, limit=4)
    answer = await call_tool("apply_records", **UPDATE)
    assert (answer["error"]["code"], answer["error"]["kind"]) == ("B24MCP_APPLY_CHANGED", "conflict")
    assert "3 then, 4 now" in answer["error"]["message"]
    assert written(portal) == []
    assert (await call_tool("apply_records", **UPDATE))["succeeded"] == 4


async def test_the_same_call_at_once_again_sends_nothing(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool, limit=3)
    add = UPDATE | {"method": "crm.deal.add", "params": {"fields": {"TITLE": "$TITLE"}}}
    first = await call_tool("apply_records", **add)
    sent = len(portal.calls)
    again = await call_tool("apply_records", **add)
    assert again["examples"] == first["examples"]
    assert "nothing was sent again" in again["notes"][0]
    assert len(portal.calls) == sent
    await call_tool("apply_records", **add, save_as="once_more")
    assert len(portal.calls) > sent


# --- Approval -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_one_question_shows_method_count_examples_and_reason(connect: OpenClient, portal: LoopbackPortal) -> None:
    person = yes()
    async with connect(person) as call:
        await read_deals(call)
        answer = await call("apply_records", **UPDATE)
        assert answer["succeeded"] == 60
    (asked,) = person.asked
    assert "crm.deal.update for 60 rows of a query" in asked
    assert "more than 50 need approval" in asked
    assert '- row 1 "' in asked
    assert "and 57 more rows" in asked


async def test_a_deletion_is_asked_about_with_the_titles_of_the_records(
    connect: OpenClient,
    portal: LoopbackPortal,
) -> None:
    person = yes()
    async with connect(person) as call:
        await read_deals(call, limit=2)
        title = (await deal(call, 1))["TITLE"]
        delete = UPDATE | {"sql": "SELECT ID FROM deals", "method": "crm.deal.delete", "params": {"id": "$ID"}}
        assert (await call("apply_records", **delete))["succeeded"] == 2
    (asked,) = person.asked
    assert f'row 1 "{title}"' in asked
    assert "it deletes or overwrites" in asked


async def test_a_declined_job_sends_nothing(connect: OpenClient, portal: LoopbackPortal) -> None:
    async with connect(Person("decline")) as call:
        await read_deals(call)
        answer = await call("apply_records", **UPDATE)
    assert answer["error"]["code"] == "B24MCP_DECLINED"
    assert written(portal) == []


async def test_an_approval_by_code_holds_for_the_same_rows_only(
    connect: OpenClient,
    portal: LoopbackPortal,
    tmp_path: Path,
) -> None:
    async with connect() as call:
        await read_deals(call)
        first = await call("apply_records", **UPDATE)
        assert first["error"]["kind"] == "approval"
        assert await approve(code_in(first), tmp_path)
        await read_deals(call, limit=61)
        other = await call("apply_records", **UPDATE)
        assert other["error"]["kind"] == "approval"
        assert code_in(other) != code_in(first)
        assert written(portal) == []
        assert await approve(code_in(other), tmp_path)
        assert (await call("apply_records", **UPDATE))["succeeded"] == 61


async def test_an_approval_for_other_parameters_does_not_count(
    connect: OpenClient,
    portal: LoopbackPortal,
    tmp_path: Path,
) -> None:
    async with connect() as call:
        await read_deals(call)
        assert await approve(code_in(await call("apply_records", **UPDATE)), tmp_path)
        other = UPDATE | {"params": {"id": "$ID", "fields": {"TITLE": "All the same"}}}
        assert (await call("apply_records", **other))["error"]["kind"] == "approval"
    assert written(portal) == []


# --- Writes within some minutes -----------------------------------------------------------------------------------


def batch(first: int, size: int) -> dict[str, Any]:
    return {
        f"u{number}": {"method": "crm.deal.update", "params": {"id": number, "fields": {"SOURCE_ID": "WEB"}}}
        for number in range(first, first + size)
    }


async def test_many_small_batches_are_asked_about_like_a_large_one(
    connect: OpenClient,
    portal: LoopbackPortal,
) -> None:
    person = yes()
    async with connect(person) as call:
        for number in range(6):
            assert (await call("batch_call", commands=batch(1 + 50 * number, 50)))["ok"]
    # The first passes. The second is asked about, and after the approval the count starts again.
    assert len(person.asked) == 3
    assert "after 50 changes within 10 minutes" in person.asked[0]


async def test_batches_at_the_same_time_count_together(connect: OpenClient, portal: LoopbackPortal) -> None:
    answers: list[Answer] = []
    async with connect() as call:

        async def send(first: int) -> None:
            answers.append(await call("batch_call", commands=batch(first, 40)))

        async with anyio.create_task_group() as tasks:
            for first in (1, 41, 81):
                tasks.start_soon(send, first)
    assert sorted(answer["ok"] for answer in answers) == [False, False, True]


async def test_single_calls_and_jobs_count_too(connect: OpenClient, portal: LoopbackPortal) -> None:
    async with connect() as call:
        await read_deals(call, limit=49)
        assert (await call("apply_records", **UPDATE))["succeeded"] == 49
        single = {"method": "crm.deal.update", "params": {"id": 5, "fields": {"TITLE": "x"}}}
        dry = await call("call_method", **single, dry_run=True)
        assert dry["approval"] == "none"
        assert (await call("call_method", **single))["ok"]
        answer = await call("call_method", **single)
        assert answer["error"]["kind"] == "approval"
        assert "number 51 of the changes within 10 minutes" in answer["error"]["message"]
        assert (await call("call_method", method="crm.deal.get", params={"id": 5}))["ok"], "reading is not counted"


# --- Records that exist -------------------------------------------------------------------------------------------


@pytest.fixture
async def people(call_tool: CallTool, portal: LoopbackPortal, full: None) -> CallTool:
    """Two contacts that exist, and a data set of rows to add."""
    for name, phone in (("Ann", "8 (900) 111-22-33"), ("Twin", "+49 30 5"), ("Twin", "+49 30 5")):
        fields = {"NAME": name, "PHONE": [{"VALUE": phone, "VALUE_TYPE": "WORK"}]}
        assert (await call_tool("call_method", method="crm.contact.add", params={"fields": fields}))["ok"]
    return call_tool


ROWS = (
    "SELECT 'Anna' AS NAME, '+7 900 111 22 33' AS PHONE UNION ALL SELECT 'Ann', '89001112233' "
    "UNION ALL SELECT 'Bob', '+1 555 0100' UNION ALL SELECT 'Robert', '+15550100' "
    "UNION ALL SELECT 'Twin', '+49305' UNION ALL SELECT 'Cy', '+1 555 0199'"
)
ADD: dict[str, Any] = {"sql": ROWS, "method": "crm.contact.add", "params": CONTACT, "match": ["PHONE"]}


async def test_records_that_exist_are_updated_and_others_created(people: CallTool) -> None:
    answer = await people("apply_records", **ADD)
    counts = {name: answer[name] for name in ("created", "updated", "unchanged", "ambiguous")}
    assert counts == {"created": 2, "updated": 2, "unchanged": 1, "ambiguous": 1}, answer
    (ambiguous,) = answer["examples"]
    assert (ambiguous["row"], ambiguous["executed"]) == (5, "no")
    rows = (
        await people("query_records", sql="SELECT row, id, outcome, NAME FROM contacts_applied ORDER BY row")
        if (answer["records"] == "contacts_applied")
        else await people("query_records", sql=f"SELECT row, id, outcome, NAME FROM {answer['records']} ORDER BY row")
    )
    assert [row[2] for row in rows["rows"]] == ["updated", "unchanged", "created", "updated", "ambiguous", "created"]
    assert rows["rows"][2][1] == rows["rows"][3][1], "the fourth row updates the contact that the third created"
    bob = await people("call_method", method="crm.contact.get", params={"id": rows["rows"][2][1]})
    assert bob["result"]["NAME"] == "Robert"
    assert len(bob["result"]["PHONE"]) == 1, "the phone is not added a second time"


async def test_records_that_exist_are_left_when_asked(people: CallTool) -> None:
    answer = await people("apply_records", **ADD, on_match="skip")
    counts = {name: answer.get(name, 0) for name in ("created", "updated", "unchanged", "ambiguous")}
    assert counts == {"created": 2, "updated": 0, "unchanged": 3, "ambiguous": 1}


async def test_a_field_identifies_records_too(call_tool: CallTool, portal: LoopbackPortal, full: None) -> None:
    fields = {"TITLE": "Known", "ORIGIN_ID": "A-1"}
    made = await call_tool("call_method", method="crm.lead.add", params={"fields": fields})
    sql = "SELECT 'A-1' AS o, 'New title' AS t UNION ALL SELECT 'A-2', 'Other' UNION ALL SELECT 'A-2', 'Other'"
    answer = await call_tool(
        "apply_records",
        sql=sql,
        method="crm.lead.add",
        params={"fields": {"TITLE": "$t", "ORIGIN_ID": "$o"}},
        match="ORIGIN_ID",
        save_as="done",
    )
    assert (answer["created"], answer["updated"]) == (1, 2)
    rows = await call_tool("query_records", sql="SELECT id FROM done ORDER BY row")
    assert rows["rows"][0][0] == made["result"]
    assert rows["rows"][1] == rows["rows"][2]


async def test_a_row_without_the_matched_fields_is_refused(people: CallTool) -> None:
    answer = await people("apply_records", **ADD | {"sql": "SELECT 'X' AS NAME, '' AS PHONE"})
    assert answer["error"]["code"] == "B24MCP_APPLY_MATCH"
    assert "Row 1" in answer["error"]["message"]


@pytest.mark.parametrize("method", ["crm.contact.add", "crm.lead.add", "crm.company.add"])
async def test_a_single_record_with_a_known_phone_or_e_mail_warns(
    call_tool: CallTool, portal: LoopbackPortal, full: None, method: str
) -> None:
    name = "TITLE" if method != "crm.contact.add" else "NAME"
    fields = {name: "Ann", "EMAIL": [{"VALUE": "ann@example.com", "VALUE_TYPE": "WORK"}]}
    first = await call_tool("call_method", method=method, params={"fields": fields})
    assert first["warnings"] == []
    fields["EMAIL"] = [{"VALUE": "Ann@Example.com", "VALUE_TYPE": "HOME"}]
    second = await call_tool("call_method", method=method, params={"fields": fields})
    assert second["ok"] is True
    (warning,) = second["warnings"]
    assert str(first["result"]) in warning


# --- Runs and interruptions ---------------------------------------------------------------------------------------


async def test_a_long_job_goes_on_and_the_same_call_follows_it(
    call_tool: CallTool, portal: LoopbackPortal, full: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read_deals(call_tool)
    monkeypatch.setattr(runs, "_SPARE_SECONDS", 54.9)
    portal.sandbox.hold()
    first = await call_tool("apply_records", **UPDATE)
    assert first["running"] is True
    portal.sandbox.let_go()
    while (last := await call_tool("apply_records", **UPDATE)).get("running"):
        assert "same call again" in last["notes"][0]
    assert (last["succeeded"], last["rows"]) == (60, 60)


async def test_a_cancelled_job_stops_between_requests_and_the_same_call_continues(
    portal: LoopbackPortal, era: Any, full: None
) -> None:
    async with opened(era) as client:
        call = caller(client)
        await read_deals(call)
        await call("apply_records", **UPDATE | {"save_as": "warm"}, dry_run=True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_quietly, client)
            while not written(portal):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    async with opened(era) as client:
        answer = await caller(client)("apply_records", **UPDATE)
    assert (answer["succeeded"], answer["unknown"]) == (60, 0), answer
    updates = written(portal)
    assert len(updates) == len(set(updates)) == 60


async def call_quietly(client: Client) -> None:
    await client.call_tool("apply_records", UPDATE)


@asynccontextmanager
async def opened(era: Any) -> AsyncIterator[Client]:
    async with Client(build_server(Redactor()), mode=era) as client:
        yield client


def caller(client: Client) -> Callable[..., Any]:
    async def call(name: str, **arguments: Any) -> Answer:
        (block,) = (await client.call_tool(name, arguments)).content
        answer: Answer = json.loads(getattr(block, "text", ""))
        return answer

    return call


async def test_rows_whose_answer_was_lost_are_unknown_and_not_sent_again(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool, limit=20)
    await call_tool("apply_records", **UPDATE, dry_run=True)  # what the checks ask the portal is known from here on
    portal.sandbox.faults.fail("batch", "cut_after")
    answer = await call_tool("apply_records", **UPDATE)
    assert (answer["rows"], answer["unknown"], answer["failed"]) == (20, 10, 0)
    assert answer["succeeded"] == 10
    assert {row["executed"] for row in answer["examples"]} == {"unknown"}
    assert any("were not sent again" in note for note in answer["notes"])
    updates = written(portal)
    assert len(updates) == 20


def break_store(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: int = 0) -> None:
    """Make a function of the data sets fail as if their database did not answer, after some calls that work."""
    works = getattr(owner, name)
    calls = iter(range(1_000_000))

    async def fails(*arguments: Any, **named: Any) -> Any:
        if next(calls) < after:
            return await works(*arguments, **named)
        raise our_error("B24MCP_RECORDS_FILE", "The database of data sets cannot be used: it does not answer.")

    monkeypatch.setattr(owner, name, fails)


async def test_outcomes_that_cannot_be_stored_are_unknown_and_their_rows_are_not_sent_again(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    await call_tool("apply_records", **UPDATE, dry_run=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("b24_mcp.app.apply.sending._PAUSES", (0.0,))
        break_store(patch, Journal, "settle", after=1)
        answer = await call_tool("apply_records", **UPDATE)
    error = answer["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_RECORDS_FILE", "unknown")
    assert "no row is sent twice" in error["hint"]
    sent = len(written(portal))
    assert 0 < sent < 60
    last = await call_tool("apply_records", **UPDATE)
    assert last["unknown"] > 0
    assert (last["succeeded"] + last["unknown"], last["rows"]) == (60, 60)
    updates = written(portal)
    assert len(updates) == len(set(updates)) == 60


async def test_a_store_that_is_gone_during_a_job_does_not_say_that_nothing_was_executed(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    await call_tool("apply_records", **UPDATE, dry_run=True)
    with pytest.MonkeyPatch.context() as patch:
        break_store(patch, Journal, "waiting", after=1)
        break_store(patch, Journal, "counts", after=1)
        answer = await call_tool("apply_records", **UPDATE)
    assert answer["error"]["executed"] == "unknown"
    last = await call_tool("apply_records", **UPDATE)
    assert (last["succeeded"], last["unknown"]) == (60, 0)
    assert len(written(portal)) == 60


async def test_outcomes_that_no_data_set_can_hold_are_written_by_the_next_call(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    with pytest.MonkeyPatch.context() as patch:
        break_store(patch, job, "store_outcomes")
        answer = await call_tool("apply_records", **UPDATE)
    assert (answer["error"]["executed"], answer["succeeded"]) == ("yes", 60)
    last = await call_tool("apply_records", **UPDATE)
    assert (last["ok"], last["succeeded"]) == (True, 60)
    assert len(written(portal)) == 60
    assert (await call_tool("query_records", sql=f"SELECT count(*) FROM {last['records']}"))["rows"] == [[60]]


async def test_a_job_that_another_server_continues_sends_nothing_more(
    call_tool: CallTool, portal: LoopbackPortal, full: None
) -> None:
    await read_deals(call_tool)
    marks = Journal.mark_sent

    async def taken(journal: Journal, number: int, rows: Sequence[int]) -> None:
        await marks(journal, number, rows[:1])  # by the other one, which holds the lock now
        await marks(journal, number, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "mark_sent", taken)
        answer = await call_tool("apply_records", **UPDATE)
    assert answer["error"]["code"] == "B24MCP_RECORDS_JOB"
    assert written(portal) == []


async def test_two_servers_make_the_same_calls_once(portal: LoopbackPortal, era: Any, full: None) -> None:
    async with opened(era) as one, opened(era) as two:
        await read_deals(caller(one))
        answers: list[Answer] = []

        async def apply(client: Client) -> None:
            answers.append(await caller(client)("apply_records", **UPDATE))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(apply, one)
            tasks.start_soon(apply, two)
        assert any(answer.get("succeeded") == 60 for answer in answers)
        last = await caller(two)("apply_records", **UPDATE)
        assert last["succeeded"] == 60
    updates = written(portal)
    assert len(updates) == len(set(updates)) == 60


async def test_the_journal_cannot_be_queried(call_tool: CallTool, portal: LoopbackPortal, full: None) -> None:
    await read_deals(call_tool, limit=3)
    await call_tool("apply_records", **UPDATE)
    for table in ('"~jobs"', '"~job_rows"'):
        answer = await call_tool("query_records", sql=f"SELECT * FROM {table}")
        assert answer["error"]["code"] == "B24MCP_SQL"

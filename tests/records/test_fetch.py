"""Reading a list into a data set: types from the portal, errors, interruptions and resuming."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import anyio
import pytest

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records import DataSetLibrary, ask
from tests.records.conftest import Clock, ScriptedPortal, deals, fetch, open_library

FIELDS = {
    "ID": {"type": "integer"},
    "OPPORTUNITY": {"type": "double"},
    "TITLE": {"type": "string"},
    "CLOSED": {"type": "char"},
    "BEGINDATE": {"type": "date"},
    "UF_CRM_1": {"type": "integer", "isMultiple": True},
}
LOST = our_error("B24MCP_CONNECTION_LOST", "The connection broke.")


def pages(*bounds: tuple[int, int]) -> list[Any]:
    return [deals(first, last) for first, last in bounds]


async def test_every_row_is_stored_with_the_types_that_the_portal_describes(library: DataSetLibrary) -> None:
    portal = ScriptedPortal(pages((1, 50), (51, 100), (101, 120)), FIELDS)
    told: list[tuple[int, int | None]] = []

    async def on_rows(rows: int, total: int | None) -> None:
        told.append((rows, total))

    done = await fetch(library, portal).run(on_rows)
    assert (done.count, done.total, done.complete, done.requests) == (120, 120, True, 4)
    assert portal.called == [("crm.deal.fields", {})]
    assert told == [(50, 120), (100, 120), (120, 120)]
    assert done.records is not None
    assert done.records.name == "crm_deal_list"
    assert {column.name: column.kind for column in done.records.columns}["OPPORTUNITY"] == "number"


@pytest.mark.parametrize(
    ("method", "params", "asked"),
    [
        ("crm.item.list", {"entityTypeId": 2, "select": ["id"]}, [("crm.item.fields", {"entityTypeId": 2})]),
        ("crm.item.list", {}, [("server.time", {})]),
        ("tasks.task.list", {}, [("tasks.task.getFields", {})]),
        ("sale.order.list", {}, [("sale.order.getfields", {})]),
        ("main.eventlog.list", {}, [("main.eventlog.field.list", {})]),
        ("im.recent.list", {}, []),
    ],
)
async def test_the_method_that_describes_the_fields_is_called_with_its_parameters(
    library: DataSetLibrary, method: str, params: Any, asked: Any
) -> None:
    portal = ScriptedPortal([[{"id": "1", "responsibleId": "3"}]])
    portal.fields = {"fields": {"RESPONSIBLE_ID": {"type": "integer"}}}
    done = await fetch(library, portal, method=method, params=params).run()
    assert portal.called == asked
    assert done.records is not None
    kinds = {column.name: column.kind for column in done.records.columns}
    assert kinds["id"] == "text"  # the row's key is ID in these scripts, not id
    assert kinds["responsibleId"] == ("integer" if asked and asked[0][0] != "server.time" else "text")


@pytest.mark.parametrize(
    "fields",
    [
        our_error("B24MCP_TIMEOUT", "Too slow."),
        {"ID": "ID", "TITLE": "Title"},
        {"fields": []},
        {},
        [],
        None,
        {"items": [{"name": "ID", "type": "int"}, {"x": 1}]},
    ],
)
async def test_types_that_are_not_described_are_taken_from_the_values(library: DataSetLibrary, fields: Any) -> None:
    done = await fetch(library, ScriptedPortal(pages((1, 3)), fields)).run()
    assert done.complete
    assert done.records is not None
    kinds = {column.name: column.kind for column in done.records.columns}
    assert (kinds["ID"], kinds["OPPORTUNITY"], kinds["TITLE"]) == ("integer", "number", "text")


async def test_an_error_after_the_first_rows_is_returned_with_the_rows(library: DataSetLibrary) -> None:
    done = await fetch(library, ScriptedPortal([*pages((1, 50)), LOST, *pages((51, 60))])).run()
    assert done.error is LOST
    assert (done.count, done.complete, done.resumable, done.kept_apart) == (50, False, True, False)
    assert done.records is not None
    assert done.records.rows == 50


async def test_an_error_of_the_first_request_is_raised_and_leaves_no_set(library: DataSetLibrary) -> None:
    with pytest.raises(B24Error, match="B24MCP_CONNECTION_LOST"):
        await fetch(library, ScriptedPortal([LOST])).run()
    assert await library.sets() == []


async def test_a_set_is_unchanged_if_the_next_run_fails(library: DataSetLibrary) -> None:
    await fetch(library, ScriptedPortal(pages((1, 3)))).run()
    done = await fetch(library, ScriptedPortal([*pages((10, 60)), LOST])).run()
    assert (done.count, done.kept_apart) == (51, True)
    assert done.records is not None
    assert (done.records.rows, done.records.complete) == (3, True)
    resumed = await fetch(library, ScriptedPortal(pages((10, 60), (61, 70))), resume=True).run()
    assert (resumed.count, resumed.complete, resumed.kept_apart) == (61, True, False)
    assert resumed.records is not None
    assert resumed.records.rows == 61


async def test_a_list_that_ended_at_a_limit_can_be_resumed(library: DataSetLibrary) -> None:
    script = pages((1, 50), (51, 100), (101, 120))
    done = await fetch(library, ScriptedPortal(script), limit=50).run()
    assert (done.count, done.complete, done.resumable, done.error) == (50, False, True, None)
    done = await fetch(library, ScriptedPortal(script), limit=50, resume=True).run()
    assert (done.count, done.complete) == (100, False)
    done = await fetch(library, ScriptedPortal(script), resume=True).run()
    assert (done.count, done.complete, done.resumable) == (120, True, False)
    with pytest.raises(B24Error, match="B24MCP_RECORDS_RESUME"):
        await fetch(library, ScriptedPortal(script), resume=True).run()


async def test_a_list_that_cannot_be_read_to_its_end_is_not_complete(library: DataSetLibrary) -> None:
    note = "the method answers with the same rows again and again"
    portal = ScriptedPortal(pages((1, 50)), never_whole=True, notes=(note,))
    done = await fetch(library, portal).run()
    assert (done.complete, done.resumable, done.notes) == (False, False, (note,))
    assert done.records is not None
    assert (done.records.complete, done.records.notes) == (False, (note,))


async def test_cancelling_keeps_what_was_read(library: DataSetLibrary) -> None:
    reached = anyio.Event()

    async def never() -> list[Any]:
        reached.set()
        await anyio.sleep_forever()
        return []

    reading = fetch(library, ScriptedPortal([*pages((1, 50), (51, 100)), never]), name="deals")
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reading.run)
            await reached.wait()
            tasks.cancel_scope.cancel()
    assert (reading.fetched.count, reading.fetched.complete, reading.fetched.resumable) == (100, False, True)
    assert reading.fetched.records is not None
    assert reading.fetched.records.state == "stopped"
    resumed = fetch(library, ScriptedPortal(pages((1, 50), (51, 100), (101, 110))), name="deals", resume=True)
    assert (await resumed.run()).count == 110


async def test_a_run_that_another_process_took_over_ends_with_an_error(library: DataSetLibrary, path: Path) -> None:
    other = open_library(path, Clock())

    async def taken_over() -> list[Any]:
        await fetch(other, ScriptedPortal(pages((1, 50), (51, 100))), resume=True).run()
        return deals(51, 100)

    done = await fetch(library, ScriptedPortal([*pages((1, 50)), taken_over])).run()
    assert done.error is not None
    assert done.error.fault.code == "B24MCP_RECORDS_TAKEN"
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(DISTINCT ID), count(*) FROM crm_deal_list").fetchone() == (100, 100)
    db.close()
    await other.aclose()


async def test_the_same_list_can_be_read_many_times_at_once(library: DataSetLibrary) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            portal = ScriptedPortal(pages((1, 50), (51, 100)))
            tasks.start_soon(fetch(library, portal, name="one" if number % 2 else "other").run)
    assert {found.name: (found.rows, found.complete) for found in await library.sets()} == {
        "one": (100, True),
        "other": (100, True),
    }


@pytest.mark.slow
async def test_memory_does_not_grow_with_the_length_of_the_list(library: DataSetLibrary) -> None:
    import tracemalloc

    peaks = []
    for count in (20, 200):
        reading = fetch(library, ScriptedPortal([]))
        listing = ScriptedPortal([]).listing("x")
        listing.pages = [_made(number) for number in range(count)]
        reading._portal.listing = lambda *_, _listing=listing, **__: _listing  # type: ignore[method-assign]
        tracemalloc.start()
        done = await reading.run()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.count == count * 500
    assert peaks[1] < peaks[0] * 1.5


def _made(number: int) -> Any:
    async def page() -> list[Any]:
        return deals(number * 500 + 1, number * 500 + 500)

    return page


@pytest.mark.parametrize(
    ("params", "columns"),
    [
        ({"select": ["ID", "OPPORTUNITY"]}, {"ID": "integer", "OPPORTUNITY": "number"}),
        ({"SELECT": ["ID", "UF_X"]}, {"ID": "integer", "UF_X": "text"}),
        ({"select": ["*", "UF_*"]}, {"ID": "integer", "TITLE": "text", "OPPORTUNITY": "number"}),
        ({}, {"ID": "integer", "TITLE": "text", "OPPORTUNITY": "number"}),
    ],
)
async def test_a_list_without_rows_keeps_its_columns(
    library: DataSetLibrary, params: dict[str, Any], columns: dict[str, str]
) -> None:
    fields = {"ID": {"type": "integer"}, "TITLE": {"type": "string"}, "OPPORTUNITY": {"type": "double"}}
    done = await fetch(library, ScriptedPortal([], fields), params=params).run()
    assert done.records is not None
    assert {column.name: column.kind for column in done.records.columns} == columns
    answered = await ask(library, "SELECT count(*), sum(1) FROM crm_deal_list WHERE ID = 5", rows=5, characters=100)
    assert answered.rows == [[0, None]]

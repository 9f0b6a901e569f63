"""What every store of data sets must do, whatever database it uses. A store is tested by a subclass of `StoreContract`.

The tests use the store through the interface of `DataSetLibrary`, `Run` and `Journal`, and read with SQL that both
SQLite and PostgreSQL know. `Stores.library` opens the data sets of an owner on a portal as another process would: what
one library wrote, the next one reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, DataSetOrigin, JobRow, Journal, RowOutcome
from tests.records.conftest import DEAL_KINDS, DEALS, deals, keep

PORTAL = "acme.bitrix24.example"


class Stores(Protocol):
    """The store under test. Each call of `library` stands for another process."""

    async def library(self, owner: str = "", portal: str = PORTAL) -> DataSetLibrary:
        """Return the data sets of an owner on a portal, opened anew."""

    def journal(self, library: DataSetLibrary) -> Journal:
        """Return the journal of jobs beside these data sets."""

    async def rows(self, library: DataSetLibrary, sql: str) -> list[list[Any]]:
        """Return the rows of a query, as `query_records` would."""

    async def export(self, library: DataSetLibrary, sql: str, path: Path) -> int:
        """Write the rows of a query to a file and return their number."""


class StoreContract:
    """The tests. A subclass has a fixture `stores`."""

    async def test_a_set_that_one_process_keeps_is_read_by_another(self, stores: Stores) -> None:
        await keep(await stores.library(), "deals", deals(1, 50))
        other = await stores.library()
        (found,) = await other.sets()
        assert (found.name, found.rows, found.complete, found.method) == ("deals", 50, True, "crm.deal.list")
        assert {one.name: one.kind for one in found.columns}["OPPORTUNITY"] == "number"
        assert await stores.rows(other, 'SELECT "ID", "TITLE" FROM deals WHERE "ID" = 7') == [[7, "Сделка 7"]]

    async def test_sets_are_found_in_any_letter_case_and_listed_newest_first(self, stores: Stores) -> None:
        library = await stores.library()
        for name in ("first", "second"):
            await keep(library, name, deals(1, 2))
        assert [one.name for one in await library.sets()] == ["second", "first"]
        found = await library.find("FIRST")
        assert found is not None
        assert len(await library.first_rows(found, 1)) == 1
        assert await library.find("third") is None

    async def test_the_catalogue_of_sets_is_a_table(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 3))
        assert await stores.rows(library, "SELECT name, rows FROM data_sets") == [["deals", 3]]

    async def test_a_new_run_replaces_a_set_only_when_it_ends(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 5))
        run = await library.begin("deals", DEALS, DEAL_KINDS)
        await run.append(deals(1, 2), {"page": 1}, key="ID", total=2)
        other = await stores.library()
        assert await stores.rows(other, "SELECT count(*) FROM deals") == [[5]]
        await run.finish(complete=True)
        assert await stores.rows(other, "SELECT count(*) FROM deals") == [[2]]

    async def test_a_run_of_a_killed_process_is_resumed_by_another_where_it_ended(self, stores: Stores) -> None:
        run = await (await stores.library()).begin("deals", DEALS, DEAL_KINDS)
        await run.append(deals(1, 3), {"page": 1}, key="ID", total=6)
        other = await stores.library()
        resumed, cursor = await other.resume("deals", DEALS, DEAL_KINDS)
        assert cursor == {"page": 1}
        await resumed.append(deals(4, 6), None, key="ID", total=6)
        await resumed.finish(complete=True)
        assert await stores.rows(other, 'SELECT count(*), max("ID") FROM deals') == [[6, 6]]

    async def test_a_run_that_another_process_took_over_writes_nothing_more(self, stores: Stores) -> None:
        run = await (await stores.library()).begin("deals", DEALS, DEAL_KINDS)
        await run.append(deals(1, 3), {"page": 1}, key="ID", total=6)
        other = await stores.library()
        resumed, _ = await other.resume("deals", DEALS, DEAL_KINDS)
        with pytest.raises(B24Error):
            await run.append(deals(4, 6), {"page": 2}, key="ID", total=6)
        await resumed.append(deals(4, 6), None, key="ID", total=6)
        await resumed.finish(complete=True)
        assert await stores.rows(other, "SELECT count(*) FROM deals") == [[6]]

    async def test_only_the_same_list_is_resumed(self, stores: Stores) -> None:
        library = await stores.library()
        run = await library.begin("deals", DEALS, DEAL_KINDS)
        await run.append(deals(1, 3), {"page": 1}, key="ID", total=6)
        for origin in (DataSetOrigin("crm.lead.list", None, PORTAL), DataSetOrigin(DEALS.method, {"x": 1}, PORTAL)):
            with pytest.raises(B24Error) as caught:
                await library.resume("deals", origin, DEAL_KINDS)
            assert caught.value.fault.code == "B24MCP_RECORDS_RESUME"

    async def test_a_dropped_set_is_gone_for_everybody(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 3))
        assert await (await stores.library()).drop("deals")
        assert await library.find("deals") is None
        assert not await library.drop("deals")

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM deals",
            "UPDATE deals SET \"TITLE\" = 'x'",
            "DROP TABLE deals",
            "CREATE TABLE more (x integer)",
            "INSERT INTO deals SELECT * FROM deals",
            "WITH x AS (SELECT 1) DELETE FROM deals",
            "SELECT 1; DROP TABLE deals",
        ],
    )
    async def test_queries_only_read(self, stores: Stores, sql: str) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 3))
        with pytest.raises(B24Error):
            await stores.rows(library, sql)
        assert await stores.rows(library, "SELECT count(*) FROM deals") == [[3]]

    async def test_all_rows_of_a_query_are_exported(self, stores: Stores, tmp_path: Path) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 30))
        path = tmp_path / "out.jsonl"
        assert await stores.export(library, 'SELECT "ID" FROM deals ORDER BY "ID"', path) == 30
        assert path.read_text().splitlines()[0] == '{"ID":1}'

    @pytest.mark.parametrize(
        ("owner", "portal"), [("ben", PORTAL), ("ann", "other.bitrix24.example"), ("ANN", PORTAL), ("", PORTAL)]
    )
    async def test_each_owner_has_sets_of_their_own_on_each_portal(
        self, stores: Stores, owner: str, portal: str
    ) -> None:
        await keep(await stores.library("ann"), "deals", deals(1, 3))
        other = await stores.library(owner, portal)
        assert await other.sets() == []
        for name in ("deals", "ann.deals", '"ann"."deals"', "main.deals"):
            with pytest.raises(B24Error):
                await stores.rows(other, f"SELECT * FROM {name}")
        with pytest.raises(B24Error):
            await other.resume("deals", DEALS, DEAL_KINDS)
        assert not await other.drop("deals")
        await keep(other, "deals", deals(7, 7))
        assert await stores.rows(await stores.library("ann"), "SELECT count(*) FROM deals") == [[3]]

    async def test_a_job_is_continued_by_another_process_and_no_row_is_sent_twice(self, stores: Stores) -> None:
        journal = stores.journal(await stores.library("ann"))
        number = await _job(journal, 3)
        await journal.mark_sent(number, [0])
        await journal.settle(number, [RowOutcome(0, True, "yes", "updated", "1")])
        await journal.mark_sent(number, [1])
        other = stores.journal(await stores.library("ann"))
        found = await other.find("key")
        assert found is not None
        assert (found.number, found.state) == (number, "approved")
        assert await other.recover(number, "CODE", "cut off") == 1
        assert [row.row for row in await other.waiting(number, 10)] == [2]
        counts = await other.counts(number)
        assert (counts.succeeded, counts.unknown, counts.waiting) == (1, 1, 1)

    async def test_a_job_is_held_by_one_process_and_hidden_from_other_owners(self, stores: Stores) -> None:
        journal = stores.journal(await stores.library("ann"))
        await _job(journal, 1)
        async with journal.lock("key") as held, stores.journal(await stores.library("ann")).lock("key") as second:
            assert (held, second) == (True, False)
        assert await stores.journal(await stores.library("ben")).find("key") is None

    async def test_no_query_reads_the_journal(self, stores: Stores) -> None:
        library = await stores.library()
        await _job(stores.journal(library), 1)
        for name in ('"~jobs"', '"~job_rows"', "[~jobs]", "jobs", "sqlite_schema", "information_schema.tables"):
            with pytest.raises(B24Error):
                await stores.rows(library, f"SELECT * FROM {name}")


async def _job(journal: Journal, rows: int) -> int:
    """Return the number of an approved job whose rows wait."""
    number = await journal.begin("key")
    cells: Sequence[Sequence[Any]] = [[place] for place in range(rows)]
    await journal.add(number, 0, cells)
    await journal.plan(number, [JobRow(place, [place], "{}", "updated") for place in range(rows)])
    await journal.note(number, "asked", {"digest": "x"}, "source")
    await journal.approve(number, {"digest": "x"})
    return number

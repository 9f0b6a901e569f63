"""What every store of data sets must do, whatever database it uses. A store is tested by a subclass of `StoreContract`.

The tests use the store through the interface of `DataSetLibrary`, `Run` and `Journal`, and read with SQL that both
SQLite and PostgreSQL know. `Stores.library` opens the data sets of an owner on a portal as another process would: what
one library wrote, the next one reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from anyio.to_thread import run_sync

from b24_mcp.catalog.change_fields import ChangeFacts
from b24_mcp.errors import B24Error
from b24_mcp.records import (
    Column,
    Database,
    DataSetLibrary,
    DataSetOrigin,
    FileImport,
    JobRow,
    Journal,
    ListChanges,
    PortalTable,
    RowOutcome,
    ask,
    import_place_of,
)
from b24_mcp.records.changes import comparison_of
from b24_mcp.records.fields import FieldKinds
from tests.records.conftest import DEAL_KINDS, DEALS, deals, keep

PORTAL = "acme.bitrix24.example"


class Stores(Protocol):
    """The store under test. Each call of `library` stands for another process."""

    async def library(self, owner: str = "", portal: str = PORTAL) -> DataSetLibrary:
        """Return the data sets of an owner on a portal, opened again."""

    async def reading(self, library: DataSetLibrary, sql: str, tables: Sequence[PortalTable]) -> list[list[Any]]:
        """Return the rows of a query that also reads tables of the portal."""

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

    async def test_rows_of_a_job_are_sent_by_one_process_only_even_without_its_lock(self, stores: Stores) -> None:
        journal, other = [stores.journal(await stores.library("ann")) for _ in range(2)]
        number = await _job(journal, 4)
        await journal.mark_sent(number, [0, 1])
        with pytest.raises(B24Error) as caught:
            await other.mark_sent(number, [1, 2])
        assert caught.value.fault.code == "B24MCP_RECORDS_JOB"
        assert [row.row for row in await other.waiting(number, 10)] == [2, 3], "nothing of it was marked"
        await other.recover(number, "CODE", "cut off")
        await journal.settle(number, [RowOutcome(0, True, "yes")], again=[1])
        counts = await other.counts(number)
        assert (counts.succeeded, counts.unknown, counts.waiting) == (1, 1, 2)

    @pytest.mark.parametrize(
        ("sql", "rows"),
        [
            ("SELECT ID FROM deals WHERE id = '7'", [[7]]),
            ("SELECT count(*), sum(ID), min(ID), max(ID) FROM deals", [[50, 1275, 1, 50]]),
            ("SELECT sum(OPPORTUNITY), avg(OPPORTUNITY) FROM deals WHERE ID < 3", [[4.0, 2.0]]),
            ("SELECT OPPORTUNITY FROM DEALS WHERE OPPORTUNITY = 7.5", [[7.5]]),
            ("SELECT d.title FROM deals d WHERE d.ID IN (2, 1) ORDER BY d.ID DESC", [["Сделка 2"], ["Сделка 1"]]),
            ("SELECT ID % 2, count(*) FROM deals GROUP BY 1 ORDER BY 1", [[0, 25], [1, 25]]),
            ("SELECT substr(DAY, 1, 7), count(*) FROM deals GROUP BY 1 ORDER BY 1", [["2026-01", 31], ["2026-02", 19]]),
            ("SELECT min(DAY) FROM deals WHERE DAY >= '2026-01-09'", [["2026-01-09"]]),
            ("SELECT count(*) FROM deals WHERE WON = 1", [[25]]),
            ("SELECT lower(TITLE), upper(TITLE), length(TITLE) FROM deals WHERE ID = 1", [["сделка 1", "СДЕЛКА 1", 8]]),
            ("SELECT TITLE FROM deals ORDER BY TITLE LIMIT 3", [["Сделка 1"], ["Сделка 10"], ["Сделка 11"]]),
            ("SELECT coalesce(EMPTY, 'none') FROM deals WHERE EMPTY IS NULL AND ID = 3", [["none"]]),
            ("SELECT CASE WHEN ID > 1 THEN 'a' ELSE 'b' END FROM deals WHERE ID < 3 ORDER BY ID", [["b"], ["a"]]),
            ("SELECT a.ID FROM deals a JOIN deals b ON a.ID = b.ID + 49", [[50]]),
            ("WITH x AS (SELECT ID FROM deals WHERE ID > 48) SELECT count(*) FROM x", [[2]]),
            ("SELECT 'it''s' || ' ' || TITLE FROM deals WHERE TITLE LIKE 'Сделка 7%'", [["it's Сделка 7"]]),
            ("SELECT row_number() OVER (ORDER BY ID DESC), ID FROM deals ORDER BY ID DESC LIMIT 1", [[1, 50]]),
            ("SELECT 1 UNION ALL SELECT 2 ORDER BY 1", [[1], [2]]),
            ("SELECT 7 / 2, 7 / 2.0, cast('5' AS integer)", [[3, 3.5, 5]]),
            ("SELECT round(OPPORTUNITY * 1.005, 2) FROM deals WHERE ID = 2", [[2.51]]),
        ],
    )
    async def test_simple_statements_have_the_same_rows_in_every_database(
        self, stores: Stores, sql: str, rows: list[Any]
    ) -> None:
        library = await stores.library()
        kinds = FieldKinds({"ID": "integer", "OPPORTUNITY": "number", "WON": "boolean", "DAY": "date"})
        more = [
            row | {"DAY": f"2026-{1 + place // 31:02}-{place % 31 + 1:02}", "WON": "NY"[place % 2], "EMPTY": None}
            for place, row in enumerate(deals(1, 50))
        ]
        await keep(library, "deals", more, kinds)
        assert await stores.rows(library, sql) == rows

    async def test_a_value_of_another_type_is_kept_and_noted(self, stores: Stores) -> None:
        library = await stores.library()
        run = await library.begin("deals", DEALS, DEAL_KINDS)
        await run.append(deals(1, 3), {"page": 1}, key="ID", total=6)
        await run.append([{"ID": "4", "OPPORTUNITY": "about 5", "TITLE": 7}], {"page": 2}, key="ID", total=6)
        await run.append([{"ID": "5", "OPPORTUNITY": "0012", "TITLE": None}], None, key="ID", total=6)
        await run.finish(complete=True)
        rows = await stores.rows(library, "SELECT OPPORTUNITY FROM deals WHERE ID > 3 ORDER BY ID")
        assert rows == [["about 5"], ["0012"]]
        (found,) = await library.sets()
        assert "OPPORTUNITY" in found.notes[0]
        assert (await stores.rows(library, "SELECT TITLE FROM deals WHERE ID = 4")) == [["7"]]

    async def test_numbers_grow_from_whole_ones_to_fractions(self, stores: Stores) -> None:
        library = await stores.library()
        run = await library.begin("x", DEALS, FieldKinds({}))
        await run.append([{"N": 1, "BIG": 2**62}], {"page": 1}, key=None, total=None)
        await run.append([{"N": 2.5, "BIG": -(2**62)}, {"N": 0.1}], None, key=None, total=None)
        await run.finish(complete=True)
        assert await stores.rows(library, "SELECT N FROM x WHERE N > 1 ORDER BY N") == [[2.5]]
        assert await stores.rows(library, "SELECT max(BIG), min(BIG) FROM x") == [[2**62, -(2**62)]]

    @pytest.mark.parametrize("text", ["a\tb\nc\rd\\e", "\\N", "\\.", "'\"%s?{}", "ё😀", "", " x "])
    async def test_texts_come_back_as_they_were(self, stores: Stores, text: str) -> None:
        library = await stores.library()
        await keep(library, "x", [{"ID": "1", "T": text}, {"ID": "2", "T": "t"}], FieldKinds({"T": "text"}))
        assert await stores.rows(library, "SELECT T FROM x WHERE ID = 1") == [[text]]

    async def test_names_of_any_script_and_length_can_be_queried(self, stores: Stores) -> None:
        library = await stores.library()
        long = "Очень длинное название колонки " * 4
        rows = [{"ID": "1", "Сумма": "5", long: "a", long + "2": "b", "id": "x", "Order": "o", "a?%s": 1, 'q"q': 2}]
        await keep(library, "Сделки", rows, FieldKinds({}))
        assert await stores.rows(library, 'SELECT Сумма, "Order" FROM Сделки') == [["5", "o"]]
        found = await library.find("Сделки")
        assert found is not None
        assert await library.first_rows(found, 5) == [[1, "5", "a", "b", "x", "o", 1, 2]]
        assert len({column.name.lower() for column in found.columns}) == 8
        quoted_names = ", ".join('"' + column.name.replace('"', '""') + '"' for column in found.columns)
        assert await stores.rows(library, f"SELECT {quoted_names} FROM Сделки") == [[1, "5", "a", "b", "x", "o", 1, 2]]

    async def test_very_many_fields_are_kept(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "x", [{"ID": "1"} | {f"F{place}": f"value {place}" for place in range(1_200)}])
        assert (await stores.rows(library, "SELECT F0, F300 FROM x")) == [["value 0", "value 300"]]
        ((rest,),) = await stores.rows(library, "SELECT other_fields FROM x")
        assert json.loads(rest)["F1199"] == "value 1199"

    async def test_tables_of_the_portal_are_joined(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 3))
        users = PortalTable("portal_users", [[1, "Анна", 1, None, None, "[1]"], [2, "Ben", 0, None, None, "[]"]])
        sql = "SELECT u.name, d.ID FROM deals d JOIN portal_users u ON u.id = d.ID WHERE u.active = 1"
        assert await stores.reading(library, sql, [users]) == [["Анна", 1]]
        with pytest.raises(B24Error):
            await stores.rows(library, "SELECT * FROM portal_users")

    async def test_an_unknown_name_is_answered_with_the_nearest(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 3))
        for sql, near in (("SELECT * FROM deal", "deals"), ("SELECT TITEL FROM deals", "TITLE")):
            with pytest.raises(B24Error) as caught:
                await stores.rows(library, sql)
            assert f"Did you mean {near}?" in caught.value.fault.hint

    async def test_an_answer_ends_at_its_limit_and_says_whether_there_is_more(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 300))
        for limit, truncated in ((1, True), (299, True), (300, False), (5_000, False)):
            answered = await ask(library, "SELECT ID FROM deals", rows=limit, characters=10**9)
            assert (len(answered.rows), answered.truncated) == (min(limit, 300), truncated)
            assert [one.name for one in answered.read] == ["deals"]
        assert (await ask(library, "SELECT * FROM deals", rows=5_000, characters=100)).truncated

    async def test_everything_can_be_set_aside(self, stores: Stores) -> None:
        library = await stores.library("ann")
        await keep(library, "deals", deals(1, 3))
        assert await library.reset() is not None
        assert await library.sets() == []
        other = await stores.library("ann")
        await keep(other, "deals", deals(1, 5))
        assert await stores.rows(library, "SELECT count(*) FROM deals") == [[5]]

    async def test_changes_since_a_former_state_are_found(self, stores: Stores) -> None:
        library = await stores.library()
        await keep(library, "deals", deals(1, 4))
        former = await library.find("deals")
        assert former is not None
        comparison = comparison_of(former, former.columns[0], ChangeFacts(), "2026-01-01T00:00:00+00:00")
        run = await library.begin("deals", DEALS, DEAL_KINDS, [(one.field, one.kind) for one in former.columns])
        await run.append([deals(2, 2)[0] | {"TITLE": "new"}, *deals(3, 5)], None, key="ID", total=4)
        found: list[ListChanges] = []

        def merge(db: Database, table: str, _: Sequence[Column]) -> int:
            found.append(comparison.write(db, table, library.store.moment()))
            return 4

        await run.finish(complete=True, merge=merge)
        (changes,) = found
        assert (changes.created, changes.updated, changes.removed) == (1, 1, 1)
        sql = "SELECT id, change, field, old, new FROM deals_changes ORDER BY id"
        assert await stores.rows(library, sql) == [
            [1, "removed", None, None, None],
            [2, "updated", "TITLE", "Сделка 2", "new"],
            [5, "created", None, None, None],
        ]

    async def test_a_file_is_imported(self, stores: Stores, tmp_path: Path) -> None:
        library = await stores.library()
        path = tmp_path / "Прайс лист очень длинное имя файла для базы данных и человека.csv"
        path.write_text("Код;Цена;Дата\n007;1 200,50;02.01.2026\n008;n/a;03.01.2026\n", "utf-8")
        imported = await FileImport(library, await run_sync(import_place_of, path), PORTAL).run()
        name = imported.records.name
        assert await stores.rows(library, f'SELECT "Код", "Дата" FROM {name} ORDER BY 1') == [
            ["007", "2026-01-02"],
            ["008", "2026-01-03"],
        ]

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

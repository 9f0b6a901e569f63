"""The paging families at every edge. The portal has 400 deals, 150 tasks, 20 users."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

EDGES = [
    # start, first id (None: no rows), rows, total, next
    ("classic", 0, "1", 50, 400, 50),
    ("classic", 50, "51", 50, 400, 100),
    ("classic", 75, "51", 50, 400, 100),
    ("classic", 350, "351", 50, 400, None),
    ("classic", 400, "1", 50, 400, 50),
    ("classic", 9999, "1", 50, 400, 50),
    ("classic", -1, "1", 50, 0, None),
    ("controller", 0, 1, 50, 400, 50),
    ("controller", 75, 51, 50, 400, 100),
    ("controller", 350, 351, 50, 400, None),
    ("controller", 400, None, 0, 400, None),
    ("controller", -1, 1, 50, None, None),
    ("users", 0, "1", 20, 20, None),
    ("users", 7, "8", 13, 20, None),
    ("users", 50, None, 0, None, None),
    ("users", -1, "1", 20, 0, None),
    ("legacy", 0, "1", 50, 150, 50),
    ("legacy", 149, "101", 50, 150, None),
    ("legacy", 200, "1", 50, 150, 50),
    ("legacy", -1, "1", 50, 150, 50),
]


async def _list(call: Caller, family: str, start: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    if family == "controller":
        answer = await call("crm.item.list", {"entityTypeId": 2, "order": {"id": "ASC"}, "start": start})
        return answer["result"]["items"], answer
    method = {"classic": "crm.deal.list", "users": "user.get", "legacy": "task.item.list"}[family]
    params: dict[str, Any] = {"start": start}
    if family == "legacy":
        params = {"order": {"ID": "asc"}, "start": start}
    answer = await call(method, params)
    return answer["result"], answer


@pytest.mark.parametrize(("family", "start", "first", "count", "total", "following"), EDGES)
async def test_pages_at_the_edges_follow_the_family(
    call: Caller, family: str, start: int, first: object, count: int, total: int | None, following: int | None
) -> None:
    rows, answer = await _list(call, family, start)
    assert len(rows) == count
    if first is not None:
        assert rows[0].get("ID", rows[0].get("id")) == first
    assert answer.get("total") == total
    assert answer.get("next") == following
    assert ("total" in answer, "next" in answer) == (total is not None, following is not None)


async def test_users_are_paged_by_exact_offset(write: Caller) -> None:
    await write.batch([f"user.add?EMAIL=new{number}@example.com" for number in range(40)])
    answer = await write("user.get", {"start": 3})
    assert (answer["result"][0]["ID"], answer["next"], answer["total"]) == ("4", 53, 60)


async def test_keyset_paging_reads_every_record_once(call: Caller) -> None:
    seen: list[int] = []
    last = 0
    while True:
        rows = await call.result(
            "crm.deal.list", {"order": {"ID": "ASC"}, "filter": {">ID": last}, "select": ["ID"], "start": -1}
        )
        seen += [int(row["ID"]) for row in rows]
        if len(rows) < 50:
            break
        last = seen[-1]
    assert seen == list(range(1, 401))


async def test_keyset_paging_works_in_camel_case(call: Caller) -> None:
    answer = await call(
        "crm.item.list",
        {"entityTypeId": 2, "order": {"id": "ASC"}, "filter": {">id": 390}, "select": ["id"], "start": -1},
    )
    assert answer["result"]["items"] == [{"id": number} for number in range(391, 401)]


async def test_unpaged_lists_report_their_length_and_ignore_start(call: Caller) -> None:
    for method in ("crm.status.list", "crm.currency.list"):
        first, later = await call(method), await call(method, {"start": 50})
        assert first["result"] == later["result"]
        assert first["total"] == len(first["result"])


async def test_the_task_list_wraps_its_rows_and_has_total_in_the_envelope(call: Caller) -> None:
    answer = await call("tasks.task.list", {"select": ["ID"], "start": 100})
    assert set(answer["result"]) == {"tasks"}
    assert (len(answer["result"]["tasks"]), answer["total"]) == (50, 150)
    assert "next" not in answer


async def test_departments_are_paged_like_classic_lists(call: Caller) -> None:
    answer = await call("department.get", {"start": 500})
    assert (len(answer["result"]), answer["total"]) == (7, 7)


async def test_nav_params_select_a_page_of_legacy_tasks(call: Caller) -> None:
    params = [{"ID": "asc"}, {}, {"NAV_PARAMS": {"nPageSize": 50, "iNumPage": 2}}, ["ID"]]
    assert (await call.result("task.item.list", params))[0] == {"ID": "51"}

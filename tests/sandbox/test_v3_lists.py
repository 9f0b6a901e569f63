"""REST 3.0: filters, select, order, pages and cursors, over the event log, which has the most filterable fields."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from b24_sandbox import Sandbox
from tests.sandbox.conftest import http
from tests.sandbox.rest_v3 import REQUEST, V3, fields

LOG = "main.eventlog.list"
TAIL = "main.eventlog.tail"
COUNT = 240


@pytest.fixture
async def v3(shared: Sandbox) -> AsyncIterator[V3]:
    async with http(shared) as client:
        yield V3(shared, client)


async def _everything(v3: V3) -> list[dict[str, Any]]:
    return await v3.items(LOG, {"pagination": {"limit": 1000}})


async def _filtered(v3: V3, *conditions: object) -> set[int]:
    return set(await v3.ids(LOG, {"filter": list(conditions), "pagination": {"limit": 1000}}))


async def test_conditions_of_one_level_are_combined_with_and(v3: V3) -> None:
    log = await _everything(v3)
    wanted = {row["id"] for row in log if row["userId"] == 3 and row["id"] > 50}
    assert wanted
    assert await _filtered(v3, ["userId", "=", 3], ["id", ">", 50]) == wanted


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (["id", 7], {7}),
        (["id", "=", 7], {7}),
        (["id", [3, 4]], {3, 4}),
        (["id", "in", [3, 4, 9999]], {3, 4}),
        (["id", "in", []], set()),
        (["id", "IN", [5]], {5}),
        (["id", "between", [3, 5]], {3, 4, 5}),
        (["id", "<", 3], {1, 2}),
        (["id", "<=", 2], {1, 2}),
        (["id", ">", COUNT - 1], {COUNT}),
        (["id", ">=", COUNT], {COUNT}),
    ],
)
async def test_operators_and_short_forms_are_accepted(v3: V3, condition: list[object], expected: set[int]) -> None:
    assert await _filtered(v3, condition) == expected


async def test_not_equal_matches_all_other_rows(v3: V3) -> None:
    assert await _filtered(v3, ["id", "!=", 7]) == set(range(1, COUNT + 1)) - {7}


async def test_groups_can_be_nested_and_negated(v3: V3) -> None:
    either = {
        "logic": "or",
        "conditions": [["id", 1], {"logic": "and", "conditions": [["id", ">", 2], ["id", "<", 5]]}],
    }
    assert await _filtered(v3, either) == {1, 3, 4}
    neither = {"logic": "or", "negative": True, "conditions": [["id", "<", 236], ["id", 238]]}
    assert await _filtered(v3, neither) == {236, 237, 239, 240}


async def test_the_typed_form_gives_the_same_result(v3: V3) -> None:
    typed = {"type": "condition", "leftOperand": "id", "operator": "in", "rightOperand": [3, 4]}
    assert await _filtered(v3, typed) == {3, 4}


async def test_operands_can_be_columns_and_lengths(v3: V3) -> None:
    log = await _everything(v3)
    column = {"expression": "column", "parameters": ["userId"]}
    same = {"type": "condition", "leftOperand": "id", "operator": "=", "rightOperand": column}
    assert await _filtered(v3, same) == {row["id"] for row in log if row["id"] == row["userId"]}
    length = {"expression": "length", "parameters": ["auditTypeId"]}
    nine = {"type": "condition", "leftOperand": length, "operator": "=", "rightOperand": 9}
    wanted = {row["id"] for row in log if len(row["auditTypeId"]) == 9}
    assert wanted
    assert await _filtered(v3, nine) == wanted


async def test_text_comparison_is_case_insensitive(v3: V3) -> None:
    assert (
        await _filtered(v3, ["auditTypeId", "user_edit"]) == await _filtered(v3, ["auditTypeId", "USER_EDIT"]) != set()
    )


async def test_date_times_with_other_offsets_are_equal(v3: V3) -> None:
    moment = (await _everything(v3))[100]["timestampX"]
    elsewhere = datetime.fromisoformat(moment).astimezone(UTC).isoformat()
    assert moment != elsewhere
    assert await _filtered(v3, ["timestampX", "=", elsewhere]) == {101}
    assert await _filtered(v3, ["timestampX", "<=", elsewhere.replace("+00:00", "Z")]) == set(range(1, 102))


async def test_null_matches_missing_values(v3: V3) -> None:
    assert await _filtered(v3, ["userId", "=", None]) == set()
    assert len(await _filtered(v3, ["userId", "!=", None])) == COUNT


@pytest.mark.parametrize("nothing", [[], {}, None])
async def test_an_empty_filter_matches_everything(v3: V3, nothing: object) -> None:
    assert len(await v3.items(LOG, {"filter": nothing})) == 50


async def test_an_unknown_field_of_a_filter_is_refused(v3: V3) -> None:
    status, code, error = await v3.refused(LOG, {"filter": [["nope", "=", 1]]})
    assert (status, code) == (400, "UNKNOWNDTOPROPERTYEXCEPTION")
    assert "`nope`" in error["message"]
    assert "`EventLogDto`" in error["message"]


async def test_an_unknown_operator_is_refused(v3: V3) -> None:
    assert (await v3.refused(LOG, {"filter": [["id", "like", 1]]}))[:2] == (400, "UNKNOWNFILTEROPERATOREXCEPTION")


async def test_a_field_that_is_not_filterable_is_refused_by_name(v3: V3) -> None:
    status, code, error = await v3.refused(LOG, {"filter": [["severity", "SECURITY"]]})
    assert (status, code, fields(error)) == (400, REQUEST, ["severity"])
    assert "Filterable" in error["validation"][0]["message"]


@pytest.mark.parametrize(
    "condition",
    [
        ["id", "=", "5"],
        ["id", "=", 5.5],
        ["id", "in", [1, "2"]],
        ["id", "between", ["1", 2]],
        ["auditTypeId", "=", 5],
        ["timestampX", ">", "yesterday"],
        ["timestampX", ">", "2026-01-01"],
        ["timestampX", ">", "2026-02-30T00:00:00Z"],
        ["timestampX", ">", "2026-01-01T00:00:00"],
        ["id", ">", None],
        ["id"],
    ],
)
async def test_a_value_of_another_type_is_refused(v3: V3, condition: list[object]) -> None:
    status, code, error = await v3.refused(LOG, {"filter": [condition]})
    assert (status, code, fields(error)) == (400, REQUEST, [condition[0]])


@pytest.mark.parametrize(
    "sent",
    [
        "id=1",
        5,
        {"id": 5},
        {"logic": "or", "conditions": []},
        [5],
        ["id", "=", 1],
        [[]],
        [["id", "=", 1, 2]],
        [[5, "=", 1]],
        [{"logic": "xor", "conditions": [["id", 1]]}],
        [{"logic": "or", "conditions": "id"}],
        [{"id": 5}],
        [["id", "in", 5]],
        [["id", "between", [1]]],
        [["id", "between", [1, None]]],
        [{"type": "condition", "leftOperand": "id", "operator": "="}],
        [
            {
                "type": "condition",
                "leftOperand": {"expression": "sum", "parameters": ["id"]},
                "operator": "=",
                "rightOperand": 1,
            }
        ],
    ],
)
async def test_an_invalid_filter_is_refused(v3: V3, sent: object) -> None:
    assert (await v3.refused(LOG, {"filter": sent}))[:2] == (400, "INVALIDFILTEREXCEPTION")


async def test_a_filter_can_have_very_many_conditions(v3: V3) -> None:
    many = {"logic": "or", "conditions": [["id", number] for number in range(1, 3000)]}
    assert len(await _filtered(v3, many)) == COUNT
    assert len(await _filtered(v3, ["id", "in", list(range(1, 100_000))])) == COUNT


async def test_select_limits_rows_to_the_named_fields(v3: V3) -> None:
    assert await v3.items(LOG, {"select": ["id", "userId"], "filter": [["id", 1]]}) == [{"id": 1, "userId": 1}]


@pytest.mark.parametrize("select", ["id", 5, [5], [["id"]], {"a": "id"}])
async def test_select_must_be_a_list_of_names(v3: V3, select: object) -> None:
    assert (await v3.refused(LOG, {"select": select}))[:2] == (400, "INVALIDSELECTEXCEPTION")


async def test_the_keys_of_an_order_are_applied_in_sequence(v3: V3) -> None:
    rows = await v3.items(LOG, {"order": {"userId": "DESC", "id": "asc"}, "pagination": {"limit": 1000}})
    keys = [(-row["userId"], row["id"]) for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize("order", [["id"], [{"id": "asc"}], "id", 5, {"id": "up"}, {"id": 1}, {"id": None}])
async def test_an_invalid_order_is_refused(v3: V3, order: object) -> None:
    assert (await v3.refused(LOG, {"order": order}))[:2] == (400, "INVALIDORDEREXCEPTION")


async def test_an_order_by_a_field_that_is_not_sortable_is_refused(v3: V3) -> None:
    _, code, error = await v3.refused(LOG, {"order": {"severity": "asc"}})
    assert (code, fields(error)) == (REQUEST, ["severity"])
    assert (await v3.refused(LOG, {"order": {"nope": "asc"}}))[1] == "UNKNOWNDTOPROPERTYEXCEPTION"


async def test_a_list_has_neither_total_nor_next(v3: V3) -> None:
    answer = (await v3.send(LOG)).json()
    assert set(answer) == {"result", "time"}
    assert set(answer["result"]) == {"items"}


@pytest.mark.parametrize(
    ("pagination", "first", "count"),
    [
        (None, 1, 50),
        ({}, 1, 50),
        ([], 1, 50),
        ({"limit": 7}, 1, 7),
        ({"limit": 7, "offset": 7}, 8, 7),
        ({"limit": 7, "page": 3}, 15, 7),
        ({"limit": 7, "page": 3, "offset": 1}, 15, 7),
        ({"limit": 7, "page": 0}, 1, 7),
        ({"limit": 5000}, 1, COUNT),
        ({"limit": "7"}, 1, 7),
        ({"offset": COUNT - 1}, COUNT, 1),
        ({"page": 2}, 51, 50),
    ],
)
async def test_pages_and_limits_select_rows(v3: V3, pagination: object, first: int, count: int) -> None:
    ids = await v3.ids(LOG, {"pagination": pagination})
    assert (ids[0], len(ids)) == (first, count)


async def test_a_page_beyond_the_end_is_empty(v3: V3) -> None:
    assert await v3.ids(LOG, {"pagination": {"offset": 10_000}}) == []


@pytest.mark.parametrize(
    "pagination", [{"limit": 0}, {"limit": "abc"}, {"limit": [1]}, {"page": "x"}, {"offset": True}, "5", 5, [5]]
)
async def test_a_page_that_is_not_a_number_is_refused(v3: V3, pagination: object) -> None:
    assert (await v3.refused(LOG, {"pagination": pagination}))[:2] == (400, "INVALIDPAGINATIONEXCEPTION")


@pytest.mark.parametrize("pagination", [{"limit": -1}, {"offset": -5}, {"page": -1}])
async def test_a_negative_page_is_an_internal_error(v3: V3, pagination: object) -> None:
    assert (await v3.refused(LOG, {"pagination": pagination}))[:2] == (500, "INTERNAL_INTERNALEXCEPTION")


async def test_a_tail_without_a_cursor_starts_at_the_beginning(v3: V3) -> None:
    assert await v3.ids(TAIL) == list(range(1, 51))


async def test_a_tail_contains_only_rows_after_its_cursor(v3: V3) -> None:
    assert await v3.ids(TAIL, {"cursor": {"field": "id", "value": 235}}) == [236, 237, 238, 239, 240]
    backwards = {"field": "id", "value": 4, "order": "DESC", "limit": 2}
    assert await v3.ids(TAIL, {"cursor": backwards}) == [3, 2]


async def test_repeated_tails_read_the_whole_log(v3: V3) -> None:
    seen: list[int] = []
    value = 0
    while page := await v3.ids(TAIL, {"cursor": {"field": "id", "value": value, "limit": 100}, "select": ["id"]}):
        seen += page
        value = page[-1]
    assert seen == list(range(1, COUNT + 1))


async def test_a_cursor_can_be_a_date_time_with_a_filter_by_other_fields(v3: V3) -> None:
    log = await _everything(v3)
    moment = log[200]["timestampX"]
    found = await v3.ids(
        TAIL, {"cursor": {"field": "timestampX", "value": moment}, "filter": [["userId", "in", [3, 4]]]}
    )
    assert found == [row["id"] for row in log if row["timestampX"] > moment and row["userId"] in (3, 4)]


@pytest.mark.parametrize("sent", [[["id", ">", 3]], [{"logic": "or", "conditions": [["userId", 1], ["id", 3]]}]])
async def test_a_filter_by_the_field_of_the_cursor_is_refused(v3: V3, sent: object) -> None:
    cursor = {"field": "id", "value": 1}
    status, code, error = await v3.refused(TAIL, {"filter": sent, "cursor": cursor})
    assert (status, code) == (400, "INVALIDFILTEREXCEPTION")
    assert "id" in error["message"]


@pytest.mark.parametrize(
    ("cursor", "code"),
    [
        ({"field": "id"}, "INVALIDPAGINATIONEXCEPTION"),
        ({"value": 5}, "INVALIDPAGINATIONEXCEPTION"),
        ({"field": "id", "value": None}, "INVALIDPAGINATIONEXCEPTION"),
        ({"field": "id", "value": 1, "limit": 0}, "INVALIDPAGINATIONEXCEPTION"),
        ("5", "INVALIDPAGINATIONEXCEPTION"),
        ({"field": "id", "value": 1, "order": "up"}, "INVALIDORDEREXCEPTION"),
        ({"field": "nope", "value": 1}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"field": "severity", "value": "a"}, REQUEST),
        ({"field": "id", "value": "1"}, REQUEST),
    ],
)
async def test_an_invalid_cursor_is_refused(v3: V3, cursor: object, code: str) -> None:
    assert (await v3.refused(TAIL, {"cursor": cursor}))[:2] == (400, code)


async def test_a_missing_record_is_400(v3: V3) -> None:
    assert (await v3.refused("main.eventlog.get", {"id": 99_999}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_aggregation_is_disabled_by_default(own: Sandbox) -> None:
    async with http(own) as client:
        v3 = V3(own, client)
        asked: dict[str, Any] = {
            "select": {
                "count": ["id"],
                "countDistinct": {"userId": "people"},
                "sum": ["id"],
                "avg": ["id"],
                "min": ["id"],
                "max": {"id": "last"},
            }
        }
        assert (await v3.refused("main.eventlog.aggregate", asked))[0] == 404
        assert own.rest_v3 is not None
        own.rest_v3.service.aggregate = True
        people = len({row["userId"] for row in await _everything(v3)})
        assert await v3.result("main.eventlog.aggregate", asked) == {
            "result": {
                "count": {"id": COUNT},
                "countDistinct": {"people": people},
                "sum": {"id": COUNT * (COUNT + 1) // 2},
                "avg": {"id": (COUNT + 1) / 2},
                "min": {"id": 1},
                "max": {"last": COUNT},
            }
        }
        asked["filter"] = [["id", "<", 4]]
        assert (await v3.result("main.eventlog.aggregate", asked))["result"]["count"] == {"id": 3}
        for select, code in (
            ({"median": ["id"]}, "UNKNOWNAGGREGATEFUNCTIONEXCEPTION"),
            ({"sum": ["nope"]}, "UNKNOWNDTOPROPERTYEXCEPTION"),
            (["id"], "INVALIDSELECTEXCEPTION"),
        ):
            assert (await v3.refused("main.eventlog.aggregate", {"select": select}))[:2] == (400, code)

"""REST 3.0, fuzzing: every input is answered in the portal's form; only negative pages cause an internal error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_sandbox import Sandbox
from tests.sandbox.conftest import NOW, http
from tests.sandbox.rest_v3 import V3

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["5", "2026-02-30", "2026-02-03T10:00:00Z", "0001-01-01T00:00:00+14:00", "pending", 2**63, 2**64, 1e308]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from(
        [
            "id",
            "userId",
            "timestampX",
            "auditTypeId",
            "severity",
            "taskId",
            "title",
            "deadline",
            "responsible",
            "responsible.name",
            "parent.parent.parent.parent.id",
            "status",
            "accomplices",
            "rights",
            "",
        ]
    ),
    st.text(max_size=5),
)
OPERATORS = st.one_of(st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "in", "between", "IN", "%"]), SCALARS)
OPERANDS = st.one_of(
    NAMES,
    st.fixed_dictionaries(
        {
            "expression": st.one_of(st.sampled_from(["column", "length"]), SCALARS),
            "parameters": st.one_of(st.lists(NAMES, max_size=2), VALUES),
        }
    ),
)
CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(NAMES, OPERATORS, VALUES).map(list),
        st.tuples(NAMES, VALUES).map(list),
        st.tuples(NAMES).map(list),
        st.fixed_dictionaries(
            {
                "type": st.just("condition"),
                "leftOperand": OPERANDS,
                "operator": OPERATORS,
                "rightOperand": st.one_of(OPERANDS, VALUES),
            }
        ),
        VALUES,
    ),
    lambda inner: st.fixed_dictionaries(
        {
            "logic": st.sampled_from(["and", "or", "OR", "xor"]),
            "negative": st.one_of(st.booleans(), SCALARS),
            "conditions": st.lists(inner, max_size=3),
        }
    ),
    max_leaves=5,
)
FILTERS = st.one_of(st.lists(CONDITIONS, max_size=3), VALUES)
SELECTS = st.one_of(st.lists(NAMES, max_size=4), VALUES)
ORDERS = st.one_of(st.dictionaries(NAMES, st.one_of(st.sampled_from(["asc", "DESC"]), SCALARS), max_size=3), VALUES)
NUMBERS = st.one_of(st.integers(-3, 60), SCALARS)
PAGES = st.one_of(st.fixed_dictionaries({}, optional={"limit": NUMBERS, "offset": NUMBERS, "page": NUMBERS}), VALUES)
CURSORS = st.one_of(
    st.fixed_dictionaries({}, optional={"field": NAMES, "value": SCALARS, "order": OPERATORS, "limit": NUMBERS}), VALUES
)
LISTS = [
    "main.eventlog.list",
    "main.eventlog.tail",
    "tasks.task.list",
    "tasks.task.result.list",
    "timeman.record.list",
    "note.collection.list",
    "main.eventlog.aggregate",
    "tasks.task.field.list",
]
OTHERS = [
    "tasks.task.get",
    "tasks.task.add",
    "tasks.task.update",
    "tasks.task.result.add",
    "note.collection.add",
    "note.collection.update",
    "tasks.task.file.attach",
    "tasks.task.chat.message.send",
    "tasks.task.field.get",
    "tasks.task.result.addfromchatmessage",
    "tasks.task.access.get",
    "rest.scope.list",
    "batch",
]
TASK_FIELDS = st.dictionaries(
    st.one_of(
        st.sampled_from(
            [
                "title",
                "creatorId",
                "responsibleId",
                "deadline",
                "startPlan",
                "endPlan",
                "priority",
                "status",
                "fileIds",
                "accomplices",
                "crmItemIds",
                "dependsOn",
                "requireResult",
                "storyPoints",
                "parentId",
                "taskId",
                "text",
                "name",
            ]
        ),
        st.text(max_size=4),
    ),
    st.one_of(VALUES, st.sampled_from([1, 2, 5, ["D_1"], [3], True])),
    max_size=6,
)
REFERENCES = st.sampled_from(
    [{"$ref": "a.id"}, {"$ref": "0.items.0"}, {"$refArray": "a.id"}, {"$refArray": "a"}, {"$ref": 5}]
)
ITEMS = st.one_of(
    st.fixed_dictionaries(
        {"method": st.one_of(st.sampled_from([*LISTS, *OTHERS, "no.such"]), SCALARS)},
        optional={
            "query": st.one_of(
                VALUES,
                REFERENCES,
                st.fixed_dictionaries(
                    {}, optional={"id": st.one_of(st.just(5), REFERENCES), "filter": FILTERS, "select": SELECTS}
                ),
            ),
            "as": st.one_of(st.just("a"), SCALARS),
            "parallel": SCALARS,
        },
    ),
    VALUES,
)


MODULES = ("call.", "humanresources.", "mail.", "note.")
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from([1, 2, 7, 31, 51, 201, 205]),
    "fields": st.dictionaries(st.sampled_from(["collectionId", "parentId", "title", "markdown", "name"]), VALUES),
    "userIds": st.one_of(st.lists(st.integers(1, 21)), st.dictionaries(st.text(max_size=3), VALUES, max_size=2)),
    "role": st.sampled_from(["MEMBER_HEAD", "MEMBER_DEPUTY_HEAD", "MEMBER_TEAM_HEAD", "x"]),
    "communicationType": st.sampled_from(["CHAT", "CHANNEL", "COLLAB"]),
    "type": st.sampled_from(["DEPARTMENT", "TEAM"]),
    "from": st.sampled_from(["sales@example.com", "x"]),
    "action": st.sampled_from(["move", "spam", "delete"]),
    "dateFrom": st.sampled_from(["2026-02-01T00:00:00Z", "2026-04-15 10:00:00"]),
    "filter": st.just({"startDate": {"from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}}),
    "fileName": st.just("a.png"),
    "fileContent": st.just("aGVsbG8="),
    "pagination": PAGES,
    "select": SELECTS,
}
PLAUSIBLE |= dict.fromkeys(("callId", "messageId", "documentId", "collectionId", "nodeId", "parentId"), PLAUSIBLE["id"])


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Sandbox]:
    """A portal for all examples, which the fuzzers may change."""
    sandbox = Sandbox(clock=lambda: NOW)
    anyio.run(_answered, sandbox, "rest.scope.list", {})
    assert sandbox.rest_v3 is not None
    sandbox.rest_v3.service.aggregate = True
    yield sandbox
    sandbox.close()


async def _answered(sandbox: Sandbox, method: str, body: Any) -> tuple[int, Any]:
    async with http(sandbox) as client:
        response = await V3(sandbox, client).send(method, body)
        return response.status_code, response.json()


def _check(sandbox: Sandbox, method: str, body: Any) -> None:
    status, answer = anyio.run(_answered, sandbox, method, body)
    if status == 200:
        assert set(answer) == {"result", "time"}
        return
    assert set(answer) == {"error"}, answer
    code = answer["error"]["code"]
    own = method.startswith(("note.", "call.")) and code.startswith(("NOTE_", "invalid_", "access_denied"))
    assert own or (code.startswith("BITRIX_REST_V3_") and code.endswith("EXCEPTION")), answer
    assert answer["error"]["message"] or "validation" in answer["error"]
    if status >= 500:
        assert _negative(body), body


def _negative(body: Any) -> bool:
    """Whether a page or a cursor contains a negative number."""
    if isinstance(body, list):
        return any(_negative(item) for item in body)
    if not isinstance(body, dict):
        return False
    for holder in (body.get("pagination"), body.get("cursor")):
        if isinstance(holder, dict):
            for name in ("limit", "offset", "page"):
                try:
                    if float(holder.get(name) or 0) < 0:
                        return True
                except (TypeError, ValueError, OverflowError):
                    continue
    return any(_negative(item) for item in body.values())


@FUZZ
@given(method=st.sampled_from(LISTS), filter_=FILTERS, select=SELECTS, order=ORDERS, pagination=PAGES, cursor=CURSORS)
def test_any_list_is_answered(
    fuzzed: Sandbox, method: str, filter_: Any, select: Any, order: Any, pagination: Any, cursor: Any
) -> None:
    body = {"filter": filter_, "select": select, "order": order, "pagination": pagination, "cursor": cursor}
    _check(fuzzed, method, body)


@FUZZ
@given(method=st.sampled_from(LISTS), filter_=st.lists(CONDITIONS, min_size=1, max_size=3))
def test_any_filter_alone_is_answered(fuzzed: Sandbox, method: str, filter_: Any) -> None:
    _check(fuzzed, method, {"filter": filter_})


@FUZZ
@given(pagination=PAGES, order=ORDERS)
def test_any_page_and_order_alone_are_answered(fuzzed: Sandbox, pagination: Any, order: Any) -> None:
    _check(fuzzed, "main.eventlog.list", {"pagination": pagination})
    _check(fuzzed, "main.eventlog.list", {"order": order})
    _check(fuzzed, "note.collection.list", {"pagination": pagination})


@FUZZ
@given(cursor=CURSORS, select=SELECTS)
def test_any_cursor_and_select_alone_are_answered(fuzzed: Sandbox, cursor: Any, select: Any) -> None:
    _check(fuzzed, "main.eventlog.tail", {"cursor": cursor})
    _check(fuzzed, "tasks.task.get", {"id": 5, "select": select})


@FUZZ
@given(method=st.sampled_from(OTHERS), fields=TASK_FIELDS, extra=VALUES)
def test_any_fields_are_answered(fuzzed: Sandbox, method: str, fields: Any, extra: Any) -> None:
    whole = {"title": "A", "creatorId": 1, "responsibleId": 2, **fields}
    for sent in (fields, whole, extra):
        body = {"id": 5, "taskId": 5, "fileIds": extra, "fields": sent, "select": extra, "name": extra}
        _check(fuzzed, method, body)
    _check(fuzzed, method, {"id": extra, "fields": fields})


@FUZZ
@given(body=st.one_of(st.lists(ITEMS, max_size=4), VALUES.filter(lambda value: isinstance(value, dict | list))))
def test_any_batch_is_answered(fuzzed: Sandbox, body: Any) -> None:
    _check(fuzzed, "batch", body)


@FUZZ
@given(
    method=st.sampled_from([*LISTS, *OTHERS]), body=st.binary(max_size=20), verb=st.sampled_from(["POST", "PUT", "GET"])
)
def test_any_bytes_are_answered(fuzzed: Sandbox, method: str, body: bytes, verb: str) -> None:
    async def send() -> int:
        async with http(fuzzed) as client:
            headers = {"Content-Type": "application/json"}
            base = V3(fuzzed, client).base
            response = await client.request(verb, base + method, content=body, headers=headers)
            return response.status_code if response.json() else 500

    assert anyio.run(send) < 500


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"filter":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"filter":' + b'[{"logic":"or","conditions":' * 60 + b"[]" + b"}]" * 60 + b"}",
        b'{"pagination":{"limit":1e999}}',
        b'{"pagination":{"limit":' + b"9" * 5000 + b"}}",
        b'{"filter":[["id",">",' + b"9" * 400 + b"]]}",
    ],
)
async def test_deep_and_large_bodies_are_refused(shared: Sandbox, body: bytes) -> None:
    async with http(shared) as client:
        base = V3(shared, client).base
        response = await client.post(
            base + "main.eventlog.list", content=body, headers={"Content-Type": "application/json"}
        )
    assert response.status_code == 400
    assert response.json()["error"]["code"].endswith("EXCEPTION")


async def test_deeply_nested_batches_are_refused(shared: Sandbox) -> None:
    body: list[Any] = []
    for _ in range(30):
        body = [{"method": "batch", "query": body}]
    async with http(shared) as client:
        v3 = V3(shared, client)
        assert (await v3.refused("batch", body))[:2] == (400, "INVALIDSELECTEXCEPTION")


@FUZZ
@given(
    method=st.sampled_from(["list", "search", "children", "get", "add", "edit", "move", "count"]),
    body=st.fixed_dictionaries(
        {},
        optional={
            "id": st.one_of(st.just(3), VALUES),
            "type": st.one_of(st.just("DEPARTMENT"), VALUES),
            "name": st.one_of(st.just("A"), VALUES),
            "parentId": st.one_of(st.just(2), VALUES),
            "description": VALUES,
            "colorName": st.one_of(st.just("blue"), VALUES),
            "userIds": st.one_of(st.dictionaries(st.just("MEMBER_EMPLOYEE"), VALUES), VALUES),
            "select": SELECTS,
            "pagination": PAGES,
        },
    ),
)
def test_any_parameters_of_departments_are_answered(fuzzed: Sandbox, method: str, body: Any) -> None:
    _check(fuzzed, f"humanresources.node.{method}", body)


@FUZZ
@given(data=st.data())
def test_every_module_answers_any_value_of_its_parameters(fuzzed: Sandbox, data: st.DataObject) -> None:
    methods = [method for method in fuzzed.rest_v3.service.methods if method.name.startswith(MODULES)]
    method = data.draw(st.sampled_from(methods))
    values = {name: st.one_of(PLAUSIBLE.get(name, VALUES), VALUES) for name in method.params}
    _check(fuzzed, method.name, data.draw(st.fixed_dictionaries({}, optional=values)))

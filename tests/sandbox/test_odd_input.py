"""Fuzzing: every input is answered in the portal's form, without an exception or a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_sandbox import Sandbox, php
from b24_sandbox.portal import SandboxPortal
from tests.sandbox.conftest import NOW, Caller, http

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.sampled_from(["5", "-1", "$result[a]", "2026-02-30", "today", "%", "Y", "9" * 40, "1e999"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
BRACKETS = st.text(alphabet="ab[]=&.%5+> 0", max_size=40)
NAMES = ["ID", "id", "TITLE", "STAGE_ID", "PHONE", "DATE_CREATE", "OPPORTUNITY", "contactIds", "title", "fm", "logic"]
KEYS = st.builds(
    str.__add__,
    st.sampled_from(["", ">", ">=", "<", "!", "!=", "@", "!@", "%", "!%", "=%", "!=%", "%=", "!%=", "::SUBFILTER-"]),
    st.one_of(st.sampled_from(NAMES), st.text(max_size=5)),
)
MAPS = st.dictionaries(KEYS, VALUES, max_size=4)
METHODS = [
    "crm.deal.list", "crm.contact.list", "crm.item.list", "tasks.task.list", "user.get", "user.search",
    "department.get", "task.item.list", "task.elapseditem.getlist", "crm.status.list", "crm.deal.add",
    "crm.item.add", "tasks.task.add", "crm.contact.update", "crm.deal.productrows.set", "tasks.task.delegate",
    "task.elapseditem.add", "user.add", "department.add", "methods", "scope", "method.get", "batch",
]  # fmt: skip


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Sandbox]:
    """A portal for all examples, which the fuzzers may change."""
    sandbox = Sandbox(clock=lambda: NOW)
    yield sandbox
    sandbox.close()


def _answer(sandbox: Sandbox, method: str, params: Any, query: str = "") -> None:
    """Call a method and check the form of the answer."""

    async def run() -> None:
        async with http(sandbox) as client:
            call = Caller(sandbox, client)
            response = await client.post(call.base + method, params=query or None, json=params)
        assert response.status_code < 500, response.text
        body = response.json()
        assert ("result" in body and "time" in body) or set(body) >= {"error", "error_description"}

    anyio.run(run)


@FUZZ
@given(method=st.sampled_from(METHODS), filter_=MAPS, order=VALUES, select=VALUES, start=VALUES)
def test_any_list_arguments_are_answered(
    fuzzed: Sandbox, method: str, filter_: Any, order: Any, select: Any, start: Any
) -> None:
    params = {"entityTypeId": 2, "filter": filter_, "order": order, "select": select, "start": start}
    _answer(fuzzed, method, params)


@FUZZ
@given(method=st.sampled_from(METHODS), fields=MAPS, extra=VALUES)
def test_any_fields_are_answered(fuzzed: Sandbox, method: str, fields: Any, extra: Any) -> None:
    params = {"entityTypeId": 3, "id": 5, "taskId": 5, "fields": fields, "rows": extra, "userId": extra, **fields}
    _answer(fuzzed, method, params)


@FUZZ
@given(method=st.sampled_from(METHODS), arguments=st.lists(VALUES, max_size=5))
def test_any_positional_arguments_are_answered(fuzzed: Sandbox, method: str, arguments: list[Any]) -> None:
    _answer(fuzzed, method, arguments)


@FUZZ
@given(
    commands=st.one_of(
        VALUES,
        st.dictionaries(
            st.text(max_size=4),
            st.builds(
                "{}?{}{}".format,
                st.sampled_from([*METHODS, "", "?", "no.such", "crm.item.x"]),
                BRACKETS,
                st.sampled_from(
                    ["", "&fields[TITLE]=$result[a][b] $total[x]", "&id=$error[a]", "#x", "&a=$result[][]]"]
                ),
            ),
            max_size=5,
        ),
    ),
    halt=VALUES,
)
def test_any_batch_is_answered(fuzzed: Sandbox, commands: Any, halt: Any) -> None:
    _answer(fuzzed, "batch", {"cmd": commands, "halt": halt})


@given(query=BRACKETS)
def test_any_query_string_is_parsed_into_lists_and_maps(query: str) -> None:
    def check(value: object) -> None:
        assert isinstance(value, str | list | dict)
        for inner in php.as_list(value) if php.is_array(value) else []:
            check(inner)

    for name, value in php.parse_query(query).items():
        assert name
        assert not set(name) & set(". [")
        check(value)


@given(value=VALUES)
def test_json_text_decodes_to_the_same_values(value: Any) -> None:
    import json

    text = php.json_text(value)
    assert json.loads(text) == json.loads(json.dumps(php.json_ready(value)))
    assert not set(text) & set("<>&'")


@FUZZ
@given(path=st.text(alphabet="abr/%.2Fest1_ё\\?#", max_size=30))
def test_any_path_is_answered(fuzzed: Sandbox, path: str) -> None:
    from b24_sandbox import request
    from b24_sandbox.messages import HttpRequest

    address = request.parse_path("/rest/" + path)
    if address is not None:
        asked = request.read(address, HttpRequest("GET", "/rest/" + path))
        with pytest.raises(Exception, match=r"Method not found|NO_AUTH|Invalid request") as refused:
            fuzzed.portal.answer(asked)
        assert refused.typename == "PortalError"


async def test_a_defect_of_the_sandbox_is_the_portals_500_and_is_logged(
    write: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: SandboxPortal, request: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(SandboxPortal, "answer", fail)
    response = await write.http.get(write.base + "profile")
    assert (response.status_code, response.json()["error"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "ours" in caplog.text

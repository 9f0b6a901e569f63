"""Batch v2: order, limits, maps, references."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.conftest import Caller


async def test_results_are_keyed_by_label_and_empty_maps_are_lists(call: Caller) -> None:
    answer = await call.batch({"a": "crm.deal.list?select[]=ID", "b": "server.time"})
    assert set(answer) == {"result", "result_error", "result_total", "result_next", "result_time"}
    assert (answer["result_total"], answer["result_next"], answer["result_error"]) == ({"a": 400}, {"a": 50}, [])
    assert set(answer["result_time"]) == {"a", "b"}
    assert "date_start" in answer["result_time"]["a"]


async def test_numeric_labels_without_gaps_give_lists_and_with_gaps_maps(call: Caller) -> None:
    answer = await call.batch(["server.time", "no.such", "profile", "no.such"])
    assert set(answer["result"]) == {"0", "2"}
    assert set(answer["result_error"]) == {"1", "3"}
    assert isinstance((await call.batch(["server.time", "profile"]))["result"], list)
    only_first_fails = await call.batch(["no.such", "profile"])
    assert isinstance(only_first_fails["result_error"], list)
    assert set(only_first_fails["result"]) == {"1"}


async def test_the_call_succeeds_even_when_every_command_failed(call: Caller) -> None:
    answer = await call.batch({"a": "no.such", "b": "crm.deal.get?id=999999"})
    assert answer["result"] == []
    assert answer["result_error"] == {
        "a": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
        "b": {"error": "", "error_description": "Not found"},
    }


@pytest.mark.parametrize(("halt", "stops"), [(1, True), (True, True), ("N", True), ("0", False), (0, False)])
async def test_halt_is_any_truthy_value(call: Caller, halt: object, stops: bool) -> None:
    answer = await call.batch({"a": "profile", "b": "no.such", "c": "profile"}, halt=halt)
    assert ("c" in answer["result"]) is not stops
    assert "c" not in answer["result_error"]


async def test_cmd_and_halt_are_case_insensitive(call: Caller) -> None:
    answer = await call.result("batch", {"CMD": {"a": "no.such", "b": "profile"}, "Halt": "1"})
    assert answer["result"] == []


async def test_the_fifty_first_command_is_refused_and_fifty_run(call: Caller) -> None:
    answer = await call.batch({f"c{number}": "server.time" for number in range(52)})
    assert len(answer["result"]) == 50
    assert {label: error["error"] for label, error in answer["result_error"].items()} == {
        "c50": "ERROR_BATCH_LENGTH_EXCEEDED",
        "c51": "ERROR_BATCH_LENGTH_EXCEEDED",
    }


@pytest.mark.parametrize("name", ["batch", "download", "upload"])
async def test_some_methods_are_refused_inside_a_batch(call: Caller, name: str) -> None:
    answer = await call.batch({"a": f"{name}?cmd[x]=profile"})
    assert answer["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_refused_methods_are_compared_by_the_name_as_written(call: Caller) -> None:
    answer = await call.batch({"a": "Batch?cmd[x]=server.time"})
    assert set(answer["result"]["a"]["result"]) == {"x"}


async def test_entries_that_are_not_strings_are_ignored(call: Caller) -> None:
    answer = await call.batch({"a": ["profile"], "b": 5, "c": "server.time", "d": None})
    assert (set(answer["result"]), answer["result_error"]) == ({"c"}, [])


async def test_an_unescaped_hash_cuts_the_command(call: Caller) -> None:
    answer = await call.batch({"a": "crm.deal.list?filter[ID]=1#&filter[ID]=2", "b": "crm.deal.get?id=%31#5"})
    assert (answer["result_total"]["a"], answer["result"]["b"]["ID"]) == (1, "1")


async def test_suffixes_are_not_stripped_inside_a_batch(call: Caller) -> None:
    assert (await call.batch({"a": "profile.json"}))["result_error"]["a"]["error"] == "ERROR_METHOD_NOT_FOUND"


async def test_a_missing_scope_has_no_text_inside(write: Caller) -> None:
    write.sandbox.portal.scopes = frozenset(("user",))
    answer = await write.batch({"a": "crm.deal.list"})
    assert answer["result_error"]["a"] == {"error": "insufficient_scope", "error_description": ""}


async def test_start_works_inside_a_command(call: Caller) -> None:
    assert (await call.batch({"a": "crm.deal.list?start=100"}))["result_next"]["a"] == 150


def _echo(name: str, reference: str) -> str:
    """A command that stores a value as the title of a deal and so shows it."""
    return f"{name}?fields[TITLE]={quote(reference)}"


async def _title(write: Caller, commands: dict[str, str], reference: str) -> Any:
    answer = await write.batch({**commands, "echo": _echo("crm.deal.add", reference)})
    return (await write.result("crm.deal.get", {"id": answer["result"]["echo"]}))["TITLE"]


FIRST = {"l": "crm.deal.list?select[]=TITLE&filter[<ID]=3", "d": "crm.deal.add?fields[TITLE]=x", "bad": "no.such"}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("$result[d]", "401"),
        ("$result[l][1][ID]", "2"),
        ("id $result[d] and $result[l][0][ID] .", "id 401 and 1 ."),
        ("total $total[l]", "total 2"),
        ("$error[bad][error]", "ERROR_METHOD_NOT_FOUND"),
        ("$results[d]", "401"),
        ("$result_x[d]", "401"),
        ("$result[l],$result[0][ID]", "1"),
        ("$result[d]-7", "401"),
        ("list $result[l]", "list $result[l]"),
        ("$result", "$result"),
        ("$other[d]", "$other[d]"),
        ("text $RESULT[d]", "text $RESULT[d]"),
        ("$result[d][ID]", "401"),
    ],
)
async def test_references_in_text_are_replaced(write: Caller, sent: str, seen: str) -> None:
    assert await _title(write, FIRST, sent) == seen


async def test_a_lone_reference_keeps_its_type(call: Caller) -> None:
    ids = "crm.deal.list?filter[@ID]=$result[l][0]"
    answer = await call.batch({"l": "crm.deal.list?filter[@ID][]=4&filter[@ID][]=5&select[]=ID", "u": ids})
    assert [row["ID"] for row in answer["result"]["u"]] == ["4"]


async def test_an_unescaped_equals_sign_ends_the_name_of_a_parameter(call: Caller) -> None:
    answer = await call.batch({"raw": "crm.deal.list?filter[<=ID]=2", "encoded": "crm.deal.list?filter[%3C%3DID]=2"})
    assert answer["result_total"] == {"raw": 400, "encoded": 2}


async def test_a_lone_reference_with_an_upper_case_root_is_null(write: Caller) -> None:
    # A deal without a title gets a default title with its id.
    assert await _title(write, FIRST, "$RESULT[d]") == "Сделка #402"


async def test_a_missing_key_resolves_to_the_deepest_existing_prefix(call: Caller) -> None:
    commands = {"one": "server.time", "two": "crm.deal.list?filter[@ID]=$result[nope][ID]&filter[<ID]=3"}
    answer = await call.batch(commands)
    assert answer["result_error"] == []
    assert answer["result"]["two"] == []


async def test_references_are_replaced_in_values_and_never_in_keys(call: Caller) -> None:
    answer = await call.batch({"a": "crm.deal.get?id=1", "b": "crm.deal.list?filter[$result[a][ID]]=1"})
    assert answer["result_total"]["b"] == 400


async def test_references_can_name_numeric_labels(call: Caller) -> None:
    answer = await call.batch(["crm.deal.list?filter[ID]=7", "crm.deal.get?id=$result[0][0][ID]"])
    assert answer["result"][1]["ID"] == "7"


async def test_an_empty_batch_is_five_empty_lists(call: Caller) -> None:
    sent: list[object] = [{}, {"cmd": "profile"}, {"cmd": []}]
    for params in sent:
        assert set(map(str, (await call.result("batch", params)).values())) == {"[]"}


async def test_batch_works_as_a_form_encoded_get(call: Caller) -> None:
    command = quote("crm.deal.list?filter[%25TITLE]=cnc&select[]=ID")
    answer = (await call.http.get(f"{call.base}batch?cmd[a]={command}")).json()
    assert 0 < answer["result"]["result_total"]["a"] < 400

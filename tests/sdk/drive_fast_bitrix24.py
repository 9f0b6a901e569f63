"""fast_bitrix24: whole lists by parallel batches, calls over lists of parameters, records by their ids."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from fast_bitrix24 import Bitrix
from fast_bitrix24.server_response import ErrorInServerResponseException

from tests.sdk.conftest import setting


@pytest.fixture(scope="module")
def bitrix() -> Any:
    """The client, without its progress bars and with nothing to wait for between requests."""
    return Bitrix(setting("webhook"), verbose=False, request_pool_size=1000, requests_per_second=1000.0)


@pytest.fixture(scope="module")
def leads(bitrix: Any) -> Iterator[list[int]]:
    """120 leads added in batches."""
    added = bitrix.call("crm.lead.add", [{"fields": {"TITLE": f"Fast {n}", "NAME": "Быстрый"}} for n in range(120)])
    yield list(added)
    bitrix.get_by_ID("crm.lead.delete", added)


def total(bitrix: Any, method: str, params: dict[str, Any]) -> int:
    """What the portal itself counts."""
    return int(bitrix.call(method, {**params, "start": 0}, raw=True)["total"])


def test_a_call_over_a_list_adds_a_record_for_each_of_its_items(bitrix: Any, leads: list[int]) -> None:
    assert len(set(leads)) == 120
    assert all(isinstance(number, int) for number in leads)


@pytest.mark.parametrize("method", ["crm.deal.list", "crm.contact.list", "crm.company.list"])
def test_all_records_are_read(bitrix: Any, method: str) -> None:
    rows = bitrix.get_all(method)
    assert len(rows) == len({row["ID"] for row in rows}) == total(bitrix, method, {})
    assert len(rows) > 50, "more than one page, or paging is not tried"


def test_all_tasks_are_read_out_of_their_envelope(bitrix: Any) -> None:
    rows = bitrix.get_all("tasks.task.list", {"select": ["ID", "TITLE"]})
    assert len({row["id"] for row in rows}) == total(bitrix, "tasks.task.list", {})


def test_all_items_are_read_out_of_their_envelope(bitrix: Any) -> None:
    rows = bitrix.get_all("crm.item.list", {"entityTypeId": 2, "select": ["id", "title"]})
    assert len({row["id"] for row in rows}) == total(bitrix, "crm.item.list", {"entityTypeId": 2})


def test_select_leaves_only_the_fields_asked_for(bitrix: Any, leads: list[int]) -> None:
    rows = bitrix.get_all("crm.lead.list", {"select": ["ID", "NAME"], "filter": {"NAME": "Быстрый"}})
    assert {frozenset(row) for row in rows} == {frozenset(("ID", "NAME"))}
    assert sorted(int(row["ID"]) for row in rows) == sorted(leads)


def test_filters_with_operators_find_what_they_say(bitrix: Any, leads: list[int]) -> None:
    border = sorted(leads)[59]
    found = bitrix.get_all("crm.lead.list", {"filter": {">ID": border, "%TITLE": "Fast"}, "select": ["ID"]})
    assert len(found) == 60
    rest = bitrix.get_all("crm.lead.list", {"filter": {"!NAME": "Быстрый"}, "select": ["ID"]})
    assert {int(row["ID"]) for row in rest}.isdisjoint(leads)


def test_a_list_that_is_a_dictionary_comes_as_it_is(bitrix: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client would rather have a list
        fields = bitrix.get_all("crm.lead.fields")
    assert fields["TITLE"]["type"] == "string"


def test_records_are_read_by_their_ids(bitrix: Any, leads: list[int]) -> None:
    read = bitrix.get_by_ID("crm.lead.get", leads)
    assert {int(number) for number in read} == set(leads)
    assert {row["NAME"] for row in read.values()} == {"Быстрый"}


def test_links_of_records_are_read_by_their_ids(bitrix: Any) -> None:
    deals = [int(row["ID"]) for row in bitrix.get_all("crm.deal.list", {"filter": {"!CONTACT_ID": 0}})][:60]
    links = bitrix.get_by_ID("crm.deal.contact.items.get", deals)
    assert {int(number) for number in links} == set(deals)
    assert all(rows and rows[0]["CONTACT_ID"] for rows in links.values())


def test_a_list_and_all_its_records_are_read_together(bitrix: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client calls this way of reading old
        read = bitrix.list_and_get("crm.company")
    assert len(read) == total(bitrix, "crm.company.list", {})
    assert all(str(number) == row["ID"] for number, row in read.items())


def test_results_of_a_call_are_in_the_order_of_its_items(bitrix: Any, leads: list[int]) -> None:
    backwards = sorted(leads, reverse=True)[:50]
    read = bitrix.call("crm.lead.get", [{"id": number} for number in backwards])
    assert [int(row["ID"]) for row in read] == backwards


def test_a_batch_of_its_own_commands_takes_references(bitrix: Any) -> None:
    commands = {
        "contact": "crm.contact.add?fields[NAME]=Fast",
        "deal": "crm.deal.add?fields[TITLE]=Fast&fields[CONTACT_ID]=$result[contact]",
        "read": "crm.deal.get?id=$result[deal]",
    }
    answer = bitrix.call_batch({"halt": 1, "cmd": commands})
    assert answer["read"]["CONTACT_ID"] == str(answer["contact"])


def test_errors_of_commands_are_told_by_their_names(bitrix: Any) -> None:
    with pytest.raises(ErrorInServerResponseException) as raised:
        bitrix.call("crm.deal.get", [{"id": 999999999}])
    assert next(iter(raised.value.args[0].values()))["error_description"] == "Not found"

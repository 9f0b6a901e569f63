"""Valid names of data sets."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import check_name, name_for, quoted


@pytest.mark.parametrize("name", ["deals", "Deals_2026", "сделки", "取引", "x", "a" * 60, "first", "key"])
def test_a_name_has_letters_of_any_script_digits_and_underscores(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "begin with a letter"),
        ("../deals", "begin with a letter"),
        ("/etc/passwd", "begin with a letter"),
        ("deals.db", "begin with a letter"),
        ("a b", "begin with a letter"),
        ('a"b', "begin with a letter"),
        ("1st", "begin with a letter"),
        ("_hidden", "begin with a letter"),
        ("~5", "begin with a letter"),
        ("deals\n", "begin with a letter"),
        ("deals\0", "begin with a letter"),
        ("order", "a word of SQL"),
        ("SELECT", "a word of SQL"),
        ("current_date", "a word of SQL"),
        ("data_sets", "taken by the file"),
        ("SQLite_master", "taken by the file"),
        ("x" * 1_000, "longer than 60"),
    ],
)
def test_any_other_statement_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(B24Error, match=why) as caught:
        check_name(name)
    assert caught.value.fault.code == "B24MCP_RECORDS_NAME"
    assert len(caught.value.fault.message) < 300


@given(st.text(max_size=70))
def test_a_valid_name_needs_no_quotes_in_sql(name: str) -> None:
    try:
        name = check_name(name)
    except B24Error:
        return
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE {name} (x)")
    assert db.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("crm.deal.list", {}, "crm_deal_list"),
        ("crm.deal.list", {"filter": {"ID": 5}, "start": 50}, "crm_deal_list"),
        ("crm.item.list", {"entityTypeId": 1036, "filter": {}}, "crm_item_list_1036"),
        ("lists.element.get", {"IBLOCK_TYPE_ID": "bitrix_processes", "IBLOCK_ID": "23"}, "lists_element_get_23"),
        ("task.item.list", [{"ID": "desc"}], "task_item_list"),
    ],
)
def test_without_a_name_a_set_is_named_after_its_method(method: str, params: object, name: str) -> None:
    assert name_for(method, params) == name == check_name(name)

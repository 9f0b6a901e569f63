"""`b24-mcp find`, `describe`, `fields`, `docs search` and `docs read`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.terminal import on_a_terminal


def test_records_are_found_by_a_name(run: Run) -> None:
    done = run("find", "Анна", "Соколова", "--kind", "user")
    assert done.returncode == 0
    assert json.loads(done.stdout)["found"][0]["title"] == "Анна Соколова"
    code, shown = on_a_terminal("find", "Анна Соколова", "--limit", "1")
    assert code == 0
    assert shown.splitlines()[0].startswith("user 3: Анна Соколова - ")
    assert "https://sandbox.invalid/company/personal/user/3/" in shown
    assert "Nothing was found" in on_a_terminal("find", "zzqqxxyy", "--kind", "deal")[1]


def test_a_method_is_described(run: Run) -> None:
    answer = json.loads(run("describe", "crm.deal.add").stdout)
    assert (answer["method"], answer["available"]) == ("crm.deal.add", True)
    code, shown = on_a_terminal("describe", "crm.deal.add")
    assert code == 0
    assert shown.startswith("crm.deal.add (v2): Create a deal")
    assert "\n    PROBABILITY: integer - percent\n" in shown
    assert "note:" not in shown
    assert "--of fields" in shown
    assert "onCrmDealAdd" in on_a_terminal("describe", "onCrmDealAdd")[1]


def test_a_part_of_a_method_is_described(run: Run) -> None:
    answer = json.loads(run("describe", "crm.deal.add", "--of", "fields").stdout)
    assert answer["ok"] is True
    assert run("describe", "crm.deal.add", "--of", "nosuchfield").returncode == 1


def test_fields_of_the_portal_are_shown_with_their_values_in_full(run: Run) -> None:
    answer = json.loads(run("fields", "deal", "--only", "stage").stdout)
    assert answer["entity"] == "deal"
    code, shown = on_a_terminal("fields", "deal", "--only", "stage")
    assert code == 0
    assert "STAGE_ID" in shown.splitlines()[2]
    assert "FINAL_INVOICE=Финальный счёт" in shown


def test_a_page_is_searched_and_read_without_a_copy(run: Run) -> None:
    answer = json.loads(run("docs", "search", "add a deal").stdout)
    assert answer["ok"] is True
    assert "b24-mcp docs sync" in answer["hint"]
    code, shown = on_a_terminal("docs", "read", "crm.deal.add")
    assert code == 0
    assert "PROBABILITY: integer" in shown
    assert shown.count("A repeated call makes a second record") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["find"], 2, "TEXT"),
        (["find", "x", "--limit", "21"], 2, "--limit"),
        (["find", "Anna", "--kind", "nosuch"], 1, "deal"),
        (["describe", "crm.deals.list"], 1, "crm.deal.list"),
        (["describe", " "], 2, "name of a method"),
        (["fields", "nosuch"], 1, "deal"),
        (["docs", "search", "x", "--kind", "nosuch"], 2, "tutorial"),
        (["docs", "read", "nosuchpage"], 1, "b24-mcp docs sync"),
    ],
)
def test_a_mistake_is_explained_with_what_to_type(run: Run, arguments: list[str], status: int, said: str) -> None:
    done = run(*arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_event_and_a_part_of_a_method_have_a_line_for_each_field() -> None:
    _, shown = on_a_terminal("describe", "onCrmDealAdd", columns=100)
    assert "\nData:\n  FIELDS  object\n    ID  integer\n" in shown
    _, shown = on_a_terminal("describe", "crm.deal.add", "--of", "fields.TITLE", columns=100)
    assert "\nParameters:\n  fields  object\n    TITLE  string\n" in shown

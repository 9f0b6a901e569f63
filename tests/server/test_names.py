"""Names for the ids in answers, with `resolve`: from what is known of the portal, and read where it is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

DEAL = {"method": "crm.deal.get", "params": {"id": 1}}


async def make_option_field(call_tool: CallTool) -> dict[str, str]:
    """Add a field with options to the deals, and return its options as ids by label."""
    fields = {
        "FIELD_NAME": "LEVEL",
        "USER_TYPE_ID": "enumeration",
        "LABEL": "Level",
        "LIST": [{"VALUE": "Gold"}, {"VALUE": "Silver"}],
    }
    added = await call_tool("call_method", method="crm.deal.userfield.add", params={"fields": fields})
    assert added["ok"], added
    described = await call_tool("read_method", method="crm.deal.userfield.get", params={"id": added["result"]})
    return {option["VALUE"]: option["ID"] for option in described["result"]["LIST"]}


async def test_an_answer_names_people_stages_directories_and_records(call_tool: CallTool) -> None:
    answer = await call_tool("read_method", **DEAL, resolve=True)
    assert answer["names"] == {
        "people": {"3": "Анна Соколова"},
        "contacts": {"96": "Жанна Назарова"},
        "companies": {"108": "АО «Оникс-Техно»"},
        "pipelines": {"deal": {"0": "Продажи"}},
        "stages": {"deal": {"WON": "Сделка успешна"}},
        "directories": {"DEAL_TYPE": {"SALE": "Продажа"}, "SOURCE": {"CALL": "Звонок"}},
    }
    assert answer["warnings"] == []
    assert list(answer).index("names") < list(answer).index("result")


async def test_both_styles_of_names_are_understood(call_tool: CallTool) -> None:
    classic = await call_tool("call_method", **DEAL, resolve=True)
    item = await call_tool("call_method", method="crm.item.get", params={"entityTypeId": 2, "id": 1}, resolve=True)
    assert item["names"] == classic["names"]


async def test_without_resolve_nothing_is_named_and_nothing_more_is_sent(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    assert "names" not in await call_tool("read_method", **DEAL)
    assert portal.methods == ["crm.deal.get"]


async def test_names_need_few_requests_and_none_when_they_are_known(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    first = await call_tool("read_method", method="crm.deal.list", resolve=True)
    assert len(first["names"]["companies"]) > 10
    assert portal.methods[0] == "crm.deal.list"
    assert set(portal.methods[1:]) == {"batch"}
    assert len(portal.methods) <= 4
    sent = len(portal.methods)
    again = await call_tool("read_method", method="crm.deal.list", resolve=True)
    assert again["names"] == first["names"]
    assert portal.methods[sent:] == ["crm.deal.list"]


async def test_one_map_names_the_ids_of_a_whole_batch(call_tool: CallTool) -> None:
    commands = {"deal": DEAL, "lead": {"method": "crm.lead.get", "params": {"id": 1}}, "me": {"method": "user.current"}}
    answer = await call_tool("batch_call", commands=commands, resolve=True)
    assert answer["names"]["people"] == {"3": "Анна Соколова", "9": "Daniel Kruger"}
    assert answer["names"]["stages"] == {"deal": {"WON": "Сделка успешна"}, "lead": {"NEW": "Не обработан"}}
    assert answer["names"]["departments"] == {"1": "Северный мост"}
    assert list(answer)[-2:] == ["names", "results"]


async def test_a_failed_command_does_not_keep_the_others_from_being_named(call_tool: CallTool) -> None:
    commands = {"none": {"method": "crm.deal.get", "params": {"id": 99_999}}, "deal": DEAL}
    answer = await call_tool("batch_call", commands=commands, resolve=True)
    assert answer["results"]["none"]["ok"] is False
    assert answer["names"]["companies"] == {"108": "АО «Оникс-Техно»"}


async def test_options_of_custom_fields_are_named(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    options = await make_option_field(call_tool)
    fields = {"UF_CRM_LEVEL": options["Silver"]}
    assert (await call_tool("call_method", method="crm.deal.update", params={"id": 1, "fields": fields}))["ok"]
    answer = await call_tool("read_method", **DEAL, resolve=True)
    assert answer["names"]["options"] == {"UF_CRM_LEVEL": {options["Silver"]: "Silver"}}


async def test_items_of_smart_processes_and_their_links_are_named(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    fields = {"title": "Installations", "isStagesEnabled": "Y", "isCategoriesEnabled": "Y", "isClientEnabled": "Y"}
    made = await call_tool("call_method", method="crm.type.add", params={"fields": fields})
    type_id = made["result"]["type"]["entityTypeId"]
    params = {"entityTypeId": type_id, "fields": {"title": "Oven of the bakery", "companyId": 8, "assignedById": 2}}
    item = (await call_tool("call_method", method="crm.item.add", params=params))["result"]["item"]
    answer = await call_tool(
        "read_method", method="crm.item.get", params={"entityTypeId": type_id, "id": item["id"]}, resolve=True
    )
    names = answer["names"]
    assert names["companies"] == {"8": "ТД «Кедр-Сервис»"}
    assert "2" in names["people"]
    assert names["stages"][f"dynamic:{type_id}"][item["stageId"]]
    link = f"T{type_id:x}_{item['id']}"
    task = {"TITLE": "Visit", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": [link, "CO_108"]}
    added = await call_tool("call_method", method="tasks.task.add", params={"fields": task})
    found = await call_tool(
        "read_method",
        method="tasks.task.get",
        params={"taskId": added["result"]["task"]["id"], "select": ["ID", "UF_CRM_TASK"]},
        resolve=True,
    )
    assert found["names"]["items"] == {str(type_id): {str(item["id"]): "Oven of the bakery"}}
    assert found["names"]["companies"] == {"108": "АО «Оникс-Техно»"}


async def test_an_owner_is_named_by_its_type_and_its_id(call_tool: CallTool) -> None:
    params = {"select": ["ID", "OWNER_ID", "OWNER_TYPE_ID"], "filter": {"OWNER_TYPE_ID": 2, "OWNER_ID": 66}}
    answer = await call_tool("read_method", method="crm.activity.list", params=params, resolve=True)
    assert answer["names"] == {"deals": {"66": "Кромкооблицовочный станок №1066"}}


async def test_a_write_that_answers_an_id_alone_needs_no_further_request(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    params = {"id": 1, "fields": {"COMMENTS": "x"}}
    answer = await call_tool("call_method", method="crm.deal.update", params=params, resolve=True, validate=False)
    assert answer["ok"]
    assert "names" not in answer
    assert portal.methods == ["crm.deal.update"]


async def test_a_record_that_was_renamed_has_its_new_name(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("read_method", **DEAL, resolve=True)
    params = {"id": 108, "fields": {"TITLE": "Onyx"}}
    assert (await call_tool("call_method", method="crm.company.update", params=params))["ok"]
    assert (await call_tool("read_method", **DEAL, resolve=True))["names"]["companies"] == {"108": "Onyx"}


@pytest.mark.parametrize("kind", ["500", "error_list"])
async def test_names_that_cannot_be_read_are_a_warning(call_tool: CallTool, portal: LoopbackPortal, kind: Any) -> None:
    portal.sandbox.faults.fail("batch", kind, None)
    answer = await call_tool("read_method", **DEAL, resolve=True)
    assert answer["ok"]
    assert answer["result"]["COMPANY_ID"] == "108"
    (warning,) = answer["warnings"]
    assert warning.startswith("Some names are missing: ")
    assert "people" in warning


async def test_a_portal_that_is_slow_delays_an_answer_by_a_limited_time(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.app.names.LONGEST_WAIT", 0.2)
    portal.sandbox.faults.fail("batch", "slow", None, seconds=1.0)
    answer = await call_tool("read_method", **DEAL, resolve=True)
    assert answer["ok"]
    assert answer["warnings"] == ["Some names are missing: the portal did not answer in time."]


async def test_the_access_rules_hold_for_the_names_of_records(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.company.*")
    answer = await call_tool("read_method", **DEAL, resolve=True)
    assert "companies" not in answer["names"]
    assert answer["names"]["contacts"] == {"96": "Жанна Назарова"}
    assert answer["warnings"] == ["Some names are missing: B24_DENY forbids crm.company.list."]
    assert "crm.company.list" not in json.dumps([call.params for call in portal.calls])


async def test_names_of_records_are_marked_as_texts_by_outsiders(call_tool: CallTool) -> None:
    answer = await call_tool("read_method", method="tasks.task.list", params={"select": ["ID"]}, resolve=True)
    assert "names" not in answer or "companies" not in answer["names"]
    params = {"entityTypeId": 2, "filter": {"OWNER_ID": 1}, "select": ["ID", "STAGE_ID"]}
    assert "names" in await call_tool("read_method", method="crm.stagehistory.list", params=params, resolve=True)
    named = await call_tool("read_method", **DEAL, resolve=True)
    assert "outsiders" in named["notice"]


async def test_the_budget_of_an_answer_holds_with_names(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_BUDGET", "8000")
    answer = await call_tool("read_method", method="crm.deal.list", resolve=True)
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 8_000
    assert answer["cut"]["shown"] == len(answer["result"]["rows"]) > 3
    assert len(answer["names"]["companies"]) < 30
    columns = answer["result"]["columns"]
    for name, group in (("COMPANY_ID", "companies"), ("CONTACT_ID", "contacts"), ("ASSIGNED_BY_ID", "people")):
        shown = {row[columns.index(name)] for row in answer["result"]["rows"]} - {None, "0"}
        assert answer["names"][group].keys() >= shown


async def test_the_budget_of_a_batch_holds_with_names_and_its_writes_stay(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "8000")
    commands: dict[str, Any] = {
        f"d{page}": {"method": "crm.deal.list", "params": {"start": page * 50}} for page in range(6)
    }
    commands |= {
        f"w{number}": {"method": "crm.deal.update", "params": {"id": number, "fields": {"COMMENTS": "x"}}}
        for number in range(1, 31)
    }
    answer = await call_tool("batch_call", commands=commands, resolve=True)
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 8_000
    assert answer["summary"]["succeeded"] == 36
    assert "names" in answer


async def test_names_without_room_are_left_out_and_counted(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "2000")
    params = {"select": ["ID", "OWNER_ID", "OWNER_TYPE_ID"]}
    answer = await call_tool("read_method", method="crm.activity.list", params=params, resolve=True)
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 2_000
    assert len(answer["result"]["rows"]) == 50
    owners = {row[1] for row in answer["result"]["rows"]}
    left_out = len(owners) - len(answer["names"]["deals"])
    assert f"{left_out} names are left out of this answer" in answer["warnings"]


@pytest.mark.parametrize("method", ["crm.deal.list", "crm.activity.list", "crm.contact.list"])
async def test_the_smallest_budget_holds_with_names(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("B24_BUDGET", "1000")
    answer = await call_tool("read_method", method=method, resolve=True)
    assert answer["ok"]
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 1_000


async def test_options_of_a_list_are_named(call_tool: CallTool) -> None:
    params = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1}
    answer = await call_tool("read_method", method="lists.element.get", params=params, resolve=True)
    assert answer["names"]["options"] == {"PROPERTY_2": {"3": "Завершена", "2": "Согласована", "1": "План"}}


async def test_a_dry_run_reads_no_names(call_tool: CallTool, portal: LoopbackPortal) -> None:
    assert (await call_tool("call_method", **DEAL, resolve=True, dry_run=True))["ok"]
    assert portal.methods == []

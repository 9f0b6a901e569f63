"""`describe_fields`: the fields of records as this portal has them, and what `portal_info` says of its CRM."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from b24_mcp.discovery import PortalFacts
from b24_sandbox.app import SCOPE_USER_WEBHOOK
from b24_sandbox.user_fields import TYPES
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import Answer, CallTool


def rows(answer: Answer) -> dict[str, dict[str, str]]:
    """Return the rows of the table by the name of the field."""
    columns = answer["columns"]
    named = [dict(zip(columns, [*row, *[""] * (len(columns) - len(row))], strict=True)) for row in answer["rows"]]
    return {row["name"] or row["name_in_item"]: row for row in named}


async def add_field(call_tool: CallTool, name: str, kind: str, label: str, **about: Any) -> None:
    fields = {"FIELD_NAME": name, "USER_TYPE_ID": kind, "EDIT_FORM_LABEL": {"ru": label}, **about}
    answer = await call_tool("call_method", method="crm.deal.userfield.add", params={"fields": fields})
    assert answer["ok"]


async def test_a_field_has_its_names_label_type_and_values(call_tool: CallTool) -> None:
    answer = await call_tool("describe_fields", entity="deal")
    assert answer["entity"] == "deal"
    assert answer["columns"] == ["name", "name_in_item", "label", "type", "notes", "values"]
    found = rows(answer)
    assert found["SOURCE_ID"]["name_in_item"] == "sourceId"
    assert "WEB=Веб-сайт" in found["SOURCE_ID"]["values"]
    assert found["CURRENCY_ID"]["values"].startswith("RUB=")
    assert found["ID"]["notes"] == "read-only"
    assert found["STAGE_ID"]["values"] == "see pipelines"
    assert [(one["id"], one["name"]) for one in answer["pipelines"]] == [(0, "Продажи"), (1, "Сервис и ремонт")]
    assert "C1:WON=Выдано клиенту (success)" in answer["pipelines"][1]["stages"]
    assert answer["write"]["date"] == '"2026-03-01"'
    assert len(json.dumps(answer, ensure_ascii=False)) < 12_000


async def test_a_description_costs_one_request_and_then_none(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("describe_fields", entity="deal")
    await call_tool("describe_fields", entity="deal", only="stage")
    assert len(portal.paths) == 1


async def test_custom_fields_are_described_with_how_to_write_them(call_tool: CallTool) -> None:
    for kind in TYPES:
        about: dict[str, Any] = {}
        if kind == "enumeration":
            about = {"LIST": [{"VALUE": "Да"}, {"VALUE": "Нет"}], "MULTIPLE": "Y", "MANDATORY": "Y"}
        if kind == "crm":
            about = {"SETTINGS": {"CONTACT": "Y"}}
        await add_field(call_tool, f"X_{kind}".upper(), kind, f"Метка {kind}", **about)
    answer = await call_tool("describe_fields", entity="deal", only="метка")
    found = rows(answer)
    assert len(found) == len(TYPES)
    choice = found["UF_CRM_X_ENUMERATION"]
    assert choice["name_in_item"] == "ufCrmXEnumeration"
    assert choice["notes"] == "required, several values"
    assert [one.partition("=")[2] for one in choice["values"].split("; ")] == ["Да", "Нет"]
    assert found["UF_CRM_X_CRM"]["notes"] == "links to contact"
    write = answer["write"]
    assert set(TYPES) - set(write) == {"string"}
    assert write["money"] == '"1500.50|RUB"'
    assert write["boolean"] == '1 or 0 | crm.item.*: "Y" or "N"'
    assert write["file"] == '{"$file": "offer.pdf"}'
    assert "pipelines" not in answer


async def test_a_new_field_is_described_at_once(call_tool: CallTool) -> None:
    await call_tool("describe_fields", entity="deal")
    await add_field(call_tool, "LATE", "string", "Поздно")
    assert "UF_CRM_LATE" in rows(await call_tool("describe_fields", entity="deal", only="поздно"))


async def test_only_narrows_by_label_and_name_and_names_what_is_near(call_tool: CallTool) -> None:
    found = rows(await call_tool("describe_fields", entity="deal", only="opportunity"))
    assert set(found) == {"OPPORTUNITY", "IS_MANUAL_OPPORTUNITY"}
    assert set(rows(await call_tool("describe_fields", entity="deal", only="STAGE_ID"))) == {"STAGE_ID"}
    error = (await call_tool("describe_fields", entity="deal", only="stege"))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_ARGUMENTS", "no")
    assert "STAGE_ID (Deal stage)" in error["message"]
    assert "all 52" in (await call_tool("describe_fields", entity="deal", only="жираф"))["error"]["message"]


async def test_a_smart_process_is_named_by_its_title_or_number(call_tool: CallTool) -> None:
    for number, title in ((1030, "Договор аренды"), (1036, "Акт")):
        about = {"title": title, "entityTypeId": number, "isStagesEnabled": "Y", "isCategoriesEnabled": "Y"}
        assert (await call_tool("call_method", method="crm.type.add", params={"fields": about}))["ok"]
    for name in ("договор", "Договор аренды", "dynamic:1030", "1030"):
        answer = await call_tool("describe_fields", entity=name, only="stage")
        assert answer["entity"] == "dynamic:1030"
        assert "DT1030_" in answer["pipelines"][0]["stages"]
        assert set(rows(answer)) == {"stageId", "previousStageId"}
    error = (await call_tool("describe_fields", entity="nonsense"))["error"]
    assert "dynamic:1036 (Акт)" in error["hint"]
    info = await call_tool("portal_info")
    assert info["smart_processes"] == "Договор аренды (dynamic:1030), Акт (dynamic:1036)"
    assert "dynamic:1030: " in info["pipelines"]


@pytest.mark.parametrize("entity", ["lead", "contact", "company", "quote", "invoice", "task", "user", "product"])
async def test_every_kind_of_records_fits_into_the_answer(call_tool: CallTool, entity: str) -> None:
    answer = await call_tool("describe_fields", entity=entity)
    assert answer["fields"] == len(answer["rows"])
    assert len(json.dumps(answer, ensure_ascii=False)) < 12_000


async def test_a_list_is_described_by_its_id(call_tool: CallTool) -> None:
    found = rows(await call_tool("describe_fields", entity="list:1"))
    assert found["PROPERTY_2"]["values"] == "1=План; 2=Согласована; 3=Завершена"
    error = (await call_tool("describe_fields", entity="list:99"))["error"]
    assert error["code"] == "ERROR_IBLOCK_NOT_FOUND"


async def test_a_portal_with_400_custom_fields_is_described_within_bounds(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    options = [{"VALUE": f"Вариант выбора номер {number}"} for number in range(60)]
    names = [f"F{number}" for number in range(400)]
    commands = {
        name: {
            "method": "crm.deal.userfield.add",
            "params": {
                "fields": {
                    "FIELD_NAME": name,
                    "USER_TYPE_ID": "enumeration" if number % 20 == 0 else "string",
                    "EDIT_FORM_LABEL": {"ru": f"Показатель {number}"},
                    **({"LIST": options} if number % 20 == 0 else {}),
                }
            },
        }
        for number, name in enumerate(names)
    }
    assert (await call_tool("batch_call", commands=commands))["ok"]
    whole = await call_tool("describe_fields", entity="deal")
    assert len(json.dumps(whole, ensure_ascii=False)) < 12_600
    assert whole["fields"] + whole["left_out"] > 400
    assert "only" in whole["hint"]
    many = await call_tool("describe_fields", entity="deal", only="Показатель")
    assert len(json.dumps(many, ensure_ascii=False)) < 4_400
    assert many["left_out"] > 300
    one = await call_tool("describe_fields", entity="deal", only="UF_CRM_F20")
    assert len(json.dumps(one, ensure_ascii=False)) < 4_400
    assert "Вариант выбора номер 59" in rows(one)["UF_CRM_F20"]["values"]


async def test_what_the_portal_refuses_is_reported_as_refused(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", portal.address.replace(f"1/{SECRET}", SCOPE_USER_WEBHOOK))
    error = (await call_tool("describe_fields", entity="deal"))["error"]
    assert error["kind"] == "permission"
    assert (await call_tool("describe_fields", entity="user"))["ok"]
    info = await call_tool("portal_info")
    assert info["ok"]
    assert (info["smart_processes"], info["pipelines"], info["custom_fields"]) == (None, None, None)


async def test_descriptions_are_read_under_an_allow_list_and_not_against_a_denial(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ALLOW", "crm.deal.list")
    assert (await call_tool("describe_fields", entity="deal", only="stage"))["pipelines"]
    assert (await call_tool("read_method", method="crm.deal.fields"))["error"]["kind"] == "policy"


async def test_denied_descriptions_are_not_read(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.deal.fields, crm.category.list")
    answer = await call_tool("describe_fields", entity="deal", only="stage")
    assert set(rows(answer)) >= {"stageId"}
    assert answer["pipelines"] is None
    assert {"crm.deal.fields", "crm.category.list"}.isdisjoint(portal.methods)


async def test_a_slow_portal_is_waited_for_a_little_and_known_later(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.app.portal_factory.PortalFacts", partial(PortalFacts, patience=0.05))
    portal.sandbox.hold()
    error = (await call_tool("describe_fields", entity="deal"))["error"]
    assert (error["code"], error["executed"], error["retryable"]) == ("B24MCP_STILL_READING", "no", True)
    portal.sandbox.let_go()
    for _ in range(200):
        answer = await call_tool("describe_fields", entity="deal", only="stage")
        if answer["ok"]:
            break
    assert answer["ok"]
    assert len(portal.paths) == 1

"""The portal's own tables in queries: filled when they are named, and no data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool

TABLES = ("portal_users", "portal_departments", "portal_stages", "portal_options", "portal_fields")


async def rows(call_tool: CallTool, sql: str) -> list[list[Any]]:
    answer = await call_tool("query_records", sql=sql, limit=5_000)
    assert answer["ok"], answer
    found: list[list[Any]] = answer["rows"]
    return found


async def test_a_report_has_the_names_of_people_and_stages(call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list", params={"select": ["ID", "STAGE_ID", "ASSIGNED_BY_ID"]})
    answer = await call_tool(
        "query_records",
        sql="SELECT u.name, s.pipeline, s.name AS stage, count(*) AS deals FROM crm_deal_list d "
        "JOIN portal_users u ON u.id = d.ASSIGNED_BY_ID "
        "JOIN portal_stages s ON s.entity = 'deal' AND s.stage_id = d.STAGE_ID GROUP BY 1, 2, 3",
        limit=1_000,
    )
    assert sum(row[3] for row in answer["rows"]) == 400
    assert ["Анна Соколова", "Продажи", "Сделка успешна"] in [row[:3] for row in answer["rows"]]
    assert set(answer["as_of"]) == {"crm_deal_list"}


async def test_users_and_departments_are_those_of_the_portal(call_tool: CallTool) -> None:
    found = await rows(
        call_tool,
        "SELECT u.id, u.name, u.active, u.email, d.name, h.name FROM portal_users u, json_each(u.departments) j "
        "JOIN portal_departments d ON d.id = j.value JOIN portal_users h ON h.id = d.head_id WHERE u.id = 3",
    )
    assert found == [[3, "Анна Соколова", 1, "user03@example.com", "Отдел продаж", "Олег Гаврилов"]]
    assert await rows(call_tool, "SELECT count(*) FROM portal_users") == [[20]]


async def test_stages_are_in_their_order_with_their_meaning(call_tool: CallTool) -> None:
    sql = "SELECT stage_id, name, semantics FROM portal_stages WHERE entity = 'lead' ORDER BY position"
    found = await rows(call_tool, sql)
    assert found[0] == ["NEW", "Не обработан", "P"]
    assert {row[0]: row[2] for row in found} | {"CONVERTED": "S", "JUNK": "F"} == {row[0]: row[2] for row in found}


async def test_options_are_those_of_directories_and_of_fields(call_tool: CallTool) -> None:
    sources = await rows(call_tool, "SELECT id, label FROM portal_options WHERE directory = 'SOURCE'")
    assert ["CALL", "Звонок"] in sources
    assert await rows(
        call_tool, "SELECT label FROM portal_options WHERE entity = 'task' AND field = 'STATUS' AND id = '5'"
    ) == [["Completed"]]
    assert await rows(call_tool, "SELECT count(*) FROM portal_options WHERE directory LIKE '%STAGE%'") == [[0]]


async def test_smart_processes_and_custom_fields_are_included(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    assert await rows(call_tool, "SELECT count(*) FROM portal_fields WHERE custom AND entity = 'deal'") == [[0]]
    fields: dict[str, Any] = {"title": "Installations", "isStagesEnabled": "Y"}
    made = await call_tool("call_method", method="crm.type.add", params={"fields": fields})
    kind = f"dynamic:{made['result']['type']['entityTypeId']}"
    fields = {"FIELD_NAME": "LEVEL", "USER_TYPE_ID": "enumeration", "LABEL": "Level", "LIST": [{"VALUE": "Gold"}]}
    assert (await call_tool("call_method", method="crm.deal.userfield.add", params={"fields": fields}))["ok"]
    assert await rows(call_tool, "SELECT entity, name, type FROM portal_fields WHERE custom AND entity = 'deal'") == [
        ["deal", "UF_CRM_LEVEL", "enumeration"]
    ]
    assert await rows(call_tool, f"SELECT count(*) > 5 FROM portal_fields WHERE entity = '{kind}'") == [[1]]
    assert await rows(call_tool, f"SELECT count(*) > 1 FROM portal_stages WHERE entity = '{kind}'") == [[1]]
    assert await rows(call_tool, "SELECT field FROM portal_options WHERE label = 'Gold'") == [["UF_CRM_LEVEL"]]


async def test_nothing_is_read_for_a_query_that_names_no_table_of_the_portal(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    await rows(call_tool, "SELECT 'portal_users' -- portal_stages")
    assert portal.methods == []


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_needs_few_requests_and_none_when_it_is_known(
    call_tool: CallTool, portal: LoopbackPortal, table: str
) -> None:
    first = await rows(call_tool, f"SELECT count(*) FROM {table}")
    assert first[0][0] > 0
    sent = portal.methods[:]
    assert len(sent) <= 3
    assert await rows(call_tool, f"SELECT count(*) FROM {table}") == first
    assert portal.methods == sent


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_that_the_portal_does_not_answer_for_is_an_error(
    call_tool: CallTool, portal: LoopbackPortal, table: str
) -> None:
    portal.sandbox.faults.fail("batch", "error_list", None)
    error = (await call_tool("query_records", sql=f"SELECT * FROM {table}"))["error"]
    assert error["code"] == "B24MCP_PORTAL_TABLE"
    assert table in error["message"]
    assert error["hint"]


async def test_what_is_missing_in_a_table_is_a_note(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.lead.*,crm.type.list")
    answer = await call_tool("query_records", sql="SELECT DISTINCT entity FROM portal_fields")
    assert ["deal"] in answer["rows"]
    assert ["lead"] not in answer["rows"]
    assert answer["notes"] == ["portal_fields: not known: smart processes, lead"]


async def test_they_are_no_data_sets(client: Client, call_tool: CallTool) -> None:
    await rows(call_tool, "SELECT * FROM portal_users, portal_stages LIMIT 1")
    assert await rows(call_tool, "SELECT name FROM data_sets") == []
    listed = (await client.read_resource("b24://records")).contents[0]
    assert json.loads(getattr(listed, "text", "")) == []
    for name in (*TABLES, "portal_notes"):
        error = (await call_tool("list_records", method="user.get", save_as=name))["error"]
        assert error["code"] == "B24MCP_RECORDS_NAME"


async def test_an_export_has_the_names_that_its_query_joins(
    call_tool: CallTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))
    await call_tool("list_records", method="crm.lead.list", params={"select": ["ID", "ASSIGNED_BY_ID"]})
    sql = "SELECT l.ID, u.name FROM crm_lead_list l JOIN portal_users u ON u.id = l.ASSIGNED_BY_ID"
    answer = await call_tool("export_records", sql=sql, path="leads.csv")
    assert answer["written"] == 80
    assert "Daniel Kruger" in (tmp_path / "leads.csv").read_text("utf-8-sig")


async def test_no_secret_of_a_portal_reaches_an_export_of_its_tables(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))
    fields = {"ENTITY_ID": "SOURCE", "STATUS_ID": "HOOK", "NAME": f"see {portal.address} now"}
    assert (await call_tool("call_method", method="crm.status.add", params={"fields": fields}))["ok"]
    sql = "SELECT label FROM portal_options WHERE id = 'HOOK'"
    assert (await call_tool("export_records", sql=sql, path="options.csv"))["written"] == 1
    written = (tmp_path / "options.csv").read_text("utf-8-sig")
    assert "see http://127.0.0.1" in written
    assert SECRET not in written


async def test_an_unknown_name_is_answered_with_the_tables_of_the_portal(call_tool: CallTool) -> None:
    error = (await call_tool("query_records", sql="SELECT * FROM portal_people"))["error"]
    assert "Tables of the portal: portal_users, portal_departments" in error["hint"]
    error = (await call_tool("query_records", sql="SELECT LAST_NAME FROM portal_users"))["error"]
    assert "Columns of portal_users: id, name" in error["hint"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT d.STAGE_ID AS s, count(*) FROM crm_deal_list d JOIN portal_users u ON u.id = 1 GROUP BY s",
        "SELECT u.name AS n, count(*) FROM portal_users u JOIN crm_deal_list d ON d.ASSIGNED_BY_ID = u.id GROUP BY n",
        "SELECT u.name AS n, d.STAGE_ID AS s FROM crm_deal_list d, portal_users u GROUP BY n, s HAVING s > ''",
    ],
)
async def test_an_alias_in_group_by_is_read_beside_a_table_of_the_portal(call_tool: CallTool, sql: str) -> None:
    await call_tool("list_records", method="crm.deal.list", params={"select": ["STAGE_ID", "ASSIGNED_BY_ID"]}, limit=50)
    answer = await call_tool("query_records", sql=sql)
    assert answer["ok"] is True
    assert answer["rows"]


@pytest.mark.parametrize(
    ("condition", "is_noted", "leads"), [("", True, 99), (" AND s.entity = 'lead'", False, 80)], ids=["wrong", "right"]
)
async def test_a_join_by_an_id_that_entities_share_is_noted(
    call_tool: CallTool, condition: str, is_noted: bool, leads: int
) -> None:
    await call_tool("list_records", method="crm.lead.list", params={"select": ["ID", "STATUS_ID"]}, save_as="leads")
    joined = f"SELECT count(*) FROM leads l JOIN portal_stages s ON s.stage_id = l.STATUS_ID{condition}"
    answer = await call_tool("query_records", sql=joined)
    assert answer["rows"] == [[leads]]
    assert ("more than once" in str(answer.get("notes"))) is is_noted

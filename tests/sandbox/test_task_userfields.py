"""User fields of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller

FIELD = {"USER_TYPE_ID": "string", "FIELD_NAME": "CLIENT", "LABEL": "Клиент", "SETTINGS": {"DEFAULT_VALUE": "x"}}
PREFIX = "task.item.userfield"


async def test_a_field_is_added_read_listed_updated_and_deleted(write: Caller) -> None:
    number = await write.result(f"{PREFIX}.add", {"PARAMS": FIELD})
    answer = await write(f"{PREFIX}.get", {"ID": number})
    field = answer["result"]
    assert answer["total"] == 0
    assert (field["ENTITY_ID"], field["FIELD_NAME"], field["SORT"]) == ("TASKS_TASK", "UF_CLIENT", "100")
    assert (field["EDIT_FORM_LABEL"]["en"], field["SETTINGS"]["DEFAULT_VALUE"]) == ("Клиент", "x")
    assert await write.result(f"{PREFIX}.update", {"ID": number, "DATA": {"SORT": 7, "MANDATORY": "Y"}}) is True
    await write.result(f"{PREFIX}.add", {"PARAMS": {**FIELD, "FIELD_NAME": "UF_OTHER", "USER_TYPE_ID": "double"}})
    rows = await write.result(f"{PREFIX}.getlist", {"ORDER": {"SORT": "desc"}})
    assert [(row["FIELD_NAME"], row["SORT"], row["MANDATORY"]) for row in rows] == [
        ("UF_OTHER", "100", "N"),
        ("UF_CLIENT", "7", "Y"),
    ]
    assert "EDIT_FORM_LABEL" not in rows[0]
    rows = await write.result(f"{PREFIX}.getlist", {"FILTER": {"USER_TYPE_ID": "string"}})
    assert [row["ID"] for row in rows] == [str(number)]
    assert await write.result("crm.deal.userfield.list") == []
    assert await write.result(f"{PREFIX}.delete", {"ID": number}) is True
    _, answer = await write.refused(f"{PREFIX}.get", {"ID": number})
    text = f"The entity with ID '{number}' is not found."
    assert answer == {"error": "ERROR_NOT_FOUND", "error_description": text}
    assert (await write.result(f"{PREFIX}.add", {"PARAMS": FIELD})) > number


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("add", {"PARAMS": {"FIELD_NAME": "X"}}, "The 'USER_TYPE_ID' field is not found."),
        ("add", {"PARAMS": {"USER_TYPE_ID": "string"}}, "The 'FIELD_NAME' field is not found."),
        ("add", {"PARAMS": {**FIELD, "USER_TYPE_ID": "enumeration"}}, "Invalid user type specified."),
        ("get", {"ID": "x"}, "ID is not defined or invalid."),
        ("delete", {"ID": 0}, "ID is not defined or invalid."),
    ],
)
async def test_wrong_fields_have_the_code_of_tasks(
    call: Caller, method: str, params: dict[str, Any], text: str
) -> None:
    _, answer = await call.refused(f"{PREFIX}.{method}", params)
    assert answer == {"error": "ERROR_CORE", "error_description": text}


async def test_a_field_exists_once_and_only_administrators_add_it(write: Caller) -> None:
    await write.result(f"{PREFIX}.add", {"PARAMS": FIELD})
    _, answer = await write.refused(f"{PREFIX}.add", {"PARAMS": FIELD})
    assert answer["error"] == "ERROR_CORE"
    seller = Caller(write.sandbox, write.http)
    seller.base = f"/rest/{USER_WEBHOOK}/"
    _, answer = await seller.refused(f"{PREFIX}.add", {"PARAMS": {**FIELD, "FIELD_NAME": "NEW"}})
    assert answer == {"error": "ERROR_CORE", "error_description": "Access denied."}
    assert len(await seller.result(f"{PREFIX}.getlist")) == 1


async def test_fields_and_types_of_user_fields_are_described(call: Caller) -> None:
    fields = await call.result(f"{PREFIX}.getfields")
    assert fields["FIELD_NAME"] == {"type": "string", "title": "Code", "isImmutable": True}
    assert fields["LIST"]["isMultiple"] is True
    types = await call.result(f"{PREFIX}.gettypes")
    assert {"string", "double", "datetime", "boolean"} <= {kind["ID"] for kind in types}

"""Nested keys: objects of other pages, keys in the description of a parameter, and spellings of samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.catalog.build import build
from b24_mcp.catalog.build.objects import DocumentedObjects
from b24_mcp.dialect.editions import find_editions
from tests.catalog.test_build_editions import DOCS, NEEDS_DOCS, described, method_page, param, write
from tests.catalog.test_build_page import form, page, params

HEAD = "#|\n|| **Name**\n`type` | **Description** ||\n"


def row(name: str, kind: str, text: str) -> str:
    return f"|| **{name}**\n[`{kind}`](t.md) | {text} ||\n"


def table(*rows: str) -> str:
    return HEAD + "".join(rows) + "|#\n"


def names(parameters: list[dict[str, Any]]) -> list[str]:
    return [parameter["name"] for parameter in parameters]


def fields_of(line: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    parameter = next(one for one in line["params"] if one["name"] == name)
    return {one["name"]: one for one in parameter.get("fields", ())}


DESCRIBED = {
    "ID": {"type": "integer", "isRequired": False, "isReadOnly": True},
    "TITLE": {"type": "string", "isRequired": True, "isReadOnly": False},
    "PHONE": {"type": "crm_multifield", "isRequired": False, "isReadOnly": False, "isMultiple": True},
    "UF_CRM_1721244482": {"type": "string", "isRequired": False, "isReadOnly": False},
    "PARENT_ID_156": {"type": "crm_entity", "isRequired": False, "isReadOnly": False},
}


def with_answer(text: str, result: object) -> str:
    return f"{text}\n## Response Handling\n\n```json\n{json.dumps({'result': result})}\n```\n"


def test_lists_take_the_fields_of_an_object_in_a_table_of_another_page(tmp_path: Path) -> None:
    rows = param("select", "array") + param("filter", "object") + param("order", "object")
    types = (
        f"# Types\n\n## Structure\n\n### sale_order\n\n{table(row('id', 'integer', 'x'), row('lid', 'string', 'y'))}"
    )
    write(
        tmp_path / "en",
        {
            "api-reference/sale/order/sale-order-list": method_page("sale.order.list", rows=rows),
            "api-reference/sale/data-types": types,
        },
    )
    line = described(tmp_path, tmp_path / "out")["sale.order.list", "v2"]
    assert fields_of(line, "filter") == {
        "id": {"name": "id", "type": "integer", "required": False},
        "lid": {"name": "lid", "type": "string", "required": False},
    }
    assert [one["type"] for one in fields_of(line, "order").values()] == ["string", "string"]
    assert list(fields_of(line, "select")) == ["id", "lid"]


def test_lists_take_the_fields_that_a_sample_describes_without_those_of_one_portal(tmp_path: Path) -> None:
    write(
        tmp_path / "en",
        {
            "api-reference/crm/deals/crm-deal-list": method_page("crm.deal.list", rows=param("filter", "object")),
            "api-reference/crm/deals/crm-deal-fields": with_answer(method_page("crm.deal.fields"), DESCRIBED),
        },
    )
    lines = described(tmp_path, tmp_path / "out")
    assert list(fields_of(lines["crm.deal.list", "v2"], "filter")) == ["ID", "TITLE", "PHONE"]
    assert lines["crm.deal.fields", "v2"]["result"]["keys"] == ["ID", "TITLE", "PHONE"]


def test_a_new_object_has_required_and_read_only_fields_and_a_changed_one_has_no_required_ones(tmp_path: Path) -> None:
    write(
        tmp_path / "en",
        {
            "api-reference/crm/invoice-userfield-add": method_page(
                "crm.invoice.userfield.add", rows=param("fields", "object")
            ),
            "api-reference/crm/invoice-userfield-update": method_page(
                "crm.invoice.userfield.update", rows=param("fields", "object")
            ),
            "api-reference/crm/universal/user-defined-fields/crm-userfield-fields": with_answer(
                method_page("crm.userfield.fields"), DESCRIBED
            ),
        },
    )
    lines = described(tmp_path, tmp_path / "out")
    added = fields_of(lines["crm.invoice.userfield.add", "v2"], "fields")
    changed = fields_of(lines["crm.invoice.userfield.update", "v2"], "fields")
    assert (added["TITLE"]["required"], changed["TITLE"]["required"]) == (True, False)
    assert added["ID"]["read_only"] is True
    assert added["PHONE"]["type"] == "crm_multifield[]"


def test_what_a_page_says_of_a_field_counts_more_than_the_object(tmp_path: Path) -> None:
    fields = "Fields. Required fields:\n- `TITLE` — title\n- `RESPONSIBLE_ID` — person"
    answer = {"fields": {"TITLE": {"type": "string"}, "CREATED_BY": {"type": "integer", "required": True}}}
    write(
        tmp_path / "en",
        {
            "api-reference/tasks/tasks-task-add": method_page("tasks.task.add", rows=row("fields*", "object", fields)),
            "api-reference/tasks/tasks-task-get-fields": with_answer(method_page("tasks.task.getFields"), answer),
        },
    )
    found = fields_of(described(tmp_path, tmp_path / "out")["tasks.task.add", "v2"], "fields")
    of_pages = {name: one["required"] for name, one in found.items()}
    assert {name: of_pages[name] for name in of_pages if name not in ("SE_PARAMETER", "FORKED_BY_TEMPLATE_ID")} == {
        "TITLE": True,
        "RESPONSIBLE_ID": True,
        "CREATED_BY": False,
    }
    assert found["TITLE"]["type"] == "string"
    assert names(found["SE_PARAMETER"]["fields"]) == ["VALUE", "CODE"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Available fields:\n- `ID` — id\n- `NAME` — name\n\nPrefixes:\n- `>=` — greater", ["ID", "NAME"]),
        ("Filtering is supported by fields: `ID`, `NAME` with the usual operations", ["ID", "NAME"]),
        ("Only the fields `ID`, `NAME` are supported", ["ID", "NAME"]),
        ('Object `{"field_1": "value_1"}`', []),
    ],
)
def test_keys_of_a_filter_are_read_from_its_description(text: str, keys: list[str]) -> None:
    found = params(page(table(row("filter", "object", text))))[0]
    assert names(found.get("fields", [])) == keys


def test_an_order_with_the_same_fields_as_the_selection_has_them() -> None:
    rows = (
        row("select", "array", "Available fields:\n- `id` — id\n- `name` — name"),
        row("order", "object", "The fields are the same as for the `select` parameter"),
    )
    assert names(params(page(table(*rows)))[1]["fields"]) == ["id", "name"]


def test_a_key_of_a_filter_that_is_called_required_is_required() -> None:
    text = "The `OWNER_ID` field is required. Available fields:\n- `OWNER_ID` — owner\n- `NAME` — name"
    found = params(page(table(row("filter", "object", text))))[0]["fields"]
    assert [(one["name"], one["required"]) for one in found] == [("OWNER_ID", True), ("NAME", None)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Object in the format `{fileData: [value1, value2]}`. To delete: `{remove: 'Y'}`", ["fileData", "remove"]),
        ('An object `{"lang_1": "value_1"}`', []),
        ('An object, for example `{"ABC": 1}`', []),
        ("Array with the field `NAME`, where `NAME` is the name", ["NAME"]),
    ],
)
def test_keys_of_an_object_are_read_from_its_format_in_a_line(text: str, keys: list[str]) -> None:
    found = params(page(table(row("picture", "object", text))))[0]
    assert names(found.get("fields", [])) == keys


def test_a_section_about_one_key_of_a_parameter_is_nested_below_that_key() -> None:
    text = "Replacements. Keys:\n\n- **caption** — text\n- **fields** — list [below](#fields)"
    sections = f"### Parameter fields {{#fields}}\n\n{table(row('EMAIL', 'string', 'e-mail'))}"
    found = params(page(table(row("replace", "object", text)) + sections))[0]["fields"]
    assert names(found) == ["caption", "fields"]
    assert names(found[1]["fields"]) == ["EMAIL"]


def test_an_object_inside_a_filter_has_the_name_that_the_samples_send() -> None:
    section = f"### Parameter within {{#within}}\n\n{table(row('from', 'string', 'x'), row('to', 'string', 'y'))}"
    text = page(
        table(row("filter", "object", "Send `within` inside [below](#within)")) + section,
        sample='{"filter":{"within":{"from":"1","to":"2"}}}',
    )
    inner = params(text)[0]["fields"]
    assert names(inner) == ["within"]
    assert names(inner[0]["fields"]) == ["from", "to"]
    assert "pattern" not in inner[0]


def test_parameters_that_samples_send_inside_an_object_are_nested() -> None:
    rows = table(row("data", "object", "x"), row("name*", "string", "x"), row("id", "integer", "x"))
    found = params(page(rows, sample='{"data":{"name":"n"}}'))
    assert names(found) == ["data"]
    assert [(one["name"], one["required"]) for one in found[0]["fields"]] == [("name", True), ("id", False)]


def test_a_spelling_of_the_samples_is_noted() -> None:
    rows = table(row("lead.type", "integer", "x"), row("productid", "integer", "x"))
    found = params(page(rows, sample='{"productId":1}'))
    assert next(one for one in found if one["name"] == "productid")["also"] == ["productId"]
    assert names(next(one for one in found if one["name"] == "lead")["fields"]) == ["type"]


def test_parameters_for_several_purposes_are_joined() -> None:
    first = table(row("CODE", "string", "x"), row("LANG", "array", "x"), row("TITLE (LANG)", "string", "x"))
    second = table(row("CODE", "string", "x"), row("IFRAME", "string", "x"))
    command, frame = "## Method Parameters for a Command", "## Method Parameters for a Frame"
    text = page().replace("## Method Parameters\n", f"{command}\n\n{first}\n### Code Example\n\n{frame}\n\n{second}")
    found = params(text)
    assert names(found) == ["CODE", "LANG", "IFRAME"]
    assert names(found[1]["fields"]) == ["TITLE"]


def test_the_table_of_an_answer_below_a_linked_example_is_not_about_a_parameter() -> None:
    rest = (
        "### Upload by URL {#upload}\n\n```bash\ncurl x\n```\n\n## Response Handling\n\n### Returned Data\n\n"
        + table(row("SIZE", "integer", "x"), row("CODE", "string", "x"))
    )
    found = params(page(table(row("data", "array", "See [below](#upload)")), sample='{"data":{"NAME":"x"}}', rest=rest))
    assert found[0].get("fields", []) == []


def test_an_answer_keyed_by_codes_of_access_is_a_map() -> None:
    answer = with_answer(page(), {"U1": "X", "AU": "R", "G2": "W"})
    assert form(answer)["result"] == {"kind": "map"}


@NEEDS_DOCS
def test_the_documentation_has_every_object_of_the_tables() -> None:
    russian = find_editions(Path(DOCS or ""))["ru"]
    assert DocumentedObjects(russian).missing() == []


@NEEDS_DOCS
@pytest.mark.slow
def test_nested_keys_of_the_documentation(tmp_path: Path) -> None:
    build(Path(DOCS or ""), tmp_path)
    lines = [json.loads(text) for text in (tmp_path / "methods.jsonl").read_text("utf-8").splitlines()]
    known = {(line["method"], line["version"]): line for line in lines}
    deals = known["crm.deal.list", "v2"]
    assert {"ID", "STAGE_ID", "CONTACT_ID"} <= fields_of(deals, "filter").keys() == fields_of(deals, "order").keys()
    task = fields_of(known["tasks.task.add", "v2"], "fields")
    assert [name for name, one in task.items() if one["required"] is True] == ["TITLE", "RESPONSIBLE_ID"]
    assert task["ID"]["read_only"] is True
    assert "DEADLINE" in task
    assert "responsibleId" not in task
    assert list(fields_of(known["disk.folder.uploadFile", "v2"], "data")) == ["NAME"]
    assert len(known["imbot.app.register", "v2"]["params"]) == 15
    items = fields_of(known["crm.item.list", "v2"], "filter")
    assert items["companyTitle"]["for"] == ["entityTypeId=1"]
    assert "for" not in items["createdBy"]
    without = {line["method"] for line in lines if line["version"] == "v2" and _filters_without_fields(line)}
    assert without <= {
        "crm.paysystem.list",
        "crm.persontype.list",
        "crm.product.property.list",
        "rpa.item.list",
        "task.logitem.list",
    }


def _filters_without_fields(line: dict[str, Any]) -> bool:
    return any(one["name"].lower() == "filter" and not one.get("fields") for one in line["params"])

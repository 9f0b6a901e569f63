"""The build of one page: each irregularity of the documentation on a page made for it."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog.build import pages
from b24_mcp.catalog.build.errors import codes_in
from b24_mcp.catalog.build.extract import DocumentedMethod, facts_of
from b24_mcp.catalog.build.method_name import name_of
from b24_mcp.catalog.build.rows import names_of, type_of
from b24_mcp.catalog.build.sections import subject_of
from b24_mcp.catalog.build.values import values_of
from b24_mcp.catalog.facts import Result, Version
from b24_mcp.dialect.editions import STARS_COUNT, Source
from b24_mcp.dialect.markup import BrokenPageError, MarkupTable, parse, table_of

TYPE = "../data-types.md"


def row(name: str, kind: str = "string", text: str = "Words") -> str:
    return f"|| **{name}**\n[`{kind}`]({TYPE}) | {text} ||\n"


def table(*rows: str, head: str = "|| **Name**\n`type` | **Description** ||\n") -> str:
    return f"#|\n{head}{''.join(rows)}|#\n"


def page(parameters: str = "", *, lead: str = "", top: str = "", rest: str = "", sample: str = "") -> str:
    code = f"## Code Examples\n\n```bash\ncurl -d '{sample}' https://x/rest/1/a/shop.cart.add\n```\n" if sample else ""
    return (
        f"# Put into the cart shop.cart.add\n\n> Scope: [`shop`](../scopes.md)\n>\n"
        f"> Who can execute the method: any user\n\n{top}\n{lead}\n\n"
        f"## Method Parameters\n\n{parameters}\n{code}{rest}"
    )


def read(text: str, method: str = "shop.cart.add", version: Version = "v2") -> DocumentedMethod:
    return facts_of(pages.open_page(Source("api-reference/shop/shop-cart-add", text)), method, version)


def form(text: str, method: str = "shop.cart.add") -> dict[str, Any]:
    return read(text, method).facts.to_json()


def params(text: str, method: str = "shop.cart.add") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = form(text, method)["params"]
    return found


def one(text: str, name: str) -> dict[str, Any]:
    return next(param for param in params(text) if param["name"] == name)


# Tables


def test_a_bar_in_code_does_not_separate_cells() -> None:
    cells = table_of("#|\n|| **a** | `x|y` and ```p|q``` ||\n|#", ()).rows[0]
    assert [cell.text for cell in cells] == ["**a**", "`x|y` and `p|q`"]


def test_a_row_without_closing_bars_ends_where_the_next_begins() -> None:
    rows = table_of("#|\n|| **a** | one\n|| **b** | two ||\n|| **c** | three\n||\n|#", ()).rows
    assert [cells[0].text for cells in rows] == ["**a**", "**b**", "**c**"]


def test_a_table_inside_a_cell_is_part_of_the_cell() -> None:
    outer = table_of("#|\n|| **a** | See\n#|\n|| **x** | y ||\n|#\nthere ||\n|| **b** | two ||\n|#", ()).rows
    assert len(outer) == 2
    assert [cells[0].text for cells in outer[0][1].tables[0].rows] == ["**x**"]


def test_a_table_that_is_not_closed_makes_the_page_malformed() -> None:
    with pytest.raises(BrokenPageError, match="line 3"):
        parse("# Title\n\n#|\n|| **a** | b ||\n")


def test_tables_in_tabs_have_the_name_of_the_tab() -> None:
    tabs = "- Lead\n\n  #|\n  || **a** | b ||\n  |#\n\n- Deal\n\n  #|\n  || **c** | d ||\n  |#\n"
    text = "{% list tabs %}\n\n" + tabs + "\n{% endlist %}"
    assert [block.tab for block in parse(text) if isinstance(block, MarkupTable)] == [("Lead",), ("Deal",)]


# Names, stars and types


@pytest.mark.parametrize(
    ("cell", "names", "starred"),
    [
        ("**fields***", ["fields"], True),
        ("**fields*** ", ["fields"], True),
        ("**id**^*^", ["id"], True),
        ("**id^*^**", ["id"], True),
        ("**weight****", ["weight"], False),
        ("**name***,**", ["name"], True),
        ("`azure`", ["azure"], False),
        ("**REPORT_ID*** \\| **ID***", ["REPORT_ID", "ID"], True),
        ("**CALENDAR_EVENT**\\|**UF_CRM_CAL_EVENT**", ["CALENDAR_EVENT|UF_CRM_CAL_EVENT"], False),
        ("**LANGUAGE_ID (LANG)**", ["LANG.LANGUAGE_ID"], False),
        ("**Settings for every printer**", [], False),
        ("**<selector>**", ["<selector>"], False),
    ],
)
def test_names_and_stars_are_read_in_all_spellings(cell: str, names: list[str], starred: bool) -> None:
    assert names_of(cell)[:2] == (names, starred)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("[`integer`](t.md)", "integer"),
        ("[`integer`](t.md) \\| [`string`](t.md)", "integer|string"),
        ("[`integer`](t.md)\n[`string`](t.md)", "integer|string"),
        ("[`string` \\| `object`](t.md)", "string|object"),
        ("[```integer | integer[]```](t.md)", "integer|integer[]"),
        ("[`integer`](t.md) \\| `null`", "integer|null"),
        ("[`object`] ", "object"),
        ("`sale_order.id`", "sale_order.id"),
        ("", ""),
    ],
)
def test_types_are_kept_as_written_and_unions_are_joined(written: str, kind: str) -> None:
    assert type_of(written) == kind


@pytest.mark.parametrize("name", ["UF_...", "propertyN", "<selector>", "PROPERTY_PropertyId", "UF_CRM_xxx"])
def test_a_name_for_many_names_is_a_pattern(name: str) -> None:
    assert params(page(table(row(name))))[0]["pattern"] is True


def test_a_coordinate_is_one_name() -> None:
    assert "pattern" not in params(page(table(row("gpsN", "double"))))[0]


def test_the_names_that_a_pattern_stands_for_are_next_to_it() -> None:
    custom = "### Custom Fields {#own}\n\n" + table(row("UF_FILE", "array"), row("UF_COLOR"))
    text = page(table(row("TITLE"), row("UF_\\*", "any", "Custom fields, see [the set](#own)")) + "\n" + custom)
    assert [(p["name"], p.get("fields")) for p in params(text)] == [
        ("TITLE", None), ("UF_", None), ("UF_FILE", None), ("UF_COLOR", None),
    ]  # fmt: skip


def test_fields_that_a_filter_does_not_accept_are_left_out() -> None:
    said = "Use the fields of [the answer](#answer). The fields `B`, `C` are not supported in `filter`"
    fields = "### Answer {#answer}\n\n" + table(row("A"), row("B"), row("C"))
    assert [p["name"] for p in one(page(table(row("filter", "object", said)) + "\n" + fields), "filter")["fields"]] == [
        "A"
    ]


def test_the_lead_may_require_one_of_all_parameters() -> None:
    found = form(page(table(row("A"), row("B")), lead="Puts it there. You only need to provide one of the parameters."))
    assert (found["one_of"], [p["required"] for p in found["params"]]) == ([["A", "B"]], ["conditional"] * 2)


# Required


def test_without_any_star_required_is_unknown() -> None:
    assert [p["required"] for p in params(page(table(row("a"), row("b"))))] == [None, None]


def test_one_star_makes_the_others_optional() -> None:
    assert [p["required"] for p in params(page(table(row("a*"), row("b"))))] == [True, False]


def test_the_note_about_stars_makes_all_without_one_optional() -> None:
    assert params(page(STARS_COUNT + "\n\n" + table(row("a"))))[0]["required"] is False


@pytest.mark.parametrize(
    "text",
    [
        "Required if `mode` is `x`",
        "Обязателен, если `mode` равен `x`",
        "Owner. This parameter can be omitted if `mode` is `x`",
        "Владелец. Параметр можно не передавать, если `mode` равен `x`",
    ],
)
def test_a_parameter_required_under_a_condition_is_conditional(text: str) -> None:
    assert one(page(table(row("a*", text=text), row("mode"))), "a")["required"] == "conditional"


def test_a_required_format_is_not_a_condition() -> None:
    assert one(page(table(row("a", text="See the required format for dates"), row("b*"))), "a")["required"] is False


@pytest.mark.parametrize(
    "text",
    [
        "At least one of the parameters must be specified: `CODE` or `ID`",
        "Нужен хотя бы один из параметров: `CODE` или `ID`",
        "Обязательно передать `CODE` или `ID`",
        "Pass either `CODE` or `ID`",
    ],
)
def test_starred_parameters_of_which_one_is_enough_form_a_group(text: str) -> None:
    found = form(page(table(row("CODE*"), row("ID*", text=text))))
    assert found["one_of"] == [["CODE", "ID"]]
    assert [p["required"] for p in found["params"]] == ["conditional", "conditional"]


def test_a_choice_for_one_purpose_is_not_a_group() -> None:
    text = "To get one row, specify at least one of the parameters: `CODE` or `ID`"
    assert "one_of" not in form(page(table(row("TYPE*"), row("CODE"), row("ID", text=text))))


def test_a_parameter_required_without_another_forms_a_group() -> None:
    text = "Required if `DIALOG_ID` is not passed"
    assert form(page(table(row("CHAT_ID*", text=text), row("DIALOG_ID"))))["one_of"] == [["DIALOG_ID", "CHAT_ID"]]


def test_a_parameter_that_may_be_used_instead_of_a_required_one_forms_a_group() -> None:
    found = form(
        page(table(row("from*"), row("from_ts", text="Timestamp. Can be used instead of the `from` parameter")))
    )
    assert found["one_of"] == [["from", "from_ts"]]


def test_objects_by_names_of_the_caller_are_a_map() -> None:
    text = "Contains objects, each describing a [property](#property)"
    fields = "\n\n### Property {#property}\n\n" + table(row("Type"))
    found = one(page(table(row("props", "object", text)) + fields), "props")["fields"]
    assert [(field["name"], field["pattern"], [inner["name"] for inner in field["fields"]]) for field in found] == [
        ("<key>", True, ["Type"])
    ]


def test_a_code_that_begins_with_the_word_empty_is_no_empty_code() -> None:
    assert [codes_in("`EMPTY_TITLE`"), codes_in("Empty value")] == [["EMPTY_TITLE"], [""]]


def test_a_group_inside_an_object_is_named_by_paths() -> None:
    inner = table(row("id*"), row("code*")) + "\nPass one of the parameters `id` or `code`.\n"
    found = form(page(table(row("who*", "object")) + f"\n### Parameter who {{#who}}\n\n{inner}"))
    assert found["one_of"] == [["who.id", "who.code"]]


def test_alternative_sets_of_parameters_are_joined_and_their_keys_form_a_group() -> None:
    first = "### 1. By number\n\n" + table(row("id*", "integer"), row("size"))
    found = form(page(first + "\n### 2. By sign\n\n" + table(row("sign*"), row("size"))))
    assert [(p["name"], p["required"]) for p in found["params"]] == [
        ("id", "conditional"),
        ("size", False),
        ("sign", "conditional"),
    ]
    assert found["one_of"] == [["id", "sign"]]


# Values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Active. Possible values:\n- `Y` — yes\n- `N` — no\n\nBy default `Y`", ("Y", "N")),
        ("Состояние. Возможные значения: `new`, `old`. По умолчанию `new`", ("new", "old")),
        ("Whether it is active: `Y` or `N`", ("Y", "N")),
        ("Possible values for example `a`, `b`", ()),
        ("The `align` parameter is inside. Possible values: `left`, `right`", ()),
        ("Allowed values: `true`, `false`", ()),
        ("From `1` to `7`", ()),
    ],
)
def test_only_the_values_of_the_parameter_itself_are_read(text: str, values: tuple[str, ...]) -> None:
    assert values_of(text).values == values


# Nested fields


@pytest.mark.parametrize(
    "heading", ["Parameter fields {#fields}", "FIELDS Parameter", "Параметр fields", "fields Array Element"]
)
def test_fields_are_found_by_the_heading_however_it_is_written(heading: str) -> None:
    text = page(table(row("fields*", "object")) + f"\n### {heading}\n\n" + table(row("TITLE*")))
    assert one(text, "fields")["fields"] == [{"name": "TITLE", "type": "string", "required": True}]


def test_fields_are_found_by_an_anchor() -> None:
    linked = row("options", "object", "See [below](#how)")
    text = page(table(linked) + "\n### What may be chosen {#how}\n\n" + table(row("color")))
    assert [p["name"] for p in one(text, "options")["fields"]] == ["color"]


def test_a_dead_anchor_of_the_other_language_is_matched_by_its_last_word() -> None:
    linked = row("fields", "object", "See [below](#parametr-fields)")
    text = page(table(linked) + "\n### Parameter fields\n\n" + table(row("color")))
    assert [p["name"] for p in one(text, "fields")["fields"]] == ["color"]


def test_fields_nest_three_deep() -> None:
    text = page(
        table(row("a", "object"))
        + "\n### Parameter a\n\n" + table(row("b", "object"))
        + "\n### Parameter b\n\n" + table(row("c", "object"))
        + "\n### Parameter c\n\n" + table(row("d"))
    )  # fmt: skip
    a = one(text, "a")
    assert a["fields"][0]["fields"][0]["fields"][0]["name"] == "d"


def test_a_second_level_section_can_describe_fields() -> None:
    text = page(table(row("fields*", "object")) + "\n## Fields Parameter\n\n" + table(row("TITLE")))
    assert [p["name"] for p in one(text, "fields")["fields"]] == ["TITLE"]


def test_dotted_names_are_fields_of_their_parent() -> None:
    text = page(table(row("flowData*", "object"), row("flowData.id*", "integer"), row("items[].code")))
    assert [(p["name"], [f["name"] for f in p.get("fields", [])]) for p in params(text)] == [
        ("flowData", ["id"]),
        ("items", ["code"]),
    ]


def test_filterable_fields_belong_to_the_filter() -> None:
    text = page(
        table(row("filter", "object")) + "\n### Available Fields for Filtering\n\n" + table(row("ID", "integer"))
    )
    assert [p["name"] for p in one(text, "filter")["fields"]] == ["ID"]


def test_fields_of_an_order_are_strings_with_a_direction() -> None:
    text = page(
        table(row("order", "object", "By [fields](#f)")) + "\n### Fields {#f}\n\n" + table(row("ID", "integer"))
    )
    assert one(text, "order")["fields"][0]["type"] == "string"


def test_keys_in_bullets_are_fields_and_required_when_the_page_states_it() -> None:
    listed = "\n- `TITLE` — words\n- `CODE` — words"
    some = one(page(table(row("FILTER", "object", "The fields to filter by:" + listed))), "FILTER")["fields"]
    assert [(field["name"], field["required"]) for field in some] == [("TITLE", None), ("CODE", None)]
    all_needed = one(page(table(row("fields*", "object", "Required fields:" + listed))), "fields")["fields"]
    assert [field["required"] for field in all_needed] == [True, True]


def test_a_table_of_error_codes_is_not_read_as_fields() -> None:
    codes = "#|\n|| **Code** | **Description** ||\n|| `X` | y ||\n|#\n"
    rest = "## Error Handling\n\n### Possible Error Codes {#codes}\n\n" + codes
    assert "fields" not in one(page(table(row("data", "object", "See [below](#nowhere-codes)")), rest=rest), "data")


def test_fields_that_differ_by_tab_have_their_tabs() -> None:
    tabs = "{% list tabs %}\n\n- Lead\n\n" + table(row("title"), row("name*")) + "\n- Deal\n\n" + table(row("title"))
    fields = one(
        page(table(row("fields*", "object")) + "\n### Parameter fields\n\n" + tabs + "\n{% endlist %}\n"), "fields"
    )["fields"]
    assert fields == [
        {"name": "title", "type": "string", "required": False},
        {"name": "name", "type": "string", "required": "conditional", "for": ["Lead"]},
    ]


def test_a_tab_is_named_by_the_value_it_is_for() -> None:
    tab = "{% list tabs %}\n\n- Lead\n\n  For **entityTypeId:** `1`\n\n" + table(row("a"))
    text = page(table(row("fields*", "object")) + "\n### Parameter fields\n\n" + tab + "\n- Deal\n\n" + table(row("b")))
    assert [p["for"] for p in one(text, "fields")["fields"]] == [["entityTypeId=1"], ["Deal"]]


def test_a_sample_shows_that_an_object_is_a_map_of_documented_objects() -> None:
    text = page(
        table(row("PROPERTIES", "object", "Objects by name, see [below](#p)"))
        + "\n### Object P {#p}\n\n"
        + table(row("Type")),
        sample='{"PROPERTIES":{"color":{"Type":"string"}}}',
    )
    assert one(text, "PROPERTIES")["fields"] == [
        {"name": "<key>", "type": "object", "required": None, "pattern": True, "fields": [
            {"name": "Type", "type": "string", "required": None}]}
    ]  # fmt: skip


def test_an_array_that_the_sample_sends_as_a_list_is_a_list() -> None:
    text = page(table(row("ids", "array"), row("map", "array")), sample='{"ids":[1,2],"map":{"a":1}}')
    assert [p.get("list", False) for p in params(text)] == [True, False]


def test_a_headerless_table_and_one_with_a_column_of_types_are_read() -> None:
    assert params(page(table(row("FILTER", "object"), head="")))[0]["name"] == "FILTER"
    columns = "#|\n|| **Field** | **Type** | **Description** ||\n|| **A** | [`integer`](t.md) | Words ||\n|#\n"
    assert params(page(columns)) == [{"name": "A", "type": "integer", "required": None}]


def test_a_table_in_the_lead_of_an_older_page_is_read() -> None:
    text = page(lead=table(row("id*", "integer"))).replace("## Method Parameters", "")
    assert params(text) == [{"name": "id", "type": "integer", "required": True}]


def test_a_page_without_any_table_is_read_by_its_sample() -> None:
    assert params(page(sample='{"filter":{"ID":1},"auth":"x"}')) == [
        {"name": "filter", "type": "object", "required": None}
    ]


def test_arguments_of_a_positional_method_are_in_the_order_of_the_portal() -> None:
    text = page(table(row("FILTER", "object"), row("TASKID*", "integer"), row("ORDER", "object")))
    found = form(text, "task.commentitem.getlist")
    assert found["positional"] is True
    assert [p["name"] for p in found["params"]] == ["TASKID", "ORDER", "FILTER"]


# Headers, deprecation, answers, errors


@pytest.mark.parametrize(
    ("line", "scopes"),
    [
        ("[`crm`](s.md)", ["crm"]),
        ("[`a`](s.md), [`b`](s.md)", ["a", "b"]),
        ("`placement, crm`", ["placement", "crm"]),
        ("`placement, depending on the module`", ["placement"]),
        ("[`shop`](s.md), that of the module in `moduleId` (for example, [`crm`](s.md))", ["shop"]),
        ("basic", ["basic"]),
        ("базовый", ["basic"]),
    ],
)
def test_scopes_are_read_in_all_forms(line: str, scopes: list[str]) -> None:
    text = page().replace("[`shop`](../scopes.md)", line)
    assert form(text)["scope"] == scopes


@pytest.mark.parametrize(
    ("wording", "who"),
    [
        ("any user", "any"),
        ("`any user`", "any"),
        ("administrator", "admin"),
        ("CRM administrator", "crm_admin"),
        ("administrator CRM", "crm_admin"),
        ("a user with the right to read deals", "rights"),
    ],
)
def test_who_may_call_is_read_in_all_wordings(wording: str, who: str) -> None:
    text = page().replace("the method: any user", f"the method: {wording}")
    assert form(text)["who"] == who


def test_an_application_only_method_is_known_by_its_lead_or_by_its_error() -> None:
    row_of_code = "## Error Handling\n\n#|\n|| **Code** | **Description** ||\n|| `WRONG_AUTH_TYPE` | {} ||\n|#\n"
    assert form(page(lead="It works only in the context of an application."))["context"] == "app"
    assert form(page(rest=row_of_code.format("Application context required")))["context"] == "app"
    assert form(page(rest=row_of_code.format("not allowed by session authorization")))["context"] == "session"
    assert form(page())["context"] == "any"


def test_a_superseded_method_is_known_by_its_note() -> None:
    note = '{% note warning "DEPRECATED" %}\n\nUse [shop.basket.add](./shop-basket-add.md).\n\n{% endnote %}\n'
    method = read(page(top=note))
    assert (method.facts.superseded, method.facts.deprecated) == (True, False)
    assert method.links == ("api-reference/shop/shop-basket-add",)


def test_a_method_that_does_nothing_any_more_is_deprecated_and_not_only_superseded() -> None:
    words = "Development of this method has been halted. The method does not work in the new card."
    method = read(page(top=f'{{% note warning "DEPRECATED" %}}\n\n{words}\n\n{{% endnote %}}\n'))
    assert (method.facts.superseded, method.facts.deprecated) == (False, True)


def test_a_deprecated_parameter_does_not_deprecate_the_method() -> None:
    text = page(table(row("old", text='Old {% note warning "DEPRECATED" %} Do not use. {% endnote %}')))
    assert "deprecated" not in form(text)


@pytest.mark.parametrize(
    ("sample", "result"),
    [
        ('{"result": true}', {"kind": "boolean"}),
        ('{"result": 17, "time": {}}', {"kind": "integer"}),
        ('{"result": [{"ID": "1"}, ...]}', {"kind": "list"}),
        (
            '{"result": {"items": [{"id": 1}], "total": 3}}',
            {"kind": "object", "list_key": "items", "keys": ["items", "total"]},
        ),
        ('{"result": {"7": {"ID": 7}, "9": {"ID": 9}}}', {"kind": "map"}),
        ('{"vats": [{"id": 1}], "total": 1}', {"kind": "object", "list_key": "vats", "keys": ["vats"]}),
        ('{\n "result": { // the id\n  "id": 5,\n },\n}', {"kind": "object", "keys": ["id"]}),
    ],
)
def test_the_answer_is_read_from_the_sample(sample: str, result: dict[str, Any]) -> None:
    rest = f"## Response Handling\n\n```json\n{sample}\n```\n"
    assert form(page(rest=rest), method="shop.cart.list")["result"] == result


def test_codes_are_read_from_each_layout_of_the_table_of_errors() -> None:
    def codes(body: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = form(page(rest=f"## Error Handling\n\n{body}"))["errors"]
        return found

    assert codes("#|\n|| **Status** | **Code** | **Description** ||\n|| `403` | `NO` | x ||\n|#") == [
        {"code": "NO", "status": 403}
    ]
    assert codes("#|\n|| **Code** | **Description** | **Status** ||\n|| `NO` | x | 404 ||\n|#") == [
        {"code": "NO", "status": 404}
    ]
    assert codes("#|\n|| **Code** | **Description** ||\n|| Empty value | x ||\n|| `A`\n`B` | y ||\n|#") == [
        {"code": ""},
        {"code": "A"},
        {"code": "B"},
    ]
    fields = "#|\n|| **Field** | **Error description** | **How to fix** ||\n|| `id` | x | y ||\n|#"
    assert codes("Error code: `SOME_EXCEPTION`\n\n" + fields) == [{"code": "SOME_EXCEPTION"}]


def test_the_status_above_a_sample_belongs_to_the_code_in_the_sample_only() -> None:
    sample = 'HTTP status: **400**\n\n```json\n{"error": "A", "error_description": ""}\n```\n\n'
    listed = "#|\n|| **Code** | **Description** ||\n|| `A` | x ||\n|| `B` | y ||\n|#"
    assert form(page(rest=f"## Error Handling\n\n{sample}{listed}"))["errors"] == [
        {"code": "A", "status": 400},
        {"code": "B"},
    ]


# Corrections of single methods


def answers(sample: str) -> str:
    return page(rest=f"## Response Handling\n\n```json\n{sample}\n```\n")


def test_a_corrected_kind_of_result_replaces_the_kind_in_the_sample() -> None:
    text = answers('{"result": {"a": {"ID": 7}}}')
    assert read(text, "shop.cart.get").facts.result == Result("object", keys=("a",))
    assert read(text, "calendar.accessibility.get").facts.result == Result("map")
    assert read(text, "calendar.accessibility.get", "v3").facts.result.kind == "object"


def test_a_correction_for_pages_without_a_sample_leaves_a_sample_alone() -> None:
    assert read(page(), "crm.product.list").facts.result == Result("list")
    assert read(answers('{"result": {"a": 1}}'), "crm.product.list").facts.result == Result("object", keys=("a",))


def test_a_corrected_list_key_is_the_key_of_the_list() -> None:
    assert read(page(), "catalog.vat.list").facts.result == Result("object", "vats")
    assert read(page(), "documentgenerator.region.list").facts.result == Result("object", "regions", is_map=True)


def test_a_method_that_a_batch_refuses_is_marked() -> None:
    assert not read(page(), "batch").facts.batch
    assert read(page()).facts.batch


def test_values_in_a_spelling_that_the_portal_refuses_are_dropped() -> None:
    text = page(table(row("moduleId", text="Possible values: `IM`, `CRM`")))
    assert read(text).facts.params[0].values == ("IM", "CRM")
    assert read(text, "vote.AttachedVote.get").facts.params[0].values == ()


def test_the_paging_of_a_known_family_does_not_depend_on_its_parameters() -> None:
    text = answers('{"result": [{"ID": "1"}]}')
    assert read(text, "shop.cart.list").facts.paging == "none"
    assert read(text, "user.get").facts.paging == "C"
    assert read(answers('{"result": 5}'), "user.get").facts.paging is None


# Names of methods


def test_the_name_comes_from_lead_and_samples_when_the_title_lacks_it() -> None:
    text = "# Fields\n\nThe method `shop.cart.fields` tells.\n\n```\ncurl https://x/rest/1/a/shop.cart.fields\n```"
    assert name_of("api-reference/shop/shop-cart-fields", ["Fields"], text) == "shop.cart.fields"


def test_a_title_outvotes_a_sample_of_another_method() -> None:
    text = "```\ncurl https://x/rest/1/a/shop.pay.list\n```\n"
    assert name_of("api-reference/shop/shop-cart-add", ["Add shop.cart.add"], text) == "shop.cart.add"


def test_the_spelling_of_the_title_is_used() -> None:
    text = "```\ncurl https://x/rest/1/a/shop.cartitem.add\n```\n"
    assert name_of("api-reference/shop/shop-cart-item-add", ["Add shop.cartItem.add"], text) == "shop.cartItem.add"


def test_a_page_whose_title_names_another_method_is_corrected_by_a_table() -> None:
    page_path = "api-reference/chats/special-operations/im-recent-pin"
    assert name_of(page_path, ["Pin above the im.recent list"], "") == "im.recent.pin"


@pytest.mark.parametrize(
    ("title", "subject"),
    [("Parameter fields", "fields"), ("SETTINGS Parameter", "settings"), ("Объект permissions", "permissions"),
     ("fields.fields Array Element", "fields.fields"), ("Examples of Objects", "examples")],
)  # fmt: skip
def test_the_subject_of_a_heading_is_its_specific_word(title: str, subject: str) -> None:
    assert subject_of(title) == subject

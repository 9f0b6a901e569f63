"""The facts of a method, and the shipped file."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.catalog.names import folded
from b24_mcp.catalog.tables import read_table

SHIPPED = Path(__file__).parents[2] / "b24_mcp/catalog/data"
LINES: list[dict[str, Any]] = [json.loads(line) for line in (SHIPPED / "methods.jsonl").read_text("utf-8").splitlines()]
DESCRIBED = [line for line in LINES if line["page"] is not None]
SECTIONS = {
    "ai": 3, "biconnector": 19, "bizproc": 21, "booking": 38, "calendar": 21, "catalog": 149, "chat-bots": 64,
    "chats": 67, "common": 14, "crm": 436, "departments": 29, "disk": 38, "document-generator": 29, "entity": 17,
    "event-log": 5, "events": 8, "imopenlines": 50, "landing": 99, "lists": 19, "log": 9, "mail": 24,
    "mailservice": 6, "messageservice": 5, "note": 25, "outdated": 30, "pay-system": 14, "sale": 140, "sign": 16,
    "sonet-group": 44, "tasks": 140, "telephony": 34, "timeman": 18, "user": 11, "user-consent": 3, "vibe": 4,
    "vote": 10, "widgets": 8,
}  # fmt: skip
KINDS = {"object", "list", "map", "boolean", "integer", "number", "string", "null", "unknown"}
PAGING = {
    None, "A", "B", "C", "D", "NAV_PARAMS", "LAST_ID", "LIMIT/OFFSET", "limit/offset", "cursor", "pop", "page", "none",
    "pagination", "tail",
}  # fmt: skip


OPTIONAL = {
    "values", "open", "default", "min", "max", "longest", "unit", "from", "read_only", "list", "fields", "pattern",
    "for", "also", "one_of",
}  # fmt: skip


def flat(params: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for param in params:
        yield param
        yield from flat(param.get("fields", []))


def known(method: str, version: str | None = None) -> MethodFacts:
    found = known_methods().method(method, version)
    assert found is not None
    return found.facts


def test_a_method_is_found_in_any_letter_case_and_keeps_the_documented_one() -> None:
    assert known("CRM.DEAL.LIST").method == "crm.deal.list"
    assert known("imbot.v2.bot.list").method == "imbot.v2.Bot.list"
    assert known_methods().method("crm.deal.fly") is None
    assert known_methods().method("crm.deal.list", "v3") is None


def test_without_a_version_v2_comes_first() -> None:
    assert known_methods().versions("tasks.task.get") == ["v2", "v3"]
    assert known("tasks.task.get").version == "v2"
    assert known("tasks.task.get", "v3").params[0].name == "id"
    assert known("mail.mailbox.list").version == "v3"


def test_the_facts_of_a_creating_method_are_typed() -> None:
    add = known("crm.item.add")
    assert (add.scope, add.who, add.context, add.result.keys) == (("crm",), "rights", "any", ("item",))
    entity, fields, _ = add.params
    assert (entity.name, entity.type, entity.required) == ("entityTypeId", "integer", True)
    title = next(field for field in fields.fields if field.name == "title")
    assert (title.type, title.required, title.values) == ("string", False, ())
    assert next(field for field in fields.fields if field.name == "ufCrm...").pattern
    stage = next(field for field in fields.fields if field.name == "stageId")
    assert {"entityTypeId=1", "entityTypeId=2"} <= set(stage.variants)


def test_lists_have_their_key_and_paging() -> None:
    expected = {
        "crm.deal.list": ("list", None, "A"),
        "crm.item.list": ("object", "items", "B"),
        "tasks.task.list": ("object", "tasks", "B"),
        "catalog.product.sku.list": ("object", "units", "B"),
        "user.get": ("list", None, "C"),
        "disk.folder.getchildren": ("list", None, "C"),
        "task.item.list": ("list", None, "NAV_PARAMS"),
        "lists.field.get": ("map", None, "none"),
        "im.dialog.messages.get": ("object", "messages", "LAST_ID"),
        "documentgenerator.template.list": ("object", "templates", "B"),
        "event.offline.get": ("object", "events", "pop"),
        "biconnector.source.list": ("list", None, "page"),
        "crm.status.list": ("list", None, "none"),
    }
    found = {name: known(name) for name in expected}
    assert {name: (one.result.kind, one.result.list_key, one.paging) for name, one in found.items()} == expected
    assert found["documentgenerator.template.list"].result.is_map
    tail = known("main.eventlog.tail", "v3")
    assert (tail.paging, tail.result.list_key) == ("tail", "items")
    tasks = known("tasks.task.list", "v3")
    assert tasks.paging == "pagination"
    pagination = next(param for param in tasks.params if param.name == "pagination")
    assert [field.name for field in pagination.fields] == ["page", "limit", "offset"]
    assert known("note.collection.list", "v3").paging == "cursor"
    # Its `start` is where the numbers begin.
    assert known("documentgenerator.numerator.add").paging is None


def test_positional_methods_have_the_order_of_the_portal() -> None:
    first = known("task.item.list")
    second = known("task.items.getlist")
    assert first.positional
    assert second.positional
    assert [param.name.upper() for param in first.params] == ["ORDER", "FILTER", "PARAMS", "SELECT"]
    # The page calls what is selected TASKDATA and what pages NAV_PARAMS.
    assert [param.name.upper() for param in second.params] == ["ORDER", "FILTER", "TASKDATA", "NAV_PARAMS"]
    assert not known("tasks.task.list").positional


def test_superseded_methods_still_work_and_name_their_replacement() -> None:
    classic = known("crm.deal.add")
    assert (classic.superseded, classic.deprecated, classic.replaced_by) == (True, False, ("crm.item.add",))
    assert not known("crm.type.add").superseded


def test_methods_that_do_nothing_in_new_portals_are_deprecated() -> None:
    assert known("task.commentitem.delete").deprecated
    assert known("crm.invoice.add").deprecated


def test_parameters_of_which_one_is_enough_form_a_group() -> None:
    found = known("lists.element.add")
    assert ("IBLOCK_ID", "IBLOCK_CODE") in found.one_of
    assert {p.name: p.required for p in found.params}["IBLOCK_ID"] == "conditional"


def test_only_a_batch_is_forbidden_in_a_batch() -> None:
    assert not known("batch").batch
    assert known("crm.deal.add").batch


# The shipped file


def test_every_line_has_the_fields_of_the_format() -> None:
    needed = {"method", "version", "scope", "who", "context", "params", "result", "paging", "errors", "page"}
    optional = {"positional", "one_of", "deprecated", "superseded", "replaced_by", "batch", "limits", "permission"}
    for line in LINES:
        assert needed <= line.keys() <= needed | optional, line["method"]
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*", line["method"])
        assert line["version"] in {"v2", "v3"}
        assert line["who"] in {"any", "admin", "crm_admin", "rights"}
        assert line["context"] in {"any", "app", "session"}
        assert line["result"]["kind"] in KINDS
        assert line["result"].keys() <= {"kind", "list_key", "map", "keys"}
        assert line["paging"] in PAGING
        assert all(re.fullmatch(r"[a-z][a-z0-9_.]*", scope) for scope in line["scope"]), line["method"]
        assert all(error.keys() <= {"code", "status"} for error in line["errors"])


def test_every_parameter_has_the_fields_of_the_format() -> None:
    for line in LINES:
        for param in flat(line["params"]):
            where = f"{line['method']} {param['name']}"
            assert {"name", "type", "required"} <= param.keys(), where
            assert param.keys() <= {"name", "type", "required"} | OPTIONAL, where
            assert param["name"], where
            assert param["required"] in (True, False, None, "conditional"), where
            assert re.fullmatch(r"|[A-Za-z][\w.]*(\[\])*(\|[A-Za-z][\w.]*(\[\])*)*", param["type"]), where
            assert len(set(param.get("values", ()))) == len(param.get("values", ())), where


def test_the_limits_and_sources_of_parameters_fit_together() -> None:
    methods = {line["method"] for line in LINES}
    for line in LINES:
        for param in flat(line["params"]):
            where = f"{line['method']} {param['name']}"
            assert param.get("from", line["method"]) in methods, where
            assert param.get("min", 0) <= param.get("max", 10**9), where
            if "values" not in param:
                assert "open" not in param, where
            elif "open" not in param:
                assert param.get("default", "null") in ("null", *param["values"]), where


def test_names_are_unique_among_the_parameters_of_one_place() -> None:
    def check(params: list[dict[str, Any]], where: str) -> None:
        names = [param["name"] for param in params]
        assert len(names) == len(set(names)), (where, names)
        for param in params:
            check(param.get("fields", []), f"{where} {param['name']}")

    for line in LINES:
        check(line["params"], line["method"])


def test_groups_name_existing_parameters() -> None:
    for line in LINES:
        for group in line.get("one_of", []):
            assert len(group) > 1
            for path in group:
                params = line["params"]
                for name in path.split("."):
                    found = [param for param in params if param["name"] == name]
                    assert found, (line["method"], path)
                    params = found[0].get("fields", [])


def test_facts_are_encoded_as_they_were_parsed() -> None:
    for line in LINES:
        assert list(MethodFacts.from_json(line).to_json().items()) == list(line.items())


def test_lines_are_sorted_and_unique() -> None:
    keys = [(line["method"].lower(), line["version"]) for line in LINES]
    assert keys == sorted(set(keys))


def test_a_list_key_is_a_name_among_the_keys() -> None:
    for line in LINES:
        result = line["result"]
        if key := result.get("list_key"):
            assert result["kind"] == "object", line["method"]
            assert not result.get("keys") or key in result["keys"], line["method"]


def test_replacements_are_existing_methods() -> None:
    names = {line["method"] for line in LINES}
    assert {name for line in LINES for name in line.get("replaced_by", [])} <= names


def test_the_file_has_no_prose_of_the_documentation() -> None:
    text = (SHIPPED / "methods.jsonl").read_text("utf-8")
    assert not re.search("[а-яё]", text, re.I)
    assert not re.search(r'"[^"]*\w+ \w+ \w+ \w+ \w+[^"]*"', text)
    assert len(text.encode()) < 2_500_000


def test_the_counts_are_those_of_the_documentation() -> None:
    assert len(DESCRIBED) == 1671
    assert sum(line["version"] == "v3" for line in DESCRIBED) == 106
    assert sum(line.get("deprecated", False) or line.get("superseded", False) for line in DESCRIBED) == 239
    assert sum(line.get("superseded", False) for line in DESCRIBED) == 59
    assert Counter(line["who"] for line in DESCRIBED)["crm_admin"] == 66
    assert Counter(line["who"] for line in DESCRIBED)["admin"] == 286


def test_the_counts_of_each_section_are_those_of_the_documentation() -> None:
    found = Counter(line["page"].split("/")[1] for line in DESCRIBED if line["page"].startswith("api-reference/"))
    assert found == SECTIONS


def test_events_are_in_a_separate_file() -> None:
    events = [json.loads(line) for line in (SHIPPED / "events.jsonl").read_text("utf-8").splitlines()]
    names = [event["event"].lower() for event in events]
    assert len(events) == 209
    assert names == sorted(set(names))
    assert "oncrmdealadd" in names
    assert not {line["method"].lower() for line in LINES} & set(names)


def test_values_that_a_table_adds_to_objects_are_shipped() -> None:
    def at(method: str, *path: str) -> dict[str, Any]:
        params: list[dict[str, Any]] = next(line["params"] for line in LINES if line["method"] == method)
        for name in path[:-1]:
            params = next(param["fields"] for param in params if param["name"] == name)
        return next(param for param in params if param["name"] == path[-1])

    phone = at("crm.contact.add", "fields", "PHONE", "VALUE_TYPE")
    assert ("WORK" in phone["values"], phone["open"]) == (True, True)
    operator = at("imopenlines.config.add", "PARAMS", "QUEUE", "ENTITY_TYPE")
    assert (operator["values"], operator.get("open")) == (["user", "department"], None)
    separator = at("crm.currency.localizations.set", "localizations", "<lang>", "THOUSANDS_VARIANT")
    assert (separator["values"], separator["default"]) == (["N", "C", "D", "S", "B"], "S")


def test_each_row_of_words_is_about_documented_parameters() -> None:
    """A row whose type, method, name or values were renamed would have no effect."""
    known: dict[str, set[str]] = {}
    for param in (param for line in LINES for param in flat(line["params"])):
        values = param.get("values", [])
        names = [
            param["type"].lower(),
            param.get("from", "").lower(),
            ",".join(values),
            f"name:{folded(param['name'])}",
        ]
        for name in names:
            known.setdefault(name, set()).update(value.lower() for value in values)
    for row in read_table("value_words"):
        assert row["of"] in known, row["of"]
        for entry in row["words"].split(", "):
            value = entry.partition(" ")[0].lower()
            assert value in known[row["of"]] or value.isdecimal() or row["of"] == "crm.status.entity.types", entry

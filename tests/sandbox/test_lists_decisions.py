"""What universal lists decide: rights, required fields, what is deleted together."""

from __future__ import annotations

import pytest

from b24_sandbox.entities.iblock import CHOICE, ELEMENT, PROPERTY, SECTION, VALUE
from tests.sandbox.conftest import Caller

OWN: dict[str, object] = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "cars"}


async def _list(write: Caller) -> int:
    return int(await write.result("lists.add", {**OWN, "FIELDS": {"NAME": "Машины"}}))


async def _field(write: Caller, **more: object) -> str:
    fields = {"NAME": "Цвет", "TYPE": "S", "CODE": "COLOUR", **more}
    return str(await write.result("lists.field.add", {**OWN, "FIELDS": fields}))


async def _element(write: Caller, code: str = "one", **more: object) -> int:
    fields = {"NAME": code, **more}
    return int(await write.result("lists.element.add", {**OWN, "ELEMENT_CODE": code, "FIELDS": fields}))


async def test_a_list_is_created_by_an_administrator(write: Caller) -> None:
    sent = {**OWN, "FIELDS": {"NAME": "Машины"}}
    _, answer = await write.as_user().refused("lists.add", sent)
    assert answer["error"] == "ACCESS_DENIED"
    await write.result("lists.add", sent)
    _, answer = await write.refused("lists.add", sent)
    assert answer["error"] == "ERROR_IBLOCK_ALREADY_EXISTS"
    assert await write.result("lists.add", {**sent, "IBLOCK_TYPE_ID": "lists_socnet"}) > 0


@pytest.mark.parametrize("left", ["IBLOCK_TYPE_ID", "IBLOCK_CODE", "FIELDS"])
async def test_a_new_list_needs_type_code_and_fields(write: Caller, left: str) -> None:
    sent = {name: value for name, value in {**OWN, "FIELDS": {"NAME": "Машины"}}.items() if name != left}
    _, answer = await write.refused("lists.add", sent)
    assert answer == {
        "error": "ERROR_REQUIRED_PARAMETERS_MISSING",
        "error_description": f"Required parameter `{left}` is missing",
    }


async def test_everything_of_a_list_is_deleted_with_it(write: Caller) -> None:
    storage = write.sandbox.portal.storage
    before = [storage.count(entity) for entity in (CHOICE, ELEMENT, PROPERTY, SECTION, VALUE)]
    await _list(write)
    field = await _field(write, TYPE="L", LIST_TEXT_VALUES="Красный\nСиний")
    await write.result("lists.section.add", {**OWN, "SECTION_CODE": "big", "FIELDS": {"NAME": "Большие"}})
    await _element(write, **{field: "1"})
    during = [storage.count(entity) for entity in (CHOICE, ELEMENT, PROPERTY, SECTION, VALUE)]
    assert during == [count + more for count, more in zip(before, (2, 1, 1, 1, 1), strict=True)]
    await write.result("lists.delete", OWN)
    assert [storage.count(entity) for entity in (CHOICE, ELEMENT, PROPERTY, SECTION, VALUE)] == before


async def test_a_section_is_deleted_with_its_sections_and_elements(write: Caller) -> None:
    await _list(write)
    section = {**OWN, "FIELDS": {"NAME": "Раздел"}}
    top = await write.result("lists.section.add", {**section, "SECTION_CODE": "top"})
    inner = await write.result("lists.section.add", {**section, "SECTION_CODE": "inner", "IBLOCK_SECTION_ID": top})
    element = {**OWN, "FIELDS": {"NAME": "x"}}
    await write.result("lists.element.add", {**element, "ELEMENT_CODE": "deep", "IBLOCK_SECTION_ID": inner})
    await write.result("lists.element.add", {**element, "ELEMENT_CODE": "free"})
    await write.result("lists.section.delete", {**OWN, "SECTION_ID": top})
    assert await write.result("lists.section.get", OWN) == []
    assert [row["CODE"] for row in await write.result("lists.element.get", OWN)] == ["free"]


async def test_values_of_a_deleted_field_disappear(write: Caller) -> None:
    await _list(write)
    field, other = await _field(write), await _field(write, CODE="SIZE")
    await _element(write, **{field: "Красный", other: "XL"})
    assert await write.result("lists.field.delete", {**OWN, "FIELD_ID": field}) is True
    row = (await write.result("lists.element.get", OWN))[0]
    assert (field in row, list(row[other].values())) == (False, ["XL"])
    assert field not in await write.result("lists.field.get", OWN)


async def test_a_required_field_must_be_sent(write: Caller) -> None:
    await _list(write)
    field = await _field(write, IS_REQUIRED="Y")
    _, answer = await write.refused("lists.element.add", {**OWN, "ELEMENT_CODE": "a", "FIELDS": {"NAME": "a"}})
    assert answer["error"] == "ERROR_ADD_ELEMENT"
    await write.refused("lists.element.add", {**OWN, "ELEMENT_CODE": "a", "FIELDS": {"NAME": "a", field: ""}})
    await _element(write, **{field: "Красный"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"NAME": ""}, "ERROR_REQUIRED_PARAMETERS_MISSING"),
        ({"TYPE": ""}, "ERROR_REQUIRED_PARAMETERS_MISSING"),
        ({"TYPE": "X"}, "ERROR_SAVE_FIELD"),
        ({"CODE": ""}, "ERROR_SAVE_FIELD"),
        ({}, "ERROR_SAVE_FIELD"),
    ],
)
async def test_a_field_needs_name_type_and_a_free_code(write: Caller, change: dict[str, str], code: str) -> None:
    await _list(write)
    await _field(write)
    fields = {"NAME": "Цвет", "TYPE": "S", "CODE": "COLOUR", **change}
    _, answer = await write.refused("lists.field.add", {**OWN, "FIELDS": fields})
    assert answer["error"] == code


async def test_a_new_field_has_the_defaults_of_the_portal(write: Caller) -> None:
    await _list(write)
    field = await _field(write)
    shown = (await write.result("lists.field.get", OWN))[field]
    assert (shown["SORT"], shown["IS_REQUIRED"], shown["MULTIPLE"], shown["ROW_COUNT"], shown["COL_COUNT"]) == (
        500,
        "N",
        "N",
        "1",
        "30",
    )


async def test_the_type_of_a_field_stays(write: Caller) -> None:
    await _list(write)
    field = await _field(write)
    fields = {"NAME": "Краска", "TYPE": "N"}
    await write.result("lists.field.update", {**OWN, "FIELD_ID": field, "FIELDS": fields})
    shown = (await write.result("lists.field.get", OWN))[field]
    assert (shown["NAME"], shown["TYPE"]) == ("Краска", "S")


async def test_choices_are_added_changed_and_removed(write: Caller) -> None:
    await _list(write)
    field = await _field(write, TYPE="L", LIST={"n0": {"VALUE": "Красный"}, "n1": {"VALUE": "Синий"}})

    async def shown() -> dict[str, str]:
        values: dict[str, str] = (await write.result("lists.field.get", OWN))[field]["DISPLAY_VALUES_FORM"]
        return values

    red, blue = await shown()
    change = {"NAME": "Цвет", "LIST": {red: {"VALUE": ""}, blue: {"VALUE": "Голубой"}, "n0": {"VALUE": "Белый"}}}
    await write.result("lists.field.update", {**OWN, "FIELD_ID": field, "FIELDS": change})
    after = await shown()
    assert (after[blue], sorted(after.values())) == ("Голубой", ["Белый", "Голубой"])


async def test_types_of_fields_have_titles(call: Caller) -> None:
    titles = await call.result("lists.field.type.get", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1})
    assert {code: titles[code] for code in ("S", "N", "L", "F", "DETAIL_TEXT", "S:Money")} == {
        "S": "String",
        "N": "Number",
        "L": "List",
        "F": "File",
        "DETAIL_TEXT": "Detail text",
        "S:Money": "Money",
    }


async def test_an_element_belongs_to_one_list(write: Caller) -> None:
    await _list(write)
    element = await _element(write)
    await write.result("lists.add", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "vans", "FIELDS": {"NAME": "Фургоны"}})
    other = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "vans"}
    for method in ("update", "delete"):
        sent = {**other, "ELEMENT_ID": element, "FIELDS": {"NAME": "x"}}
        _, answer = await write.refused(f"lists.element.{method}", sent)
        assert answer["error"] == "ERROR_ELEMENT_NOT_FOUND"
    sent = {**other, "ELEMENT_CODE": "one", "FIELDS": {"NAME": "one"}}
    assert await write.result("lists.element.add", sent) > 0
    _, answer = await write.refused("lists.element.add", {**OWN, "ELEMENT_CODE": "one", "FIELDS": {"NAME": "x"}})
    assert answer["error"] == "ERROR_ELEMENT_ALREADY_EXISTS"

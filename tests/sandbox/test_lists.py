"""Universal lists: identified by type and id or code; properties are maps of value id to value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

TRIPS = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1}


async def _elements(call: Caller, **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await call.result("lists.element.get", {**TRIPS, **params})
    return rows


async def test_a_list_requires_its_type_and_must_exist(call: Caller) -> None:
    status, answer = await call.refused("lists.element.get", {"IBLOCK_ID": 1})
    assert (status, answer["error"], answer["error_description"]) == (
        400,
        "ERROR_REQUIRED_PARAMETERS_MISSING",
        "Required parameter `IBLOCK_TYPE_ID` is missing",
    )
    _, answer = await call.refused("lists.element.get", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 99})
    assert (answer["error"], answer["error_description"]) == ("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")


async def test_lists_are_a_bare_list_with_numbers_as_text(call: Caller) -> None:
    answer = await call("lists.get", {"IBLOCK_TYPE_ID": "lists"})
    assert [(row["ID"], row["CODE"], row["LID"]) for row in answer["result"]] == [
        ("1", "business_trips", "s1"),
        ("2", "spares", "s1"),
    ]
    assert answer["total"] == 2
    assert await call.result("lists.get.iblock.type.id", {"IBLOCK_ID": 1}) == "lists"


async def test_elements_show_their_properties_as_maps_by_value_id(call: Caller) -> None:
    element = (await _elements(call, ELEMENT_ID=4))[0]
    assert (element["ID"], element["NAME"], element["IBLOCK_SECTION_ID"], element["CODE"]) == (
        "4",
        "Vienna",
        "1",
        "trip4",
    )
    assert list(element["PROPERTY_1"].values()) == ["98000"]
    assert list(element["PROPERTY_3"].values()) == ["2", "6"]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({">PROPERTY_1": 24000}, {"Екатеринбург", "Vienna"}),
        ({"><PROPERTY_1": [20000, 25000]}, {"Пермь", "Самара"}),
        ({"PROPERTY_2": 1}, {"Екатеринбург"}),
        ({"!PROPERTY_3": 3}, {"Пермь", "Екатеринбург", "Vienna", "Самара"}),
        ({"NAME": "%а%"}, {"Казань", "Самара", "Екатеринбург"}),
        ({"IBLOCK_SECTION_ID": 1}, {"Vienna"}),
        ({"NO_SUCH": 1}, {"Казань", "Пермь", "Екатеринбург", "Vienna", "Самара"}),
    ],
    ids=["greater", "range", "choice", "not", "pattern", "section", "unknown"],
)
async def test_elements_are_filtered_by_columns_and_properties(
    call: Caller, conditions: dict[str, object], names: set[str]
) -> None:
    assert {row["NAME"] for row in await _elements(call, FILTER=conditions)} == names


async def test_an_update_clears_values_that_are_not_sent(write: Caller) -> None:
    sent = {"NAME": "Омск", "PROPERTY_1": 100, "PROPERTY_3": ["5", "6"]}
    element = await write.result("lists.element.add", {**TRIPS, "ELEMENT_CODE": "omsk", "FIELDS": sent})
    changed = {"NAME": "Омск!", "PROPERTY_3": ["6"]}
    assert await write.result("lists.element.update", {**TRIPS, "ELEMENT_ID": element, "FIELDS": changed}) is True
    row = (await _elements(write, ELEMENT_ID=element))[0]
    assert (row["NAME"], list(row["PROPERTY_3"].values())) == ("Омск!", ["6"])
    assert "PROPERTY_1" not in row
    assert await write.result("lists.element.delete", {**TRIPS, "ELEMENT_CODE": "omsk"}) is True
    _, answer = await write.refused("lists.element.delete", {**TRIPS, "ELEMENT_ID": element})
    assert answer["error"] == "ERROR_ELEMENT_NOT_FOUND"


async def test_an_element_requires_a_unique_code(call: Caller) -> None:
    _, answer = await call.refused("lists.element.add", {**TRIPS, "FIELDS": {"NAME": "x"}})
    assert answer["error"] == "ERROR_REQUIRED_PARAMETERS_MISSING"
    taken = {**TRIPS, "ELEMENT_CODE": "trip1", "FIELDS": {"NAME": "x"}}
    _, answer = await call.refused("lists.element.add", taken)
    assert answer["error"] == "ERROR_ELEMENT_ALREADY_EXISTS"


async def test_files_are_stored_from_pairs_and_deleted_by_name(write: Caller) -> None:
    field = {"NAME": "Билет", "TYPE": "F", "CODE": "TICKET"}
    prop = await write.result("lists.field.add", {**TRIPS, "FIELDS": field})
    assert prop == "PROPERTY_4"
    sent = {"NAME": "x", prop: ["a.txt", "YQ=="]}
    element = await write.result("lists.element.add", {**TRIPS, "ELEMENT_CODE": "x", "FIELDS": sent})
    urls = await write.result("lists.element.get.file.url", {**TRIPS, "ELEMENT_ID": element, "FIELD_ID": 4})
    assert [url.startswith(f"/company/lists/1/file/0/{element}/PROPERTY_4/") for url in urls] == [True]
    kept = {**TRIPS, "ELEMENT_ID": element, "FIELDS": {"NAME": "x"}}
    await write.result("lists.element.update", kept)
    value = next(iter((await _elements(write, ELEMENT_ID=element))[0][prop]))
    gone = {**kept, "FIELDS": {"NAME": "x", f"{prop}_DEL": {value: "Y"}}}
    await write.result("lists.element.update", gone)
    assert prop not in (await _elements(write, ELEMENT_ID=element))[0]
    _, answer = await write.refused("lists.element.update", {**kept, "FIELDS": {"NAME": "x", prop: 15}})
    assert answer["error_description"] == "Writing file values by ID is not supported"


async def test_fields_are_a_map_by_id_and_one_field_is_under_its_type(write: Caller) -> None:
    fields = await write.result("lists.field.get", TRIPS)
    assert list(fields) == ["NAME", "PROPERTY_1", "PROPERTY_2", "PROPERTY_3"]
    one = await write.result("lists.field.get", {**TRIPS, "FIELD_ID": "PROPERTY_2"})
    assert one["L"]["DISPLAY_VALUES_FORM"] == {"1": "План", "2": "Согласована", "3": "Завершена"}
    changed = {"NAME": "Этап", "TYPE": "L", "LIST": {"1": {"VALUE": "Черновик", "SORT": 10}, "n0": {"VALUE": "Отмена"}}}
    assert await write.result("lists.field.update", {**TRIPS, "FIELD_ID": "PROPERTY_2", "FIELDS": changed}) is True
    one = await write.result("lists.field.get", {**TRIPS, "FIELD_ID": "PROPERTY_2"})
    assert (one["L"]["NAME"], one["L"]["DISPLAY_VALUES_FORM"]["1"]) == ("Этап", "Черновик")
    assert "Отмена" in one["L"]["DISPLAY_VALUES_FORM"].values()
    assert await write.result("lists.field.delete", {**TRIPS, "FIELD_ID": "PROPERTY_2"}) is True
    assert "PROPERTY_2" not in await write.result("lists.field.get", TRIPS)
    _, answer = await write.refused("lists.field.add", {**TRIPS, "FIELDS": {"NAME": "x", "TYPE": "S"}})
    assert answer["error_description"] == "Please fill the code fields"


async def test_a_list_is_added_updated_and_deleted(write: Caller) -> None:
    new = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "ideas", "FIELDS": {"NAME": "Идеи"}}
    block = await write.result("lists.add", new)
    assert block == 3
    _, answer = await write.refused("lists.add", new)
    assert answer["error"] == "ERROR_IBLOCK_ALREADY_EXISTS"
    by_code = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "ideas"}
    section = await write.result("lists.section.add", {**by_code, "SECTION_CODE": "s", "FIELDS": {"NAME": "Раздел"}})
    assert (
        await write.result("lists.section.update", {**by_code, "SECTION_ID": section, "FIELDS": {"NAME": "Р2"}}) is True
    )
    found = await write("lists.section.get", {**by_code, "SELECT": ["ID", "NAME"]})
    assert (found["result"], found["total"]) == ([{"ID": str(section), "NAME": "Р2"}], 1)
    assert await write.result("lists.section.delete", {**by_code, "SECTION_CODE": "s"}) is True
    assert await write.result("lists.update", {**by_code, "FIELDS": {"NAME": "Замыслы"}}) is True
    assert (await write.result("lists.get", by_code))[0]["NAME"] == "Замыслы"
    assert await write.result("lists.delete", by_code) is True
    assert await write.result("lists.get", by_code) == []

"""Storages of applications, which only applications can use."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Caller


async def _app(write: Caller, method: str, params: dict[str, object]) -> dict[str, Any]:
    token = write.sandbox.portal.oauth.issue().access_token
    response = await write.http.post(f"/rest/{method}?auth={token}", json=params)
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_webhook_cannot_use_storages_of_applications(call: Caller) -> None:
    status, answer = await call.refused("entity.get")
    assert (status, answer["error"], answer["error_description"]) == (
        403,
        "ACCESS_DENIED",
        "Application context required",
    )


async def test_a_storage_is_created_renamed_and_deleted(write: Caller) -> None:
    access: dict[str, object] = {"AU": "R"}
    assert (await _app(write, "entity.add", {"ENTITY": "dish", "NAME": "Блюда", "ACCESS": access}))["result"] is True
    assert (await _app(write, "entity.add", {"ENTITY": "dish", "NAME": "x"}))["error"] == "ERROR_ENTITY_ALREADY_EXISTS"
    one = (await _app(write, "entity.get", {"ENTITY": "dish"}))["result"]
    assert (one["IBLOCK_TYPE_ID"], one["ENTITY"], one["NAME"]) == ("rest_entity", "dish", "Блюда")
    assert (await _app(write, "entity.rights", {"ENTITY": "dish"}))["result"] == {"AU": "R", "U1": "X"}
    renamed: dict[str, object] = {"ENTITY": "dish", "ENTITY_NEW": "meal"}
    assert (await _app(write, "entity.update", renamed))["result"] is True
    assert [row["ENTITY"] for row in (await _app(write, "entity.get", {}))["result"]] == ["meal"]
    assert (await _app(write, "entity.delete", {"ENTITY": "meal"}))["result"] is True
    assert (await _app(write, "entity.get", {"ENTITY": "meal"}))["error"] == "ERROR_ENTITY_NOT_FOUND"


async def test_a_code_is_sanitized_and_must_be_short(write: Caller) -> None:
    empty = await _app(write, "entity.add", {"ENTITY": "-- --", "NAME": "x"})
    assert empty == {
        "error": "ERROR_ARGUMENT",
        "error_description": "Argument 'ENTITY' is null or empty",
        "argument": "ENTITY",
    }
    long = await _app(write, "entity.add", {"ENTITY": "a" * 17, "NAME": "x"})
    assert long["error_description"] == "Entity code is too long. Max length is 16 characters."


async def test_items_contain_property_values_by_code(write: Caller) -> None:
    await _app(write, "entity.add", {"ENTITY": "dish", "NAME": "Блюда"})
    for code, kind in (("price", "N"), ("note", "S")):
        added = await _app(write, "entity.item.property.add", {"ENTITY": "dish", "PROPERTY": code, "TYPE": kind})
        assert added["result"] is True
    again = await _app(write, "entity.item.property.add", {"ENTITY": "dish", "PROPERTY": "price"})
    assert again["error"] == "ERROR_PROPERTY_ALREADY_EXISTS"
    section = (await _app(write, "entity.section.add", {"ENTITY": "dish", "NAME": "Супы"}))["result"]
    ids = []
    for name, price in (("Борщ", 300), ("Уха", 450)):
        values = {"price": price, "note": "горячее"}
        sent = {"ENTITY": "dish", "NAME": name, "PROPERTY_VALUES": values, "SECTION": section}
        ids.append((await _app(write, "entity.item.add", sent))["result"])
    found = await _app(write, "entity.item.get", {"ENTITY": "dish", "FILTER": {">PROPERTY_PRICE": 400}})
    assert found["total"] == 1
    item = found["result"][0]
    assert (item["ID"], item["NAME"], item["SECTION"], item["ENTITY"]) == (str(ids[1]), "Уха", str(section), "dish")
    assert item["PROPERTY_VALUES"] == {"price": "450", "note": "горячее"}
    assert (item["DATE_ACTIVE_FROM"], item["CODE"]) == ("", None)
    changed = {"ENTITY": "dish", "ID": ids[0], "PROPERTY_VALUES": {"price": 310}}
    assert (await _app(write, "entity.item.update", changed))["result"] is True
    ordered = await _app(write, "entity.item.get", {"ENTITY": "dish", "SORT": {"ID": "ASC"}})
    assert ordered["result"][0]["PROPERTY_VALUES"] == {"price": "310", "note": "горячее"}
    assert (await _app(write, "entity.item.delete", {"ENTITY": "dish", "ID": ids[0]}))["result"] is True
    gone = await _app(write, "entity.item.delete", {"ENTITY": "dish", "ID": ids[0]})
    assert (gone["error"], gone["error_description"]) == ("ERROR_ITEM_NOT_FOUND", "Item not found")
    assert (await _app(write, "entity.section.delete", {"ENTITY": "dish", "ID": section}))["result"] is True
    assert (await _app(write, "entity.item.get", {"ENTITY": "dish"}))["total"] == 0

"""The trade catalogue: camelCase, numbers as numbers, list keys that differ by family."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

LIST: dict[str, Any] = {"select": ["id", "iblockId", "name"], "filter": {"iblockId": 24}}


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("catalog.catalog.list", "catalogs"),
        ("catalog.section.list", "sections"),
        ("catalog.price.list", "prices"),
        ("catalog.priceType.list", "priceTypes"),
        ("catalog.measure.list", "measures"),
        ("catalog.vat.list", "vats"),
        ("catalog.store.list", "stores"),
        ("catalog.storeproduct.list", "storeProducts"),
        ("catalog.ratio.list", "ratios"),
        ("catalog.productProperty.list", "productProperties"),
        ("catalog.productPropertyEnum.list", "productPropertyEnums"),
    ],
)
async def test_each_list_has_its_own_key(call: Caller, method: str, key: str) -> None:
    answer = await call(method)
    assert set(answer["result"]) == {key}
    assert answer["total"] == len(answer["result"][key])


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("catalog.product.list", "products"),
        ("catalog.product.service.list", "services"),
        ("catalog.product.sku.list", "units"),
        ("catalog.product.offer.list", "offers"),
    ],
)
async def test_lists_of_products_require_the_block(call: Caller, method: str, key: str) -> None:
    answer = await call(method, LIST)
    assert set(answer["result"]) == {key}
    status, answer = await call.refused(method, {"select": ["id", "iblockId"]})
    assert (status, answer["error"], answer["error_description"]) == (400, "0", "Required filter fields: iblockId")
    _, answer = await call.refused(method, {"select": ["name"], "filter": {"iblockId": 24}})
    assert answer["error_description"] == "Required select fields: id, iblockId"


async def test_products_show_the_selected_fields(call: Caller) -> None:
    product = (await call.result("catalog.product.list", LIST))["products"][0]
    assert set(product) == {"id", "iblockId", "name"}
    assert (product["id"], product["iblockId"]) == (1, 24)
    services = await call("catalog.product.service.list", LIST)
    everything = await call("catalog.product.list", LIST)
    assert 0 < services["total"] < everything["total"]


async def test_a_negative_start_omits_total_and_next(call: Caller) -> None:
    answer = await call("catalog.product.list", {**LIST, "start": -1, "order": {"id": "ASC"}})
    assert not {"total", "next"} & set(answer)
    assert answer["result"]["products"][0]["id"] == 1


async def test_unknown_names_are_ignored(call: Caller) -> None:
    asked = {"select": ["id", "noSuch"], "filter": {"noSuch": 1}, "order": {"noSuch": "asc"}}
    answer = await call("catalog.measure.list", asked)
    assert [set(measure) for measure in answer["result"]["measures"]] == [{"id"}] * answer["total"]


async def test_a_product_is_added_updated_and_deleted(write: Caller) -> None:
    fields = {"iblockId": 24, "name": "Тиски", "purchasingPrice": 100.5, "iblockSectionId": 1}
    element = (await write.result("catalog.product.add", {"fields": fields}))["element"]
    assert (element["name"], element["active"], element["type"], element["purchasingPrice"]) == ("Тиски", "Y", 1, 100.5)
    record = element["id"]
    price = {"productId": record, "catalogGroupId": 1, "price": 250, "currency": "RUB"}
    added = (await write.result("catalog.price.add", {"fields": price}))["price"]
    assert (added["productId"], added["price"], added["extraId"]) == (record, 250, None)
    _, answer = await write.refused("catalog.price.add", {"fields": price})
    assert answer["error_description"].startswith("Validate price error. Catalog product is allowed")
    changed = await write.result("catalog.product.update", {"id": record, "fields": {"name": "Тиски 2"}})
    assert changed["element"]["name"] == "Тиски 2"
    assert (await write.result("catalog.product.get", {"id": record}))["product"]["name"] == "Тиски 2"
    assert await write.result("catalog.product.delete", {"id": record}) is True
    status, answer = await write.refused("catalog.product.get", {"id": record})
    assert (status, answer["error"], answer["error_description"]) == (400, "0", "product is not exists")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("catalog.product.add", {}, "100"),
        ("catalog.product.add", {"fields": {"name": "x"}}, "0"),
        ("catalog.product.add", {"fields": {"name": "x", "iblockId": 99}}, "200040300000"),
        ("catalog.product.get", {}, "100"),
        ("catalog.measure.add", {"fields": {"code": 796, "measureTitle": "x"}}, "200600000000"),
        ("catalog.measure.get", {"id": 99}, "200600000020"),
        ("catalog.priceType.get", {"id": 99}, "201000000000"),
        ("catalog.vat.get", {"id": 99}, "200800000000"),
        ("catalog.section.get", {"id": 99}, "200700300030"),
        ("catalog.product.nonsense", {}, "22002"),
    ],
)
async def test_refusals_have_the_numbers_of_their_modules(
    call: Caller, method: str, params: dict[str, Any], code: str
) -> None:
    status, answer = await call.refused(method, params)
    assert (status, answer["error"]) == (400, code)


async def test_fields_are_described_under_the_key_of_one_record(call: Caller) -> None:
    fields = (await call.result("catalog.price.getFields"))["price"]
    assert fields["productId"] == {
        "isImmutable": True,
        "isReadOnly": False,
        "isRequired": True,
        "name": "Product",
        "type": "integer",
    }
    product = await call.result("catalog.product.getFieldsByFilter", {"filter": {"iblockId": 24}})
    assert product["product"]["available"]["isReadOnly"] is True
    _, answer = await call.refused("catalog.product.getFieldsByFilter", {})
    assert answer["error"] == "100"

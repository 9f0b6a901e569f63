"""What the catalogue decides: who may write, defaults, required and unique values."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller

ADDS: list[tuple[str, dict[str, object], str]] = [
    ("product", {"iblockId": 24, "name": "Насос"}, "200040300040"),
    ("product.service", {"iblockId": 24, "name": "Ремонт"}, "200040300040"),
    ("section", {"iblockId": 24, "name": "Насосы"}, "200040300040"),
    ("priceType", {"name": "Опт"}, "200040300020"),
    ("measure", {"code": 999, "measureTitle": "Ящик"}, "200040300020"),
    ("vat", {"name": "НДС 5%", "rate": 5}, "200040300020"),
    ("store", {"address": "Тверь"}, "200040300020"),
    ("productProperty", {"iblockId": 24, "name": "Цвет", "propertyType": "L"}, "0"),
]


@pytest.mark.parametrize(("family", "fields", "code"), ADDS)
async def test_an_employee_reads_the_catalogue_and_only_an_administrator_writes(
    write: Caller, family: str, fields: dict[str, object], code: str
) -> None:
    user = write.as_user()
    _, answer = await user.refused(f"catalog.{family}.add", {"fields": fields})
    assert answer == {"error": code, "error_description": "Access Denied"}
    made = await write.result(f"catalog.{family}.add", {"fields": fields})
    record = next(iter(made.values()))["id"]
    assert next(iter((await user.result(f"catalog.{family}.get", {"id": record})).values()))["id"] == record
    for action, more in (("update", {"fields": fields}), ("delete", {})):
        _, answer = await user.refused(f"catalog.{family}.{action}", {"id": record, **more})
        expected = "200040300050" if (family, action) == ("section", "delete") else code
        assert answer["error"] == expected
    assert await write.result(f"catalog.{family}.delete", {"id": record}) is True


@pytest.mark.parametrize(
    ("family", "fields", "name"),
    [(family, fields, name) for family, fields, _ in ADDS for name in fields],
)
async def test_a_required_value_must_be_sent(write: Caller, family: str, fields: dict[str, object], name: str) -> None:
    left = {key: value for key, value in fields.items() if key != name} or {"sort": 5}
    _, answer = await write.refused(f"catalog.{family}.add", {"fields": left})
    assert (answer["error"], answer["error_description"]) == ("0", f"Required fields: {name}")


async def test_a_new_product_has_the_defaults_of_the_portal(write: Caller) -> None:
    product = (await write.result("catalog.product.add", {"fields": {"iblockId": 24, "name": "Насос"}}))["element"]
    names = ("active", "available", "quantityTrace", "vatIncluded", "sort", "type", "measure", "createdBy")
    assert [product[name] for name in names] == ["Y", "Y", "N", "N", 500, 1, 5, 1]


@pytest.mark.parametrize(
    ("family", "block", "code"),
    [
        ("product", 999, "200040300000"),
        ("product", 25, "0"),
        ("product.offer", 24, "0"),
        ("section", 999, "200040300000"),
    ],
)
async def test_a_product_is_added_to_the_block_of_its_kind(write: Caller, family: str, block: int, code: str) -> None:
    _, answer = await write.refused(f"catalog.{family}.add", {"fields": {"iblockId": block, "name": "Насос"}})
    assert answer["error"] == code


async def test_products_and_services_are_listed_apart(write: Caller) -> None:
    made = {}
    for family, key in (("product.service", "service"), ("product.sku", "sku")):
        fields = {"iblockId": 24, "name": "Новый"}
        made[family] = (await write.result(f"catalog.{family}.add", {"fields": fields}))[key]["id"]
    query = {"select": ["id", "iblockId"], "filter": {"iblockId": 24, "name": "Новый"}}
    assert [row["id"] for row in (await write.result("catalog.product.service.list", query))["services"]] == [
        made["product.service"]
    ]
    assert [row["id"] for row in (await write.result("catalog.product.sku.list", query))["units"]] == [
        made["product.sku"]
    ]


async def test_a_product_has_one_price_of_each_type(write: Caller) -> None:
    product = (await write.result("catalog.product.add", {"fields": {"iblockId": 24, "name": "Насос"}}))["element"][
        "id"
    ]
    fields = {"productId": product, "catalogGroupId": 1, "price": 5, "currency": "RUB"}
    await write.result("catalog.price.add", {"fields": fields})
    for change, words in (
        ({}, "single price"),
        ({"catalogGroupId": 9}, "price group is wrong"),
        ({"productId": 99_999}, "product is wrong"),
    ):
        _, answer = await write.refused("catalog.price.add", {"fields": {**fields, **change}})
        assert words in answer["error_description"]


async def test_codes_of_units_are_unique(write: Caller) -> None:
    fields = {"code": 999, "measureTitle": "Ящик"}
    await write.result("catalog.measure.add", {"fields": fields})
    _, answer = await write.refused("catalog.measure.add", {"fields": fields})
    assert answer["error"] == "200600000000"

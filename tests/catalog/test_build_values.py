"""The build of one page: the values, limits and sources in the description of a parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.catalog.test_build_editions import described, write
from tests.catalog.test_build_page import one, page, read, row, table


def said(text: str, kind: str = "string", name: str = "mode", *, sample: str = "") -> dict[str, Any]:
    return one(page(table(row(name, kind, text)), sample=sample), name)


def values(text: str, kind: str = "string", name: str = "mode") -> list[str] | None:
    listed: list[str] | None = said(text, kind, name).get("values")
    return listed


# Lists


@pytest.mark.parametrize(
    "text",
    [
        "How to pack:\n- `box` — in a box\n- `bag` — in a bag",
        "How to pack\n- `box` — in a box\n- `bag` — in a bag",
        "How to pack. Options:\n* **box** - in a box\n* **bag** - in a bag",
        "How to pack.\n\nSupported values:\n`box` — in a box,\n`bag` — in a bag",
        "How to pack. **Possible values:**\n\n1. `box`\n2. `bag`",
        "Упаковка:\n- `box` для коробки\n- `bag` для мешка",
        "Упаковка. Варианты упаковки:\n- [`box`](box.md)\n- [`bag`](bag.md)",
    ],
)
def test_a_list_of_codes_gives_the_values_whatever_words_introduce_it(text: str) -> None:
    assert (said(text)["values"], said(text).get("open")) == (["box", "bag"], None)


@pytest.mark.parametrize(
    "text",
    [
        "Way of packing: `box` or `bag`",
        "Can be `box`, `bag`.",
        "Supported values are `box` and `bag`",
        "Values: `box|bag`. By default `box`",
        "Поддерживаются `box`, `bag`",
        "Принимает значения `box` и `bag`",
    ],
)
def test_codes_in_a_sentence_about_values_are_the_values(text: str) -> None:
    assert values(text) == ["box", "bag"]


def test_groups_of_values_below_captions_are_joined() -> None:
    text = "What it is. Possible values:\n\nGoods\n- `tea` — tea\n- `oil` — oil\n\nServices\n- `trip` — delivery"
    assert values(text) == ["tea", "oil", "trip"]


def test_lists_inside_an_item_belong_to_the_item() -> None:
    assert values("Packing:\n- `box` — a box:\n    - `S` — small\n    - `L` — large\n- `bag` — a bag") == ["box", "bag"]


@pytest.mark.parametrize(
    ("text", "kind", "listed"),
    [
        ("Kind of cart. Types:\n- small cart (value `2`)\n- big cart (value `5`)", "integer", ["2", "5"]),
        ("Kind of period:\n`day`, `week`, `month`", "string", ["day", "week", "month"]),
        ("One of 3 colors, values from 1 to 3", "string", ["1", "2", "3"]),
        ("Для выбора доступны цвета, значения от 1 до 3", "string", ["1", "2", "3"]),
        ("Text, values from 1 to 300", "string", None),
    ],
)
def test_values_are_read_without_a_list_that_begins_with_them(text: str, kind: str, listed: list[str] | None) -> None:
    assert values(text, kind) == listed


def test_the_values_of_an_order_that_is_a_text_are_directions() -> None:
    found = said("Sorting direction:\n- `ASC` — up\n- `DESC` — down", name="order")
    assert (found["values"], found["open"]) == (["ASC", "DESC"], True)


def test_values_of_a_key_are_below_its_item() -> None:
    text = "Object:\n- `DAY` — a date\n- `TYPE` — kind of date:\n  - `NONE` — no date\n  - `NOW` — this day"
    keys = {key["name"]: key.get("values") for key in said(text, "object")["fields"]}
    assert keys["TYPE"] == ["NONE", "NOW"]


def test_codes_alone_in_their_lines_are_values() -> None:
    assert values("How to pack. Possible values:\n`BOX`\n`Y/N`\n`BAG`") == ["BOX", "Y/N", "BAG"]


def test_a_sort_that_is_a_text_has_the_names_of_fields_as_values() -> None:
    assert values("The field to sort by. Sorting works on the fields:\n- `ID` — id\n- `NAME` — name", name="sort") == [
        "ID",
        "NAME",
    ]


def test_keys_of_a_filter_have_the_values_that_their_items_state() -> None:
    text = (
        "Available fields:\n- `id` — id\n- `state` — state. Possible values: `open`, `closed`\n"
        "- `size` — size. Possible values:\n    - `1` — S\n    - `2` — M"
    )
    fields = {one["name"]: one.get("values") for one in said(text, "object", "filter")["fields"]}
    assert fields == {"id": None, "state": ["open", "closed"], "size": ["1", "2"]}


def test_items_of_a_list_have_the_values_of_a_linked_table() -> None:
    codes = "### Codes {#codes}\n\n#|\n|| **Code** | **Words** ||\n|| `read` | R ||\n|| `edit` | E ||\n|#\n"
    found = one(page(table(row("rights", "string[]", "Codes are [below](#codes)")) + "\n" + codes), "rights")
    assert found["values"] == ["read", "edit"]


def test_a_flag_of_a_default_has_no_default_itself() -> None:
    assert "default" not in said("Whether it is the default:\n- `Y` — default\n- `N` — not default", "char", "isDef")


def test_tabs_with_defaults_of_their_own_give_no_default() -> None:
    tabs = [table(row("a", "string", f"Default `{value}`") + row("b", "string", "Default `1`")) for value in "xyx"]
    listed = "".join(f"- T{at}\n\n{tab}\n" for at, tab in enumerate(tabs))
    inner = f"### Parameter fields\n\n{{% list tabs %}}\n\n{listed}\n{{% endlist %}}\n"
    fields = one(page(table(row("fields", "object")) + "\n" + inner), "fields")["fields"]
    assert [field.get("default") for field in fields] == [None, "1"]


def test_numbers_without_marks_are_values_of_a_number() -> None:
    assert values("Size:\n0 — small\n1 — large", "integer") == ["0", "1"]
    assert values("Size:\n- `S` — small\n- `L` — large", "integer") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Label of the form `{date}`, where:\n- `date` — the day\n- `time` — the hour", "string"),
        ("Cart. Contains the fields:\n- `tea` — tea\n- `oil` — oil", "array"),
        ("The prefix is added:\n- `A` becomes `X_A`\n- `B` becomes `X_B`", "string"),
        ("Which carts. Possible prefix values:\n- `=` — equal\n- `!` — not equal", "object"),
        ("Time. Available formats: `ISO 8601`, `timestamp`", "string"),
        ("Pass one of the parameters: `ID` or `CODE`", "string"),
        ("Cost in the form `{key: cost}`. Types:\n- `net` — net\n- `all` — all", "array"),
        ("Picture:\n- **Size** — small\n- **Format** — square", "string"),
    ],
)
def test_lists_of_something_else_are_not_values(text: str, kind: str) -> None:
    assert values(text, kind) is None


# Flags


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Whether it is a gift (`Y`/`N`)", "char"),
        ("Gift. `Y` — yes, `N` — no", "string"),
        ("Gift [Y\\|N]", "string"),
        ("Gift. By default `N`", "char"),
        ("Gift. Default — `Y`", "boolean"),
        ("Gift: Y - it is, N - it is not", "string"),
        ("Gift. Acceptable values are Y or N", "char"),
    ],
)
def test_a_flag_has_the_values_y_and_n(text: str, kind: str) -> None:
    assert values(text, kind) == ["Y", "N"]


def test_the_flag_of_another_parameter_gives_no_values() -> None:
    assert values("Needed when the parameter `gift` is `Y` or the field `paid` is `N`") is None


# Open lists


@pytest.mark.parametrize(
    "text",
    [
        "Typical values:\n- `tea` — tea\n- `oil` — oil",
        "What it is:\n- `tea` — tea\n- `oil` — oil\n- or a type of your own",
        "Possible values:\n- `tea` — tea\n- `T<id>` — tea of a cart",
        "Type. Possible values:\n- `1` — tea\n- `128` and more — smart process",
        "Source. Possible values: `shop`",
    ],
)
def test_values_that_may_not_be_all_are_open(text: str) -> None:
    assert said(text)["open"] is True


def test_values_that_a_sample_contradicts_are_open() -> None:
    text = "Possible values:\n- `Tea` — tea\n- `oil` — oil"
    found = said(text, sample='{"mode":"tea"}')
    assert (found["values"], found["open"]) == (["Tea", "oil"], True)


def test_a_sample_in_another_language_contradicts_too() -> None:
    code = "{% list tabs %}\n\n- PHP\n\n    ```php\n    $call(['mode' => 'jam']);\n    ```\n\n{% endlist %}\n"
    text = page(table(row("mode", "string", "Possible values: `tea`, `oil`")), rest=f"## Code Examples\n\n{code}")
    assert one(text, "mode")["open"] is True


def test_values_that_a_sample_sends_as_keys_are_not_values() -> None:
    text = "Supported values:\n- `tea` — tea\n- `oil` — oil"
    assert "values" not in said(text, "array", sample='{"mode":{"tea":"Y"}}')


# Orders and selections


def test_an_order_has_its_directions_and_so_do_its_fields() -> None:
    order = row("order", "object", "Order `{field: value}`. The value is `asc` or `desc`")
    found = one(page(table(order) + "\n### Parameter order\n\n" + table(row("price", "double"))), "order")
    assert (found["values"], found["open"]) == (["asc", "desc"], True)
    assert found["fields"] == [{"name": "price", "type": "string", "required": None, "values": ["asc", "desc"]}]


def test_a_selection_has_the_names_of_the_fields_and_only_those_in_rest_3() -> None:
    text = "What to return. Available fields:\n- `id` — number\n- `title` — name"
    found = said(text, "array", "select")
    assert (found["values"], found["open"]) == (["id", "title"], True)
    in_v3 = read(page(table(row("select", "array", text))), version="v3").facts.params[0]
    assert (in_v3.values, in_v3.open_values) == (("id", "title"), False)


# Values elsewhere


def test_a_linked_table_of_codes_gives_the_values() -> None:
    codes = "#|\n|| **Code** | **Colour** ||\n|| `mint` | green ||\n|| `sky` | blue ||\n|#\n"
    paint = row("paint", "string", "One of the [paints](#paints)")
    assert one(page(table(paint) + f"\n### Paints {{#paints}}\n\n{codes}"), "paint")["values"] == ["mint", "sky"]


def test_a_type_with_a_fixed_enumeration_has_its_values_and_their_method() -> None:
    found = said("Form of the text", "crm_enum_contenttype")
    assert (found["values"], found["from"]) == (["0", "1", "2", "3"], "crm.enum.contenttype")


def test_the_types_of_crm_objects_are_open() -> None:
    text = "[Type of the object](../data-types.md#object_type) of the cart"
    assert (said(text, "integer")["values"][:2], said(text, "integer")["open"]) == (["1", "2"], True)


# Defaults, limits, units


@pytest.mark.parametrize(
    ("text", "kind", "default"),
    [
        ("Gift. By default `N`", "char", "N"),
        ("Size. Default value: 20", "integer", "20"),
        ("Size.\n\nDefaults to `20`", "integer", "20"),
        ("Размер. По умолчанию — `20`", "integer", "20"),
        ("Packing:\n- `box` — in a box (default)\n- `bag` — in a bag", "string", "box"),
        ("Kind. By default `mode=fast`", "string", "fast"),
        ("Gift. If not provided, the default value is `N`", "char", "N"),
        ("Подарок. Если не передано, то по умолчанию значение `N`", "char", "N"),
        ("Gift. By default, it is `N`", "char", "N"),
        ("Gift. If the parameter is not passed, `N` is used", "char", "N"),
        ("Gift. By default none is added (equivalent to passing the value `N`)", "char", "N"),
        ("Size. If it is empty, a default value of 100 will be assigned", "integer", None),
        ("Size. If it is not specified, a default value of 100 will be assigned", "integer", "100"),
        ("Carts. By default `0`", "object|array", None),
        ("Sort. By default `i + 10`, where `i` is the last one", "integer", None),
        ("Buyer. By default the current user", "integer", None),
        ("Packing:\n- `box`\n- `bag`\n\nBy default as in the cart", "string", None),
    ],
)
def test_the_default_is_read_when_it_is_a_value(text: str, kind: str, default: str | None) -> None:
    assert said(text, kind).get("default") == default


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("Size from `1` to `100`", {"min": 1, "max": 100}),
        ("Size (1–600)", {"min": 1, "max": 600}),
        ("Size. Maximum — `50`", {"max": 50}),
        ("Size. The maximum value is —`50`", {"max": 50}),
        ("Size. Must be greater than or equal to 0.", {"min": 0}),
        ("Размер. Минимальное значение — `0`", {"min": 0}),
        ("Cart. The value must be greater than `0`", {"min": 1}),
        ("Cart. If it is greater than `0`, it is empty", {}),
        ("Cart. Returns no more than 50 objects", {}),
        ("Size in one of two ranges: from 1 to 5, from 7 to 9", {}),
    ],
)
def test_the_limits_of_a_number_are_read(text: str, limits: dict[str, float]) -> None:
    found = said(text, "integer")
    assert {key: found[key] for key in ("min", "max") if key in found} == limits


@pytest.mark.parametrize(
    ("text", "kind", "longest"),
    [
        ("Name, no more than 255 characters", "string", 255),
        ("Name:\n- length cannot exceed `255` characters\n- cannot be empty", "string", 255),
        ("Название: длина не может быть больше `255` символов", "string", 255),
        ("Name. Maximum length — 20,000 characters", "string", 20000),
        ("Название. Не более `50` символов", "string", 50),
        ("Carts. Max 50 elements", "integer[]", 50),
        ("Text of more than 2 characters", "string", None),
    ],
)
def test_the_length_of_a_text_or_of_a_list_is_read(text: str, kind: str, longest: int | None) -> None:
    assert said(text, kind).get("longest") == longest


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Time in seconds before it is sent", "seconds"),
        ("Discount, %", "percent"),
        ("Количество дней до доставки", "days"),
        ("Срок в минутах", "minutes"),
        ("Size of the picture in bytes", "bytes"),
        ("Number of carts", ""),
    ],
)
def test_the_unit_of_a_number_is_read(text: str, unit: str) -> None:
    assert said(text, "integer").get("unit", "") == unit


def test_a_field_is_read_only_when_its_description_states_so() -> None:
    assert said("When it was made. Read-only", "datetime")["read_only"] is True
    assert "read_only" not in said("State:\n- `true` — read only\n- `false` — new", "boolean")


# Sources


def test_a_method_about_sections_may_be_a_source(tmp_path: Path) -> None:
    text = "Section. Numbers can be obtained with [shop.section.list](./shop-section-list.md)"
    listing = page(table(row("start", "integer"))).replace("shop.cart.add", "shop.section.list")
    folder = tmp_path / "docs" / "api-reference" / "shop"
    write(folder, {"shop-cart-add": page(table(row("id", "integer", text))), "shop-section-list": listing})
    found = described(tmp_path / "docs", tmp_path / "out")
    assert found["shop.cart.add", "v2"]["params"][0]["from"] == "shop.section.list"


def test_the_source_of_values_is_the_method_of_the_linked_page(tmp_path: Path) -> None:
    text = (
        "Cart. Made with [a method](./shop-cart-add.md). Numbers can be obtained with [the list](./shop-cart-list.md)"
    )
    listing = page(table(row("start", "integer"))).replace("shop.cart.add", "shop.cart.list")
    folder = tmp_path / "docs" / "api-reference" / "shop"
    write(folder, {"shop-cart-add": page(table(row("id", "integer", text))), "shop-cart-list": listing})
    found = described(tmp_path / "docs", tmp_path / "out")
    assert found["shop.cart.add", "v2"]["params"][0]["from"] == "shop.cart.list"

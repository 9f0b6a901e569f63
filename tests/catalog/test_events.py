"""Events: their facts on a page, and how they are found."""

from __future__ import annotations

import pytest

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.build.events import event_of
from b24_mcp.catalog.build.pages import open_page
from b24_mcp.catalog.facts import Event, Parameter
from b24_mcp.dialect.editions import Source

PAGE = """# Adding a basket onShopBasketAdd

> Scope: [`shop`](../scopes.md)
>
> Who can subscribe: any user

## Data

```json
{
    "event": "ONSHOPBASKETADD",
    // the changed record
    "data": {
        "FIELDS": {"ID": "17", "ITEMS": [{"SKU": "a"}],},
        "LANGS": {"1": {"NAME": "x"}, "2": {"NAME": "y"}}
    },
    "ts": "1"
}
```

#|
|| **Parameter**
`type` | **Description** ||
|| **ID**
[`integer`](../types.md) | Number ||
|#
"""


def read(text: str, page: str = "api-reference/shop/events/on-shop-basket-add", name: str = "onShopBasketAdd") -> Event:
    return event_of(open_page(Source(page, text)), name)


def test_the_payload_of_an_event_is_read_from_its_sample_with_the_types_of_its_table() -> None:
    event = read(PAGE)
    assert (event.name, event.scope, event.binds, event.offline) == ("onShopBasketAdd", ("shop",), True, True)
    fields, langs = event.payload
    assert [(one.name, one.type, one.is_list) for one in fields.fields] == [
        ("ID", "integer", False),
        ("ITEMS", "array", True),
    ]
    assert [one.name for one in fields.fields[1].fields] == ["SKU"]
    assert langs.fields == (
        Parameter("<key>", "object", None, fields=(Parameter("NAME", "string", None),), pattern=True),
    )


def test_keys_of_the_sample_portal_are_not_taken_for_names() -> None:
    assert not any(field.name.isdigit() for one in read(PAGE).payload for field in one.fields)


def test_a_page_whose_sample_cannot_be_read_has_the_names_of_its_table() -> None:
    table = PAGE[PAGE.index("#|") :].replace("**ID**\n[`integer`](../types.md)", "**FIELDS**")
    assert [one.name for one in read(f"# Adding onShopBasketAdd\n\n{table}").payload] == ["FIELDS"]


def test_an_event_of_the_user_interface_cannot_be_bound() -> None:
    event = read(PAGE, name="CallCard::BeforeClose")
    assert (event.binds, event.offline) == (False, False)


def test_most_events_that_can_be_bound_have_their_payload() -> None:
    events = [known_methods().events.get(name) for name in ("onCrmDealAdd", "ONTASKUPDATE", "onImBotMessageAdd")]
    assert all(event is not None and event.payload for event in events)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("when a deal is created", "onCrmDealAdd"),
        ("webhook for a new lead", "onCrmLeadAdd"),
        ("notify me when a contact changes", "onCrmContactUpdate"),
        ("подписаться на новые задачи", "OnTaskAdd"),
        ("ONCRMDEALADD", "onCrmDealAdd"),
    ],
)
def test_an_intent_about_events_finds_the_event(question: str, expected: str) -> None:
    assert expected in [event.name for event in known_methods().events.find(question)]


@pytest.mark.parametrize("question", ["list deals", "создать сделку", "", "🙂"])
def test_an_intent_that_is_not_about_events_finds_none(question: str) -> None:
    assert known_methods().events.find(question) == []


def test_the_event_that_was_meant_is_suggested_for_an_invented_name() -> None:
    assert "onCrmDealAdd" in known_methods().events.similar("onCrmDealCreate")

"""`search_docs` and `read_doc`, with and without a copy of the documentation, and examples in `describe_method`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio.to_thread import run_sync
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference

from tests.docs.conftest import sync
from tests.docs.pages import write_edition
from tests.docs.served import docs_server
from tests.server.conftest import CallTool

DEAL_ADD = """# Make a new deal crm.deal.add

> Who can execute the method: any user

Invented words about deals.

## Code Examples

```bash
curl -d '{"fields":{"TITLE":"A deal","PHONE":[1,2,3]},"auth":"**put_access_token_here**"}' https://x/rest/1/a/crm.deal.add
```
"""
LONG = "# A long page\n\n" + "".join(f"## Part {number}\n\n" + 'Some "quoted" words.\n\n' * 60 for number in range(20))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the invented documentation in the configured folder."""
    for language in ("en", "ru"):
        root = write_edition(tmp_path / "tree" / language, language)
        (root / "guides/long.md").write_text(LONG, "utf-8")
        (root / "api-reference/crm/deals").mkdir(parents=True)
        (root / "api-reference/crm/deals/crm-deal-add.md").write_text(
            DEAL_ADD if language == "en" else DEAL_ADD.replace("Who can execute the", "Кто может выполнять"), "utf-8"
        )
    sync(tmp_path / "data" / "docs", tmp_path / "tree")
    return tmp_path / "data" / "docs"


async def test_a_question_is_answered_with_pages(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("search_docs", query="who leaves without paying", limit=2)
    assert answer["pages"][0] == {
        "page": "en/guides/carts",
        "title": "How carts live",
        "section": "Abandoned baskets",
        "kind": "article",
        "lang": "en",
        "extract": "Whoever leaves without paying gets a reminder. Write {% raw %} and #| not a table |# as they are. "
        "week: Seven days, counted from the last change.",
    }


async def test_a_russian_question_gets_russian_pages(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("search_docs", query="положить товар в корзину", kind="method")
    assert answer["pages"][0]["page"] == "ru/api-reference/shop/shop-cart-add"


async def test_a_question_without_matches_gets_advice(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("search_docs", query="zzzqqq", kind="event")
    assert answer["pages"] == []
    assert "without kind" in answer["hint"]


@pytest.mark.parametrize("arguments", [{"kind": "poem"}, {"limit": 0}, {"limit": 21}, {"language": "de"}])
async def test_arguments_that_do_not_fit_are_refused(call_tool: CallTool, arguments: dict[str, object]) -> None:
    answer = await call_tool("search_docs", query="cart", **arguments)
    assert answer["error"]["code"] == "B24MCP_ARGUMENTS"


async def test_a_page_is_read_as_markdown_with_its_address(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("read_doc", page="en/api-reference/shop/shop-cart-add", code="php")
    assert answer["url"] == "https://apidocs.bitrix24.com/api-reference/shop/shop-cart-add.html"
    assert (answer["title"], answer["kind"]) == ("Put goods into a cart shop.cart.add", "method")
    assert "$shop->call" in answer["text"]
    assert "curl" not in answer["text"]


async def test_a_section_is_read_alone_and_the_others_are_named(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("read_doc", page="guides/carts", section="abandoned")
    assert answer["section"] == "Abandoned baskets"
    assert answer["text"].startswith("## Abandoned baskets\n\nWhoever leaves")
    assert answer["sections"] == ["Abandoned baskets"]


async def test_a_method_name_leads_to_its_page(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("read_doc", page="CRM.deal.add")
    assert "Invented words about deals." in answer["text"]


async def test_a_long_page_stays_within_the_budget_and_can_be_read_further(
    call_tool: CallTool, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for budget in ("20000", "2000"):
        monkeypatch.setenv("B24_BUDGET", budget)
        answer = await call_tool("read_doc", page="en/guides/long")
        assert int(budget) // 4 < len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= int(budget)
        assert answer["sections"][:2] == ["Part 0", "Part 1"]
        further = await call_tool("read_doc", page="en/guides/long", section=answer["cut"]["section"])
        assert further["text"] not in answer["text"]
        assert further["text"].partition("\n")[0] not in ("", answer["text"].partition("\n")[0])


async def test_the_error_for_an_unknown_page_or_section_lists_existing_ones(call_tool: CallTool, copied: Path) -> None:
    error = (await call_tool("read_doc", page="shop/shop-cart-add"))["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_NO_PAGE", "not_found", "no")
    assert "en/api-reference/shop/shop-cart-add" in error["hint"]
    error = (await call_tool("read_doc", page="en/guides/carts", section="Prices"))["error"]
    assert error["hint"] == "Its sections: Abandoned baskets."


async def test_a_method_without_a_page_in_the_copy_is_described_from_the_catalogue(
    call_tool: CallTool, copied: Path
) -> None:
    answer = await call_tool("read_doc", page="crm.contact.add")
    assert (answer["method"], answer["effect"]) == ("crm.contact.add", "write")
    assert "hint" not in answer


async def test_the_error_for_a_broken_copy_says_what_to_do(call_tool: CallTool, copied: Path) -> None:
    path = copied / "en" / "index.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    error = (await call_tool("search_docs", query="cart"))["error"]
    assert (error["code"], error["kind"]) == ("B24MCP_DOCS", "unavailable")
    assert "docs sync" in error["hint"]
    assert (await call_tool("describe_method", method="crm.deal.add"))["ok"]


async def test_without_a_copy_methods_are_found_and_the_answer_says_how_to_get_one(call_tool: CallTool) -> None:
    answer = await call_tool("search_docs", query="put a task on hold")
    page = answer["pages"][0]
    assert page["kind"] == "method"
    assert page["url"] == f"https://apidocs.bitrix24.com/{page['page']}.html"
    assert "b24-mcp docs sync" in answer["hint"]
    assert (await call_tool("search_docs", query="events", kind="tutorial"))["pages"] == []


@pytest.mark.parametrize(
    "page",
    [
        "crm.deal.add",
        "api-reference/crm/deals/crm-deal-add",
        "https://apidocs.bitrix24.ru/api-reference/crm/deals/crm-deal-add.html",
    ],
)
async def test_without_a_copy_a_method_is_described_in_short(call_tool: CallTool, page: str) -> None:
    answer = await call_tool("read_doc", page=page)
    assert (answer["method"], answer["effect"], answer["scope"]) == ("crm.deal.add", "write", ["crm"])
    assert answer["params"]
    assert "b24-mcp docs sync" in answer["hint"]


async def test_without_a_copy_other_pages_are_refused_with_how_to_get_one(call_tool: CallTool) -> None:
    error = (await call_tool("read_doc", page="settings/oauth/index"))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_NO_DOCS", "no")
    assert "b24-mcp docs sync" in error["message"]


async def test_both_work_with_any_portal_and_refuse_unreadable_settings(
    call_tool: CallTool, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "nonsense")
    assert (await call_tool("search_docs", query="cart"))["pages"]
    monkeypatch.setenv("B24_BUDGET", "many")
    assert (await call_tool("search_docs", query="cart"))["error"]["code"] == "B24MCP_SETTINGS"


async def test_a_method_is_described_with_what_its_page_sends(call_tool: CallTool, copied: Path) -> None:
    answer = await call_tool("describe_method", method="crm.deal.add")
    assert answer["examples"] == [{"fields": {"TITLE": "A deal", "PHONE": [1, 2, 3]}}]
    assert "examples" not in await call_tool("describe_method", method="crm.deal.get")


async def test_a_long_example_is_shortened_and_says_so(call_tool: CallTool, copied: Path, tmp_path: Path) -> None:
    page = tmp_path / "tree/en/api-reference/crm/deals/crm-deal-add.md"
    fields = ",".join(f'"FIELD_{number}":"{number * 1111}"' for number in range(60))
    page.write_text(DEAL_ADD.replace('"TITLE":"A deal"', fields), "utf-8")
    await run_sync(sync, copied, tmp_path / "tree")
    (example,) = (await call_tool("describe_method", method="crm.deal.add"))["examples"]
    assert len(json.dumps(example)) < 800
    assert example["fields"]["FIELD_0"] == "0"
    assert "more" in example["fields"]["…"]


async def test_a_page_is_a_resource(client: Client, copied: Path) -> None:
    (content,) = (await client.read_resource("b24://doc/ru/guides/carts")).contents
    text = getattr(content, "text", "")
    assert text.startswith("# Как живут корзины\n\nhttps://apidocs.bitrix24.ru/guides/carts.html\n\nКорзина рождается")
    assert content.mime_type == "text/markdown"


@pytest.mark.parametrize("page", ["en/nowhere", "../../etc/passwd", "en/../../secret"])
async def test_an_unknown_resource_is_refused(client: Client, copied: Path, page: str) -> None:
    with pytest.raises(MCPError):
        await client.read_resource(f"b24://doc/{page}")


async def test_names_of_pages_are_completed(client: Client, copied: Path) -> None:
    reference = ResourceTemplateReference(type="ref/resource", uri="b24://doc/{+page}")
    found = (await client.complete(reference, {"name": "page", "value": "ru/guides/c"})).completion.values
    assert found == ["ru/guides/carts"]
    found = (await client.complete(reference, {"name": "page", "value": "cart-add"})).completion.values
    assert found[0] == "en/api-reference/shop/events/on-cart-add"


async def test_a_copy_made_while_the_server_runs_is_used_at_once(
    call_tool: CallTool, copied: Path, tmp_path: Path
) -> None:
    assert (await call_tool("search_docs", query="silver carts"))["pages"][0]["page"] != "en/guides/silver"
    (tmp_path / "tree/en/guides/silver.md").write_text("# Silver carts\n\nThey shine.\n", "utf-8")
    await run_sync(sync, copied, tmp_path / "tree")
    assert (await call_tool("search_docs", query="silver carts"))["pages"][0]["page"] == "en/guides/silver"


async def test_the_first_question_fetches_the_documentation_and_is_answered_from_it(
    call_tool: CallTool, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with docs_server(tmp_path / "served") as served:
        monkeypatch.setenv("B24_DOCS", served.address)
        assert "starts the download" in (await call_tool("portal_info"))["documentation"]
        shown: list[str | None] = []

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            shown.append(message)

        result = await client.call_tool(
            "search_docs", {"query": "who leaves without paying", "kind": "article"}, progress_callback=progress
        )
        answer = json.loads(getattr(result.content[0], "text", ""))
        assert answer["pages"][0]["page"] == "en/guides/carts"
        assert shown
        assert "English (of 20" in (await call_tool("portal_info"))["documentation"]


async def test_while_the_download_fails_the_catalogue_answers_and_says_why(
    call_tool: CallTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with docs_server(tmp_path / "served") as served:
        served.answer = lambda *_: (503, {}, b"")
        monkeypatch.setenv("B24_DOCS", served.address)
        asked = await call_tool("search_docs", query="put a task on hold")
        assert asked["pages"][0]["kind"] == "method"
        assert "being downloaded" in asked["hint"]
        await call_tool("search_docs", query="who leaves without paying", kind="article")
        failed = await call_tool("search_docs", query="put a task on hold")
        assert failed["pages"][0]["kind"] == "method"
        assert "status 503" in failed["hint"]
        assert "minutes" in failed["hint"]
        error = (await call_tool("read_doc", page="settings/oauth/index"))["error"]
        assert (error["code"], "status 503" in error["message"]) == ("B24MCP_NO_DOCS", True)


@pytest.mark.parametrize(
    "value", ["http://mirror.example", "https://user:word@git.example", "docs.zip", "ftp://a.example"]
)
async def test_a_wrong_source_of_the_documentation_is_refused(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("B24_DOCS", value)
    error = (await call_tool("search_docs", query="cart"))["error"]
    assert (error["code"], "B24_DOCS" in error["message"]) == ("B24MCP_SETTINGS", True)


EXPLAINED = """# Make a new deal crm.deal.add

> Who can execute the method: any user

## Method Parameters

#|
|| **Name**
`type` | **Description** ||
|| **fields***
[`object`](../../data-types.md) | What the deal holds, see [below](#fields) ||
|| **params**
[`object`](../../data-types.md) | How it is made ||
|#

### Parameter fields {#fields}

#|
|| **Name**
`type` | **Description** ||
|| **OPENED**
[`char`](../../data-types.md) | Whether others see it. Invented values:

- `Y` — they do
- `N` — they do not ||
|| **TITLE**
[`string`](../../data-types.md) | How people call it ||
|#

## Response Handling

#|
|| **Name**
`type` | **Description** ||
|| **fields** | Nothing that is sent ||
|#
"""
NEW_DEAL = """# A deal appears onCrmDealAdd

> Who can subscribe: any user

#|
|| **Parameter**
`type` | **Description** ||
|| **FIELDS**
`array` | What appeared:

#|
|| **Key** | **Meaning** ||
|| **ID** | Number of the invented deal ||
|#
||
|#
"""


@pytest.fixture
def explained(tmp_path: Path, copied: Path) -> Path:
    """A copy whose pages explain the parameters of a method and the data of an event."""
    deals = tmp_path / "tree/en/api-reference/crm/deals"
    (deals / "crm-deal-add.md").write_text(EXPLAINED, "utf-8")
    (deals / "events").mkdir()
    (deals / "events/on-crm-deal-add.md").write_text(NEW_DEAL, "utf-8")
    sync(copied, tmp_path / "tree")
    return copied


async def test_a_parameter_is_described_in_the_words_of_its_page(call_tool: CallTool, explained: Path) -> None:
    answer = await call_tool("describe_method", method="crm.deal.add")
    fields, params = answer["params"]
    assert fields["meaning"] == "What the deal holds, see below"
    assert params["meaning"] == "How it is made"
    assert "How people call it" in str(fields["fields"])
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 4000


async def test_the_values_of_a_field_have_the_meanings_of_the_page(call_tool: CallTool, explained: Path) -> None:
    answer = await call_tool("describe_method", method="crm.deal.add", of="fields.OPENED")
    (opened,) = answer["params"][0]["fields"]
    assert opened["meaning"] == "Whether others see it. Invented values: `Y` — they do; `N` — they do not"


async def test_a_word_of_the_page_finds_a_field(call_tool: CallTool, explained: Path) -> None:
    answer = await call_tool("describe_method", method="crm.deal.add", of="people call")
    assert [one["name"] for one in answer["params"][0]["fields"]] == ["TITLE"]


async def test_the_data_of_an_event_has_the_words_of_its_page(call_tool: CallTool, explained: Path) -> None:
    answer = await call_tool("describe_method", method="onCrmDealAdd")
    assert answer["data"][0]["fields"][0]["meaning"] == "Number of the invented deal"


async def test_fields_of_records_are_described_in_the_words_of_the_documentation(
    call_tool: CallTool, explained: Path
) -> None:
    answer = await call_tool("describe_fields", entity="deal", only="OPENED")
    assert answer["documented"]["OPENED"].startswith("Whether others see it")
    assert "documented" not in await call_tool("describe_fields", entity="deal", only="UF_")


async def test_without_a_copy_methods_are_described_as_before(call_tool: CallTool) -> None:
    answer = await call_tool("describe_method", method="crm.deal.add")
    assert "meaning" not in str(answer["params"])


CODES = """# What goes wrong

Something about failures.

## Table of codes

#|
|| **Code** | **Meaning** ||
|| `CART_TOO_HEAVY` | The cart holds more than it can carry ||
|| `CART_LOST` | Nobody knows where it is ||
|#
"""


@pytest.fixture
def with_codes(tmp_path: Path, copied: Path) -> Path:
    """A copy with a page of error codes."""
    (tmp_path / "tree/en/guides/failures.md").write_text(CODES, "utf-8")
    sync(copied, tmp_path / "tree")
    return copied


@pytest.mark.parametrize("query", ["CART_TOO_HEAVY", "cart_too_heavy", "what does CART_TOO_HEAVY mean", "CART_TOO"])
async def test_a_code_is_found_in_the_section_that_explains_it(
    call_tool: CallTool, with_codes: Path, query: str
) -> None:
    found = (await call_tool("search_docs", query=query))["pages"][0]
    assert (found["page"], found["section"]) == ("en/guides/failures", "Table of codes")
    assert "more than it can carry" in found["extract"]


@pytest.mark.parametrize("page", ["CART_TOO_HEAVY", "CART_LOST"])
async def test_a_code_can_be_read_like_a_page(call_tool: CallTool, with_codes: Path, page: str) -> None:
    answer = await call_tool("read_doc", page=page)
    assert (answer["page"], answer["section"]) == ("en/guides/failures", "Table of codes")
    assert "Nobody knows" in answer["text"]


@pytest.mark.parametrize(
    "query", ["onCartAdd", "ONCARTADD", "oncartadd", "event onCartAdd payload", "shop.cart.ADD", "shop.crat.add"]
)
async def test_names_come_first_in_any_letter_case(call_tool: CallTool, copied: Path, query: str) -> None:
    found = (await call_tool("search_docs", query=query))["pages"][0]["page"]
    assert found == "en/api-reference/shop/" + ("shop-cart-add" if "shop" in query else "events/on-cart-add")


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("abandonned baskets", "en/guides/carts"),
        ("abandnoed baskets", "en/guides/carts"),
        ("брошеные корзины", "ru/guides/carts"),
        ("broshennye korziny", "ru/guides/carts"),
    ],
)
async def test_typing_errors_do_not_hide_a_page(call_tool: CallTool, copied: Path, query: str, page: str) -> None:
    assert page in [one["page"] for one in (await call_tool("search_docs", query=query))["pages"]]

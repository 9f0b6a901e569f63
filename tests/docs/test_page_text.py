"""Pages as plain Markdown: all markup, sections, languages of code samples, and texts over the limit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.dialect.markup import BrokenPageError, parse
from b24_mcp.docs import CodeLanguage, DocsLibrary, NoSuchPageError
from b24_mcp.docs.inline import Links
from b24_mcp.docs.markdown import join, json_length, pieces_of
from b24_mcp.docs.sections import page_of

ADD = "en/api-reference/shop/shop-cart-add"
FENCE = re.compile(r"^(?:> )*(`{3,})[^\n]*\n.*?^(?:> )*\1`*[ \t]*$", re.S | re.M)
SPAN = re.compile(r"(`+)([^\n]*?[^`\n])\1(?!`)")
LEFT_OVER = re.compile(r"\{%|#\||\|#|\|\||\{#|\{\.|\]\(\*|\^\*\^|\{width")


def left_over(text: str) -> list[str]:
    """Return the markup of the dialect that remains in a text outside of code."""
    return LEFT_OVER.findall(SPAN.sub("`code`", FENCE.sub("", text)))


def test_a_table_keeps_lists_and_code_inside_its_cells(library: DocsLibrary) -> None:
    text = library.read(ADD, section="Method Parameters").text
    assert "| **Name** `type` | **Description** |\n| --- | --- |\n| **fields*** `object` |" in text
    assert "<br>`{ TITLE: value, PRICE: value, }`<br>- `TITLE` — text of the label<br>- `PRICE`" in text
    assert "What carries * must be there\n" in text


def test_an_escaped_bar_stays_inside_its_cell() -> None:
    links = Links("en", "a", lambda _: None)
    text = join(pieces_of(parse("#|\n|| **A**\\|**B** | `x|y` ||\n|#"), links))
    assert text.splitlines()[-1] == r"| **A**\|**B** | `x\|y` |"


def test_a_table_inside_a_cell_becomes_a_list(library: DocsLibrary) -> None:
    text = library.read(ADD, section="Method Parameters").text
    assert (
        "| **mode** `string` | One of two:<br>- **Value** — **Meaning**<br>- `soft` — keeps what is there<br>" in text
    )


@pytest.mark.parametrize(
    ("code", "sample"),
    [("curl", "curl -X POST"), ("js", "await shop.call"), ("php", "$shop->call"), ("python", 'shop.call("shop.cart')],
)
def test_code_samples_are_shown_in_one_language(library: DocsLibrary, code: CodeLanguage, sample: str) -> None:
    text = library.read(ADD, section="Code Examples", code=code).text
    assert sample in text
    assert text.count("```") == 2


def test_without_a_sample_in_the_language_another_one_is_shown() -> None:
    blocks = parse(
        "{% list tabs %}\n\n- PHP\n\n  ```php\n  f();\n  ```\n\n- JS\n\n  ```js\n  g()\n  ```\n\n{% endlist %}"
    )
    text = join(pieces_of(page_of(blocks, "python").sections[0].blocks, Links("en", "a", lambda _: None)))
    assert text == "```js\ng()\n```"


def test_two_consecutive_groups_of_samples_are_separate() -> None:
    group = (
        "{% list tabs %}\n\n- JS\n\n  ```js\n  one()\n  ```\n\n- PHP\n\n  ```php\n  one();\n  ```\n\n{% endlist %}\n\n"
    )
    blocks = parse(group + group.replace("one", "two"))
    text = join(pieces_of(page_of(blocks, "js").sections[0].blocks, Links("en", "a", lambda _: None)))
    assert text == "```js\none()\n```\n\n```js\ntwo()\n```"


def test_tabs_that_are_not_about_code_are_sections(library: DocsLibrary) -> None:
    whole = library.read(ADD, section="fields").text
    assert "#### Book" in whole
    assert "#### Toy" in whole
    toy = library.read(ADD, section="Toy").text
    assert "**AGE**" in toy
    assert "**PAGES**" not in toy


def test_links_lead_to_pages_and_take_their_titles(library: DocsLibrary) -> None:
    reading = library.read(ADD)
    assert "[guide](en/guides/carts)" in reading.text
    assert "[the shop](https://shop.example/a?b=c)." in reading.text
    assert "- [How carts live](en/guides/carts)" in reading.text
    assert "- [nowhere](en/api-reference/shop/nowhere)" in reading.text
    assert "data-types" not in reading.text


def test_notes_cuts_terms_and_pictures_are_readable(library: DocsLibrary) -> None:
    text = library.read("en/guides/carts").text
    assert "> **Mind the clock**\n>\n> Time runs in the zone of the portal:\n>\n> - summer\n> - winter" in text
    assert "> **Good to know**" in text
    assert "**Why a week**" in text
    assert "[picture: a chart]" in text
    assert "A cart is born with its first article and dies after a week." in text
    assert "**week**: Seven days" in text


def test_drafts_advertising_and_boilerplate_are_left_out(library: DocsLibrary) -> None:
    text = library.read("en/guides/carts").text + library.read(ADD).text
    for left_out in ("Still to be written", "MCP server", "Never shown"):
        assert left_out not in text


def test_code_that_looks_like_markup_is_unchanged(library: DocsLibrary) -> None:
    text = library.read("en/guides/carts", section="abandoned").text
    assert "Write `{% raw %}` and `#| not a table |#` as they are." in text


def test_no_page_contains_markup_of_the_dialect(library: DocsLibrary, tree: object) -> None:
    from tests.docs.pages import edition

    for language in ("en", "ru"):
        for name in edition(language):
            if not name.startswith("_"):
                text = library.read(f"{language}/{name}").text
                assert left_over(text) == [], name


@pytest.mark.parametrize(
    "wanted",
    [
        "api-reference/shop/shop-cart-add",
        "en/api-reference/shop/shop-cart-add",
        "API-reference/shop/shop-cart-add.md",
        "https://apidocs.bitrix24.com/api-reference/shop/shop-cart-add.html#auto-anchor",
        "b24://doc/en/api-reference/shop/shop-cart-add",
    ],
)
def test_a_page_is_found_by_path_or_address(library: DocsLibrary, wanted: str) -> None:
    reading = library.read(wanted)
    assert (reading.language, reading.page) == ("en", "api-reference/shop/shop-cart-add")
    assert reading.url == "https://apidocs.bitrix24.com/api-reference/shop/shop-cart-add.html"


def test_an_address_selects_the_language_and_its_anchor_the_section(library: DocsLibrary) -> None:
    reading = library.read("https://apidocs.bitrix24.ru/guides/carts.html#abandoned")
    assert (reading.language, reading.section) == ("ru", "Брошенные корзины")
    assert reading.text.startswith("## Брошенные корзины\n\nКто ушел")


def test_a_folder_is_read_as_its_index(library: DocsLibrary) -> None:
    assert library.read("guides").page == "guides/index"


def test_an_unknown_page_is_an_error_with_similar_pages(library: DocsLibrary) -> None:
    with pytest.raises(NoSuchPageError) as caught:
        library.read("api-reference/shop/shop-kart-add")
    assert "en/api-reference/shop/shop-cart-add" in caught.value.similar
    with pytest.raises(NoSuchPageError) as caught:
        library.read("elsewhere/carts")
    assert caught.value.similar == ["en/guides/carts"]


@pytest.mark.parametrize("wanted", ["", "../../etc/passwd", "/", "en/", "\x00", "😀" * 400])
def test_an_invalid_page_name_is_refused(library: DocsLibrary, wanted: str) -> None:
    with pytest.raises(NoSuchPageError):
        library.read(wanted)


def test_an_unknown_section_is_an_error_with_the_sections(library: DocsLibrary) -> None:
    with pytest.raises(NoSuchPageError) as caught:
        library.read(ADD, section="Prices of tea")
    assert "Error Handling" in caught.value.similar


@pytest.mark.parametrize("room", [300, 800, 1_200])
def test_a_long_page_is_read_in_parts_and_nothing_is_lost(library: DocsLibrary, room: int) -> None:
    whole = library.read(ADD, max_chars=100_000)
    assert whole.more is None
    parts, section = [], ""
    for _ in range(50):
        reading = library.read(ADD, section=section, max_chars=room)
        assert json_length(reading.text) <= room
        parts.append(reading.text)
        if reading.more is None:
            break
        section = reading.more
    together = "\n".join(parts)
    for line in whole.text.splitlines():
        assert line in together
    assert len(parts) > 1


def test_the_continuation_of_a_table_repeats_its_head() -> None:
    rows = "".join(f"|| **k{number}** | {'word ' * 20} ||\n" for number in range(30))
    pieces = list(pieces_of(parse(f"#|\n|| **Name** | **Text** ||\n{rows}|#"), Links("en", "a", lambda _: None)))
    assert join(pieces[10:12]).startswith("| **Name** | **Text** |\n| --- | --- |\n| **k10** |")


def test_long_code_is_split_between_lines_and_joined_again() -> None:
    code = "\n".join(f"line {number} of a very long program" for number in range(400))
    pieces = list(pieces_of(parse(f"```js\n{code}\n```"), Links("en", "a", lambda _: None)))
    assert len(pieces) > 3
    assert join(pieces) == f"```js\n{code}\n```"
    assert join(pieces[1:2]).startswith("```js\nline ")
    assert join(pieces[1:2]).endswith("\n```")


def test_a_page_with_a_syntax_error_can_be_read(folder: object, tree: object) -> None:
    from pathlib import Path

    from tests.docs.conftest import sync

    assert isinstance(tree, Path)
    assert isinstance(folder, Path)
    (tree / "en/checkout/guides/torn.md").write_text("# Torn page\n\nSome words.\n\n#|\n|| a | b ||\n", "utf-8")
    done = sync(folder, tree)
    assert done["en"].written is not None
    assert list(done["en"].written.broken) == ["guides/torn"]
    reading = DocsLibrary(folder).read("en/guides/torn")
    assert reading.title == "Torn page"
    assert "Some words." in reading.text


FRAGMENTS = st.sampled_from(
    [
        "text", "`code`", "**bold**", "\n", "\n\n", "# Title", "\n## Part {#a}\n", "[x](y.md)", "[{#T}](y.md#z)",
        "#|", "|#", "||", " | ", "{% note info \"t\" %}", "{% endnote %}", "{% list tabs %}", "{% endlist %}",
        "```", "\n```js\nf()\n```\n", "{% cut \"c\" %}", "{% endcut %}", "![p](i.png){width=1}", "^*^",
        "{.cls}", "\n- JS\n", "[*t]: d", "- item",
        "{% include [x](nowhere.md) %}", "    ", "\\|", "<br>", "{#T}", "$", "\ue003", "\ue0050\ue006",
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_any_page_is_converted_to_text(source: str) -> None:
    try:
        blocks = parse(source)
    except BrokenPageError:
        return
    for code in ("curl", None):
        for section in page_of(blocks, code).sections:
            pieces = list(pieces_of(section.blocks, Links("en", "a/b", lambda _: None)))
            assert len(join(pieces)) >= sum(len(piece.text) for piece in pieces)

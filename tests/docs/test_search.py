"""Search in the test documentation, and in the official one where it is available."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.dialect.editions import FOR_READING
from b24_mcp.docs import DocsLibrary
from tests.docs.conftest import sync
from tests.docs.pages import edition
from tests.docs.test_page_text import left_over

# Read at import, because a fixture removes the environment's settings for each test.
DOCS = os.environ.get("B24_DOCS")
NEEDS_DOCS = pytest.mark.skipif(DOCS is None, reason="B24_DOCS does not name a folder with the documentation")
HERE = Path(__file__).parent


def found(library: DocsLibrary, query: str, **options: object) -> list[str]:
    return [f"{hit.language}/{hit.page}" for hit in library.search(query, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("put goods into a cart", "en/api-reference/shop/shop-cart-add"),
        ("shop.cart.add", "en/api-reference/shop/shop-cart-add"),
        ("CART_FULL", "en/api-reference/shop/shop-cart-add"),
        ("when somebody leaves without paying", "en/guides/carts"),
        ("abandoned baskets", "en/guides/carts"),
        ("how is a moment in time written", "en/api-reference/data-types"),
        ("положить товар в корзину", "ru/api-reference/shop/shop-cart-add"),
        ("что бывает с брошенными корзинами", "ru/guides/carts"),
    ],
)
def test_a_question_finds_its_page_in_its_language(library: DocsLibrary, query: str, page: str) -> None:
    assert found(library, query)[0] == page


def test_a_hit_has_the_matching_section_and_an_extract(library: DocsLibrary) -> None:
    hit = library.search("who leaves without paying")[0]
    assert (hit.title, hit.section, hit.kind) == ("How carts live", "Abandoned baskets", "article")
    assert hit.extract.startswith("Whoever leaves without paying gets a reminder.")


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("method", "en/api-reference/shop/shop-cart-add"),
        ("event", "en/api-reference/shop/events/on-cart-add"),
        ("widget", "en/api-reference/widgets/cart-tab"),
        ("tutorial", "en/tutorials/first-cart"),
        ("article", "en/guides/carts"),
    ],
)
def test_a_search_can_be_limited_to_a_kind(library: DocsLibrary, kind: str, page: str) -> None:
    hits = library.search("cart goods abandoned", kind=kind)  # type: ignore[arg-type]
    assert {hit.kind for hit in hits} == {kind}
    assert page in [f"en/{hit.page}" for hit in hits]


def test_outdated_pages_rank_lower(library: DocsLibrary) -> None:
    pages = found(library, "show carts", kind="method")
    assert pages.index("en/api-reference/shop/shop-cart-list") < pages.index(
        "en/api-reference/shop/outdated/shop-cart-all"
    )


def test_a_page_is_found_by_phrases_it_does_not_contain(library: DocsLibrary) -> None:
    """The page is about keeping a session alive; `topics.tsv` has the phrases that people use."""
    assert found(library, "refresh an expired access token")[0] == "en/settings/oauth/auto-renewal"
    assert found(library, "обновить истекший токен")[0] == "ru/settings/oauth/auto-renewal"


def test_words_in_code_samples_have_the_least_weight(library: DocsLibrary) -> None:
    assert found(library, "guide to red letters")[0] == "en/guides/carts"


def test_one_edition_answers_questions_in_both_languages(tree: Path, folder: Path) -> None:
    sync(folder, tree / "en" / "checkout")
    library = DocsLibrary(folder)
    assert found(library, "обновить истекший токен")[0] == "en/settings/oauth/auto-renewal"
    assert found(library, "put goods into a cart")[0].startswith("en/")


def test_boilerplate_text_is_not_found(library: DocsLibrary) -> None:
    assert found(library, "Connect to the MCP server") == ["en/ai-tools/mcp"]


@pytest.mark.parametrize("query", ["", " ", "the of and", "😀", "zzzzqqqq", '" OR qqtitle:*', "NEAR(a b)", "a" * 5_000])
def test_a_question_without_known_words_finds_nothing(library: DocsLibrary, query: str) -> None:
    assert found(library, query) == []


def test_the_limit_is_respected(library: DocsLibrary) -> None:
    assert len(found(library, "cart", limit=2)) == 2


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> DocsLibrary:
    from tests.docs.pages import write_edition

    place = tmp_path_factory.mktemp("copy")
    sync(place / "docs", write_edition(place / "tree", "en"))
    return DocsLibrary(place / "docs")


@given(st.text(max_size=60), st.integers(1, 20))
def test_any_text_is_a_valid_query(searched: DocsLibrary, query: str, limit: int) -> None:
    assert len(searched.search(query, limit=limit)) <= limit


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> DocsLibrary:
    assert DOCS is not None
    folder = tmp_path_factory.mktemp("docs")
    sync(folder, Path(DOCS))
    return DocsLibrary(folder)


def answered(library: DocsLibrary, questions: str) -> list[tuple[bool, str]]:
    """Return for each question whether one of the accepted pages is among the first three."""
    outcomes = []
    for line in (HERE / questions).read_text("utf-8").splitlines():
        asked = json.loads(line)
        pages = [hit.page for hit in library.search(asked["query"], limit=3)]
        outcomes.append((bool(set(pages) & set(asked["accept"])), asked["query"]))
    return outcomes


@NEEDS_DOCS
@pytest.mark.slow
@pytest.mark.parametrize("questions", ["questions.jsonl", "held_out.jsonl", "unseen.jsonl"])
def test_questions_find_their_official_page_among_the_first_three(official: DocsLibrary, questions: str) -> None:
    outcomes = answered(official, questions)
    missed = [query for there, query in outcomes if not there]
    assert len(missed) <= 0.12 * len(outcomes), missed


@NEEDS_DOCS
@pytest.mark.slow
def test_every_page_in_the_list_of_topics_exists(official: DocsLibrary) -> None:
    lines = (HERE.parents[1] / "b24_mcp/docs/topics.tsv").read_text("utf-8").splitlines()
    with official.editions() as editions:
        names = set(editions["ru"].page_names())
    assert [page for line in lines if (page := line.partition("\t")[0]) not in names] == []


@NEEDS_DOCS
@pytest.mark.slow
def test_no_official_page_contains_markup_of_the_dialect(official: DocsLibrary) -> None:
    wrong = {}
    with official.editions() as editions:
        for language, read in editions.items():
            for source in read.pages(FOR_READING):
                text = official.read(f"{language}/{source.page}", max_chars=1_000_000).text
                if there := left_over(text):
                    wrong[source.page] = there
    assert wrong == {}


def test_the_list_of_topics_has_each_page_once_and_in_both_languages() -> None:
    lines = (HERE.parents[1] / "b24_mcp/docs/topics.tsv").read_text("utf-8").splitlines()
    pages = [line.partition("\t")[0] for line in lines]
    assert len(pages) == len(set(pages))
    assert all(len(line.split("\t")) == 3 and all(line.split("\t")) for line in lines)
    assert "settings/oauth/auto-renewal.md" in edition("en")

"""Every page is rendered faithfully: nothing of the markup is left, tables are whole, code is in the asked language.

The pages are those of the small test documentation, and those of both official editions where `B24_DOCS` names them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from b24_mcp.dialect.editions import FOR_READING, find_editions
from b24_mcp.dialect.markup import Block, BrokenPageError, Cell, Code, MarkupTable, parse
from b24_mcp.docs.inline import Links, plain
from b24_mcp.docs.markdown import join, pieces_of
from b24_mcp.docs.sections import _TABS, CodeLanguage, page_of
from tests.docs.pages import write_edition
from tests.docs.test_page_text import left_over

# Read at import, because a fixture removes the environment's settings for each test.
DOCS = os.environ.get("B24_DOCS")
LANGUAGES: tuple[CodeLanguage, ...] = ("curl", "js", "php", "python")
WORDS = re.compile(r"\w+")


def rendered(blocks: Iterable[Block], page: str, code: CodeLanguage) -> str:
    """Return a page as a reader gets it."""
    links = Links("en", page, lambda _: None)
    return "\n\n".join(join(pieces_of(section.blocks, links)) for section in page_of(blocks, code).sections)


def cells_of(table: MarkupTable) -> Iterator[Cell]:
    for row in table.rows:
        for cell in row:
            yield cell
            for inner in cell.tables:
                yield from cells_of(inner)


def is_in_code_tab(block: Block) -> bool:
    labels = {label for labels in _TABS.values() for label in labels} | {"go", "html", "json", "node.js", "typescript"}
    return bool(block.tab) and plain(block.tab[-1]).lower() in labels


def lost_in_tables(blocks: list[Block], text: str) -> list[str]:
    """Return the cells of tables whose words are not all in the text, in their order."""
    there = " ".join(WORDS.findall(text.replace("`", " ")))
    tables = [block for block in blocks if isinstance(block, MarkupTable) and not is_in_code_tab(block)]
    said = (
        (plain(line.replace("`", " ")), line)
        for table in tables
        for cell in cells_of(table)
        for line in cell.text.split("\n")
    )
    return [line for words, line in said if "](" not in line and " ".join(WORDS.findall(words)) not in there]


def groups_of_samples(blocks: list[Block]) -> Iterator[dict[str, list[str]]]:
    """Yield the samples of each group of tabs by their label."""
    group: dict[str, list[str]] = {}
    last = ""
    for block in blocks:
        label = plain(block.tab[-1]).lower() if is_in_code_tab(block) else ""
        if label != last and (not label or label in group):
            yield group
            group = {}
        if label:
            group.setdefault(label, []).extend([block.text] if isinstance(block, Code) else [])
        last = label
    yield group


def wrong_code(blocks: list[Block], text: str, code: CodeLanguage) -> list[str]:
    """Return what is wrong with the samples of groups that have one in `code`: it is missing, or others are shown."""
    wrong: list[str] = []
    for group in groups_of_samples(blocks):
        own = [sample for label in _TABS[code] for sample in group.get(label, ())]
        if not own:
            continue  # such a group shows another language
        if not any(flat(sample) in flat(text) for sample in own):
            wrong.append(f"no sample in {code}")
        others = [one for label, many in group.items() if label not in _TABS[code] for one in many]
        wrong += [one[:60] for one in others if len(one) > 80 and flat(one) in flat(text) and one not in own]
    return wrong


def flat(text: str) -> str:
    return " ".join(text.split())


def problems(root: Path) -> Iterator[tuple[str, object]]:
    for language, edition in find_editions(root).items():
        for source in edition.pages(FOR_READING):
            name = f"{language}/{source.page}"
            try:
                blocks = parse(source.text)
            except BrokenPageError as exc:
                yield name, str(exc)
                continue
            for code in LANGUAGES:
                text = rendered(blocks, source.page, code)
                if code == "curl" and (left := left_over(text)):
                    yield name, left
                if code == "curl" and (lost := lost_in_tables(blocks, text)):
                    yield name, lost
                if wrong := wrong_code(blocks, text, code):
                    yield name, wrong


def test_every_page_is_rendered_faithfully(tmp_path: Path) -> None:
    for language in ("en", "ru"):
        write_edition(tmp_path / "tree" / language, language)
    assert list(problems(tmp_path / "tree")) == []


def test_a_lost_cell_and_foreign_code_are_noticed() -> None:
    table = parse("#|\n|| **Name** | **Meaning** ||\n|| one | two three ||\n|#")
    assert lost_in_tables(table, "| Name | Meaning |\n| one | two |") == ["two three"]
    tabs = (
        "{% list tabs %}\n\n- PHP\n\n  ```php\n  f('"
        + "x" * 90
        + "');\n  ```\n\n- JS\n\n  ```js\n  g()\n  ```\n\n{% endlist %}"
    )
    blocks = parse(tabs)
    assert wrong_code(blocks, rendered(blocks, "a", "js"), "js") == []
    missing, foreign = wrong_code(blocks, rendered(blocks, "a", "php"), "js")
    assert (missing, foreign.strip()[:4]) == ("no sample in js", "f('x")


@pytest.mark.skipif(DOCS is None, reason="B24_DOCS does not name a folder with the documentation")
@pytest.mark.slow
def test_every_official_page_is_rendered_faithfully() -> None:
    assert DOCS is not None
    assert dict(problems(Path(DOCS))) == {}

"""The documents of the repository: their links lead somewhere, and what they say about the code is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.test_architecture import ALLOWED, PACKAGE

ROOT = Path(__file__).parent.parent
DEVELOPMENT = ROOT / "docs" / "development"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^ *```.*?^ *```[^\n]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_ROW = re.compile(r"^\| `(\w+)` \|[^|\n]*\|([^|\n]*)\|$", re.MULTILINE)
_PATH = re.compile(r"(\.?\w+)/[\w.*/-]*")


def text_of(document: Path) -> str:
    """The text of a document without its blocks of code."""
    return _FENCE.sub("", document.read_text("utf-8"))


def anchors_of(document: Path) -> set[str]:
    """The anchors of the headings of a document, as GitHub makes them."""
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in _HEADING.findall(text_of(document)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def links() -> list[tuple[Path, str]]:
    """Every link to a place in the repository, with the document it is in."""
    found = [(document, link) for document in DOCUMENTS for link in _LINK.findall(text_of(document))]
    return [(document, link) for document, link in found if not re.match(r"[a-z]+:", link)]


def paths() -> list[tuple[Path, str]]:
    """Every path that a page for contributors names, from the root or from the package, with the page."""
    pages = [ROOT / "CONTRIBUTING.md", *sorted(DEVELOPMENT.glob("*.md"))]
    folders = {path.name for parent in (ROOT, PACKAGE) for path in parent.iterdir() if path.is_dir()}
    named = {(page, code) for page in pages for code in _CODE.findall(text_of(page))}
    return sorted((page, code) for page, code in named if (path := _PATH.fullmatch(code)) and path[1] in folders)


def name_of(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("document", "link"), links(), ids=name_of)
def test_a_link_leads_to_a_file_and_a_heading(document: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (document.parent / name).resolve() if name else document
    assert target.exists()
    assert target.is_relative_to(ROOT)
    assert not anchor or anchor in anchors_of(target)


@pytest.mark.parametrize(("page", "path"), paths(), ids=name_of)
def test_a_path_in_a_page_for_contributors_exists(page: Path, path: str) -> None:
    assert any(found for parent in (ROOT, PACKAGE) for found in parent.glob(path.rstrip("/"))), f"not found: {path}"


def test_every_page_for_contributors_can_be_reached_from_contributing() -> None:
    linked = {(document.parent / link.partition("#")[0]).resolve() for document, link in links()}
    assert set(DEVELOPMENT.glob("*.md")) <= linked


def test_the_table_of_packages_is_the_one_that_is_checked() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|[^|\n]*\|([^|\n]*)\|$", (DEVELOPMENT / "architecture.md").read_text("utf-8"), re.M
    )
    table = {name: set(_CODE.findall(imports)) for name, imports in rows}
    assert table == {name: allowed for name, allowed in ALLOWED.items() if not name.startswith("__")}


def test_every_package_is_in_the_table() -> None:
    text = (DEVELOPMENT / "architecture.md").read_text("utf-8")
    packages = {module.parent.name for module in PACKAGE.glob("*/__init__.py")}
    assert packages
    assert {name for name in packages if f"| `{name}` |" not in text} == set()


def test_contributing_is_a_page_that_is_read_to_its_end() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 80

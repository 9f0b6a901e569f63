"""How fast the documentation is indexed, brought up to date, searched and read, and how well it is found.

Usage: python -m benchmarks.docs PLACE
`PLACE` is what `b24-mcp docs sync --from` takes: a folder or archive with the official documentation.

Questions are asked as the tools ask them. `held_out` and `unseen` were written before the ranking that they measure.

Times are of this process and shown beside those of reading the same texts once, so that machines compare.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from b24_mcp.app.answers.method_form import MethodForm
from b24_mcp.app.descriptions import description
from b24_mcp.app.doc_pages import search_pages
from b24_mcp.catalog import known_methods
from b24_mcp.discovery import documented
from b24_mcp.docs import DocsLibrary
from b24_mcp.docs.sources import LicensedEdition, local_editions
from b24_mcp.docs.sync import replace_copy, sync_lock
from b24_mcp.rest import to_json

Result = TypeVar("Result")
QUESTIONS = Path(__file__).parent.parent / "tests" / "docs"


def main() -> None:
    """Measure and print."""
    place = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="b24-docs-") as scratch:
        os.environ |= {"B24_DATA_DIR": scratch, "B24_DOCS": "off"}
        folder = Path(scratch) / "docs"
        reading, editions = timed(lambda: list(local_editions(place)))
        words = sum(len(text.split()) for text in texts(editions))
        print(f"reading {len(editions)} editions, {words:,} words: {reading:.1f} s")
        first, _ = timed(lambda: taken_over(folder, editions))
        again, _ = timed(lambda: taken_over(folder, editions))
        print(f"indexed {first:.1f} s, with nothing changed {again:.1f} s ({first / again:.0f} times as fast)")
        library = DocsLibrary(folder)
        for one in library.status():
            print(f"  {one.language}: {one.pages} pages, {one.sections} sections, {one.size / 1e6:.0f} MB on disk")
        searching(library)
        identifiers()
        explaining()
        pages(library)


def timed(act: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds that it took, and its result."""
    begin = time.perf_counter()
    result = act()
    return time.perf_counter() - begin, result


def texts(editions: list[LicensedEdition]) -> list[str]:
    """The texts of all editions."""
    return [one.edition.files.text(name) or "" for one in editions for name in one.edition.files.names()]


def taken_over(folder: Path, editions: list[LicensedEdition]) -> None:
    """Bring the copy up to date."""
    with sync_lock(folder):
        for incoming in editions:
            replace_copy(folder, incoming, lambda *_: None)


def searching(library: DocsLibrary) -> None:
    """Print how many questions find their page, and how long a search takes."""
    spent = []
    for name in ("questions", "held_out", "unseen"):
        for language in library.languages:
            asked = [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()]
            first = three = count = 0
            for question in asked:
                if question["lang"] != language:
                    continue
                begin = time.process_time()
                found = found_pages(question["query"])
                spent.append(time.process_time() - begin)
                count += 1
                first += bool(found) and found[0] in question["accept"]
                three += bool(set(found[:3]) & set(question["accept"]))
            print(f"{name}, {language}: {three} of {count} among the first three, {first} at the top")
    middle, most = statistics.median(spent) * 1e3, max(spent) * 1e3
    print(f"a search takes {middle:.0f} ms of processor time, at most {most:.0f} ms")


def found_pages(query: str) -> list[str]:
    """Return the pages that the tool finds."""
    return [hit["page"].partition("/")[2] for hit in search_pages(query, None, 5)["pages"]]


def identifiers() -> None:
    """Print how many names of methods and events lead to their own page first."""
    catalogue = known_methods()
    asked = first = 0
    for name in catalogue.names[::10]:
        own = {found.facts.page for one in catalogue.versions(name) if (found := catalogue.method(name, one))} - {None}
        for typed in (name, name.upper()) if own else ():
            asked += 1
            first += found_pages(typed)[:1] != [] and found_pages(typed)[0] in own
    print(f"identifiers: {first} of {asked} names of methods lead to their page first")


def explaining() -> None:
    """Print for how many documented parameters `describe_method` shows a meaning, and whether there is an example."""
    catalogue = documented().catalogue
    params = shown = examples = methods = longest = 0
    for name in catalogue.names:
        for version in catalogue.versions(name):
            method = catalogue.method(name, version)
            if method is None or not method.facts.page:
                continue
            found = description(documented(), name, version, "", "")
            assert found is not None
            form = cast(MethodForm, found.form)
            methods += 1
            examples += "examples" in form
            longest = max(longest, len(to_json(form)))
            params += len(form["params"])
            shown += sum("meaning" in one or "text" in one for one in form["params"])
    print(f"meanings: {shown} of {params} parameters ({shown / params:.1%}), examples: {examples} of {methods} methods")
    print(f"the longest description has {longest} characters")


def pages(library: DocsLibrary) -> None:
    """Print how long reading a page takes."""
    spent = []
    for language in library.languages:
        for hit in library.search("crm deal task user list" if language == "en" else "сделка задача", limit=20):
            begin = time.process_time()
            library.read(f"{hit.language}/{hit.page}")
            spent.append(time.process_time() - begin)
    print(f"reading a page takes {statistics.median(spent) * 1e3:.0f} ms, at most {max(spent) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()

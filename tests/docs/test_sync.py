"""The sync of the copy: every source, incremental updates, and atomic replacement."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b24_mcp.dialect.markup import Block, parse
from b24_mcp.docs import DocsError, DocsLibrary
from b24_mcp.docs.index import FORMAT
from b24_mcp.docs.sources import local_editions
from b24_mcp.docs.sync import replace_copy, sync_lock
from tests.docs.conftest import sync
from tests.docs.pages import LICENCE, edition, write_tar, write_zip

REVISION = "0123456789abcdef0123456789abcdef01234567"
ADD = "en/api-reference/shop/shop-cart-add"


def state(folder: Path) -> dict[str, object]:
    return {one.language: one for one in DocsLibrary(folder).status()}


@pytest.mark.parametrize("name", ["docs.tar.gz", "docs.tgz", "docs.tar.xz", "docs.tar", "docs.zip"])
def test_every_kind_of_archive_is_synced_with_revision_and_licence(tmp_path: Path, folder: Path, name: str) -> None:
    files = edition("en") | {"LICENSE": LICENCE, "_images/a.png": "no text"}
    write = write_zip if name.endswith("zip") else write_tar
    sync(folder, write(tmp_path / name, files, revision=REVISION))
    (status,) = DocsLibrary(folder).status()
    assert status.origin is not None
    assert (status.language, status.pages, status.origin.revision) == ("en", 12, REVISION)
    assert (status.origin.source, len(status.origin.sha256 or "")) == (name, 64)
    assert (folder / "en" / "LICENSE.txt").read_text("utf-8") == LICENCE
    assert REVISION in (folder / "en" / "ORIGIN.txt").read_text("utf-8")
    assert DocsLibrary(folder).read(ADD).title == "Put goods into a cart shop.cart.add"


def test_a_folder_of_archives_contains_both_editions(tmp_path: Path, folder: Path) -> None:
    place = tmp_path / "archives"
    place.mkdir()
    write_tar(place / "a-ru.tar.xz", edition("ru"))
    write_zip(place / "b-en.zip", edition("en"), root="")
    (place / "notes.txt").write_text("nothing", "utf-8")
    assert set(sync(folder, place)) == {"en", "ru"}
    assert DocsLibrary(folder).languages == ["en", "ru"]


def test_one_archive_can_contain_both_editions(tmp_path: Path, folder: Path) -> None:
    files = {f"{language}/{name}": text for language in ("en", "ru") for name, text in edition(language).items()}
    assert set(sync(folder, write_tar(tmp_path / "both.tar.gz", files, root=""))) == {"en", "ru"}


def test_a_source_without_documentation_is_refused_and_the_copy_is_kept(
    tmp_path: Path, library: DocsLibrary, folder: Path
) -> None:
    (tmp_path / "empty").mkdir()
    write_tar(tmp_path / "other.tar.gz", {"readme.md": "# Nothing of this kind"})
    for place in (tmp_path / "empty", tmp_path / "other.tar.gz"):
        with pytest.raises(DocsError, match="no folder with api-reference"):
            sync(folder, place)
    assert library.read(ADD).text


def test_unchanged_pages_are_not_parsed_again(tree: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sync(folder, tree)
    assert [one.written.read for one in first.values() if one.written] == [12, 12]
    (tree / "en/checkout/guides/carts.md").write_text("# How carts end\n\nAll carts end.\n", "utf-8")
    parsed = []

    def counting(text: str) -> list[Block]:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr("b24_mcp.docs.index.parse", counting)
    done = sync(folder, tree)
    assert len(parsed) == 1
    assert done["en"].written is not None
    assert done["en"].written.read == 1
    hits = DocsLibrary(folder).search("how carts end")
    assert (hits[0].page, hits[0].title) == ("guides/carts", "How carts end")
    assert all(hit.section != "Abandoned baskets" for hit in DocsLibrary(folder).search("abandoned baskets"))


def test_a_changed_include_updates_the_pages_that_use_it(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    (tree / "en/checkout/_includes/required.md").write_text("Stars are compulsory\n", "utf-8")
    done = sync(folder, tree)
    assert done["en"].written is not None
    assert done["en"].written.read == 1
    assert "Stars are compulsory" in DocsLibrary(folder).read(ADD).text


def test_a_removed_page_is_not_found(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    (tree / "en/checkout/tutorials/first-cart.md").unlink()
    done = sync(folder, tree)
    assert done["en"].written is not None
    assert (done["en"].written.pages, done["en"].written.gone) == (11, 1)
    assert DocsLibrary(folder).search("step by step", kind="tutorial") == []


def test_an_incremental_sync_equals_a_full_one(tree: Path, folder: Path, tmp_path: Path) -> None:
    sync(folder, tree)
    (tree / "en/checkout/guides/carts.md").write_text("# How carts end\n\nAll carts end.\n", "utf-8")
    (tree / "en/checkout/guides/new.md").write_text("# Brand new\n\nA cart of gold.\n", "utf-8")
    sync(folder, tree)
    sync(tmp_path / "fresh", tree)
    for query in ("cart", "abandoned baskets", "gold", "how carts end"):
        resumed, fresh = (
            DocsLibrary(folder).search(query, limit=20),
            DocsLibrary(tmp_path / "fresh").search(query, limit=20),
        )
        assert {(hit.page, hit.section, round(hit.score, 6)) for hit in resumed} == {
            (hit.page, hit.section, round(hit.score, 6)) for hit in fresh
        }


INTERRUPTED = """
import sys, time
from pathlib import Path
from b24_mcp.docs.sources import local_editions
from b24_mcp.docs.sync import sync_lock, replace_copy

def progress(language, done, whole):
    if (done == whole) == (sys.argv[3] == "late"):
        print("indexing", flush=True)
        time.sleep(600)  # until it is killed

folder, place = map(Path, sys.argv[1:3])
with sync_lock(folder):
    for incoming in local_editions(place):
        replace_copy(folder, incoming, progress)
"""


@pytest.mark.parametrize("moment", ["early", "late"])
def test_a_killed_sync_keeps_the_old_copy_and_the_next_one_succeeds(tree: Path, folder: Path, moment: str) -> None:
    sync(folder, tree)
    (tree / "en/checkout/guides/carts.md").write_text("# How carts end\n\nAll carts end.\n", "utf-8")
    command = [sys.executable, "-c", INTERRUPTED, str(folder), str(tree), moment]
    env = dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "indexing\n"
        with pytest.raises(DocsError, match="Another sync"):
            sync(folder, tree)
        assert DocsLibrary(folder).read("en/guides/carts").title == "How carts live"
        running.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    assert (folder / "en" / "index.draft").exists()
    assert DocsLibrary(folder).read("en/guides/carts").title == "How carts live"
    sync(folder, tree)
    assert DocsLibrary(folder).read("en/guides/carts").title == "How carts end"
    assert not (folder / "en" / "index.draft").exists()


def test_searches_work_while_the_copy_is_replaced(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    stop = threading.Event()

    def searching() -> int:
        searches = 0
        while not stop.is_set():
            assert DocsLibrary(folder).search("abandoned baskets")
            assert DocsLibrary(folder).read(ADD).text
            searches += 1
        return searches

    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(searching) for _ in range(2)]
        try:
            for number in range(5):
                (tree / "en/checkout/guides/new.md").write_text(f"# New {number}\n", "utf-8")
                sync(folder, tree)
        finally:
            stop.set()
        assert all(one.result() > 0 for one in found)


def test_an_interrupted_sync_removes_its_files(tree: Path, folder: Path) -> None:
    sync(folder, tree)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    (tree / "en/checkout/guides/carts.md").write_text("# How carts end\n", "utf-8")
    with pytest.raises(KeyboardInterrupt), sync_lock(folder):
        replace_copy(folder, next(local_editions(tree)), interrupt)
    assert sorted(path.name for path in (folder / "en").iterdir()) == ["LICENSE.txt", "ORIGIN.txt", "index.db"]
    assert DocsLibrary(folder).read("en/guides/carts").title == "How carts live"


def test_a_copy_of_another_version_is_not_used_and_built_again(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    db = sqlite3.connect(folder / "en" / "index.db")
    db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()
    library = DocsLibrary(folder)
    assert library.languages == ["ru"]
    assert [(one.language, one.usable) for one in library.status()] == [("en", False), ("ru", True)]
    done = sync(folder, tree)
    assert [one.written.read for one in done.values() if one.written] == [12, 0]
    assert library.languages == ["en", "ru"]


def test_a_damaged_copy_is_an_error_and_is_built_again(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    path = folder / "en" / "index.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(bytes(content))
    with pytest.raises(DocsError, match="docs sync"):
        DocsLibrary(folder).search("cart")
    sync(folder, tree)
    assert DocsLibrary(folder).search("cart")


def test_a_file_that_is_not_a_database_is_not_a_copy(tree: Path, folder: Path) -> None:
    sync(folder, tree)
    (folder / "en" / "index.db").write_bytes(b"something else")
    assert DocsLibrary(folder).languages == ["ru"]
    sync(folder, tree)
    assert DocsLibrary(folder).languages == ["en", "ru"]


def test_an_edition_without_pages_does_not_replace_a_copy(tree: Path, folder: Path, tmp_path: Path) -> None:
    sync(folder, tree)
    hollow = tmp_path / "hollow"
    (hollow / "api-reference/_parts").mkdir(parents=True)
    (hollow / "api-reference/_parts/_x.md").write_text("Who can execute the method: any user", "utf-8")
    with pytest.raises(DocsError, match="contains no pages"):
        sync(folder, hollow)
    assert DocsLibrary(folder).read(ADD).text


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user who may not write everywhere")
def test_a_folder_that_is_not_writable_is_an_error(tree: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(DocsError, match="cannot be written"):
        sync(locked / "docs", tree)


def test_a_file_in_place_of_the_folder_is_an_error(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(DocsError, match="cannot be written"):
        sync(tmp_path / "file" / "docs", tree)


def test_symbolic_links_out_of_the_folder_are_not_followed(tree: Path, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n\nhunter2\n", "utf-8")
    (tree / "en/checkout/guides/link.md").symlink_to(secret)
    (tree / "en/checkout/guides/included.md").write_text(
        "# Page\n\n{% include [x](../../../../secret.md) %}\n", "utf-8"
    )
    sync(folder, tree)
    assert DocsLibrary(folder).search("hunter2") == []
    assert "hunter2" not in DocsLibrary(folder).read("en/guides/included").text


def test_the_status_contains_the_origin_as_json(library: DocsLibrary) -> None:
    (english, russian) = library.status()
    assert english.origin is not None
    assert json.loads(english.origin.to_json())["repository"] == "bitrix24/b24restdocs"
    assert (english.usable, english.pages, russian.language) == (True, 12, "ru")
    assert english.size > 0

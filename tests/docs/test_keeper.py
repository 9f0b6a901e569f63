"""The copy that keeps itself: fetched in the background, renewed weekly, and safe against failures."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from b24_mcp.docs import DocsLibrary, github
from b24_mcp.docs.keeper import DocsKeeper, DocsSource
from b24_mcp.docs.sync_state import read_state
from b24_mcp.docs.worker import SyncRequest, request_of, run_sync_request
from tests.docs.conftest import sync
from tests.docs.pages import edition, write_tar
from tests.docs.served import Answer, DocsServer, docs_server

DAY = 86_400.0


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def served(tmp_path: Path) -> Iterator[DocsServer]:
    with docs_server(tmp_path / "served") as server:
        yield server


def fetch(folder: Path, served: DocsServer, *languages: str) -> str:
    return run_sync_request(SyncRequest(str(folder), languages or ("en",), address=served.address))


def finds(folder: Path, query: str = "abandoned basket reminder") -> list[str]:
    return [hit.page for hit in DocsLibrary(folder).search(query)]


def test_a_missing_copy_is_fetched_in_a_process_of_its_own(folder: Path, served: DocsServer) -> None:
    keeper, source = DocsKeeper(), DocsSource(address=served.address)
    before = keeper.look(folder, source, ["ru", "en"])
    assert (before.languages, before.running is not None) == ([], True)
    assert keeper.wait(folder, 30)
    after = keeper.state(folder, source)
    assert (after.languages, after.running, after.trouble) == (["en", "ru"], None, "")
    assert ["b24-rest-docs" in path for path, _ in served.asked] == [True, False]
    assert "guides/carts" in finds(folder)


def test_the_process_gets_no_setting_of_this_program(
    folder: Path, served: DocsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "https://portal.invalid/rest/1/secretsecret/")
    keeper = DocsKeeper()
    held = threading.Event()
    served.answer = lambda *_: (held.wait(20) and (503, {}, b"")) or (503, {}, b"")
    keeper.look(folder, DocsSource(address=served.address), ["en"])
    try:
        environment = Path(f"/proc/{keeper.pid(folder)}/environ")
        if environment.exists():
            assert b"secretsecret" not in environment.read_bytes()
    finally:
        held.set()
    assert keeper.wait(folder, 30)


def test_several_servers_share_one_download(folder: Path, served: DocsServer) -> None:
    keepers = [DocsKeeper() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: one.look(folder, DocsSource(address=served.address), ["en"]), keepers))
    assert all(one.wait(folder, 30) for one in keepers)
    first, *further = [etag for _, etag in served.asked]
    assert (first, set(further) <= {'"one"'}) == (None, True)
    assert all(not one.state(folder, DocsSource()).trouble for one in keepers)


def test_a_copy_is_compared_with_its_source_after_a_week_and_not_earlier(folder: Path, served: DocsServer) -> None:
    assert fetch(folder, served) == ""
    now = time.time()
    source = DocsSource(address=served.address)
    assert DocsKeeper(lambda: now + 6 * DAY).look(folder, source, ["en"]).running is None
    keeper = DocsKeeper(lambda: now + 8 * DAY)
    assert keeper.look(folder, source, ["en"]).running is not None
    assert keeper.wait(folder, 30)
    assert [etag for _, etag in served.asked] == [None, '"one"']
    assert read_state(folder).checked["en"] >= now


def test_a_clock_that_was_wrong_does_not_stop_the_renewal(folder: Path, served: DocsServer) -> None:
    fetch(folder, served)
    keeper = DocsKeeper(lambda: time.time() - 30 * DAY)
    assert keeper.look(folder, DocsSource(address=served.address), ["en"]).running is not None
    assert keeper.wait(folder, 30)


def test_off_never_starts_anything(folder: Path, served: DocsServer) -> None:
    keeper = DocsKeeper()
    assert keeper.look(folder, DocsSource(is_off=True), ["en"], damaged=True).running is None
    assert (keeper.wait(folder, 0), served.asked, folder.exists()) == (True, [], False)


def test_without_an_etag_the_download_of_a_known_revision_stops_at_once(
    tmp_path: Path, folder: Path, served: DocsServer
) -> None:
    noise = {f"guides/n{number}.md": "# Noise\n\n" + os.urandom(20_000).hex() for number in range(40)}
    served.put(tmp_path / "big", "en", edition("en") | noise)
    served.etag = ""
    fetch(folder, served)
    taken = DocsLibrary(folder).status()[0].origin
    sent: list[int] = []
    known = github.fetch_edition(
        folder, tmp_path, "en", lambda _, done, __: sent.append(done), host=github.mirror(served.address)
    )
    assert known == ((), taken)
    assert max(sent) < len(next(iter(served.archives.values()))) / 2


def truncated(path: str, headers: Mapping[str, str]) -> Answer:
    return 200, {"Content-Length": "100000", "Connection": "close"}, b"\x1f\x8bshort"


def no_archive(path: str, headers: Mapping[str, str]) -> Answer:
    return 200, {}, b"<html>login</html>" * 500


def elsewhere(path: str, headers: Mapping[str, str]) -> Answer:
    return 302, {"Location": "https://evil.example/a.tar.gz"}, b""


def refused(path: str, headers: Mapping[str, str]) -> Answer:
    return 403, {}, b"no"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (truncated, "was lost before"),
        (no_archive, "not a tar or zip"),
        (elsewhere, "not an allowed host"),
        (refused, "status 403"),
    ],
)
def test_whatever_the_server_answers_the_earlier_copy_goes_on_and_the_reason_is_kept(
    folder: Path, served: DocsServer, answer: Answer, why: str
) -> None:
    fetch(folder, served)
    served.answer = answer  # type: ignore[assignment]
    assert why in fetch(folder, served)
    assert "guides/carts" in finds(folder)
    keeper = DocsKeeper()
    state = keeper.state(folder, DocsSource(address=served.address))
    assert why in state.trouble
    assert not (folder / "incoming").exists()
    served.answer = None
    assert fetch(folder, served) == ""
    assert keeper.state(folder, DocsSource()).trouble == ""


def test_a_hostile_archive_is_refused(tmp_path: Path, folder: Path, served: DocsServer) -> None:
    served.put(tmp_path / "evil", "en", edition("en") | {"../../../evil.md": "# Evil"})
    assert "leads out of it" in fetch(folder, served)
    assert not DocsLibrary(folder).languages


def test_a_failed_download_is_tried_again_later_and_not_with_every_question(folder: Path, served: DocsServer) -> None:
    served.answer = refused
    fetch(folder, served)
    now = time.time()
    source = DocsSource(address=served.address)
    soon = DocsKeeper(lambda: now + 60).look(folder, source, ["en"])
    assert (soon.running, 500 < soon.again < 600) == (None, True)
    later = DocsKeeper(lambda: now + 700)
    assert later.look(folder, source, ["en"]).running is not None
    assert later.wait(folder, 30)


def test_a_full_disk_is_reported(folder: Path, served: DocsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 10 << 20))
    assert "10 MB left" in fetch(folder, served)
    assert "10 MB left" in DocsKeeper().state(folder, DocsSource()).trouble


def test_a_folder_that_cannot_be_written_is_reported(folder: Path, served: DocsServer) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    keeper, source = DocsKeeper(), DocsSource(address=served.address)
    keeper.look(folder, source, ["en"])
    assert keeper.wait(folder, 30)
    assert "cannot be written" in keeper.state(folder, source).trouble


def test_a_killed_sync_leaves_the_earlier_copy_and_the_next_one_succeeds(folder: Path, served: DocsServer) -> None:
    fetch(folder, served)
    begun, held = threading.Event(), threading.Event()

    def stalls(path: str, headers: Mapping[str, str]) -> Answer:
        begun.set()
        held.wait(20)
        return 503, {}, b""

    served.answer = stalls
    keeper, source = DocsKeeper(), DocsSource(address=served.address)
    keeper.look(folder, source, ["ru"])
    assert begun.wait(20)
    os.kill(keeper.pid(folder), signal.SIGKILL)
    assert keeper.wait(folder, 20)
    held.set()
    state = keeper.state(folder, source)
    assert (state.running, "before it was complete" in state.trouble) == (None, True)
    assert "guides/carts" in finds(folder)
    served.answer = None
    assert fetch(folder, served, "ru") == ""
    assert DocsLibrary(folder).languages == ["en", "ru"]


def test_a_damaged_copy_is_built_again_although_nothing_changed(folder: Path, served: DocsServer) -> None:
    fetch(folder, served)
    path = folder / "en" / "index.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    keeper = DocsKeeper()
    assert keeper.look(folder, DocsSource(address=served.address), ["en"], damaged=True).running is not None
    assert keeper.wait(folder, 30)
    assert "guides/carts" in finds(folder)


def test_an_archive_on_the_disk_is_read_and_read_again_when_it_changes(tmp_path: Path, folder: Path) -> None:
    archive = write_tar(tmp_path / "docs.tar.gz", edition("en"))
    keeper, source = DocsKeeper(), DocsSource(place=str(archive))
    assert keeper.look(folder, source, ["ru", "en"]).running is not None
    assert keeper.wait(folder, 30)
    assert DocsLibrary(folder).languages == ["en"]
    assert keeper.look(folder, source, ["ru", "en"]).running is None
    write_tar(archive, edition("en") | {"guides/parcels.md": "# Parcels\n\nParcels travel.\n"})
    assert keeper.look(folder, source, ["en"]).running is not None
    assert keeper.wait(folder, 30)
    assert finds(folder, "parcels") == ["guides/parcels"]


def test_a_place_that_does_not_exist_is_reported(tmp_path: Path, folder: Path, tree: Path) -> None:
    missing = str(tmp_path / "nowhere.zip")
    assert "does not exist" in run_sync_request(SyncRequest(str(folder), ["en"], place=missing))
    sync(folder, tree)
    assert DocsKeeper().look(folder, DocsSource(place=missing), ["en"]).languages == ["en", "ru"]


def test_a_damaged_state_counts_as_none(folder: Path, served: DocsServer) -> None:
    fetch(folder, served)
    for content in ("", "[]", '{"checked": 5}', '{"failed": {"at": "soon"}}', "\0"):
        (folder / "state.json").write_text(content)
        assert read_state(folder).failed is None
        assert fetch(folder, served) == ""


def test_a_request_is_passed_as_text() -> None:
    request = SyncRequest("/data/docs", ["ru", "en"], address="https://git.example")
    assert request_of(json.dumps(asdict(request))) == request
    assert replace(request, languages=["en"]) == request_of(json.dumps(asdict(request) | {"languages": ["en", "xx"]}))

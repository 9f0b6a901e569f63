"""The discovery of methods: one request a day, short waits for callers, and no exceptions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_mcp.catalog import known_methods
from b24_mcp.discovery import Discovery, DocumentCache, Knowledge
from b24_mcp.discovery.cache import CachedDocument
from tests.discovery.documents import body, document, operation
from tests.fake_portal import CODE, FakeClock, FakePortal, Reply, open_portal

PATIENT = 20.0
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
DOCUMENT = document(
    tasks__task__get=operation(body(["id"], id={"type": "integer"})),
    crm__robot__start=operation(body(["id"], id={"type": "integer"}), summary="Start the robots of a deal"),
)
IN_PROGRESS = Reply({"error": {"code": "INTERNALEXCEPTION", "message": "Generation in progress."}}, 500)
NO_PAGE = Reply("<html>404</html>", 404, "text/html")
NO_METHOD = Reply({"error": {"code": "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION", "message": "?"}}, 404)


@dataclass
class Asked:
    """A portal and its discovery. `background` runs the requests."""

    portal: FakePortal
    discovery: Discovery
    background: TaskGroup
    clock: FakeClock = field(default_factory=FakeClock)

    async def look(self, patience: float = PATIENT) -> Knowledge:
        return await self.discovery.look(self.background, patience)

    async def look_again(self, after: float) -> Knowledge:
        """Advance the clock, and return what is known when all requests have ended."""
        self.clock.time += after
        await self.look()
        while self.discovery.is_asking:
            await anyio.lowlevel.checkpoint()
        return self.discovery.known


@asynccontextmanager
async def asked(*replies: Reply, cache: DocumentCache | None = None, app: Any = None) -> AsyncIterator[Asked]:
    fake, clock = FakePortal(list(replies)), FakeClock()
    async with open_portal(app or fake, clock=clock) as portal, anyio.create_task_group() as background:
        yield Asked(fake, Discovery(portal, cache, clock), background, clock)
        background.cancel_scope.cancel()


async def test_undocumented_methods_are_known_and_missing_ones_are_marked() -> None:
    async with asked(Reply(DOCUMENT)) as it:
        known = await it.look()
    (request,) = it.portal.requests
    assert request.path.endswith("/rest.documentation.openapi")
    assert "/rest/api/" in request.path
    found = known.catalogue.method("CRM.Robot.start")
    assert found is not None
    assert (found.version, found.effect, found.form["source"]) == ("v3", "destructive", "portal")
    assert found.note
    assert known.catalogue.effect("crm.robot.start") == "destructive"
    assert known.available("crm.robot.start", "v3") is True
    assert known.available("tasks.task.get", "v3") is True
    assert known.available("tasks.task.list", "v3") is False
    assert known.available("rest.scope.list", "v3") is True
    assert known.available("tasks.task.list", "v2") is None
    assert known_methods().method("crm.robot.start") is None


async def test_documented_methods_keep_their_documented_facts() -> None:
    async with asked(Reply(DOCUMENT)) as it:
        known = await it.look()
    assert known.catalogue.method("tasks.task.get", "v3") == known_methods().method("tasks.task.get", "v3")
    assert known.catalogue.method("tasks.task.get", "v2") == known_methods().method("tasks.task.get", "v2")


async def test_a_portal_without_undocumented_methods_shares_the_catalogue() -> None:
    async with asked(Reply(document(tasks__task__get=operation()))) as it:
        known = await it.look()
    assert known.catalogue is known_methods()
    assert known.offered == frozenset({"tasks.task.get"})


async def test_methods_of_the_portal_are_found_by_title_after_all_documented_ones() -> None:
    like = known_methods().method("crm.deal.add")
    assert like is not None
    titles = {
        "zoo__keeper__feed": operation(summary="Feed the giraffes of the zoo"),
        "zoo__deal__create": operation(summary=like.summary),
    }
    async with asked(Reply(document(**titles))) as it:
        search = (await it.look()).catalogue.search
    assert search.find("feed giraffes")[-1].name == "zoo.keeper.feed"
    names = [found.name for found in search.find(like.summary)]
    assert names.index("crm.deal.add") < names.index("zoo.deal.create")
    assert search.find("zoo.keeper")[0].name == "zoo.keeper.feed"
    assert "zoo.keeper.feed" in (await it.look()).catalogue.completions("zoo.")
    assert "zoo.keeper.feed" in (await it.look()).catalogue.similar("zoo.keeper.fed")


async def test_a_russian_title_is_found_and_shown_in_russian() -> None:
    async with asked(Reply(document(zoo__keeper__feed=operation(summary="Покормить жирафов")))) as it:
        catalogue = (await it.look()).catalogue
    assert catalogue.search.find("покормить жирафа")[0].name == "zoo.keeper.feed"
    found = catalogue.method("zoo.keeper.feed")
    assert found is not None
    assert (found.summary, found.summary_ru) == ("Покормить жирафов", "Покормить жирафов")


async def test_a_caller_without_patience_gets_the_documented_methods_and_the_next_one_those_of_the_portal() -> None:
    answering, answered = anyio.Event(), FakePortal([Reply(DOCUMENT)])

    async def slow(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        await answering.wait()
        await answered(scope, receive, send)

    async with asked(app=slow) as it:
        at_once = await it.look(0)
        soon = await it.look(0.01)
        assert (at_once.offered, soon.offered) == (None, None)
        assert soon.catalogue is known_methods()
        answering.set()
        assert (await it.look()).offered == frozenset({"tasks.task.get", "crm.robot.start"})


async def test_concurrent_callers_share_one_request_that_is_valid_for_a_day() -> None:
    async with asked(Reply(DOCUMENT), Reply(DOCUMENT)) as it:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(it.look)
        await it.look_again(DAY - 1)
        assert len(it.portal.requests) == 1
        await it.look_again(1)
        assert len(it.portal.requests) == 2


async def test_a_cancelled_caller_does_not_cancel_the_request() -> None:
    answering, answered = anyio.Event(), FakePortal([Reply(DOCUMENT)])

    async def slow(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        await answering.wait()
        await answered(scope, receive, send)

    async with asked(app=slow) as it:
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(it.look)
            await anyio.lowlevel.checkpoint()
            leaving.cancel_scope.cancel()
        answering.set()
        assert (await it.look()).offered
    assert len(answered.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [IN_PROGRESS, Reply("<html>", 502, "text/html"), Reply({"error": "INVALID_CREDENTIALS"}, 401), Reply(b"{", 200)],
)
async def test_a_failed_request_is_retried_after_a_minute(reply: Reply) -> None:
    async with asked(reply, Reply(DOCUMENT)) as it:
        known = await it.look()
        assert known.catalogue is known_methods()
        assert known.offered is None
        assert known.trouble
        assert known.available("tasks.task.list", "v3") is None
        assert (await it.look_again(MINUTE - 1)).offered is None
        assert len(it.portal.requests) == 1
        known = await it.look_again(1)
        assert (known.available("crm.robot.start", "v3"), known.trouble) == (True, "")


async def test_the_delay_between_failed_requests_grows() -> None:
    async with asked(*[IN_PROGRESS] * 100) as it:
        await it.look()
        for _ in range(int(5 * HOUR / MINUTE)):
            await it.look_again(MINUTE)
        assert len(it.portal.requests) == 10  # after 1, 2, 4 … 32 minutes, then every hour


@pytest.mark.parametrize("nothing", [{"openapi": "3.0.0"}, {"openapi": "3.0.0", "paths": []}, {"result": "hello"}])
async def test_a_document_without_methods_is_ignored(nothing: Any, tmp_path: Path) -> None:
    cache = DocumentCache(tmp_path, "host")
    async with asked(Reply(nothing), cache=cache) as it:
        assert (await it.look()).offered is None
    assert not cache.path.exists()


@pytest.mark.parametrize("reply", [NO_PAGE, NO_METHOD])
async def test_without_rest_3_none_of_its_methods_is_available(reply: Reply) -> None:
    async with asked(reply, Reply(DOCUMENT)) as it:
        known = await it.look()
        assert known.available("tasks.task.list", "v3") is False
        assert known.available("batch", "v3") is False
        assert known.available("tasks.task.list", "v2") is None
        await it.look_again(HOUR - 1)
        assert len(it.portal.requests) == 1
        assert (await it.look_again(1)).available("tasks.task.get", "v3") is True


async def test_known_methods_stay_known_when_a_later_request_fails() -> None:
    async with asked(Reply(DOCUMENT), IN_PROGRESS, Reply(document(a__b=operation()))) as it:
        before = await it.look()
        assert (await it.look_again(DAY)).offered == before.offered
        assert (await it.look_again(MINUTE)).offered == frozenset({"a.b"})


async def test_other_processes_read_the_cached_document(tmp_path: Path) -> None:
    cache = DocumentCache(tmp_path / "deep" / "er", "my.bitrix24.com")
    async with asked(Reply(DOCUMENT), cache=cache) as first:
        await first.look()
    async with asked(Reply(document(a__b=operation())), cache=cache) as second:
        assert (await second.look()).offered == frozenset({"tasks.task.get", "crm.robot.start"})
        assert second.portal.requests == []
        assert (await second.look_again(DAY)).offered == frozenset({"a.b"})
    assert [path.suffix for path in cache.path.parent.iterdir()] == [".json"]


async def test_the_absence_of_rest_3_is_cached_for_an_hour(tmp_path: Path) -> None:
    cache = DocumentCache(tmp_path, "my.bitrix24.com")
    async with asked(NO_PAGE, cache=cache) as first:
        await first.look()
    async with asked(Reply(DOCUMENT), cache=cache) as second:
        assert (await second.look()).offered == frozenset()
        assert (await second.look_again(HOUR)).offered == frozenset({"tasks.task.get", "crm.robot.start"})


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"format":1,"read_at":1800000000}',
        b'{"format":1,"read_at":"soon","document":null}',
        b'{"format":0,"read_at":1800000000,"document":null}',
        b'{"format":1,"read_at":1800000000,"document":{"paths":{}}}',
        b'{"format":1,"read_at":1899999999,"document":null}',
        b'{"format":1,"read_at":NaN,"document":null}',
    ],
)
async def test_a_damaged_cache_is_ignored_and_replaced(kept: bytes, tmp_path: Path) -> None:
    cache = DocumentCache(tmp_path, "my.bitrix24.com")
    cache.path.write_bytes(kept)
    async with asked(Reply(DOCUMENT), cache=cache) as it:
        assert (await it.look()).available("crm.robot.start", "v3") is True
        while it.discovery.is_asking:
            await anyio.lowlevel.checkpoint()
    written = json.loads(cache.path.read_bytes())
    assert "/crm.robot.start" in written["document"]["paths"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_file_in_the_cache_can_be_loaded_without_an_exception(tmp_path: Path, kept: bytes) -> None:
    cache = DocumentCache(tmp_path, "my.bitrix24.com")
    cache.path.write_bytes(kept)
    cache.load()


async def test_a_cache_folder_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with asked(Reply(DOCUMENT), cache=DocumentCache(tmp_path / "file" / "portals", "h")) as it:
        assert (await it.look()).offered


async def test_the_cache_contains_no_secret(tmp_path: Path) -> None:
    async with asked(Reply(DOCUMENT)) as it:
        cache = DocumentCache(tmp_path, "127.0.0.1:8000")
        cache.save(CachedDocument(DOCUMENT, it.clock.now()))
        assert CODE not in cache.path.name
        assert CODE.encode() not in cache.path.read_bytes()


def test_hosts_do_not_share_a_file_and_stay_in_the_folder(tmp_path: Path) -> None:
    hosts = ["a.bitrix24.com", "a.bitrix24.com:8443", "../../etc/passwd", "ключ.рф", "x" * 500, "[::1]:80", "x_", "x:"]
    paths = [DocumentCache(tmp_path, host).path for host in hosts]
    assert len(set(paths)) == len(hosts)
    assert all(path.parent == tmp_path and len(path.name) < 120 for path in paths)
    assert DocumentCache(tmp_path, "A.Bitrix24.com").path == paths[0]


async def test_a_defect_while_reading_does_not_stop_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(document: Any) -> Any:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("b24_mcp.discovery.openapi.read_openapi", broken)
    async with asked(Reply(DOCUMENT)) as it:
        known = await it.look()
        assert known.catalogue is known_methods()
        assert known.trouble

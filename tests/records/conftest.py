"""Data sets in a folder of the test, and a portal whose lists are scripted page by page."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from blockbuster import blockbuster_ctx

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, DataSetOrigin, Fetch, RecordsFile, path_for
from b24_mcp.records.fields import FieldKinds
from b24_mcp.rest import Portal
from b24_mcp.rest.wire.answer import CallTime
from b24_mcp.secrets import Redactor

HOST = "acme.bitrix24.example"
SECRET = "s3cretofthetests"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """Waiting for the disk must not block the event loop."""
    with blockbuster_ctx("b24_mcp"):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_for(tmp_path / "data" / "records", HOST)


@pytest.fixture
async def library(path: Path, clock: Clock) -> AsyncIterator[DataSetLibrary]:
    opened = open_library(path, clock)
    yield opened
    await opened.aclose()


def open_library(path: Path, clock: Clock | None = None, *, keep_days: float = 30) -> DataSetLibrary:
    return DataSetLibrary(RecordsFile(path, keep_days=keep_days, clock=clock or Clock()), Redactor([SECRET]))


def deals(first: int, last: int) -> list[dict[str, Any]]:
    """Return rows as crm.deal.list does: all values are texts."""
    return [
        {"ID": str(number), "TITLE": f"Сделка {number}", "OPPORTUNITY": f"{number}.50", "CLOSED": "N"}
        for number in range(first, last + 1)
    ]


DEAL_KINDS = FieldKinds({"ID": "integer", "TITLE": "text", "OPPORTUNITY": "number", "CLOSED": "text"})
DEALS = DataSetOrigin("crm.deal.list", {"select": ["*"]}, HOST)


async def keep(
    library: DataSetLibrary, name: str, rows: list[Any], kinds: FieldKinds = DEAL_KINDS, key: str = "ID"
) -> None:
    """Store rows as a complete data set."""
    run = await library.begin(name, DEALS, kinds)
    await run.append(rows, None, key=key, total=len(rows))
    await run.finish(complete=True)


@dataclass
class ScriptedListing:
    """Returns pages. A page that is an error is raised; one that is callable is awaited first."""

    pages: list[Any]
    position: int = 0
    limit: int | None = None
    requests: int = 0
    rows_seen: int = 0
    key: str | None = "ID"
    notes: tuple[str, ...] = ()
    never_whole: bool = False

    def __aiter__(self) -> ScriptedListing:
        return self

    async def __anext__(self) -> list[Any]:
        if self.position >= len(self.pages) or (self.limit is not None and self.rows_seen >= self.limit):
            raise StopAsyncIteration
        page = self.pages[self.position]
        self.requests += 1
        if isinstance(page, B24Error):
            raise page
        if callable(page):
            page = await page()
        self.position += 1
        self.rows_seen += len(page)
        return list(page)

    async def aclose(self) -> None:
        """Do nothing: nothing runs in the background."""

    async def by_request(self) -> AsyncGenerator[list[Any]]:
        async for page in self:
            yield page

    @property
    def total(self) -> int:
        return sum(len(page) for page in self.pages if isinstance(page, list))

    @property
    def complete(self) -> bool:
        return self.position >= len(self.pages) and not self.never_whole

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        return None if self.position >= len(self.pages) else {"page": self.position}


@dataclass
class ScriptedPortal:
    """A portal with one list."""

    pages: list[Any]
    fields: dict[str, Any] | B24Error = field(default_factory=dict)
    never_whole: bool = False
    notes: tuple[str, ...] = ()
    host: str = HOST
    called: list[tuple[str, Any]] = field(default_factory=list)

    def listing(self, method: str, params: Any = None, **options: Any) -> ScriptedListing:
        resume = options.get("resume")
        return ScriptedListing(
            self.pages,
            position=0 if resume is None else resume["page"],
            limit=options.get("limit"),
            never_whole=self.never_whole,
            notes=self.notes,
        )

    async def call(self, method: str, params: Any = None, **_: Any) -> Any:
        self.called.append((method, params))
        if isinstance(self.fields, B24Error):
            raise self.fields
        return type("Answered", (), {"result": self.fields, "time": CallTime(0.1, finished_at=datetime.now(UTC))})


def fetch(library: DataSetLibrary, portal: ScriptedPortal, **options: Any) -> Fetch:
    return Fetch(
        library, cast(Portal, portal), options.pop("method", "crm.deal.list"), options.pop("params", None), **options
    )

"""The store of data sets in SQLite files does what every store must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from b24_mcp.access import Caller, calling
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.config.settings import Settings
from b24_mcp.records import DataSetLibrary, Journal, PortalTable, ask, export, place_of
from b24_mcp.secrets import Redactor
from tests.records.store_contract import PORTAL, StoreContract, Stores


class SqliteStores:
    """Files in a folder. Each library has a connection of its own, as in another process."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(data_dir=folder)
        self._opened: list[DataSets] = []

    async def library(self, owner: str = "", portal: str = PORTAL) -> DataSetLibrary:
        data_sets = DataSets(Redactor())
        self._opened.append(data_sets)
        host = SimpleNamespace(host=portal)
        opened = cast(OpenPortal, SimpleNamespace(name="environment", settings=self._settings, portal=host))
        with calling(Caller(owner, is_identified=bool(owner))):
            return data_sets.of(opened)

    def journal(self, library: DataSetLibrary) -> Journal:
        return Journal(library.store)

    async def rows(self, library: DataSetLibrary, sql: str) -> list[list[Any]]:
        return (await ask(library, sql, rows=1_000, characters=100_000)).rows

    async def reading(self, library: DataSetLibrary, sql: str, tables: Sequence[PortalTable]) -> list[list[Any]]:
        return (await ask(library, sql, rows=1_000, characters=100_000, tables=tables)).rows

    async def export(self, library: DataSetLibrary, sql: str, path: Path) -> int:
        return (await export(library, sql, place_of(path))).rows

    async def aclose(self) -> None:
        for data_sets in self._opened:
            await data_sets.aclose()


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[Stores]:
        opened = SqliteStores(tmp_path / "data")
        yield opened
        await opened.aclose()

"""The data sets of the store that the settings name, for the tests of every store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from b24_mcp.access import Caller, calling
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.config.settings import Settings
from b24_mcp.records import DataSetLibrary, Journal, PortalTable, ask, export, place_of
from b24_mcp.secrets import Redactor
from tests.records.store_contract import PORTAL


class OpenedStores:
    """The stores that the settings name. Each library has connections of its own, as in another process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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

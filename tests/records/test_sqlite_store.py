"""The store of data sets in SQLite files does what every store must do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24_mcp.config.settings import Settings
from tests.records.opened_stores import OpenedStores
from tests.records.store_contract import StoreContract, Stores


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[Stores]:
        opened = OpenedStores(Settings(data_dir=tmp_path / "data"))
        yield opened
        await opened.aclose()

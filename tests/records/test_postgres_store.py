"""The store of data sets in PostgreSQL does what every store must do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24_mcp.config.settings import Settings
from tests.records.opened_stores import OpenedStores
from tests.records.store_contract import StoreContract, Stores


class TestPostgresStore(StoreContract):
    @pytest.fixture
    async def stores(self, postgresql_address: str) -> AsyncIterator[Stores]:
        opened = OpenedStores(Settings(records=postgresql_address))
        yield opened
        await opened.aclose()

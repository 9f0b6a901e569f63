"""The tables that checks of calls read are loaded together, before a check runs in the event loop."""

from __future__ import annotations

import re
from pathlib import Path

from b24_mcp import catalog
from b24_mcp.catalog import tables

_CATALOG = Path(catalog.__file__).parent
_CHECKS = [*_CATALOG.glob("arguments/*.py"), _CATALOG / "files.py", _CATALOG / "links.py"]


def test_every_table_that_a_check_reads_is_loaded_before() -> None:
    read = {name for module in _CHECKS for name in re.findall(r'read_table\("(\w+)"\)', module.read_text("utf-8"))}
    tables.load_tables.cache_clear()
    tables._text.cache_clear()
    tables.load_tables()
    loaded = tables._text.cache_info().misses
    for name in read:
        tables.read_table(name)
    assert len(read) > 5
    assert tables._text.cache_info().misses == loaded

"""The data of the demonstration company besides its CRM, and the data of every portal."""

from __future__ import annotations

from b24_mcp.sandbox import dates
from b24_mcp.sandbox.seed.documents import file_documents
from b24_mcp.sandbox.seed.goods import base, stock
from b24_mcp.sandbox.seed.groups import gather
from b24_mcp.sandbox.seed.registers import keep_registers
from b24_mcp.sandbox.storage import Storage


def furnish(storage: Storage, now: float, *, empty: bool) -> None:
    """Write all data, or with `empty` that of every portal only. Dates are counted back from `now` (Unix seconds)."""
    base(storage, dates.iso(now - 250 * 86400.0))
    if not empty:
        file_documents(storage, now)
        gather(storage, now)
        keep_registers(storage, now)
        stock(storage, now)

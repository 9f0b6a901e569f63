"""The check of the database of data sets, where `B24_RECORDS` names one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec

import anyio
from anyio.to_thread import run_sync

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error

_ABOUT = "data sets"
_SECONDS = 15.0


async def check_records(settings: Settings) -> AsyncIterator[Finding]:
    """Report what is missing in the database: that it answers, its version, and the rights of the user.

    A missing extra is reported by `check_extras`.
    """
    if settings.records is None or find_spec("psycopg") is None or find_spec("psycopg_pool") is None:
        return
    from b24_mcp.records.postgresql import check_server

    try:
        with anyio.fail_after(_SECONDS):
            shown, missing = await run_sync(check_server, settings.records, abandon_on_cancel=True)
    except B24Error as exc:
        yield Finding(_ABOUT, "wrong", exc.fault.message.rstrip("."), exc.fault.hint)
        return
    except TimeoutError:
        yield Finding(
            _ABOUT, "wrong", "the database in B24_RECORDS does not answer", "Start it, or correct B24_RECORDS."
        )
        return
    for said, to_do in missing:
        yield Finding(_ABOUT, "wrong", said, to_do)
    if not missing:
        yield Finding(_ABOUT, "ok", f"{shown}, as set by B24_RECORDS, answers")

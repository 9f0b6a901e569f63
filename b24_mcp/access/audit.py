"""The audit log: what was changed on a portal, by whom, and with which outcome.

Every write has two lines of JSON. The first, `sent`, is on disk before the request is sent, so that it is there even if
the process ends during the request; if it cannot be written, nothing is sent. The second, `ended`, repeats it with the
outcome. A line has the names of the fields that were given, and their values only if the settings say so. Files that
were sent are named with size and SHA-256.

There is one file per day. All processes of a user append to it, each line in one step. Files are deleted after 90 days.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import anyio
import anyio.to_thread

from b24_mcp.access.caller import current_caller
from b24_mcp.access.permits import digest_of
from b24_mcp.access.recent_writes import RecentWrites
from b24_mcp.catalog import RiskKind
from b24_mcp.catalog.catalogue import Effect
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Answer, BatchMaps, Failed, MethodCall, Params
from b24_mcp.rest.wire.file_value import files_in
from b24_mcp.secrets import Redactor
from b24_mcp.storage.folders import make_private, user_folder

_LOG = logging.getLogger(__name__)
_DAYS_KEPT = 90
_MOST_FIELDS = 100
_LONGEST_FIELD = 100
_LONGEST_VALUES = 20_000
_A_DAY = re.compile(r"\d{4}-\d\d-\d\d\.jsonl")

Line = dict[str, object]


def default_folder() -> Path:
    """Return the folder of the audit log where no setting names another."""
    return user_folder("state") / "audit"


@dataclass(slots=True)
class AuditTrail:
    """The audit log in a folder. With `values` the parameters are logged too. `now` returns Unix time.

    `recent` also gets the writes of people who log in, for their page.
    """

    folder: Path
    redactor: Redactor
    values: bool = False
    now: Callable[[], float] = time.time
    recent: RecentWrites | None = None
    _day: str = ""

    def entry(
        self, portal: str, writes: Sequence[tuple[MethodCall, Effect, Sequence[RiskKind]]], *, approved: bool
    ) -> AuditEntry:
        """Return the entry of one request. `writes` are its calls that change something, with their effects and the
        kinds of their risks.
        """
        caller = current_caller()
        common: Line = {"user": caller.name, "client": caller.client, "portal": portal, "approved": approved}
        if caller.person is not None:
            common |= {"user_id": caller.person.user_id, "user_name": caller.person.name}
        owner = caller.name if caller.is_identified and not caller.is_program else ""
        lines = [(call, common | self._of_call(call, effect, risks)) for call, effect, risks in writes]
        return AuditEntry(self, lines, owner)

    async def show(self, owner: str, request: str, at: float, lines: Sequence[Line]) -> None:
        """Store the writes of a request for the page of their owner. An empty `owner` stores nothing."""
        if self.recent is not None and owner:
            shown = [{name: value for name, value in line.items() if name != "values"} for line in lines]
            text = self.redactor.redact(json.dumps(shown, ensure_ascii=False))
            await self.recent.keep(owner, request, at, json.loads(text))

    async def append(self, lines: Sequence[Line]) -> None:
        """Write lines in one step, in a worker thread.

        Raises:
            OSError: when they could not be written completely.
        """
        moment = datetime.fromtimestamp(self.now(), UTC)
        stamped = [{"at": moment.isoformat(timespec="milliseconds")} | line for line in lines]
        await anyio.to_thread.run_sync(self._write, f"{moment:%Y-%m-%d}", stamped)

    def _write(self, day: str, lines: Sequence[Line]) -> None:
        for line in lines:
            values = line.get("values")
            if isinstance(values, str):  # redacted before it is cut, because a part of a secret is not recognised
                line["values"] = self.redactor.redact(values)[:_LONGEST_VALUES]
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        self._append(day, self.redactor.redact(text).encode("utf-8", "backslashreplace"))

    def _append(self, day: str, data: bytes) -> None:
        path = self.folder / f"{day}.jsonl"
        if day != self._day:
            make_private(self.folder)
            self._forget_before(day)
            self._day = day
        # Created with its mode, so that other users of this computer can never read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _write_at_end(descriptor, data)
        finally:
            os.close(descriptor)

    def _forget_before(self, day: str) -> None:
        oldest = (datetime.fromisoformat(day) - timedelta(days=_DAYS_KEPT)).date().isoformat()
        for file in self.folder.iterdir():
            if _A_DAY.fullmatch(file.name) and file.name < oldest:
                file.unlink(missing_ok=True)

    def _of_call(self, call: MethodCall, effect: Effect, risks: Sequence[RiskKind]) -> Line:
        line: Line = {"method": call.method, "version": call.version, "effect": effect}
        if risks:
            line["risks"] = list(risks)
        if call.name:
            line["command"] = call.name
        line |= {"arguments": digest_of(call.params)[:16], "fields": _fields(call.params)}
        if sent := list(dict.fromkeys(map(str, files_in(call.params)))):
            line["files"] = sent
        if self.values:
            line["values"] = (
                call.params if isinstance(call.params, str) else json.dumps(call.params, ensure_ascii=False)
            )
        return line


@dataclass(slots=True)
class AuditEntry:
    """The entry of one request. `owner` is the person on whose page it is shown, or empty."""

    trail: AuditTrail
    writes: list[tuple[MethodCall, Line]]
    owner: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    _began: float | None = None
    _sent_at: float = 0.0

    async def sent(self) -> None:
        """Write that the request is about to be sent. A retry does not write it again.

        Raises:
            B24Error: `B24MCP_AUDIT` when it cannot be written; nothing was sent.
        """
        if self._began is not None:
            return
        try:
            await self.trail.append([{"event": "sent", "id": self.id} | line for _, line in self.writes])
        except OSError as exc:
            raise our_error(
                "B24MCP_AUDIT", f"The audit log cannot be written ({type(exc).__name__}), so nothing was sent."
            ) from None
        self._began = time.perf_counter()
        self._sent_at = self.trail.now()
        await self.trail.show(self.owner, self.id, self._sent_at, [line for _, line in self.writes])

    async def ended(self, outcome: Answer | B24Error | None) -> None:
        """Write the outcome. A failure to write it is only logged, because the request is over."""
        if self._began is None:
            return
        seconds = round(time.perf_counter() - self._began, 3)
        lines = [
            {"event": "ended", "id": self.id} | line | {"duration": seconds} | _outcome(call, outcome)
            for call, line in self.writes
        ]
        try:
            with anyio.CancelScope(shield=True):
                await self.trail.append(lines)
                await self.trail.show(self.owner, self.id, self._sent_at, lines)
        except OSError as exc:
            _LOG.error("The outcome of a write could not be written to the audit log: %s", exc)


def _outcome(call: MethodCall, outcome: Answer | B24Error | None) -> Line:
    if outcome is None:
        return {"outcome": "not awaited", "executed": "unknown"}
    if isinstance(outcome, B24Error):
        return {"outcome": outcome.fault.code or "error", "executed": outcome.fault.executed}
    if not call.name or call.version == "v3":  # a batch of REST 3.0 succeeds or fails as a whole
        return {"outcome": "ok", "executed": "yes"}
    try:
        maps = BatchMaps.read(outcome, "json")
    except B24Error as exc:
        return _outcome(call, exc)
    if call.name not in maps.result and call.name not in maps.errors and maps.errors:
        return {"outcome": "not run", "executed": "no"}  # the portal stopped at the command that failed
    of_command = maps.outcome(call.name, call.method, ())
    return _outcome(call, of_command.error) if isinstance(of_command, Failed) else {"outcome": "ok", "executed": "yes"}


def _fields(params: Params | str) -> list[str]:
    """Return the names of the given fields, two levels deep: `id`, `fields.TITLE`."""
    found = _names_in_query(params) if isinstance(params, str) else _names(params, 2)
    return [name[:_LONGEST_FIELD] for name, _ in zip(dict.fromkeys(found), range(_MOST_FIELDS), strict=False)]


def _names(value: object, levels: int) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        below = [f"{name}.{deeper}" for deeper in _names(inner, levels - 1)] if levels > 1 else []
        yield from below or [name]


def _names_in_query(query: str) -> Iterator[str]:
    for pair in query.split("&"):
        name = unquote_plus(pair.partition("=")[0])
        if name:
            yield ".".join(part.rstrip("]") for part in name.split("[")[:2])


def _write_at_end(descriptor: int, data: bytes) -> None:
    """Append in one step. POSIX systems guarantee that with O_APPEND; Windows needs a lock."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    if os.write(descriptor, data) != len(data):
        raise OSError("only a part was written to disk")

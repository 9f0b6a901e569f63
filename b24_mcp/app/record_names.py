"""The names of records of the CRM by their ids: read in one batch when needed, and kept for some minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import Gate
from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery.schemas import listing, mapping, text
from b24_mcp.errors import B24Error
from b24_mcp.rest import PlannedCall, Portal, Succeeded, plan_batch

RECORDS = "records"
"""What a call changes that adds, updates or deletes records; see `b24_mcp.discovery.changes`."""

_SECONDS = 300.0
_SECONDS_AFTER_CHANGE = 1.0
_PAGE = 50
_MOST_KEPT = 5_000
_MOST_READ = 500
_LONGEST = 100
_OTHER_TYPES = "*"

Wanted = Mapping[int, Iterable[int]]
"""The ids of records by entity type id."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The name of a record, empty when the portal has none for this id, and until when it may be used."""

    name: str
    until: float


@dataclass(frozen=True, slots=True)
class _Source:
    """The list that names the records of a type: its method, the field of the id, and the fields of the name."""

    method: str
    id: str
    names: Sequence[str]

    def command(self, type_id: int, ids: Sequence[int]) -> dict[str, object]:
        params: dict[str, object] = {
            "filter": {f"@{self.id}": list(ids)},
            "select": [self.id, *self.names],
            "order": {self.id: "ASC"},
            "start": -1,
        }
        if self.method.startswith("crm.item."):
            params["entityTypeId"] = type_id
        return {"method": self.method, "params": params}

    def name(self, row: Mapping[str, object]) -> str:
        """Return the name of a row: the first field, or several joined for a person."""
        first, *others = [text(row.get(name), _LONGEST) for name in self.names]
        return first if self.names[0].lower() == "title" and first else " ".join(filter(None, [first, *others]))


@dataclass(slots=True)
class RecordNames:
    """The names of the records of one portal, as one credential sees them."""

    _kept: dict[tuple[int, int], _Kept] = field(default_factory=dict)
    _changes: int = 0

    def forget(self, changed: Collection[str] = (RECORDS,)) -> None:
        """Forget all names if `RECORDS` are among what changed. Names that are being read now are kept for a moment."""
        if RECORDS in changed:
            self._changes += 1
            self._kept.clear()

    def known(self, wanted: Wanted) -> dict[int, dict[int, str]]:
        """Return the names that are known now."""
        found: dict[int, dict[int, str]] = {}
        for type_id, ids in wanted.items():
            names = {one: kept.name for one in ids if (kept := self._usable(type_id, one)) is not None and kept.name}
            if names:
                found[type_id] = names
        return found

    async def read(self, portal: Portal, gate: Gate, wanted: Wanted) -> list[str]:
        """Read the names that are missing, in one batch, so that they are known.

        Return what could not be read, in words. Methods that the rules of the gate forbid are not called.
        """
        await run_sync(_sources)  # read from a file at the first use
        missing = {
            type_id: [one for one in ids if self._usable(type_id, one) is None] for type_id, ids in wanted.items()
        }
        problems: list[str] = []
        commands: dict[str, dict[str, object]] = {}
        parts: dict[str, tuple[int, Sequence[int]]] = {}
        left = _MOST_READ
        for type_id, ids in missing.items():
            if len(ids) > left:
                problems.append(f"only the first {_MOST_READ} records that occur are named")
            for some in _pages(ids[:left]):
                label = f"c{len(parts)}"
                commands[label] = _source(type_id).command(type_id, some)
                parts[label] = (type_id, some)
            left -= min(len(ids), left)
        if not commands:
            return problems
        planned = plan_batch(commands).commands
        refused = {call.name: why for call in planned if (why := refusal(gate, call))}
        problems += refused.values()
        allowed = {label: command for label, command in commands.items() if label not in refused}
        if allowed:
            problems += await self._ask(portal, allowed, parts)
        return list(dict.fromkeys(problems))

    def command(self, type_id: int, ids: Iterable[int]) -> tuple[dict[str, object], Sequence[int]] | None:
        """Return the command that reads the names that are missing, and their ids; None when all are known.

        A caller that sends a batch anyway adds it and passes the result to `learn`.
        """
        missing = [one for one in dict.fromkeys(ids) if self._usable(type_id, one) is None][:_PAGE]
        return (_source(type_id).command(type_id, missing), missing) if missing else None

    def learn(self, type_id: int, ids: Sequence[int], result: object) -> None:
        """Keep the names in the result of a command."""
        self._keep(type_id, ids, _source(type_id), result, _SECONDS)

    async def _ask(
        self,
        portal: Portal,
        commands: Mapping[str, object],
        parts: Mapping[str, tuple[int, Sequence[int]]],
    ) -> list[str]:
        changes = self._changes
        try:
            answer = await portal.batch(commands)
        except B24Error as exc:
            return [exc.fault.message.rstrip(".")]
        problems: list[str] = []
        for label in commands:
            type_id, ids = parts[label]
            outcome = answer.outcomes.get(label)
            if isinstance(outcome, Succeeded):
                seconds = _SECONDS if changes == self._changes else _SECONDS_AFTER_CHANGE
                self._keep(type_id, ids, _source(type_id), outcome.answer.result, seconds)
            else:
                error = getattr(outcome, "error", None) or answer.error
                why = error.fault.code if isinstance(error, B24Error) else "no answer"
                problems.append(f"{_source(type_id).method} failed ({why})")
        return problems

    def _keep(self, type_id: int, ids: Sequence[int], source: _Source, result: object, seconds: float) -> None:
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        until = anyio.current_time() + seconds
        names = {text(row.get(source.id)): source.name(row) for row in _rows(result)}
        for one in ids:
            self._kept[type_id, one] = _Kept(names.get(str(one), ""), until)

    def _usable(self, type_id: int, one: int) -> _Kept | None:
        kept = self._kept.get((type_id, one))
        return kept if kept is not None and kept.until > anyio.current_time() else None


def _pages(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE)]


def load() -> None:
    """Read the table of this module. Reads a file: call it in a thread before `RecordNames.command`."""
    _sources()


def refusal(gate: Gate, call: PlannedCall) -> str:
    """Return why the gate does not let a call pass; empty when it does."""
    (ruling,) = gate.judge((call,)).rulings
    return "" if ruling.need == "nothing" else ruling.why


def _rows(result: object) -> list[Mapping[str, object]]:
    """Return the rows of a list, which `crm.item.list` has under `items`, as a list or as an object by number."""
    rows = mapping(result).get("items", result)
    return [mapping(row) for row in (listing(rows) or list(mapping(rows).values()))]


def _source(type_id: int) -> _Source:
    sources = _sources()
    return sources.get(str(type_id)) or sources[_OTHER_TYPES]


@cache
def _sources() -> Mapping[str, _Source]:
    return {
        row["type"]: _Source(row["method"], row["id"], row["names"].split(",")) for row in read_table("record_names")
    }

"""Matching: rows that exist on the portal already are updated or left, instead of created a second time.

`PHONE` and `EMAIL` are searched for with the portal's own duplicate search, which normalises them. Other fields are
compared by the portal's list, all together. Rows of the query are also compared with each other. Everything is decided
before the approval, so what the user approves is what will be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anyio.to_thread import run_sync

from b24_mcp.access import with_risks
from b24_mcp.app.apply.crm_values import (
    COMMUNICATION,
    changes_in,
    communication_values,
    field_value,
    fields_of,
    ids_in,
    rows_of,
)
from b24_mcp.app.apply.request import OnMatch
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.planning import CallRequest, plan_checked
from b24_mcp.errors import our_error
from b24_mcp.records import RowOutcome
from b24_mcp.rest import Failed, PlannedCall, Succeeded, to_json

WITH_COMMUNICATION = {"lead": "LEAD", "contact": "CONTACT", "company": "COMPANY"}
_TYPE_IDS = {"1": "lead", "3": "contact", "4": "company"}
_METHOD = re.compile(r"crm\.(lead|deal|contact|company|quote|item)\.add")
_MOST_VALUES = 20
AFTER = "__ID_OF_ROW__"
"""The id in a call that waits for the row before it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What will be done for a row: a call, or nothing.

    `action` is `created`, `updated`, `unchanged` or `ambiguous`; empty without a match. `ids` are the records that were
    found. `after` is an earlier row of the query that creates the record.
    """

    call: PlannedCall | None
    action: str = ""
    ids: tuple[int, ...] = ()
    after: int | None = None

    def outcome(self, row: int) -> RowOutcome:
        """Return the outcome of a row for which nothing is sent."""
        if self.action == "ambiguous":
            listed = ", ".join(map(str, self.ids[:10]))
            message = f"Several records match: {listed}. None was changed."
            return RowOutcome(row, False, "no", self.action, None, "B24MCP_AMBIGUOUS", message)
        said = f"Row {self.after} has the same values." if self.after else ""
        return RowOutcome(row, True, "no", self.action, str(self.ids[0]) if self.ids else None, "", said)


@dataclass(slots=True)
class Matcher:
    """Finds the records that the calls of one `add` method would create again."""

    opened: OpenPortal
    method: str
    fields: tuple[str, ...]
    on_match: OnMatch
    _kind: str = ""
    _seen: dict[str, int] = field(default_factory=dict)
    """The row in which each value occurred first."""

    @classmethod
    def of(cls, opened: OpenPortal, method: str, fields: Sequence[str], on_match: OnMatch) -> Matcher:
        """Return the matcher of a method.

        Raises:
            B24Error: `B24MCP_APPLY_MATCH` when its records cannot be matched so; nothing was sent.
        """
        found = _METHOD.fullmatch(method.lower())
        if found is None:
            raise our_error(
                "B24MCP_APPLY_MATCH",
                f"match works with methods that add CRM records, such as crm.contact.add, not with {method}.",
            )
        names = tuple(dict.fromkeys(name.upper() if name.upper() in COMMUNICATION else name for name in fields))
        kind = found[1]
        if set(names) & set(COMMUNICATION) and kind not in (*WITH_COMMUNICATION, "item"):
            raise our_error(
                "B24MCP_APPLY_MATCH", "PHONE and EMAIL are searched for in leads, contacts and companies only."
            )
        return cls(opened, method.lower(), names, on_match, kind)

    async def existing(self, call: PlannedCall) -> tuple[int, ...]:
        """Return the ids of the records that one call would create again.

        Raises:
            B24Error: `B24MCP_APPLY_MATCH` when the portal cannot be searched.
        """
        return (await self._search({0: call}))[0]

    def kind_of(self, call: PlannedCall) -> str:
        """Return the kind of the record that a call adds, such as `contact`."""
        kind = self._kind
        if kind == "item" and isinstance(call.params, dict):
            kind = _TYPE_IDS.get(str(call.params.get("entityTypeId")), "")
        return kind

    async def resolve(self, calls: Mapping[int, PlannedCall]) -> dict[int, Resolved]:
        """Return what to do for each of these rows.

        Raises:
            B24Error: `B24MCP_APPLY_MATCH` when a row has none of the fields, or the portal cannot be searched.
        """
        keys = {row: self._keys(row, call) for row, call in calls.items()}
        found = await self._search(calls)
        known = await self._records({ids[0] for ids in found.values() if len(ids) == 1}, calls)
        return await run_sync(self._decide, calls, found, keys, known)

    def _decide(
        self,
        calls: Mapping[int, PlannedCall],
        found: Mapping[int, tuple[int, ...]],
        keys: Mapping[int, Sequence[str]],
        known: Mapping[int, Mapping[str, object]],
    ) -> dict[int, Resolved]:
        resolved: dict[int, Resolved] = {}
        for row, call in calls.items():
            one = resolved[row] = self._decided(call, found[row], keys[row], known)
            for key in keys[row]:
                self._seen.setdefault(key, one.after or row)
        return resolved

    def _decided(
        self,
        call: PlannedCall,
        ids: tuple[int, ...],
        keys: Sequence[str],
        known: Mapping[int, Mapping[str, object]],
    ) -> Resolved:
        if len(ids) > 1:
            return Resolved(None, "ambiguous", ids)
        if ids:
            return self._for_existing(call, ids[0], known.get(ids[0]))
        before = next((self._seen[key] for key in keys if key in self._seen), None)
        if before is None:
            return Resolved(call, "created")
        if self.on_match == "skip":
            return Resolved(None, "unchanged", (), before)
        # The multi-fields that match are there already, and would be added a second time.
        fields = {name: value for name, value in fields_of(call).items() if name.upper() not in COMMUNICATION}
        if not fields:
            return Resolved(None, "unchanged", (), before)
        return Resolved(self._update(call, AFTER, fields), "updated", (), before)

    def _for_existing(self, call: PlannedCall, id_: int, record: Mapping[str, object] | None) -> Resolved:
        if self.on_match == "skip":
            return Resolved(None, "unchanged", (id_,))
        changes = dict(changes_in(fields_of(call), record or {}))
        if not changes:
            return Resolved(None, "unchanged", (id_,))
        return Resolved(self._update(call, id_, changes), "updated", (id_,))

    def _update(self, call: PlannedCall, id_: int | str, fields: Mapping[str, object]) -> PlannedCall:
        """Return the call that updates a record with the fields of a call that would add it."""
        assert isinstance(call.params, dict)
        params = {"id": 1 if id_ == AFTER else id_} | {
            name: value for name, value in call.params.items() if name.lower() not in ("fields", "id")
        }
        params["fields"] = dict(fields)
        method = call.method.rsplit(".", 1)[0] + ".update"
        planned = plan_checked(CallRequest(method, params, call.version))
        if id_ == AFTER and isinstance(planned.params, dict):
            planned = replace(planned, params=planned.params | {"id": AFTER})
        return with_risks(replace(planned, name=call.name, risks=None, warnings=call.warnings))

    def _keys(self, row: int, call: PlannedCall) -> list[str]:
        """Return what identifies the record of a row: each phone and e-mail by itself, the other fields together."""
        fields = fields_of(call)
        keys = [
            f"{name} {value}"
            for name in self.fields
            if name in COMMUNICATION
            for value in communication_values(fields, name)
        ]
        if other := self._others(fields):
            keys.append(to_json(other))
        if not keys:
            raise our_error(
                "B24MCP_APPLY_MATCH",
                f"Row {row} has none of the fields in match: {', '.join(self.fields)}.",
                hint="Nothing was sent. Leave such rows out with WHERE and add them without match.",
            )
        return keys

    def _others(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return the values of the fields that are compared together; empty unless the row has all of them."""
        names = [name for name in self.fields if name not in COMMUNICATION]
        values = {name: field_value(fields, name) for name in names}
        return values if all(value not in (None, "", []) for value in values.values()) else {}

    async def _search(self, calls: Mapping[int, PlannedCall]) -> dict[int, tuple[int, ...]]:
        """Return the ids of the records that each row matches."""
        commands: dict[str, object] = {}
        owners: dict[str, int] = {}
        for row, call in calls.items():
            for command in self._commands(call):
                label = f"m{len(commands)}"
                commands[label], owners[label] = command, row
        ids: dict[int, set[int]] = {row: set() for row in calls}
        for label, result in (await self._answers(commands)).items():
            ids[owners[label]].update(ids_in(result, self._communication_kind(calls[owners[label]])))
        return {row: tuple(sorted(found)) for row, found in ids.items()}

    def _commands(self, call: PlannedCall) -> Iterator[dict[str, object]]:
        fields = fields_of(call)
        for name in self.fields:
            values = communication_values(fields, name) if name in COMMUNICATION else []
            if values:
                params: dict[str, object] = {"type": name, "values": values[:_MOST_VALUES]}
                params["entity_type"] = self._communication_kind(call)
                yield {"method": "crm.duplicate.findbycomm", "params": params}
        if others := self._others(fields):
            params = self._list_params(call, {f"={name}": value for name, value in others.items()})
            yield {"method": self._list_method(), "params": params}

    def _communication_kind(self, call: PlannedCall) -> str:
        kind = self.kind_of(call)
        if kind not in WITH_COMMUNICATION and set(self.fields) & set(COMMUNICATION):
            raise our_error(
                "B24MCP_APPLY_MATCH", "PHONE and EMAIL are searched for in leads, contacts and companies only."
            )
        return WITH_COMMUNICATION.get(kind, "")

    def _list_method(self) -> str:
        return self.method.removesuffix("add") + "list"

    def _list_params(
        self, call: PlannedCall, filter_: Mapping[str, object], select: Sequence[str] = ()
    ) -> dict[str, object]:
        id_ = "id" if self._kind == "item" else "ID"
        params: dict[str, object] = {"filter": dict(filter_), "select": [id_, *select], "order": {id_: "ASC"}}
        if self._kind == "item" and isinstance(call.params, dict):
            params["entityTypeId"] = call.params.get("entityTypeId")
        return params | {"start": -1}

    async def _records(self, ids: set[int], calls: Mapping[int, PlannedCall]) -> dict[int, Mapping[str, object]]:
        """Return the present values of records that will be updated, so that equal values are not written again."""
        if self.on_match == "skip" or not ids:
            return {}
        some_call = next(iter(calls.values()))
        select = sorted({name for call in calls.values() for name in fields_of(call)})
        wanted = sorted(ids)
        id_ = "id" if self._kind == "item" else "ID"
        commands: dict[str, object] = {
            f"r{start}": {
                "method": self._list_method(),
                "params": self._list_params(some_call, {f"@{id_}": wanted[start : start + 50]}, select),
            }
            for start in range(0, len(wanted), 50)
        }
        records: dict[int, Mapping[str, object]] = {}
        for result in (await self._answers(commands)).values():
            for row in rows_of(result):
                records[int(str(field_value(row, "ID")))] = row
        return records

    async def _answers(self, commands: Mapping[str, object]) -> dict[str, object]:
        if not commands:
            return {}
        answer = await self.opened.portal.batch(commands, bulk=True)
        results: dict[str, object] = {}
        for label, outcome in answer.outcomes.items():
            if isinstance(outcome, Succeeded):
                results[label] = outcome.answer.result
                continue
            error = outcome.error if isinstance(outcome, Failed) else answer.error
            said = "no answer" if error is None else error.fault.message
            raise our_error(
                "B24MCP_APPLY_MATCH",
                f"The portal could not be searched for records that exist: {said}",
                hint="Nothing was written. Make the same call again later.",
            )
        return results

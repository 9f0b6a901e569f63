"""Records of one kind that are found by their code: the storage of small families of registrations and settings."""

from __future__ import annotations

import json
from dataclasses import dataclass

from b24_sandbox.call import Call
from b24_sandbox.entities.registrations import REGISTRATION
from b24_sandbox.php import Map

_MINE = "KIND = ? and OWNER = ?"


def application(call: Call) -> str:
    """The id of the calling application; empty for a webhook."""
    return "" if call.application is None else call.application.client_id


@dataclass(frozen=True, slots=True)
class RecordByCode:
    """One record: its id, its code and its values."""

    id: int
    code: str
    data: Map


@dataclass(frozen=True, slots=True)
class RecordsByCode:
    """The records of `kind`. Each belongs to an `owner`; codes are unique for an owner."""

    kind: str

    def all(self, call: Call, owner: str = "") -> list[RecordByCode]:
        """The records of an owner in the order of their ids."""
        return self._found(call, _MINE, [self.kind, owner])

    def get(self, call: Call, code: str, owner: str = "") -> RecordByCode | None:
        """The record with this code, or `None`."""
        found = self._found(call, f"{_MINE} and CODE = ?", [self.kind, owner, code])
        return found[0] if found else None

    def over(self, call: Call, code: str, defaults: Map, owner: str = "") -> Map:
        """The values of a record over `defaults`, which are all when there is no record."""
        known = self.get(call, code, owner)
        return defaults if known is None else {**defaults, **known.data}

    def add(self, call: Call, code: str, data: Map, owner: str = "") -> int:
        """Add a record and return its id."""
        return call.storage.insert(REGISTRATION, {"KIND": self.kind, "OWNER": owner, "CODE": code, "DATA": _text(data)})

    def update(self, call: Call, record: RecordByCode, changes: Map) -> None:
        """Change some values of a record."""
        call.storage.update(REGISTRATION, record.id, {"DATA": _text({**record.data, **changes})})

    def put(self, call: Call, code: str, data: Map, owner: str = "") -> None:
        """Replace the values of a record. It is added when no record has this code."""
        known = self.get(call, code, owner)
        if known is None:
            self.add(call, code, data, owner)
        else:
            call.storage.update(REGISTRATION, known.id, {"DATA": _text(data)})

    def remove(self, call: Call, record: RecordByCode) -> None:
        """Delete a record."""
        call.storage.delete(REGISTRATION, record.id)

    def _found(self, call: Call, where: str, bound: list[str]) -> list[RecordByCode]:
        rows = call.storage.rows(REGISTRATION, ["ID", "CODE", "DATA"], where, bound)
        return [RecordByCode(row.id, row.text("CODE"), json.loads(row.text("DATA"))) for row in rows]


def _text(data: Map) -> str:
    return json.dumps(data, ensure_ascii=False)

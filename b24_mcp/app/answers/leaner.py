"""Leave out of a result what tells a reader nothing: empty values of records, and what a write repeats of its request.

What is left out is counted in the answer. Empty are null, "", [] and {}: 0, false, "0" and "N" are values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24_mcp.app.answers.echoes import without_echo
from b24_mcp.rest import PlannedCall

_SMALLEST_RECORD = 6
"""An object with fewer keys is not taken for a record: its empty lists may be the answer itself."""
_WORTH_LEAVING_OUT = 2
_SELECT = "select"

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeanResult:
    """A result without its empty values, and how many fields of its records are empty and left out.

    `left_out` is the number of values that a write does not show because they repeat the request, are empty, zero or
    "N", or repeat another value.
    """

    result: object
    empty: int = 0
    left_out: int = 0


def lean_result(call: PlannedCall | None, result: object, *, empty: bool = False) -> LeanResult:
    """Return the result of a call without what tells nothing. With `empty` every value stays.

    A field that the call names in `select` is always shown. In a list a field is left out when it is empty in all rows.
    """
    if call is None or empty:
        return LeanResult(result)
    if call.effect != "read":
        shown, left_out = without_echo(call.params, result)
        return LeanResult(shown, left_out=left_out)
    records, wrap = _records_in(result)
    names = empty_fields(records, keep=selected_names(call.params))
    if len(names) < _WORTH_LEAVING_OUT:
        return LeanResult(result)
    shown_records = [{key: value for key, value in record.items() if key not in names} for record in records]
    return LeanResult(wrap.around(shown_records), empty=len(names))


def lean_results(
    commands: Sequence[PlannedCall], results: Mapping[str, object], *, together: bool
) -> tuple[Mapping[str, LeanResult], int, int]:
    """Return the lean results of the commands of a batch by name, and what is counted for all of them.

    With `together` records of one method keep the same fields, so that they fit into one table, and the numbers of
    empty fields and of values left out are not in the results but counted: the second and third value.
    """
    if not together:
        return {one.name: lean_result(one, results[one.name]) for one in commands if one.name in results}, 0, 0
    lean: dict[str, LeanResult] = {}
    groups: dict[tuple[str, frozenset[str], tuple[str, ...]], dict[str, tuple[Record, _Wrap]]] = {}
    left_out = 0
    for call in commands:
        if call.name not in results:
            continue
        result = results[call.name]
        records, wrap = _records_in(result)
        if call.effect == "read" and len(records) == 1:
            key = (call.method, selected_names(call.params), tuple(records[0]))
            groups.setdefault(key, {})[call.name] = (records[0], wrap)
        lean[call.name] = LeanResult(result)
        if call.effect != "read":
            shown, some = without_echo(call.params, result)
            lean[call.name] = LeanResult(shown)
            left_out += some
    empty = 0
    for (_, selected, _), group in groups.items():
        names = empty_fields([record for record, _ in group.values()], keep=selected)
        empty += len(names)
        for name, (record, wrap) in group.items():
            lean[name] = LeanResult(wrap.around([{key: value for key, value in record.items() if key not in names}]))
    return lean, empty, left_out


def empty_fields(records: Sequence[Record], keep: Collection[str] = ()) -> set[str]:
    """Return the names of the fields that are empty in all of these records, which have the same fields.

    `keep` are normal names of fields that are shown in any case.
    """
    if not records or len(records[0]) < _SMALLEST_RECORD:
        return set()
    first = records[0]
    found = [field for field, value in first.items() if is_empty(value) and normal_name(field) not in keep]
    for record in records:
        if not found or record.keys() != first.keys():
            return set()
        found = [field for field in found if is_empty(record[field])]
    return set() if any(field.isdecimal() for field in first) else set(found)


def selected_names(params: object) -> frozenset[str]:
    """Return the normal names of the fields that a call names in `select`. `*` names none."""
    if not isinstance(params, Mapping):
        return frozenset()
    named = next((value for name, value in params.items() if name.lower() == _SELECT), None)
    fields: Iterable[object] = (
        named.values() if isinstance(named, Mapping) else named if isinstance(named, list) else ()
    )
    return frozenset(normal_name(field) for field in fields if isinstance(field, str))


def is_empty(value: object) -> bool:
    """Whether a value is null, an empty text, or an empty list or object."""
    return not value and (value is None or isinstance(value, str | list | dict))


def normal_name(name: str) -> str:
    """Return the name of a field as it is compared: `RESPONSIBLE_ID` and `responsibleId` are the same field."""
    return name.replace("_", "").lower()


@dataclass(frozen=True, slots=True)
class _Wrap:
    """Where the records of a result are: under the only key of an object, in a list, or both."""

    key: str | None
    is_list: bool

    def around(self, records: list[dict[str, Any]]) -> object:
        inner: object = records if self.is_list else records[0]
        return inner if self.key is None else {self.key: inner}


def _records_in(result: object) -> tuple[Sequence[Record], _Wrap]:
    """Return the records of a result and where they are; none when it holds something else."""
    key, inner = None, result
    if isinstance(result, dict) and len(result) == 1:
        ((key, inner),) = result.items()
    if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner):
        return inner, _Wrap(key, is_list=True)
    return ([inner] if isinstance(inner, dict) else []), _Wrap(key, is_list=False)

"""The values of CRM records in calls and answers: phones and e-mails in all their forms, ids, and what differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from b24_mcp.rest import PlannedCall, to_json

COMMUNICATION = ("PHONE", "EMAIL")
"""The fields that the duplicate search knows."""

_NOT_DIGIT = re.compile(r"\D")
_RUSSIAN_DIGITS = 11


def fields_of(call: PlannedCall) -> Mapping[str, object]:
    """Return the fields of a call that adds a record."""
    if not isinstance(call.params, dict):
        return {}
    found: object = next((value for name, value in call.params.items() if name.lower() == "fields"), None)
    return found if isinstance(found, dict) else {}


def field_value(fields: Mapping[str, object], name: str) -> object:
    """Return the value of a field, in either spelling: `ORIGIN_ID` is `originId`."""
    wanted = name.replace("_", "").lower()
    return next((value for key, value in fields.items() if key.replace("_", "").lower() == wanted), None)


def communication_values(fields: Mapping[str, object], name: str) -> list[str]:
    """Return the normalised phones or e-mails in the fields of a call, in any of the forms that the portal takes."""
    found = field_value(fields, name)
    entries: list[object] = found if isinstance(found, list) else [found]
    if name in COMMUNICATION and isinstance(fm := field_value(fields, "fm"), dict | list):
        listed = fm.values() if isinstance(fm, dict) else fm
        entries += [one for one in listed if isinstance(one, dict) and str(one.get("typeId")).upper() == name]
    texts = [
        str(field_value(entry, "VALUE") or "") if isinstance(entry, dict) else str(entry or "") for entry in entries
    ]
    return list(dict.fromkeys(filter(None, [normal(name, text) for text in texts])))


def normal(name: str, value: str) -> str:
    """Return a phone as its digits, with a Russian 8 as 7, or an e-mail in lower case, as the duplicate search does."""
    if name == "EMAIL":
        return value.strip().lower()
    digits = _NOT_DIGIT.sub("", value)
    return "7" + digits[1:] if len(digits) == _RUSSIAN_DIGITS and digits.startswith("8") else digits


def ids_in(result: object, kind: str) -> Iterator[int]:
    """Yield the ids in the answer of the duplicate search or of a list."""
    if isinstance(result, dict) and kind and isinstance(result.get(kind), list):
        yield from (int(one) for one in result[kind])
        return
    for row in rows_of(result):
        id_ = field_value(row, "ID")
        if id_ is not None:
            yield int(str(id_))


def rows_of(result: object) -> list[Mapping[str, object]]:
    """Return the rows in the answer of a list; `crm.item.list` has them under `items`."""
    if isinstance(result, dict):
        items = result.get("items", [])
        result = list(items.values()) if isinstance(items, dict) else items
    return [row for row in result if isinstance(row, dict)] if isinstance(result, list) else []


def changes_in(fields: Mapping[str, object], record: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the fields that differ from a record. Of phones and e-mails, only those that it does not have."""
    for name, value in fields.items():
        if name.upper() in COMMUNICATION:
            has = set(communication_values(record, name.upper()))
            missing = [
                entry
                for entry in (value if isinstance(value, list) else [value])
                if not set(communication_values({name: [entry]}, name.upper())) <= has
            ]
            if missing:
                yield name, missing
        elif _plain(value) != _plain(record.get(name)):
            yield name, value


def _plain(value: object) -> str:
    """Return a value as text, in which values that the portal stores alike are equal."""
    if value is None or value in ("", [], False):
        return ""
    if isinstance(value, bool):
        return "Y"
    text = value if isinstance(value, str) else to_json(value)
    try:
        return str(float(text)) if len(text) < 16 and not text.startswith(("0", "+")) else text
    except ValueError:
        return text

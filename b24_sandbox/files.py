"""Files in fields of records: the sent forms and their storage.

Forms (documentation: api-reference/files/how-to-upload-files and how-to-update-files): `["name", "<base64>"]` or
`{"fileData": ["name", "<base64>"]}` is a new file, `{"id": 5}` keeps a stored one, `""` clears a single field, `[]` a
multiple one. Files that a multiple field does not list are removed.
"""

from __future__ import annotations

import base64
import json

from b24_sandbox import php, values
from b24_sandbox.fields import Field
from b24_sandbox.php import Map, Value
from b24_sandbox.storage import Storage
from b24_sandbox.tables import entity

FILE = entity("stored_file")


def keep(storage: Storage, name: str, content: str) -> int | None:
    """Store a file from its base64 text and return its id. Return `None` when the text contains no base64."""
    decoded = php.base64_decode(content)
    if not decoded:
        return None
    kept = base64.b64encode(decoded).decode()
    return storage.insert(FILE, {"NAME": name, "CONTENT": kept, "SIZE": len(decoded)})


def content(storage: Storage, file: int) -> tuple[str, bytes] | None:
    """The name and bytes of a stored file, or `None`."""
    row = storage.row(FILE, file)
    return None if row is None else (row.text("NAME"), base64.b64decode(row.text("CONTENT")))


def stored(storage: Storage, field: Field, value: Value, current: Value) -> Value:
    """Convert a sent `value` to what the column of a file field stores. `current` is the stored value."""
    held = _numbers(field, current)
    sent = _sent(field, value)
    if sent is None:
        return current
    kept: list[int] = []
    for item in sent:
        number = _one(storage, item, held)
        if number is not None:
            kept.append(number)
    for gone in held:
        if gone not in kept:
            storage.delete(FILE, gone)
    if field.multiple:
        return json.dumps(kept)
    return str(kept[0]) if kept else None


def _numbers(field: Field, current: Value) -> list[int]:
    listed = values.items(current) if field.multiple else php.as_list(current)
    return [php.integer(item) for item in listed]


def _sent(field: Field, value: Value) -> list[Value] | None:
    """The files in a value. `None` for a form that a file field does not know: the field stays unchanged."""
    if value is None or value == "":
        return []
    if _is_pair(value) or (isinstance(value, dict) and not field.multiple):
        return [value]
    if isinstance(value, dict) and ("fileData" in value or "id" in value):
        return [value]
    if php.is_array(value):
        return [item for item in php.as_list(value) if php.is_array(item) or php.integer(item)]
    return [value] if php.integer(value) else None


def _is_pair(value: Value) -> bool:
    listed = php.as_list(value)
    return (
        php.is_array(value)
        and not (isinstance(value, dict) and "0" not in value)
        and len(listed) == 2
        and all(isinstance(item, str) for item in listed)
    )


def _one(storage: Storage, item: Value, held: list[int]) -> int | None:
    """The stored id of one sent file."""
    entry: Map = item if isinstance(item, dict) else {}
    data = entry.get("fileData", entry.get("FILE_DATA", item))
    if _is_pair(data):
        name, content = (php.text(part) for part in php.as_list(data))
        return keep(storage, name, content)
    if php.text(entry.get("remove")) == "Y" or php.text(entry.get("REMOVE")) == "Y":
        return None
    number = php.integer(entry.get("id", entry.get("ID", item if not php.is_array(item) else 0)))
    return number if number in held else None

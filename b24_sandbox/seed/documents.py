"""The disk of the demonstration company: a common storage, one per user, a few folders and short documents."""

from __future__ import annotations

from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import EVERYBODY, STAFF
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_OBJECT = (
    "ID",
    "NAME",
    "TYPE",
    "STORAGE_ID",
    "REAL_OBJECT_ID",
    "PARENT_ID",
    "DELETED_TYPE",
    "GLOBAL_CONTENT_VERSION",
    "FILE_ID",
    "SIZE",
    "CREATE_TIME",
    "UPDATE_TIME",
    "CREATED_BY",
    "UPDATED_BY",
    "DELETED_BY",
)


def seed_documents(storage: Storage, now: float) -> None:
    """Write storages, folders and files. Dates are counted back from `now` (Unix seconds)."""
    moments = Moments(now)
    moment = moments.ago(200)
    holders: list[tuple[Value, ...]] = [(1, "Общий диск", "disk", "common", "shared_files_s1", 1)]
    for person in EVERYBODY:
        name, last_name = STAFF[person - 1][:2]
        holders.append((person + 1, f"{name} {last_name}", "disk", "user", str(person), person + 1))
    objects = [_object(number, name, "folder", number, 0, moment) for number, name, *_ in holders]
    number = len(holders)
    folders: dict[str, int] = {}
    for (name,) in table("folders"):
        number += 1
        folders[name] = number
        objects.append(_object(number, name, "folder", 1, 1, moment))
    versions: list[tuple[Value, ...]] = []
    for place, (holder, folder, name, days, author, text) in enumerate(table("files"), 1):
        number += 1
        content = text.encode()
        written = moments.ago(float(days))
        where = folders[folder] if folder else int(holder)  # the root of a storage has the number of the storage
        objects.append(
            _object(number, name, "file", int(holder), where, written, place, len(content), author=int(author))
        )
        versions.append((place, number, len(content), name, 1, written, int(author), content))
    storage.insert_many(STORAGE, ("ID", "NAME", "MODULE_ID", "ENTITY_TYPE", "ENTITY_ID", "ROOT_OBJECT_ID"), holders)
    storage.insert_many(OBJECT, _OBJECT, objects)
    storage.insert_many(VERSION, [field.name for field in VERSION.columns], versions)


def _object(
    number: Value,
    name: Value,
    kind: str,
    holder: Value,
    parent: int,
    moment: str,
    version: int = 0,
    size: int = 0,
    *,
    author: int = 1,
) -> tuple[Value, ...]:
    content: tuple[Value, ...] = (1, version, size) if kind == "file" else (None, None, None)
    return (number, name, kind, holder, number, parent, 0, *content, moment, moment, author, author, 0)

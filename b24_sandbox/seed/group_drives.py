"""The drives of workgroups of the demonstration company, each with a folder and a short document.

They were created long after those of the users, and other objects came and went before: their ids are larger.
"""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.entities.groups import GROUP
from b24_sandbox.php import Value, integer, text
from b24_sandbox.storage import Storage

_FIRST_STORAGE, _FIRST_OBJECT, _FIRST_VERSION = 215, 293, 64
_FOLDER, _FILE = "Документы", "Протокол встречи.txt"
_TEXT = "Протокол встречи рабочей группы.\n"
_DAYS = 120


def seed_group_drives(storage: Storage, now: float) -> None:
    """Write a storage with a folder and a file for every workgroup. Dates are counted back from `now`."""
    moment, content = dates.iso(now - _DAYS * 86400.0), _TEXT.encode()
    drives: list[tuple[Value, ...]] = []
    objects: list[tuple[Value, ...]] = []
    versions: list[tuple[Value, ...]] = []
    for place, group in enumerate(storage.rows(GROUP, ["ID", "NAME", "OWNER_ID"])):
        drive, root, version = _FIRST_STORAGE + place, _FIRST_OBJECT + 3 * place, _FIRST_VERSION + place
        owner = integer(group["OWNER_ID"])
        written: tuple[Value, ...] = (moment, moment, owner, owner, 0)
        drives.append((drive, group["NAME"], "disk", "group", text(group["ID"]), root))
        objects.append((root, group["NAME"], "folder", drive, root, 0, 0, None, None, None, *written))
        objects.append((root + 1, _FOLDER, "folder", drive, root + 1, root, 0, None, None, None, *written))
        objects.append((root + 2, _FILE, "file", drive, root + 2, root, 0, 1, version, len(content), *written))
        versions.append((version, root + 2, len(content), _FILE, 1, moment, owner, content))
    storage.insert_many(STORAGE, ("ID", "NAME", "MODULE_ID", "ENTITY_TYPE", "ENTITY_ID", "ROOT_OBJECT_ID"), drives)
    columns = "ID NAME TYPE STORAGE_ID REAL_OBJECT_ID PARENT_ID DELETED_TYPE GLOBAL_CONTENT_VERSION FILE_ID SIZE"
    written_columns = "CREATE_TIME UPDATE_TIME CREATED_BY UPDATED_BY DELETED_BY"
    storage.insert_many(OBJECT, f"{columns} {written_columns}".split(), objects)
    storage.insert_many(VERSION, [field.name for field in VERSION.columns], versions)

"""The disk: storages, folders and files as one tree, versions with their bytes.

Documentation: api-reference/disk (`disk.storage.getFields`, `disk.folder.getFields`, `disk.file.getFields`).
"""

from __future__ import annotations

from b24_sandbox.tables import entity

STORAGE = entity("disk_storage")
OBJECT = entity("disk_object")
VERSION = entity("disk_version")

"""The disk: storages, folders and files as one tree, versions with their bytes.

Documentation: api-reference/disk (`disk.storage.getFields`, `disk.folder.getFields`, `disk.file.getFields`).
"""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

STORAGE = Entity(
    "disk_storage",
    parse_fields("""
ID integer r | ID
NAME string | Name
CODE string r | Code
MODULE_ID string r | Module
ENTITY_TYPE string r | user, common, group or restapp
ENTITY_ID string r | Owner
ROOT_OBJECT_ID integer r | Root folder
"""),
)

OBJECT = Entity(
    "disk_object",
    parse_fields("""
ID integer r | ID
NAME string | Name
TYPE string r | folder or file
CODE string r | Code
STORAGE_ID integer r | Storage
REAL_OBJECT_ID integer r | The object itself
PARENT_ID integer r | Parent folder
DELETED_TYPE integer r | 0 there, 3 in the bin, 4 in the bin with its folder
GLOBAL_CONTENT_VERSION integer r | Version
FILE_ID integer r | Content
SIZE integer r | Bytes
CREATE_TIME datetime r | Created
UPDATE_TIME datetime r | Changed
DELETE_TIME datetime r | Deleted
CREATED_BY user r | Author
UPDATED_BY user r | Changed by
DELETED_BY user r | Deleted by
LINK string r | Public link
"""),
    indexes=("PARENT_ID",),
)

VERSION = Entity(
    "disk_version",
    parse_fields("""
ID integer r | ID
OBJECT_ID integer r | File
SIZE integer r | Bytes
NAME string r | Name
GLOBAL_CONTENT_VERSION integer r | Version
CREATE_TIME datetime r | Created
CREATED_BY user r | Author
CONTENT string r | Bytes
"""),
    indexes=("OBJECT_ID",),
)

DISK = (STORAGE, OBJECT, VERSION)

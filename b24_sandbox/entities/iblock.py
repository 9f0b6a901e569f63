"""Information blocks: the shared tables of universal lists and of storages of applications.

Documentation: api-reference/lists, api-reference/entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _stamp(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    if stored is None:
        for name, value in (("ACTIVE", "Y"), ("SORT", 500), ("DATE_CREATE", now), ("CREATED_BY", user)):
            values.setdefault(name, value)
    values["TIMESTAMP_X"], values["MODIFIED_BY"] = now, user


_STAMPS = """
ACTIVE char | Active
SORT integer | Sorting
DATE_CREATE stamp_ru r | Created
CREATED_BY user r | Created by
TIMESTAMP_X stamp_ru r | Changed
MODIFIED_BY user r | Changed by
"""

IBLOCK = Entity(
    "iblock",
    parse_fields(f"""
ID integer r | ID
IBLOCK_TYPE_ID string r | Type
CODE string | Code
NAME string q | Name
DESCRIPTION string | Description
SOCNET_GROUP_ID integer r | Group
BIZPROC string | Workflows
RIGHTS string r | Rights in JSON
{_STAMPS}"""),
    _stamp,
)

SECTION = Entity(
    "iblock_section",
    parse_fields(f"""
ID integer r | ID
CODE string | Code
XML_ID string | External ID
EXTERNAL_ID string | External ID
IBLOCK_ID integer r | Block
IBLOCK_SECTION_ID integer | Parent
NAME string q | Name
DESCRIPTION string | Description
{_STAMPS}"""),
    _stamp,
    indexes=("IBLOCK_ID",),
)

ELEMENT = Entity(
    "iblock_element",
    parse_fields(f"""
ID integer r | ID
IBLOCK_ID integer r | Block
NAME string q | Name
CODE string | Code
IBLOCK_SECTION_ID integer | Section
DATE_ACTIVE_FROM datetime | Begin of activity
DATE_ACTIVE_TO datetime | End of activity
PREVIEW_TEXT string | Preview
DETAIL_TEXT string | Details
{_STAMPS}"""),
    _stamp,
    indexes=("IBLOCK_ID",),
)

PROPERTY = Entity(
    "iblock_property",
    parse_fields("""
ID integer r | ID
IBLOCK_ID integer r | Block
CODE string | Code
NAME string q | Name
TYPE string q | Type
SORT integer | Sorting
IS_REQUIRED char | Required
MULTIPLE char | Multiple
DEFAULT_VALUE string | Default
SETTINGS string | Settings in JSON
ROW_COUNT integer | Rows
COL_COUNT integer | Columns
LINK_IBLOCK_ID integer | Linked block
"""),
    indexes=("IBLOCK_ID",),
)

CHOICE = Entity(
    "iblock_choice",
    parse_fields("""
ID integer r | ID
PROPERTY_ID integer r | Property
VALUE string | Value
SORT integer | Sorting
DEF char | Default
"""),
    indexes=("PROPERTY_ID",),
)

VALUE = Entity(
    "iblock_value",
    parse_fields("""
ID integer r | ID
ELEMENT_ID integer r | Element
PROPERTY_ID integer r | Property
VALUE string | Value
"""),
    indexes=("ELEMENT_ID", "PROPERTY_ID"),
)

IBLOCKS = (IBLOCK, SECTION, ELEMENT, PROPERTY, CHOICE, VALUE)

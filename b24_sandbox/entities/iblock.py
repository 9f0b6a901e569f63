"""Information blocks: the shared tables of universal lists and of storages of applications.

Documentation: api-reference/lists, api-reference/entity.
"""

from __future__ import annotations

from b24_sandbox.tables import entity

IBLOCK = entity("iblock")
SECTION = entity("iblock_section")
ELEMENT = entity("iblock_element")
PROPERTY = entity("iblock_property")
CHOICE = entity("iblock_choice")
VALUE = entity("iblock_value")

"""Descriptions of entities, parsed from a compact table of text: a field, a set of fields, an entity.

One line per field, four columns:

    STAGE_ID>STAGE_ID  crm_status:DEAL_STAGE  qr  | Deal Stage

name (`CLASSIC>UNIVERSAL` where the universal `crm.item.*` methods use another name), type (with the directory of its
values), flags, title. Flags: `q` required, `r` read-only, `i` immutable, `m` multiple, `x` deprecated, `h` not shown by
classic get and list, `c` for the classic methods only, `u` for the universal methods only, `v` virtual: described and
written, but without a column (a face stores and shows it), `D` a user field.
"""

from __future__ import annotations

from b24_sandbox.field import MULTIFIELD, Field, camel
from b24_sandbox.world import Cascade, Entity, Prepare, Settle

__all__ = ["MULTIFIELD", "Cascade", "Entity", "Field", "Prepare", "Settle", "camel", "parse_fields"]


def parse_fields(table: str) -> dict[str, Field]:
    """Parse a table of fields (see the module docstring) into name -> field, in order."""
    fields: dict[str, Field] = {}
    for line in filter(None, table.splitlines()):
        described, _, title = line.partition("|")
        name, kind, *flags = described.split()
        name, _, universal = name.partition(">")
        kind, _, status_type = kind.partition(":")
        fields[name] = Field(
            name, kind, title.strip() or name, universal or name, status_type, flags[0] if flags else ""
        )
    return fields

"""Where the files of records are found, for downloads.

The data is in `data/file_sources.tsv`. Its columns: `source`, the method that a caller names; `call`, the method that
is called instead, since only it answers with links that programs can use; `arguments`, its parameters in the order in
which a caller names their values, or with a fixed value; `field`, the field with the files where a caller names none;
`holds`, what the field has: `link`, the id of a file on the `disk`, or of an `attachment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from b24_mcp.catalog.tables import read_table

Holds = Literal["link", "disk", "attachment"]


@dataclass(frozen=True, slots=True)
class FileSource:
    """How the files of a record are found. `fixed` are parameters with one value, `arguments` those of the caller."""

    call: str
    arguments: tuple[str, ...]
    fixed: Mapping[str, int]
    field: str
    holds: Holds


def file_source(method: str) -> FileSource | None:
    """Return how the files are found that a method answers with, by its name in any letter case."""
    return _sources().get(method.lower())


def file_sources() -> list[str]:
    """Return the methods whose files can be downloaded, in lower case."""
    return list(_sources())


@cache
def _sources() -> Mapping[str, FileSource]:
    found = {}
    for row in read_table("file_sources"):
        words = row["arguments"].split()
        fixed = {name: int(value) for name, _, value in (word.partition("=") for word in words) if value}
        names = tuple(word for word in words if "=" not in word)
        source = FileSource(row["call"], names, fixed, row["field"], cast(Holds, row["holds"]))
        found[row["source"].lower()] = source
    return found

"""Records that are stored as they stand in a file: `FOLDER/TABLE.tsv`, with the names of the columns in its first line.

An empty cell is an empty text, or nothing in a column of another type; `\\N` is nothing in a text column. A date is
counted back from the moment the portal is created: `150` is 150 days before, `-34 10` ten o'clock 34 days before; only
a day may be written out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from b24_sandbox import facts
from b24_sandbox.entities import ENTITIES
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import DATE, Moments
from b24_sandbox.storage import Storage, column_type

PORTAL = Path(__file__).parent.parent / "data" / "records"
"""The records that every portal has."""
COMPANY = Path(__file__).parent / "data" / "company"
"""The records of the demonstration company that no rule generates."""
_DATES = frozenset(("datetime", "stamp_ru", "stamp_sql"))


def write_records(storage: Storage, moments: Moments, folder: Path) -> None:
    """Write the records of all files of a folder."""
    for entity, fields, rows in _tables(folder):
        cells = ([_cell(field, cell, moments) for field, cell in zip(fields, row, strict=True)] for row in rows)
        storage.insert_many(entity, [field.name for field in fields], cells)


@cache
def _tables(folder: Path) -> list[tuple[Entity, list[Field], list[tuple[str, ...]]]]:
    """The files of a folder: entity, columns and rows."""
    known = {entity.name: entity for entity in ENTITIES}
    found = [(known[path.stem], facts.read(path)) for path in sorted(folder.glob("*.tsv"))]
    return [(entity, [entity.fields[name] for name in names], rows) for entity, (names, *rows) in found]


def _cell(field: Field, cell: str, moments: Moments) -> Value:
    kind = column_type(field)
    if cell == r"\N" or (not cell and kind != "text"):
        return None
    if field.type in _DATES:
        days, _, hour = cell.partition(" ")
        return moments.past(float(days), float(hour)) if hour else moments.ago(float(days))
    if field.type == "date":
        return f"{cell}{DATE}" if "-" in cell else moments.date_ago(float(cell))
    if field.type == "bytes":
        return cell.encode()
    if kind == "text":
        return cell
    return int(cell) if kind == "integer" else float(cell)

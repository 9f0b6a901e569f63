"""Records that are stored as they stand in a file: `FOLDER/TABLE.tsv`, with the names of the columns in its first line.

An empty cell is an empty text, or nothing in a column of another type; `\\N` is nothing in a text column. A date is
counted back from the moment the portal is created: `150` is 150 days before, `-34 10` ten o'clock 34 days before.
"""

from __future__ import annotations

from pathlib import Path

from b24_sandbox import tsv
from b24_sandbox.entities import all_entities
from b24_sandbox.field import Field
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.storage import Storage, column_type

_DATES = frozenset(("datetime", "stamp_ru", "stamp_sql"))


def write_records(storage: Storage, moments: Moments, folder: Path) -> None:
    """Write the records of all files of a folder."""
    for entity in all_entities():
        path = folder / f"{entity.name}.tsv"
        if path.exists():
            names, *rows = tsv.read(path)
            fields = [entity.fields[name] for name in names]
            cells = ([_cell(field, cell, moments) for field, cell in zip(fields, row, strict=True)] for row in rows)
            storage.insert_many(entity, names, cells)


def _cell(field: Field, cell: str, moments: Moments) -> Value:
    kind = column_type(field)
    if cell == r"\N" or (not cell and kind != "text"):
        return None
    if field.type in _DATES:
        days, _, hour = cell.partition(" ")
        return moments.past(float(days), float(hour)) if hour else moments.ago(float(days))
    if kind == "text":
        return cell
    return int(cell) if kind == "integer" else float(cell)

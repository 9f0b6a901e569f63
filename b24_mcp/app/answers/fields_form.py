"""The description of the fields of an entity, as a table of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from b24_mcp.app.answers.forms import Form
from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery import EntityFields, Option, Pipeline, PortalEntity, PortalField, folded
from b24_mcp.rest import to_json

LONGEST = 12_000
"""The most characters of a description of all fields."""
LONGEST_PART = 4_000
"""The most characters of a description of some of them."""
_ROOM_FOR_NAMES = 1_000
_SHORTENED = (400, 120, 0)
"""The most characters of the values of one field, tried one after the other."""
_NARROW = "only=a word of the label or name shows these fields with all their values"


@dataclass(frozen=True, slots=True)
class Described:
    """What a portal says of an entity: its fields in each style, and its pipelines (None when not known).

    `values` returns the values that a field may have, `is_stage` whether they are stages.
    """

    entity: PortalEntity
    styles: Sequence[EntityFields]
    pipelines: Sequence[Pipeline] | None
    values: Callable[[PortalField], Sequence[Option] | None]
    is_stage: Callable[[PortalField], bool]


@dataclass(frozen=True, slots=True)
class _Row:
    """A field under its names, the first of which is that of the first style."""

    field: PortalField
    names: tuple[str, ...]

    def matches(self, words: str) -> bool:
        """Whether the label or a name contains a text."""
        return words.casefold() in self.field.label.casefold() or any(
            words.casefold() in name.casefold() or (folded(words) and folded(words) in folded(name))
            for name in self.names
        )


def fields_form(described: Described, only: str = "") -> Form:
    """Return the form: one row for each field, the stages of each pipeline, and how values are written.

    Raises:
        ValueError: when no field has `only` in its label or name. The message has the nearest names.
    """
    rows = _rows(described.styles)
    chosen = _chosen(rows, only) if only else rows
    limit = LONGEST_PART if only else LONGEST
    form: Form = {}
    for longest in (limit, *_SHORTENED):
        form = _whole(described, chosen, longest)
        if len(to_json(form)) <= limit:
            return form
    kept = chosen
    while kept and len(to_json(form)) > limit - _ROOM_FOR_NAMES:
        kept = kept[: len(kept) * 9 // 10]
        form = _whole(described, kept, 0)
    return form | _left_out(chosen[len(kept) :])


def _rows(styles: Sequence[EntityFields]) -> list[_Row]:
    """Return the fields of all styles; a field that two styles have is one row."""
    first, *others = styles
    rows = [_Row(field, (field.name, *[_name_in(other, field) for other in others])) for field in first.fields.values()]
    for number, other in enumerate(others, 1):
        blank = ("",) * number
        rows += [_Row(one, (*blank, one.name)) for one in other.fields.values() if first.named(one.name) is None]
    return rows


def _name_in(style: EntityFields, field: PortalField) -> str:
    found = style.named(field.name)
    return "" if found is None else found.name


def _chosen(rows: Sequence[_Row], only: str) -> list[_Row]:
    # A lower-case word may be a name of the item style, but is more likely a word.
    exact = [] if only.islower() else [row for row in rows if only in row.names]
    found = exact or [row for row in rows if row.matches(only.strip())]
    if found:
        return found
    words = {text.casefold(): row for row in rows for text in (row.field.label, *row.names) if text}
    near = list(dict.fromkeys(_shown(words[one]) for one in get_close_matches(only.casefold(), words, 5, 0.5)))
    advice = f"near: {', '.join(near)}" if near else f"without only, all {len(rows)} are described"
    raise ValueError(f"No field has {only[:60]!r} in its label or name; {advice}")


def _shown(row: _Row) -> str:
    name = next(filter(None, row.names))
    return f"{name} ({row.field.label})" if row.field.label else name


def _whole(described: Described, rows: Sequence[_Row], longest: int) -> Form:
    columns = ["name", *["name_in_item" for _ in described.styles[1:]], "label", "type", "notes", "values"]
    table = [_cells(described, row, longest) for row in rows]
    form: Form = {"fields": len(rows), "columns": columns, "rows": table}
    if any(described.is_stage(row.field) for row in rows):
        form["pipelines"] = _pipelines(described.pipelines, longest)
    if write := _how_to_write(described, rows):
        form["write"] = write
    return form


def _cells(described: Described, row: _Row, longest: int) -> list[str]:
    field = row.field
    notes = [
        *(["required"] if field.required else []),
        *(["read-only"] if field.read_only else []),
        *(["only when added"] if field.immutable and not field.read_only else []),
        *(["several values"] if field.multiple else []),
        *([f"links to {', '.join(field.links)}"] if field.type in ("crm", "crm_entity") and field.links else []),
    ]
    if described.is_stage(field):
        values = "see pipelines"
    else:
        values = _values(described.values(field), field.directory, longest)
    cells = [*row.names, field.label, field.type, ", ".join(notes), values]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _values(options: Sequence[Option] | None, directory: str, longest: int) -> str:
    """Return the values as `id=label`, or how many there are when that is too long."""
    if options is None:
        return f"directory {directory}" if directory else ""
    shown = _joined((option.id, option.label) for option in options)
    if len(shown) <= longest:
        return shown
    cut = shown[:longest].rpartition("; ")[0]
    return f"{cut}; … {len(options)} in all" if cut else f"{len(options)} values"


def _pipelines(pipelines: Sequence[Pipeline] | None, longest: int) -> list[Form] | None:
    if pipelines is None:
        return None
    forms: list[Form] = []
    for pipeline in pipelines:
        form: Form = {"id": pipeline.id} | ({"name": pipeline.name} if pipeline.name else {})
        stages = _joined((one.id, one.name + _ENDS.get(one.semantics, "")) for one in pipeline.stages)
        if len(stages) <= longest or longest >= _SHORTENED[0]:
            form["stages"] = stages
        elif longest:
            form["stages"] = "; ".join(stage.id for stage in pipeline.stages)
        else:
            form["stages"] = f"{len(pipeline.stages)} stages"
        forms.append(form)
    return forms


_ENDS = {"S": " (success)", "F": " (failure)"}


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{code}={label}" if label and label != code else code for code, label in pairs)


def _how_to_write(described: Described, rows: Sequence[_Row]) -> dict[str, str]:
    """Return how values of the types among the rows are written, with both forms where the styles differ."""
    found: dict[str, str] = {}
    for kind in sorted({row.field.type for row in rows if not row.field.read_only}):
        forms = list(dict.fromkeys(filter(None, (_form_of(kind, style.entity.style) for style in described.styles))))
        if forms:
            found[kind] = " | crm.item.*: ".join(forms)
    return found


def _form_of(kind: str, style: str) -> str:
    return _value_forms().get((kind, style)) or _value_forms().get((kind, "*"), "")


@cache
def _value_forms() -> dict[tuple[str, str], str]:
    return {(row["type"], row["style"]): row["how"] for row in read_table("value_forms")}


def _left_out(rows: Sequence[_Row]) -> Form:
    """Return the names of fields that have no row, as many as fit, and how to see them."""
    names = [next(filter(None, row.names)) for row in rows]
    shown = " ".join(names)
    if len(shown) > _ROOM_FOR_NAMES - 150:
        shown = shown[: _ROOM_FOR_NAMES - 150].rpartition(" ")[0] + " …"
    return {"left_out": len(rows), "more": shown, "hint": _NARROW} if rows else {"hint": _NARROW}

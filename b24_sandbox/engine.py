"""The dialect of version 2: add, get, list, update, delete and fields over a face, which describes the wire format.

Records are read and written by `b24_sandbox.records`, which REST 3.0 shares. Besides columns a face has multi-fields
(rows with ids, `DELETE: Y`), files (`type` `file`) and fields without a column (flag `v`, see
`b24_sandbox.faces.Face`). User fields need no code here: a face built from the live entity of `b24_sandbox.schema` has
them among its fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24_sandbox import files, filters, php, records, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

announce, remove = records.announce, records.remove


def add(face: Face, call: Call) -> Value:
    """Create a record from the values of the call."""
    return face.added(call, face, create(face, call, face.values(call, True)))


def create(face: Face, call: Call, sent: Map) -> int:
    """Create a record from `sent` (request names -> values) and return its id."""
    columns, parts = _writable(face, call, sent, None)
    face.check(call, columns, None)
    return records.add(face, call, columns, parts)


def get(face: Face, call: Call) -> Value:
    """Return one record."""
    return face.single(read(face, call, face.record_id(call)))


def read(face: Face, call: Call, record: int) -> Map:
    """Return one record as the face shows it.

    Raises:
        PortalError: the error of the face for a missing record.
    """
    row = stored(face, call, record)
    shown = [_shown(face, call, row, face.shown)]
    face.decorate_one(call, [row], shown)
    return shown[0]


def stored(face: Face, call: Call, record: int, verb: str = "get") -> Row:
    """Return one record as it is stored; `verb` is the requested action.

    Raises:
        PortalError: the error of the face for a missing record.
    """
    row = call.portal.storage.row(face.entity, record)
    if row is None:
        raise absent(face, verb, record)
    return row


def absent(face: Face, verb: str, record: int) -> PortalError:
    """The error of the face for a record that does not exist."""
    return face.missing() if face.absent is None else face.absent(verb, record)


def list_page(face: Face, call: Call) -> RowPage:
    """Return one page of records by the paging rules of the family, in the envelope of the face."""
    query = face.query(call)
    entity = face.entity
    where = filters.build(entity, face.language, query.conditions, call.now)
    order = filters.order(face.language.find, query.order, face.refuse_order, face.default_order)
    selected = _selection(face, query.select)
    held = {field.name for field in entity.columns}
    columns = ["ID", *(name for name in selected if name != "ID" and name in held)]
    read_rows: list[Row] = []

    def rows(limit: int, offset: int) -> list[Row]:
        read_rows.extend(records.read(face, call, where, order, limit, offset, columns))
        return read_rows

    page = face.family(call.offset, lambda: records.count(face, call, where), rows)
    shown = [_shown(face, call, row, selected) for row in read_rows]
    face.decorate_list(call, read_rows, shown)
    virtual = frozenset(name for name in selected if entity.fields[name].is_virtual)
    if virtual:
        face.virtual_show(call, read_rows, shown, virtual)
    if query.select is not None and entity.multifields:
        _attach_named_multifields(face, call, read_rows, shown, selected)
    return RowPage({face.envelope: shown} if face.envelope else shown, page.next, page.total)


def update(face: Face, call: Call) -> Value:
    """Update a record with the values of the call."""
    record = face.record_id(call)
    change(face, call, record, face.values(call, False))
    return face.changed(call, face, record)


def change(face: Face, call: Call, record: int, sent: Map) -> None:
    """Update one record with `sent` (request names -> values)."""
    row = stored(face, call, record, "update")
    columns, parts = _writable(face, call, sent, row)
    face.check(call, columns, row)
    records.change(face, call, row, columns, parts)


def delete(face: Face, call: Call) -> Value:
    """Delete a record."""
    record = face.record_id(call)
    stored(face, call, record, "delete")
    remove(face, call, record)
    return face.removed


def describe(face: Face, call: Call) -> Value:
    """Return the fields of the entity as this face describes them."""
    described: Map = {name: face.describe(field) for name, field in face.names.items()}
    return {face.described_in: described} if face.described_in else described


def _writable(face: Face, call: Call, sent: Map, row: Row | None) -> tuple[Map, records.Parts]:
    """Return the columns to write, and what writes the multi-fields and the fields without a column.

    Unknown and read-only names and dates that cannot be read are dropped.

    `row` holds the stored values, `None` for a new record.
    """
    columns: Map = {}
    multifields: Map = {}
    virtual: Map = {}
    new = row is None
    for name, value in sent.items():
        field = face.names.get(name)
        if field is None or field.name == "ID" or (field.immutable and not new):
            continue
        if field.read_only and not (new and field.name in face.set_once):
            continue
        if field.is_multifield:
            multifields[field.name] = value
        elif field.is_virtual:
            virtual[field.name] = value
        elif values.is_unreadable_date(field, value, call.now):
            continue
        elif face.file is not None and field.type == "file":
            columns[field.name] = files.stored(call.portal.storage, field, value, row and row[field.name])
        else:
            columns[field.name] = values.stored(field, value, call.now)
    _note_presence(face, call, columns, multifields, row)

    def parts(record: int) -> None:
        _write_multifields(face, call, record, multifields)
        face.virtual_write(call, record, virtual, new)

    return columns, parts


def _note_presence(face: Face, call: Call, columns: Map, multifields: Map, row: Row | None) -> None:
    """Set `HAS_PHONE` and `HAS_EMAIL` from the stored and sent phones and e-mails."""
    for kind in ("PHONE", "EMAIL"):
        flag = f"HAS_{kind}"
        if flag not in face.entity.fields or (row is not None and kind not in multifields):
            continue
        left: set[int] = set()
        if row is not None:
            kept = call.portal.storage.multifields(face.entity.owner, [row.id])
            left = {entry.id for entry in kept if entry["TYPE_ID"] == kind}
        given = False
        for item in php.as_list(multifields.get(kind)):
            entry = php.as_map(item)
            gone = entry.get("DELETE") == "Y" or not entry.get("VALUE")
            left.discard(php.integer(entry.get("ID")))
            given = given or bool(item and not entry) or not gone
        columns[flag] = "Y" if given or left else "N"


def _write_multifields(face: Face, call: Call, record: int, multifields: Map) -> None:
    """Add new rows, update rows with an id, and delete rows with `DELETE: Y` or an empty value."""
    storage, owner = call.portal.storage, face.entity.owner
    for kind, sent in multifields.items():
        for item in php.as_list(sent):
            entry = php.as_map(item)
            if not entry and item:
                entry = {"VALUE": item}
            value, value_type = php.text(entry.get("VALUE")), php.text(entry.get("VALUE_TYPE"))
            row = php.integer(entry.get("ID"))
            if row:
                gone = entry.get("DELETE") == "Y"
                if not gone and "VALUE" not in entry:
                    continue
                storage.change_multifield(owner, record, values.bounded(row), "" if gone else value, value_type or None)
            elif value:
                storage.add_multifields([(owner, record, kind, value_type or "WORK", value)])


def _selection(face: Face, select: list[str] | None) -> dict[str, str]:
    """Map field names to answer names for a list.

    `*` selects the fields of the face's star, `UF_*` every user field, a missing `select` both.
    """
    default = {name: face.shown[name] for name in face.shown if name in face.star}
    dynamic = {name: wire for name, wire in face.shown.items() if face.entity.fields[name].is_dynamic}
    if select is None:
        return {name: wire for name, wire in face.shown.items() if name in default or name in dynamic}
    chosen = {"ID": face.shown["ID"]}
    for name in select:
        field = face.names.get(name)
        if name == "*":
            chosen.update(default)
        elif name == "UF_*":
            chosen.update(dynamic)
        elif field is not None and (field.name in face.shown or field.is_multifield or field.is_virtual):
            chosen[field.name] = face.shown.get(field.name, name)
    return {name: chosen[name] for name in face.entity.fields if name in chosen}


def _shown(face: Face, call: Call, row: Map, selected: Mapping[str, str]) -> Map:
    shown: Map = {}
    for name, wire in selected.items():
        field = face.entity.fields[name]
        if name not in row or field.is_multifield:
            continue
        if field.type == "file" and face.file is not None:
            shown[wire] = _files(face, call, field, php.integer(row["ID"]), row[name])
        else:
            shown[wire] = face.show(field, row[name])
    return shown


def _files(face: Face, call: Call, field: Field, record: int, value: Value) -> Value:
    """The value of a file field: each file as the face shows it; without files `null` or an empty list."""
    if face.file is None:
        return value
    numbers = [php.integer(item) for item in (values.items(value) if field.multiple else php.as_list(value))]
    shown = [face.file(call, face.entity, field, record, number) for number in numbers if number]
    return shown if field.multiple else next(iter(shown), None)


def _attach_named_multifields(
    face: Face, call: Call, rows: Sequence[Map], shown: list[Map], selected: Mapping[str, str]
) -> None:
    wanted = {name for name in selected if face.entity.fields[name].is_multifield}
    if wanted:
        attach_multifields(call, face.entity.owner, rows, shown, wanted)


def attach_multifields(
    call: Call, owner: str, rows: Sequence[Map], shown: list[Map], wanted: set[str] | None = None
) -> None:
    """Add multi-fields to shown records in the classic form. Kinds without values have no key."""
    by_record = {php.integer(row["ID"]): record for row, record in zip(rows, shown, strict=True)}
    for entry in call.portal.storage.multifields(owner, list(by_record)):
        kind = entry.text("TYPE_ID")
        if wanted is None or kind in wanted:
            target = by_record[entry.integer("OWNER_ID")].setdefault(kind, [])
            if isinstance(target, list):
                target.append(
                    {
                        "ID": entry.text("ID"),
                        "VALUE_TYPE": entry["VALUE_TYPE"],
                        "VALUE": entry["VALUE"],
                        "TYPE_ID": kind,
                    }
                )

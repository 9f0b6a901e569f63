"""The one engine behind every add, get, list, update, delete and fields: a face says how, the storage does it."""

from collections.abc import Mapping

from b24_mcp.sandbox import filters, php, values
from b24_mcp.sandbox.answer import Page
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.faces import Face
from b24_mcp.sandbox.php import Map, Value


def add(face: Face, call: Call) -> Value:
    """Create a record from the call's values."""
    return face.added(call, face, create(face, call, face.values(call, True)))


def create(face: Face, call: Call, sent: Map) -> int:
    """Create a record from ``sent`` (request names -> values), return its id."""
    columns, multifields = _writable(face, call, sent, new=True)
    face.check(call, columns, None)
    face.entity.prepare(call.portal, columns, None, call.user)
    record = call.portal.storage.insert(face.entity, columns)
    _write_multifields(face, call, record, multifields)
    return record


def get(face: Face, call: Call) -> Value:
    """Show one record."""
    return face.single(read(face, call, face.record_id(call)))


def read(face: Face, call: Call, record: int) -> Map:
    """One record as the face shows it; raises the face's own error when there is none."""
    row = stored(face, call, record)
    shown = [_shown(face, row, face.shown)]
    face.decorate_one(call, [row], shown)
    return shown[0]


def stored(face: Face, call: Call, record: int) -> Map:
    """One record as it is stored; raises the face's own error when there is none."""
    row = call.portal.storage.row(face.entity, record)
    if row is None:
        raise face.missing()
    return row


def list_page(face: Face, call: Call) -> Page:
    """One page of records under the family's rules of paging, in the face's envelope."""
    query = face.query(call)
    entity, storage = face.entity, call.portal.storage
    where = filters.build(entity, face.language, query.conditions, call.now)
    order = filters.order(face.language.find, query.order, face.refuse_order, face.default_order)
    selected = _selection(face, query.select)
    columns = ["ID", *(name for name in selected if name != "ID" and not entity.fields[name].is_multifield)]
    read_rows: list[Map] = []

    def rows(limit: int, offset: int) -> list[Map]:
        read_rows.extend(storage.rows(entity, columns, where.sql, where.bound, order, limit, offset))
        return read_rows

    page = face.family(call.offset, lambda: storage.count(entity, where.sql, where.bound), rows)
    shown = [_shown(face, row, selected) for row in read_rows]
    face.decorate_list(call, read_rows, shown)
    if query.select is not None and entity.multifields:
        _attach_named_multifields(face, call, read_rows, shown, selected)
    return Page({face.envelope: shown} if face.envelope else shown, page.next, page.total)


def update(face: Face, call: Call) -> Value:
    """Change a record by the call's values."""
    record = face.record_id(call)
    change(face, call, record, face.values(call, False))
    return face.changed(call, face, record)


def change(face: Face, call: Call, record: int, sent: Map) -> None:
    """Change one record by ``sent`` (request names -> values)."""
    row = stored(face, call, record)
    columns, multifields = _writable(face, call, sent, new=False)
    face.check(call, columns, row)
    _write_multifields(face, call, record, multifields)
    face.entity.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(face.entity, record, columns)


def delete(face: Face, call: Call) -> Value:
    """Remove a record."""
    record = face.record_id(call)
    stored(face, call, record)
    call.portal.storage.delete(face.entity, record)
    return face.removed


def describe(face: Face, call: Call) -> Value:
    """The fields of the entity as this face describes them."""
    described: Map = {name: face.describe(field) for name, field in face.names.items()}
    return {face.described_in: described} if face.described_in else described


def _writable(face: Face, call: Call, sent: Map, *, new: bool) -> tuple[Map, Map]:
    """Columns to store and multi-fields to write; names that are unknown or not to be written are dropped."""
    columns: Map = {}
    multifields: Map = {}
    for name, value in sent.items():
        field = face.names.get(name)
        if field is None or field.read_only or field.name == "ID" or (field.immutable and not new):
            continue
        if field.is_multifield:
            multifields[field.name] = value
        else:
            columns[field.name] = values.stored(field, value, call.now)
    _note_presence(face, columns, multifields, new=new)
    return columns, multifields


def _note_presence(face: Face, columns: Map, multifields: Map, *, new: bool) -> None:
    """``HAS_PHONE`` and ``HAS_EMAIL`` follow what is sent for phones and e-mails."""
    for kind in ("PHONE", "EMAIL"):
        flag = f"HAS_{kind}"
        if flag in face.entity.fields and (new or kind in multifields):
            given = any(php.as_map(item).get("VALUE") for item in php.as_list(multifields.get(kind)))
            columns[flag] = "Y" if given else "N"


def _write_multifields(face: Face, call: Call, record: int, multifields: Map) -> None:
    """New rows are added, rows with an id are changed, ``DELETE: Y`` or an empty value removes them."""
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
                storage.change_multifield(owner, record, values.bounded(row), "" if gone else value, value_type or None)
            elif value:
                storage.add_multifields([(owner, record, kind, value_type or "WORK", value)])


def _selection(face: Face, select: list[str] | None) -> dict[str, str]:
    """Field name -> answer name for a list; ``None`` or ``*`` is the face's default."""
    default = {name: face.shown[name] for name in face.shown if name in face.star}
    if select is None:
        return default
    chosen = {"ID": face.shown["ID"]}
    for name in select:
        field = face.names.get(name)
        if name == "*":
            chosen.update(default)
        elif field is not None and (field.name in face.shown or field.is_multifield):
            chosen[field.name] = face.shown.get(field.name, name)
    return {name: chosen[name] for name in face.entity.fields if name in chosen}


def _shown(face: Face, row: Map, selected: Mapping[str, str]) -> Map:
    fields = face.entity.fields
    return {
        wire: face.show(fields[name], row[name]) for name, wire in selected.items() if not fields[name].is_multifield
    }


def _attach_named_multifields(
    face: Face, call: Call, rows: list[Map], shown: list[Map], selected: Mapping[str, str]
) -> None:
    wanted = {name for name in selected if face.entity.fields[name].is_multifield}
    if wanted:
        attach_multifields(call, face.entity.owner, rows, shown, wanted)


def attach_multifields(
    call: Call, owner: str, rows: list[Map], shown: list[Map], wanted: set[str] | None = None
) -> None:
    """Put multi-fields into shown records in the classic form; absent kinds have no key."""
    by_record = {php.integer(row["ID"]): record for row, record in zip(rows, shown, strict=True)}
    for entry in call.portal.storage.multifields(owner, list(by_record)):
        kind = php.text(entry["TYPE_ID"])
        if wanted is None or kind in wanted:
            target = by_record[php.integer(entry["OWNER_ID"])].setdefault(kind, [])
            if isinstance(target, list):
                target.append(
                    {
                        "ID": php.text(entry["ID"]),
                        "VALUE_TYPE": entry["VALUE_TYPE"],
                        "VALUE": entry["VALUE"],
                        "TYPE_ID": kind,
                    }
                )

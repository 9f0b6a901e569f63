"""`crm.item.*`: the universal methods over the same tables, camelCase names, numbers as numbers.

Leads, deals, contacts, companies, estimates, invoices and smart processes. Documentation: api-reference/crm/universal.
Here an unknown filter or order name is an error. `useOriginalUfNames: Y` names user fields `UF_…`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import partial

from b24_sandbox import crm_types, engine, errors, files, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import MULTIFIELD, Entity, Field
from b24_sandbox.messages import Response
from b24_sandbox.methods import crm_classic
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.search_content import CONTENT, content_sql
from b24_sandbox.shapes import shape

action = MethodTable("crm", "Bitrix\\Crm\\Controller\\Item")
register = action.register

IMPORT_LIMIT = 20
_NEW_ROW = "n"
_USER_FIELD = re.compile(r"\AUF_CRM_(?:(\d+)_)?(.+)\Z")
# `leadId` is written by this family when a record is added. Source: documentation, crm-item-add.
_SET_ONCE = frozenset({"LEAD_ID"})
_EVENTS = {1: "CRMLEAD", 2: "CRMDEAL", 3: "CRMCONTACT", 4: "CRMCOMPANY", 7: "CRMQUOTE"}


def _missing() -> PortalError:
    return PortalError("NOT_FOUND", "Element not found")


def no_type() -> PortalError:
    """The error for an unknown type number."""
    return PortalError("NOT_FOUND", "Smart process not found")


def not_valid(title: str) -> PortalError:
    """The error for a value that a field does not accept. `title` is the title of the field."""
    return PortalError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{title}"')


def refuse_filter(name: str) -> PortalError:
    """The error for an unknown filter key."""
    return PortalError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")


def refuse_order(name: str, direction: str) -> PortalError:
    """The error for an unknown order key, or an invalid direction."""
    if direction.strip().upper() in ("ASC", "DESC"):
        return PortalError("INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
    return PortalError(
        "INVALID_ARG_VALUE",
        f"Invalid order: allowed sort directions are `ASC, DESC`. But got '{direction}' for field '{name}'",
    )


def array(call: Call, name: str) -> Sent:
    """An optional argument that a controller declares as an array."""
    value = call.exact(name)
    if value is None:
        return Sent()
    if not php.is_array(value):
        raise PortalError(
            "100",
            f"Invalid value {{{php.text(value)}}} to match with parameter {{{name}}}. Should be value of type array.",
        )
    return Sent(php.as_map(value))


def required(call: Call, name: str) -> Value:
    """A required argument of a controller."""
    value = call.exact(name)
    if value is None:
        raise errors.missing_parameter(name)
    return value


def numbers(call: Call, *names: str) -> list[int]:
    """Required arguments as whole numbers."""
    return [php.integer(required(call, name)) for name in names]


def owner(
    call: Call, kind: str = "entityTypeId", record: str = "entityId", refusal: str = "Owner not found"
) -> list[int]:
    """The type and the id of an item that a call names.

    Raises:
        PortalError: `OWNER_NOT_FOUND` with the text `refusal`.
    """
    found = numbers(call, kind, record)
    if not crm_types.exists(call.portal, *found):
        raise PortalError("OWNER_NOT_FOUND", refusal)
    return found


def query(call: Call) -> ListQuery:
    """The query of a controller's list."""
    select = [php.text(name) for name in array(call, "select").values()]
    return ListQuery(array(call, "filter"), array(call, "order"), select or None)


def record_id(call: Call) -> int:
    """The `id` of a controller's call."""
    return php.integer(required(call, "id"))


def fields_argument(call: Call) -> Sent:
    """The `fields` of a controller's add or update."""
    required(call, "fields")
    return array(call, "fields")


def user_field_name(name: str) -> str:
    """A user field in camelCase. Only the prefix changes where letters and digits are mixed.

    Documentation: api-reference/crm/universal, field naming. `UF_CRM_10_5186744711` is `ufCrm10_5186744711`,
    `UF_CRM_3_DIGIT` is `ufCrm3Digit`, `UF_CRM_1747309879` is `ufCrm_1747309879`.
    """
    match = _USER_FIELD.match(name)
    if match is None:
        return name
    number, rest = match.group(1) or "", match.group(2)
    if number and rest.isdigit():
        return f"ufCrm{number}_{rest}"
    if any(character.isdigit() for character in rest):
        return f"ufCrm_{name.removeprefix('UF_CRM_')}"
    return f"ufCrm{number}" + "".join(part.capitalize() for part in rest.split("_"))


def wire_name(field: Field, original: bool = False) -> str:
    """The name of a field in the universal methods."""
    if field.is_dynamic:
        return field.name if original else user_field_name(field.name)
    if field.name.startswith("PARENT_ID_"):
        return "parentId" + field.name.removeprefix("PARENT_ID_")
    return field.camel


def _multifields(sent: Value) -> Map:
    """Convert `fm` for the engine: a key `n…` is a new row, a number an existing one."""
    kinds: dict[str, list[Value]] = {}
    for key, item in php.as_map(sent).items():
        entry = php.as_map(item)
        row: Map = {"ID": None if key.startswith(_NEW_ROW) or isinstance(sent, list) else key}
        for wire, name in (("value", "VALUE"), ("valueType", "VALUE_TYPE"), ("delete", "DELETE")):
            if wire in entry or name in entry:
                row[name] = entry.get(wire, entry.get(name))
        kinds.setdefault(php.text(entry.get("typeId")) or "PHONE", []).append(row)
    return dict(kinds)


def by_any_name(entity: Entity) -> filters.Find:
    """Find columns by camelCase or by UPPER_CASE name, for filters and orders of controllers (source behaviour)."""
    names = {field.universal: field for field in entity.columns}
    names |= {field.camel: field for field in entity.columns}
    return names.get


def describe(field: Field) -> Value:
    """A field in a controller's `fields`."""
    title = field.details.get("listLabel") if field.is_dynamic else None
    described = crm_classic.describe(field, "boolean" if field.type == "char" else "", title)
    return {**described, "upperName": field.universal}


def _check(call: Call, columns: Map, stored: Row | None, number: int, entity: Entity) -> None:
    """Refuse an unknown pipeline or currency and an empty required user field."""
    if crm_types.is_unknown_currency(call.portal, columns):
        raise not_valid("Currency")
    category = columns.get("CATEGORY_ID")
    if category is not None and php.integer(category) not in crm_types.categories(call.portal, number):
        raise not_valid("Pipeline")
    for field in entity.columns:
        asked = field.is_dynamic and field.required and (stored is None or field.name in columns)
        if asked and columns.get(field.name) in (None, "", "[]"):
            title = field.details.get("formLabel") or field.name
            raise PortalError("CRM_FIELD_ERROR_REQUIRED", f'The "{title}" field is required')


def _fm(call: Call, owner: str, rows: list[Row], shown: list[Map]) -> None:
    by_record = {row.id: record for row, record in zip(rows, shown, strict=True)}
    for record in shown:
        record["fm"] = []
    for entry in call.storage.multifields(owner, list(by_record)):
        target = by_record[entry.integer("OWNER_ID")]["fm"]
        if isinstance(target, list):
            target.append(shape("crm.multifield", entry))


def _complete(call: Call, rows: list[Row], shown: list[Map], entity: Entity, number: int) -> None:
    """Add the parts of a whole item that are not columns: `fm` and `entityTypeId`."""
    if entity.multifields:
        _fm(call, entity.owner, rows, shown)
    for record in shown:
        record["entityTypeId"] = number


def _complete_list(call: Call, rows: list[Row], shown: list[Map], entity: Entity, number: int) -> None:
    select = [php.text(name) for name in array(call, "select").values()]
    if not select or "*" in select:
        _complete(call, rows, shown, entity, number)


def _reread(call: Call, face: Face, record: int) -> Value:
    return {"item": engine.read(face, call, record)}


def _show_file(call: Call, entity: Entity, field: Field, record: int, file: int, number: int) -> Value:
    """A file of an item: an address for browsers and a signed one for programs."""
    params: Map = {"entityTypeId": number, "id": record, "fieldName": wire_name(field), "fileId": file}
    return {
        "id": file,
        "url": f"/bitrix/services/main/ajax.php?action=crm.controller.item.getFile&SITE_ID=s1&entityTypeId={number}"
        f"&id={record}&fieldName={field.name}&fileId={file}",
        "urlMachine": call.link("crm.controller.item.getFile", params, "crm"),
    }


def _values(names: dict[str, Field], call: Call) -> Map:
    """Convert `fields` to names of the portal: camelCase, or their UPPER_CASE originals."""
    upper = {field.universal: name for name, field in names.items()}
    sent: Map = {}
    for key, value in fields_argument(call).items():
        if key == "fm":
            sent.update(_multifields(value))
            continue
        name = key if key in names else upper.get(key, key)
        field = names.get(name)
        listed = field is not None and field.multiple and field.type != "file" and not field.is_multifield
        if listed and value not in (None, "") and not php.is_array(value):
            kind = "integer" if isinstance(value, int) else "string"
            raise PortalError("100", f"Expected iterable value for multiple field, but got `{kind}` instead")
        sent[name] = value
    return sent


def _movable(field: Field) -> Field:
    """The field as the universal methods write it: they may move an item to another pipeline."""
    if field.name != "CATEGORY_ID":
        return field
    return dataclasses.replace(field, flags=field.flags.replace("i", ""))


def item_face(entity: Entity, number: int, original: bool) -> Face:
    """The universal face of a type. `number` is its `entityTypeId`; `original` keeps `UF_…` names."""
    columns = [_movable(field) for field in entity.columns if "c" not in field.flags]
    names = {wire_name(field, original): field for field in columns}
    shown = {field.name: wire_name(field, original) for field in columns}
    by_code = {field.name: field for field in columns if field.is_dynamic}
    upper = {field.universal: name for name, field in names.items()}
    written = {**names, **{kind: entity.fields[kind] for kind in entity.multifields}}

    def find(name: str) -> Field | None:
        if name in ("searchContent", "SEARCH_CONTENT"):
            return CONTENT
        return names.get(name) or by_code.get(name) or names.get(upper.get(name, ""))

    def known(call: Call) -> ListQuery:
        """The query of a list; UPPER_CASE names of the portal are accepted like camelCase (source behaviour)."""
        asked = query(call)
        order = {upper.get(name, name): direction for name, direction in asked.order.items()}
        select = None if asked.select is None else [upper.get(name, name) for name in asked.select]
        return ListQuery(asked.conditions, order, select)

    return Face(
        entity,
        written,
        shown,
        values.show_native,
        paging.family_b,
        filters.Language(
            filters.OPERATORS, find, refuse_filter, groups=True, computed={CONTENT.name: content_sql(entity)}
        ),
        known,
        record_id,
        lambda call, new: _values(written, call),
        _missing,
        describe,
        set_once=_SET_ONCE,
        envelope="items",
        refuse_order=refuse_order,
        described_in="fields",
        star=frozenset(shown),
        decorate_one=partial(_complete, entity=entity, number=number),
        decorate_list=partial(_complete_list, entity=entity, number=number),
        added=_reread,
        changed=_reread,
        single=lambda item: {"item": item},
        removed=[],
        check=partial(_check, number=number, entity=entity),
        event=_EVENTS.get(number, "CRMDYNAMICITEM"),
        event_fields={} if number in _EVENTS else {"ENTITY_TYPE_ID": number},
        file=partial(_show_file, number=number),
    )


def face_of(call: Call, number: int) -> Face:
    """The face of a type of items.

    Raises:
        PortalError: `NOT_FOUND` for an unknown type.
    """
    base = crm_types.base_entity(call.portal, number)
    if base is None:
        raise no_type()
    original = call.exact("useOriginalUfNames") in ("Y", True)
    key = f"item:{number}:{original}"
    schema = call.portal.schema
    kept = schema.kept.get(key)
    if not isinstance(kept, Face):
        kept = schema.kept[key] = item_face(schema.entity(base), number, original)
    return kept


def _face(call: Call) -> Face:
    return face_of(call, php.integer(required(call, "entityTypeId")))


def _of_type(action: Callable[[Face, Call], Value | RowPage]) -> Callable[[Call], Value]:
    return lambda call: action(_face(call), call)


def _fields(face: Face, call: Call) -> Value:
    """Descriptions of fields. Phones, e-mails and other multi-fields are one field, `fm`."""
    described = {wire: describe(field) for wire, field in face.names.items() if not field.is_multifield}
    if face.entity.multifields:
        described["fm"] = describe(Field("FM", MULTIFIELD, "FM", "FM", flags="m"))
    return {"fields": described}


@action("crm.item.import")
def _import(call: Call) -> Value:
    face = _face(call)
    return {"item": {"id": engine.create(face, call, face.values(call, True))}}


@action("crm.item.batchImport")
def _batch_import(call: Call) -> Value:
    face = _face(call)
    required(call, "data")
    items = list(array(call, "data").values())
    if len(items) > IMPORT_LIMIT:
        raise PortalError("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"You cannot import more than {IMPORT_LIMIT} items")
    made: list[Value] = []
    for item in items:
        single = dataclasses.replace(call, params={**call.params, "fields": php.as_map(item)})
        try:
            made.append({"item": {"id": engine.create(face, single, face.values(single, True))}})
        except PortalError as refusal:
            made.append(refusal.body())
    return {"items": made}


@action("crm.controller.item.getFile")
def _get_file(call: Call) -> Value:
    """Return the bytes at `urlMachine`."""
    face = face_of(call, php.integer(required(call, "entityTypeId")))
    record = engine.stored(face, call, record_id(call))
    number, name = php.integer(required(call, "fileId")), php.text(required(call, "fieldName"))
    field = face.names.get(name)
    held = [] if field is None else values.items(record[field.name]) if field.multiple else [record[field.name]]
    found = files.content(call.storage, number) if number in [php.integer(item) for item in held] else None
    if found is None:
        raise PortalError("NOT_FOUND", "File not found")
    title, content = found
    return Response(
        200, "application/octet-stream", content, (("Content-Disposition", f'attachment; filename="{title}"'),)
    )


action.add("crm.item.add", _of_type(engine.add))
action.add("crm.item.get", _of_type(engine.get))
action.add("crm.item.list", _of_type(engine.list_page))
action.add("crm.item.update", _of_type(engine.update))
action.add("crm.item.delete", _of_type(engine.delete))
action.add("crm.item.fields", _of_type(_fields))

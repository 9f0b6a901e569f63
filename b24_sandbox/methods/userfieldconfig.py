"""`userfieldconfig.*`: user fields as a controller, camelCase, labels by language, items in `enum`.

Documentation: api-reference/crm/universal/userfieldconfig.
"""

from __future__ import annotations

from b24_sandbox import filters, paging, php, user_fields, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Field
from b24_sandbox.methods.crm_item import array, refuse_order, required
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import USER_FIELD, object_text
from b24_sandbox.shapes import shape
from b24_sandbox.user_fields import LABELS

action = MethodTable("userfieldconfig", "Bitrix\\Main\\Controller\\UserFieldConfig")
register = action.register

_WIRE = {field.camel: field for field in USER_FIELD.columns}
_PLAIN = ("sort", "mandatory", "showFilter", "showInList", "editInList", "isSearchable", "xmlId")
_ENUM = {"id": "ID", "value": "VALUE", "def": "DEF", "sort": "SORT", "xmlId": "XML_ID", "del": "DEL"}
_MODULES = frozenset(("crm", "rpa", "main", "tasks"))


def _find(name: str) -> Field | None:
    field = _WIRE.get(name)
    return field if field is not None and field.type != "object" else None


def _refuse_filter(name: str) -> PortalError:
    return PortalError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")


def _module(call: Call) -> str:
    module = php.text(required(call, "moduleId"))
    if module not in _MODULES:
        raise PortalError("", "No settings for UserFieldAccess")
    if module not in call.scopes and module != "main":
        raise PortalError("", f"The current method required more scopes. ({module})")
    return module


def _row(call: Call, refusal: str) -> Row:
    _module(call)
    row = call.storage.row(USER_FIELD, php.integer(required(call, "id")))
    if row is None:
        raise PortalError("", refusal)
    return row


def _sent(call: Call) -> Map:
    required(call, "field")
    return array(call, "field")


def _label_map(sent: Value) -> Map:
    return {name: php.text(text) for name, text in php.as_map(sent).items()}


def _columns(sent: Map, kind: str, kept: Map | None) -> Map:
    columns: Map = {}
    for wire in _PLAIN:
        if wire in sent:
            value = php.text(sent[wire])
            columns[_WIRE[wire].name] = php.integer(value) if wire == "sort" else value or None
    for column in LABELS:
        wire = USER_FIELD.fields[column].camel
        if wire in sent and php.is_array(sent[wire]):
            before = {} if kept is None else php.as_map(values.decoded(kept[column]))
            columns[column] = object_text({**before, **_label_map(sent[wire])})
        elif wire in sent:
            columns[column] = object_text(user_fields.labels(sent[wire], ""))
        elif kept is None:
            columns[column] = "{}"
    if kept is None or "settings" in sent:
        stored = None if kept is None else php.as_map(values.decoded(kept["SETTINGS"]))
        columns["SETTINGS"] = object_text(user_fields.settings(kind, sent.get("settings"), stored))
    return columns


def _items(sent: Map) -> list[Map]:
    found = []
    for item in php.as_list(sent.get("enum")):
        entry = php.as_map(item)
        found.append({_ENUM[name]: value for name, value in entry.items() if name in _ENUM})
    return found


def _shown(call: Call, row: Map, language: str | None = None) -> Map:
    """One field with labels in all its languages, or (in a list) in one of them."""
    shown: Map = {}
    languages: set[str] = set()
    for column in LABELS:
        languages |= {name for name, text in php.as_map(values.decoded(row[column])).items() if text}
    kept = sorted(languages) or ["ru"]
    for field in USER_FIELD.columns:
        if field.name in LABELS:
            texts = php.as_map(values.decoded(row[field.name]))
            if language is not None:
                shown[field.camel] = texts.get(language) or None
            else:
                shown[field.camel] = {name: texts.get(name) or None for name in kept}
        elif field.type == "object":
            shown[field.camel] = values.decoded(row[field.name])
        else:
            shown[field.camel] = None if row[field.name] is None else php.text(row[field.name])
        if field.name == "SETTINGS":
            shown["languageId"] = {name: name for name in ([language] if language else kept)}
    return shown


def _whole(call: Call, record: int) -> Value:
    row = call.storage.row(USER_FIELD, record) or Row()
    shown = _shown(call, row)
    if row["USER_TYPE_ID"] == "enumeration":
        items = call.portal.schema.enum_values(record)
        shown["enum"] = [shape("crm.user_field_item", item, USER_FIELD_ID=record) for item in items]
    return {"field": shown}


@action("userfieldconfig.add")
def _add(call: Call) -> Value:
    _module(call)
    sent = _sent(call)
    for wire, name in (("userTypeId", "USER_TYPE_ID"), ("fieldName", "FIELD_NAME")):
        if not php.text(sent.get(wire)):
            raise PortalError("", f"The '{name}' field is not found.")
    entity_id = php.text(sent.get("entityId")).upper()
    base = user_fields.owner(call.portal, entity_id)
    name = php.text(sent["fieldName"]).strip().upper()
    allowed = ("UF_CRM_",) if not entity_id.removeprefix("CRM_").isdigit() else (f"UF_{entity_id}_",)
    if base is None or not name.startswith(allowed):
        raise PortalError("", "You cannot create custom fields")
    if name in call.portal.schema.entity(base).fields:
        raise PortalError("", f"Field {name} already exists")
    kind = php.text(sent["userTypeId"])
    columns = {
        **_columns(sent, kind, None),
        "FIELD_NAME": user_fields.checked_name(name),
        "USER_TYPE_ID": kind,
        "MULTIPLE": "Y" if sent.get("multiple") == "Y" else "N",
    }
    record = user_fields.create(call.portal, base, columns, _items(sent) if kind == "enumeration" else [])
    return _whole(call, record)


@action("userfieldconfig.get")
def _get(call: Call) -> Value:
    row = _row(call, "You do not have permission to view user field settings")
    return _whole(call, row.id)


@action("userfieldconfig.list")
def _list(call: Call) -> Value:
    _module(call)
    select = array(call, "select")
    language = php.text(select.get("language"))
    language_filter = filters.Language(filters.OPERATORS, _find, _refuse_filter)
    where = filters.build(USER_FIELD, language_filter, array(call, "filter"), call.now)
    order = filters.order(_find, array(call, "order"), refuse_order, "SORT asc, ID asc")
    page = paging.stored_page(
        call.storage,
        USER_FIELD,
        where,
        order,
        (paging.family_b, call.offset),
        lambda rows: [_shown(call, row, language) for row in rows],
    )
    shown = [php.as_map(record) for record in php.as_list(page.result)]
    for record in shown:
        if not language:
            record.pop("languageId", None)
            for column in LABELS:
                record.pop(USER_FIELD.fields[column].camel, None)
    names = [php.text(name) for key, name in select.items() if key != "language"]
    if names and "*" not in names:
        shown = [{name: value for name, value in record.items() if name in names} for record in shown]
    return RowPage({"fields": shown}, page.next, page.total)


@action("userfieldconfig.update")
def _update(call: Call) -> Value:
    row = _row(call, "You cannot change the settings of the user field")
    sent = _sent(call)
    columns = _columns(sent, row.text("USER_TYPE_ID"), row)
    items = _items(sent) if "enum" in sent else None
    if items is not None:
        named = {php.integer(item.get("ID")) for item in items}
        for kept in call.portal.schema.enum_values(row.id):
            if kept.id not in named:
                items.append({"ID": kept["ID"], "DEL": "Y"})
    user_fields.change(call.portal, row, columns, items)
    return _whole(call, row.id)


@action("userfieldconfig.delete")
def _delete(call: Call) -> Value:
    user_fields.remove(call.portal, _row(call, "You cannot delete the user field"))
    return None


@action("userfieldconfig.getTypes")
def _types(call: Call) -> Value:
    _module(call)
    described: Map = {kind: {"userTypeId": kind, "description": text} for kind, (_, text) in user_fields.TYPES.items()}
    return {"types": described}

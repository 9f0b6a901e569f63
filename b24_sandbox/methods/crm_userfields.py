"""`crm.{deal,lead,contact,company,quote,requisite}.userfield.*` and `crm.userfield.*`.

Documentation: api-reference/crm/deals/user-defined-fields and its siblings,
api-reference/crm/universal/user-defined-fields.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from b24_sandbox import filters, php, user_fields, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_requisites import REQUISITE
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods.crm_classic import BUILDS, array, record_id, sent_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row
from b24_sandbox.schema import USER_FIELD, object_text
from b24_sandbox.user_fields import LABELS

_OWNERS: dict[str, Entity] = {
    **{prefix: entity for prefix, (entity, _) in BUILDS.items()},
    "crm.requisite": REQUISITE,
}
_FLAGS = ("MANDATORY", "SHOW_FILTER", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE")
_LANGUAGE = filters.Language(filters.WITHOUT_NOT_LIKE, USER_FIELD.fields.get)
_ORDERED = frozenset(("ID", "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT"))


def _items(sent: Map) -> list[Map]:
    return [php.as_map(item) for item in php.as_list(sent.get("LIST"))]


def _columns(sent: Map, kind: str, kept: Map | None) -> Map:
    """Convert `fields` to columns of the registry. `kept` is the stored row for an update."""
    columns: Map = {}
    for name in _FLAGS:
        if name in sent:
            columns[name] = php.text(sent[name]) if sent[name] in ("Y", "N", "I", "E", "S") else "N"
    if "SORT" in sent and php.integer(sent["SORT"]) > 0:
        columns["SORT"] = php.integer(sent["SORT"])
    if "XML_ID" in sent:
        columns["XML_ID"] = php.text(sent["XML_ID"]) or None
    fallback = php.text(sent.get("LABEL"))
    for name in LABELS:
        if kept is None or name in sent or fallback:
            columns[name] = object_text(user_fields.labels(sent.get(name), fallback))
    if kept is None or "SETTINGS" in sent:
        stored = None if kept is None else php.as_map(values.decoded(kept["SETTINGS"]))
        columns["SETTINGS"] = object_text(user_fields.settings(kind, sent.get("SETTINGS"), stored))
    return columns


def _add(call: Call, base: Entity) -> Value:
    sent = sent_fields(call, True)
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if not php.text(sent.get(name)):
            raise PortalError("", f"The '{name}' field is not found.")
    kind = php.text(sent["USER_TYPE_ID"])
    columns = {
        **_columns(sent, kind, None),
        "FIELD_NAME": user_fields.full_name(php.text(sent["FIELD_NAME"]), base),
        "USER_TYPE_ID": kind,
        "MULTIPLE": "Y" if sent.get("MULTIPLE") == "Y" else "N",
    }
    return user_fields.create(call.portal, base, columns, _items(sent) if kind == "enumeration" else [])


def _row(call: Call, base: Entity) -> Row:
    record = record_id(call)
    row = call.portal.storage.row(USER_FIELD, record)
    if row is None:
        raise PortalError("ERROR_NOT_FOUND", f"The entity with ID '{record}' is not found.")
    if row["ENTITY_ID"] != base.user_fields:
        raise PortalError("", "Access denied.")
    return row


def _shown(call: Call, row: Map, language: str | None) -> Map:
    """One field. An empty `language` shows labels in all languages, `None` shows no labels."""
    shown: Map = {}
    for field in USER_FIELD.columns:
        if field.name in LABELS:
            if language is None:
                continue
            texts = php.as_map(values.decoded(row[field.name]))
            shown[field.name] = texts if not language else (texts.get(language) or None)
        elif field.type == "object":
            shown[field.name] = values.decoded(row[field.name])
        else:
            shown[field.name] = None if row[field.name] is None else php.text(row[field.name])
    if row["USER_TYPE_ID"] == "enumeration":
        shown["LIST"] = [
            {name: item.text(name) for name in ("ID", "SORT", "VALUE", "DEF", "XML_ID")}
            for item in call.portal.schema.enum_values(php.integer(row["ID"]))
        ]
    return shown


def _get(call: Call, base: Entity) -> Value:
    return _shown(call, _row(call, base), "")


def _list(call: Call, base: Entity) -> Value:
    conditions, order = array(call, "filter"), array(call, "order")
    language = php.text(conditions["LANG"]) if "LANG" in conditions else None
    where = filters.build(USER_FIELD, _LANGUAGE, conditions, call.now)
    ordered = {name: sense for name, sense in order.items() if name in _ORDERED}
    rows = call.portal.storage.rows(
        USER_FIELD,
        [field.name for field in USER_FIELD.columns],
        f"ENTITY_ID = ? and {where.sql}",
        [base.user_fields, *where.bound],
        filters.order(USER_FIELD.fields.get, ordered, None, "SORT asc, ID asc"),
    )
    return RowPage([_shown(call, row, language) for row in rows], total=len(rows))


def _update(call: Call, base: Entity) -> Value:
    sent, row = sent_fields(call, False), _row(call, base)
    columns = _columns(sent, row.text("USER_TYPE_ID"), row)
    user_fields.change(call.portal, row, columns, _items(sent) if "LIST" in sent else None)
    return True


def _delete(call: Call, base: Entity) -> Value:
    user_fields.remove(call.portal, _row(call, base))
    return True


Action = Callable[[Call, Entity], Value]


def _over(run: Action, base: Entity, call: Call) -> Value:
    return run(call, base)


ACTIONS: dict[str, Action] = {
    "add": _add,
    "get": _get,
    "list": _list,
    "update": _update,
    "delete": _delete,
}
"""The methods of the user fields of one entity."""


def described(table: str) -> Value:
    """Descriptions in the plain form of `crm.userfield.fields`: lines `NAME type flags | title`."""
    from b24_sandbox.fields import parse_fields
    from b24_sandbox.methods.crm_classic import describe

    return {name: describe(field) for name, field in parse_fields(table).items()}


FIELDS = """
ID int r | ID
ENTITY_ID string i | Object
FIELD_NAME string i | Code
USER_TYPE_ID string i | Data type
XML_ID string | External ID (XML ID)
SORT int | Sorting
MULTIPLE char | Multiple
MANDATORY char | Mandatory
SHOW_FILTER char | Show in list filter
SHOW_IN_LIST char | Show in list
EDIT_IN_LIST char | Allow user editing
IS_SEARCHABLE char | Values are searchable
EDIT_FORM_LABEL string | Label in edit form
LIST_COLUMN_LABEL string | Header in list
LIST_FILTER_LABEL string | Filter label in list
ERROR_MESSAGE string | Error message
HELP_MESSAGE string | Help
LIST uf_enum_element m | List elements
SETTINGS object | Settings
"""
_ENUM_FIELDS = """
ID int r | ID
SORT int | Sorting
VALUE string | Value
DEF string | Default
DEL string | Delete
"""
_SETTING_FIELDS = {
    "string": "DEFAULT_VALUE string | Default value\nROWS int | Rows\n",
    "integer": "DEFAULT_VALUE int | Default value\n",
    "double": "DEFAULT_VALUE double | Default value\nPRECISION int | Precision\n",
    "boolean": "DEFAULT_VALUE int | Default value\nDISPLAY string | Display\n",
    "datetime": "DEFAULT_VALUE datetime | Default value\n",
    "date": "DEFAULT_VALUE date | Default value\n",
    "enumeration": "DISPLAY string | Display\nLIST_HEIGHT int | List height\n",
    "iblock_section": "IBLOCK_TYPE_ID string | Type\nIBLOCK_ID string | Block\nDEFAULT_VALUE string | Default value\n"
    "DISPLAY string | Display\nLIST_HEIGHT int | List height\nACTIVE_FILTER char | Only active\n",
    "iblock_element": "IBLOCK_TYPE_ID string | Type\nIBLOCK_ID string | Block\nDEFAULT_VALUE string | Default value\n"
    "DISPLAY string | Display\nLIST_HEIGHT int | List height\nACTIVE_FILTER char | Only active\n",
    "crm_status": "ENTITY_TYPE string | Directory\n",
    "crm": "LEAD char | Leads\nCONTACT char | Contacts\nCOMPANY char | Companies\nDEAL char | Deals\n",
}


def _settings_fields(call: Call) -> Value:
    kind = php.text(call.classic("type"))
    if not kind:
        raise PortalError("", "Parameter 'type' is not specified or empty.")
    return described(_SETTING_FIELDS.get(kind, ""))


def _run_on(run: Callable[[Call, Entity], Value], base: Entity, call: Call) -> Value:
    return run(call, base)


def register(registry: Registry) -> None:
    """Register the user fields of classic CRM."""
    for prefix, base in _OWNERS.items():
        for action, run in ACTIONS.items():
            registry.classic(f"{prefix}.userfield.{action}", "crm", partial(_over, run, base))
    registry.classic(
        "crm.userfield.types",
        "crm",
        lambda call: [{"ID": kind, "title": title} for kind, (title, _) in user_fields.TYPES.items()],
    )
    registry.classic("crm.userfield.fields", "crm", lambda call: described(FIELDS))
    registry.classic("crm.userfield.enumeration.fields", "crm", lambda call: described(_ENUM_FIELDS))
    registry.classic("crm.userfield.settings.fields", "crm", _settings_fields)

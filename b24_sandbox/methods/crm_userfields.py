"""`crm.{deal,lead,contact,company,quote,requisite}.userfield.*` and `crm.userfield.*`.

Documentation: api-reference/crm/deals/user-defined-fields and its siblings,
api-reference/crm/universal/user-defined-fields.
"""

from __future__ import annotations

from collections.abc import Callable

from b24_sandbox import filters, php, user_fields, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_requisites import REQUISITE
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import plain
from b24_sandbox.methods.crm_classic import BUILDS, array, record_id, sent_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable, Run
from b24_sandbox.row import Row
from b24_sandbox.schema import USER_FIELD, object_text
from b24_sandbox.user_fields import LABELS

method = MethodTable("crm")
register = method.register

_OWNERS: dict[str, Entity] = {prefix: entity for prefix, (entity, _) in BUILDS.items()} | {"crm.requisite": REQUISITE}
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


def create(call: Call, base: Entity, sent: Map, full_name: Callable[[str], str]) -> int:
    """Create the user field that `sent` describes and return its id. `full_name` completes its code."""
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if not php.text(sent.get(name)):
            raise PortalError("", f"The '{name}' field is not found.")
    kind = php.text(sent["USER_TYPE_ID"])
    columns = {
        **_columns(sent, kind, None),
        "FIELD_NAME": full_name(php.text(sent["FIELD_NAME"])),
        "USER_TYPE_ID": kind,
        "MULTIPLE": "Y" if sent.get("MULTIPLE") == "Y" else "N",
    }
    return user_fields.create(call.portal, base, columns, _items(sent) if kind == "enumeration" else [])


def _add(call: Call, base: Entity) -> Value:
    return create(call, base, sent_fields(call, True), lambda name: user_fields.full_name(name, base))


def _row(call: Call, base: Entity) -> Row:
    record = record_id(call)
    row = call.storage.row(USER_FIELD, record)
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
    rows = call.storage.whole(
        USER_FIELD,
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


def over(run: Action, base: Entity) -> Run:
    """The method that runs an action on the user fields of an entity."""
    return lambda call: run(call, base)


ACTIONS: dict[str, Action] = {"add": _add, "get": _get, "list": _list, "update": _update, "delete": _delete}
"""The methods of the user fields of one entity."""


@method("crm.userfield.settings.fields")
def _settings_fields(call: Call) -> Value:
    kind = php.text(call.classic("type"))
    if not kind:
        raise PortalError("", "Parameter 'type' is not specified or empty.")
    return plain.description(f"crm.userfield.settings.fields:{kind}")


@method("crm.userfield.types")
def _types(call: Call) -> Value:
    return [{"ID": kind, "title": title} for kind, (title, _) in user_fields.TYPES.items()]


for _prefix, _base in _OWNERS.items():
    for _action, _run in ACTIONS.items():
        method.add(f"{_prefix}.userfield.{_action}", over(_run, _base))

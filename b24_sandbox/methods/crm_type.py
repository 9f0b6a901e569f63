"""`crm.type.*`: smart processes, and `crm.automatedsolution.*`: their workplaces.

A new type is a new table with its own pipelines and stages. Documentation:
api-reference/crm/universal/user-defined-object-types, api-reference/crm/automated-solution.
"""

from __future__ import annotations

from collections.abc import Callable

from b24_sandbox import crm_types, dates, filters, paging, php, user_fields
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cascade import remove_where
from b24_sandbox.entities.crm_sales import AUTOMATED_SOLUTION, TYPE, item_entity
from b24_sandbox.entities.directories import CATEGORY, STATUS
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import crm_category, crm_item
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.schema import RELATION, parent_field
from b24_sandbox.shapes import constant, shape

method = MethodTable("crm")
type_action = method.controller("Bitrix\\Crm\\Controller\\Type")
automatedsolution_action = method.controller("Bitrix\\Crm\\Controller\\AutomatedSolution")
register = method.register

FIRST, LAST, STEP = 1030, 32766, 2
_EARLY = range(128, 192)
_FLAGS = [name for name in TYPE.fields if name.startswith("IS_")]
_KNOWN = {field.camel: field for field in TYPE.columns}


def _title(sent: Sent) -> str:
    title = sent.text("title")
    if not title:
        raise PortalError("BX_EMPTY_REQUIRED", "The required field 'Title' is not filled")
    return title


def _missing() -> PortalError:
    return PortalError("0", "Smart process not found")


def _flag(value: Value) -> str:
    return "Y" if value in ("Y", "y", True, 1, "1", "true") else "N"


def _columns(sent: Map) -> Map:
    columns: Map = {}
    for wire, value in sent.items():
        field = _KNOWN.get(wire)
        if field is not None and not field.read_only and wire != "entityTypeId":
            columns[field.name] = _flag(value) if field.name in _FLAGS else php.text(value)
    columns.pop("CREATED_TIME", None)
    columns.pop("UPDATED_TIME", None)
    if "CUSTOM_SECTION_ID" in columns:
        columns["CUSTOM_SECTION_ID"] = php.integer(columns["CUSTOM_SECTION_ID"]) or None
    return columns


def _shown(call: Call, row: Map, *, whole: bool = True) -> Map:
    shown: Map = {field.camel: row[field.name] for field in TYPE.columns}
    if whole:
        number = php.integer(row["ENTITY_TYPE_ID"])
        shown["relations"] = {
            "parent": _relations(call, "CHILD_TYPE", "PARENT_TYPE", number),
            "child": _relations(call, "PARENT_TYPE", "CHILD_TYPE", number),
        }
        shown["linkedUserFields"] = shape("crm.type_user_fields", used=row["IS_USE_IN_USERFIELD_ENABLED"])
        shown["customSections"] = [
            {"id": item["ID"], "title": item["TITLE"], "isSelected": item["ID"] == row["CUSTOM_SECTION_ID"]}
            for item in call.storage.rows(AUTOMATED_SOLUTION, ["ID", "TITLE"])
        ]
    return shown


def _relations(call: Call, mine: str, theirs: str, number: int) -> list[Map]:
    columns = [theirs, "CHILDREN_LIST", "PREDEFINED"]
    rows = call.storage.rows(RELATION, columns, f'"{mine}" = ?', [number], "ID")
    return [shape("crm.relation", row, other=row[theirs]) for row in rows]


def _wanted(sent: Map, side: str) -> dict[int, str]:
    listed = php.as_list(php.as_map(sent.get("relations")).get(side))
    entries = [php.as_map(item) for item in listed]
    return {php.integer(item.get("entityTypeId")): _flag(item.get("isChildrenListEnabled", "Y")) for item in entries}


def _relate(call: Call, number: int, row: Map, sent: Map) -> None:
    """Create the requested relations. A type with clients always has them as parents."""
    if isinstance(sent.get("relations"), dict):
        for side in ("parent", "child"):
            if side in php.as_map(sent["relations"]):
                _set_side(call, number, side, _wanted(sent, side))
    client = row["IS_CLIENT_ENABLED"] == "Y"
    for parent in (3, 4):
        where, bound = "PARENT_TYPE = ? and CHILD_TYPE = ? and PREDEFINED = 'Y'", [parent, number]
        held = call.storage.count(RELATION, where, bound)
        if client and not held:
            columns: Map = {"PARENT_TYPE": parent, "CHILD_TYPE": number, "CHILDREN_LIST": "Y", "PREDEFINED": "Y"}
            call.storage.insert(RELATION, columns)
        elif held and not client:
            remove_where(call.portal, RELATION, where, list(bound))
    call.portal.schema.forget()


def _set_side(call: Call, number: int, side: str, wanted: dict[int, str]) -> None:
    mine, theirs = ("CHILD_TYPE", "PARENT_TYPE") if side == "parent" else ("PARENT_TYPE", "CHILD_TYPE")
    rows = call.storage.rows(RELATION, ["ID", theirs], f"\"{mine}\" = ? and PREDEFINED = 'N'", [number])
    held = {row.integer(theirs): row.id for row in rows}
    for other in held.keys() - wanted.keys():
        pair = (other, number) if side == "parent" else (number, other)
        _column(call, *pair, add=False)
        call.storage.delete(RELATION, held[other])
    for other, listed in wanted.items():
        parent, child = (other, number) if side == "parent" else (number, other)
        if other in held or other == number or crm_types.base_entity(call.portal, other) is None:
            continue
        columns: Map = {"PARENT_TYPE": parent, "CHILD_TYPE": child, "CHILDREN_LIST": listed, "PREDEFINED": "N"}
        call.storage.insert(RELATION, columns)
        _column(call, parent, child, add=True)


def _column(call: Call, parent: int, child: int, *, add: bool) -> None:
    """Add or drop the `PARENT_ID_…` column of the child's table."""
    entity = crm_types.base_entity(call.portal, child)
    if entity is None:
        return
    field = parent_field(parent)
    if add:
        call.storage.add_column(entity, field)
    else:
        call.storage.drop_column(entity, field.name)


def _number(call: Call, sent: Map) -> int:
    taken = set(crm_types.type_numbers(call.portal))
    number = php.integer(sent.get("entityTypeId"))
    if not number:
        return next(free for free in range(FIRST, LAST, STEP) if free not in taken)
    fits = number in _EARLY or (FIRST <= number <= LAST and number % STEP == 0)
    if not fits or number in taken:
        raise PortalError("INVALID_ARG_VALUE", "entityTypeId is out of allowed range")
    return number


@type_action("crm.type.add")
def _add(call: Call) -> Value:
    sent = crm_item.fields_argument(call)
    title = _title(sent)
    number, now = _number(call, sent), dates.iso(call.now)
    row: Map = {name: "Y" if name in php.as_list(constant("crm.new_type_flags")) else "N" for name in _FLAGS}
    given = {name: _flag(sent[_camel(name)]) for name in _FLAGS if _camel(name) in sent}
    if any(name in given for name in _FLAGS):
        row = {**dict.fromkeys(_FLAGS, "N"), **given}
    row.update({"CODE": "", "CUSTOM_SECTION_ID": None, **_columns(sent)})
    row.update(TITLE=title, ENTITY_TYPE_ID=number, CREATED_BY=call.user, UPDATED_BY=call.user)
    row.update(CREATED_TIME=now, UPDATED_TIME=now)
    record = call.storage.insert(TYPE, row)
    call.storage.create(item_entity(number, None, title))
    call.portal.schema.forget()
    crm_category.make(call, number, {"NAME": "Общее", "SORT": 500, "IS_DEFAULT": "Y"})
    _relate(call, number, row, sent)
    call.portal.changes.announce("ONCRMTYPEADD", {"FIELDS": {"ID": record}}, call.user)
    return {"type": _shown(call, _row(call, record))}


def _camel(name: str) -> str:
    return TYPE.fields[name].camel


def _row(call: Call, record: int) -> Row:
    row = call.storage.row(TYPE, record)
    if row is None:
        raise _missing()
    return row


@type_action("crm.type.update")
def _update(call: Call) -> Value:
    """Change a type. Without `id` nothing happens, and the answer is `null` (source behaviour)."""
    if call.exact("id") is None:
        return None
    row = _row(call, crm_item.record_id(call))
    sent = crm_item.fields_argument(call)
    columns = _columns(sent)
    if "TITLE" in columns:
        _title(sent)
    columns.update(UPDATED_TIME=dates.iso(call.now), UPDATED_BY=call.user)
    record = row.id
    call.storage.update(TYPE, record, columns)
    call.portal.schema.forget()
    _relate(call, php.integer(row["ENTITY_TYPE_ID"]), {**row, **columns}, sent)
    call.portal.changes.announce("ONCRMTYPEUPDATE", {"FIELDS": {"ID": record}}, call.user)
    return {"type": _shown(call, _row(call, record))}


@type_action("crm.type.delete")
def _delete(call: Call) -> Value:
    """Delete a type without elements. Without `id` nothing happens, and the answer is `null` (source behaviour)."""
    if call.exact("id") is None:
        return None
    row = _row(call, crm_item.record_id(call))
    number, record = row.integer("ENTITY_TYPE_ID"), row.id
    entity = crm_types.base_entity(call.portal, number)
    if entity is not None and call.storage.count(entity):
        raise PortalError("BX_ERROR", "You cannot delete an entity type that has elements")
    _set_side(call, number, "child", {})
    for category in crm_types.categories(call.portal, number):
        remove_where(call.portal, STATUS, "ENTITY_ID = ?", [crm_types.stage_directory(number, category)])
        call.storage.delete(CATEGORY, category)
    remove_where(call.portal, RELATION, "PARENT_TYPE = ? or CHILD_TYPE = ?", [number, number])
    if entity is not None:
        call.storage.drop(entity)
        user_fields.remove_all(call.portal, entity.user_fields)
    call.storage.delete(TYPE, record)
    call.portal.schema.forget()
    call.portal.stages_changed()
    call.portal.changes.announce("ONCRMTYPEDELETE", {"FIELDS": {"ID": record}}, call.user)
    return []


@type_action("crm.type.list")
def _list(call: Call) -> Value:
    return _page(call, TYPE, "types", lambda row: _shown(call, row, whole=False))


def _page(call: Call, entity: Entity, name: str, show: Callable[[Row], Map]) -> RowPage:
    """One page of a controller's list under a key."""
    find = crm_item.by_any_name(entity)
    language = filters.Language(filters.OPERATORS, find, crm_item.refuse_filter, groups=True)
    where = filters.build(entity, language, crm_item.array(call, "filter"), call.now)
    order = filters.order(find, crm_item.array(call, "order"), crm_item.refuse_order)
    page = paging.family_b, call.offset
    found = paging.stored_page(call.storage, entity, where, order, page, lambda rows: list(map(show, rows)))
    return RowPage({name: found.result}, found.next, found.total)


@type_action("crm.type.getByEntityTypeId")
def _by_number(call: Call) -> Value:
    number = php.integer(crm_item.required(call, "entityTypeId"))
    row = crm_types.type_row(call.portal, number)
    if row is None:
        raise _missing()
    return {"type": _shown(call, row)}


def _fields(entity: Entity) -> Map:
    return {field.camel: crm_item.describe(field) for field in entity.fields.values() if "h" not in field.flags}


def _solution(call: Call, row: Map) -> Map:
    rows = call.storage.rows(TYPE, ["ID"], "CUSTOM_SECTION_ID = ?", [row["ID"]])
    return {"id": row["ID"], "title": row["TITLE"], "typeIds": [item["ID"] for item in rows]}


def _solution_row(call: Call) -> Row:
    row = call.storage.row(AUTOMATED_SOLUTION, crm_item.record_id(call))
    if row is None:
        raise PortalError("NOT_FOUND", "Digital workplace with such id not found")
    return row


def _assign(call: Call, record: int, sent: Map) -> None:
    """Set the types of a workplace to the sent list, if there is one."""
    if not php.is_array(sent.get("typeIds")):
        return
    wanted = {php.integer(item) for item in php.as_list(sent["typeIds"])}
    for row in call.storage.rows(TYPE, ["ID", "CUSTOM_SECTION_ID"]):
        number = row.id
        if number in wanted:
            call.storage.update(TYPE, number, {"CUSTOM_SECTION_ID": record})
        elif row["CUSTOM_SECTION_ID"] == record:
            call.storage.update(TYPE, number, {"CUSTOM_SECTION_ID": None})


@automatedsolution_action("crm.automatedsolution.add")
def _solution_add(call: Call) -> Value:
    sent = crm_item.fields_argument(call)
    title = _title(sent)
    record = call.storage.insert(AUTOMATED_SOLUTION, {"TITLE": title})
    _assign(call, record, sent)
    return {"automatedSolution": _solution(call, {"ID": record, "TITLE": title})}


@automatedsolution_action("crm.automatedsolution.update")
def _solution_update(call: Call) -> Value:
    row, sent = _solution_row(call), crm_item.fields_argument(call)
    if "title" in sent:
        call.storage.update(AUTOMATED_SOLUTION, row.id, {"TITLE": _title(sent)})
    _assign(call, row.id, sent)
    return {"automatedSolution": _solution(call, _solution_row(call))}


@automatedsolution_action("crm.automatedsolution.delete")
def _solution_delete(call: Call) -> Value:
    row = _solution_row(call)
    if call.storage.count(TYPE, "CUSTOM_SECTION_ID = ?", [row["ID"]]):
        raise PortalError(
            "HAS_BOUND_TYPES", "Cannot delete the workplace that has SPAs. Move them to another workplace"
        )
    call.storage.delete(AUTOMATED_SOLUTION, row.id)
    return None


@automatedsolution_action("crm.automatedsolution.list")
def _solutions(call: Call) -> Value:
    return _page(call, AUTOMATED_SOLUTION, "automatedSolutions", lambda row: _solution(call, row))


type_action.add("crm.type.get", lambda call: {"type": _shown(call, _row(call, crm_item.record_id(call)))})
type_action.add("crm.type.fields", lambda call: {"fields": _fields(TYPE)})
automatedsolution_action.add(
    "crm.automatedsolution.get", lambda call: {"automatedSolution": _solution(call, _solution_row(call))}
)
automatedsolution_action.add("crm.automatedsolution.fields", lambda call: _fields(AUTOMATED_SOLUTION))

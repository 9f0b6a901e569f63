"""``crm.item.*``: the universal methods over the same tables, camelCase names, numbers as numbers.

Documentation: api-reference/crm/universal. Here an unknown filter or order name is an error.
"""

from collections.abc import Callable
from functools import partial

from b24_mcp.sandbox import engine, errors, filters, paging, php, values
from b24_mcp.sandbox.answer import Page
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_mcp.sandbox.entities.directories import CATEGORY
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.faces import Face, Query
from b24_mcp.sandbox.fields import Entity, Field
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry

_NEW_ROW = "n"


def _missing() -> PortalError:
    return PortalError("NOT_FOUND", "Element not found")


def _no_type() -> PortalError:
    return PortalError("NOT_FOUND", "Smart process not found")


def _refuse_filter(name: str) -> PortalError:
    return PortalError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")


def _refuse_order(name: str, direction: str) -> PortalError:
    if direction.strip().upper() in ("ASC", "DESC"):
        return PortalError("INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
    return PortalError(
        "INVALID_ARG_VALUE",
        f"Invalid order: allowed sort directions are `ASC, DESC`. But got '{direction}' for field '{name}'",
    )


def array(call: Call, name: str) -> Map:
    """An optional argument that a controller declares as an array."""
    value = call.exact(name)
    if value is None:
        return {}
    if not php.is_array(value):
        raise PortalError(
            "100",
            f"Invalid value {{{php.text(value)}}} to match with parameter {{{name}}}. Should be value of type array.",
        )
    return php.as_map(value)


def _query(call: Call) -> Query:
    select = [php.text(name) for name in array(call, "select").values()]
    return Query(array(call, "filter"), array(call, "order"), select or None)


def _record_id(call: Call) -> int:
    value = call.exact("id")
    if value is None:
        raise errors.missing_parameter("id")
    return php.integer(value)


def _values(call: Call, new: bool) -> Map:
    if call.exact("fields") is None:
        raise errors.missing_parameter("fields")
    sent = array(call, "fields")
    return {**{key: item for key, item in sent.items() if key != "fm"}, **_multifields(sent.get("fm"))}


def _multifields(sent: Value) -> Map:
    """``fm`` as the engine takes it: key ``n…`` is a new row, a number an existing one."""
    kinds: dict[str, list[Value]] = {}
    for key, item in php.as_map(sent).items():
        entry = php.as_map(item)
        kinds.setdefault(php.text(entry.get("typeId")) or "PHONE", []).append(
            {
                "ID": None if key.startswith(_NEW_ROW) or isinstance(sent, list) else key,
                "VALUE": entry.get("value"),
                "VALUE_TYPE": entry.get("valueType"),
            }
        )
    return dict(kinds)


def _describe(field: Field) -> Value:
    types = {"char": "boolean"}
    described: Map = {
        "type": types.get(field.type, field.type),
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isImmutable": field.immutable,
        "isMultiple": field.multiple,
        "isDynamic": False,
    }
    if "x" in field.flags:
        described["isDeprecated"] = True
    if field.status_type:
        described["statusType"] = field.status_type
    return {**described, "title": field.title, "upperName": field.universal}


def _check(call: Call, columns: Map, stored: Map | None, face_stage: tuple[str, Callable[[Call, Map], str]]) -> None:
    """A stage that is not in its directory is refused."""
    stage, directory = face_stage
    if columns.get(stage) is not None:
        known = call.portal.stages(directory(call, stored or columns))
        if columns[stage] not in known:
            raise PortalError("CRM_FIELD_ERROR_VALUE_NOT_VALID", 'Invalid value for field "Stage"')


def _nothing(call: Call, columns: Map, stored: Map | None) -> None:
    return None


def _deal_directory(call: Call, record: Map) -> str:
    return call.portal.deal_directory(php.integer(record.get("CATEGORY_ID")))


def _lead_directory(call: Call, record: Map) -> str:
    return "STATUS"


def _fm(call: Call, owner: str, rows: list[Map], shown: list[Map]) -> None:
    by_record = {php.integer(row["ID"]): record for row, record in zip(rows, shown, strict=True)}
    for record in shown:
        record["fm"] = []
    for entry in call.portal.storage.multifields(owner, list(by_record)):
        target = by_record[php.integer(entry["OWNER_ID"])]["fm"]
        if isinstance(target, list):
            target.append(
                {
                    "id": entry["ID"],
                    "valueType": entry["VALUE_TYPE"],
                    "value": entry["VALUE"],
                    "typeId": entry["TYPE_ID"],
                }
            )


def _complete(call: Call, rows: list[Map], shown: list[Map], entity: Entity, number: int) -> None:
    """What a whole item carries beside its columns: ``fm`` and ``entityTypeId``."""
    if entity.multifields:
        _fm(call, entity.owner, rows, shown)
    for record in shown:
        record["entityTypeId"] = number


def _complete_list(call: Call, rows: list[Map], shown: list[Map], entity: Entity, number: int) -> None:
    select = [php.text(name) for name in array(call, "select").values()]
    if not select or "*" in select:
        _complete(call, rows, shown, entity, number)


def _reread(call: Call, face: Face, record: int) -> Value:
    return {"item": engine.read(face, call, record)}


def item_face(entity: Entity, number: int, stage: tuple[str, Callable[[Call, Map], str]] | None) -> Face:
    """The universal face of a CRM entity; ``number`` is its ``entityTypeId``."""
    columns = [field for field in entity.columns if "c" not in field.flags]
    names = {field.camel: field for field in columns}
    shown = {field.name: field.camel for field in columns}
    return Face(
        entity,
        {**names, **{kind: entity.fields[kind] for kind in entity.multifields}},
        shown,
        values.show_native,
        paging.family_b,
        filters.Language(filters.OPERATORS, names.get, _refuse_filter, groups=True),
        _query,
        _record_id,
        _values,
        _missing,
        _describe,
        envelope="items",
        refuse_order=_refuse_order,
        described_in="fields",
        star=frozenset(shown),
        decorate_one=partial(_complete, entity=entity, number=number),
        decorate_list=partial(_complete_list, entity=entity, number=number),
        added=_reread,
        changed=_reread,
        single=lambda item: {"item": item},
        removed=[],
        check=partial(_check, face_stage=stage) if stage else _nothing,
    )


FACES = {
    1: item_face(LEAD, 1, ("STATUS_ID", _lead_directory)),
    2: item_face(DEAL, 2, ("STAGE_ID", _deal_directory)),
    3: item_face(CONTACT, 3, None),
    4: item_face(COMPANY, 4, None),
}


def _face(call: Call) -> Face:
    value = call.exact("entityTypeId")
    if value is None:
        raise errors.missing_parameter("entityTypeId")
    face = FACES.get(php.integer(value))
    if face is None:
        raise _no_type()
    return face


def _of_type(action: Callable[[Face, Call], Value | Page]) -> Callable[[Call], Value]:
    return lambda call: action(_face(call), call)


def _categories(call: Call) -> Value:
    _face(call)
    if php.integer(call.exact("entityTypeId")) != 2:
        raise PortalError("ENTITY_TYPE_NOT_SUPPORTED", "Categories are not supported by this type")
    columns = [field.name for field in CATEGORY.columns]
    rows = call.portal.storage.rows(CATEGORY, columns, order="SORT, ID")
    return Page({"categories": [_category(row) for row in rows]}, total=len(rows))


def _category(row: Map) -> Map:
    shown = {field.camel: row[field.name] for field in CATEGORY.columns}
    if row["IS_DEFAULT"] == "Y":
        del shown["originId"], shown["originatorId"]
    return shown


def _category_fields(call: Call) -> Value:
    _face(call)
    return {"fields": {field.camel: _describe(field) for field in CATEGORY.columns}}


def register(registry: Registry) -> None:
    """Add the universal item methods and the pipelines."""
    registry.controller(
        "crm.item",
        "Bitrix\\Crm\\Controller\\Item",
        "crm",
        {
            "add": _of_type(engine.add),
            "get": _of_type(engine.get),
            "list": _of_type(engine.list_page),
            "update": _of_type(engine.update),
            "delete": _of_type(engine.delete),
            "fields": _of_type(engine.describe),
        },
    )
    registry.controller(
        "crm.category",
        "Bitrix\\Crm\\Controller\\Category",
        "crm",
        {"list": _categories, "fields": _category_fields},
    )

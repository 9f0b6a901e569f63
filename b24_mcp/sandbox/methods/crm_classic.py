"""``crm.{deal,lead,contact,company}.*``: classic CRM methods, UPPER-case names, bare lists, text for numbers.

Unknown filter, order and select names are ignored, which is why a typo returns the whole table.
"""

from functools import partial

from b24_mcp.sandbox import engine, errors, filters, paging, php, values
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_mcp.sandbox.entities.tasks import PRODUCT_ROW
from b24_mcp.sandbox.faces import Face, Query
from b24_mcp.sandbox.fields import Entity, Field
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry


def array(call: Call, name: str) -> Map:
    """A parameter that must be a map or a list, empty when it was not sent."""
    value = call.classic(name)
    if value is not None and not php.is_array(value):
        raise errors.not_an_array(name)
    return php.as_map(value)


def record_id(call: Call) -> int:
    """The ``id`` of a classic call: a positive whole number."""
    record = php.integer(call.classic("id"))
    if record <= 0:
        raise errors.bad_id()
    return record


def _query(call: Call) -> Query:
    select = [php.text(name) for name in php.as_list(call.classic("select"))]
    return Query(array(call, "filter"), array(call, "order"), select or None)


def _values(call: Call, new: bool) -> Map:
    fields = call.classic("fields")
    if not php.is_array(fields):
        raise errors.not_an_array("fields")
    array(call, "params")
    return php.as_map(fields)


def _describe(field: Field) -> Value:
    described: Map = {
        "type": field.type,
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
    return {**described, "title": field.title}


def _with_multifields(call: Call, rows: list[Map], shown: list[Map], owner: str) -> None:
    engine.attach_multifields(call, owner, rows, shown)


def classic_face(entity: Entity) -> Face:
    """The classic face of a CRM entity."""
    names = {name: field for name, field in entity.fields.items() if "u" not in field.flags}
    shown = {f.name: f.name for f in entity.columns if "h" not in f.flags and "u" not in f.flags}
    language = filters.Language(filters.WITHOUT_NOT_LIKE, names.get)
    return Face(
        entity,
        names,
        shown,
        values.show_classic,
        paging.family_a,
        language,
        _query,
        record_id,
        _values,
        errors.not_found,
        _describe,
        star=frozenset(shown),
        decorate_one=partial(_with_multifields, owner=entity.owner) if entity.multifields else _bare,
    )


def _bare(call: Call, rows: list[Map], shown: list[Map]) -> None:
    return None


FACES = {
    "crm.deal": classic_face(DEAL),
    "crm.lead": classic_face(LEAD),
    "crm.contact": classic_face(CONTACT),
    "crm.company": classic_face(COMPANY),
}


def register(registry: Registry) -> None:
    """Add the classic CRM methods."""
    for prefix, face in FACES.items():
        registry.classic(f"{prefix}.add", "crm", partial(engine.add, face))
        registry.classic(f"{prefix}.get", "crm", partial(engine.get, face))
        registry.classic(f"{prefix}.list", "crm", partial(engine.list_page, face))
        registry.classic(f"{prefix}.update", "crm", partial(engine.update, face))
        registry.classic(f"{prefix}.delete", "crm", partial(engine.delete, face))
        registry.classic(f"{prefix}.fields", "crm", partial(engine.describe, face))
    registry.classic("crm.deal.productrows.get", "crm", _product_rows)
    registry.classic("crm.deal.productrows.set", "crm", _set_product_rows)


def _product_rows(call: Call) -> Value:
    """Product rows of a deal: numbers are numbers here, the ids are text."""
    deal = record_id(call)
    engine.stored(FACES["crm.deal"], call, deal)
    columns = [field.name for field in PRODUCT_ROW.columns]
    rows = call.portal.storage.rows(PRODUCT_ROW, columns, "OWNER_ID = ?", [deal])
    for row in rows:
        row["ID"], row["OWNER_ID"] = php.text(row["ID"]), php.text(row["OWNER_ID"])
    return rows


def _set_product_rows(call: Call) -> Value:
    """Replace the product rows of a deal; its amount becomes their sum."""
    deal = record_id(call)
    engine.stored(FACES["crm.deal"], call, deal)
    rows = call.classic("rows")
    if not php.is_array(rows):
        raise errors.not_an_array("rows")
    storage = call.portal.storage
    for old in storage.rows(PRODUCT_ROW, ["ID"], "OWNER_ID = ?", [deal]):
        storage.delete(PRODUCT_ROW, php.integer(old["ID"]))
    total = 0.0
    for number, sent in enumerate(php.as_list(rows), start=1):
        row = _product_row(call, deal, number, php.as_map(sent))
        total += values.number(row["PRICE"]) * values.number(row["QUANTITY"])
        storage.insert(PRODUCT_ROW, row)
    storage.update(DEAL, deal, {"OPPORTUNITY": total, "IS_MANUAL_OPPORTUNITY": "N"})
    return True


def _product_row(call: Call, deal: int, number: int, sent: Map) -> Map:
    row: Map = {
        field.name: values.stored(field, sent[field.name], call.now)
        for field in PRODUCT_ROW.columns
        if field.name in sent and not field.read_only
    }
    price = values.number(row.get("PRICE"))
    quantity = values.number(row["QUANTITY"]) if row.get("QUANTITY") is not None else 1.0
    return {
        "PRODUCT_ID": 0,
        "PRODUCT_NAME": "",
        "PRICE_EXCLUSIVE": price,
        "PRICE_NETTO": price,
        "PRICE_BRUTTO": price,
        "DISCOUNT_TYPE_ID": 2,
        "DISCOUNT_RATE": 0.0,
        "DISCOUNT_SUM": 0.0,
        "TAX_RATE": 0.0,
        "TAX_INCLUDED": "N",
        "CUSTOMIZED": "Y",
        "MEASURE_CODE": 796,
        "MEASURE_NAME": "шт",
        "SORT": number * 10,
        **row,
        "PRICE": price,
        "QUANTITY": quantity,
        "OWNER_ID": deal,
        "OWNER_TYPE": "D",
    }

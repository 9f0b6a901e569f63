"""Directories of the CRM: statuses, currencies, owner types. Whole lists at once; ``start`` means nothing here."""

from b24_mcp.sandbox import crm_types, filters, php, values
from b24_mcp.sandbox.answer import Page
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.directories import STATUS
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.methods.crm_classic import array, record_id
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry

OWNER_TYPES = (
    (1, "Лид", "LEAD", "L"),
    (2, "Сделка", "DEAL", "D"),
    (3, "Контакт", "CONTACT", "C"),
    (4, "Компания", "COMPANY", "CO"),
    (5, "Счёт (старая версия)", "INVOICE", "I"),
    (31, "Счёт", "SMART_INVOICE", "SI"),
    (7, "Предложение", "QUOTE", "Q"),
    (8, "Реквизиты", "REQUISITE", "RQ"),
)
_SEMANTICS = {"S": "success", "F": "failure"}
_LANGUAGE = filters.Language(filters.WITHOUT_NOT_LIKE, STATUS.fields.get)


def _statuses(call: Call) -> Value:
    where = filters.build(STATUS, _LANGUAGE, array(call, "filter"), call.now)
    order = filters.order(STATUS.fields.get, array(call, "order"), None, "SORT asc, ID asc")
    columns = [field.name for field in STATUS.columns]
    rows = call.portal.storage.rows(STATUS, columns, where.sql, where.bound, order)
    return Page([_status(row) for row in rows], total=len(rows))


def _status(row: Map) -> Map:
    shown = {field.name: values.show_classic(field, row[field.name]) for field in STATUS.columns}
    if row["COLOR"] is not None:
        group = _SEMANTICS.get(php.text(shown["SEMANTICS"]), "process")
        semantics = "apology" if row["STATUS_ID"] == "APOLOGY" else group
        shown["EXTRA"] = {"SEMANTICS": semantics, "COLOR": row["COLOR"]}
    return shown


def _status_get(call: Call) -> Value:
    row = call.portal.storage.row(STATUS, record_id(call))
    if row is None:
        raise PortalError("Status is not found.", "Status is not found.")
    shown = _status(row)
    shown.pop("EXTRA", None)
    return shown


def _entity_items(call: Call) -> Value:
    directory = php.text(call.classic("entityId"))
    if not crm_types.is_directory(call.portal, directory):
        code = "The parameter entityId is not defined or invalid."
        raise PortalError(code, code)
    return call.portal.storage.rows(STATUS, ["NAME", "SORT", "STATUS_ID"], "ENTITY_ID = ?", [directory], "SORT, ID")


def _owner_types(call: Call) -> Value:
    keys = ("ID", "NAME", "SYMBOL_CODE", "SYMBOL_CODE_SHORT")
    return [dict(zip(keys, row, strict=True)) for row in OWNER_TYPES]


def register(registry: Registry) -> None:
    """Add the directories."""
    registry.classic("crm.status.list", "crm", _statuses)
    registry.classic("crm.status.get", "crm", _status_get)
    registry.classic("crm.status.entity.types", "crm", lambda call: list(crm_types.directories(call.portal)))
    registry.classic("crm.status.entity.items", "crm", _entity_items)
    registry.classic("crm.enum.ownertype", "crm", _owner_types)

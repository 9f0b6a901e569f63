"""`crm.{deal,lead,contact,company,quote}.*`: classic CRM methods, UPPER-case names, bare lists, numbers as text.

Unknown filter, order and select names are ignored, so a misspelled name returns the whole table. Documentation:
api-reference/crm/{deals,leads,contacts,companies,quote}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from b24_sandbox import crm_types, engine, errors, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_sales import QUOTE
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.schema import Build, over_face, type_number

method = MethodTable("crm")
register = method.register

Check = Callable[[Call, Map, Row | None], None]
Absent = Callable[[str, int], PortalError]


def array(call: Call, name: str) -> Sent:
    """A parameter that must be a map or a list; empty when it was not sent."""
    value = call.classic(name)
    if value is not None and not php.is_array(value):
        raise errors.not_an_array(name)
    return Sent(php.as_map(value))


def record_id(call: Call) -> int:
    """The `id` of a classic call: a positive whole number."""
    record = php.integer(call.classic("id"))
    if record <= 0:
        raise errors.bad_id()
    return record


def query(call: Call) -> ListQuery:
    """The query of a classic list."""
    select = [php.text(name) for name in php.as_list(call.classic("select"))]
    return ListQuery(array(call, "filter"), array(call, "order"), select or None)


def sent_fields(call: Call, new: bool) -> Sent:
    """The `fields` of a classic add or update. `params` (`REGISTER_SONET_EVENT` and others) are accepted."""
    fields = call.classic("fields")
    if not php.is_array(fields):
        raise errors.not_an_array("fields")
    array(call, "params")
    return Sent(php.as_map(fields))


def describe(field: Field, type_name: str = "", title: Value = None) -> Map:
    """A field in `*.fields`: type, flags, directory, title, and the details of a user field.

    `type_name` and `title` replace those of the field.
    """
    described: Map = {
        "type": type_name or field.type,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isImmutable": field.immutable,
        "isMultiple": field.multiple,
        "isDynamic": field.is_dynamic,
    }
    if "x" in field.flags:
        described["isDeprecated"] = True
    if "items" in field.details:
        described["items"] = field.details["items"]
    if field.status_type:
        described["statusType"] = field.status_type
    described["title"] = field.title if title is None else title
    return {**described, **{name: value for name, value in field.details.items() if name != "items"}}


def show_file(call: Call, entity: Entity, field: Field, record: int, file: int) -> Value:
    """A file in a classic answer: its id and two addresses on the portal."""
    name = entity.name.removeprefix("crm_")
    show = f"/bitrix/components/bitrix/crm.{name}.show/show_file.php?ownerId={record}&fieldName={field.name}"
    dynamic = "true" if field.is_dynamic else "false"
    address = f"{show}&dynamic={dynamic}&fileId={file}"
    return {"id": file, "showUrl": address, "downloadUrl": f"{address.replace('?', '?auth=&')}&download=y"}


def _with_multifields(call: Call, rows: list[Row], shown: list[Map], owner: str) -> None:
    engine.attach_multifields(call, owner, rows, shown)


def bare(call: Call, rows: list[Row], shown: list[Map]) -> None:
    """Return shown records unchanged."""
    return


def _missing_required(call: Call, columns: Map, stored: Row | None, entity: Entity) -> None:
    """Check required user fields: an add must contain them, an update may not clear them."""
    for field in entity.columns:
        if field.is_dynamic and field.required and (stored is None or field.name in columns):
            value = columns.get(field.name)
            if value in (None, "", "[]"):
                raise PortalError(
                    "", f'Поле "{field.details.get("formLabel") or field.name}" обязательно для заполнения.'
                )


def classic_face(
    entity: Entity,
    *,
    event: str = "",
    check: Check | None = None,
    absent: Absent | None = None,
    language: tuple[str, ...] = filters.WITHOUT_NOT_LIKE,
    default_order: str = "ID asc",
) -> Face:
    """The classic face of a CRM entity. `event` is as in `Face`; `check` refuses invalid values."""
    names = {name: field for name, field in entity.fields.items() if "u" not in field.flags}
    shown = {f.name: f.name for f in entity.columns if "h" not in f.flags and "u" not in f.flags}

    def checked(call: Call, columns: Map, stored: Row | None) -> None:
        if check is not None:
            check(call, columns, stored)
        if type_number(entity) and crm_types.is_unknown_currency(call.portal, columns):
            raise PortalError("", 'Invalid value for field "Currency"')
        _missing_required(call, columns, stored, entity)

    return Face(
        entity,
        names,
        shown,
        values.show_classic,
        paging.family_a,
        filters.Language(language, names.get),
        query,
        record_id,
        sent_fields,
        errors.not_found,
        describe,
        default_order=default_order,
        star=frozenset(name for name in shown if not entity.fields[name].is_dynamic),
        decorate_one=partial(_with_multifields, owner=entity.owner) if entity.multifields else bare,
        check=checked,
        event=event,
        absent=absent,
        file=show_file,
    )


def _titled(call: Call, columns: Map, stored: Row | None) -> None:
    if (stored is None or "TITLE" in columns) and not columns.get("TITLE"):
        raise PortalError("", 'Поле "Название компании" обязательно для заполнения.')


def _absent(name: str, on_delete: PortalError) -> Absent:
    texts = {"update": PortalError("", f"{name} is not found"), "delete": on_delete}

    def error(verb: str, record: int) -> PortalError:
        known = texts.get(verb)
        return errors.not_found() if known is None else PortalError(known.code, known.description)

    return error


_NO_ELEMENT = PortalError("ERROR_CORE", "Element not found")
BUILDS: dict[str, tuple[Entity, Build]] = {
    "crm.deal": (DEAL, partial(classic_face, event="CRMDEAL")),
    "crm.lead": (LEAD, partial(classic_face, event="CRMLEAD")),
    "crm.contact": (CONTACT, partial(classic_face, event="CRMCONTACT", absent=_absent("Contact", _NO_ELEMENT))),
    "crm.company": (
        COMPANY,
        partial(
            classic_face,
            event="CRMCOMPANY",
            check=_titled,
            absent=_absent("Company", PortalError("", "Company is not found")),
        ),
    ),
    "crm.quote": (QUOTE, partial(classic_face, event="CRMQUOTE", absent=_absent("Quote", _NO_ELEMENT))),
}
"""Method prefix -> entity and the function that builds its face."""

ACTIONS: dict[str, Callable[[Face, Call], Value]] = {
    "add": engine.add,
    "get": engine.get,
    "list": engine.list_page,
    "update": engine.update,
    "delete": engine.delete,
    "fields": engine.describe,
}


def live(call: Call, prefix: str) -> Face:
    """The face of a prefix such as `crm.deal` on this portal."""
    entity, build = BUILDS[prefix]
    return call.portal.schema.face(build, entity)


def register_family(table: MethodTable, prefix: str, entity: Entity, build: Build) -> None:
    """Add `prefix.add` and the other classic methods of an entity."""
    for action, run in ACTIONS.items():
        table.add(f"{prefix}.{action}", over_face(build, entity, run))


for _prefix, (_entity, _build) in BUILDS.items():
    register_family(method, _prefix, _entity, _build)

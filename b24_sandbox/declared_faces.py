"""The faces of declared families: how their calls are read and their records shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from b24_sandbox import declared, engine, filters, paging, php, tables, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.declaration import Declared, FieldRule, Refusal
from b24_sandbox.entities import ENTITIES
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.world import World

_LOOKUPS: dict[str, Callable[[Call, str], Value]] = {
    "exact": Call.exact,
    "classic": Call.classic,
    "upper": lambda call, name: call.upper_case().get(name.upper()),
}
_SPELLINGS: dict[str, Callable[[Field], str]] = {
    "camel": lambda field: field.camel,
    "upper": lambda field: field.universal,
    "column": lambda field: field.name,
}


def _stamp(value: Value) -> str:
    return datetime.fromisoformat(php.text(value)).strftime("%Y-%m-%d %H:%M:%S")


def _native(field: Field, value: Value) -> Value:
    """Show a value with its type: `bool` as a boolean, `stamp_sql` without the zone."""
    if field.type == "bool":
        return bool(value)
    return _stamp(value) if field.type == "stamp_sql" and value else values.show_native(field, value)


def _text(field: Field, value: Value) -> Value:
    """Show numbers as text."""
    if field.type in ("object", "bool", "stamp_sql"):
        return _native(field, value)
    return values.show_text(field, value)


_SHOWS: dict[str, values.Show] = {"native": _native, "classic": values.show_classic, "text": _text}


def _everything(start: int, count: paging.Count, rows: paging.Rows) -> RowPage:
    """A list without pages."""
    return RowPage(rows(-1, 0))


_OPERATORS = {"all": filters.OPERATORS, "classic": filters.WITHOUT_NOT_LIKE}
_PAGINGS: dict[str, paging.Family] = {"a": paging.family_a, "b": paging.family_b, "all": _everything}


@cache
def _of_portal() -> dict[str, Entity]:
    return {entity.name: entity for entity in ENTITIES}


def entity_of(family: Declared) -> Entity:
    """The entity of a family: declared with it, or one of `b24_sandbox.entities`."""
    return family.entity if family.entity.fields else _of_portal()[family.entity.name]


def _prepared(family: Declared) -> Entity:
    """The entity with the values that the family sets in new records, and with what belongs to its records."""
    entity = entity_of(family)
    if family.owns and not family.entity.fields:
        entity = replace(entity, cascade=tables.cascade_of(family.owns))
    if not family.fixed:
        return entity

    def prepare(portal: World, written: Map, stored: Row | None, user: int) -> None:
        if stored is None:
            written.update(family.fixed)
        entity.prepare(portal, written, stored, user)

    return replace(entity, prepare=prepare)


def parameter(family: Declared, call: Call, name: str) -> Value:
    """A parameter of a call, found as the family finds its parameters."""
    return _LOOKUPS[family.lookup](call, name)


def _names(family: Declared, case: str) -> dict[str, Field]:
    """The fields by their names on the wire. A `key` replaces the number of the record."""
    return {
        _SPELLINGS[case](field): field
        for name, field in entity_of(family).fields.items()
        if not (family.keyless and name == "ID")
    }


def _asked_names(family: Declared) -> dict[str, Field]:
    """The fields by the names that a selection, a filter or an order may use: those of answers and of requests."""
    return {**_names(family, family.case), **_names(family, family.sent_case)}


def record_id(family: Declared, call: Call) -> int:
    """The number of the record a call names: 0 when there is no record with this `key`.

    Raises:
        PortalError: the call names none.
    """
    sent = parameter(family, call, family.id_in)
    if sent is None or (family.lookup != "exact" and php.integer(sent) <= 0 and not family.key):
        raise family.bad_id.error(call.method.name, sent, family.id_in)
    if not family.key:
        return php.integer(sent)
    rows = call.storage.rows(entity_of(family), ["ID"], f'"{family.key}" = ?', [php.text(sent)])
    return rows[0].id if rows else 0


def _values(family: Declared, call: Call, new: bool) -> Map:
    """The values of an add or update by their names in requests.

    Raises:
        PortalError: there are none, or a required one is missing.
    """
    method = call.method.name
    place = family.values_in if new else family.update_in or family.values_in
    sent = parameter(family, call, place) if place else _all_parameters(family, call)
    if not php.is_array(sent) or (family.php_class and not sent):
        raise family.no_values.error(method, None, place)
    if family.not_array is not None:
        _map(family, call, "params")
    found = php.as_map(sent)
    names = _names(family, family.sent_case)
    _check_names(family, method, found, names, new)
    found = {name: value for name, value in found.items() if name in names}
    empty: tuple[Value, ...] = (None, "") if family.clearable else (None, "", [], {})
    lacking = [
        name
        for name, field in names.items()
        if (name in family.requires if family.requires else field.required and not field.read_only)
        if (new or not field.immutable) and found.get(name) in empty
        if new or not family.partial or (not family.clearable and name in found)
    ]
    if lacking:
        raise family.required.error(method, None, *lacking)
    return found


def _check_names(family: Declared, method: str, sent: Map, names: dict[str, Field], new: bool) -> None:
    """Refuse fields that cannot be written, in families that do not ignore them."""
    unknown = [name for name in sent if name not in names]
    if unknown and family.unknown_value is not None:
        raise family.unknown_value.error(method, None, *unknown)
    for name in sent:
        field = names.get(name)
        if field is not None and field.read_only and family.read_only is not None:
            raise family.read_only.error(method, None, name)
        if field is not None and field.immutable and not new and family.immutable is not None:
            raise family.immutable.error(method, None, name)


def _all_parameters(family: Declared, call: Call) -> Map:
    return call.upper_case() if family.lookup == "upper" else call.params


def _map(family: Declared, call: Call, name: str) -> Map:
    """A parameter that is a map. Some families refuse another value."""
    sent = parameter(family, call, name)
    if family.not_array is not None and sent is not None and not php.is_array(sent):
        raise family.not_array.error(call.method.name, None, name)
    return php.as_map(sent)


def _query(family: Declared, call: Call) -> ListQuery:
    select = [_asked(family, php.text(name)) for name in php.as_list(parameter(family, call, "select"))]
    if family.unknown is not None:
        known = _asked_names(family)
        for name in select:
            if name not in known and name != "*":
                raise family.unknown.error(call.method.name, None, name)
    conditions = _map(family, call, "filter")
    if "*" not in select and not set(family.select_needs) <= set(select):
        raise PortalError("0", f"Required select fields: {', '.join(family.select_needs)}")
    if not set(family.filter_needs) <= {filters.split(key, filters.OPERATORS)[1] for key in conditions}:
        raise PortalError("0", f"Required filter fields: {', '.join(family.filter_needs)}")
    order = {_asked(family, name): way for name, way in _map(family, call, "order").items()}
    return ListQuery({**conditions, **family.only}, order, select or None)


def _asked(family: Declared, name: str) -> str:
    """A name of a selection, a filter or an order. Families with UPPER-case parameters take names in any case."""
    return name.upper() if family.lookup == "upper" else name


def _absent(family: Declared, verb: str, record: int) -> PortalError:
    return family.missing.get(verb, family.missing.get("", Refusal())).error("", record)


def _check(family: Declared, call: Call, columns: Map, stored: Row | None) -> None:
    """Check written values against the rules of the family."""
    for rule in family.rules:
        if rule.new and stored is not None:
            continue
        broken = _broken(family, call, rule, columns, stored)
        if broken:
            name = _SPELLINGS[family.sent_case](entity_of(family).fields[broken])
            raise rule.refusal.error(call.method.name, (stored or Row()).get("ID"), name)


def _broken(family: Declared, call: Call, rule: FieldRule, columns: Map, stored: Row | None) -> str:
    """The column that breaks a rule; empty when none does."""
    if rule.reference and rule.reference in columns:
        path = rule.table if "." in rule.table else f"{rule.table}.ID"
        return "" if declared.count_of(call.portal, path, columns[rule.reference]) else rule.reference
    if rule.allowed and columns.get(rule.allowed) is not None:
        return "" if php.text(columns[rule.allowed]) in rule.values else rule.allowed
    if rule.unique and any(columns.get(name) for name in rule.unique):
        wanted = [columns.get(name, (stored or Row()).get(name)) for name in rule.unique]
        where = " and ".join(f'"{name}" = ?' for name in rule.unique)
        own = php.integer((stored or Row()).get("ID"))
        if call.storage.count(entity_of(family), f"{where} and ID <> ?", [*wanted, own]):
            return rule.unique[0]
    return ""


def _describe(family: Declared, field: Field) -> Value:
    """A field in a description. `kind:shown` in a declaration is described as `shown`."""
    flags: Map = {"isRequired": field.required, "isReadOnly": field.read_only, "isImmutable": field.immutable}
    shown = field.status_type or field.type
    if family.described == "controller":
        return {**flags, "type": shown}
    if family.described == "named":
        return {**flags, "name": field.title, "type": shown}
    if family.described == "titles":
        return field.title
    if family.described == "rows":
        flags["isRequired"] = field.required or field.read_only
        return {"title": field.camel, "type": shown, **flags, "isMultiple": field.multiple}
    return {"type": shown, **flags, "isMultiple": field.multiple, "isDynamic": False, "title": field.title}


def _result(family: Declared, kind: str, call: Call, face: Face, record: int) -> Value:
    if kind == "key":
        return {"id": record}
    if kind not in ("item", "bare"):
        return True if kind == "true" else record
    read = engine.read(face, call, record)
    if kind == "bare":
        return read
    if family.written:
        return {family.written: read}
    shown = face.single(read)
    return {**php.as_map(shown), "total": 1} if family.counted else shown


def _without_id(family: Declared, call: Call, rows: list[Row], shown: list[Map]) -> None:
    """Remove the number from shown records of a family that has none."""
    if family.keyless:
        for record in shown:
            record.pop("id", None)
            record.pop("ID", None)


@cache
def face_of(family: Declared, show: str = "") -> Face:
    """The face of a declared family. `show` is another way to show values."""
    names = _asked_names(family)
    entity = _prepared(family)
    hidden = {name for name, field in entity.fields.items() if "h" in field.flags} | set(family.hidden)
    shown = {name: _SPELLINGS[family.case](field) for name, field in entity.fields.items() if name not in hidden}
    unknown = family.unknown
    refuse = None if unknown is None else (lambda name: unknown.error("", None, name))
    return Face(
        entity,
        names,
        shown,
        _SHOWS[show or family.show],
        _PAGINGS[family.paging],
        filters.Language(
            _OPERATORS[family.operators],
            lambda name: names.get(_asked(family, name)),
            refuse,
            groups=bool(family.php_class),
        ),
        partial(_query, family),
        partial(record_id, family),
        partial(_values, family),
        partial(_absent, family, "get", 0),
        partial(_describe, family),
        envelope=family.many,
        default_order=family.order,
        described_in=family.described_in or (family.one if family.php_class else ""),
        star=frozenset(shown),
        decorate_one=partial(_without_id, family),
        decorate_list=partial(_without_id, family),
        added=partial(_result, family, family.added),
        changed=partial(_result, family, family.changed),
        single=(lambda record: {family.one: record}) if family.one else (lambda record: record),
        removed=True if family.removed == "true" else None,
        event=family.event,
        check=partial(_check, family),
        absent=partial(_absent, family),
    )


def stored(family: Declared, call: Call, verb: str = "get") -> Row:
    """The record that a call names as it is stored; `verb` is the requested action.

    Raises:
        PortalError: the error of the family for a missing record.
    """
    face = face_of(family)
    return engine.stored(face, call, face.record_id(call), verb)


def shown(family: Declared, call: Call, record: int) -> Map:
    """A record as the family shows it."""
    return engine.read(face_of(family), call, record)

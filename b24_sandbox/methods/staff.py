"""`user.*` and `department.*`: UPPER-case parameters, flat values, bare lists.

Documentation: api-reference/user, api-reference/departments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

from b24_sandbox import engine, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError, wrong_argument
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.schema import over_face

user = MethodTable("user")
department = user.of_scope("department")
register = user.register

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SEARCHED = ("NAME", "LAST_NAME", "SECOND_NAME", "EMAIL", "WORK_POSITION", "PERSONAL_CITY")
_PAGED_BY_WORDS = ("SORT", "ORDER", "FILTER", "SELECT", "ADMIN_MODE", "IMAGE_RESIZE")


def _flat_query(call: Call, *, with_filter: bool) -> ListQuery:
    """The query of a list. `sort` and `order` are words; conditions are other parameters or (users) in `FILTER`."""
    sent = call.upper_case()
    conditions = {name: value for name, value in sent.items() if name not in _PAGED_BY_WORDS}
    if with_filter:
        conditions.update(php.as_map(sent.get("FILTER")))
    word = php.text(sent.get("SORT")).upper()
    order: Map = {word: php.text(sent.get("ORDER")) or "ASC"} if word else {}
    select = [php.text(name) for name in php.as_list(sent.get("SELECT"))]
    return ListQuery(conditions, order, select or None)


def _user_query(call: Call) -> ListQuery:
    query = _flat_query(call, with_filter=True)
    conditions = {name: value for name, value in query.conditions.items() if name != "NAME_SEARCH"}
    return ListQuery(_flagged(conditions), query.order, query.select)


def _flagged(conditions: Map) -> Map:
    """`ACTIVE` as text: `true` and `Y` mean the same, an empty text means no."""
    if "ACTIVE" in conditions:
        return {**conditions, "ACTIVE": conditions["ACTIVE"] not in (None, False, "", "0", 0, "N", "false")}
    return conditions


def _search_query(call: Call) -> ListQuery:
    """The query of `user.search`: `FIND` searches several fields, other keys match substrings."""
    sent = {**call.upper_case(), **php.as_map(call.upper_case().get("FILTER"))}
    conditions: Map = {}
    find = php.text(sent.get("FIND") or sent.get("NAME_SEARCH")).strip()
    for number, word in enumerate(find.split()):
        conditions[str(number)] = {"logic": "OR", **{f"%{name}": word for name in _SEARCHED}}
    conditions.update({f"%{name}": sent[name] for name in _SEARCHED if sent.get(name)})
    if "ACTIVE" in sent:
        conditions["ACTIVE"] = sent["ACTIVE"]
    if sent.get("UF_DEPARTMENT"):
        conditions["UF_DEPARTMENT"] = sent["UF_DEPARTMENT"]
    return ListQuery(_flagged(conditions), _flat_query(call, with_filter=False).order, None)


def _record_id(call: Call) -> int:
    return php.integer(call.upper_case().get("ID"))


def _user_values(call: Call, new: bool) -> Map:
    sent = call.upper_case()
    if new:
        email = php.text(sent.get("EMAIL"))
        if not _EMAIL.fullmatch(email):
            raise wrong_argument("wrong_email")
        if call.storage.count(USER, "folded(EMAIL) = ?", [email.casefold()]):
            raise wrong_argument("A user with this email already exists")
    return sent


def _department_query(call: Call) -> ListQuery:
    """The query of departments. `PARENT` 0 selects the root (source behaviour)."""
    query = _flat_query(call, with_filter=False)
    if php.text(query.conditions.get("PARENT")) == "0":
        return ListQuery({**query.conditions, "PARENT": ""}, query.order, query.select)
    return query


def _department_values(call: Call, new: bool) -> Map:
    sent = call.upper_case()
    if new and not php.text(sent.get("NAME")).strip():
        raise PortalError("ERROR_CORE", "Department name not provided.<br>")
    return sent


def _title(field: Field) -> Value:
    return field.title


def _face(
    entity: Entity,
    family: paging.Family,
    query: Callable[[Call], ListQuery],
    sent: Callable[[Call, bool], Map],
    missing: PortalError,
) -> Face:
    shown = {field.name: field.name for field in entity.columns}
    groups = query is _search_query
    return Face(
        entity,
        entity.fields,
        shown,
        values.show_staff,
        family,
        filters.Language(filters.OPERATORS, entity.fields.get, groups=groups),
        query,
        _record_id,
        sent,
        lambda: PortalError(missing.code, missing.description),
        _title,
        star=frozenset(shown),
    )


_DENIED = PortalError("ERROR_CORE", "access_denied")


def users(entity: Entity) -> Face:
    """The face of `user.*` over the live fields."""
    return _face(entity, paging.family_c, _user_query, _user_values, _DENIED)


def user_search(entity: Entity) -> Face:
    """The face of `user.search`."""
    return _face(entity, paging.family_c, _search_query, _user_values, _DENIED)


DEPARTMENTS = _face(
    DEPARTMENT,
    paging.family_a,
    _department_query,
    _department_values,
    PortalError("ERROR_CORE", "Department not found"),
)


@department("department.get")
def _departments(call: Call) -> Value:
    """Departments. Without a head or a parent the key is missing."""
    page = engine.list_page(DEPARTMENTS, call)
    for record in php.as_list(page.result):
        shown = php.as_map(record)
        for name in ("PARENT", "UF_HEAD"):
            if shown.get(name) == "":
                del shown[name]
    return page


@department("department.delete")
def _delete_department(call: Call) -> Value:
    """Delete a department. Its users and departments move to the parent."""
    record = _record_id(call)
    row = engine.stored(DEPARTMENTS, call, record)
    storage = call.storage
    for child in storage.ids(DEPARTMENT, "PARENT = ?", [record]):
        storage.update(DEPARTMENT, child, {"PARENT": row["PARENT"]})
    member = "exists (select 1 from json_each(UF_DEPARTMENT) where json_each.value = ?)"
    for person in storage.rows(USER, ["ID", "UF_DEPARTMENT"], member, [record]):
        kept = [item for item in values.items(person["UF_DEPARTMENT"]) if item != record]
        if row["PARENT"] is not None:
            kept.append(row["PARENT"])
        storage.update(USER, person.id, {"UF_DEPARTMENT": json.dumps(kept)})
    return engine.delete(DEPARTMENTS, call)


@user("user.current")
def _current(call: Call) -> Value:
    return engine.read(call.portal.schema.face(users, USER), call, call.user)


@user("user.add")
def _add(call: Call) -> Value:
    face = call.portal.schema.face(users, USER)
    person = engine.create(face, call, _user_values(call, True))
    shown: Map = {"ID": person, "EMAIL": php.text(call.upper_case().get("EMAIL"))}
    call.portal.changes.announce("ONUSERADD", shown, call.user)
    return person


user.add("user.fields", over_face(users, USER, engine.describe))
user.add("user.get", over_face(users, USER, engine.list_page))
user.add("user.search", over_face(user_search, USER, engine.list_page))
user.add("user.update", over_face(users, USER, engine.update))
department.add("department.fields", partial(engine.describe, DEPARTMENTS))
department.add("department.add", partial(engine.add, DEPARTMENTS))
department.add("department.update", partial(engine.update, DEPARTMENTS))

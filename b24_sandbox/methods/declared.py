"""The methods of the declared families (`b24_sandbox.declared`) and the rights to call them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from b24_sandbox import declared, engine, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.declaration import Declared
from b24_sandbox.declared_faces import face_of, parameter, record_id
from b24_sandbox.errors import access_denied
from b24_sandbox.faces import Face
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry, Run

_ACTIONS: dict[str, Callable[[Face, Call], Value]] = {
    "add": engine.add,
    "get": engine.get,
    "list": engine.list_page,
    "update": engine.update,
    "delete": engine.delete,
    "fields": engine.describe,
}
_WRITES = frozenset(("add", "update", "delete"))


def _by_filter(face: Face, call: Call) -> Value:
    """Delete the record of a keyless family whose values are sent."""
    sent, names = face.values(call, True), face.names
    wanted = {names[name].name: values.stored(names[name], value, call.now) for name, value in sent.items()}
    where = " and ".join(f'"{name}" = ?' for name in wanted)
    found = call.storage.rows(face.entity, ["ID"], where, list(wanted.values()))
    if not found:
        raise engine.absent(face, "delete", 0)
    engine.remove(face, call, found[0].id)
    return True


def admit(family: Declared, call: Call, action: str) -> None:
    """Refuse callers without the rights of the family.

    Raises:
        PortalError: the caller needs to be an administrator.
    """
    write = action in _WRITES
    if call.admin or not family.admin or (family.admin == "write" and not write):
        return
    kinds = (action, "write" if write else "read", "")
    refusal = next((family.denied[kind] for kind in kinds if kind in family.denied), None)
    raise access_denied() if refusal is None else refusal.error(call.method.name)


def _keep_used(family: Declared, face: Face, call: Call) -> None:
    """Refuse to delete a record that others refer to or that is reserved."""
    record = record_id(family, call)
    row = engine.stored(face, call, record, "delete")
    used_as = row[family.key] if family.key else record
    for rule in family.rules:
        used = any(declared.count_of(call.portal, path, used_as) for path in rule.unused)
        if used or php.text(used_as) in rule.reserved:
            raise rule.refusal.error(call.method.name, used_as)


def _announce(family: Declared, call: Call, action: str, answer: Value) -> None:
    shown = php.as_map(next(iter(php.as_map(answer).values()), {}))
    fields: Map = {"ID": shown.get("id") or record_id(family, call)}
    call.portal.changes.announce(f"{family.events}.{action}", {"FIELDS": fields}, call.user)


@cache
def run_of(family: Declared, action: str) -> Run:
    """The method that runs an action of a family."""
    face = face_of(family, family.shows.get(action, ""))

    def run(call: Call) -> Value:
        admit(family, call, action)
        if action == "delete" and family.keyless:
            return _by_filter(face, call)
        if action == "delete":
            _keep_used(family, face, call)
        if action == "list" and family.page_in:
            call.start = (max(php.integer(parameter(family, call, family.page_in)), 1) - 1) * paging.PAGE_SIZE
        answer = _ACTIONS[action](face, call)
        if family.events and action in _WRITES:
            _announce(family, call, action, answer)
        if action == "fields" and family.described == "rows":
            return {"fields": list(php.as_map(answer).values())}
        return answer

    return run


def register(registry: Registry) -> None:
    """Register the methods of all declared families."""
    for family in declared.declared():
        runs = {name: run_of(family, action) for action, name in family.actions.items()}
        if family.php_class:
            registry.controller(family.name, family.php_class, family.scope, runs, app_context=family.app)
            continue
        for name, run in runs.items():
            only_apps = family.app and name not in family.free
            registry.classic(f"{family.name}.{name}", family.scope, run, app_context=only_apps)

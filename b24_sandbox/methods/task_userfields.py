"""`task.item.userfield.*`: user fields of tasks. Documentation: api-reference/tasks/user-field."""

from __future__ import annotations

import dataclasses
from functools import partial

from b24_sandbox import php, user_fields
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import crm_userfields, plain
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("task")
register = method.register

_KINDS = ("string", "double", "datetime", "boolean")
_VALUES = {"add": "PARAMS", "update": "DATA"}


def _core(action: str, call: Call) -> Value:
    """Run a method of user fields with the parameters and the error code of task methods."""
    if action in ("add", "update", "delete") and not call.admin:
        raise PortalError("ERROR_CORE", "Access denied.")
    sent = call.upper
    if action == "add" and sent.inner("PARAMS").text("USER_TYPE_ID") not in ("", *_KINDS):
        raise PortalError("ERROR_CORE", "Invalid user type specified.")
    params = {**call.params, "fields": sent.get(_VALUES[action])} if action in _VALUES else call.params
    try:
        return crm_userfields.ACTIONS[action](dataclasses.replace(call, params=params), TASK)
    except PortalError as refused:
        raise PortalError(refused.code or "ERROR_CORE", refused.description, refused.status) from refused


@method("task.item.userfield.getlist")
def _list(call: Call) -> Value:
    page = _core("list", call)
    return RowPage(page.result, total=0) if isinstance(page, RowPage) else page


@method("task.item.userfield.getfields")
def _fields(call: Call) -> Value:
    """The fields of a user field. Only flags that are set are shown."""
    described: Map = {}
    for name, facts in plain.description("crm.userfield.fields").items():
        shown = php.as_map(facts)
        flags = {flag: True for flag in ("isReadOnly", "isImmutable", "isMultiple") if shown[flag]}
        described[name] = {"type": shown["type"], "title": shown["title"], **flags}
    return {**described, "total": 0}


@method("task.item.userfield.gettypes")
def _types(call: Call) -> Value:
    types: list[Value] = [{"ID": kind, "title": title} for kind, (title, _) in user_fields.TYPES.items()]
    return RowPage(types, total=0)


for _action in ("add", "update", "delete"):
    method.add(f"task.item.userfield.{_action}", partial(_core, _action))


method.add("task.item.userfield.get", lambda call: {**php.as_map(_core("get", call)), "total": 0})

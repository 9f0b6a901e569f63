"""`crm.automation.trigger.*`: triggers of automation that an application registers.

Documentation: api-reference/crm/automation/triggers.
"""

from __future__ import annotations

import re

from b24_sandbox import crm_types, php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError, access_denied
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode, application
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable, Run

method = MethodTable("crm")
register = method.register

_TRIGGERS = RecordsByCode("crm_trigger")
_CODE = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)


def _wrong(words: str) -> PortalError:
    return PortalError("", words)


def _code(call: Call) -> str:
    code = php.text(call.upper_case().get("CODE"))
    if not code:
        raise _wrong("Empty trigger code!")
    if _CODE.fullmatch(code) is None:
        raise _wrong("Wrong trigger code!")
    return code


def _found(call: Call, unknown: str) -> RecordByCode:
    trigger = _TRIGGERS.get(call, _code(call), application(call))
    if trigger is None:
        raise _wrong(unknown)
    return trigger


def _for_applications(run: Run) -> Run:
    def checked(call: Call) -> Value:
        if not call.admin:
            raise access_denied("Access denied! Admin permissions required")
        if call.application is None:
            raise access_denied("Access denied! Application context required")
        return run(call)

    return checked


@method("crm.automation.trigger.add")
@_for_applications
def _add(call: Call) -> Value:
    """Register a trigger, or rename the one with this code."""
    code, name = _code(call), php.text(call.upper_case().get("NAME"))
    if not name:
        raise _wrong("Empty trigger name!")
    _TRIGGERS.put(call, code, {"NAME": name}, application(call))
    return True


@method("crm.automation.trigger.list")
@_for_applications
def _list(call: Call) -> Value:
    return [{"NAME": trigger.data["NAME"], "CODE": trigger.code} for trigger in _TRIGGERS.all(call, application(call))]


@method("crm.automation.trigger.delete")
@_for_applications
def _delete(call: Call) -> Value:
    _TRIGGERS.remove(call, _found(call, "Trigger not found"))
    return True


@method("crm.automation.trigger.execute")
@_for_applications
def _execute(call: Call) -> Value:
    """Fire a trigger for a record. The sandbox has no robots that wait for it."""
    _found(call, f"Trigger with code {_code(call)} is not registered.")
    sent = call.upper_case()
    if crm_types.base_entity(call.portal, php.integer(sent.get("OWNER_TYPE_ID"))) is None:
        raise _wrong("Incorrect parameter OWNER_TYPE_ID.")
    if php.integer(sent.get("OWNER_ID")) <= 0:
        raise _wrong("Incorrect parameter OWNER_ID.")
    return True

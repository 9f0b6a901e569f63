"""`mailservice.*`: the mail servers that users may choose (documentation: api-reference/mailservice)."""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError, present
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant, shape

method = MethodTable("mailservice")
register = method.register

_SERVICES = RecordsByCode("mail_service")
_WRITABLE = ("ACTIVE", "SORT", "NAME", "SERVER", "PORT", "ENCRYPTION", "LINK")


def _refused(words: str) -> PortalError:
    return PortalError("ERROR_CORE", words)


def _check_rights(call: Call) -> None:
    if not call.admin:
        raise _refused("Access denied")


def _service(call: Call) -> RecordByCode:
    record = call.upper.integer("ID")
    if not record:
        raise _refused("Mail service ID not specified")
    return present(
        next((service for service in _SERVICES.all(call) if service.id == record), None),
        _refused("Mail service not found"),
    )


def _values(call: Call) -> Map:
    sent = call.upper
    found: Map = {name: sent.text(name) for name in _WRITABLE if sent.get(name) is not None}
    tests = {name: found.get(name, "Y") in ("Y", "N") for name in ("ACTIVE", "ENCRYPTION")}
    tests["PORT"] = "PORT" not in found or 0 < sent.integer("PORT") < 65536
    for name, valid in tests.items():
        if not valid:
            raise _refused(f'Invalid value for "{shape("mail_services.titles")[name]}"')
    return found


@method("mailservice.add")
def _add(call: Call) -> Value:
    _check_rights(call)
    sent = _values(call)
    if not sent.get("NAME"):
        raise _refused('Required field "Name" not filled')
    return _SERVICES.add(call, php.text(sent["NAME"]), {"ACTIVE": "Y", "SORT": "100", **sent})


def _shown(service: RecordByCode) -> Map:
    return shape("mail_services.service", service.data, id=service.id)


@method("mailservice.list")
def _list(call: Call) -> Value:
    """The active services. It is an error when there are none."""
    active = [service for service in _SERVICES.all(call) if service.data["ACTIVE"] == "Y"]
    if not active:
        raise _refused("No mail services found")
    return [_shown(service) for service in sorted(active, key=lambda service: php.integer(service.data["SORT"]))]


@method("mailservice.update")
def _update(call: Call) -> Value:
    _check_rights(call)
    _SERVICES.update(call, _service(call), _values(call))
    return True


@method("mailservice.delete")
def _delete(call: Call) -> Value:
    _check_rights(call)
    _SERVICES.remove(call, _service(call))
    return True


method.add("mailservice.fields", lambda call: constant("mail_services.titles"))
method.add("mailservice.get", lambda call: _shown(_service(call)))

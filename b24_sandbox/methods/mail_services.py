"""`mailservice.*`: the mail servers that users may choose (documentation: api-reference/mailservice)."""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

_SERVICES = RecordsByCode("mail_service")
_TITLES: Map = {
    "ID": "ID",
    "SITE_ID": "Сайт",
    "ACTIVE": "Активность",
    "NAME": "Название",
    "SERVER": "Адрес сервера",
    "PORT": "Порт",
    "ENCRYPTION": "Защищенное соединение",
    "LINK": "Адрес веб-интерфейса",
    "ICON": "Логотип",
    "SORT": "Сортировка",
}
_WRITABLE = ("ACTIVE", "SORT", "NAME", "SERVER", "PORT", "ENCRYPTION", "LINK")
_FLAGS = ("ACTIVE", "ENCRYPTION")


def _refused(words: str) -> PortalError:
    return PortalError("ERROR_CORE", words)


def _check_rights(call: Call) -> None:
    if not call.admin:
        raise _refused("Access denied")


def _service(call: Call) -> RecordByCode:
    record = php.integer(call.upper_case().get("ID"))
    if not record:
        raise _refused("Mail service ID not specified")
    found = next((service for service in _SERVICES.all(call) if service.id == record), None)
    if found is None:
        raise _refused("Mail service not found")
    return found


def _values(call: Call) -> Map:
    sent = call.upper_case()
    found: Map = {name: php.text(sent[name]) for name in _WRITABLE if sent.get(name) is not None}
    for name in _FLAGS:
        if found.get(name, "Y") not in ("Y", "N"):
            raise _refused(f'Invalid value for "{_TITLES[name]}"')
    if "PORT" in found and not 0 < php.integer(found["PORT"]) < 65536:
        raise _refused(f'Invalid value for "{_TITLES["PORT"]}"')
    return found


def _add(call: Call) -> Value:
    _check_rights(call)
    sent = _values(call)
    if not sent.get("NAME"):
        raise _refused('Required field "Name" not filled')
    return _SERVICES.add(call, php.text(sent["NAME"]), {"ACTIVE": "Y", "SORT": "100", **sent})


def _shown(service: RecordByCode) -> Map:
    blank: Map = dict.fromkeys(("SERVER", "PORT", "ENCRYPTION", "LINK", "ICON", "SMTP_SERVER", "SMTP_PORT"))
    smtp: Map = {"SMTP_LOGIN_AS_IMAP": "N", "SMTP_PASSWORD_AS_IMAP": "N", "SMTP_ENCRYPTION": None}
    return {"ID": str(service.id), "SITE_ID": "s1", **blank, **service.data, **smtp, "UPLOAD_OUTGOING": None}


def _list(call: Call) -> Value:
    """The active services. It is an error when there are none."""
    active = [service for service in _SERVICES.all(call) if service.data["ACTIVE"] == "Y"]
    if not active:
        raise _refused("No mail services found")
    return [_shown(service) for service in sorted(active, key=lambda service: php.integer(service.data["SORT"]))]


def _update(call: Call) -> Value:
    _check_rights(call)
    _SERVICES.update(call, _service(call), _values(call))
    return True


def _delete(call: Call) -> Value:
    _check_rights(call)
    _SERVICES.remove(call, _service(call))
    return True


def register(registry: Registry) -> None:
    """Register the mail services."""
    for name, run in (
        ("fields", lambda call: dict(_TITLES)),
        ("add", _add),
        ("get", lambda call: _shown(_service(call))),
        ("list", _list),
        ("update", _update),
        ("delete", _delete),
    ):
        registry.classic(f"mailservice.{name}", "mailservice", run)

"""What declared services of the shop decide in code: profiles of deliveries, settings, payments by a payment system.

Documentation: api-reference/pay-system, api-reference/sale/delivery.
"""

from __future__ import annotations

from b24_sandbox import declared, engine, php, values
from b24_sandbox.call import Call
from b24_sandbox.declaration import Declared
from b24_sandbox.declared_faces import face_of, shown, stored
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.declared import admit
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text

method = MethodTable("sale")
delivery = method.of_scope("delivery")
pay_system = method.of_scope("pay_system")
register = method.register

_HANDLER = declared.by_name("sale.delivery.handler")
_DELIVERY = declared.by_name("sale.delivery")
_EXTRA = declared.by_name("sale.delivery.extra.service")
_PAY_SYSTEM = declared.by_name("sale.paysystem")
_PAYMENT = declared.by_name("sale.payment")


@method("sale.delivery.add")
def _delivery_add(call: Call) -> Value:
    """Add a delivery service with the profiles of its handler."""
    admit(_DELIVERY, call, "add")
    face, storage = face_of(_DELIVERY), call.storage
    sent = face.values(call, True)
    parent = engine.create(face, call, sent)
    handler = storage.rows(_HANDLER.entity, ["PROFILES"], "CODE = ?", [php.text(sent["REST_CODE"])])[0]
    profiles = []
    for profile in map(php.as_map, php.as_list(values.decoded(handler["PROFILES"]))):
        own = {"NAME": profile.get("NAME"), "DESCRIPTION": profile.get("DESCRIPTION"), "CONFIG": []}
        profiles.append(engine.create(face, call, {**sent, **own}))
        storage.update(_DELIVERY.entity, profiles[-1], {"PARENT_ID": parent})
    return {
        "parent": shown(_DELIVERY, call, parent),
        "profiles": [shown(_DELIVERY, call, profile) for profile in profiles],
    }


@method("sale.delivery.config.get")
def _config_get(call: Call) -> Value:
    admit(_DELIVERY, call, "get")
    return values.decoded(stored(_DELIVERY, call)["CONFIG"])


@method("sale.delivery.config.update")
def _config_update(call: Call) -> Value:
    """Change named settings of a delivery service."""
    admit(_DELIVERY, call, "update")
    row = stored(_DELIVERY, call)
    kept = php.as_list(values.decoded(row["CONFIG"]))
    found = {php.text(php.as_map(item)["CODE"]): php.as_map(item) for item in kept}
    for item in map(php.as_map, php.as_list(call.upper_case().get("CONFIG"))):
        found[php.text(item.get("CODE"))] = item
    call.storage.update(_DELIVERY.entity, row.id, {"CONFIG": object_text(list(found.values()))})
    return True


@delivery("sale.delivery.extra.service.get")
def _extra_get(call: Call) -> Value:
    """The additional services of a delivery service. Those that are no choice have no items."""
    admit(_EXTRA, call, "get")
    number = call.upper_case().get("DELIVERY_ID")
    if number is None:
        raise _EXTRA.bad_id.error("", None, "DELIVERY_ID")
    storage = call.storage
    if storage.row(_DELIVERY.entity, php.integer(number)) is None:
        raise PortalError("ERROR_DELIVERY_NOT_FOUND", "Delivery not found")
    rows = storage.rows(_EXTRA.entity, ["ID", "PRICE"], "DELIVERY_ID = ?", [php.integer(number)], "SORT, ID")
    found = [{**shown(_EXTRA, call, row.id), "PRICE": row["PRICE"]} for row in rows]
    return [{name: value for name, value in item.items() if name != "ITEMS" or value} for item in found]


def _named(family: Declared, call: Call, name: str, words: str) -> Row:
    row = call.storage.row(family.entity, call.upper.integer(name))
    if row is None:
        raise PortalError("ERROR_CHECK_FAILURE", f"{words} not found")
    return row


def _pay_system(call: Call, name: str) -> Row:
    return _named(_PAY_SYSTEM, call, name, "Pay system")


def _settings(row: Row) -> Value:
    """The values of the settings of a payment system."""
    kept = php.as_map(values.decoded(row["SETTINGS"]))
    return {name: php.as_map(setting).get("VALUE") for name, setting in kept.items()}


@pay_system("sale.paysystem.settings.get")
def _settings_get(call: Call) -> Value:
    admit(_PAY_SYSTEM, call, "get")
    return _settings(_pay_system(call, "ID"))


@pay_system("sale.paysystem.settings.update")
def _settings_update(call: Call) -> Value:
    admit(_PAY_SYSTEM, call, "update")
    row, settings = _pay_system(call, "ID"), call.upper.inner("SETTINGS")
    if not settings:
        raise PortalError("ERROR_HANDLER_NOT_FOUND", "Parameter SETTINGS is not defined")
    changed = {**php.as_map(values.decoded(row["SETTINGS"])), **settings}
    call.storage.update(_PAY_SYSTEM.entity, row.id, {"SETTINGS": object_text(changed)})
    return True


@pay_system("sale.paysystem.settings.payment.get")
def _payment_settings(call: Call) -> Value:
    row = _pay_system(call, "PAY_SYSTEM_ID")
    _named(_PAYMENT, call, "PAYMENT_ID", "Payment")
    return _settings(row)


@pay_system("sale.paysystem.pay.payment")
def _pay(call: Call) -> Value:
    """Pay a payment with a payment system."""
    _pay_system(call, "PAY_SYSTEM_ID")
    payment = _named(_PAYMENT, call, "PAYMENT_ID", "Payment")
    call.storage.update(_PAYMENT.entity, payment.id, {"PAID": "Y"})
    return True

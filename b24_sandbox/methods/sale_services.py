"""What declared services of the shop decide in code: profiles of deliveries, settings, payments by a payment system.

Documentation: api-reference/pay-system, api-reference/sale/delivery.
"""

from __future__ import annotations

from b24_sandbox import declared, engine, php, values
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.declared import admit
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry, Run
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text

_HANDLER = declared.by_name("sale.delivery.handler")
_DELIVERY = declared.by_name("sale.delivery")
_EXTRA = declared.by_name("sale.delivery.extra.service")
_PAY_SYSTEM = declared.by_name("sale.paysystem")
_PAYMENT = declared.by_name("sale.payment")


def _delivery_add(call: Call) -> Value:
    """Add a delivery service with the profiles of its handler."""
    admit(_DELIVERY, call, "add")
    face, storage = face_of(_DELIVERY), call.portal.storage
    sent = face.values(call, True)
    parent = engine.create(face, call, sent)
    handler = storage.rows(_HANDLER.entity, ["PROFILES"], "CODE = ?", [php.text(sent["REST_CODE"])])[0]
    profiles = []
    for profile in map(php.as_map, php.as_list(values.decoded(handler["PROFILES"]))):
        own = {"NAME": profile.get("NAME"), "DESCRIPTION": profile.get("DESCRIPTION"), "CONFIG": []}
        profiles.append(engine.create(face, call, {**sent, **own}))
        storage.update(_DELIVERY.entity, profiles[-1], {"PARENT_ID": parent})
    return {
        "parent": engine.read(face, call, parent),
        "profiles": [engine.read(face, call, profile) for profile in profiles],
    }


def _delivery(call: Call) -> Row:
    face = face_of(_DELIVERY)
    return engine.stored(face, call, face.record_id(call))


def _config_get(call: Call) -> Value:
    admit(_DELIVERY, call, "get")
    return values.decoded(_delivery(call)["CONFIG"])


def _config_update(call: Call) -> Value:
    """Change named settings of a delivery service."""
    admit(_DELIVERY, call, "update")
    row = _delivery(call)
    stored = php.as_list(values.decoded(row["CONFIG"]))
    found = {php.text(php.as_map(item)["CODE"]): php.as_map(item) for item in stored}
    for item in map(php.as_map, php.as_list(call.upper_case().get("CONFIG"))):
        found[php.text(item.get("CODE"))] = item
    call.portal.storage.update(_DELIVERY.entity, row.id, {"CONFIG": object_text(list(found.values()))})
    return True


def _extra_get(call: Call) -> Value:
    """The additional services of a delivery service. Those that are no choice have no items."""
    admit(_EXTRA, call, "get")
    delivery = call.upper_case().get("DELIVERY_ID")
    if delivery is None:
        raise _EXTRA.bad_id.error("", None, "DELIVERY_ID")
    storage, face = call.portal.storage, face_of(_EXTRA)
    if storage.row(_DELIVERY.entity, php.integer(delivery)) is None:
        raise PortalError("ERROR_DELIVERY_NOT_FOUND", "Delivery not found")
    rows = storage.rows(_EXTRA.entity, ["ID", "PRICE"], "DELIVERY_ID = ?", [php.integer(delivery)], "SORT, ID")
    shown = [{**engine.read(face, call, row.id), "PRICE": row["PRICE"]} for row in rows]
    return [{name: value for name, value in item.items() if name != "ITEMS" or value} for item in shown]


def _pay_system(call: Call, sent: Map, name: str) -> Row:
    row = call.portal.storage.row(_PAY_SYSTEM.entity, php.integer(sent.get(name)))
    if row is None:
        raise PortalError("ERROR_CHECK_FAILURE", "Pay system not found")
    return row


def _payment(call: Call, sent: Map) -> Row:
    row = call.portal.storage.row(_PAYMENT.entity, php.integer(sent.get("PAYMENT_ID")))
    if row is None:
        raise PortalError("ERROR_CHECK_FAILURE", "Payment not found")
    return row


def _settings(row: Row) -> Value:
    """The values of the settings of a payment system."""
    stored = php.as_map(values.decoded(row["SETTINGS"]))
    return {name: php.as_map(setting).get("VALUE") for name, setting in stored.items()}


def _settings_get(call: Call) -> Value:
    admit(_PAY_SYSTEM, call, "get")
    return _settings(_pay_system(call, call.upper_case(), "ID"))


def _settings_update(call: Call) -> Value:
    admit(_PAY_SYSTEM, call, "update")
    sent = call.upper_case()
    row = _pay_system(call, sent, "ID")
    if not php.as_map(sent.get("SETTINGS")):
        raise PortalError("ERROR_HANDLER_NOT_FOUND", "Parameter SETTINGS is not defined")
    changed = {**php.as_map(values.decoded(row["SETTINGS"])), **php.as_map(sent.get("SETTINGS"))}
    call.portal.storage.update(_PAY_SYSTEM.entity, row.id, {"SETTINGS": object_text(changed)})
    return True


def _payment_settings(call: Call) -> Value:
    sent = call.upper_case()
    row = _pay_system(call, sent, "PAY_SYSTEM_ID")
    _payment(call, sent)
    return _settings(row)


def _pay(call: Call) -> Value:
    """Pay a payment with a payment system."""
    sent = call.upper_case()
    _pay_system(call, sent, "PAY_SYSTEM_ID")
    payment = _payment(call, sent)
    call.portal.storage.update(_PAYMENT.entity, payment.id, {"PAID": "Y"})
    return True


def register(registry: Registry) -> None:
    """Register what is more than a declaration."""
    methods: tuple[tuple[str, str, Run], ...] = (
        ("sale.delivery.add", "sale", _delivery_add),
        ("sale.delivery.config.get", "sale", _config_get),
        ("sale.delivery.config.update", "sale", _config_update),
        ("sale.delivery.extra.service.get", "delivery", _extra_get),
        ("sale.paysystem.settings.get", "pay_system", _settings_get),
        ("sale.paysystem.settings.update", "pay_system", _settings_update),
        ("sale.paysystem.settings.payment.get", "pay_system", _payment_settings),
        ("sale.paysystem.pay.payment", "pay_system", _pay),
    )
    for name, scope, run in methods:
        registry.classic(name, scope, run)

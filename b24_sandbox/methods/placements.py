"""`placement.*`: widgets of applications. Documentation: api-reference/widgets/placement-*."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.telephony import WIDGET
from b24_sandbox.errors import PortalError, empty_argument
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant, shape

method = MethodTable("placement", app_only=True)
register = method.register


def _names() -> list[str]:
    return [php.text(name) for name in php.as_list(constant("telephony.placements"))]


@method("placement.list")
def _list(call: Call) -> Value:
    """The names of widget placements; with `SCOPE` only those of a scope."""
    scope = call.upper.text("SCOPE").upper()
    return [name for name in _names() if not scope or name.startswith(f"{scope}_")]


def _need(call: Call, name: str) -> str:
    sent = call.upper.text(name)
    if not sent:
        raise empty_argument(name)
    return sent


@method("placement.bind", admin_only=True)
def _bind(call: Call) -> Value:
    sent, placement = call.upper, _need(call, "PLACEMENT").upper()
    if placement not in _names() and not placement.startswith("CRM_DYNAMIC_"):
        raise PortalError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    handler, user = _need(call, "HANDLER"), sent.integer("USER_ID")
    if urlsplit(handler).scheme not in ("http", "https"):
        raise PortalError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    bound: Map = {"PLACEMENT": placement, "HANDLER": handler, "USER_ID": user}
    where = " and ".join(f"{name} = ?" for name in bound)
    if call.storage.count(WIDGET, where, list(bound.values())):
        raise PortalError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    texts: Map = {name: sent.text(name) for name in ("TITLE", "DESCRIPTION")}
    maps: Map = {name: json.dumps(sent.inner(name), ensure_ascii=False) for name in ("OPTIONS", "LANG_ALL")}
    call.storage.insert(WIDGET, {**bound, **texts, **maps})
    return True


@method("placement.unbind", admin_only=True)
def _unbind(call: Call) -> Value:
    where, bound = "PLACEMENT = ?", [_need(call, "PLACEMENT").upper()]
    if call.upper.get("HANDLER"):
        where, bound = f"{where} and HANDLER = ?", [*bound, call.upper.text("HANDLER")]
    return {"count": call.storage.delete_all(WIDGET, where, bound)}


@method("placement.get")
def _bound(call: Call) -> Value:
    return [shape("telephony.widget", row) for row in call.storage.whole(WIDGET)]

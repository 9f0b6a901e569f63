"""`crm.activity.badge.*`, `crm.activity.type.*`, `crm.activity.layout.blocks.*`: how activities are shown.

Documentation: api-reference/crm/timeline/activities/{configurable/badges,types,layout-blocks}.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_parts import ACTIVITY
from b24_sandbox.errors import PortalError, access_denied
from b24_sandbox.methods import crm_item
from b24_sandbox.methods.crm_activity import bindings
from b24_sandbox.methods.crm_item import required
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode, application
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("crm")
badge_action = method.controller("Bitrix\\Crm\\Controller\\Activity\\Badge")
blocks_action = method.controller("Bitrix\\Crm\\Controller\\Activity\\Layout\\Blocks")
register = method.register

_BADGES = RecordsByCode("activity_badge")
_TYPES = RecordsByCode("activity_type")
_BLOCKS = RecordsByCode("activity_blocks")
_BADGE = ("code", "title", "value", "type")


def _badge_shown(badge: RecordByCode) -> Map:
    return {"code": badge.code, **badge.data}


def _badge(call: Call) -> RecordByCode:
    badge = _BADGES.get(call, php.text(required(call, "code")))
    if badge is None:
        raise PortalError("NOT_FOUND", "Not found")
    return badge


@badge_action("crm.activity.badge.add")
def _badge_add(call: Call) -> Value:
    """Add a badge, or replace the one with this code. Only an administrator may do it."""
    sent = {name: required(call, name) for name in _BADGE}
    if not call.admin:
        raise access_denied()
    if not all(php.truthy(value) for value in sent.values()):
        raise PortalError("REQUIRED_ARG_MISSING", f"Required arguments are missing: {', '.join(_BADGE)}")
    code = php.text(sent.pop("code"))
    _BADGES.put(call, code, sent)
    return {"badge": {"code": code, **sent}}


@badge_action("crm.activity.badge.delete")
def _badge_delete(call: Call) -> Value:
    badge = _badge(call)
    if not call.admin:
        raise access_denied()
    _BADGES.remove(call, badge)
    return True


def _invalid(words: str) -> PortalError:
    return PortalError("INVALID_ARG_VALUE", words)


@method("crm.activity.type.add", app_context=True, admin_only=True)
def _type_add(call: Call) -> Value:
    sent = php.as_map(call.classic("fields"))
    code = php.text(sent.get("TYPE_ID")).strip()
    if not code:
        raise _invalid("TYPE_ID is not defined or empty.")
    if _TYPES.get(call, code, application(call)) is not None:
        raise _invalid(f"Custom activity type with TYPE_ID = {code} already exists.")
    configurable = "Y" if php.text(sent.get("IS_CONFIGURABLE_TYPE")) == "Y" else "N"
    data: Map = {"NAME": php.text(sent.get("NAME")), "IS_CONFIGURABLE_TYPE": configurable, "ICON_ID": "0"}
    _TYPES.add(call, code, data, application(call))
    return True


@method("crm.activity.type.list", app_context=True, admin_only=True)
def _type_list(call: Call) -> Value:
    return [{"TYPE_ID": kind.code, **kind.data} for kind in _TYPES.all(call, application(call))]


@method("crm.activity.type.delete", app_context=True, admin_only=True)
def _type_delete(call: Call) -> Value:
    code = php.text(call.upper_case().get("TYPE_ID"))
    kind = _TYPES.get(call, code, application(call))
    if kind is None:
        raise _invalid(f"Custom activity type with TYPE_ID = {code} does not exist.")
    _TYPES.remove(call, kind)
    return True


def by_application(call: Call) -> str:
    """The id of the calling application, for methods whose records belong to it.

    Raises:
        PortalError: `ERROR_WRONG_CONTEXT` for a webhook.
    """
    if call.application is None:
        raise PortalError("ERROR_WRONG_CONTEXT", "The method can only be called in the context of a rest application")
    return application(call)


def _blocks_owner(call: Call) -> tuple[str, str]:
    """The application and the activity whose blocks a call names."""
    activity = crm_item.numbers(call, "entityTypeId", "entityId", "activityId")[2]
    owned = by_application(call)
    kind, owner = crm_item.owner(call)
    held = [(item["OWNER_TYPE_ID"], item["OWNER_ID"]) for item in bindings(call, activity)]
    if call.storage.row(ACTIVITY, activity) is None or (kind, owner) not in held:
        raise PortalError("NOT_FOUND", "Not found")
    return owned, str(activity)


@blocks_action("crm.activity.layout.blocks.set")
def _blocks_set(call: Call) -> Value:
    layout = php.as_map(required(call, "layout"))
    owned, activity = _blocks_owner(call)
    if not php.as_map(layout.get("blocks")):
        raise PortalError("FIELD_IS_REQUIRED", 'Field "blocks" is required for RestAppLayoutDto')
    _BLOCKS.put(call, activity, layout, owned)
    return {"success": True}


@blocks_action("crm.activity.layout.blocks.get")
def _blocks_get(call: Call) -> Value:
    """The blocks that the calling application has set, or `null`."""
    owned, activity = _blocks_owner(call)
    blocks = _BLOCKS.get(call, activity, owned)
    return {"layout": None if blocks is None else blocks.data}


@blocks_action("crm.activity.layout.blocks.delete")
def _blocks_delete(call: Call) -> Value:
    owned, activity = _blocks_owner(call)
    blocks = _BLOCKS.get(call, activity, owned)
    if blocks is not None:
        _BLOCKS.remove(call, blocks)
    return {"success": True}


badge_action.add("crm.activity.badge.get", lambda call: {"badge": _badge_shown(_badge(call))})
badge_action.add(
    "crm.activity.badge.list", lambda call: {"badges": [_badge_shown(badge) for badge in _BADGES.all(call)]}
)

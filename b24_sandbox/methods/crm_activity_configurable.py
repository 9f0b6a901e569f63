"""`crm.activity.configurable.*`: activities whose look an application describes.

Documentation: api-reference/crm/timeline/activities/configurable.
"""

from __future__ import annotations

import json

from b24_sandbox import crm_types, engine, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_parts import ACTIVITY
from b24_sandbox.errors import PortalError, access_denied
from b24_sandbox.methods.crm_activity import activity_face, bind, deadline
from b24_sandbox.methods.crm_activity_kinds import by_application
from b24_sandbox.methods.crm_item import required
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

action = MethodTable("crm", "Bitrix\\Crm\\Controller\\Activity\\Configurable")
register = action.register

_PROVIDER = "CONFIGURABLE_REST_APP"
_LAYOUTS = RecordsByCode("activity_layout")
_TEXTS = {"originatorId": "ORIGINATOR_ID", "originId": "ORIGIN_ID"}


def _flag(sent: Value) -> str:
    return "Y" if sent is True or php.text(sent) in ("Y", "1") else "N"


def _columns(call: Call, fields: Map, stored: Map) -> Map:
    """The columns of an activity for the sent `fields`."""
    columns: Map = {column: php.text(fields[name]) for name, column in _TEXTS.items() if fields.get(name) is not None}
    if "deadline" in fields:
        columns |= deadline(fields["deadline"], call.now)
        if columns["DEADLINE"] is None and fields["deadline"]:
            raise PortalError("WRONG_FIELD_VALUE", "Wrong value of the field deadline")
    for name, column in (("completed", "COMPLETED"), ("isIncomingChannel", "IS_INCOMING_CHANNEL")):
        if name in fields:
            columns[column] = _flag(fields[name])
    if "responsibleId" in fields:
        columns["RESPONSIBLE_ID"] = php.integer(fields["responsibleId"])
    after = {**stored, **columns}
    if after.get("IS_INCOMING_CHANNEL") == "Y" and after.get("DEADLINE"):
        raise PortalError("INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", "Incoming activity cannot have a deadline")
    sent: Map = {name: fields[name] for name in ("pingOffsets", "badgeCode") if name in fields}
    kept: Map = {**_kept(stored), **sent}
    return {**columns, "PROVIDER_PARAMS": json.dumps(kept, ensure_ascii=False)}


def _kept(stored: Map) -> Map:
    return php.as_map(values.decoded(stored.get("PROVIDER_PARAMS")))


def _layout(call: Call) -> Map:
    layout = php.as_map(call.exact("layout"))
    if not layout:
        raise PortalError("ERROR_EMPTY_LAYOUT", "The layout field must be filled")
    return layout


@action("crm.activity.configurable.add")
def _add(call: Call) -> Value:
    kind, owner = php.integer(required(call, "ownerTypeId")), php.integer(required(call, "ownerId"))
    fields = php.as_map(required(call, "fields"))
    owned = by_application(call)
    if not crm_types.exists(call.portal, kind, owner):
        raise access_denied("Access denied.")
    layout = _layout(call)
    columns: Map = {
        "OWNER_TYPE_ID": kind,
        "OWNER_ID": owner,
        "TYPE_ID": 6,
        "PROVIDER_ID": _PROVIDER,
        "PROVIDER_TYPE_ID": php.text(fields.get("typeId")) or "CONFIGURABLE",
        "RESPONSIBLE_ID": call.user,
        "COMPLETED": "N",
        "IS_INCOMING_CHANNEL": "N",
        **_columns(call, fields, {}),
    }
    ACTIVITY.prepare(call.portal, columns, None, call.user)
    activity = call.storage.insert(ACTIVITY, columns)
    bind(call, activity, kind, owner)
    _LAYOUTS.put(call, str(activity), layout, owned)
    _announce(call, "ADD", activity)
    return {"activity": {"id": activity}}


def _announce(call: Call, what: str, activity: int) -> None:
    engine.announce(call.portal.schema.face(activity_face, ACTIVITY), call, what, activity)


def _activity(call: Call) -> Row:
    record = php.integer(required(call, "id"))
    by_application(call)
    row = call.storage.row(ACTIVITY, record)
    if row is None or row["PROVIDER_ID"] != _PROVIDER:
        raise PortalError("NOT_FOUND", "Element not found")
    return row


@action("crm.activity.configurable.get")
def _get(call: Call) -> Value:
    row = _activity(call)
    layout = _LAYOUTS.get(call, row.text("ID"), by_application(call))
    kept = _kept(row)
    shown = shape(
        "timeline.activity",
        row,
        completed=row["COMPLETED"] == "Y",
        offsets=[php.integer(item) for item in php.as_list(kept.get("pingOffsets"))],
        incoming=row["IS_INCOMING_CHANNEL"] == "Y",
        badge=kept.get("badgeCode"),
        layout=None if layout is None else layout.data,
    )
    return {"activity": shown}


@action("crm.activity.configurable.update")
def _update(call: Call) -> Value:
    """Change an activity of the calling application. Without `layout` its look stays."""
    row = _activity(call)
    activity, owned = row.id, by_application(call)
    if _LAYOUTS.get(call, str(activity), owned) is None:
        raise PortalError(
            "ERROR_WRONG_APPLICATION", "The activity can only be updated by the application that created it"
        )
    columns = _columns(call, php.as_map(call.exact("fields")), row)
    if call.exact("layout") is not None:
        _LAYOUTS.put(call, str(activity), _layout(call), owned)
    ACTIVITY.prepare(call.portal, columns, row, call.user)
    call.storage.update(ACTIVITY, activity, columns)
    _announce(call, "UPDATE", activity)
    return {"activity": {"id": activity}}

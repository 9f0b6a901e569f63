"""`tasks.flow.Flow.*`: flows of tasks. Documentation: api-reference/tasks/flow."""

from __future__ import annotations

import dataclasses

from b24_sandbox import declared, engine, errors, php
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent

_FAMILY = declared.by_name("tasks.flow.Flow")
action = MethodTable(_FAMILY.scope, _FAMILY.php_class)
register = action.register


def _shown(call: Call, record: int) -> Map:
    """A flow with its team: those who receive its tasks."""
    shown = engine.read(face_of(_FAMILY), call, record)
    return {**shown, "team": shown["responsibleList"]}


def _sent(call: Call) -> Sent:
    sent = call.sent.inner("flowData")
    if not sent:
        raise errors.missing_parameter("flowData")
    return sent


def _group(call: Call, name: str) -> Value:
    """Create the group of a flow."""
    create = call.portal.registry.find("sonet_group.create")
    if create is None:
        return None
    return create.run(dataclasses.replace(call, method=create, params={"NAME": name}))


@action("tasks.flow.Flow.create")
def _create(call: Call) -> Value:
    face = face_of(_FAMILY)
    sent = face.values(call, True)
    record = engine.create(face, call, sent)
    if not sent.get("groupId"):
        group = php.integer(_group(call, php.text(sent["name"])))
        call.storage.update(_FAMILY.entity, record, {"GROUP_ID": group})
    return _shown(call, record)


def _own(call: Call, record: int) -> Row:
    """A flow that the caller may change: the creator, the owner and administrators."""
    row = engine.stored(face_of(_FAMILY), call, record)
    if not call.admin and call.user not in (row["CREATOR_ID"], row["OWNER_ID"]):
        raise PortalError("0", "Access denied or flow not found")
    return row


@action("tasks.flow.Flow.update")
def _update(call: Call) -> Value:
    face, sent = face_of(_FAMILY), _sent(call)
    record = sent.integer("id")
    _own(call, record)
    engine.change(face, call, record, face.values(call, False))
    return _shown(call, record)


@action("tasks.flow.Flow.delete")
def _delete(call: Call) -> Value:
    record = _sent(call).integer("id")
    _own(call, record)
    engine.remove(face_of(_FAMILY), call, record)
    return {"deleted": True}


@action("tasks.flow.Flow.isExists")
def _exists(call: Call) -> Value:
    """Whether another flow has a name."""
    sent = _sent(call)
    named = [sent.text("name"), sent.integer("id")]
    return {"exists": bool(call.storage.count(_FAMILY.entity, "NAME = ? and ID <> ?", named))}


@action("tasks.flow.Flow.activate")
def _activate(call: Call) -> Value:
    """Switch a flow on or off."""
    row = _own(call, face_of(_FAMILY).record_id(call))
    call.storage.update(_FAMILY.entity, row.id, {"ACTIVE": 0 if row["ACTIVE"] else 1})
    return True


@action("tasks.flow.Flow.pin")
def _pin(call: Call) -> Value:
    face = face_of(_FAMILY)
    engine.stored(face, call, face.record_id(call))
    return True


action.add("tasks.flow.Flow.get", lambda call: _shown(call, face_of(_FAMILY).record_id(call)))

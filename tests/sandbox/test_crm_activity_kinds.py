"""Badges, custom types, blocks and configurable activities."""

from __future__ import annotations

from typing import Any

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller

BADGE = {"code": "missed", "title": "Call", "value": "Missed", "type": "failure"}
LAYOUT = {"icon": {"code": "call-completed"}, "header": {"title": "Call"}, "body": {"logo": {"code": "call-incoming"}}}


async def _deal_and_activity(write: Caller) -> dict[str, Any]:
    deal = await write.result("crm.deal.add", {"fields": {"TITLE": "Owner"}})
    sent = {"ownerTypeId": 2, "ownerId": deal, "deadline": "2026-03-05T10:00:00+03:00"}
    activity = (await write.result("crm.activity.todo.add", sent))["id"]
    return {"entityTypeId": 2, "entityId": deal, "activityId": activity}


async def test_a_badge_is_found_by_its_code_until_it_is_deleted(write: Caller) -> None:
    assert await write.result("crm.activity.badge.add", BADGE) == {"badge": BADGE}
    assert await write.result("crm.activity.badge.get", {"code": "missed"}) == {"badge": BADGE}
    assert await write.result("crm.activity.badge.list") == {"badges": [BADGE]}
    assert await write.result("crm.activity.badge.delete", {"code": "missed"}) is True
    _, answer = await write.refused("crm.activity.badge.get", {"code": "missed"})
    assert answer["error"] == "NOT_FOUND"


async def test_a_badge_needs_all_its_texts_and_an_administrator(write: Caller) -> None:
    _, answer = await write.refused("crm.activity.badge.add", {"code": "missed"})
    assert answer["error"] == "100"
    _, answer = await write.refused("crm.activity.badge.add", {**BADGE, "title": ""})
    assert answer["error"] == "REQUIRED_ARG_MISSING"
    assert await AsApplication(write, 2).refused("crm.activity.badge.add", BADGE) == (403, "ACCESS_DENIED")
    assert await write.result("crm.activity.badge.list") == {"badges": []}


async def test_a_custom_type_belongs_to_an_application(write: Caller) -> None:
    app = AsApplication(write)
    fields = {"TYPE_ID": "1C", "NAME": "Visit", "IS_CONFIGURABLE_TYPE": "Y"}
    assert await app.result("crm.activity.type.add", {"fields": fields}) is True
    assert await app.result("crm.activity.type.list") == [{**fields, "ICON_ID": "0"}]
    for wrong in (fields, {"NAME": "Visit"}):
        assert await app.refused("crm.activity.type.add", {"fields": wrong}) == (400, "INVALID_ARG_VALUE")
    assert await app.result("crm.activity.type.delete", {"TYPE_ID": "1C"}) is True
    assert await app.refused("crm.activity.type.delete", {"TYPE_ID": "1C"}) == (400, "INVALID_ARG_VALUE")
    status, answer = await write.refused("crm.activity.type.list")
    assert (status, answer["error"]) == (403, "ACCESS_DENIED")


async def test_blocks_are_set_read_and_deleted_for_a_bound_activity(write: Caller) -> None:
    app, place = AsApplication(write), await _deal_and_activity(write)
    layout = {"blocks": {"first": {"type": "text", "properties": {"value": "Hello"}}}}
    assert await app.result("crm.activity.layout.blocks.get", place) == {"layout": None}
    assert await app.result("crm.activity.layout.blocks.set", {**place, "layout": layout}) == {"success": True}
    assert await app.result("crm.activity.layout.blocks.get", place) == {"layout": layout}
    assert await app.result("crm.activity.layout.blocks.delete", place) == {"success": True}
    assert await app.result("crm.activity.layout.blocks.get", place) == {"layout": None}


async def test_blocks_need_an_application_an_owner_and_a_bound_activity(write: Caller) -> None:
    app, place = AsApplication(write), await _deal_and_activity(write)
    method = "crm.activity.layout.blocks.get"
    _, answer = await write.refused(method, place)
    assert answer["error"] == "ERROR_WRONG_CONTEXT"
    assert await app.refused(method, {**place, "entityId": 999999}) == (400, "OWNER_NOT_FOUND")
    other = await write.result("crm.deal.add", {"fields": {"TITLE": "Other"}})
    assert await app.refused(method, {**place, "entityId": other}) == (400, "NOT_FOUND")
    empty = {**place, "layout": {"blocks": {}}}
    assert await app.refused("crm.activity.layout.blocks.set", empty) == (400, "FIELD_IS_REQUIRED")


async def test_a_configurable_activity_keeps_its_fields_and_its_layout(write: Caller) -> None:
    app = AsApplication(write)
    deal = await write.result("crm.deal.add", {"fields": {"TITLE": "Owner"}})
    fields = {
        "typeId": "CONFIGURABLE",
        "completed": "N",
        "deadline": "2026-03-05T10:00:00+03:00",
        "pingOffsets": [60, 300],
        "responsibleId": 2,
        "badgeCode": "missed",
        "originId": "77",
    }
    sent = {"ownerTypeId": 2, "ownerId": deal, "fields": fields, "layout": LAYOUT}
    record = (await app.result("crm.activity.configurable.add", sent))["activity"]["id"]
    shown = (await app.result("crm.activity.configurable.get", {"id": record}))["activity"]
    assert shown == {
        "id": record,
        "ownerTypeId": 2,
        "ownerId": deal,
        "fields": {**fields, "completed": False, "isIncomingChannel": False, "originatorId": None},
        "layout": LAYOUT,
    }
    assert (await write.result("crm.activity.get", {"id": record}))["PROVIDER_ID"] == "CONFIGURABLE_REST_APP"


async def test_an_update_of_a_configurable_activity_changes_only_what_is_sent(write: Caller) -> None:
    app = AsApplication(write)
    deal = await write.result("crm.deal.add", {"fields": {"TITLE": "Owner"}})
    sent = {"ownerTypeId": 2, "ownerId": deal, "fields": {"badgeCode": "missed", "pingOffsets": [60]}}
    assert await app.refused("crm.activity.configurable.add", sent) == (400, "ERROR_EMPTY_LAYOUT")
    record = (await app.result("crm.activity.configurable.add", {**sent, "layout": LAYOUT}))["activity"]["id"]
    change = {"id": record, "fields": {"completed": True, "pingOffsets": [300]}}
    assert await app.result("crm.activity.configurable.update", change) == {"activity": {"id": record}}
    shown = (await app.result("crm.activity.configurable.get", {"id": record}))["activity"]
    assert shown["fields"]["completed"] is True
    assert shown["fields"]["pingOffsets"] == [300]
    assert shown["fields"]["badgeCode"] == "missed"
    assert shown["layout"] == LAYOUT
    incoming = {"isIncomingChannel": "Y", "deadline": "2026-03-05T10:00:00+03:00"}
    refused = await app.refused("crm.activity.configurable.update", {"id": record, "fields": incoming})
    assert refused == (400, "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE")
    _, answer = await write.refused("crm.activity.configurable.get", {"id": record})
    assert answer["error"] == "ERROR_WRONG_CONTEXT"

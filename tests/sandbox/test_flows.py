"""Flows of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller, http

FLOW: dict[str, Any] = {
    "name": "Ремонт",
    "plannedCompletionTime": 7200,
    "distributionType": "manually",
    "responsibleList": [["user", "3"]],
    "notifyAtHalfTime": 1,
    "notifyOnQueueOverflow": 10,
}


async def _flow(write: Caller, **fields: object) -> dict[str, Any]:
    made: dict[str, Any] = await write.result("tasks.flow.Flow.create", {"flowData": {**FLOW, **fields}})
    return made


async def test_a_flow_is_created_read_updated_and_deleted(write: Caller) -> None:
    flow = await _flow(write)
    assert (flow["creatorId"], flow["ownerId"], flow["active"], flow["demo"]) == (1, 1, True, False)
    assert (flow["notifyAtHalfTime"], flow["matchWorkTime"], flow["taskControl"]) == (True, True, False)
    assert (flow["notifyOnQueueOverflow"], flow["notifyWhenEfficiencyDecreases"]) == (10, None)
    assert flow["team"] == flow["responsibleList"] == [["user", "3"]]
    assert flow["taskCreators"] == [["meta-user", "all-users"]]
    assert await write.result("tasks.flow.Flow.get", {"flowId": flow["id"]}) == flow
    changed = {"id": flow["id"], "description": "x", "plannedCompletionTime": 60}
    updated = await write.result("tasks.flow.Flow.update", {"flowData": changed})
    assert updated == {**flow, **changed}
    assert await write.result("tasks.flow.Flow.delete", {"flowData": {"id": flow["id"]}}) == {"deleted": True}
    _, answer = await write.refused("tasks.flow.Flow.get", {"flowId": flow["id"]})
    assert answer == {"error": "0", "error_description": "Flow not found"}


async def test_a_flow_without_a_group_gets_a_new_one(write: Caller) -> None:
    flow = await _flow(write)
    (group,) = await write.result("sonet_group.get", {"FILTER": {"ID": flow["groupId"]}})
    assert group["NAME"] == FLOW["name"]
    assert (await _flow(write, name="Второй", groupId=1))["groupId"] == 1


async def test_the_name_of_a_flow_is_unique(write: Caller) -> None:
    flow = await _flow(write)
    _, answer = await write.refused("tasks.flow.Flow.create", {"flowData": FLOW})
    assert answer == {"error": "0", "error_description": "A flow with this name already exists"}
    for asked, exists in (
        ({"name": FLOW["name"]}, True),
        ({"name": FLOW["name"], "id": flow["id"]}, False),
        ({"name": "x"}, False),
    ):
        assert await write.result("tasks.flow.Flow.isExists", {"flowData": asked}) == {"exists": exists}


async def test_a_flow_is_switched_off_and_on(write: Caller) -> None:
    flow = await _flow(write)
    for active in (False, True):
        assert await write.result("tasks.flow.Flow.activate", {"flowId": flow["id"]}) is True
        assert (await write.result("tasks.flow.Flow.get", {"flowId": flow["id"]}))["active"] is active
    assert await write.result("tasks.flow.Flow.pin", {"flowId": flow["id"]}) is True
    _, answer = await write.refused("tasks.flow.Flow.pin", {"flowId": 99})
    assert answer["error_description"] == "Flow not found"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"distributionType": "random"}, "'distributionType': field's value has an invalid value"),
        ({"plannedCompletionTime": ""}, "'plannedCompletionTime': field is required"),
    ],
)
async def test_wrong_values_of_a_flow_are_named(call: Caller, changed: dict[str, str], text: str) -> None:
    _, answer = await call.refused("tasks.flow.Flow.create", {"flowData": {**FLOW, **changed}})
    assert answer == {"error": "0", "error_description": text}


async def test_others_may_not_change_a_flow(own: Sandbox) -> None:
    async with http(own) as client:
        flow = await _flow(Caller(own, client))
        seller = Caller(own, client)
        seller.base = f"/rest/{USER_WEBHOOK}/"
        change = {"flowData": {"id": flow["id"], "name": "x"}}
        for verb in ("update", "delete"):
            _, answer = await seller.refused(f"tasks.flow.Flow.{verb}", change)
            assert answer["error_description"] == "Access denied or flow not found"
        assert (await seller.result("tasks.flow.Flow.get", {"flowId": flow["id"]}))["name"] == FLOW["name"]

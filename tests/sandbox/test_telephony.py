"""External calls and widgets, which applications register."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Caller


async def _app(write: Caller, method: str, params: dict[str, Any]) -> dict[str, Any]:
    token = write.sandbox.portal.oauth.issue().access_token
    response = await write.http.post(f"/rest/{method}?auth={token}", json=params)
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_webhook_cannot_register_widgets(call: Caller) -> None:
    status, answer = await call.refused("placement.bind")
    assert (status, answer["error"]) == (403, "WRONG_AUTH_TYPE")


async def test_a_registered_and_finished_call_is_in_the_statistics(write: Caller) -> None:
    sent = {"USER_PHONE_INNER": "103", "PHONE_NUMBER": "+70005551234", "TYPE": 2, "EXTERNAL_CALL_ID": "ext-1"}
    number = (await _app(write, "telephony.externalCall.register", sent))["result"]["CALL_ID"]
    assert number.startswith("externalCall.")
    assert (await _app(write, "telephony.externalCall.register", sent))["result"]["CALL_ID"] == number
    assert await write.result("voximplant.statistic.get") == []
    finish = {"CALL_ID": number, "USER_ID": 3, "DURATION": 95, "VOTE": 5}
    finished = (await _app(write, "telephony.externalCall.finish", finish))["result"]
    assert (finished["PORTAL_USER_ID"], finished["CALL_DURATION"], finished["CALL_FAILED_CODE"]) == (3, 95, "200")
    answer = await write("voximplant.statistic.get", {"FILTER": {">CALL_DURATION": 60}, "SORT": "ID", "ORDER": "DESC"})
    row = answer["result"][0]
    assert (row["CALL_ID"], row["CALL_DURATION"], row["COST"]) == (number, "95", "0.0000")
    assert answer["total"] == 1


async def test_a_call_requires_a_user_and_a_known_type(write: Caller) -> None:
    unassigned = await _app(write, "telephony.externalCall.register", {"PHONE_NUMBER": "1", "TYPE": 1})
    assert unassigned["error_description"] == "USER_ID or USER_PHONE_INNER should be set"
    former = await _app(write, "telephony.externalCall.register", {"USER_ID": 20, "PHONE_NUMBER": "1", "TYPE": 1})
    assert former["error_description"] == "User is not found or is not active"
    odd = await _app(write, "telephony.externalCall.register", {"USER_ID": 3, "PHONE_NUMBER": "1", "TYPE": 9})
    assert odd["error_description"] == "Unknown TYPE"
    finish = await _app(write, "telephony.externalCall.finish", {"CALL_ID": 5})
    assert finish["error"] == "INVALID_ARGUMENT"


async def test_widgets_are_bound_once_and_counted_when_unbound(write: Caller) -> None:
    widget = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://a.example.com/x", "TITLE": "Вкладка"}
    assert (await _app(write, "placement.bind", widget))["result"] is True
    again = await _app(write, "placement.bind", widget)
    assert again["error_description"] == "Unable to set placement handler: Handler already binded"
    bound = (await _app(write, "placement.get", {}))["result"]
    assert [(row["placement"], row["handler"], row["title"]) for row in bound] == [
        ("CRM_DEAL_DETAIL_TAB", "https://a.example.com/x", "Вкладка")
    ]
    assert (await _app(write, "placement.unbind", {"PLACEMENT": "CRM_DEAL_DETAIL_TAB"}))["result"] == {"count": 1}
    empty = await _app(write, "placement.bind", {"HANDLER": "https://a.example.com"})
    assert (empty["error"], empty["argument"]) == ("ERROR_ARGUMENT", "PLACEMENT")
    assert "LEFT_MENU" in (await _app(write, "placement.list", {}))["result"]


async def test_a_sip_line_belongs_to_its_application_and_becomes_the_outgoing_line(write: Caller) -> None:
    line = (await write("voximplant.sip.add", {"SERVER": "sip.example.com", "LOGIN": "a"}))["result"]
    assert (line["TYPE"], line["CONFIG_ID"], line["TITLE"]) == ("cloud", line["ID"], "")
    assert (await write("voximplant.line.get", {}))["result"] == {f"reg{line['REG_ID']}": f"Cloud PBX ({line['ID']})"}
    assert (await write("voximplant.line.outgoing.set", {"LINE_ID": "reg1"}))["result"] == 1
    assert (await write("voximplant.line.outgoing.get", {}))["result"] == ""
    assert (await write("voximplant.line.outgoing.sip.set", {"CONFIG_ID": line["CONFIG_ID"]}))["result"] == 1
    assert (await write("voximplant.line.outgoing.get", {}))["result"] == f"reg{line['REG_ID']}"
    other = await _app(write, "voximplant.sip.delete", {"CONFIG_ID": line["CONFIG_ID"]})
    assert other["error_description"] == "Specified CONFIG_ID is not found"
    assert (await write("voximplant.sip.delete", {"CONFIG_ID": line["CONFIG_ID"]}))["result"] == 1
    assert (await write("voximplant.sip.get", {}))["total"] == 0


async def test_a_sip_line_is_named_once_and_ten_are_in_the_cloud(write: Caller) -> None:
    for number in range(10):
        await write("voximplant.sip.add", {"SERVER": "a", "LOGIN": "b", "TITLE": f"Line {number}"})
    _, again = await write.refused("voximplant.sip.add", {"SERVER": "a", "LOGIN": "b", "TITLE": "Line 3"})
    assert again["error"] == "TITLE_EXISTS"
    _, more = await write.refused("voximplant.sip.add", {"SERVER": "a", "LOGIN": "b"})
    assert more["error"] == "MAX_CLOUD_PBX"
    office = (await write("voximplant.sip.add", {"SERVER": "a", "LOGIN": "b", "TYPE": "office"}))["result"]
    assert office["INCOMING_LOGIN"] == f"sip{office['ID']}"
    assert "REG_ID" not in office


async def test_the_phone_of_a_user_is_activated(write: Caller) -> None:
    assert (await write("voximplant.user.activatePhone", {"USER_ID": 2}))["result"] == 1
    assert (await write("voximplant.user.get", {"USER_ID": [2]}))["result"][0]["PHONE_ENABLED"] == "Y"

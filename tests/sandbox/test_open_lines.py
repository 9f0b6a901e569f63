"""Connectors of applications to open lines."""

from __future__ import annotations

import pytest

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller

CONNECTOR = {
    "ID": "mine",
    "NAME": "Mine",
    "ICON": {"DATA_IMAGE": "data:image/svg+xml"},
    "PLACEMENT_HANDLER": "https://example.com/",
}
MESSAGE = {"user": {"id": "585"}, "message": {"id": "m1", "text": "Hello"}, "chat": {"id": "c1"}}


async def _line(write: Caller) -> int:
    sent = {"PARAMS": {"select": ["ID"], "filter": {"ACTIVE": "Y"}, "limit": 1}}
    lines = await write.result("imopenlines.config.list.get", sent)
    assert [list(line) for line in lines] == [["ID"]]
    return int(lines[0]["ID"])


async def test_a_connector_is_listed_until_it_is_unregistered(write: Caller) -> None:
    app = AsApplication(write)
    assert await app.result("imconnector.register", CONNECTOR) == {"result": True}
    assert (await app.result("imconnector.list"))["mine"] == "Mine"
    assert await app.result("imconnector.register", {**CONNECTOR, "NAME": "Other"}) == {"result": True}
    assert (await app.result("imconnector.list"))["mine"] == "Other"
    assert await app.result("imconnector.unregister", {"ID": "mine"}) == {"result": True}
    assert "mine" not in await app.result("imconnector.list")
    refused = await app.refused("imconnector.unregister", {"ID": "mine"})
    assert refused == (200, "APPLICATION_UNREGISTRATION_ERROR")
    for method in ("imconnector.register", "imconnector.list"):
        status, answer = await write.refused(method, CONNECTOR)
        assert (status, answer["error"]) == (403, "WRONG_AUTH_TYPE")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ID": ""}, "CONNECTOR_ID_REQUIRED"),
        ({"ID": "my.own"}, "APPLICATION_REGISTRATION_ERROR_POINT"),
        ({"NAME": 5}, "NAME_REQUIRED"),
        ({"ICON": {}}, "ICON_REQUIRED"),
        ({"PLACEMENT_HANDLER": ""}, "NO_PLACEMENT_HANDLER"),
    ],
)
async def test_a_refused_registration_has_status_200(write: Caller, change: dict[str, object], code: str) -> None:
    app = AsApplication(write)
    assert await app.refused("imconnector.register", {**CONNECTOR, **change}) == (200, code)
    assert "mine" not in await app.result("imconnector.list")


async def test_messages_pass_only_while_the_connector_is_on(write: Caller) -> None:
    app, line = AsApplication(write), await _line(write)
    await app.result("imconnector.register", CONNECTOR)
    place = {"CONNECTOR": "mine", "LINE": line}
    sent = {**place, "MESSAGES": [MESSAGE]}
    assert await app.refused("imconnector.send.messages", sent) == (400, "NOT_ACTIVE_LINE")
    assert (await app.result("imconnector.status", place))["STATUS"] is False
    assert await app.result("imconnector.activate", {**place, "ACTIVE": "1"}) is True
    assert (await app.result("imconnector.status", place))["STATUS"] is True
    for action in ("send", "update", "delete"):
        answer = await app.result(f"imconnector.{action}.messages", sent)
        assert answer == {"SUCCESS": True, "DATA": {"RESULT": [{**MESSAGE, "user": "585", "SUCCESS": True}]}}
    for action in ("delivery", "reading"):
        assert await app.result(f"imconnector.send.status.{action}", sent) == {"SUCCESS": True, "DATA": []}
    await app.result("imconnector.activate", {**place, "ACTIVE": "0"})
    assert await app.refused("imconnector.send.messages", sent) == (400, "NOT_ACTIVE_LINE")


@pytest.mark.parametrize("missing", ["CONNECTOR", "LINE", "ACTIVE"])
async def test_an_argument_that_is_missing_is_named(write: Caller, missing: str) -> None:
    sent = {"CONNECTOR": "mine", "LINE": 1, "ACTIVE": "1"}
    refused = await AsApplication(write).refused(
        "imconnector.activate", {name: value for name, value in sent.items() if name != missing}
    )
    assert refused == (400, "ERROR_ARGUMENT")


async def test_an_open_line_is_read_by_its_id(call: Caller) -> None:
    line = await _line(call)
    assert (await call.result("imopenlines.config.get", {"CONFIG_ID": line}))["ACTIVE"] == "Y"
    assert await call.result("imopenlines.config.get", {"CONFIG_ID": 99}) is False
    _, answer = await call.refused("imopenlines.config.get")
    assert answer["error"] == "CONFIG_ID_EMPTY"
    assert await call.result("imopenlines.config.list.get", {"PARAMS": {"filter": {"ACTIVE": "N"}}}) == []

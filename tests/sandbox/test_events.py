"""Events: only applications bind them; handlers receive form posts, the offline queue is read by calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import anyio
import pytest

from tests.sandbox.conftest import Caller


class App:
    """A client with an access token of the application."""

    def __init__(self, write: Caller, user: int = 1) -> None:
        self.write = write
        self.token = write.sandbox.portal.oauth.issue(user).access_token

    async def __call__(self, method: str, params: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        response = await self.write.http.post(f"/rest/{method}", json=params or {}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def result(self, method: str, params: object = None) -> Any:
        answer = await self(method, params)
        assert "error" not in answer, answer
        return answer["result"]


@pytest.fixture
async def app(write: Caller) -> App:
    return App(write)


@pytest.fixture
def handler() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A handler on loopback: its address and the received posts."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got.append({name: items[-1] for name, items in parse_qs(body, keep_blank_values=True).items()})
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/handler", got
        server.shutdown()
        thread.join()


async def _settled(write: Caller) -> None:
    await anyio.to_thread.run_sync(write.sandbox.portal.events.deliveries.settle)


@pytest.mark.parametrize("method", ["events", "event.bind", "event.get", "event.offline.get", "event.offline.list"])
async def test_a_webhook_cannot_use_events(call: Caller, method: str) -> None:
    status, answer = await call.refused(method)
    assert (status, answer["error"]) == (403, "WRONG_AUTH_TYPE")


async def test_an_added_task_is_sent_to_the_handler_as_a_form(
    app: App, write: Caller, handler: tuple[str, list[dict[str, str]]]
) -> None:
    address, got = handler
    assert await app.result("event.bind", {"event": "OnTaskAdd", "handler": address}) is True
    task = await write.result("task.item.add", [{"TITLE": "x", "RESPONSIBLE_ID": 1}])
    await _settled(write)
    assert len(got) == 1
    post = got[0]
    assert (post["event"], post["data[FIELDS_AFTER][ID]"]) == ("ONTASKADD", str(task))
    assert (post["data[FIELDS_BEFORE]"], post["data[IS_ACCESSIBLE_AFTER]"]) == ("undefined", "undefined")
    assert post["ts"] == "1772355600"
    application = write.sandbox.portal.oauth.application
    assert post["auth[application_token]"] == application.application_token
    assert post["auth[member_id]"] == application.member_id
    assert (post["auth[domain]"], post["auth[client_endpoint]"]) == ("127.0.0.1", "http://127.0.0.1/rest/")
    assert post["auth[expires_in]"] == "3600"
    assert "auth[refresh_token]" not in post


async def test_the_token_of_an_event_belongs_to_its_cause_or_to_auth_type(
    app: App, write: Caller, handler: tuple[str, list[dict[str, str]]]
) -> None:
    address, got = handler
    await app.result("event.bind", {"event": "ONTASKDELETE", "handler": address, "auth_type": 5})
    await write.result("tasks.task.delete", {"taskId": 7})
    await _settled(write)
    app.token = got[0]["auth[access_token]"]
    assert (await app.result("profile"))["ID"] == "5"


async def test_a_chain_of_events_ends_after_seven_hops(
    app: App, write: Caller, handler: tuple[str, list[dict[str, str]]]
) -> None:
    address, got = handler
    await app.result("event.bind", {"event": "ONTASKUPDATE", "handler": address})
    for number in range(9):
        await app.result("tasks.task.update", {"taskId": 7, "fields": {"TITLE": f"№{number}"}})
        await _settled(write)
        app.token = got[-1]["auth[access_token]"]
    assert len(got) == 7


async def test_a_handler_on_another_host_is_bound_but_never_called(app: App, write: Caller) -> None:
    await app.result("event.bind", {"event": "ONTASKADD", "handler": "https://handler.example.com/x"})
    await write.result("task.item.add", [{"TITLE": "x", "RESPONSIBLE_ID": 1}])
    await _settled(write)
    assert "b24-sandbox-events" not in {thread.name for thread in threading.enumerate()}


async def test_an_unreachable_handler_does_not_affect_calls(app: App, write: Caller) -> None:
    await app.result("event.bind", {"event": "ONTASKADD", "handler": "http://127.0.0.1:9/x"})
    assert await write.result("task.item.add", [{"TITLE": "x", "RESPONSIBLE_ID": 1}]) == 151
    await _settled(write)
    assert await write.result("task.item.add", [{"TITLE": "y", "RESPONSIBLE_ID": 1}]) == 152


async def test_bindings_are_listed_and_counted_and_duplicates_are_refused(app: App) -> None:
    one = {"event": "ONCRMDEALADD", "handler": "https://a.example.com/x"}
    await app.result("event.bind", one)
    again = await app("event.bind", one)
    assert again == {"error": "ERROR_CORE", "error_description": "Unable to set event handler: Handler already binded"}
    await app.result("event.bind", {**one, "auth_type": 5})
    await app.result("event.bind", {"event": "ONCRMDEALADD", "event_type": "offline"})
    assert await app.result("event.get") == [
        {"event": "ONCRMDEALADD", "handler": "https://a.example.com/x", "auth_type": "0", "offline": 0},
        {"event": "ONCRMDEALADD", "handler": "https://a.example.com/x", "auth_type": "5", "offline": 0},
        {"event": "ONCRMDEALADD", "connector_id": "", "offline": 1},
    ]
    assert await app.result("event.unbind", {**one, "auth_type": 5}) == {"count": 1}
    assert await app.result("event.unbind", {"event": "ONCRMDEALADD", "event_type": "offline"}) == {"count": 1}
    assert await app.result("event.unbind", one) == {"count": 1}
    assert await app.result("event.unbind", one) == {"count": 0}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"event": "ONNOSUCH", "handler": "https://a.example.com"}, "ERROR_EVENT_NOT_FOUND"),
        ({"event": "ONTASKADD", "handler": "ftp://a.example.com"}, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"event": "ONTASKADD", "handler": "http://localhost/x"}, "ERROR_WRONG_HANDLER_URL"),
        ({"event": "ONTASKADD"}, "ERROR_ARGUMENT"),
        ({"handler": "https://a.example.com"}, "ERROR_ARGUMENT"),
    ],
    ids=["event", "protocol", "host", "no handler", "no event"],
)
async def test_an_invalid_binding_is_refused(app: App, params: object, code: str) -> None:
    assert (await app("event.bind", params))["error"] == code


async def test_events_are_listed_by_scope(app: App) -> None:
    assert await app.result("events", {"SCOPE": "user"}) == ["ONUSERADD"]
    assert {"ONAPPTEST", "ONTASKADD", "ONCRMDEALADD"} <= set(await app.result("events"))


async def test_users_without_rights_cannot_read_the_queue(write: Caller) -> None:
    seller = App(write, 3)
    assert (await seller("event.offline.get"))["error"] == "ACCESS_DENIED"
    answer = await seller("event.bind", {"event": "ONTASKADD", "event_type": "offline"})
    assert answer["error_description"] == ("Access denied! Offline events binding requires administrator access rights")
    answer = await seller("event.bind", {"event": "ONTASKADD", "handler": "https://a.example.com/", "auth_type": 1})
    assert answer["error"] == "ACCESS_DENIED"


async def test_equal_changes_are_one_record_in_the_queue_and_reading_empties_it(app: App, write: Caller) -> None:
    await app.result("event.bind", {"event": "ONTASKUPDATE", "event_type": "offline"})
    for title in ("а", "б", "в"):
        await write.result("tasks.task.update", {"taskId": 7, "fields": {"TITLE": title}})
    await write.result("tasks.task.update", {"taskId": 8, "fields": {"TITLE": "г"}})
    listed = await app("event.offline.list")
    assert (listed["total"], len(listed["result"])) == (2, 2)
    taken = await app.result("event.offline.get", {"limit": 1})
    assert taken["process_id"] is None
    event = taken["events"][0]
    assert (event["EVENT_NAME"], event["EVENT_ADDITIONAL"], len(event["MESSAGE_ID"])) == (
        "ONTASKUPDATE",
        {"user_id": 1},
        32,
    )
    assert event["EVENT_DATA"]["FIELDS_AFTER"] == {"ID": 7}
    assert (await app("event.offline.list"))["total"] == 1


async def test_reserved_records_are_hidden_until_cleared_or_failed(app: App, write: Caller) -> None:
    await app.result("event.bind", {"event": "ONTASKUPDATE", "event_type": "offline"})
    for task in (7, 8, 9):
        await write.result("tasks.task.update", {"taskId": task, "fields": {"TITLE": "x"}})
    package = await app.result("event.offline.get", {"clear": 0})
    process, events = package["process_id"], package["events"]
    assert (len(process), len(events)) == (32, 3)
    assert (await app.result("event.offline.get", {"clear": 0}))["events"] == []
    assert len((await app.result("event.offline.get", {"clear": 0, "process_id": process}))["events"]) == 3
    assert await app.result("event.offline.clear", {"process_id": process, "id": [events[0]["ID"]]}) is True
    failed = {"process_id": process, "message_id": [events[1]["MESSAGE_ID"]]}
    assert await app.result("event.offline.error", failed) is True
    assert await app.result("event.offline.clear", {"process_id": process}) is True
    rest = await app.result("event.offline.list")
    assert [(row["MESSAGE_ID"], row["ERROR"], row["PROCESS_ID"]) for row in rest] == [
        (events[1]["MESSAGE_ID"], "1", "")
    ]
    assert (await app.result("event.offline.get"))["events"] == []
    assert len((await app.result("event.offline.get", {"error": 1}))["events"]) == 1


async def test_an_applications_own_changes_are_not_queued_for_it(app: App, write: Caller) -> None:
    mine = {"auth_connector": "app1"}
    await app.result("event.bind", {"event": "ONTASKUPDATE", "event_type": "offline", **mine})
    await app.result("tasks.task.update", {"taskId": 7, "fields": {"TITLE": "x"}, **mine})
    assert (await app("event.offline.list", mine))["total"] == 0
    await app.result("tasks.task.update", {"taskId": 8, "fields": {"TITLE": "x"}})
    assert (await app("event.offline.list", mine))["total"] == 1
    assert (await app("event.offline.list"))["total"] == 0

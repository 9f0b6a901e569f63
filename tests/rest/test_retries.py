"""Which calls are retried after a failure, and which never are."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import Failed, NotRun, Portal, Succeeded
from tests.fake_portal import FakeClock, FakePortal, PortalError, Reply, noting, open_portal

HTML = "text/html"
OK = Reply({"result": 1, "time": {}})
LIMIT = Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, 503)
OPERATING = Reply({"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"}, 429)
BAD_GATEWAY = Reply("<html>", 502, HTML)
TRUNCATED = Reply(b'{"result": [1, 2')
PAGE = Reply("<html>Sign in</html>", 200, HTML)
BROKEN = Reply({"error": "INTERNAL_SERVER_ERROR", "error_description": "x"}, 500)
REFUSED = Reply({"error": "ERROR_ARGUMENT", "error_description": "x"}, 400)
WRITE: tuple[str, dict[str, Any]] = ("crm.deal.add", {"fields": {"TITLE": "x"}})
READ: tuple[str, dict[str, Any]] = ("crm.deal.list", {})


async def outcome(portal: Portal, call: tuple[str, dict[str, Any]]) -> Any:
    try:
        return (await portal.call(*call)).result
    except B24Error as exc:
        return exc.fault


@pytest.mark.parametrize("refusal", [LIMIT, OPERATING])
@pytest.mark.parametrize("call", [READ, WRITE])
async def test_a_call_refused_by_a_limit_is_retried_even_if_it_writes(refusal: Reply, call: Any) -> None:
    fake, clock = FakePortal([refusal, refusal, OK]), FakeClock()
    async with open_portal(fake, clock=clock, deadline=100, plan="basic") as portal:
        assert await outcome(portal, call) == 1
    assert len(fake.requests) == 3
    assert sum(clock.slept) > 1


@pytest.mark.parametrize("failures", [[BAD_GATEWAY, BAD_GATEWAY], [TRUNCATED, BROKEN], [PAGE], [BROKEN, BAD_GATEWAY]])
async def test_a_read_whose_answer_was_lost_is_retried(failures: list[Reply]) -> None:
    fake = FakePortal([*failures, OK])
    async with open_portal(fake, deadline=100) as portal:
        assert await outcome(portal, READ) == 1
    assert len(fake.requests) == len(failures) + 1


@pytest.mark.parametrize("failure", [PAGE, TRUNCATED, BROKEN, Reply("<b>Fatal error</b>", 500, HTML)])
async def test_a_bad_response_that_comes_twice_is_not_requested_a_third_time(failure: Reply) -> None:
    fake, clock = FakePortal([failure] * 9), FakeClock()
    async with open_portal(fake, clock=clock, deadline=55) as portal:
        assert (await outcome(portal, READ)).executed == "unknown"
    assert len(fake.requests) == 2
    assert sum(clock.slept) < 2


@pytest.mark.parametrize("failure", [BAD_GATEWAY, TRUNCATED, BROKEN])
async def test_a_write_whose_answer_was_lost_is_not_retried_and_says_so(failure: Reply) -> None:
    fake = FakePortal([failure, OK])
    async with open_portal(fake, deadline=100) as portal:
        fault = await outcome(portal, WRITE)
    assert len(fake.requests) == 1
    assert (fault.executed, fault.retryable) == ("unknown", False)
    assert "read the record back" in fault.hint


async def test_a_method_that_is_not_known_to_read_counts_as_writing() -> None:
    fake = FakePortal([BAD_GATEWAY, OK])
    async with open_portal(fake, deadline=100) as portal:
        fault = await outcome(portal, ("event.offline.get", {}))
    assert len(fake.requests) == 1
    assert fault.executed == "unknown"


@pytest.mark.parametrize("call", [READ, WRITE])
async def test_a_refusal_by_the_method_is_final(call: Any) -> None:
    fake = FakePortal([REFUSED, OK])
    async with open_portal(fake, deadline=100) as portal:
        assert (await outcome(portal, call)).code == "ERROR_ARGUMENT"
    assert len(fake.requests) == 1


async def test_the_pauses_grow_and_end_before_the_deadline() -> None:
    fake, clock = FakePortal([LIMIT] * 50), FakeClock()
    begin = clock.time
    async with open_portal(fake, clock=clock, deadline=20) as portal:
        fault = await outcome(portal, READ)
    assert fault.code == "QUERY_LIMIT_EXCEEDED"
    assert clock.time - begin <= 20
    assert len(clock.slept) >= 3
    assert clock.slept[-1] > 1.5 * clock.slept[0]


async def test_retries_of_a_hanging_portal_end() -> None:
    fake = FakePortal([BAD_GATEWAY] * 50)
    async with open_portal(fake, deadline=100_000) as portal:
        assert (await outcome(portal, READ)).executed == "unknown"
    assert len(fake.requests) == 9


def batch_answer(result: dict[str, Any], errors: dict[str, Any] | None = None) -> Reply:
    return Reply({"result": {"result": result, "result_error": errors or [], "result_time": []}, "time": {}})


def labels(fake: FakePortal) -> list[list[str]]:
    return [list(request.json["cmd"]) for request in fake.requests]


async def test_in_a_batch_only_what_a_limit_refused_is_sent_again() -> None:
    refused = {"error": "OPERATION_TIME_LIMIT", "error_description": "x"}
    fake = FakePortal([batch_answer({"a": 1, "c": 3}, {"b": refused}), batch_answer({"b": 2})])
    commands = {name: {"method": "crm.deal.add", "params": {"fields": {"TITLE": name}}} for name in "abc"}
    async with open_portal(fake, deadline=1_000) as portal:
        answer = await portal.batch(commands)
    assert labels(fake) == [["a", "b", "c"], ["b"]]
    assert [out.answer.result for out in answer.outcomes.values() if isinstance(out, Succeeded)] == [1, 2, 3]


async def test_with_halt_a_refused_command_and_all_after_it_are_sent_again() -> None:
    refused = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}
    answers = [batch_answer({"a": 1}, {"b": refused}), batch_answer({"b": 2, "c": 3}), batch_answer({"d": 4})]
    fake = FakePortal(answers)
    commands = {name: {"method": "crm.deal.add", "params": {"fields": {"TITLE": name}}} for name in "abcd"}
    commands["d"]["params"] = {"fields": {"PARENT": "$result[b]"}}
    async with open_portal(fake, deadline=1_000) as portal:
        answer = await portal.batch(commands, halt=True)
    assert labels(fake) == [["a", "b", "c"], ["b", "c"], ["d"]]
    assert fake.requests[2].json["cmd"]["d"].endswith("fields[PARENT]=2")
    assert all(isinstance(out, Succeeded) for out in answer.outcomes.values())


async def test_a_read_that_refers_to_a_refused_command_is_sent_again_with_it() -> None:
    refused = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}
    first = batch_answer({"b": {"ID": "1"}, "c": 1}, {"a": refused})
    fake = FakePortal([first, batch_answer({"a": 7, "b": {"ID": "7"}})])
    commands: dict[str, Any] = {
        "a": {"method": "crm.contact.add", "params": {"fields": {"NAME": "a"}}},
        "b": {"method": "crm.contact.get", "params": {"id": "$result[a]"}},
        "c": {"method": "crm.contact.add", "params": {"fields": {"NAME": "c"}}},
    }
    async with open_portal(fake, deadline=1_000) as portal:
        answer = await portal.batch(commands)
    assert labels(fake) == [["a", "b", "c"], ["a", "b"]]
    assert [out.answer.result for out in answer.outcomes.values() if isinstance(out, Succeeded)] == [7, {"ID": "7"}, 1]


async def test_a_command_that_refers_to_one_refused_by_limits_is_not_run_and_has_no_result() -> None:
    refused = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}
    ran: list[Any] = []

    def limited(_: Any) -> Any:
        raise PortalError(refused["error"], refused["error_description"])

    methods = {
        "crm.contact.add": limited,
        "crm.contact.get": lambda _: {"ID": "1"},
        "crm.contact.update": noting(ran, True),
    }
    commands: dict[str, Any] = {
        "a": {"method": "crm.contact.add", "params": {"fields": {"NAME": "a"}}},
        "b": {"method": "crm.contact.get", "params": {"id": "$result[a]"}},
        "c": {"method": "crm.contact.update", "params": {"id": "$result[b][ID]", "fields": {"NAME": "c"}}},
    }
    async with open_portal(FakePortal(methods=methods), deadline=1_000) as portal:
        answer = await portal.batch(commands)
    assert ran == []
    assert isinstance(answer.outcomes["b"], Failed)
    assert answer.outcomes["c"] == NotRun("it refers to b, which failed")


async def test_a_command_that_is_refused_again_and_again_is_reported() -> None:
    refused = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}
    fake = FakePortal([batch_answer({}, {"a": refused})] * 20)
    async with open_portal(fake, deadline=1_000) as portal:
        answer = await portal.batch({"a": {"method": "crm.deal.add"}})
    out = answer.outcomes["a"]
    assert isinstance(out, Failed)
    assert (out.error.fault.code, out.error.fault.executed) == ("QUERY_LIMIT_EXCEEDED", "no")
    assert len(fake.requests) == 5


async def test_of_a_lost_batch_only_the_reads_are_sent_again() -> None:
    fake = FakePortal([BAD_GATEWAY, batch_answer({"read": [], "last": []})])
    commands: dict[str, dict[str, Any]] = {
        "read": {"method": "crm.deal.list"},
        "write": {"method": "crm.deal.add"},
        "dependent": {"method": "crm.deal.get", "params": {"id": "$result[write]"}},
        "last": {"method": "crm.lead.list"},
    }
    async with open_portal(fake, deadline=100) as portal:
        answer = await portal.batch(commands)
    assert labels(fake)[1] == ["read", "last"]
    assert isinstance(answer.outcomes["read"], Succeeded)
    assert isinstance(answer.outcomes["last"], Succeeded)
    write, dependent = answer.outcomes["write"], answer.outcomes["dependent"]
    assert isinstance(write, Failed)
    assert write.error.fault.executed == "unknown"
    assert dependent == NotRun("it refers to write, which failed")
    assert answer.error is not None


async def test_a_lost_batch_with_halt_leaves_everything_open_and_sends_nothing_more() -> None:
    fake = FakePortal([TRUNCATED, batch_answer({})])
    commands = {f"c{n}": {"method": "crm.deal.add" if n % 2 else "crm.deal.list"} for n in range(60)}
    async with open_portal(fake, deadline=100) as portal:
        answer = await portal.batch(commands, halt=True)
    assert len(fake.requests) == 1
    states = [type(out) for out in answer.outcomes.values()]
    assert states == [Failed] * 50 + [NotRun] * 10


async def test_a_batch_that_only_reads_is_sent_again_as_a_whole() -> None:
    fake = FakePortal([BAD_GATEWAY, batch_answer({"a": 1, "b": 2})])
    async with open_portal(fake, deadline=100) as portal:
        answer = await portal.batch({"a": {"method": "profile"}, "b": {"method": "user.current"}})
    assert labels(fake) == [["a", "b"], ["a", "b"]]
    assert answer.error is None
    assert all(isinstance(out, Succeeded) for out in answer.outcomes.values())


async def test_cancelling_stops_waiting_and_sending() -> None:
    class EndlessClock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await anyio.sleep_forever()

    fake = FakePortal([LIMIT, OK])
    async with open_portal(fake, clock=EndlessClock(), deadline=100) as portal, anyio.create_task_group() as tasks:
        tasks.start_soon(outcome, portal, READ)
        with anyio.fail_after(5):
            while not fake.requests:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert len(fake.requests) == 1

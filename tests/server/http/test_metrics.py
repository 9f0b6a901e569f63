"""What is counted: calls by tool and outcome, requests, retries, waits and errors, without names and values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.app.people_portals import PeoplePortals
from b24_mcp.rest.observer import NOBODY, observe
from b24_mcp.state import open_state
from tests.fake_portal import FakePortal, Reply, open_portal
from tests.loopback import LoopbackPortal
from tests.people.conftest import logins, people
from tests.people.kit import Portal
from tests.people.test_open_people import somebody
from tests.server.conftest import CallTool

pytest.importorskip("opentelemetry.sdk")

__all__ = ["logins", "people"]


class Counted:
    """The metrics that were counted so far, as `{name: {attributes: value}}`; of a duration, how many there were."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader

        from b24_mcp.server.http.metrics import CollectedMetrics

        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider([self._reader])
        observe(CollectedMetrics(self._provider.get_meter("test")))

    def read(self) -> dict[str, dict[tuple[Any, ...], Any]]:
        data = self._reader.get_metrics_data()
        assert data is not None
        found: dict[str, dict[tuple[Any, ...], Any]] = {}
        for metric in [one for all in data.resource_metrics for scope in all.scope_metrics for one in scope.metrics]:
            for point in metric.data.data_points:
                value = point.count if hasattr(point, "count") else point.value
                found.setdefault(metric.name, {})[tuple((point.attributes or {}).values())] = value
        return found

    def close(self) -> None:
        observe(NOBODY)
        self._provider.shutdown()


@pytest.fixture
def counted() -> Iterator[Counted]:
    opened = Counted()
    yield opened
    opened.close()


async def test_calls_are_counted_by_tool_and_outcome(
    portal: LoopbackPortal, call_tool: CallTool, counted: Counted
) -> None:
    await call_tool("read_method", method="profile")
    await call_tool("read_method", method="profile")
    await call_tool("read_method", method="crm.deal.get", params={"id": 999_999})
    await call_tool("call_method", method="crm.deal.delete", params={"id": 1})
    found = counted.read()
    assert found["b24_mcp.tool.calls"] == {
        ("read_method", "ok"): 2,
        ("read_method", "not_found"): 1,
        ("call_method", "approval"): 1,
    }
    assert found["b24_mcp.tool.duration"]["read_method", "ok"] == 2
    assert found["b24_mcp.errors"]["B24MCP_APPROVAL",] == 1
    assert found["b24_mcp.portal.requests"]["v2", "ok"] >= 2
    assert sum(found["b24_mcp.limiter.wait"].values()) == sum(found["b24_mcp.portal.requests"].values())


async def test_retries_and_unknown_codes_are_counted_without_the_text_of_the_portal(counted: Counted) -> None:
    busy = Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}, 503)
    strange = Reply({"error": "SECRET OF A PERSON", "error_description": "x"}, 400)
    async with open_portal(FakePortal([busy, strange]), deadline=60) as portal:
        with pytest.raises(Exception, match="SECRET"):
            await portal.call("profile")
    found = counted.read()
    assert found["b24_mcp.portal.retries"] == {("QUERY_LIMIT_EXCEEDED",): 1}
    assert found["b24_mcp.portal.requests"] == {("v2", "QUERY_LIMIT_EXCEEDED"): 1, ("v2", "other"): 1}
    assert "SECRET" not in str(found)


async def test_open_people_are_counted(people: Portal, logins: PeopleLogins, counted: Counted) -> None:
    portals = PeoplePortals(logins, people.redactor, people.clock, "full", most_open=2)
    state = open_state("memory")
    for number in (1, 2, 3):
        await portals.open(somebody(number), state, None)
    assert counted.read()["b24_mcp.people.open"] == {(): 2}
    portals.forget(somebody(3).key)
    assert counted.read()["b24_mcp.people.open"] == {(): 1}
    await portals.aclose()
    await state.aclose()

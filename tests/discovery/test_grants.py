"""Whether a portal grants a method is asked for once in five minutes, and a refusal each time."""

from __future__ import annotations

import dataclasses

from b24_mcp.discovery import MethodGrant, MethodGrants
from b24_mcp.discovery.asking import FRESH
from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_sandbox import Sandbox
from tests.fake_portal import WEBHOOK, FakeClock

GRANTED = MethodGrant(exists=True, granted=True)


@dataclasses.dataclass
class Asked:
    """How often the portal was asked for a method."""

    names: list[str] = dataclasses.field(default_factory=list)


async def test_a_granted_method_is_asked_for_once_in_five_minutes() -> None:
    asked, clock = Asked(), FakeClock()
    portal = _portal(asked)
    try:
        grants = MethodGrants(portal, clock)
        assert [await grants.of("crm.deal.get") for _ in range(3)] == [GRANTED] * 3
        assert len(asked.names) == 1
        clock.time += FRESH + 1
        assert await grants.of("crm.deal.get") == GRANTED
        assert len(asked.names) == 2
    finally:
        await portal.aclose()


async def test_a_method_that_the_portal_lacks_is_asked_for_each_time() -> None:
    asked, clock = Asked(), FakeClock()
    portal = _portal(asked)
    try:
        grants = MethodGrants(portal, clock)
        assert [await grants.of("rpa.item.list") for _ in range(2)] == [MethodGrant(exists=False, granted=False)] * 2
        assert len(asked.names) == 2
    finally:
        await portal.aclose()


def _portal(asked: Asked) -> Portal:
    code = WEBHOOK.rstrip("/").rpartition("/rest/")[2]
    sandbox = Sandbox(webhook=code, log=lambda call: asked.names.append(call.method))
    return Portal(parse_webhook(sandbox.webhook_url("http://127.0.0.1")), PortalOptions(plan="none"), app=sandbox)

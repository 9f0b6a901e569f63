"""Measure what it costs to know a portal: requests and milliseconds, cold and warm.

Usage: python -m benchmarks.portal_facts
Everything is read from the sandbox in this process, so the times are those of this program and of the sandbox, without
a network. `cold` is the first time, `warm` the median of many further times. The last lines read answers of sizes that
no sandbox has: 200 smart processes, 5,000 users and a field list of 2 MB.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Any

import anyio

from b24_mcp.discovery import PortalEntity, PortalFacts, entity_of
from b24_mcp.discovery.changes import changed_by
from b24_mcp.discovery.sources import EVERYONE, SMART_PROCESSES, fields_source
from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_mcp.state import open_state
from b24_sandbox import LoggedCall, Sandbox

ROUNDS = 200
KINDS = ("deal", "lead", "contact", "company", "quote", "task", "user", "product", "productrow", "requisite", "list:1")


async def measure() -> None:
    """Measure and print."""
    calls: list[LoggedCall] = []
    sandbox = Sandbox(log=calls.append)
    portal = Portal(
        parse_webhook(sandbox.webhook_url("https://sandbox.invalid")), PortalOptions(plan="none"), app=sandbox
    )
    await portal.call("server.time")  # connects
    state = open_state("memory")

    def facts() -> PortalFacts:
        return PortalFacts(portal, store=state, background=background)

    async def line(name: str, ask: Callable[[PortalFacts], Awaitable[object]], known: PortalFacts) -> None:
        before = len(calls)
        cold = await seconds(ask, known)
        requests = len(calls) - before
        warm = [await seconds(ask, known) for _ in range(ROUNDS)]
        shared = await seconds(ask, facts())
        extra = len(calls) - before - requests
        print(
            f"{name:<24} cold {requests} request(s), {1000 * cold:6.1f} ms; warm {extra} request(s), "
            f"{1000 * median(warm):.3f} ms; another process {1000 * shared:.1f} ms"
        )

    async with anyio.create_task_group() as background:
        for kind in KINDS:
            await line(f"fields of {kind}", partial(fields_of, kind), facts())
            await state.aclose()
            state = open_state("memory")
        known = facts()
        await line("fields of deal", partial(fields_of, "deal"), known)
        await line("then its stages", lambda one: one.stages(PortalEntity("deal")), known)
        await line("then a directory", lambda one: one.directory("SOURCE"), known)
        await line("20 people", lambda one: one.people(range(1, 21)), known)
        await line("departments", lambda one: one.departments(), known)
        background.cancel_scope.cancel()
    await portal.aclose()
    sandbox.close()


async def fields_of(kind: str, facts: PortalFacts) -> object:
    """Ask for the fields of a kind of records."""
    return await facts.fields(PortalEntity(kind))


async def seconds(ask: Callable[[PortalFacts], Awaitable[object]], facts: PortalFacts) -> float:
    """Return how long a question takes."""
    begin = time.perf_counter()
    await ask(facts)
    return time.perf_counter() - begin


def look_ups() -> None:
    """Print what each call costs that needs no fact."""
    begin = time.perf_counter()
    for _ in range(10_000):
        entity_of("crm.deal.update", {}, "fields")
    print(f"entity_of: {(time.perf_counter() - begin) * 100:.1f} µs")
    begin = time.perf_counter()
    for _ in range(10_000):
        changed_by("crm.deal.update", "v2")
    print(f"changed_by: {(time.perf_counter() - begin) * 100:.1f} µs")


def large_answers() -> None:
    """Print how long large answers take to read."""
    items = [{"ID": str(number), "VALUE": f"Значение номер {number}"} for number in range(300)]
    fields = {f"UF_CRM_{number}": {"type": "enumeration", "items": items, "formLabel": "Поле"} for number in range(150)}
    source = fields_source(PortalEntity("deal"))
    assert source is not None
    large: list[tuple[str, Callable[[object], Any], object]] = [
        ("field list", source.read, fields),
        ("200 smart processes", SMART_PROCESSES.read, {"types": [{"entityTypeId": 1000 + n} for n in range(200)]}),
        ("5,000 users", EVERYONE.read, [{"ID": str(n), "NAME": "A", "LAST_NAME": "B"} for n in range(1, 5_001)]),
    ]
    for name, read, answer in large:
        begin = time.perf_counter()
        read(answer)
        size = len(json.dumps(answer, ensure_ascii=False).encode()) / 1e6
        print(f"{name} of {size:.1f} MB: read in {(time.perf_counter() - begin) * 1000:.0f} ms")


def main() -> None:
    """Measure and print."""
    anyio.run(measure)
    look_ups()
    large_answers()


if __name__ == "__main__":
    main()

"""A team server from end to end: `python -m tests.team.run`. It needs redis-server and nginx, and uses PostgreSQL.

Two people of different rights log in; what one has, the other cannot reach; a list that one server read is queried on
the other; a server that is killed in the middle of an apply is replaced by the other; then many clients call for a
minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.team.client import RefusedError, TeamClient
from tests.team.nginx import NGINX
from tests.team.stack import Stack, running_stack

ADMINISTRATOR, SELLER = 1, 2
_ROWS = 1_000
_PEOPLE = 19
_SHOWN = 5


class WrongAnswerError(Exception):
    """A step did not end as it should."""


def check(condition: object, text: str, seen: object = "") -> None:
    """Stop unless a condition holds."""
    if not condition:
        raise WrongAnswerError(f"{text}: {json.dumps(seen, ensure_ascii=False, default=str)[:1_500]}")


async def each_acts_as_themselves(stack: Stack, boss: TeamClient, seller: TeamClient) -> str:
    """Both people, on both servers."""
    for client, level in ((boss, "full"), (seller, "write")):
        for replica in stack.replicas:
            about = await client.call("portal_info", at=replica.url)
            check(about["user"]["id"] == str(client.user), "another person acts", about)
            check(about["access"] == level, "the role gives another level", about)
            made = await client.call(
                "call_method", at=replica.url, method="crm.deal.add", params={"fields": {"TITLE": "Team"}}
            )
            deal = await client.call("read_method", method="crm.deal.get", params={"id": made["result"]})
            check(deal["result"]["CREATED_BY_ID"] == str(client.user), "another person made the deal", deal)
    return "portal_info and writes on both servers, as themselves"


async def rights_are_those_of_the_person(stack: Stack, boss: TeamClient, seller: TeamClient) -> str:
    """What the portal refuses one of them, and what the level refuses."""
    field = {"fields": {"FIELD_NAME": "TEAM", "USER_TYPE_ID": "string"}}
    refused = await seller.call("call_method", method="crm.deal.userfield.add", params=field)
    check(not refused["ok"] and "denied" in refused["error"]["message"], "the portal did not refuse", refused)
    allowed = await boss.call("call_method", method="crm.deal.userfield.add", params=field)
    check(allowed["ok"], "the portal refused the administrator", allowed)
    asked = await seller.call("call_method", method="crm.deal.delete", params={"id": 1})
    check(asked["error"]["kind"] == "approval", "a deletion needed no approval", asked)
    return "refused by the portal to one, done by the other; a deletion needs approval at level write"


async def data_sets_are_of_the_person_and_on_every_server(stack: Stack, boss: TeamClient, seller: TeamClient) -> str:
    """A list read on one server is queried on the other, by its owner only."""
    one, two = (replica.url for replica in stack.replicas)
    for client in (boss, seller):
        read = await client.call("list_records", at=one, method="crm.contact.list", save_as=f"of_{client.user}")
        check(read["ok"] and read.get("complete", True), "the list was not read", read)
        counted = await client.call("query_records", at=two, sql=f"SELECT count(*) FROM of_{client.user}")
        check(counted["ok"] and int(counted["rows"][0][0]) > 0, "the other server does not know the list", counted)
    for client, other in ((boss, seller), (seller, boss)):
        for replica in (one, two):
            stolen = await client.call("query_records", at=replica, sql=f"SELECT * FROM of_{other.user}")
            check(not stolen["ok"], "a data set of another person was read", stolen)
            named = await client.call("query_records", at=replica, sql="SELECT name FROM data_sets")
            names = {row[0] for row in named["rows"]}
            check(f"of_{client.user}" in names, "the own data set is not listed", named)
            check(f"of_{other.user}" not in names, "a data set of another person is listed", named)
    return "read on one server, queried on the other; those of the other person are unknown"


async def tokens_open_nothing_of_others(stack: Stack, boss: TeamClient, seller: TeamClient) -> str:
    """A wrong token, and no token."""
    own = seller.token
    for token in ("", own[:-1], own[::-1], f"{boss.token[:20]}{own[20:]}"):
        seller.token = token
        try:
            answer = await seller.call("portal_info")
        except RefusedError as exc:
            check("401" in str(exc), "another refusal", str(exc))
        else:
            check(False, "a wrong token was accepted", answer)
        finally:
            seller.token = own
    return "wrong and mixed tokens get 401"


async def a_killed_apply_goes_on_elsewhere(stack: Stack, boss: TeamClient, seller: TeamClient) -> str:
    """Kill a server while it writes rows. The other one resumes, and nothing is written twice."""
    one, two = stack.replicas
    sql = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_ROWS}) "
        "SELECT i, 'Applied ' || i AS title FROM n"
    )
    job: dict[str, Any] = {
        "sql": sql,
        "method": "crm.deal.add",
        "params": {"fields": {"TITLE": "$title"}},
        "save_as": "applied",
    }
    running = asyncio.create_task(boss.call("apply_records", at=one.url, **job))
    written = 0
    try:
        async with asyncio.timeout(60):
            while written < _ROWS // 10:
                await asyncio.sleep(0.2)
                if running.done():
                    check(False, "the job ended before the server was killed", running.result())
                written = await _applied(seller)
    finally:
        one.kill()
        await asyncio.wait([running])
    with suppress(RefusedError):
        await running
    at_kill = await _applied(seller)
    check(at_kill < _ROWS, "the job ended before the server was killed", at_kill)
    answer = await boss.call("apply_records", at=two.url, resume=True, **job)
    async with asyncio.timeout(240):
        while answer.get("running"):
            answer = await boss.call("apply_records", at=two.url, resume=True, **job)
    check("succeeded" in answer, "the other server did not resume", answer)
    titles = await _titles(boss, two.url)
    twice = [title for title, number in titles.items() if number > 1]
    check(not twice, "rows were written twice", twice)
    unknown = int(answer.get("unknown") or 0)
    check(_ROWS - 100 <= len(titles) <= _ROWS, "rows are missing", [len(titles), answer])
    check(unknown <= 100 and len(titles) + unknown >= _ROWS, "rows were lost", [len(titles), answer])
    stack.start_again(0)
    outcome = f"{len(titles)} rows, {unknown} unknown, none twice"
    return f"killed after about {at_kill} of {_ROWS} rows; resumed elsewhere: {outcome}"


async def _applied(client: TeamClient) -> int:
    answer = await client.call(
        "read_method", method="crm.deal.list", params={"filter": {"%TITLE": "Applied "}, "select": ["ID"]}, limit=1
    )
    return int(answer.get("total") or 0)


async def _titles(client: TeamClient, at: str) -> Counter[str]:
    wanted = {"filter": {"%TITLE": "Applied "}, "select": ["ID", "TITLE"]}
    read = await client.call("list_records", at=at, method="crm.deal.list", params=wanted, save_as="written")
    check(read["ok"], "the list was not read", read)
    found: Counter[str] = Counter()
    for first in range(0, _ROWS + 100, 200):
        sql = f'SELECT "TITLE" FROM written ORDER BY "ID" LIMIT 200 OFFSET {first}'
        answer = await client.call("query_records", at=at, sql=sql, limit=200)
        check(answer["ok"], "the list was not queried", answer)
        found.update(row[0] for row in answer["rows"])
    return found


async def many_clients(stack: Stack, clients: int, seconds: float, client_id: str) -> str:
    """Many clients of many people, each with a login of its own, for a while and without an error."""
    people = [TeamClient(stack.url, stack.ca, 1 + number % _PEOPLE, client_id) for number in range(clients)]
    gate, took, failed = asyncio.Semaphore(16), [], Counter[str]()

    async def log_in(client: TeamClient) -> None:
        async with gate:
            await client.log_in()

    began = time.perf_counter()
    await asyncio.gather(*(log_in(client) for client in people))
    login = time.perf_counter() - began
    until = time.perf_counter() + seconds

    async def work(client: TeamClient, number: int) -> None:
        turn = number
        while time.perf_counter() < until:
            turn += 1
            tool, arguments = _WORK[turn % len(_WORK)]
            started = time.perf_counter()
            try:
                answer = await client.call(tool, **arguments)
            except RefusedError as exc:
                failed[str(exc)] += 1
            else:
                took.append(time.perf_counter() - started)
                if not answer.get("ok"):
                    failed[f"{tool}: {answer.get('error', {}).get('code')}"] += 1
                elif tool == "read_method" and answer["result"].get("ID") != str(client.user):
                    failed["another person answered"] += 1
            await asyncio.sleep(1.0)

    await asyncio.gather(*(work(client, number) for number, client in enumerate(people)))
    await asyncio.gather(*(client.aclose() for client in people))
    check(not failed, "calls failed", failed.most_common(_SHOWN))
    middle, slow = statistics.median(took), statistics.quantiles(took, n=100)[98]
    return (
        f"{clients} clients logged in within {login:.0f} s; {len(took)} calls in {seconds:.0f} s, none failed; "
        f"median {middle * 1000:.0f} ms, 99 % within {slow * 1000:.0f} ms"
    )


_WORK: list[tuple[str, dict[str, Any]]] = [
    ("read_method", {"method": "profile"}),
    ("find_methods", {"query": "list deals"}),
    ("describe_method", {"method": "crm.deal.list"}),
    ("read_batch", {"commands": {"a": {"method": "crm.deal.list", "params": {"select": ["ID"]}}}}),
    ("read_method", {"method": "profile"}),
    ("describe_fields", {"entity": "deal", "only": "stage"}),
    ("find_records", {"text": "Team"}),
    ("query_records", {"sql": "SELECT count(*) FROM data_sets"}),
]
Step = Callable[[Stack, TeamClient, TeamClient], Awaitable[str]]
STEPS: list[Step] = [
    each_acts_as_themselves,
    rights_are_those_of_the_person,
    data_sets_are_of_the_person_and_on_every_server,
    tokens_open_nothing_of_others,
    a_killed_apply_goes_on_elsewhere,
]


async def run(stack: Stack, clients: int, seconds: float) -> bool:
    """Run the steps and print each result. Return whether all ended as they should."""
    boss, seller = (TeamClient(stack.url, stack.ca, user) for user in (ADMINISTRATOR, SELLER))
    succeeded = True
    try:
        await boss.log_in("full")
        await seller.log_in()
        _report(True, "two people logged in", f"data sets in {'PostgreSQL' if stack.has_postgresql else 'SQLite'}")
        for step in STEPS:
            succeeded &= await _tried(step.__name__.replace("_", " "), step(stack, boss, seller))
        if clients:
            succeeded &= await _tried(
                f"{clients} clients for {seconds:.0f} s", many_clients(stack, clients, seconds, boss.client_id)
            )
    finally:
        for client in (boss, seller):
            await client.aclose()
    return succeeded


async def _tried(name: str, work: Awaitable[str]) -> bool:
    try:
        _report(True, name, await work)
    except (WrongAnswerError, RefusedError, TimeoutError, KeyError) as exc:
        _report(False, name, f"{type(exc).__name__} {exc}")
        return False
    return True


def _report(ok: bool, name: str, text: str) -> None:
    sys.stdout.write(f"{'ok  ' if ok else 'FAIL'} {name}: {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run a team server and its steps; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keep-logs", type=Path, help="a folder for the logs of the servers")
    chosen = parser.parse_args()
    missing = [name for name, place in (("nginx", NGINX), ("redis-server", shutil.which("redis-server"))) if not place]
    if missing:
        sys.stdout.write(f"left out: {' and '.join(missing)} not installed\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="b24-team-") as folder, running_stack(Path(folder), 0.05) as stack:
        try:
            return 0 if asyncio.run(run(stack, chosen.clients, chosen.seconds)) else 1
        finally:
            if chosen.keep_logs is not None:
                chosen.keep_logs.mkdir(parents=True, exist_ok=True)
                for number, replica in enumerate(stack.replicas):
                    (chosen.keep_logs / f"server-{number}.log").write_text("".join(replica.log), "utf-8")


if __name__ == "__main__":
    sys.exit(main())

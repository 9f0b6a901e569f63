"""A real MCP client talks to b24-mcp over stdio and shows what comes back.

First the server answers from the sandbox inside it, then from a sandbox portal in a process of its own, reached by
HTTP as a real portal is. Ends with an error when anything answers other than it should.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import click
from mcp import Client, StdioServerParameters

Answer = dict[str, Any]
Check = Callable[[Answer], bool]

# The example request of the documentation of `batch`.
DOCUMENTED_BATCH = {
    "get_user": {"method": "user.current"},
    "get_departments": {"method": "department.get"},
    "get_app": {"method": "app.info"},
}
MY_DEPARTMENT = {
    "get_user": {"method": "user.current"},
    "my_department": {"method": "department.get", "params": {"ID": "$result[get_user][UF_DEPARTMENT][0]"}},
}
ONE_FAILS = {
    "first": {"method": "server.time"},
    "wrong": {"method": "crm.deal.get", "params": {"id": 999_999}},
    "last": {"method": "server.time"},
}


async def main() -> None:
    """Play all scenes twice."""
    click.secho("1. b24-mcp over stdio, nothing configured: the sandbox inside it answers\n", bold=True)
    async with connected() as client:
        await show_tools(client)
        await play(client)
    click.secho("2. The same calls, B24_WEBHOOK_URL pointing at `b24-mcp sandbox` in another process\n", bold=True)
    with_address = start_sandbox()
    process, address = with_address
    try:
        async with connected(B24_WEBHOOK_URL=address) as client:
            await play(client)
    finally:
        process.terminate()
        process.wait()
    click.secho("Everything answered as it should.", fg="green", bold=True)


async def play(client: Client) -> None:
    """The scenes, each a tool call, what is expected of it, and what came."""
    await play_knowledge(client)
    await play_calls(client)
    await play_records(client)
    await play_access(client)


async def play_knowledge(client: Client) -> None:
    """From what is to be done to the method that does it, in either language."""
    await show(
        client,
        "Which method? Asked in Russian",
        "find_methods",
        {"query": "добавить комментарий в таймлайн сделки", "limit": 2},
        lambda answer: answer["methods"][0]["method"] == "crm.timeline.comment.add",
    )
    await show(
        client,
        "A parameter is misspelt: nothing is sent, and the right name is in the answer",
        "call_method",
        {"method": "crm.deal.update", "params": {"id": 1, "filds": {"TITLE": "x"}}},
        lambda answer: "fields" in answer["error"]["message"] and answer["error"]["executed"] == "no",
    )


async def play_records(client: Client) -> None:
    """A question about many rows, none of which pass through the model."""
    await show(
        client,
        "All deals into a data set",
        "list_records",
        {"method": "crm.deal.list", "params": {"select": ["ID", "OPPORTUNITY", "ASSIGNED_BY_ID", "CLOSED"]}},
        lambda answer: answer["complete"] and answer["count"] == answer["total"],
    )
    await show(
        client,
        "How much is open, for each person?",
        "query_records",
        {"sql": "SELECT ASSIGNED_BY_ID, count(*), sum(OPPORTUNITY) FROM crm_deal_list WHERE CLOSED = 'N' GROUP BY 1"},
        lambda answer: answer["count"] > 1,
    )


async def play_access(client: Client) -> None:
    """What a model may not do alone."""
    delete = {"method": "crm.deal.delete", "params": {"id": 1}}
    await show(
        client,
        "Deleting needs a person; this client cannot ask one, so the answer carries a code for b24-mcp approve",
        "call_method",
        delete,
        lambda answer: answer["error"]["kind"] == "approval" and "b24-mcp approve" in answer["error"]["hint"],
    )
    await show(
        client,
        "What would be sent?",
        "call_method",
        delete | {"dry_run": True},
        lambda answer: answer["ok"],
    )


async def play_calls(client: Client) -> None:
    """One method, many methods, both generations of the API, and what goes wrong."""
    await show(
        client,
        "Three deals above a sum, the largest first",
        "call_method",
        {
            "method": "crm.deal.list",
            "params": {
                "filter": {">=OPPORTUNITY": 100_000},
                "select": ["ID", "TITLE", "OPPORTUNITY", "STAGE_ID"],
                "order": {"OPPORTUNITY": "DESC"},
            },
        },
        lambda answer: answer["ok"] and answer["total"] > 0,
    )
    for answer_format in ("json", "xml"):
        await show(
            client,
            f"The batch of the documentation, the portal answering in {answer_format.upper()}",
            "batch_call",
            {"commands": DOCUMENTED_BATCH, "halt": False, "format": answer_format},
            lambda answer: answer["summary"]["succeeded"] == 3 and all("time" in c for c in answer["results"].values()),
        )
    await show(
        client,
        "Two steps: the department of the current user",
        "batch_call",
        {"commands": MY_DEPARTMENT, "halt": True},
        lambda answer: (
            str(answer["results"]["my_department"]["result"][0]["ID"])
            == str(answer["results"]["get_user"]["result"]["UF_DEPARTMENT"][0])
        ),
    )
    await show(
        client,
        "One command fails, halt off: the others go on",
        "batch_call",
        {"commands": ONE_FAILS},
        lambda answer: answer["summary"]["succeeded"] == 2 and answer["summary"]["failed"] == 1,
    )
    await show(
        client,
        "One command fails, halt on: nothing after it runs",
        "batch_call",
        {"commands": ONE_FAILS, "halt": True},
        lambda answer: answer["results"]["last"]["not_run"] == "halted after wrong",
    )
    many = {f"deal_{n}": {"method": "crm.deal.get", "params": {"id": n}} for n in range(1, 121)}
    await show(
        client,
        "120 commands in one batch_call: three requests of up to 50",
        "batch_call",
        {"commands": many},
        lambda answer: answer["summary"]["requests"] == 3 and len(answer["results"]) > 0,
    )
    both = {
        "old": {"method": "crm.deal.list", "params": {"select": ["ID"], "order": {"ID": "ASC"}}},
        "new": {"method": "main.eventlog.list", "params": {"pagination": {"limit": 1}}},
    }
    await show(
        client,
        "Both generations of the API in one batch_call",
        "batch_call",
        {"commands": both},
        lambda answer: answer["ok"] and answer["results"]["new"]["version"] == "v3",
    )
    await show(
        client,
        "Not a method name: nothing is sent",
        "call_method",
        {"method": "crm.deal.delete?id=1"},
        lambda answer: answer["error"]["executed"] == "no",
    )


async def show_tools(client: Client) -> None:
    """List the tools, and what the list costs a model."""
    listed = (await client.list_tools()).tools
    size = sum(len(tool.model_dump_json(by_alias=True, exclude_none=True)) for tool in listed)
    for tool in listed:
        click.echo(f"   {click.style(tool.name, fg='cyan'):24} {tool.title}")
    click.echo(f"   {len(listed)} tools, about {size // 4} tokens\n")


async def show(client: Client, title: str, tool: str, arguments: dict[str, Any], expected: Check) -> None:
    """Call a tool, print what was asked and what came, and make sure that it is as expected."""
    click.secho(f"   {title}", fg="cyan", bold=True)
    click.echo(f"   > {tool} {shortened(json.dumps(arguments, ensure_ascii=False), 220)}")
    (block,) = (await client.call_tool(tool, arguments)).content
    text = getattr(block, "text", "")
    answer = json.loads(text)
    for line in lines_of(answer):
        click.echo(f"     {shortened(line, 150)}")
    click.echo()
    if not expected(answer):
        raise SystemExit(f"{title}: not what was expected: {text}")


def lines_of(answer: Answer) -> list[str]:
    """An answer as a few lines: what is said of the whole, then a line for each row or command."""
    whole = {key: value for key, value in answer.items() if key not in ("result", "results")}
    lines = [json.dumps(whole, ensure_ascii=False)]
    if "results" in answer:
        parts = [f"{name}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in answer["results"].items()]
    elif answer.get("table"):
        parts = [json.dumps(row, ensure_ascii=False) for row in answer["result"]["rows"]]
    elif "result" in answer:
        parts = [json.dumps(answer["result"], ensure_ascii=False)]
    else:
        parts = []
    shown = parts[:4]
    return lines + shown + ([f"… and {len(parts) - len(shown)} more"] if len(parts) > len(shown) else [])


def shortened(text: str, length: int) -> str:
    """The beginning of a long text."""
    return text if len(text) <= length else text[:length] + " …"


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[Client]:
    """An MCP client, connected to b24-mcp in a process of its own with these settings and no others.

    What the server keeps goes into a folder that is removed again.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    with tempfile.TemporaryDirectory(prefix="b24-mcp-demo-") as folder:
        kept = {
            "B24_STATE": os.path.join(folder, "limits.db"),
            "B24_DATA_DIR": folder,
            "B24_AUDIT": folder,
            "B24_CONFIG": os.path.join(folder, "portals.toml"),
        }
        command = [sys.executable, "-m", "b24_mcp"]
        server = StdioServerParameters(command=command[0], args=command[1:], env=environment | kept | settings)
        async with Client(server) as client:
            yield client


def start_sandbox() -> tuple[subprocess.Popen[str], str]:
    """Start the sandbox portal on a free port; gives its process and the address of its webhook."""
    process = subprocess.Popen(
        [sys.executable, "-m", "b24_mcp", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("The sandbox portal did not start.")
    address: str = json.loads(line)["webhook"]
    return process, address


if __name__ == "__main__":
    asyncio.run(main())

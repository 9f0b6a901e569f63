"""An MCP client that calls b24-mcp over stdio and prints the answers.

The calls are made twice: with the sandbox portal inside the server, and with a sandbox portal in another process, which
the server reaches over HTTP like a real portal. The program exits with an error when an answer is not the expected one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import click
from mcp import Client, StdioServerParameters

Answer = dict[str, Any]
Check = Callable[[Answer], bool]

# Source: documentation of `batch`, the example request.
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
    """Run all examples with both portals."""
    click.secho("1. b24-mcp over stdio without settings: the sandbox portal inside it answers\n", bold=True)
    async with connected() as client:
        await show_tools(client)
        await run_examples(client)
    click.secho("2. The same calls with B24_WEBHOOK_URL set to a `b24-mcp sandbox` in another process\n", bold=True)
    process, address = start_sandbox()
    try:
        async with connected(B24_WEBHOOK_URL=address) as client:
            await run_examples(client)
    finally:
        process.terminate()
        process.wait()
    click.secho("All answers were as expected.", fg="green", bold=True)


async def run_examples(client: Client) -> None:
    """Run every example: a tool call, the check of its answer, and the answer."""
    await run_knowledge(client)
    await run_calls(client)
    await run_records(client)
    await run_access(client)


async def run_knowledge(client: Client) -> None:
    """Find a method by intent, and correct a wrong parameter."""
    await show(
        client,
        "Find a method, with a query in Russian",
        "find_methods",
        {"query": "добавить комментарий в таймлайн сделки", "limit": 2},
        lambda answer: answer["methods"][0]["method"] == "crm.timeline.comment.add",
    )
    await show(
        client,
        "A misspelt parameter: nothing is sent, and the answer names the right one",
        "call_method",
        {"method": "crm.deal.update", "params": {"id": 1, "filds": {"TITLE": "x"}}},
        lambda answer: "fields" in answer["error"]["message"] and answer["error"]["executed"] == "no",
    )


async def run_records(client: Client) -> None:
    """Answer a question about many rows without sending them to the model."""
    await show(
        client,
        "Read all deals into a data set",
        "list_records",
        {"method": "crm.deal.list", "params": {"select": ["ID", "OPPORTUNITY", "ASSIGNED_BY_ID", "CLOSED"]}},
        lambda answer: answer["complete"] and answer["count"] == answer["total"],
    )
    await show(
        client,
        "Sum up the open deals for each person",
        "query_records",
        {"sql": "SELECT ASSIGNED_BY_ID, count(*), sum(OPPORTUNITY) FROM crm_deal_list WHERE CLOSED = 'N' GROUP BY 1"},
        lambda answer: answer["count"] > 1,
    )


async def run_access(client: Client) -> None:
    """Try what a model must not do without approval."""
    delete = {"method": "crm.deal.delete", "params": {"id": 1}}
    await show(
        client,
        "Deleting needs approval. This client cannot ask the user, so the answer has a code for b24-mcp approve",
        "call_method",
        delete,
        lambda answer: answer["error"]["kind"] == "approval" and "b24-mcp approve" in answer["error"]["hint"],
    )
    await show(
        client,
        "Dry run: what would be sent",
        "call_method",
        delete | {"dry_run": True},
        lambda answer: answer["ok"],
    )


async def run_calls(client: Client) -> None:
    """Call one method, many methods, and both versions of the API, and cause failures."""
    await show(
        client,
        "Deals above a sum, the largest first",
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
            f"The batch of the documentation, with answers of the portal in {answer_format.upper()}",
            "batch_call",
            {"commands": DOCUMENTED_BATCH, "halt": False, "format": answer_format},
            lambda answer: answer["summary"]["succeeded"] == 3 and all("time" in c for c in answer["results"].values()),
        )
    await show(
        client,
        "A batch in two steps: the department of the current user",
        "batch_call",
        {"commands": MY_DEPARTMENT, "halt": True},
        lambda answer: (
            str(answer["results"]["my_department"]["result"][0]["ID"])
            == str(answer["results"]["get_user"]["result"]["UF_DEPARTMENT"][0])
        ),
    )
    await show(
        client,
        "One command fails without halt: the others run",
        "batch_call",
        {"commands": ONE_FAILS},
        lambda answer: answer["summary"]["succeeded"] == 2 and answer["summary"]["failed"] == 1,
    )
    await show(
        client,
        "One command fails with halt: the commands after it do not run",
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
        "Both versions of the API in one batch_call",
        "batch_call",
        {"commands": both},
        lambda answer: answer["ok"] and answer["results"]["new"]["version"] == "v3",
    )
    await show(
        client,
        "An invalid method name: nothing is sent",
        "call_method",
        {"method": "crm.deal.delete?id=1"},
        lambda answer: answer["error"]["executed"] == "no",
    )


async def show_tools(client: Client) -> None:
    """Print the tools, and how many tokens the list costs."""
    listed = (await client.list_tools()).tools
    size = sum(len(tool.model_dump_json(by_alias=True, exclude_none=True)) for tool in listed)
    for tool in listed:
        click.echo(f"   {click.style(tool.name, fg='cyan'):24} {tool.title}")
    click.echo(f"   {len(listed)} tools, about {size // 4} tokens\n")


async def show(client: Client, title: str, tool: str, arguments: Mapping[str, object], expected: Check) -> None:
    """Call a tool, print the call and the answer, and check the answer."""
    click.secho(f"   {title}", fg="cyan", bold=True)
    click.echo(f"   > {tool} {shortened(json.dumps(arguments, ensure_ascii=False), 220)}")
    (block,) = (await client.call_tool(tool, dict(arguments))).content
    text = getattr(block, "text", "")
    answer = json.loads(text)
    for line in lines_of(answer):
        click.echo(f"     {shortened(line, 150)}")
    click.echo()
    if not expected(answer):
        raise SystemExit(f"{title}: unexpected answer: {text}")


def lines_of(answer: Answer) -> list[str]:
    """Return an answer as a few lines: the fields of the whole, then one line for each row or command."""
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
    """Return the beginning of a long text."""
    return text if len(text) <= length else text[:length] + " …"


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[Client]:
    """Start b24-mcp with these settings only, and yield a client that is connected to it.

    The files of the server are in a temporary folder.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    with tempfile.TemporaryDirectory(prefix="b24-mcp-example-") as folder:
        kept = {
            "B24_STATE": os.path.join(folder, "limits.db"),
            "B24_DATA_DIR": folder,
            "B24_DOCS": "off",
            "B24_AUDIT": folder,
            "B24_CONFIG": os.path.join(folder, "portals.toml"),
        }
        command = [sys.executable, "-m", "b24_mcp"]
        server = StdioServerParameters(command=command[0], args=command[1:], env=environment | kept | settings)
        async with Client(server) as client:
            yield client


def start_sandbox() -> tuple[subprocess.Popen[str], str]:
    """Start the sandbox portal on a free port. Return its process and the address of its webhook."""
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

"""Measure how well and how fast `find_records` finds what people ask for.

Usage: python -m benchmarks.finding [CONTACTS]
First the questions of the tests: how many find their record among the first three, the requests, the characters of the
answers. Then the same questions on a portal with CONTACTS more contacts, by default 200,000. Times are those of this
program and of the sandbox, which compares texts more slowly than a database does.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import anyio
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_sandbox.entities.crm import CONTACT
from benchmarks.portals import WatchedSandbox, served

QUESTIONS = Path(__file__).parents[1] / "tests" / "app" / "finding_questions.jsonl"
MADE: dict[str, list[dict[str, Any]]] = {
    "crm.type.add": [{"fields": {"title": "Заказ поставщику", "entityTypeId": 1030}}],
    "crm.item.add": [
        {"entityTypeId": 1030, "fields": {"title": title}}
        for title in ("Поставка шпинделей, осень", "Autumn bearings order")
    ],
    "crm.quote.add": [{"fields": {"TITLE": "Предложение для Kestrel Doors"}}],
}
NAMES = ("Анна", "Иван", "Мария", "Пётр", "Ольга", "Степан", "Марат", "Hanna", "Лев", "Зоя")
SURNAMES = ("Иванов", "Петров", "Смирнов", "Кузнецов", "Попов", "Weber", "Соколов", "Лебедев", "Козлов", "Новиков")


async def measure(more: int) -> None:
    """Measure and print."""
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    sandbox = WatchedSandbox()
    with served(sandbox) as address:
        os.environ |= {"B24_WEBHOOK_URL": address, "B24_PLAN": "none"}
        async with Client(build_server(Redactor())) as client:
            for method, calls in MADE.items():
                for params in calls:
                    await client.call_tool("call_method", {"method": method, "params": params})
            await ask("company of the sandbox", client, questions)
            if more:
                chance = random.Random(1)
                people = ((chance.choice(NAMES), f"{chance.choice(SURNAMES)}{n}") for n in range(more))
                sandbox.portal.storage.insert_many(CONTACT, ("NAME", "LAST_NAME"), people)
                await ask(f"with {more:,} contacts", client, questions)


async def ask(name: str, client: Client, questions: list[dict[str, Any]]) -> None:
    """Ask all questions and print one line."""
    right, requests, sizes, seconds = 0, [], [], []
    for question in questions:
        began = time.perf_counter()
        (block,) = (await client.call_tool("find_records", {"text": question["ask"]})).content
        seconds.append(time.perf_counter() - began)
        text = getattr(block, "text", "")
        answer = json.loads(text)
        sizes.append(len(text))
        requests.append(answer.get("requests", 0))
        right += any(
            one["kind"] == question["kind"]
            and (one["id"] in question.get("ids", ()) or one["title"] == question.get("title"))
            for one in answer.get("found", ())[:3]
        )
    print(
        f"{name:<24} {right} of {len(questions)} among the first three; requests {median(requests):.0f} "
        f"(most {max(requests)}); {median(sizes):.0f} characters (most {max(sizes)}); "
        f"{1000 * median(seconds):.0f} ms (most {1000 * max(seconds):.0f})"
    )


def main() -> None:
    """Run from the command line."""
    anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)


if __name__ == "__main__":
    main()

"""The five questions of `b24-mcp demo`, with the tool calls that answer them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from b24_mcp.texts import Language, text

if TYPE_CHECKING:
    from b24_mcp.server.in_process import InProcessClient

_COMPANY = "Kestrel Doors"
_DAYS_TO_CALL = 3
_SQL = """\
SELECT u.name, count(*), sum(d.OPPORTUNITY) FROM deals d JOIN portal_users u ON u.id = d.ASSIGNED_BY_ID
WHERE d.CLOSED = 'N' AND d.CURRENCY_ID = 'RUB' GROUP BY 1 ORDER BY 3 DESC LIMIT 3"""


class DemoError(Exception):
    """An answer that is not as expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call, as it is shown, and its outcome where that is shown."""

    call: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One question of a person, the calls made for it, and the answer: a table, a sentence or both.

    `amounts` are the places of columns with amounts. `quoted` is the question for approval that the client shows.
    """

    question: str
    answer: str
    steps: Sequence[Step]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    amounts: Sequence[int] = ()
    quoted: str = ""


@dataclass(slots=True)
class Questions:
    """The questions for approval that the server asked. Each was declined."""

    asked: list[str] = field(default_factory=list)

    def declined(self, question: str) -> bool:
        """Keep the question, and decline it."""
        self.asked.append(question)
        return False


async def scenes(client: InProcessClient, language: Language, questions: Questions) -> AsyncIterator[Scene]:
    """Play the scenes one after the other.

    Raises:
        DemoError: when an answer is not as expected.
    """
    yield await _largest_deals(client, language)
    yield await _money_by_person(client, language)
    yield await _everything_about(client, language)
    yield await _new_task(client, language)
    yield await _deletion(client, language, questions)


async def _largest_deals(client: InProcessClient, language: Language) -> Scene:
    """Read three rows with filter, order and limit, and the names of the ids in them."""
    params = {
        "filter": {"CLOSED": "N", "CURRENCY_ID": "RUB"},
        "order": {"OPPORTUNITY": "DESC"},
        "select": ["ID", "TITLE", "OPPORTUNITY", "STAGE_ID", "ASSIGNED_BY_ID"],
    }
    answer = await _succeeded(client, "read_method", method="crm.deal.list", params=params, limit=3, resolve=True)
    people, stages = answer["names"]["people"], answer["names"]["stages"]["deal"]
    rows = [
        (
            deal["TITLE"],
            _amount(float(deal["OPPORTUNITY"]), language),
            stages[deal["STAGE_ID"]],
            people[deal["ASSIGNED_BY_ID"]],
        )
        for deal in _records(answer["result"])
    ]
    return Scene(
        text("demo.largest_question", language),
        text("demo.largest_answer", language, total=answer["total"]),
        [Step(f"read_method crm.deal.list {_short({'filter': params['filter'], 'order': params['order']})}")],
        [text(f"demo.{name}", language) for name in ("deal", "amount", "stage", "responsible")],
        rows,
        amounts=(1,),
    )


async def _money_by_person(client: InProcessClient, language: Language) -> Scene:
    """Read the whole list into a data set, and run one SELECT over it."""
    params = {"select": ["ID", "OPPORTUNITY", "CURRENCY_ID", "CLOSED", "ASSIGNED_BY_ID"]}
    whole = await _succeeded(client, "list_records", method="crm.deal.list", params=params, save_as="deals")
    answer = await _succeeded(client, "query_records", sql=_SQL)
    return Scene(
        text("demo.people_question", language),
        text("demo.people_answer", language, count=whole["count"], requests=whole["requests"]),
        [
            Step('list_records crm.deal.list {"save_as":"deals"}'),
            Step("query_records SELECT u.name, count(*), sum(d.OPPORTUNITY) FROM deals d …"),
        ],
        [text(f"demo.{name}", language) for name in ("person", "deals", "amount")],
        [(name, count, _amount(total, language)) for name, count, total in answer["rows"]],
        amounts=(2,),
    )


async def _everything_about(client: InProcessClient, language: Language) -> Scene:
    """Find a company by its name, then read what belongs to it, in one batch."""
    found = (await _succeeded(client, "find_records", text=_COMPANY))["found"]
    company = next(one for one in found if one["kind"] == "company")
    of_company = {"COMPANY_ID": company["id"]}
    commands = {
        "deals": {"method": "crm.deal.list", "params": {"filter": of_company, "select": ["ID"]}},
        "open": {"method": "crm.deal.list", "params": {"filter": of_company | {"CLOSED": "N"}, "select": ["ID"]}},
        "contacts": {"method": "crm.contact.list", "params": {"filter": of_company, "select": ["ID"]}},
    }
    batch = await _succeeded(client, "read_batch", commands=commands)
    counts = {name: outcome.get("total", len(outcome["result"])) for name, outcome in batch["results"].items()}
    return Scene(
        text("demo.find_question", language, name=_COMPANY),
        text(
            "demo.find_answer", language, name=_COMPANY, **{"id": company["id"], "person": company["person"]} | counts
        ),
        [
            Step(f"find_records {_COMPANY}"),
            Step(f"read_batch crm.deal.list (2), crm.contact.list {_short(of_company)}"),
        ],
    )


async def _new_task(client: InProcessClient, language: Language) -> Scene:
    """Call a method with a wrong field name, which is refused before anything is sent, then with the right one."""
    day = date.today() + timedelta(days=_DAYS_TO_CALL)
    title = text("demo.task_title", language, name=_COMPANY)
    fields = {"TITLE": title, "RESPONSIBLE_ID": 1, "DEADLINE": day.isoformat()}
    wrong = {"NAME": title} | {name: value for name, value in fields.items() if name != "TITLE"}
    refused = await client.call("call_method", method="tasks.task.add", params={"fields": wrong})
    if refused["ok"] or refused["error"]["executed"] != "no":
        raise DemoError(f"a wrong field was not refused: {refused}")
    done = await _succeeded(client, "call_method", method="tasks.task.add", params={"fields": fields})
    message = refused["error"]["message"].partition(": ")[2]
    return Scene(
        text("demo.task_question", language, name=_COMPANY, day=_day(day, language)),
        text("demo.task_answer", language, id=done["result"]["task"]["id"]),
        [
            Step(
                f"call_method tasks.task.add {_short({'fields': wrong})}",
                text("demo.task_refused", language, message=message),
            ),
            Step(f"call_method tasks.task.add {_short({'fields': fields})}"),
        ],
    )


async def _deletion(client: InProcessClient, language: Language, questions: Questions) -> Scene:
    """Ask for the approval of a deletion, decline it, and see that the deal is still there."""
    one = {"id": 21}
    declined = await client.call("call_method", method="crm.deal.delete", params=one)
    if declined["ok"] or not questions.asked:
        raise DemoError(f"the deletion was not asked about: {declined}")
    await _succeeded(client, "read_method", method="crm.deal.get", params=one)
    return Scene(
        text("demo.delete_question", language, **one),
        text("demo.delete_answer", language),
        [Step(f"call_method crm.deal.delete {_short(one)}", text("demo.delete_asked", language))],
        quoted=questions.asked[-1],
    )


async def _succeeded(client: InProcessClient, tool: str, **arguments: object) -> dict[str, Any]:
    answer = await client.call(tool, **arguments)
    if not answer["ok"]:
        raise DemoError(f"{tool}: {answer['error']['message']}")
    return answer


def _records(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table in an answer, each by column."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _amount(value: float, language: Language) -> str:
    written = f"{value:,.0f}"
    return written.replace(",", " ") if language == "ru" else written


def _day(day: date, language: Language) -> str:
    return f"{day:%d.%m.%Y}" if language == "ru" else day.isoformat()

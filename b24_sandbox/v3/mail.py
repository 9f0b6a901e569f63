"""`mail.mailbox.*`, `mail.recipient.*` and the reading methods of `mail.message.*`.

Documentation: api-reference/mail. A user reads the mailboxes they have access to; administrators have no more rights.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from b24_sandbox import dates, php
from b24_sandbox.filters import ALWAYS, FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, objects, query, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run

THREAD, LARGEST_THREAD = 20, 50

MAILBOX_DTO = objects.dto("mail", "MailboxDto")
RECIPIENT_DTO = objects.dto("mail", "RecipientDto")
EMPLOYEE_RECIPIENT_DTO = objects.dto("mail", "EmployeeRecipientDto")


def _address(context: Context, row: Row) -> Value:
    return (context.storage.row(MAILBOX_DTO.entity, row.integer("MAILBOX_ID")) or Row()).get("EMAIL")


MESSAGE_DTO = objects.dto("mail", "MessageDto", {"mailboxEmail": _address})


def senders(context: Context) -> list[Map]:
    """The senders of the mailboxes of the acting user: under the name of a person and of the mailbox."""
    rows = engine.rows(MAILBOX_DTO, context, ALWAYS)
    pairs = [(row, name) for row in rows for name in dict.fromkeys((row["SENDER_NAME"], row["NAME"]))]
    return [{"email": row["EMAIL"], "name": name, "sender": f"{name} <{row['EMAIL']}>"} for row, name in pairs]


def _senders(context: Context, params: Map) -> Value:
    page = query.window(params.get("pagination"), 100, 25)
    return {"items": senders(context)[page.offset : page.offset + page.limit]}


def _messages(context: Context, params: Map) -> Value:
    mailbox = params.get("mailboxId")
    if mailbox is not None and engine.find(MAILBOX_DTO, context, php.integer(mailbox)) is None:
        raise errors.access_denied()
    dates_sent = {name: params[name] for name in ("dateFrom", "dateTo") if params.get(name) is not None}
    moments = {name: _moment(context, name, sent) for name, sent in dates_sent.items()}
    return engine.list_page(MESSAGE_DTO, context, {**params, **moments})


def _moment(context: Context, name: str, sent: Value) -> str:
    if not strict.of_type("datetime", sent):
        example = "2026-01-01T00:00:00+00:00"
        raise errors.invalid(
            [(name, f"Parameter `{name}` must be in ISO 8601 format (DATE_ATOM), for example `{example}`")]
        )
    return php.text(dates.stored_moment(php.text(sent), context.now))


_THREAD = ("id", "subject", "from", "to", "cc", "date", "body")


def _thread(context: Context, params: Map) -> Value:
    """The messages of a thread from the oldest. This method answers with a bare list and dates without a zone."""
    row = engine.stored(MESSAGE_DTO, context, engine.record_id(params))
    limit = THREAD if params.get("limit") is None else php.integer(params["limit"])
    if limit < 1:
        raise errors.invalid([("limit", "The limit must be positive")])
    where = FilterCondition("THREAD_ID = ?", (row["THREAD_ID"],))
    found = engine.rows(MESSAGE_DTO, context, where, "SENT_AT, ID", min(limit, LARGEST_THREAD))
    shown = engine.show(MESSAGE_DTO, context, found, query.selection(MESSAGE_DTO, list(_THREAD), []))
    return [{**item, "date": datetime.fromisoformat(php.text(item["date"])).strftime("%F %T")} for item in shown]


def _employees(context: Context, params: Map) -> Value:
    if not php.text(params["query"]).strip():
        raise errors.missing("query")
    return engine.list_page(EMPLOYEE_RECIPIENT_DTO, context, params)


BODIES: dict[str, Run] = {
    "mail.mailbox.senders": _senders,
    "mail.message.list": _messages,
    "mail.message.thread": _thread,
    "mail.recipient.listcontacts": partial(engine.list_page, RECIPIENT_DTO),
    "mail.recipient.listemployees": _employees,
}

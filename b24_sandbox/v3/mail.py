"""`mail.mailbox.*`, `mail.recipient.*` and the reading methods of `mail.message.*`.

Documentation: api-reference/mail. A user reads the mailboxes they have access to; administrators have no more rights.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from b24_sandbox import php
from b24_sandbox.entities.staff import USER
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, filter, query, values
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, Visible, parse_properties
from b24_sandbox.v3.errors import ApiError
from b24_sandbox.v3.method import Run, declared, fields_of
from b24_sandbox.v3.tables import MAIL_CONTACT, MAIL_MESSAGE, MAILBOX

SCOPE = "mail"
THREAD, LARGEST_THREAD = 20, 50
_ACCESS = "exists (select 1 from json_each(USERS) where json_each.value = ?)"

MAILBOX_DTO = Dto(
    "MailboxDto",
    MAILBOX,
    parse_properties("""
id int d ID
name string d NAME
email string d EMAIL
senderName string d SENDER_NAME
"""),
    visible=lambda context: Visible(_ACCESS, (context.user,)),
)


def _address(context: Context, row: Row) -> Value:
    return (context.storage.row(MAILBOX, row.integer("MAILBOX_ID")) or Row()).get("EMAIL")


MESSAGE_DTO = Dto(
    "MessageDto",
    MAIL_MESSAGE,
    parse_properties("""
id int d ID
mailboxId int d MAILBOX_ID
mailboxEmail string d -
subject string d SUBJECT
from string d FIELD_FROM
to string d FIELD_TO
cc string d FIELD_CC
date string d SENT_AT
isSeen bool d IS_SEEN
hasAttachments bool d HAS_ATTACHMENTS
url string d -
bindings array d BINDINGS
body string d BODY
"""),
    computed={"mailboxEmail": _address, "url": lambda context, row: f"/mail/message/{row['ID']}"},
    visible=lambda context: Visible(f"MAILBOX_ID in (select ID from {MAILBOX.name} where {_ACCESS})", (context.user,)),  # noqa: S608
)

RECIPIENT_DTO = Dto(
    "RecipientDto",
    MAIL_CONTACT,
    parse_properties("""
id int d ID
email string d EMAIL
name string d NAME
"""),
    visible=lambda context: Visible("USER_ID = ?", (context.user,)),
)

EMPLOYEE_RECIPIENT_DTO = Dto(
    "EmployeeRecipientDto",
    USER,
    parse_properties("""
id int d ID
email string d EMAIL
name string d -
"""),
    computed={"name": lambda context, row: f"{php.text(row['NAME'])} {php.text(row['LAST_NAME'])}".strip()},
    visible=lambda context: Visible("ACTIVE = 1"),
)


def _page(
    dto: Dto, context: Context, params: Map, parts: list[filter.Sql], ordered: str, sizes: tuple[int, int]
) -> Value:
    """One page of a list with parameters of its own. `sizes` are the largest page and the page by default."""
    page = query.window(params.get("pagination"), *sizes)
    where = engine.narrowed(dto, context, filter.joined(parts, "and"))
    found = engine.rows(dto, context, where, ordered, page.limit, page.offset)
    return {"items": engine.show(dto, context, found, query.selection(dto, None, dto.default))}


def _contains(params: Map, columns: dict[str, str]) -> list[filter.Sql]:
    """Conditions on fragments of text: parameter -> SQL of the text that contains it."""
    sent = {name: params.get(name) for name in columns}
    return [filter.Sql(f"contains({columns[name]}, ?)", (text,)) for name, text in sent.items() if text]


def _mailboxes(context: Context, params: Map) -> Value:
    parts = _contains(params, {"name": "NAME", "email": "EMAIL"})
    return _page(MAILBOX_DTO, context, params, parts, "ID", (100, 25))


def senders(context: Context) -> list[Map]:
    """The senders of the mailboxes of the acting user: under the name of a person and of the mailbox."""
    where = engine.narrowed(MAILBOX_DTO, context, filter.ALWAYS)
    rows = engine.rows(MAILBOX_DTO, context, where, "ID", -1, 0)
    pairs = [(row, name) for row in rows for name in dict.fromkeys((row["SENDER_NAME"], row["NAME"]))]
    return [{"email": row["EMAIL"], "name": name, "sender": f"{name} <{row['EMAIL']}>"} for row, name in pairs]


def _senders(context: Context, params: Map) -> Value:
    page = query.window(params.get("pagination"), 100, 25)
    return {"items": senders(context)[page.offset : page.offset + page.limit]}


def _messages(context: Context, params: Map) -> Value:
    parts = _contains(params, {"searchQuery": "SUBJECT || ' ' || FIELD_FROM || ' ' || FIELD_TO || ' ' || BODY"})
    if params.get("mailboxId") is not None:
        mailbox = engine.record_id(params, "mailboxId")
        try:
            engine.stored(MAILBOX_DTO, context, mailbox)
        except ApiError:
            raise errors.access_denied() from None
        parts.append(filter.Sql("MAILBOX_ID = ?", (mailbox,)))
    if params.get("folder"):
        parts.append(filter.Sql("FOLDER = ?", (params["folder"],)))
    for name, operator in (("dateFrom", ">="), ("dateTo", "<=")):
        if params.get(name) is not None:
            parts.append(filter.Sql(f"SENT_AT {operator} ?", (_moment(name, params[name]),)))
    for name in ("isSeen", "hasAttachments"):
        if params.get(name) is not None:
            prop = MESSAGE_DTO.properties[name]
            parts.append(filter.Sql(f"{prop.column} = ?", (values.stored(MESSAGE_DTO, prop, params[name]),)))
    return _page(MESSAGE_DTO, context, params, parts, "SENT_AT desc, ID desc", (200, 25))


def _moment(name: str, sent: Value) -> str:
    if not values.of_type("datetime", sent):
        example = "2026-01-01T00:00:00+00:00"
        raise errors.invalid(
            [(name, f"Parameter `{name}` must be in ISO 8601 format (DATE_ATOM), for example `{example}`")]
        )
    return php.text(values.stored(MESSAGE_DTO, parse_properties("date datetime - -")["date"], sent))


_THREAD = ("id", "subject", "from", "to", "cc", "date", "body")


def _thread(context: Context, params: Map) -> Value:
    """The messages of a thread from the oldest. This method answers with a bare list and dates without a zone."""
    row = engine.stored(MESSAGE_DTO, context, engine.record_id(params))
    limit = THREAD if params.get("limit") is None else php.integer(params["limit"])
    if limit < 1:
        raise errors.invalid([("limit", "The limit must be positive")])
    where = engine.narrowed(MESSAGE_DTO, context, filter.Sql("THREAD_ID = ?", (row["THREAD_ID"],)))
    found = engine.rows(MESSAGE_DTO, context, where, "SENT_AT, ID", min(limit, LARGEST_THREAD), 0)
    shown = engine.show(MESSAGE_DTO, context, found, query.selection(MESSAGE_DTO, list(_THREAD), []))
    return [{**item, "date": datetime.fromisoformat(php.text(item["date"])).strftime("%F %T")} for item in shown]


def _contacts(context: Context, params: Map) -> Value:
    parts = _contains(params, {"query": "NAME || ' ' || EMAIL"})
    return _page(RECIPIENT_DTO, context, params, parts, "ID desc", (200, 50))


def _employees(context: Context, params: Map) -> Value:
    if not php.text(params["query"]).strip():
        raise errors.missing("query")
    parts = _contains(params, {"query": "NAME || ' ' || LAST_NAME || ' ' || EMAIL"})
    return _page(EMPLOYEE_RECIPIENT_DTO, context, params, parts, "ID", (200, 50))


_MAILBOX = """
list items | name:string email:string pagination:object | Mailboxes
get item | id:integer* select:array | One mailbox
senders items | pagination:object | Senders
"""
_MESSAGE = """
list items | mailboxId:integer searchQuery:string dateFrom:string dateTo:string isSeen:boolean hasAttachments:boolean \
    folder:string pagination:object | Messages of mailboxes
get item | id:integer* select:array | One message
thread object | id:integer* limit:integer | Messages of a thread
"""
_RECIPIENT = """
listcontacts items | query:string pagination:object | Recipients from the address book
listemployees items | query:string* pagination:object | Recipients among employees
"""
_MAILBOXES, _MESSAGES, _RECIPIENTS = "mail.mailbox", "mail.message", "mail.recipient"
_MAILBOX_BODIES: dict[str, Run] = {"list": _mailboxes, "get": partial(engine.get, MAILBOX_DTO), "senders": _senders}
_MESSAGE_BODIES: dict[str, Run] = {"list": _messages, "get": partial(engine.get, MESSAGE_DTO), "thread": _thread}
_RECIPIENT_BODIES = {"listcontacts": _contacts, "listemployees": _employees}

METHODS = [
    *declared(_MAILBOXES, SCOPE, MAILBOX_DTO, _MAILBOX, _MAILBOX_BODIES),
    *fields_of(_MAILBOXES, SCOPE, MAILBOX_DTO),
    *declared(_MESSAGES, SCOPE, MESSAGE_DTO, _MESSAGE, _MESSAGE_BODIES),
    *fields_of(_MESSAGES, SCOPE, MESSAGE_DTO),
    *declared(_RECIPIENTS, SCOPE, RECIPIENT_DTO, _RECIPIENT, _RECIPIENT_BODIES),
    *fields_of(_RECIPIENTS, SCOPE, RECIPIENT_DTO),
]

"""Activities (calls, mails, meetings, to-dos) and comments in the timelines of the demonstration company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from b24_sandbox import tables
from b24_sandbox.entities.crm_cascade import owner_word
from b24_sandbox.entities.crm_parts import ACTIVITY, ACTIVITY_BINDING, COMMENT, COMMUNICATION, TIMELINE_BINDING
from b24_sandbox.php import Map, Value
from b24_sandbox.seed.clients import Clients
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.rows import write
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_LEAD, _DEAL, _CONTACT, _COMPANY = 1, 2, 3, 4
_FIRST = {_LEAD: 10, _DEAL: 60, _CONTACT: 20, _COMPANY: 10}
"""Nothing happened with older records."""
_KINDS: dict[str, tuple[int, str, str, str]] = {
    "call": (2, "VOXIMPLANT_CALL", "CALL", "PHONE"),
    "mail": (4, "CRM_EMAIL", "EMAIL", "EMAIL"),
    "meeting": (1, "CRM_MEETING", "MEETING", ""),
    "todo": (6, "CRM_TODO", "TODO", ""),
}
"""`TYPE_ID`, provider, type of the provider and kind of address by kind of activity."""
_PLANS = ((-9, 12), (-3, 16), (-1, 11), (0, 12), (0, 16), (0, 18), (1, 10), (2, 15), (5, 11))
"""Days from today and hours of planned activities."""


def seed_communication(
    storage: Storage, moments: Moments, random: Random, clients: Clients, deals: Sequence[Map]
) -> None:
    """Write activities with their addressees, and comments."""
    records = {_LEAD: clients.leads, _DEAL: deals, _CONTACT: clients.contacts, _COMPANY: clients.companies}
    _seed_activities(storage, moments, random, clients, records)
    _seed_comments(storage, moments, random, records)


def _occasions(records: dict[int, Sequence[Map]]) -> Iterator[tuple[int, int, Map, str]]:
    """Yield what to write: type, id and row of an item, and `done` or `planned`."""
    for number, deal in enumerate(records[_DEAL], 1):
        if number > _FIRST[_DEAL]:
            if deal["CLOSED"] == "N" or number % 6 == 0:
                yield _DEAL, number, deal, "done"
            if deal["CLOSED"] == "N" and number % 4:
                yield _DEAL, number, deal, "planned"
    for number, lead in enumerate(records[_LEAD], 1):
        if number > _FIRST[_LEAD] and lead["STATUS_SEMANTIC_ID"] == "P":
            yield _LEAD, number, lead, "planned" if number % 3 else "done"
    for kind in (_CONTACT, _COMPANY):
        for number, client in enumerate(records[kind], 1):
            if number > _FIRST[kind] and number % 9 == 3:
                yield kind, number, client, "done"


def _person(kind: int, number: int, row: Map) -> tuple[int, int, str]:
    """Return whom an activity of an item reaches: type, id and name of the type."""
    if kind == _DEAL:
        return _CONTACT, int(str(row["CONTACT_ID"])), "CONTACT"
    return kind, number, {_LEAD: "LEAD", _CONTACT: "CONTACT", _COMPANY: "COMPANY"}[kind]


def _seed_activities(
    storage: Storage, moments: Moments, random: Random, clients: Clients, records: dict[int, Sequence[Map]]
) -> None:
    texts = {state: [row for row in table("activities") if row[2] == state] for state in ("done", "planned")}
    defaults = tables.defaults("crm_activity")
    activities: list[Map] = []
    bindings: list[tuple[Value, ...]] = []
    addresses: list[tuple[Value, ...]] = []
    for kind, number, row, state in _occasions(records):
        word, direction, _, subject, description = random.choice(texts[state])
        type_id, provider, provider_type, address = _KINDS[word]
        other, person, owner = _person(kind, number, row)
        value = clients.details.get((owner, person, address), "")
        if address and not value:
            continue  # a client without a phone has no calls
        user = row["ASSIGNED_BY_ID"]
        created = row["LAST_ACTIVITY_TIME"]
        done = state == "done"
        moment = created if done else moments.at(*_PLANS[len(activities) % len(_PLANS)])
        activities.append(
            {
                **defaults,
                "OWNER_TYPE_ID": kind,
                "OWNER_ID": number,
                **dict.fromkeys(("RESPONSIBLE_ID", "AUTHOR_ID", "EDITOR_ID"), user),
                "TYPE_ID": type_id,
                "PROVIDER_ID": provider,
                "PROVIDER_TYPE_ID": provider_type,
                "SUBJECT": subject,
                "DESCRIPTION": description,
                "DIRECTION": int(direction),
                "COMPLETED": "Y" if done else "N",
                "STATUS": 2 if done else 1,
                **dict.fromkeys(("START_TIME", "END_TIME", "DEADLINE"), moment),
                **dict.fromkeys(("CREATED", "LAST_UPDATED"), created),
            }
        )
        record = len(activities)
        bindings.append((record, kind, number))
        if other != kind:
            bindings.append((record, other, person))
        if address:
            addresses.append((record, other, person, address, value))
    write(storage, ACTIVITY, activities)
    storage.insert_many(ACTIVITY_BINDING, ("ACTIVITY_ID", "OWNER_TYPE_ID", "OWNER_ID"), bindings)
    columns = ("ACTIVITY_ID", "ENTITY_TYPE_ID", "ENTITY_ID", "TYPE", "VALUE")
    storage.insert_many(COMMUNICATION, columns, addresses)


def _seed_comments(storage: Storage, moments: Moments, random: Random, records: dict[int, Sequence[Map]]) -> None:
    comments: list[tuple[Value, ...]] = []
    for kind, every in ((_DEAL, 5), (_LEAD, 4), (_CONTACT, 12), (_COMPANY, 10)):
        word = owner_word(kind)
        texts = [text for name, text in table("comments") if name == word]
        for number, row in enumerate(records[kind], 1):
            if number > _FIRST[kind] and (number % every == 1 or row.get("CLOSED") == "N"):
                when = row["LAST_ACTIVITY_TIME"]
                comments.append((when, number, word, row["ASSIGNED_BY_ID"], random.choice(texts), "[]", "comment"))
    comments.sort(key=lambda comment: str(comment[0]))
    columns = ("CREATED", "ENTITY_ID", "ENTITY_TYPE", "AUTHOR_ID", "COMMENT", "FILE_LIST", "KIND")
    storage.insert_many(COMMENT, columns, comments)
    bindings = [(record, number, word) for record, (_, number, word, *_) in enumerate(comments, 1)]
    storage.insert_many(TIMELINE_BINDING, ("OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"), bindings)

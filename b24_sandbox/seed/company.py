"""Fourteen months of the demonstration company: companies, contacts, leads, deals, tasks.

All data comes from one seeded generator, and every date is counted back from the portal's clock. A question such as
"deals that have not moved for two weeks" always has an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from b24_sandbox import dates
from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_parts import STAGE_HISTORY
from b24_sandbox.entities.crm_rules import CLOSED, CREATED, MOVED
from b24_sandbox.entities.tasks import COMPLETED, DEFAULTS, ELAPSED, IN_PROGRESS, TASK, task_guid
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map, Value
from b24_sandbox.seed import names
from b24_sandbox.seed.people import EVERYBODY, SELLERS, SERVICE
from b24_sandbox.storage import Storage

COMPANIES, CONTACTS, DEALS, LEADS, TASKS = 120, 300, 400, 80, 150
_DAY = 86400.0
_MONTHS_14 = 425.0
_FOREIGN_EVERY = 10
_DEAL_OPEN = {
    0: ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE"),
    1: ("C1:NEW", "C1:PREPARATION", "C1:EXECUTING", "C1:FINAL_INVOICE"),
}
_DEAL_CLOSED = {0: ("WON", "WON", "WON", "LOSE", "LOSE", "APOLOGY"), 1: ("C1:WON", "C1:WON", "C1:WON", "C1:LOSE")}
_SOURCES = ("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "TRADE_SHOW", "WEBFORM")
_LEAD_STAGES = ("NEW", "NEW", "IN_PROCESS", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK")

_HISTORY = (
    "ENTITY_TYPE_ID",
    "OWNER_ID",
    "CATEGORY_ID",
    "TYPE_ID",
    "STAGE_ID",
    "STAGE_SEMANTIC_ID",
    "CREATED_TIME",
)
_MOMENT = _HISTORY.index("CREATED_TIME")


def _semantics(stage: str) -> str:
    code = stage.rpartition(":")[2]
    return "S" if code in ("WON", "CONVERTED") else "F" if code in ("LOSE", "APOLOGY", "JUNK") else "P"


class Company:
    """The company's records for a storage. Ids begin with 1 in every table."""

    def __init__(self, storage: Storage, now: float) -> None:
        self._storage = storage
        self._now = now
        self._random = Random(24_24)  # noqa: S311 (fiction, not secrets)
        self._multifields: list[tuple[Value, ...]] = []
        self._contact_company: list[int | None] = []
        self._history: list[tuple[Value, ...]] = []
        self._moments: dict[float, str] = {}

    def write(self) -> None:
        """Write all records."""
        self._contact_company = [
            self._random.randint(1, COMPANIES) if self._random.random() < 0.85 else None for _ in range(CONTACTS)
        ]
        self._write(COMPANY, COMPANIES, self._company)
        self._write(CONTACT, CONTACTS, self._contact)
        self._write(LEAD, LEADS, self._lead)
        self._write(DEAL, DEALS, self._deal)
        self._write(TASK, TASKS, self._task)
        self._write(ELAPSED, TASKS // 3, self._elapsed)
        self._storage.add_multifields(self._multifields)
        self._history.sort(key=lambda row: str(row[_MOMENT]))
        self._storage.insert_many(STAGE_HISTORY, _HISTORY, self._history)

    def _write(self, entity: Entity, count: int, record: Callable[[int], Map]) -> None:
        rows = [record(number) for number in range(1, count + 1)]
        columns = list(rows[0])
        self._storage.insert_many(entity, columns, [[row[name] for name in columns] for row in rows])

    def _ago(self, days: float) -> str:
        moment = self._moments.get(days)  # several columns share the same moment
        if moment is None:
            moment = self._moments[days] = dates.iso(self._now - days * _DAY)
        return moment

    def _day(self, days: float) -> str:
        return self._ago(days)[:10] + "T03:00:00+03:00"

    def _stamps(self, created: float, changed: float, author: int) -> Map:
        return {
            "ASSIGNED_BY_ID": author,
            "CREATED_BY_ID": author,
            "MODIFY_BY_ID": author,
            "DATE_CREATE": self._ago(created),
            "DATE_MODIFY": self._ago(changed),
            "LAST_ACTIVITY_BY": author,
            "LAST_ACTIVITY_TIME": self._ago(changed),
            "OPENED": "Y",
            "OBSERVERS": "[]",
        }

    def _contact_details(self, owner: str, record: int, base: int, domain: str) -> None:
        """Add a phone of a range reserved for fiction and a mailbox at `example.com`."""
        phone = f"+7000555{base + record:04d}"
        self._multifields.append((owner, record, "PHONE", "WORK", phone))
        self._multifields.append((owner, record, "EMAIL", "WORK", f"{domain}{record}@example.com"))

    def _stage_history(self, kind: int, record: int, category: int, stage: str, created: float, moved: float) -> None:
        """Write the stage history of a lead or a deal: the first stage and the current one."""
        start = stage.partition(":")[0] + ":NEW" if ":" in stage else "NEW"
        self._history.append((kind, record, category, CREATED, start, "P", self._ago(created)))
        if stage != start:
            semantics = _semantics(stage)
            step = MOVED if semantics == "P" else CLOSED
            self._history.append((kind, record, category, step, stage, semantics, self._ago(moved)))

    def _company(self, number: int) -> Map:
        choose = self._random.choice
        foreign = number % _FOREIGN_EVERY == 0
        if foreign:
            title = names.FOREIGN_COMPANIES[number // _FOREIGN_EVERY - 1]
        else:
            first = names.COMPANY_FIRST[number % 16]
            second = names.COMPANY_SECOND[number // 16 % 8]
            title = choose(names.COMPANY_FORMS[:3]).format(f"{first}-{second}")
        city, country = choose(names.CITIES[7:] if foreign else names.CITIES[:7])
        created = self._random.uniform(30, _MONTHS_14)
        self._contact_details("COMPANY", number, 1000, "office")
        return {
            "TITLE": title,
            "COMPANY_TYPE": "SUPPLIER" if number % 12 == 5 else "CUSTOMER",
            "INDUSTRY": choose(("MANUFACTURING", "MANUFACTURING", "CONSULTING", "DELIVERY", "OTHER")),
            "EMPLOYEES": choose(("EMPLOYEES_1", "EMPLOYEES_1", "EMPLOYEES_2", "EMPLOYEES_3")),
            "CURRENCY_ID": "EUR" if foreign else "RUB",
            "REVENUE": float(self._random.randint(2, 90) * 1_000_000),
            "IS_MY_COMPANY": "N",
            "HAS_PHONE": "Y",
            "HAS_EMAIL": "Y",
            "HAS_IMOL": "N",
            "ADDRESS_CITY": city,
            "ADDRESS_COUNTRY": country,
            "CONTACT_ID": json.dumps(
                [place for place, owner in enumerate(self._contact_company, start=1) if owner == number]
            ),
            **self._stamps(created, self._random.uniform(0, created), choose(SELLERS)),
        }

    def _name(self, number: int) -> tuple[str, str]:
        choose = self._random.choice
        if number % _FOREIGN_EVERY == 0:
            return choose(names.FOREIGN_NAMES), choose(names.FOREIGN_SURNAMES)
        if self._random.random() < 0.5:
            return choose(names.MEN), choose(names.SURNAMES)
        return choose(names.WOMEN), choose(names.SURNAMES) + "а"

    def _contact(self, number: int) -> Map:
        name, surname = self._name(number)
        company = self._contact_company[number - 1]
        created = self._random.uniform(10, _MONTHS_14)
        self._contact_details("CONTACT", number, 2000, "contact")
        return {
            "NAME": name,
            "LAST_NAME": surname,
            "POST": self._random.choice(names.POSTS),
            "TYPE_ID": "SUPPLIER" if number % 25 == 0 else "CLIENT",
            "SOURCE_ID": self._random.choice(_SOURCES),
            "COMPANY_ID": company,
            "COMPANY_IDS": json.dumps([company] if company else []),
            "EXPORT": "Y",
            "HAS_PHONE": "Y",
            "HAS_EMAIL": "Y",
            "HAS_IMOL": "N",
            **self._stamps(created, self._random.uniform(0, created), self._random.choice(SELLERS)),
        }

    def _lead(self, number: int) -> Map:
        name, surname = self._name(number)
        stage = self._random.choice(_LEAD_STAGES)
        created = self._random.uniform(0, 120)
        moved = self._random.uniform(0, created)
        goods, price = self._random.choice(names.GOODS)
        seller = self._random.choice(SELLERS[:-1])
        self._contact_details("LEAD", number, 5000, "lead")
        self._stage_history(1, number, 0, stage, created, moved)
        return {
            "TITLE": f"{goods}: запрос с {self._random.choice(('сайта', 'выставки', 'рекламы', 'почты'))}",
            "NAME": name,
            "LAST_NAME": surname,
            "SOURCE_ID": self._random.choice(_SOURCES),
            "STATUS_ID": stage,
            "STATUS_SEMANTIC_ID": _semantics(stage),
            "CURRENCY_ID": "RUB",
            "OPPORTUNITY": float(price),
            "IS_MANUAL_OPPORTUNITY": "Y",
            "IS_RETURN_CUSTOMER": "N",
            "HAS_PHONE": "Y",
            "HAS_EMAIL": "Y",
            "HAS_IMOL": "N",
            "CONTACT_IDS": "[]",
            "DATE_CLOSED": None if _semantics(stage) == "P" else self._ago(moved),
            "MOVED_BY_ID": seller,
            "MOVED_TIME": self._ago(moved),
            **self._stamps(created, moved, seller),
        }

    def _deal(self, number: int) -> Map:
        choose, uniform = self._random.choice, self._random.uniform
        category = 1 if number % 4 == 0 else 0
        # Older deals have lower ids, as on a real portal.
        created = max(0.2, _MONTHS_14 * (1 - number / DEALS) + uniform(-2, 2))
        closed = self._random.random() < min(0.92, created / 90)
        stage = choose(_DEAL_CLOSED[category] if closed else _DEAL_OPEN[category])
        moved = max(0.0, created - uniform(5, 75)) if closed else uniform(0, min(created, 45))
        goods, price = choose(names.REPAIRS if category else names.GOODS)
        contact = self._random.randint(1, CONTACTS)
        company = self._contact_company[contact - 1]
        owner = choose(SERVICE if category else SELLERS)
        self._stage_history(2, number, category, stage, created, moved)
        return {
            "TITLE": f"{goods} №{1000 + number}",
            "TYPE_ID": "SERVICE" if category else "SALE",
            "CATEGORY_ID": category,
            "STAGE_ID": stage,
            "STAGE_SEMANTIC_ID": _semantics(stage),
            "IS_NEW": "Y" if stage in ("NEW", "C1:NEW") else "N",
            "IS_RECURRING": "N",
            "IS_RETURN_CUSTOMER": "Y" if number % 5 == 0 else "N",
            "IS_REPEATED_APPROACH": "N",
            "PROBABILITY": choose((None, 20, 50, 80)),
            "CURRENCY_ID": "RUB",
            "OPPORTUNITY": round(price * uniform(0.7, 2.2), -2),
            "IS_MANUAL_OPPORTUNITY": "Y",
            "TAX_VALUE": 0.0,
            "COMPANY_ID": company,
            "CONTACT_ID": contact,
            "CONTACT_IDS": json.dumps([contact]),
            "BEGINDATE": self._day(created),
            "CLOSEDATE": self._day(moved if closed else created - 60),
            "CLOSED": "Y" if closed else "N",
            "SOURCE_ID": choose(_SOURCES),
            "MOVED_BY_ID": owner,
            "MOVED_TIME": self._ago(moved),
            **self._stamps(created, moved * uniform(0.5, 1) if closed else moved, owner),
        }

    def _task(self, number: int) -> Map:
        choose, uniform = self._random.choice, self._random.uniform
        created = max(0.1, 180 * (1 - number / TASKS) + uniform(-1, 1))
        due = created - uniform(2, 20)
        done = self._random.random() < min(0.85, created / 60)
        status = COMPLETED if done else choose((2, 2, IN_PROGRESS, IN_PROGRESS, 4, 6))
        finished = max(0.0, due + uniform(-3, 2)) if done else None
        changed = finished if finished is not None else uniform(0, created)
        author, responsible = choose(EVERYBODY), choose(EVERYBODY)
        deal = self._random.randint(DEALS // 2, DEALS)
        watchers = sorted(self._random.sample(EVERYBODY, 2)) if number % 3 == 0 else []
        return {
            **DEFAULTS,
            "TITLE": f"{choose(names.TASKS)} (№{1000 + deal})",
            "DESCRIPTION": "",
            "PRIORITY": choose((0, 1, 1, 1, 2)),
            "CREATED_BY": author,
            "CREATED_DATE": self._ago(created),
            "RESPONSIBLE_ID": responsible,
            "CHANGED_BY": responsible,
            "CHANGED_DATE": self._ago(changed),
            "STATUS_CHANGED_BY": responsible,
            "STATUS_CHANGED_DATE": self._ago(changed),
            "ACTIVITY_DATE": self._ago(changed),
            "CLOSED_BY": responsible if done else None,
            "CLOSED_DATE": self._ago(changed) if done else None,
            "DATE_START": self._ago(created - 0.1) if status in (IN_PROGRESS, COMPLETED) else None,
            "DEADLINE": self._ago(due),
            "GUID": task_guid(f"seed/{number}"),
            "STATUS": status,
            "TASK_CONTROL": "Y" if status == 4 or number % 7 == 0 else "N",
            "AUDITORS": json.dumps(watchers),
            "UF_CRM_TASK": json.dumps([f"D_{deal}"]),
        }

    def _elapsed(self, number: int) -> Map:
        moment = self._ago(180 * (1 - number / (TASKS // 3)))
        minutes = self._random.randint(2, 24) * 10
        return {
            "TASK_ID": number * 3,
            "USER_ID": self._random.choice(EVERYBODY),
            "COMMENT_TEXT": "",
            "SECONDS": minutes * 60,
            "MINUTES": minutes,
            "SOURCE": 2,
            "CREATED_DATE": moment,
            "DATE_START": moment,
            "DATE_STOP": moment,
        }

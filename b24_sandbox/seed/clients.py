"""The clients of the demonstration company: companies, contacts and leads with their phones and e-mails."""

from __future__ import annotations

import json
from random import Random

from b24_sandbox.entities.crm import COMPANY, CONTACT, LEAD
from b24_sandbox.php import Map, Value
from b24_sandbox.seed.goods import wares
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import SELLERS
from b24_sandbox.seed.rows import stamps, write
from b24_sandbox.seed.stages import StageHistory, semantics
from b24_sandbox.seed.tables import table, words
from b24_sandbox.storage import Storage

COMPANIES, CONTACTS, LEADS = 120, 300, 80
MONTHS_14 = 425.0
FOREIGN_EVERY = 10
MY_COMPANY = 119
"""The demonstration company itself, as the seller in invoices."""
SOURCES = ("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "TRADE_SHOW", "WEBFORM")
_LEAD_STAGES = ("NEW", "NEW", "IN_PROCESS", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK")
_FIRST = 20
"""Records up to this number have both a phone and an e-mail."""
_WITHOUT = {
    ("COMPANY", "PHONE"): (16, 0),
    ("COMPANY", "EMAIL"): (14, 9),
    ("CONTACT", "PHONE"): (13, 8),
    ("CONTACT", "EMAIL"): (11, 6),
    ("LEAD", "PHONE"): (9, 4),
    ("LEAD", "EMAIL"): (7, 5),
}
"""Every how many records one has no phone or no e-mail, and which remainder it has."""


class Clients:
    """Companies, contacts and leads. Ids begin with 1 in every table.

    `company_of` has the company of each contact, in order. `details` has phones and e-mails: owner type, id and kind ->
    value.
    """

    def __init__(self, moments: Moments, random: Random, history: StageHistory) -> None:
        self._moments = moments
        self._random = random
        self._words = words()
        self._offers = [ware for ware in wares() if ware.leads == "sale"]
        cities = [(city, country) for city, country, _, _, foreign in table("cities") if foreign == "N"]
        self._cities = (cities, [row[:2] for row in table("cities") if row[4] == "Y"])
        self.details: dict[tuple[str, int, str], str] = {}
        self.company_of = [random.randint(1, COMPANIES) if random.random() < 0.85 else None for _ in range(CONTACTS)]
        self.company_of = [None if company == MY_COMPANY else company for company in self.company_of]
        self._contacts_of: dict[int | None, list[int]] = {}
        for place, company in enumerate(self.company_of, 1):
            self._contacts_of.setdefault(company, []).append(place)
        self.companies = [self._company(number) for number in range(1, COMPANIES + 1)]
        self.contacts = [self._contact(number) for number in range(1, CONTACTS + 1)]
        self.leads = [self._lead(number, history) for number in range(1, LEADS + 1)]
        self._correct()

    def write(self, storage: Storage) -> None:
        """Write all records with their phones and e-mails."""
        write(storage, COMPANY, self.companies)
        write(storage, CONTACT, self.contacts)
        write(storage, LEAD, self.leads)
        storage.add_multifields(
            (owner, record, kind, "WORK", value) for (owner, record, kind), value in self.details.items()
        )

    def _correct(self) -> None:
        """Apply the named exceptions: duplicate phones and e-mails, titles of leads."""
        for owner, record, kind, other, number, written in table("duplicates"):
            value = self.details[other, int(number), kind]
            if written == "spaced":
                value = f"8 ({value[2:5]}) {value[5:8]}-{value[8:10]}-{value[10:]}"
            self.details[owner, int(record), kind] = value
        for record, title, comments in table("leads"):
            self.leads[int(record) - 1] |= {"TITLE": title, "COMMENTS": comments}

    def _contact_details(self, owner: str, record: int, base: int, mailbox: str) -> Map:
        """Add a phone of a range reserved for fiction and a mailbox at `example.com`. Return the flags of presence."""
        values = {"PHONE": f"+7000555{base + record:04d}", "EMAIL": f"{mailbox}{record}@example.com"}
        flags: Map = {}
        for kind, value in values.items():
            every, remainder = _WITHOUT[owner, kind]
            missing = record > _FIRST and record % every == remainder
            flags[f"HAS_{kind}"] = "N" if missing else "Y"
            if not missing:
                self.details[owner, record, kind] = value
        return {**flags, "HAS_IMOL": "N"}

    def _company(self, number: int) -> Map:
        choose = self._random.choice
        foreign = number % FOREIGN_EVERY == 0
        if foreign:
            title = self._words["foreign_company"][number // FOREIGN_EVERY - 1]
        else:
            first = self._words["company_first"][number % 16]
            second = self._words["company_second"][number // 16 % 8]
            title = choose(self._words["company_form"]).format(f"{first}-{second}")
        city, country = choose(self._cities[foreign])
        created = self._random.uniform(30, MONTHS_14)
        kind = "SUPPLIER" if number % 12 == 5 else "CUSTOMER"
        return {
            "TITLE": "ООО «Северный мост»" if number == MY_COMPANY else title,
            "COMPANY_TYPE": "OTHER" if number == MY_COMPANY else kind,
            "INDUSTRY": choose(("MANUFACTURING", "MANUFACTURING", "CONSULTING", "DELIVERY", "OTHER")),
            "EMPLOYEES": choose(("EMPLOYEES_1", "EMPLOYEES_1", "EMPLOYEES_2", "EMPLOYEES_3")),
            "CURRENCY_ID": "EUR" if foreign else "RUB",
            "REVENUE": float(self._random.randint(2, 90) * 1_000_000),
            "IS_MY_COMPANY": "Y" if number == MY_COMPANY else "N",
            **self._contact_details("COMPANY", number, 1000, "office"),
            "ADDRESS_CITY": city,
            "ADDRESS_COUNTRY": country,
            "CONTACT_ID": json.dumps(self._contacts_of.get(number, [])),
            **stamps(self._moments, created, self._random.uniform(0, created), choose(SELLERS)),
        }

    def _name(self, number: int) -> tuple[str, str]:
        choose, known = self._random.choice, self._words
        if number % FOREIGN_EVERY == 0:
            return choose(known["foreign_name"]), choose(known["foreign_surname"])
        if self._random.random() < 0.5:
            return choose(known["man"]), choose(known["surname"])
        return choose(known["woman"]), choose(known["surname"]) + "а"

    def _contact(self, number: int) -> Map:
        name, surname = self._name(number)
        company = self.company_of[number - 1]
        created = self._random.uniform(10, MONTHS_14)
        return {
            "NAME": name,
            "LAST_NAME": surname,
            "POST": self._random.choice(self._words["position"]),
            "TYPE_ID": "SUPPLIER" if number % 25 == 0 else "CLIENT",
            "SOURCE_ID": self._random.choice(SOURCES),
            "COMPANY_ID": company,
            "COMPANY_IDS": json.dumps([company] if company else []),
            "EXPORT": "Y",
            **self._contact_details("CONTACT", number, 2000, "contact"),
            **stamps(self._moments, created, self._random.uniform(0, created), self._random.choice(SELLERS)),
        }

    def _lead(self, number: int, history: StageHistory) -> Map:
        name, surname = self._name(number)
        stage = self._random.choice(_LEAD_STAGES)
        created = self._random.uniform(0, 120)
        moved = self._random.uniform(0, created)
        ware = self._random.choice(self._offers)
        seller = self._random.choice(SELLERS[:-1])
        origin = self._random.choice(self._words["lead_origin"])
        if stage == "NEW":
            moved = created
        history.lead(number, stage, created, moved)
        closed: Value = None if semantics(stage) == "P" else self._moments.ago(moved)
        return {
            "TITLE": f"{ware.name}: запрос с {origin}",
            "COMMENTS": None,
            "NAME": name,
            "LAST_NAME": surname,
            "SOURCE_ID": self._random.choice(SOURCES),
            "STATUS_ID": stage,
            "STATUS_SEMANTIC_ID": semantics(stage),
            "CURRENCY_ID": "RUB",
            "OPPORTUNITY": ware.price,
            "IS_MANUAL_OPPORTUNITY": "Y",
            "IS_RETURN_CUSTOMER": "N",
            **self._contact_details("LEAD", number, 5000, "lead"),
            "CONTACT_IDS": "[]",
            "DATE_CLOSED": closed,
            "MOVED_BY_ID": seller,
            "MOVED_TIME": self._moments.ago(moved),
            **stamps(self._moments, created, moved, seller),
        }

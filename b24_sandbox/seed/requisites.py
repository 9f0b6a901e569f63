"""Requisites of the demonstration company's clients, with their addresses and bank details.

Numbers are of no real organisation: tax numbers begin with a region that does not exist, account numbers have no valid
check digits.
"""

from __future__ import annotations

from random import Random

from b24_sandbox.entities.crm_requisites import ADDRESS, BANK_DETAIL, REQUISITE
from b24_sandbox.php import Value
from b24_sandbox.seed.clients import FOREIGN_EVERY, Clients
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.tables import table, words
from b24_sandbox.storage import Storage

_FIRST, _WITHOUT = 8, 6
"""Companies up to the first number have no requisites, and of the others every sixth one has none."""
_COMPANY, _REQUISITE = 4, 8
_LEGAL, _ACTUAL = 6, 1
_RUSSIA = 1
_ORGANISATION = 1
"""The preset."""
_REQUISITES = (
    "ENTITY_TYPE_ID ENTITY_ID PRESET_ID DATE_CREATE CREATED_BY_ID NAME ACTIVE ADDRESS_ONLY SORT RQ_COMPANY_NAME"
    " RQ_COMPANY_FULL_NAME RQ_DIRECTOR RQ_INN RQ_KPP RQ_OGRN RQ_VAT_ID"
)
_BANKS = (
    "ENTITY_ID COUNTRY_ID DATE_CREATE CREATED_BY_ID NAME ACTIVE SORT RQ_BANK_NAME RQ_BIK RQ_ACC_NUM RQ_COR_ACC_NUM"
    " RQ_ACC_CURRENCY RQ_IBAN RQ_SWIFT"
)
_ADDRESSES = (
    "TYPE_ID ENTITY_TYPE_ID ENTITY_ID ADDRESS_1 ADDRESS_2 CITY POSTAL_CODE COUNTRY COUNTRY_CODE ANCHOR_TYPE_ID"
    " ANCHOR_ID"
)


def seed_requisites(storage: Storage, moments: Moments, random: Random, clients: Clients) -> dict[int, int]:
    """Write the data. Return the requisite of each company; its bank details have the same id."""
    made: dict[int, int] = {}
    requisites: list[tuple[Value, ...]] = []
    banks: list[tuple[Value, ...]] = []
    addresses: list[tuple[Value, ...]] = []
    places = {city: (code, postal) for city, _, code, postal, _ in table("cities")}
    known = words()
    stamp = moments.ago(30)
    for number, company in enumerate(clients.companies, 1):
        if number <= _FIRST or number % _WITHOUT == 0:
            continue
        record = made[number] = len(made) + 1
        foreign = number % FOREIGN_EVERY == 0
        title, city = company["TITLE"], company["ADDRESS_CITY"]
        code, postal = places[str(city)]
        names = ("foreign_name", "foreign_surname") if foreign else ("man", "surname")
        director = " ".join(random.choice(known[name]) for name in names)
        numbers: tuple[Value, ...] = (f"00{number:05d}271", "000101001", f"100{number:010d}", None)
        if foreign:
            numbers = (None, None, None, f"{code}U{number:08d}")
        owner = (_COMPANY, number, _ORGANISATION, stamp, company["CREATED_BY_ID"])
        requisites.append((*owner, title, "Y", "N", 500, title, title, director, *numbers))
        bank = random.choice(known["foreign_bank" if foreign else "bank"])
        account: tuple[Value, ...] = (
            "040000000",
            f"4070281000000{number:07d}",
            "30101810000000000000",
            "RUB",
            None,
            None,
        )
        if foreign:
            account = (None, None, None, "EUR", f"{code}00 0000 0000 {number:04d}", f"XXXX{code}XX")
        banks.append((record, _RUSSIA, stamp, company["CREATED_BY_ID"], bank, "Y", 500, bank, *account))
        street = random.choice(known["foreign_street" if foreign else "street"])
        house = random.randint(1, 90)
        line = f"{street} {house}" if foreign else f"ул. {street}, д. {house}"
        for kind in (_LEGAL, _ACTUAL) if number % 3 == 0 else (_LEGAL,):
            place = (line, None, city, postal, company["ADDRESS_COUNTRY"], code)
            addresses.append((kind, _REQUISITE, record, *place, _COMPANY, number))
    storage.insert_many(REQUISITE, _REQUISITES.split(), requisites)
    storage.insert_many(BANK_DETAIL, _BANKS.split(), banks)
    storage.insert_many(ADDRESS, _ADDRESSES.split(), addresses)
    return made

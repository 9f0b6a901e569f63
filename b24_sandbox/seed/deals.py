"""The deals of the demonstration company: two pipelines, three currencies, fourteen months."""

from __future__ import annotations

import json
from random import Random

from b24_sandbox import facts
from b24_sandbox.php import Map
from b24_sandbox.seed.clients import CONTACTS, FOREIGN_EVERY, MONTHS_14, SOURCES, Clients
from b24_sandbox.seed.goods import Ware, wares
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import SELLERS, SERVICE
from b24_sandbox.seed.rows import stamps
from b24_sandbox.seed.stages import DEAL_OPEN, StageHistory, semantics

DEALS = 400
RATES = {code: float(rate) for _, code, _, rate, *_ in facts.table("records/crm_currency")}
"""Currency -> roubles."""
_CLOSED = {0: ("WON", "WON", "WON", "LOSE", "LOSE", "APOLOGY"), 1: ("C1:WON", "C1:WON", "C1:WON", "C1:LOSE")}


def make_deals(
    moments: Moments, random: Random, clients: Clients, history: StageHistory
) -> tuple[list[Map], list[Ware]]:
    """Return the rows of all deals, and what each of them sells."""
    offers = [
        [ware for ware in wares() if ware.leads == "sale"],
        [ware for ware in wares() if ware.leads == "service"],
    ]
    sold: list[Ware] = []
    return [_deal(number, moments, random, clients, history, offers, sold) for number in range(1, DEALS + 1)], sold


def _currency(company: int | None, contact: int) -> str:
    """Return the currency of a client: companies abroad pay in euros, other people abroad in dollars."""
    if company is not None and company % FOREIGN_EVERY == 0:
        return "EUR"
    return "USD" if contact % FOREIGN_EVERY == 0 else "RUB"


def _deal(
    number: int,
    moments: Moments,
    random: Random,
    clients: Clients,
    history: StageHistory,
    offers: list[list[Ware]],
    sold: list[Ware],
) -> Map:
    choose, uniform = random.choice, random.uniform
    category = 1 if number % 4 == 0 else 0
    # Older deals have lower ids, as on a real portal.
    created = max(0.2, MONTHS_14 * (1 - number / DEALS) + uniform(-2, 2))
    closed = random.random() < min(0.92, created / 90)
    stage = choose(_CLOSED[category] if closed else DEAL_OPEN[category])
    moved = max(0.0, created - uniform(5, 75)) if closed else uniform(0, min(created, 45))
    ware = choose(offers[category])
    contact = random.randint(1, CONTACTS)
    company = clients.company_of[contact - 1]
    owner = choose(SERVICE if category else SELLERS)
    if stage == DEAL_OPEN[category][0]:
        moved = created
    history.deal(number, category, stage, created, moved)
    sold.append(ware)
    currency = _currency(company, contact)
    probability = choose((None, 20, 50, 80))
    roubles = round(ware.price * uniform(0.7, 2.2), -2)
    return {
        "TITLE": f"{ware.name} №{1000 + number}",
        "TYPE_ID": "SERVICE" if category else "SALE",
        "CATEGORY_ID": category,
        "STAGE_ID": stage,
        "STAGE_SEMANTIC_ID": semantics(stage),
        "IS_NEW": "Y" if stage in ("NEW", "C1:NEW") else "N",
        "IS_RECURRING": "N",
        "IS_RETURN_CUSTOMER": "Y" if number % 5 == 0 else "N",
        "IS_REPEATED_APPROACH": "N",
        "PROBABILITY": probability,
        "CURRENCY_ID": currency,
        "OPPORTUNITY": roubles if currency == "RUB" else round(roubles / RATES[currency], -1),
        "IS_MANUAL_OPPORTUNITY": "Y",
        "TAX_VALUE": 0.0,
        "COMPANY_ID": company,
        "CONTACT_ID": contact,
        "CONTACT_IDS": json.dumps([contact]),
        "BEGINDATE": moments.date_ago(created),
        "CLOSEDATE": moments.date_ago(moved if closed else created - 60),
        "CLOSED": "Y" if closed else "N",
        "SOURCE_ID": choose(SOURCES),
        "MOVED_BY_ID": owner,
        "MOVED_TIME": moments.ago(moved),
        **stamps(moments, created, moved * uniform(0.5, 1) if closed else moved, owner),
    }

"""What the demonstration company sells: product rows of deals and the invoices of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from b24_sandbox.entities.crm_catalog import PRODUCT_ROW
from b24_sandbox.entities.crm_requisites import REQUISITE_LINK
from b24_sandbox.entities.crm_sales import INVOICE
from b24_sandbox.entities.directories import INVOICE_CATEGORY
from b24_sandbox.php import Map, Value
from b24_sandbox.seed.clients import MY_COMPANY
from b24_sandbox.seed.deals import RATES
from b24_sandbox.seed.goods import Ware, wares
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.rows import stamps, write
from b24_sandbox.seed.stages import StageHistory
from b24_sandbox.storage import Storage

Line = tuple[Value, ...]
Basket = tuple[list[Line], float, float]
"""The product rows of an item without its owner, their sum and the tax in it."""

_FIRST = 60
"""Deals up to this number have an amount that was entered by hand, and no product rows."""
_PAID_FROM = 250
"""Deals that were won before this number have no invoice any more."""
_COLUMNS = (
    "OWNER_TYPE OWNER_ID SORT PRODUCT_ID PRODUCT_NAME PRICE PRICE_EXCLUSIVE PRICE_NETTO PRICE_BRUTTO QUANTITY"
    " DISCOUNT_TYPE_ID DISCOUNT_RATE DISCOUNT_SUM TAX_RATE TAX_INCLUDED CUSTOMIZED MEASURE_CODE MEASURE_NAME TYPE"
    " STORE_ID XML_ID"
)
_UNITS = {796: "шт", 356: "ч"}
_PERCENTAGE = 2
_CHEAP = 100_000
_TERM = 10.0
"""Days until an invoice is due."""
_PREFIX = f"DT31_{INVOICE_CATEGORY}:"


def seed_product_rows(
    storage: Storage, random: Random, deals: Sequence[Map], sold: Sequence[Ware]
) -> dict[int, Basket]:
    """Write the product rows of the deals in work and of a third of the others, and set the amounts of these deals."""
    extras = [ware for ware in wares() if not ware.leads]
    baskets: dict[int, Basket] = {}
    rows: list[Line] = []
    for number, (deal, ware) in enumerate(zip(deals, sold, strict=True), 1):
        if number <= _FIRST or (deal["CLOSED"] == "Y" and number % 3):
            continue
        basket = _basket(random, str(deal["CURRENCY_ID"]), [ware, *random.sample(extras, number % 3)])
        lines, total, tax = baskets[number] = basket
        deal |= {"OPPORTUNITY": total, "IS_MANUAL_OPPORTUNITY": "N", "TAX_VALUE": tax}
        rows += _owned("D", number, lines)
    storage.insert_many(PRODUCT_ROW, _COLUMNS.split(), rows)
    return baskets


def _owned(owner: str, record: int, lines: Sequence[Line]) -> list[Line]:
    return [(owner, record, place * 10, *line) for place, line in enumerate(lines, 1)]


def _basket(random: Random, currency: str, goods: Sequence[Ware]) -> Basket:
    lines: list[Line] = []
    total = tax = 0.0
    for ware in goods:
        # Exports are free of tax.
        rate = ware.rate if currency == "RUB" else 0.0
        quantity = float(random.randint(1, 6)) if ware.price < _CHEAP else 1.0
        discount = random.choice((0.0, 0.0, 0.0, 5.0, 10.0))
        price = _cents(round(ware.price / RATES[currency]) * (1 - discount / 100))
        exclusive = _cents(price / (1 + rate / 100))
        rebate = _cents(exclusive * discount / (100 - discount))
        netto = _cents(exclusive + rebate)
        lines.append(
            (
                *(ware.number, ware.name, price, exclusive, netto, _cents(netto * (1 + rate / 100)), quantity),
                *(_PERCENTAGE, discount, rebate, rate, "Y" if rate else "N", "N"),
                *(ware.unit, _UNITS[ware.unit], ware.kind, 0, ""),
            )
        )
        total += price * quantity
        tax += (price - exclusive) * quantity
    return lines, _cents(total), _cents(tax)


def _cents(amount: float) -> float:
    return round(amount + 1e-9, 2)


def _stage(number: int, deal: Map) -> str | None:
    """Return the stage of a deal's invoice, or `None` when the deal has no invoice."""
    code = str(deal["STAGE_ID"]).rpartition(":")[2]
    if code == "WON":
        return "P" if number > _PAID_FROM else None
    if code == "PREPAYMENT_INVOICE":
        return "N" if number % 3 == 0 else "S"
    if code == "FINAL_INVOICE":
        return "S"
    return "D" if code == "LOSE" and number > _PAID_FROM else None


def seed_invoices(
    storage: Storage,
    moments: Moments,
    history: StageHistory,
    deals: Sequence[Map],
    baskets: dict[int, Basket],
    requisites: dict[int, int],
) -> None:
    """Write the invoices of deals with product rows. Those that were sent long ago are overdue, others are due soon."""
    invoices: list[Map] = []
    rows: list[Line] = []
    links: list[Line] = []
    for number, (lines, total, tax) in baskets.items():
        deal = deals[number - 1]
        stage = _stage(number, deal)
        if stage is None:
            continue
        record = len(invoices) + 1
        age = 3.0 + number * 7 % 28
        path = [
            _PREFIX + code for code in ("N", "S", "P", "D") if code in (stage, "N") or (code == "S" and stage in "PD")
        ]
        settled = age if len(path) == 1 else age / 2
        history.add(31, record, INVOICE_CATEGORY, path, age, settled)
        author = int(str(deal["ASSIGNED_BY_ID"]))
        invoices.append(
            {
                "TITLE": f"Счёт №{record}: {deal['TITLE']}",
                "ACCOUNT_NUMBER": str(record),
                "CATEGORY_ID": INVOICE_CATEGORY,
                "STAGE_ID": path[-1],
                "PREVIOUS_STAGE_ID": path[-2] if len(path) > 1 else "",
                "MOVED_BY_ID": author,
                "MOVED_TIME": moments.ago(settled),
                "BEGINDATE": moments.date_ago(age),
                "CLOSEDATE": moments.date_ago(age - _TERM),
                "COMPANY_ID": deal["COMPANY_ID"],
                "CONTACT_ID": deal["CONTACT_ID"],
                "CONTACT_IDS": deal["CONTACT_IDS"],
                "MYCOMPANY_ID": MY_COMPANY,
                "CURRENCY_ID": deal["CURRENCY_ID"],
                "OPPORTUNITY": total,
                "IS_MANUAL_OPPORTUNITY": "N",
                "TAX_VALUE": tax,
                "SOURCE_ID": deal["SOURCE_ID"],
                **stamps(moments, age, settled, author),
            }
        )
        rows += _owned("SI", record, lines)
        company = deal["COMPANY_ID"]
        if isinstance(company, int) and company in requisites:
            ours, theirs = requisites[MY_COMPANY], requisites[company]
            links.append((31, record, theirs, theirs, ours, ours))
    write(storage, INVOICE, invoices)
    storage.insert_many(PRODUCT_ROW, _COLUMNS.split(), rows)
    columns = ("ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")
    storage.insert_many(REQUISITE_LINK, columns, links)

"""Jobs of a sales manager: deals, leads, products, revenue, invoices."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from benchmarks.jobs.assistant import Assistant, rows_of
from benchmarks.jobs.job import Job, Notes, digits, names_all
from benchmarks.jobs.portal import JobPortal

DEAL = "Пресс гидравлический для цеха 7"
ROWS = (("Станок СТ-40", 120_000, 2), ("Пусконаладка", 30_000, 1))
DISCOUNT, VAT = 10, 20


async def five_largest(assistant: Assistant, question: str) -> str:
    """One call: the limit cuts the rows, the names come with them."""
    answer = await assistant.use(
        "read_method",
        method="crm.deal.list",
        params={
            "filter": {"CLOSED": "N"},
            "order": {"OPPORTUNITY": "DESC"},
            "select": ["ID", "TITLE", "OPPORTUNITY", "COMPANY_ID", "ASSIGNED_BY_ID"],
        },
        limit=5,
        resolve=True,
    )
    names = answer["names"]
    return "\n".join(
        f"{row['TITLE']}: {row['OPPORTUNITY']}, {names['companies'].get(row['COMPANY_ID'], 'no company')}, "
        f"{names['people'][row['ASSIGNED_BY_ID']]}"
        for row in rows_of(answer["result"])
    )


def grade_five_largest(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The titles and amounts of the five, their companies and people."""
    deals = portal.call("crm.deal.list", {"filter": {"CLOSED": "N"}, "order": {"OPPORTUNITY": "DESC"}})
    wanted: list[object] = []
    for deal in deals[:5]:
        person = portal.call("user.get", {"ID": deal["ASSIGNED_BY_ID"]})[0]
        wanted += [deal["TITLE"], int(float(deal["OPPORTUNITY"])), person["LAST_NAME"]]
        if deal["COMPANY_ID"]:
            wanted.append(portal.call("crm.company.get", {"id": deal["COMPANY_ID"]})["TITLE"])
    return names_all(answer, wanted)


async def unmoved_deals(assistant: Assistant, question: str) -> str:
    """Two calls: the open deals as a data set, and one query."""
    await assistant.use(
        "list_records",
        method="crm.deal.list",
        params={"filter": {"CLOSED": "N"}, "select": ["ID", "ASSIGNED_BY_ID", "MOVED_TIME"]},
    )
    rows = await assistant.query(
        "SELECT u.name, count(*) AS deals FROM crm_deal_list d JOIN portal_users u ON u.id = d.ASSIGNED_BY_ID "
        "WHERE datetime(d.MOVED_TIME) < datetime('now', '-14 days') GROUP BY u.id ORDER BY deals DESC"
    )
    return "\n".join(f"{row['name']}: {row['deals']}" for row in rows)


def grade_unmoved_deals(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Each person with the number of deals behind the name."""
    limit = datetime.now(UTC) - timedelta(days=14)
    counts: dict[str, int] = defaultdict(int)
    for deal in portal.rows("crm.deal.list", filter={"CLOSED": "N"}, select=["ASSIGNED_BY_ID", "MOVED_TIME"]):
        if datetime.fromisoformat(deal["MOVED_TIME"]) < limit:
            counts[deal["ASSIGNED_BY_ID"]] += 1
    people = {user["ID"]: user["LAST_NAME"] for user in portal.rows("user.get")}
    return [
        f"the answer lacks {people[one]} with {count}"
        for one, count in counts.items()
        if not re.search(rf"{people[one]}\W.{{0,40}}?\b{count}\b", answer, re.DOTALL)
    ]


async def lead_to_deal(assistant: Assistant, question: str) -> str:
    """Two calls: a note says how a lead is converted, and one batch makes it all."""
    phone = [{"VALUE": "+7 912 555-77-01", "VALUE_TYPE": "WORK"}]
    mail = [{"VALUE": "irina.svetlova@example.com", "VALUE_TYPE": "WORK"}]
    await assistant.use("describe_method", method="crm.lead.add")
    person = {"NAME": "Ирина", "LAST_NAME": "Светлова", "PHONE": phone, "EMAIL": mail, "SOURCE_ID": "WEB"}
    many = [
        {"typeId": kind, "valueType": "WORK", "value": one[0]["VALUE"]}
        for kind, one in (("PHONE", phone), ("EMAIL", mail))
    ]
    contact = {"name": "Ирина", "lastName": "Светлова", "fm": many, "sourceId": "WEB", "leadId": "$result[lead]"}
    deal = {
        "title": "Светлова: склад",
        "sourceId": "WEB",
        "leadId": "$result[lead]",
        "contactId": "$result[contact][item][id]",
    }
    commands = {
        "lead": {"method": "crm.lead.add", "params": {"fields": {"TITLE": "Светлова: склад", **person}}},
        "contact": {"method": "crm.item.add", "params": {"entityTypeId": 3, "fields": contact}},
        "deal": {"method": "crm.item.add", "params": {"entityTypeId": 2, "fields": deal}},
        "converted": {
            "method": "crm.lead.update",
            "params": {"id": "$result[lead]", "fields": {"STATUS_ID": "CONVERTED"}},
        },
    }
    answer = await assistant.use("batch_call", commands=commands, halt=True)
    return str({name: one["result"] for name, one in answer["results"].items()})


def grade_lead_to_deal(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The three records, with the phone, the mail and the source, and linked."""
    found = portal.call("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["+79125557701"]}) or {}
    if not found.get("LEAD") or not found.get("CONTACT"):
        return ["no lead and contact with this phone"]
    lead = portal.call("crm.lead.get", {"id": found["LEAD"][0]})
    deals = portal.call("crm.deal.list", {"filter": {"CONTACT_ID": found["CONTACT"][0]}, "select": ["*"]})
    wrong = [] if lead["SOURCE_ID"] == "WEB" else ["the lead has another source"]
    if lead["EMAIL"][0]["VALUE"] != "irina.svetlova@example.com":
        wrong.append("the lead has another mail address")
    if not deals:
        return [*wrong, "no deal of the contact"]
    return wrong if str(deals[0]["LEAD_ID"]) == str(lead["ID"]) else [*wrong, "the deal is not linked to the lead"]


def prepare_next_stage(portal: JobPortal) -> Notes:
    """Make a deal in the second pipeline."""
    deal = portal.call("crm.deal.add", {"fields": {"TITLE": DEAL, "CATEGORY_ID": 1, "STAGE_ID": "C1:PREPARATION"}})
    return {"deal": deal}


async def next_stage(assistant: Assistant, question: str) -> str:
    """Three calls: the deal, the stages of its pipeline, the change."""
    params = {"filter": {"TITLE": DEAL}, "select": ["ID", "CATEGORY_ID", "STAGE_ID"]}
    (deal,) = await assistant.read("crm.deal.list", params)
    stages = await assistant.query(
        f"SELECT stage_id, name FROM portal_stages WHERE entity = 'deal' AND pipeline_id = {int(deal['CATEGORY_ID'])} "
        "ORDER BY position"
    )
    place = [stage["stage_id"] for stage in stages].index(deal["STAGE_ID"])
    following = stages[place + 1]
    await assistant.write("crm.deal.update", {"id": deal["ID"], "fields": {"STAGE_ID": following["stage_id"]}})
    return f"{DEAL}: {following['name']}"


def grade_next_stage(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The stage after the former one, by its name in the answer."""
    stage = portal.call("crm.deal.get", {"id": notes["deal"]})["STAGE_ID"]
    return ([] if stage == "C1:EXECUTING" else [f"the deal is at {stage}"]) + names_all(answer, ["Ремонт"])


def prepare_products(portal: JobPortal) -> Notes:
    """Make a deal without products."""
    return {"deal": portal.call("crm.deal.add", {"fields": {"TITLE": DEAL + " (товары)"}})}


async def products(assistant: Assistant, question: str) -> str:
    """Three calls: the deal, the meaning of the prices, and one batch that writes the rows and reads the total."""
    (deal,) = await assistant.read("crm.deal.list", {"filter": {"TITLE": DEAL + " (товары)"}, "select": ["ID"]})
    await assistant.use("describe_method", method="crm.deal.productrows.set")
    rows = [
        {
            "PRODUCT_NAME": name,
            "QUANTITY": quantity,
            "PRICE": round(price * (1 - DISCOUNT / 100) * (1 + VAT / 100), 2),
            "DISCOUNT_TYPE_ID": 2,
            "DISCOUNT_RATE": DISCOUNT,
            "TAX_RATE": VAT,
            "TAX_INCLUDED": "N",
        }
        for name, price, quantity in ROWS
    ]
    answer = await assistant.use(
        "batch_call",
        commands={
            "rows": {"method": "crm.deal.productrows.set", "params": {"id": deal["ID"], "rows": rows}},
            "deal": {"method": "crm.deal.get", "params": {"id": deal["ID"]}},
        },
        halt=True,
    )
    return f"Итого {answer['results']['deal']['result']['OPPORTUNITY']}"


def grade_products(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Two rows, and the total in the deal and in the answer."""
    total = sum(price * quantity for _, price, quantity in ROWS) * (1 - DISCOUNT / 100) * (1 + VAT / 100)
    rows = portal.call("crm.deal.productrows.get", {"id": notes["deal"]})
    wrong = [] if len(rows) == len(ROWS) else [f"the deal has {len(rows)} rows"]
    if any(abs(float(row["DISCOUNT_RATE"]) - DISCOUNT) > 0.01 or float(row["TAX_RATE"] or 0) != VAT for row in rows):
        wrong.append("the discount or the tax differs")
    stored = float(portal.call("crm.deal.get", {"id": notes["deal"]})["OPPORTUNITY"])
    if abs(stored - total) > 1:
        wrong.append(f"the total of the deal is {stored}, not {total}")
    return wrong + names_all(answer, [round(total)])


def months() -> tuple[str, str]:
    """Return the last full month and the same month of the year before, as YYYY-MM."""
    last = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    return f"{last:%Y-%m}", f"{last.year - 1}-{last:%m}"


async def revenue(assistant: Assistant, question: str) -> str:
    """Two calls: the won deals as a data set, and one query."""
    await assistant.use(
        "list_records",
        method="crm.deal.list",
        params={
            "filter": {"STAGE_SEMANTIC_ID": "S"},
            "select": ["ID", "OPPORTUNITY", "CLOSEDATE", "ASSIGNED_BY_ID"],
        },
        save_as="won",
    )
    this, before = months()
    rows = await assistant.query(
        "SELECT u.name, substr(w.CLOSEDATE, 1, 7) AS month, sum(w.OPPORTUNITY) AS revenue FROM won w "
        f"JOIN portal_users u ON u.id = w.ASSIGNED_BY_ID WHERE substr(w.CLOSEDATE, 1, 7) IN ('{this}', '{before}') "
        "GROUP BY u.id, month ORDER BY u.name, month"
    )
    return "\n".join(f"{row['name']} {row['month']}: {row['revenue']}" for row in rows)


def grade_revenue(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The sum of each person in each of the two months."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    select = ["OPPORTUNITY", "CLOSEDATE", "ASSIGNED_BY_ID"]
    for deal in portal.rows("crm.deal.list", filter={"STAGE_SEMANTIC_ID": "S"}, select=select):
        if deal["CLOSEDATE"][:7] in months():
            sums[deal["ASSIGNED_BY_ID"], deal["CLOSEDATE"][:7]] += float(deal["OPPORTUNITY"])
    people = {user["ID"]: user["LAST_NAME"] for user in portal.rows("user.get")}
    plain = digits(answer)
    return [
        f"the answer lacks {people[one]} {month} {amount:.0f}"
        for (one, month), amount in sums.items()
        if people[one] not in plain or not any(f"{near}" in plain for near in (int(amount), round(amount)))
    ]


def prepare_invoice(portal: JobPortal) -> Notes:
    """Make a deal of a company with requisites."""
    company = portal.call("crm.company.add", {"fields": {"TITLE": "ООО «Полимер-Лист»"}})
    preset = portal.call("crm.requisite.preset.list", {"select": ["ID"]})[0]["ID"]
    fields = {
        "ENTITY_TYPE_ID": 4,
        "ENTITY_ID": company,
        "PRESET_ID": preset,
        "NAME": "Основные",
        "RQ_INN": "7701234567",
    }
    requisite = portal.call("crm.requisite.add", {"fields": fields})
    deal = portal.call("crm.deal.add", {"fields": {"TITLE": "Листы ПВХ", "COMPANY_ID": company, "OPPORTUNITY": 84_000}})
    return {"company": company, "deal": deal, "requisite": requisite}


async def invoice(assistant: Assistant, question: str) -> str:
    """Two calls: the deal with its company's requisites, then the invoice and its link."""
    answer = await assistant.use(
        "read_batch",
        commands={
            "deal": {
                "method": "crm.deal.list",
                "params": {
                    "filter": {"TITLE": "Листы ПВХ"},
                    "select": ["ID", "COMPANY_ID", "OPPORTUNITY", "CURRENCY_ID"],
                },
            },
            "requisites": {
                "method": "crm.requisite.list",
                "params": {"filter": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": "$result[deal][0][COMPANY_ID]"}},
            },
        },
    )
    (deal,) = answer["results"]["deal"]["result"]
    (requisite,) = answer["results"]["requisites"]["result"]
    made = await assistant.use(
        "batch_call",
        commands={
            "invoice": {
                "method": "crm.item.add",
                "params": {
                    "entityTypeId": 31,
                    "fields": {
                        "title": "Счёт: Листы ПВХ",
                        "parentId2": deal["ID"],
                        "companyId": deal["COMPANY_ID"],
                        "opportunity": deal["OPPORTUNITY"],
                        "currencyId": deal["CURRENCY_ID"],
                        "isManualOpportunity": "Y",
                    },
                },
            },
            "link": {
                "method": "crm.requisite.link.register",
                "params": {
                    "fields": {
                        "ENTITY_TYPE_ID": 31,
                        "ENTITY_ID": "$result[invoice][item][id]",
                        "REQUISITE_ID": requisite["ID"],
                        "BANK_DETAIL_ID": 0,
                        "MC_REQUISITE_ID": 0,
                        "MC_BANK_DETAIL_ID": 0,
                    }
                },
            },
        },
        halt=True,
    )
    return f"Счёт {made['results']['invoice']['result']['item']['id']}, ИНН {requisite['RQ_INN']}"


def grade_invoice(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """One invoice of the deal and its company, with the amount and the requisites."""
    params = {"entityTypeId": 31, "filter": {"parentId2": notes["deal"]}}
    found = [
        item for item in portal.call("crm.item.list", params)["items"] if str(item["parentId2"]) == str(notes["deal"])
    ]
    if len(found) != 1:
        return [f"{len(found)} invoices of the deal"]
    wrong = [] if float(found[0]["opportunity"]) == 84_000 else ["the amount differs"]
    if str(found[0]["companyId"]) != str(notes["company"]):
        wrong.append("the company differs")
    links = portal.call("crm.requisite.link.list", {"filter": {"ENTITY_TYPE_ID": 31, "ENTITY_ID": found[0]["id"]}})
    if [str(link["REQUISITE_ID"]) for link in links] != [str(notes["requisite"])]:
        wrong.append("the requisites are not linked")
    return wrong


JOBS = (
    Job(
        1,
        "five largest deals",
        "What are our five largest open deals, with the company and the responsible person of each?",
        "Какие у нас пять самых крупных открытых сделок, с компанией и ответственным?",
        3,
        five_largest,
        grade_five_largest,
    ),
    Job(
        2,
        "deals that do not move",
        "How many open deals has each person whose stage did not change for two weeks?",
        "Сколько у каждого ответственного открытых сделок, которые не меняли стадию две недели?",
        3,
        unmoved_deals,
        grade_unmoved_deals,
    ),
    Job(
        3,
        "lead, contact and deal",
        "Add a lead 'Светлова: склад' of Ирина Светлова, +7 912 555-77-01, irina.svetlova@example.com, from the web "
        "site, then a contact and a deal from it.",
        "Заведи лид «Светлова: склад»: Ирина Светлова, +7 912 555-77-01, irina.svetlova@example.com, источник "
        "веб-сайт. Потом сделай из него контакт и сделку.",
        3,
        lead_to_deal,
        grade_lead_to_deal,
    ),
    Job(
        4,
        "next stage",
        f"Move the deal '{DEAL}' to the next stage of its pipeline, and tell me which that is.",
        f"Переведи сделку «{DEAL}» на следующую стадию её воронки и скажи, какая это.",
        3,
        next_stage,
        grade_next_stage,
        prepare_next_stage,
    ),
    Job(
        13,
        "products of a deal",
        f"Put two products into the deal '{DEAL} (товары)': 2 × 'Станок СТ-40' at 120,000 and 1 × 'Пусконаладка' at "
        "30,000, prices before discount and without tax, 10 % discount, 20 % VAT on top. What is the total?",
        f"Добавь в сделку «{DEAL} (товары)» два товара: 2 × «Станок СТ-40» по 120 000 и 1 × «Пусконаладка» по 30 000, "
        "цены без скидки и без налога, скидка 10 %, НДС 20 % сверху. Какой итог?",
        3,
        products,
        grade_products,
        prepare_products,
    ),
    Job(
        19,
        "revenue per person",
        "Revenue of won deals by close date: last month per person, against the same month of last year.",
        "Выручка по успешным сделкам по дате закрытия: прошлый месяц по сотрудникам в сравнении с тем же месяцем "
        "прошлого года.",
        2,
        revenue,
        grade_revenue,
    ),
    Job(
        24,
        "invoice of a deal",
        "Make a smart invoice for the deal 'Листы ПВХ', for its company and amount, with the company's requisites.",
        "Выставь счёт (смарт-счёт) по сделке «Листы ПВХ» на её компанию и сумму, с реквизитами компании.",
        4,
        invoice,
        grade_invoice,
        prepare_invoice,
    ),
)

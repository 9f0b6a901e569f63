"""Jobs with contacts, companies and leads."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.jobs.assistant import Assistant, rows_of
from benchmarks.jobs.job import Job, Notes, names_all
from benchmarks.jobs.portal import JobPortal

FIELD = "UF_CRM_WARRANTY_MONTHS"
COMPANY = "ООО «Кедр-Инвест»"
FILE = "contacts_without_email.csv"


async def contacts_without_mail(assistant: Assistant, question: str) -> str:
    """Two calls: the list, and its file."""
    answer = await assistant.use(
        "list_records",
        method="crm.contact.list",
        params={"filter": {"HAS_EMAIL": "N"}, "select": ["ID", "NAME", "LAST_NAME", "COMPANY_ID"]},
        save_as="no_mail",
    )
    await assistant.use("export_records", sql="SELECT * FROM no_mail", path=FILE)
    return f"{answer['count']} контактов в {FILE}"


def prepare_contacts(portal: JobPortal) -> Notes:
    """Make three contacts without an e-mail."""
    for number in range(3):
        portal.call("crm.contact.add", {"fields": {"NAME": "Без почты", "LAST_NAME": f"Номер {number}"}})
    return {}


def grade_contacts(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A CSV file with these contacts and no other."""
    wanted = {row["ID"] for row in portal.rows("crm.contact.list", filter={"HAS_EMAIL": "N"}, select=["ID"])}
    files = sorted(Path(notes["files"]).rglob("*.csv"))
    if not files:
        return ["there is no CSV file"]
    text = files[-1].read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if text.splitlines()[0].count(";") else ","))
    found = {row.get("ID") or row.get("id") for row in rows}
    return ([] if found == wanted else [f"the file has {len(found)} of {len(wanted)}"]) + names_all(
        answer, [len(wanted)]
    )


def prepare_duplicates(portal: JobPortal) -> Notes:
    """Make two pairs of companies with the same number, written in different ways."""
    pairs = (("Гамма-1", "+7 (495) 111-22-33"), ("Гамма-2", "84951112233"), ("Дельта-1", "+7 495 111 44 55"))
    for title, number in (*pairs, ("Дельта-2", "+74951114455")):
        phone = [{"VALUE": number, "VALUE_TYPE": "WORK"}]
        portal.call("crm.company.add", {"fields": {"TITLE": title, "PHONE": phone}})
    return {}


async def duplicates(assistant: Assistant, question: str) -> str:
    """Two calls: the companies with their phones, and one query over the last ten digits of each number."""
    await assistant.use("list_records", method="crm.company.list", params={"select": ["ID", "TITLE", "PHONE"]})
    plain = "p.value ->> '$.VALUE'"
    for sign in " ()-+":
        plain = f"replace({plain}, '{sign}', '')"
    rows = await assistant.query(
        f"SELECT substr({plain}, -10) AS number, group_concat(DISTINCT c.TITLE) AS companies "
        "FROM crm_company_list c, json_each(c.PHONE) p GROUP BY number HAVING count(DISTINCT c.ID) > 1"
    )
    return "\n".join(f"{row['number']}: {row['companies']}" for row in rows)


def grade_duplicates(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Each group of companies with the same number, in one line, and no other company."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for company in portal.rows("crm.company.list", select=["ID", "TITLE", "PHONE"]):
        for phone in company.get("PHONE") or ():
            numbers[re.sub(r"\D", "", phone["VALUE"])[-10:]].add(company["TITLE"])
    groups = [group for group in numbers.values() if len(group) > 1]
    lines = answer.splitlines()
    return [f"not found: {group}" for group in groups if not any(all(one in line for one in group) for line in lines)]


async def custom_field(assistant: Assistant, question: str) -> str:
    """Three calls: the deals, the field, and a batch that fills it."""
    deals = await assistant.read("crm.deal.list", {"order": {"ID": "DESC"}, "select": ["ID", "TITLE"]}, limit=5)
    await assistant.write(
        "crm.deal.userfield.add",
        {
            "fields": {
                "FIELD_NAME": FIELD.removeprefix("UF_CRM_"),
                "USER_TYPE_ID": "integer",
                "EDIT_FORM_LABEL": {"ru": "Гарантия, месяцев", "en": "Warranty, months"},
            }
        },
    )
    commands = {
        f"d{deal['ID']}": {"method": "crm.deal.update", "params": {"id": deal["ID"], "fields": {FIELD: 24}}}
        for deal in deals
    }
    answer = await assistant.use("batch_call", commands=commands)
    return f"{FIELD} = 24: {answer['summary']['succeeded']} сделок"


def grade_custom_field(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A number field with its label, at 24 in the five newest deals."""
    fields = portal.call("crm.deal.userfield.list", {"filter": {"USER_TYPE_ID": "integer"}})
    name = next((one["FIELD_NAME"] for one in fields if "WARRANTY" in one["FIELD_NAME"]), None)
    if name is None:
        return ["there is no such field"]
    deals = portal.call("crm.deal.list", {"order": {"ID": "DESC"}, "select": ["ID", name]})[:5]
    return [f"deal {deal['ID']} has {deal.get(name)}" for deal in deals if str(deal.get(name)) != "24"]


async def lead_statuses(assistant: Assistant, question: str) -> str:
    """Three calls: the leads, the names of sources, and one query."""
    await assistant.use("list_records", method="crm.lead.list", params={"select": ["ID", "STATUS_ID", "SOURCE_ID"]})
    sources = await assistant.read("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}})
    names = {row["STATUS_ID"]: row["NAME"] for row in sources}
    rows = await assistant.query(
        "SELECT s.name AS status, l.SOURCE_ID AS source, count(*) AS leads FROM crm_lead_list l JOIN portal_stages s "
        "ON s.entity = 'lead' AND s.stage_id = l.STATUS_ID GROUP BY s.position, l.SOURCE_ID ORDER BY s.position"
    )
    return "\n".join(f"{row['status']}, {names.get(row['source'], '–')}: {row['leads']}" for row in rows)


def grade_lead_statuses(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Each status and source with its number, in one line."""
    names = {(row["ENTITY_ID"], row["STATUS_ID"]): row["NAME"] for row in portal.rows("crm.status.list")}
    counts = Counter(
        (lead["STATUS_ID"], lead["SOURCE_ID"])
        for lead in portal.rows("crm.lead.list", select=["STATUS_ID", "SOURCE_ID"])
    )
    lines = answer.splitlines()
    wrong = []
    for (status, source), count in counts.items():
        words = [names["STATUS", status], names.get(("SOURCE", source), "")]
        if not any(all(word in line for word in words) and re.search(rf"\b{count}\b", line) for line in lines):
            wrong.append(f"the answer lacks {words} {count}")
    return wrong


def prepare_test_leads(portal: JobPortal) -> Notes:
    """Make seven leads named TEST, and one whose name only begins so."""
    for _ in range(7):
        portal.call("crm.lead.add", {"fields": {"TITLE": "TEST"}})
    kept = portal.call("crm.lead.add", {"fields": {"TITLE": "TEST-Центр: аренда стенда"}})
    titles = [lead["TITLE"] for lead in portal.rows("crm.lead.list", select=["ID", "TITLE"])]
    return {"kept": kept, "leads": len(titles) - titles.count("TEST"), "deleted": titles.count("TEST")}


async def delete_test_leads(assistant: Assistant, question: str) -> str:
    """Two calls: the leads, and a batch that deletes them after one question."""
    leads = await assistant.read("crm.lead.list", {"filter": {"TITLE": "TEST"}, "select": ["ID", "TITLE"]}, limit=500)
    commands = {f"l{lead['ID']}": {"method": "crm.lead.delete", "params": {"id": lead["ID"]}} for lead in leads}
    answer = await assistant.use("batch_call", commands=commands)
    return f"Удалено: {answer['summary']['succeeded']}"


def grade_delete(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """None of them is left, and every other lead is."""
    rows = portal.rows("crm.lead.list", select=["ID", "TITLE"])
    wrong = [] if len(rows) == notes["leads"] else [f"{len(rows)} leads are left, not {notes['leads']}"]
    if str(notes["kept"]) not in {row["ID"] for row in rows}:
        wrong.append("a lead of another name was deleted")
    return wrong + names_all(answer, [notes["deleted"]])


def prepare_company(portal: JobPortal) -> Notes:
    """Make a company with a contact, two deals, a to-do and requisites."""
    company = portal.call("crm.company.add", {"fields": {"TITLE": COMPANY}})
    person = {"NAME": "Павел", "LAST_NAME": "Кедров", "COMPANY_ID": company}
    contact = portal.call("crm.contact.add", {"fields": person})
    for title, amount in (("Кедр: линия", 700_000), ("Кедр: сервис", 45_000)):
        portal.call("crm.deal.add", {"fields": {"TITLE": title, "OPPORTUNITY": amount, "COMPANY_ID": company}})
    preset = portal.call("crm.requisite.preset.list", {"select": ["ID"]})[0]["ID"]
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": preset, "NAME": "О", "RQ_INN": "7709876543"}
    portal.call("crm.requisite.add", {"fields": fields})
    todo = {"ownerTypeId": 4, "ownerId": company, "deadline": "2030-01-10T12:00:00+03:00", "title": "Сверка с Кедром"}
    portal.call("crm.activity.todo.add", todo)
    return {"company": company, "contact": contact}


async def about_company(assistant: Assistant, question: str) -> str:
    """One batch: the company, and everything that refers to its id."""
    company = "$result[company][0][ID]"
    answer = await assistant.use(
        "read_batch",
        commands={
            "company": {
                "method": "crm.company.list",
                "params": {"filter": {"TITLE": COMPANY}, "select": ["ID", "TITLE", "PHONE", "EMAIL", "ASSIGNED_BY_ID"]},
            },
            "contacts": {
                "method": "crm.contact.list",
                "params": {"filter": {"COMPANY_ID": company}, "select": ["ID", "NAME", "LAST_NAME", "PHONE"]},
            },
            "deals": {
                "method": "crm.deal.list",
                "params": {"filter": {"COMPANY_ID": company}, "select": ["ID", "TITLE", "OPPORTUNITY", "STAGE_ID"]},
            },
            "requisites": {
                "method": "crm.requisite.list",
                "params": {
                    "filter": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company},
                    "select": ["ID", "NAME", "RQ_INN", "RQ_COMPANY_NAME"],
                },
            },
            "activities": {
                "method": "crm.activity.list",
                "params": {
                    "filter": {"OWNER_TYPE_ID": 4, "OWNER_ID": company, "COMPLETED": "N"},
                    "select": ["ID", "SUBJECT", "DEADLINE"],
                },
            },
        },
        resolve=True,
    )
    return str({name: rows_of(one["result"]) for name, one in answer["results"].items()})


def grade_about_company(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The contact, the deals with their amounts, the tax number and the to-do."""
    return names_all(
        answer, ["Кедров", "Кедр: линия", 700_000, "Кедр: сервис", 45_000, "7709876543", "Сверка с Кедром"]
    )


JOBS = (
    Job(
        7,
        "contacts without e-mail",
        "Write all contacts without an e-mail address into a CSV file. How many are there?",
        "Выгрузи все контакты без e-mail в CSV. Сколько их?",
        2,
        contacts_without_mail,
        grade_contacts,
        prepare_contacts,
    ),
    Job(
        8,
        "duplicate companies",
        "Which companies have the same phone number, however it is written?",
        "У каких компаний одинаковый телефон, как бы он ни был записан?",
        2,
        duplicates,
        grade_duplicates,
        prepare_duplicates,
    ),
    Job(
        9,
        "a custom field",
        "Add a number field 'Warranty, months' (WARRANTY_MONTHS) to deals and set it to 24 in the five newest deals.",
        "Добавь в сделки числовое поле «Гарантия, месяцев» (WARRANTY_MONTHS) и поставь 24 в пяти самых новых.",
        3,
        custom_field,
        grade_custom_field,
    ),
    Job(
        15,
        "leads by status and source",
        "How many leads are in each status, by source?",
        "Сколько лидов в каждом статусе, по источникам?",
        3,
        lead_statuses,
        grade_lead_statuses,
    ),
    Job(
        17,
        "delete test leads",
        "Delete all leads named exactly TEST.",
        "Удали все лиды с названием ровно TEST.",
        3,
        delete_test_leads,
        grade_delete,
        prepare_test_leads,
    ),
    Job(
        25,
        "everything about a company",
        f"Tell me everything about {COMPANY}: contacts, deals with amounts, requisites, open activities.",
        f"Расскажи всё о компании {COMPANY}: контакты, сделки с суммами, реквизиты, открытые дела.",
        3,
        about_company,
        grade_about_company,
        prepare_company,
    ),
)

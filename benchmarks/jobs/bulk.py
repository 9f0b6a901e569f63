"""Jobs that write many records, or build something of many parts."""

from __future__ import annotations

from benchmarks.jobs.assistant import Assistant
from benchmarks.jobs.job import Job, Notes, names_all
from benchmarks.jobs.portal import JobPortal

TYPE = "Гарантийные случаи"
ITEMS = ("Редуктор РМ-2", "Шпиндель Ш-40", "Пульт П-7")
STAGES = ("Диагностика", "Ожидание деталей")
SOURCE, MANY = "TRADE_SHOW", 300


async def smart_process(assistant: Assistant, question: str) -> str:
    """Four calls: the type, its pipeline, one batch of fields and stages, one batch of items."""
    flags = {"isCategoriesEnabled": "Y", "isStagesEnabled": "Y", "isClientEnabled": "Y"}
    made = (await assistant.write("crm.type.add", {"fields": {"title": TYPE, **flags}}))["type"]
    number, type_id = made["entityTypeId"], made["id"]
    pipelines = (await assistant.read("crm.category.list", {"entityTypeId": number}))["categories"]
    directory = f"DYNAMIC_{number}_STAGE_{pipelines[0]['id']}"
    commands: dict[str, object] = {}
    for place, name in enumerate(STAGES):
        fields = {"ENTITY_ID": directory, "STATUS_ID": f"OWN{place}", "NAME": name, "SORT": 15 + place}
        commands[f"stage{place}"] = {"method": "crm.status.add", "params": {"fields": fields}}
    for name, kind in (("SERIAL", "string"), ("UNTIL", "date")):
        field = {"entityId": f"CRM_{type_id}", "fieldName": f"UF_CRM_{type_id}_{name}", "userTypeId": kind}
        label = {"editFormLabel": {"ru": name, "en": name}}
        commands[name] = {"method": "userfieldconfig.add", "params": {"moduleId": "crm", "field": field | label}}
    await assistant.use("batch_call", commands=commands)
    items = {
        f"item{place}": {
            "method": "crm.item.add",
            "params": {
                "entityTypeId": number,
                "fields": {
                    "title": name,
                    f"ufCrm{type_id}Serial": f"S-{place}",
                    f"ufCrm{type_id}Until": "2030-01-31",
                },
            },
        }
        for place, name in enumerate(ITEMS)
    }
    answer = await assistant.use("batch_call", commands=items)
    return f"{TYPE}: тип {number}, элементов {answer['summary']['succeeded']}"


def grade_smart_process(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The type with its fields, its stages and the three items with their values."""
    types = [one for one in portal.call("crm.type.list")["types"] if one["title"] == TYPE]
    if len(types) != 1:
        return [f"{len(types)} types of this name"]
    number, type_id = types[0]["entityTypeId"], types[0]["id"]
    items = portal.call("crm.item.list", {"entityTypeId": number, "select": ["*", "ufCrm*"]})["items"]
    wrong = [f"no item {name}" for name in ITEMS if name not in {item["title"] for item in items}]
    if any(not item.get(f"ufCrm{type_id}Serial") or not item.get(f"ufCrm{type_id}Until") for item in items):
        wrong.append("an item lacks a value")
    names = {row["NAME"] for row in portal.rows("crm.status.list") if f"DYNAMIC_{number}_" in row["ENTITY_ID"]}
    return wrong + [f"no stage {name}" for name in STAGES if name not in names]


def prepare_many(portal: JobPortal) -> Notes:
    """Remember the source of each deal."""
    rows = portal.rows("crm.deal.list", order={"ID": "ASC"}, select=["ID", "SOURCE_ID"])
    return {"before": {row["ID"]: row["SOURCE_ID"] for row in rows}}


async def source_of_many(assistant: Assistant, question: str) -> str:
    """Two calls: the ids, and one call for each row of a query."""
    await assistant.use("list_records", method="crm.deal.list", params={"select": ["ID"]}, save_as="all_deals")
    answer = await assistant.use(
        "apply_records",
        sql=f"SELECT ID FROM all_deals ORDER BY ID LIMIT {MANY}",  # a number of ours
        method="crm.deal.update",
        params={"id": "$ID", "fields": {"SOURCE_ID": SOURCE}},
    )
    return f"Изменено: {answer['succeeded']}"


def grade_many(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The source of the first 300, and no other deal changed."""
    rows = portal.rows("crm.deal.list", order={"ID": "ASC"}, select=["ID", "SOURCE_ID"])
    wrong = [row["ID"] for row in rows[:MANY] if row["SOURCE_ID"] != SOURCE]
    wrong += [row["ID"] for row in rows[MANY:] if row["SOURCE_ID"] != notes["before"].get(row["ID"])]
    return ([f"{len(wrong)} deals are wrong"] if wrong else []) + names_all(answer, [MANY])


JOBS = (
    Job(
        14,
        "a smart process",
        f"Make a smart process '{TYPE}' with the fields SERIAL (text) and UNTIL (date), the extra stages "
        f"{', '.join(STAGES)}, and three items: {', '.join(ITEMS)}, with serial numbers S-0, S-1, S-2, until 31 "
        "January 2030.",
        f"Создай смарт-процесс «{TYPE}» с полями SERIAL (строка) и UNTIL (дата), дополнительными стадиями "
        f"{', '.join(STAGES)} и тремя элементами: {', '.join(ITEMS)}, номера S-0, S-1, S-2, до 31 января 2030.",
        6,
        smart_process,
        grade_smart_process,
    ),
    Job(
        18,
        "the source of 300 deals",
        f"Set the source of the {MANY} oldest deals (by id) to {SOURCE}.",
        f"Поставь источник {SOURCE} у {MANY} самых старых сделок (по id).",
        2,
        source_of_many,
        grade_many,
        prepare_many,
    ),
)

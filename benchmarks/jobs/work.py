"""Jobs around tasks, calendar, messages, files and news."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.jobs.assistant import Assistant, rows_of
from benchmarks.jobs.job import OFFER, Job, Notes, names_all
from benchmarks.jobs.portal import JobPortal

DEAL = "Аспирация для «Вектор-Сервис»"
ITEMS = ("Проверить договор", "Согласовать срок", "Отправить счёт")
OPEN = 5  # tasks with a status below this one are not done
PERSON = "Дарья Фомина"
CONTACT = ("Вера", "Лагунова")
OFFER_TASK = "Отправить предложение по аспирации"
BERLIN = ZoneInfo("Europe/Berlin")


def prepare_deal(portal: JobPortal) -> Notes:
    """Make the deal that tasks and messages are about, of the person who is responsible for it."""
    person = portal.call("user.get", {"FILTER": {"LAST_NAME": "Фомина"}})[0]["ID"]
    return {
        "deal": portal.call("crm.deal.add", {"fields": {"TITLE": DEAL, "ASSIGNED_BY_ID": person}}),
        "person": person,
    }


async def deal_and_person(assistant: Assistant) -> tuple[str, str]:
    """Return the ids of the deal and of its person."""
    params = {"filter": {"TITLE": DEAL}, "order": {"ID": "DESC"}, "select": ["ID", "ASSIGNED_BY_ID"]}
    (deal,) = await assistant.read("crm.deal.list", params, limit=1)
    return deal["ID"], deal["ASSIGNED_BY_ID"]


def prepare_files(portal: JobPortal) -> Notes:
    """Make the deal and its task."""
    notes = prepare_deal(portal)
    fields = {"TITLE": OFFER_TASK, "RESPONSIBLE_ID": notes["person"], "UF_CRM_TASK": [f"D_{notes['deal']}"]}
    return notes | {"task": portal.call("tasks.task.add", {"fields": fields})["task"]["id"]}


async def files_both_ways(assistant: Assistant, question: str) -> str:
    """Three calls: the deal and its task, the file to both, and the file of the task back."""
    found = await assistant.use(
        "read_batch",
        commands={
            "deal": {
                "method": "crm.deal.list",
                "params": {"filter": {"TITLE": DEAL}, "order": {"ID": "DESC"}, "select": ["ID"]},
            },
            "task": {
                "method": "tasks.task.list",
                "params": {"filter": {"TITLE": OFFER_TASK}, "order": {"ID": "DESC"}, "select": ["ID"]},
            },
        },
    )
    deal = rows_of(found["results"]["deal"]["result"])[0]["ID"]
    task = rows_of(found["results"]["task"]["result"])["tasks"][0]["id"]
    file = {"$file": OFFER[0]}
    comment = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Предложение", "FILES": [file]}
    await assistant.use(
        "batch_call",
        commands={
            "deal": {"method": "crm.timeline.comment.add", "params": {"fields": comment}},
            "task": {
                "method": "tasks.task.update",
                "params": {"taskId": task, "fields": {"UF_TASK_WEBDAV_FILES": [file]}},
            },
        },
    )
    saved = await assistant.use("download_file", source=f"tasks.task.get {task} 1", path="from the task.pdf")
    return f"Файл задачи сохранён: {saved['file']}"


def grade_files(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A file in the timeline of the deal and at the task, and the file of the task with its content in the folder."""
    query = {"filter": {"ENTITY_ID": notes["deal"], "ENTITY_TYPE": "deal"}, "select": ["ID", "FILES"]}
    comments = portal.call("crm.timeline.comment.list", query)
    task = portal.call("tasks.task.get", {"taskId": notes["task"], "select": ["ID", "UF_TASK_WEBDAV_FILES"]})["task"]
    saved = [path for path in Path(notes["files"]).glob("*") if path.name != OFFER[0]]
    wrong = [] if any(comment.get("FILES") for comment in comments) else ["no file in the timeline of the deal"]
    wrong += [] if task.get("ufTaskWebdavFiles") else ["no file at the task"]
    return wrong + ([] if any(path.read_bytes() == OFFER[1] for path in saved) else ["no file was saved"])


async def task_with_checklist(assistant: Assistant, question: str) -> str:
    """Two calls: the deal, and one batch that makes the task and its checklist."""
    deal, person = await deal_and_person(assistant)
    fields = {"TITLE": f"Подготовить сделку {DEAL}", "RESPONSIBLE_ID": person, "UF_CRM_TASK": [f"D_{deal}"]}
    commands: dict[str, object] = {"task": {"method": "tasks.task.add", "params": {"fields": fields}}}
    for number, item in enumerate(ITEMS):
        commands[f"item{number}"] = {
            "method": "task.checklistitem.add",
            "params": {"TASKID": "$result[task][task][id]", "FIELDS": {"TITLE": item}},
        }
    answer = await assistant.use("batch_call", commands=commands, halt=True)
    return f"Задача {answer['results']['task']['result']['task']['id']}"


def grade_task(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """One task of the person, linked to the deal, with the three items."""
    found = portal.call(
        "tasks.task.list",
        {"filter": {"UF_CRM_TASK": f"D_{notes['deal']}"}, "select": ["ID", "TITLE", "RESPONSIBLE_ID", "UF_CRM_TASK"]},
    )["tasks"]
    tasks = [task for task in found if f"D_{notes['deal']}" in (task.get("ufCrmTask") or ())]
    if len(tasks) != 1:
        return [f"{len(tasks)} tasks of the deal"]
    items = [item["TITLE"] for item in portal.call("task.checklistitem.getlist", [tasks[0]["id"]])]
    wrong = [f"the checklist lacks {item}" for item in ITEMS if item not in items]
    return wrong if tasks[0]["responsibleId"] == notes["person"] else [*wrong, "another person is responsible"]


async def overloaded(assistant: Assistant, question: str) -> str:
    """Two calls: the open tasks, and one query."""
    await assistant.use(
        "list_records",
        method="tasks.task.list",
        params={"filter": {"<REAL_STATUS": OPEN}, "select": ["ID", "RESPONSIBLE_ID", "DEADLINE"]},
        save_as="open_tasks",
    )
    rows = await assistant.query(
        "SELECT u.name, count(*) AS tasks, sum(datetime(t.deadline) < datetime('now')) AS overdue FROM open_tasks t "
        "JOIN portal_users u ON u.id = t.responsibleId GROUP BY u.id ORDER BY tasks DESC"
    )
    return "\n".join(f"{row['name']}: {row['tasks']}, из них просрочено {row['overdue'] or 0}" for row in rows)


def grade_overloaded(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Each person with open and overdue tasks, in one line."""
    people = {user["ID"]: user["LAST_NAME"] for user in portal.rows("user.get")}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    select = ["ID", "RESPONSIBLE_ID", "DEADLINE", "STATUS"]
    for task in portal.rows("tasks.task.list", "tasks", filter={"<REAL_STATUS": OPEN}, select=select):
        late = bool(task["deadline"]) and datetime.fromisoformat(task["deadline"]) < datetime.now(UTC)
        counts[people[task["responsibleId"]]][0] += 1
        counts[people[task["responsibleId"]]][1] += late
    lines = [line.split() for line in answer.replace(",", " ").splitlines()]
    wrong = []
    for name, numbers in counts.items():
        line = next((words for words in lines if any(name in word for word in words)), [])
        if not {str(number) for number in numbers} <= set(line):
            wrong.append(f"the answer lacks {name} {numbers}")
    return wrong


def tomorrow() -> datetime:
    """Return tomorrow at 10:00 in Berlin."""
    return (datetime.now(BERLIN) + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)


def prepare_contact(portal: JobPortal) -> Notes:
    """Make the contact to call."""
    fields = {"NAME": CONTACT[0], "LAST_NAME": CONTACT[1]}
    return {"contact": portal.call("crm.contact.add", {"fields": fields}), "at": tomorrow()}


async def plan_call(assistant: Assistant, question: str) -> str:
    """Three calls: the contact with the caller, the parameters of an event, and one batch."""
    name = {"filter": {"NAME": CONTACT[0], "LAST_NAME": CONTACT[1]}, "select": ["ID"]}
    found = await assistant.use(
        "read_batch",
        commands={"who": {"method": "crm.contact.list", "params": name}, "me": {"method": "profile"}},
    )
    contact, me = found["results"]["who"]["result"][0]["ID"], found["results"]["me"]["result"]["ID"]
    await assistant.use("describe_method", method="calendar.event.add")
    at = tomorrow()
    title = f"Позвонить: {' '.join(CONTACT)}"
    event = {
        "type": "user",
        "ownerId": me,
        "name": title,
        "from": at.isoformat(),
        "to": (at + timedelta(minutes=30)).isoformat(),
        "remind": [{"type": "min", "count": 15}],
    }
    todo = {"ownerTypeId": 3, "ownerId": contact, "deadline": at.isoformat(), "title": title, "pingOffsets": [15]}
    commands = {
        "todo": {"method": "crm.activity.todo.add", "params": todo},
        "event": {"method": "calendar.event.add", "params": event},
    }
    await assistant.use("batch_call", commands=commands)
    return f"{title}, {at.isoformat()}"


def grade_plan_call(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A to-do of the contact and an event with a reminder, both at the same moment."""
    at = notes["at"]
    todos = portal.rows(
        "crm.activity.list", filter={"OWNER_TYPE_ID": 3, "OWNER_ID": notes["contact"]}, select=["ID", "DEADLINE"]
    )
    wrong = [] if any(datetime.fromisoformat(todo["DEADLINE"]) == at for todo in todos) else ["no to-do at this time"]
    day = f"{at:%Y-%m-%d}"
    events = portal.call("calendar.event.get", {"type": "user", "ownerId": 1, "from": day, "to": day})
    named = [event for event in events if CONTACT[1] in event["NAME"]]
    if not named:
        return [*wrong, "no event on this day"]
    if not any(int(event["DATE_FROM_TS_UTC"]) == int(at.timestamp()) for event in named):
        wrong.append("the event is at another time")
    return wrong if any(event.get("REMIND") for event in named) else [*wrong, "the event has no reminder"]


async def messages(assistant: Assistant, question: str) -> str:
    """Three calls: the deal, its colleagues, and one batch."""
    _, person = await deal_and_person(assistant)
    (colleague,) = await assistant.query("SELECT id FROM portal_users WHERE name = 'Анна Соколова'")
    commands = {
        "message": {
            "method": "im.message.add",
            "params": {"DIALOG_ID": person, "MESSAGE": f"Что со сделкой «{DEAL}»?"},
        },
        "chat": {
            "method": "im.chat.add",
            "params": {"TITLE": DEAL, "USERS": [int(person), colleague["id"]], "TYPE": "CHAT"},
        },
    }
    answer = await assistant.use("batch_call", commands=commands)
    return f"Написано, чат {answer['results']['chat']['result']}"


def grade_messages(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A message in the dialog with the person, and a chat with both people."""
    sent = portal.call("im.dialog.messages.get", {"DIALOG_ID": notes["person"]})["messages"]
    wrong = [] if any(DEAL in message["text"] for message in sent) else ["no message to the person"]
    chats = [chat for chat in portal.call("im.search.chat.list", {"FIND": DEAL}) if chat["name"] == DEAL]
    if not chats:
        return [*wrong, "no chat of this name"]
    people = {str(one) for one in portal.call("im.chat.user.list", {"CHAT_ID": chats[0]["id"]})}
    colleague = portal.call("user.get", {"FILTER": {"LAST_NAME": "Соколова"}})[0]["ID"]
    return wrong if {notes["person"], colleague} <= people else [*wrong, f"the chat has {people}"]


def monday() -> datetime:
    """Return the first moment of this week by the clock of the portal's people."""
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def prepare_time(portal: JobPortal) -> Notes:
    """Make a task, and time of two people in this week."""
    task = portal.call("tasks.task.add", {"fields": {"TITLE": "Настроить станок", "RESPONSIBLE_ID": 1}})["task"]["id"]
    for person, hours in ((3, 3), (4, 1)):
        portal.call("task.elapseditem.add", [task, {"SECONDS": hours * 3600, "COMMENT_TEXT": "x", "USER_ID": person}])
    return {"task": task}


async def log_time(assistant: Assistant, question: str) -> str:
    """Four calls: the task, its two hours, the time of the week, and one query."""
    found = await assistant.read(
        "tasks.task.list",
        {"filter": {"TITLE": "Настроить станок"}, "order": {"ID": "DESC"}, "select": ["ID", "TITLE"]},
        limit=1,
    )
    task = found["tasks"][0]["id"]
    await assistant.write("task.elapseditem.add", [task, {"SECONDS": 7200, "COMMENT_TEXT": "Настройка"}])
    await assistant.use(
        "list_records",
        method="task.elapseditem.getlist",
        params=[{"ID": "ASC"}, {">=CREATED_DATE": monday().isoformat()}],
        save_as="week",
    )
    rows = await assistant.query(
        "SELECT u.name, round(sum(w.SECONDS) / 3600.0, 2) AS hours FROM week w JOIN portal_users u ON u.id = w.USER_ID "
        "GROUP BY u.id ORDER BY hours DESC"
    )
    return "\n".join(f"{row['name']}: {row['hours']} ч" for row in rows)


def grade_time(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """Two hours of the caller on the task, and the hours of each person in this week."""
    rows = portal.call("task.elapseditem.getlist", [notes["task"]])
    wrong = [] if any(int(row["SECONDS"]) == 7200 for row in rows) else ["no two hours on the task"]
    people = {user["ID"]: user["LAST_NAME"] for user in portal.rows("user.get")}
    return wrong + names_all(answer, [people["3"], people["4"], people["1"]])


async def news(assistant: Assistant, question: str) -> str:
    """Three calls: the colleague, the knowledge bases, and one batch."""
    (person,) = await assistant.query(f"SELECT id FROM portal_users WHERE name = '{PERSON}'")
    bases = await assistant.read("note.collection.list")
    base = next(one["id"] for one in bases["items"] if one["name"] == "Регламенты сервиса")
    text = f"[USER={person['id']}]{PERSON}[/USER] принимает заявки на сервис с понедельника."
    await assistant.use(
        "batch_call",
        commands={
            "news": {"method": "log.blogpost.add", "params": {"POST_TITLE": "Сервис", "POST_MESSAGE": text}},
            "page": {
                "method": "note.document.add",
                "params": {
                    "fields": {"collectionId": base, "title": "Приём заявок", "markdown": "Заявки принимает Дарья."}
                },
            },
        },
    )
    return "Опубликовано"


def grade_news(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """A post that mentions her by id, and a page of that name."""
    person = portal.call("user.get", {"FILTER": {"LAST_NAME": "Фомина"}})[0]["ID"]
    posts = portal.call("log.blogpost.get", {})
    wrong = (
        [] if any(f"[USER={person}]" in (post["DETAIL_TEXT"] or "") for post in posts) else ["no post with her name"]
    )
    bases = portal.call_v3("note.collection.list", {})["items"]
    base = next(one["id"] for one in bases if one["name"] == "Регламенты сервиса")
    pages = portal.call_v3("note.document.tree.list", {"collectionId": base})["items"]
    return wrong if "Приём заявок" in {page["title"] for page in pages} else [*wrong, "no such page"]


JOBS = (
    Job(
        5,
        "a task with a checklist",
        f"Make a task for the person responsible for the deal '{DEAL}', linked to the deal, with a checklist: "
        f"{'; '.join(ITEMS)}.",
        f"Поставь задачу ответственному за сделку «{DEAL}», привяжи её к сделке и добавь чек-лист: {'; '.join(ITEMS)}.",
        3,
        task_with_checklist,
        grade_task,
        prepare_deal,
    ),
    Job(
        6,
        "who is overloaded",
        "Who has how many open tasks, and how many of them are overdue?",
        "У кого сколько открытых задач, и сколько из них просрочено?",
        2,
        overloaded,
        grade_overloaded,
    ),
    Job(
        10,
        "files to and from the portal",
        "Attach offer.pdf to the deal and to its task, and save the file of the task here.",
        "Прикрепи offer.pdf к сделке и к задаче по ней и сохрани файл задачи здесь.",
        3,
        files_both_ways,
        grade_files,
        prepare_files,
    ),
    Job(
        11,
        "plan a call",
        f"Plan a call with {' '.join(CONTACT)} for tomorrow 10:00 Berlin time: a to-do at the contact, and an event "
        "of 30 minutes in my calendar with a reminder 15 minutes before.",
        f"Запланируй звонок с контактом {' '.join(CONTACT)} на завтра 10:00 по Берлину: дело в контакте и событие на "
        "30 минут в моём календаре с напоминанием за 15 минут.",
        4,
        plan_call,
        grade_plan_call,
        prepare_contact,
    ),
    Job(
        12,
        "a message and a chat",
        f"Ask the person responsible for the deal '{DEAL}' in a message what is new, and open a closed group chat "
        "named like the deal with that person and Анна Соколова.",
        f"Спроси в личном сообщении у ответственного за сделку «{DEAL}», что нового, и создай закрытый чат с названием "
        "сделки с ним и с Анной Соколовой.",
        2,
        messages,
        grade_messages,
        prepare_deal,
    ),
    Job(
        22,
        "hours of the week",
        "Log two hours of mine on the task 'Настроить станок', then tell me who worked how many hours this week.",
        "Запиши мне два часа на задачу «Настроить станок» и скажи, кто сколько часов отработал на этой неделе.",
        3,
        log_time,
        grade_time,
        prepare_time,
    ),
    Job(
        23,
        "news and a knowledge base",
        f"Post in the feed that {PERSON} takes service requests from Monday, mentioning her, and add a page "
        "'Приём заявок' to the knowledge base 'Регламенты сервиса'.",
        f"Напиши в ленту, что {PERSON} с понедельника принимает заявки на сервис, с упоминанием её, и добавь страницу "
        "«Приём заявок» в базу знаний «Регламенты сервиса».",
        2,
        news,
        grade_news,
    ),
)

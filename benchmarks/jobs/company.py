"""Jobs of an administrator and a developer: people, rights, and code for the portal."""

from __future__ import annotations

from b24_sandbox.app import SCOPE_USER_WEBHOOK
from benchmarks.jobs.assistant import Assistant
from benchmarks.jobs.job import Job, Notes, names_all
from benchmarks.jobs.portal import JobPortal

MAIL = "nina.orlova@example.com"
DEPARTMENT, HEAD = "Маркетинг", "Анна Соколова"


async def handler_code(assistant: Assistant, question: str) -> str:
    """One call: the event says what is sent and how it is verified."""
    event = await assistant.use("describe_method", method="onCrmDealAdd")
    (data,) = event["data"]
    token = event["request"].partition("auth[application_token]")[1]
    return "\n".join(
        [
            "@app.post('/handler')",
            "def handler(form):",
            f"    if form['{token}'] != APPLICATION_TOKEN:",
            "        return 403",
            f"    deal = int(form['data[{data['name']}][{data['fields'][0]['name']}]'])",
            "    print(deal)",
            f"# {event['bind']}",
        ]
    )


def grade_handler(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The event, the place of the id, the token that is compared, and how to bind the handler."""
    plain = answer.replace('"', "'").replace("][", "'][").lower()
    wrong = [] if "data[fields" in plain or ("'fields'" in plain and "'id'" in plain) else ["no place of the id"]
    return wrong + names_all(answer, ["onCrmDealAdd", "application_token", "event.bind"])


async def people(assistant: Assistant, question: str) -> str:
    """Two calls: the department and the new head, then one batch after one question."""
    (found,) = await assistant.query(
        "SELECT d.id AS department, u.id AS head FROM portal_departments d, portal_users u "
        f"WHERE d.name = '{DEPARTMENT}' AND u.name = '{HEAD}'"
    )
    new = {"EMAIL": MAIL, "NAME": "Нина", "LAST_NAME": "Орлова", "UF_DEPARTMENT": [found["department"]]}
    commands = {
        "invite": {"method": "user.add", "params": new},
        "head": {"method": "department.update", "params": {"ID": found["department"], "UF_HEAD": found["head"]}},
    }
    answer = await assistant.use("batch_call", commands=commands)
    return f"Приглашена {answer['results']['invite']['result']}, руководитель: {HEAD}"


def grade_people(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The person in the department, and its new head."""
    department = next(one for one in portal.rows("department.get") if one["NAME"] == DEPARTMENT)
    users = portal.call("user.get", {"FILTER": {"EMAIL": MAIL}})
    head = portal.call("user.get", {"ID": department["UF_HEAD"]})[0]
    wrong = [] if f"{head['NAME']} {head['LAST_NAME']}" == HEAD else ["the head is another person"]
    if not users:
        return [*wrong, "nobody was invited"]
    in_it = [str(one) for one in users[0]["UF_DEPARTMENT"]]
    return wrong if in_it == [department["ID"]] else [*wrong, f"she is in {in_it}"]


async def rights(assistant: Assistant, question: str) -> str:
    """One call: the portal says who the user is, which scopes are granted, and which are missing."""
    answer = await assistant.use("portal_info")
    scopes = answer["scopes"]
    reason = "" if "telephony" in scopes else " Телефония не работает: у вебхука нет права telephony."
    admin = "администратор" if answer["user"]["admin"] else "не администратор"
    return f"{answer['user']['name']}: {admin}; права: {', '.join(scopes)}.{reason}"


def grade_rights(portal: JobPortal, notes: Notes, answer: str) -> list[str]:
    """The scope that is granted, and the one that is missing."""
    return names_all(answer, ["user", "telephony"])


JOBS = (
    Job(
        16,
        "code for a handler",
        "Write a handler for new deals: how it is bound, where the id of the deal is in the request, and how the "
        "request is verified.",
        "Напиши обработчик новых сделок: как его подключить, где в запросе id сделки и как проверить запрос.",
        3,
        handler_code,
        grade_handler,
    ),
    Job(
        20,
        "a new employee and a new head",
        f"Invite Нина Орлова ({MAIL}) to the department {DEPARTMENT} and make {HEAD} its head.",
        f"Пригласи Нину Орлову ({MAIL}) в отдел «{DEPARTMENT}» и сделай его руководителем сотрудника {HEAD}.",
        3,
        people,
        grade_people,
    ),
    Job(
        21,
        "rights, and why telephony fails",
        "Which rights have I here, and why do calls of telephony fail?",
        "Какие у меня здесь права и почему не работает телефония?",
        2,
        rights,
        grade_rights,
        webhook=SCOPE_USER_WEBHOOK,
    ),
)

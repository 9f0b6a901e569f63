"""Tasks of the demonstration company with their comments, checklists, results and time spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.task_parts import CHECKLIST, COMMENT, RESULT
from b24_sandbox.entities.tasks import COMPLETED, DEFAULTS, ELAPSED, IN_PROGRESS, TASK, task_guid
from b24_sandbox.php import Map, Value, integer, text
from b24_sandbox.seed.deals import DEALS
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import EVERYBODY
from b24_sandbox.seed.rows import write
from b24_sandbox.seed.tables import table, words
from b24_sandbox.storage import Storage

TASKS = 150
_GROUPS = len(table("company/workgroup"))
_FIRST = 15
"""Older tasks have no parts."""
_RECENT = 9
"""Days with entries of time spent on most of them."""


def seed_tasks(storage: Storage, moments: Moments, random: Random, details: Random) -> None:
    """Write tasks and their parts. `random` makes the tasks, `details` their parts."""
    tasks = [_task(number, moments, random) for number in range(1, TASKS + 1)]
    _set_dates(tasks, moments)
    elapsed = [_elapsed(number, moments, random) for number in range(1, TASKS // 3 + 1)]
    elapsed += _recent(tasks, moments, details)
    for entry in elapsed:
        task = tasks[integer(entry["TASK_ID"]) - 1]
        task["TIME_SPENT_IN_LOGS"] = integer(task["TIME_SPENT_IN_LOGS"]) + integer(entry["SECONDS"])
    comments = _comments(storage, tasks, details)
    for comment in comments:
        task = tasks[integer(comment["TASK_ID"]) - 1]
        task["COMMENTS_COUNT"] = integer(task["COMMENTS_COUNT"]) + 1
    write(storage, TASK, tasks)
    write(storage, ELAPSED, elapsed)
    write(storage, COMMENT, comments)
    _seed_checklists(storage, tasks)
    _seed_results(storage, tasks, details)


def _task(number: int, moments: Moments, random: Random) -> Map:
    choose, uniform = random.choice, random.uniform
    created = max(0.1, 180 * (1 - number / TASKS) + uniform(-1, 1))
    due = created - uniform(2, 20)
    done = random.random() < min(0.85, created / 60)
    status = COMPLETED if done else choose((2, 2, IN_PROGRESS, IN_PROGRESS, 4, 6))
    finished = max(0.0, due + uniform(-3, 2)) if done else None
    changed = finished if finished is not None else uniform(0, created)
    author, responsible = choose(EVERYBODY), choose(EVERYBODY)
    deal = random.randint(DEALS // 2, DEALS)
    watchers = sorted(random.sample(EVERYBODY, 2)) if number % 3 == 0 else []
    title = choose(words()["task"])
    priority = choose((0, 1, 1, 1, 2))
    edited = moments.ago(changed)
    return {
        **DEFAULTS,
        "TITLE": f"{title} (№{1000 + deal})",
        "DESCRIPTION": "",
        "PRIORITY": priority,
        "GROUP_ID": 1 + number // 5 % _GROUPS if number > _FIRST and number % 5 == 0 else 0,
        "CREATED_BY": author,
        "CREATED_DATE": moments.ago(created),
        "RESPONSIBLE_ID": responsible,
        "CHANGED_BY": responsible,
        "CHANGED_DATE": edited,
        "STATUS_CHANGED_BY": responsible,
        "STATUS_CHANGED_DATE": edited,
        "ACTIVITY_DATE": edited,
        "CLOSED_BY": responsible if done else None,
        "CLOSED_DATE": edited if done else None,
        "DATE_START": moments.ago(created - 0.1) if status in (IN_PROGRESS, COMPLETED) else None,
        "DEADLINE": moments.ago(due),
        "GUID": task_guid(f"seed/{number}"),
        "STATUS": status,
        "TASK_CONTROL": "Y" if status == 4 or number % 7 == 0 else "N",
        "AUDITORS": json.dumps(watchers),
        "UF_CRM_TASK": json.dumps([f"D_{deal}"]),
        "COMMENTS_COUNT": None,
        "TIME_SPENT_IN_LOGS": None,
    }


def _set_dates(tasks: Sequence[Map], moments: Moments) -> None:
    """Apply the named tasks: deadlines of today, of the days before and after, of known people."""
    for number, days, hour, status, responsible, title in table("task_dates"):
        task = tasks[int(number) - 1]
        person, late = int(responsible), max(0, -int(days))
        made = min(str(task["CREATED_DATE"]), moments.past(-late - 3, 10))
        started = moments.past(-late - 2, 11)
        task |= {
            "TITLE": title,
            "RESPONSIBLE_ID": person,
            "CHANGED_BY": person,
            "STATUS_CHANGED_BY": person,
            "CREATED_DATE": made,
            "DEADLINE": moments.at(int(days), float(hour)),
            "STATUS": int(status),
            "CLOSED_BY": None,
            "CLOSED_DATE": None,
            "DATE_START": started if int(status) == IN_PROGRESS else None,
            "CHANGED_DATE": started,
            "STATUS_CHANGED_DATE": started,
            "ACTIVITY_DATE": started,
        }


def _elapsed(number: int, moments: Moments, random: Random) -> Map:
    minutes = random.randint(2, 24) * 10
    moment = moments.ago(180 * (1 - number / (TASKS // 3)))
    return _spent(number * 3, random.choice(EVERYBODY), minutes, moment, "")


def _spent(task: int, user: Value, minutes: int, moment: str, comment: str) -> Map:
    return {
        "TASK_ID": task,
        "USER_ID": user,
        "COMMENT_TEXT": comment,
        "SECONDS": minutes * 60,
        "MINUTES": minutes,
        "SOURCE": 2,
        "CREATED_DATE": moment,
        "DATE_START": moment,
        "DATE_STOP": moment,
    }


def _recent(tasks: Sequence[Map], moments: Moments, random: Random) -> list[Map]:
    """Entries of the last days, by the people responsible for open tasks."""
    unfinished = [number for number, task in enumerate(tasks, 1) if number > TASKS // 2 and task["STATUS"] != COMPLETED]
    texts = [comment for (comment,) in table("time_spent")]
    entries: list[Map] = []
    for place, number in enumerate(unfinished):
        moment = moments.past(-(place % _RECENT), 10 + place % 7)
        minutes = random.randint(2, 16) * 15
        entries.append(_spent(number, tasks[number - 1]["RESPONSIBLE_ID"], minutes, moment, random.choice(texts)))
    return entries


def _comments(storage: Storage, tasks: Sequence[Map], random: Random) -> list[Map]:
    people = {row.id: row for row in storage.rows(USER, ["ID", "NAME", "LAST_NAME", "EMAIL"])}
    texts = [each for (each,) in table("task_comments")]
    comments: list[Map] = []
    for number, task in enumerate(tasks, 1):
        if number <= _FIRST or number % 3 == 2:
            continue
        for who in ("RESPONSIBLE_ID", "CREATED_BY")[: 1 + number % 2]:
            person = people[integer(task[who])]
            comment: Map = {
                "TASK_ID": number,
                "AUTHOR_ID": person.id,
                "AUTHOR_NAME": f"{person['NAME']} {person['LAST_NAME']}",
                "AUTHOR_EMAIL": person["EMAIL"],
                "POST_DATE": task["ACTIVITY_DATE"],
                "POST_MESSAGE": random.choice(texts),
                "UF_FORUM_MESSAGE_DOC": "[]",
            }
            comments.append(comment)
    comments.sort(key=lambda comment: text(comment["POST_DATE"]))
    return comments


def _seed_checklists(storage: Storage, tasks: Sequence[Map]) -> None:
    """Write the lists of every fourth task: a root item with the title of the list, and its items."""
    lists: dict[str, list[str]] = {}
    for name, item in table("checklists"):
        lists.setdefault(name, []).append(item)
    rows: list[tuple[Value, ...]] = []
    for number, task in enumerate(tasks, 1):
        if number <= _FIRST or number % 4:
            continue
        name = list(lists)[number // 4 % len(lists)]
        root, author, finished = len(rows) + 1, task["CREATED_BY"], task["STATUS"] == COMPLETED
        rows.append((root, number, 0, author, name, 0, "Y" if finished else "N", "N", None, None, "[]"))
        for place, item in enumerate(lists[name]):
            ticked = finished or place < number // 4 % 3
            toggled = (task["RESPONSIBLE_ID"], task["ACTIVITY_DATE"]) if ticked else (None, None)
            state = "Y" if ticked else "N"
            rows.append((len(rows) + 1, number, root, author, item, place, state, "N", *toggled, "[]"))
    columns = (
        "ID TASK_ID PARENT_ID CREATED_BY TITLE SORT_INDEX IS_COMPLETE IS_IMPORTANT TOGGLED_BY TOGGLED_DATE MEMBERS"
    )
    storage.insert_many(CHECKLIST, columns.split(), rows)


def _seed_results(storage: Storage, tasks: Sequence[Map], random: Random) -> None:
    """Write the results of every fifth completed task."""
    texts = [each for (each,) in table("task_results")]
    rows = [
        (number, task["RESPONSIBLE_ID"], task["CLOSED_DATE"], task["CLOSED_DATE"], 1, random.choice(texts), "[]")
        for number, task in enumerate(tasks, 1)
        if number > _FIRST and number % 5 == 0 and task["STATUS"] == COMPLETED
    ]
    columns = ("TASK_ID", "CREATED_BY", "CREATED_AT", "UPDATED_AT", "STATUS", "TEXT", "FILES")
    storage.insert_many(RESULT, columns, rows)

"""What the old methods for parts of a task share. Their arguments are positional.

Documentation: api-reference/tasks/{checklist-item,comment-item,elapsed-item}.
"""

from __future__ import annotations

from b24_sandbox import filters, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import positional
from b24_sandbox.methods.legacy_tasks import task_row
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant

ONE = "taskId:integer itemId:integer"
"""The first parameters of a method about one part."""


def allowed_keys(family: str, use: str) -> list[str]:
    """The keys that a family knows in an `order` or a `filter`, and those that are `written`."""
    known = php.as_map(php.as_map(constant("tasks.allowed_keys"))[family])
    return php.text(known[use]).split()


def check_keys(call: Call, position: int, name: str, sent: Map, use: str) -> None:
    """Refuse keys that a family does not know, unlike all other families."""
    _, family, action = call.method.name.split(".")
    operators = filters.COMPARISONS if use == "filter" else ()
    for key in sent:
        if filters.split(key, operators)[1].upper() not in allowed_keys(family, use):
            raise positional.wrong(
                f'Param #{position} ({name}) for method ctask{family}::{action.lower()}() must not contain key "{key}".'
            )


def part_of(call: Call, entity: Entity, task: int, item: int) -> Row:
    """A part of a task by its own id. The task must exist, but it need not own the part."""
    task_row(call, task)
    row = call.storage.row(entity, values.bounded(item))
    if row is None:
        words = "Check listitem not found or not accessible"
        raise positional.task_error(512, words, "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE")
    return row


def columns_of(family: str, entity: Entity, sent: Map, now: float) -> Map:
    """The values to write."""
    names = allowed_keys(family, "written")
    return {name: values.stored(entity.fields[name], sent[name], now) for name in names if name in sent}


def may(entity: Entity, actions: int, call: Call, task: int, item: int, action: int) -> bool:
    """Whether an action has a number up to `actions`: an administrator may perform every action on a part."""
    if call.storage.row(TASK, task) is None or call.storage.row(entity, item) is None:
        raise refused("TASKS_ERROR_ASSERT_EXCEPTION")
    return 1 <= action <= actions


def refused(words: str) -> PortalError:
    """An error that ends in a line break."""
    return PortalError("ERROR_CORE", f"{words}<br>")

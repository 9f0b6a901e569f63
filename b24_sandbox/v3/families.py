"""The methods of all families of REST 3.0."""

from __future__ import annotations

from b24_sandbox.v3 import (
    eventlog,
    followup,
    mail,
    mail_actions,
    note,
    note_documents,
    structure,
    structure_add,
    structure_links,
    structure_members,
    task_parts,
    tasks,
    timeman,
)

METHODS = [
    *tasks.METHODS,
    *task_parts.METHODS,
    *eventlog.METHODS,
    *timeman.METHODS,
    *note.METHODS,
    *note_documents.METHODS,
    *structure.METHODS,
    *structure_add.METHODS,
    *structure_links.METHODS,
    *structure_members.METHODS,
    *mail.METHODS,
    *mail_actions.METHODS,
    *followup.METHODS,
]

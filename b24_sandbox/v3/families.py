"""The methods of all modules of REST 3.0: those declared in `objects/*.toml`, with their bodies that are code."""

from __future__ import annotations

from b24_sandbox.v3 import (
    followup,
    mail,
    mail_actions,
    note,
    note_documents,
    objects,
    structure,
    structure_add,
    structure_links,
    structure_members,
    task_parts,
    tasks,
    timeman,
)

_MODULES = ("tasks", "eventlog", "timeman", "note", "structure", "mail", "followup")
_BODIES = {
    **tasks.BODIES,
    **task_parts.BODIES,
    **timeman.BODIES,
    **note.BODIES,
    **note_documents.BODIES,
    **structure.BODIES,
    **structure_add.BODIES,
    **structure_links.BODIES,
    **structure_members.BODIES,
    **mail.BODIES,
    **mail_actions.BODIES,
    **followup.BODIES,
}

METHODS = [method for module in _MODULES for method in objects.methods(module, _BODIES)]

"""The families of methods outside the CRM, for the registry."""

from __future__ import annotations

from b24_sandbox.methods import (
    calendar,
    calendar_sections,
    catalog,
    disk,
    disk_transfer,
    entity_storage,
    events,
    group_members,
    groups,
    im_chats,
    im_messages,
    im_notify,
    im_people,
    im_recent,
    legacy_tasks,
    list_elements,
    lists,
    mail_services,
    open_lines,
    options,
    providers,
    pull,
    sites,
    staff_fields,
    task_actions,
    task_changes,
    task_checklists,
    task_comments,
    task_elapsed,
    task_stages,
    tasks,
    telephony,
    telephony_lines,
    timeman_settings,
)
from b24_sandbox.registry import Registry

_FAMILIES = (
    tasks,
    task_changes,
    task_actions,
    legacy_tasks,
    task_checklists,
    task_comments,
    task_elapsed,
    task_stages,
    disk,
    disk_transfer,
    events,
    group_members,
    groups,
    options,
    list_elements,
    lists,
    entity_storage,
    calendar,
    calendar_sections,
    im_chats,
    im_messages,
    im_notify,
    im_people,
    im_recent,
    catalog,
    telephony,
    telephony_lines,
    staff_fields,
    providers,
    mail_services,
    timeman_settings,
    open_lines,
    sites,
    pull,
)


def register(registry: Registry) -> None:
    """Register every family."""
    for family in _FAMILIES:
        family.register(registry)

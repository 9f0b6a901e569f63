"""Values the CRM fills in: authorship, stages and their history, amounts, names, links of clients.

Measured behaviour of the portal and documentation: api-reference/crm/{deals,leads,contacts,companies,quote}/…-add,
api-reference/crm/crm-stage-history-list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from b24_sandbox import dates, php, values
from b24_sandbox.entities.crm_parts import STAGE_HISTORY
from b24_sandbox.entities.directories import STATUS
from b24_sandbox.fields import Entity, Settle
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

CREATED, MOVED, CLOSED = 1, 2, 3
"""`TYPE_ID` of the stage history: created, moved to a stage in work, moved to a final stage."""


def default(values: Map, **defaults: Value) -> None:
    """Fill values that were not sent."""
    for name, value in defaults.items():
        values.setdefault(name, value)


def stamp(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set the authorship and times that every CRM record has."""
    now = dates.iso(portal.clock())
    if stored is None:
        default(values, ASSIGNED_BY_ID=user, OPENED="Y", CREATED_BY_ID=user, DATE_CREATE=now)
        default(values, LAST_ACTIVITY_BY=user, LAST_ACTIVITY_TIME=now, OBSERVERS="[]")
        if not values.get("ASSIGNED_BY_ID"):
            values["ASSIGNED_BY_ID"] = user
    default(values, MODIFY_BY_ID=user, DATE_MODIFY=now)


def link(values: Map, single: str, several: str, stored: Row | None) -> None:
    """Keep `CONTACT_ID` the first of `CONTACT_IDS`. The sent one decides, the list when both are sent.

    A single id for a record with several becomes the first of them.
    """
    if values.get(several) is not None:
        found = json.loads(php.text(values[several]))
        values[single] = found[0] if found else None
    elif single in values or stored is None:
        first = values.get(single)
        kept = json.loads(stored.text(several) or "[]")[1:] if stored is not None and first else []
        values[several] = json.dumps([first, *(item for item in kept if item != first)] if first else [])
        values.setdefault(single, None)


def move(
    portal: World,
    values: Map,
    stored: Map | None,
    user: int,
    stage: str,
    directory: str,
    *,
    new_pipeline: bool = False,
) -> str:
    """Keep the stage and the time of the last move together.

    A stage outside the pipeline never fails (source behaviour): an update keeps the stage it had. A new record, or one
    that moves to a `new_pipeline`, gets the first stage of the same semantics.

    Returns the semantics of the resulting stage.
    """
    stages = portal.stages(directory)
    current = php.text(values.get(stage) if stored is None or stage in values else stored[stage])
    if current not in stages:
        if stored is None or new_pipeline:
            current = _like_stage(portal, stages, current, directory)
        else:
            current = php.text(stored[stage])
    if stored is None or stage in values or new_pipeline:
        values[stage] = current
        if stored is None or stored[stage] != current:
            values["MOVED_BY_ID"], values["MOVED_TIME"] = user, dates.iso(portal.clock())
    return stages.get(current, "P")


def _like_stage(portal: World, stages: Mapping[str, str], code: str, directory: str) -> str:
    """The first of `stages` with the semantics of the stage `code`, which belongs to another pipeline or to none."""
    kin = directory.rstrip("0123456789_")
    rows = portal.storage.rows(STATUS, ["SEMANTICS"], "STATUS_ID = ? and ENTITY_ID like ?", [code, f"{kin}%"])
    semantics = next((row.text("SEMANTICS") for row in rows), "") or "P"
    return next((known for known, group in stages.items() if group == semantics), next(iter(stages), ""))


def money(values: Map, stored: Row | None) -> None:
    """Mark a sent amount as entered by hand."""
    if stored is None:
        if values.get("OPPORTUNITY") is None:
            values["OPPORTUNITY"] = 0.0
        default(values, TAX_VALUE=0.0, IS_MANUAL_OPPORTUNITY="Y" if values["OPPORTUNITY"] else "N")


def first(portal: World, directory: str) -> str | None:
    """The first value of a directory, the default of an add."""
    return next(iter(portal.stages(directory)), None)


def prepare_deal(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set a deal's pipeline, stage and amount."""
    link(values, "CONTACT_ID", "CONTACT_IDS", stored)
    if stored is None:
        category = php.integer(values.get("CATEGORY_ID"))
        values["CATEGORY_ID"] = category if category in portal.category_ids() else 0
    category = php.integer(values.get("CATEGORY_ID", (stored or Row()).get("CATEGORY_ID")))
    moved = stored is not None and category != stored.integer("CATEGORY_ID")
    directory = portal.deal_directory(category)
    semantics = move(portal, values, stored, user, "STAGE_ID", directory, new_pipeline=moved)
    if "STAGE_ID" in values:
        values["STAGE_SEMANTIC_ID"] = semantics
        values["CLOSED"] = "N" if semantics == "P" else "Y"
        values["IS_NEW"] = "Y" if values["STAGE_ID"] == first(portal, directory) else "N"
    money(values, stored)
    stamp(portal, values, stored, user)


def prepare_lead(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set a lead's stage and the time it was closed."""
    link(values, "CONTACT_ID", "CONTACT_IDS", stored)
    semantics = move(portal, values, stored, user, "STATUS_ID", "STATUS")
    if "STATUS_ID" in values:
        values["STATUS_SEMANTIC_ID"] = semantics
        values["DATE_CLOSED"] = None if semantics == "P" else dates.iso(portal.clock())
    money(values, stored)
    values.pop("TAX_VALUE", None)
    stamp(portal, values, stored, user)


def prepare_contact(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set a contact's companies."""
    link(values, "COMPANY_ID", "COMPANY_IDS", stored)
    stamp(portal, values, stored, user)


def prepare_quote(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set an estimate's stage and whether that stage closes it."""
    link(values, "CONTACT_ID", "CONTACT_IDS", stored)
    semantics = move(portal, values, stored, user, "STATUS_ID", "QUOTE_STATUS")
    if "STATUS_ID" in values:
        values["CLOSED"] = "N" if semantics == "P" else "Y"
    money(values, stored)
    stamp(portal, values, stored, user)


def stage_history(number: int, stage: str, semantics: str, category: str = "") -> Settle:
    """The hook after a write that adds a row to the stage history.

    `number` is the `entityTypeId`; `stage`, `semantics` and `category` are columns (empty: no such column).
    """

    def follow(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
        if written.get(stage) is not None and (stored is None or stored[stage] != written[stage]):
            place = {**(stored or Row()), **written}
            group = php.text(place.get(semantics)) or "P"
            pipeline = php.integer(place.get(category))
            note_stage(portal, number, record, pipeline, php.text(written[stage]), group, stored)

    return follow


def note_stage(
    portal: World, number: int, record: int, category: int, stage: str, semantics: str, stored: Map | None
) -> None:
    """Write a row of the stage history. `stored` is `None` for a new record."""
    kind = CREATED if stored is None else MOVED if semantics == "P" else CLOSED
    portal.storage.insert(
        STAGE_HISTORY,
        {
            "ENTITY_TYPE_ID": number,
            "TYPE_ID": kind,
            "OWNER_ID": record,
            "CREATED_TIME": dates.iso(portal.clock()),
            "CATEGORY_ID": category,
            "STAGE_ID": stage,
            "STAGE_SEMANTIC_ID": semantics,
        },
    )


def mirror(portal: World, record: int, other: Entity, theirs: str, before: Value, after: Value) -> None:
    """Update the other side of a link of contacts and companies: `theirs` of `other` lists `record`."""
    old, new = values.items(before), values.items(after)
    for changed in {php.integer(item) for item in [*old, *new]}:
        row = portal.storage.row(other, changed)
        if row is None or (changed in old) == (changed in new):
            continue
        listed = [item for item in values.items(row[theirs]) if item != record]
        if changed in new:
            listed.append(record)
        columns: Map = {theirs: json.dumps(listed)}
        if theirs == "COMPANY_IDS":
            columns["COMPANY_ID"] = listed[0] if listed else None
        portal.storage.update(other, changed, columns)

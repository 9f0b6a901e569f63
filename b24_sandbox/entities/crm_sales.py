"""Estimates, invoices and smart processes: entities mainly of the universal methods.

Fields: documentation: api-reference/crm/quote/crm-quote-fields, api-reference/crm/universal/object-fields and
crm-item-fields, api-reference/crm/universal/user-defined-object-types/crm-type-fields.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from b24_sandbox import php, tables
from b24_sandbox.entities.crm_cascade import forget
from b24_sandbox.entities.crm_rules import link, money, move, note_stage, prepare_quote, stamp
from b24_sandbox.entities.pipelines import INVOICE_NUMBER, categories, default_category, stage_directory
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.schema import DYNAMIC_TABLE, parent_field

if TYPE_CHECKING:
    from b24_sandbox.world import World


_ITEMS = tables.load(tables.FOLDER / "items.toml")

QUOTE = tables.entity("crm_quote", prepare=prepare_quote, cascade=forget(7))


def _prepare(portal: World, values: Map, stored: Row | None, user: int, number: int) -> None:
    """Set the pipeline, the stage and the previous stage. Another pipeline starts at its first stage."""
    link(values, "CONTACT_ID", "CONTACT_IDS", stored)
    known = categories(portal, number)
    category = php.integer(values.get("CATEGORY_ID", (stored or Row()).get("CATEGORY_ID")))
    category = category if category in known else default_category(portal, number)
    moved = stored is not None and category != stored["CATEGORY_ID"]
    if stored is None or moved:
        values["CATEGORY_ID"] = category
    directory = stage_directory(number, category)
    move(portal, values, stored, user, "STAGE_ID", directory, new_pipeline=moved)
    if stored is not None and values.get("STAGE_ID", stored["STAGE_ID"]) != stored["STAGE_ID"]:
        values["PREVIOUS_STAGE_ID"] = stored["STAGE_ID"]
    money(values, stored)
    stamp(portal, values, stored, user)


def _settle(portal: World, record: int, written: Map, stored: Map | None, number: int) -> None:
    if written.get("STAGE_ID") and (stored is None or stored["STAGE_ID"] != written["STAGE_ID"]):
        category = php.integer({**(stored or Row()), **written}.get("CATEGORY_ID"))
        stages = portal.stages(stage_directory(number, category))
        stage = php.text(written["STAGE_ID"])
        note_stage(portal, number, record, category, stage, stages.get(stage, "P"), stored)


def item_entity(
    number: int, settings: Map | None, title: str, user_fields: str = "", parents: tuple[int, ...] = ()
) -> Entity:
    """The entity of a smart process, or of invoices. `settings` are its flags (`None`: all are on).

    `parents` are the types of items that it always has a parent field for.

    Its table always has every column, so that a flag can be turned on later.
    """
    invoice = number == INVOICE_NUMBER
    groups = [
        php.text(text)
        for group, text in php.as_map(_ITEMS["groups"]).items()
        if (not group.startswith("IS_") or settings is None or settings.get(group) == "Y")
        and (group != "INVOICE" or invoice)
    ]
    named = {"TITLE": f"{title.replace('{', '{{').replace('}', '}}')} #{{id}}"}
    data: Map = {
        "defaults": _ITEMS["defaults"],
        "created": _ITEMS["created"],
        "table": "crm_invoice" if invoice else f"{DYNAMIC_TABLE}{number}",
        "fields": "".join(groups).replace("{directory}", f"DYNAMIC_{number}_STAGE"),
        "owner": "SMART_INVOICE" if invoice else f"DYNAMIC_{number}",
        "user_fields": user_fields,
        "named": {**named, "ACCOUNT_NUMBER": "{id}"} if invoice else named,
    }

    def prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
        _prepare(portal, values, stored, user, number)

    def follow(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
        _settle(portal, record, written, stored, number)

    entity = tables.build(data, prepare, follow, forget(number))
    return replace(entity, fields={**entity.fields, **{field.name: field for field in map(parent_field, parents)}})


INVOICE = item_entity(INVOICE_NUMBER, None, "Счёт", "CRM_SMART_INVOICE", parents=(2, 7))
TYPE = tables.entity("crm_type")
AUTOMATED_SOLUTION = tables.entity("crm_automated_solution")

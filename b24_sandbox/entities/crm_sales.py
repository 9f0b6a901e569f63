"""Estimates, invoices and smart processes: entities mainly of the universal methods.

Fields: documentation: api-reference/crm/quote/crm-quote-fields, api-reference/crm/universal/object-fields and
crm-item-fields, api-reference/crm/universal/user-defined-object-types/crm-type-fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates, php
from b24_sandbox.entities.crm import ADDITIONS, AUTHORSHIP, UTM
from b24_sandbox.entities.crm_cascade import forget
from b24_sandbox.entities.crm_rules import default, link, money, move, note_stage, prepare_quote, stamp
from b24_sandbox.entities.pipelines import INVOICE_NUMBER, categories, default_category, stage_directory
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.schema import DYNAMIC_TABLE, parent_field

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _settle_quote(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        title = written.get("TITLE") or f"Предложение #{record}"
        portal.storage.update(QUOTE, record, {"QUOTE_NUMBER": str(record), "TITLE": title})


QUOTE = Entity(
    "crm_quote",
    parse_fields(f"""
ID integer r | ID
QUOTE_NUMBER string r | Estimate number
TITLE string q | Subject
STATUS_ID>STAGE_ID crm_status:QUOTE_STATUS | Estimate stage
CURRENCY_ID crm_currency | Currency
OPPORTUNITY double | Amount
IS_MANUAL_OPPORTUNITY char u | Amount calculation mode
TAX_VALUE double | Tax
COMPANY_ID crm_company | Company
MYCOMPANY_ID crm_company | My company details
CONTACT_ID crm_contact x | Contact
CONTACT_IDS crm_contact mh | Contacts
BEGINDATE date | Issued on
CLOSEDATE date | Due on
ACTUAL_DATE date | Valid until
OPENED char | Available to everyone
CLOSED char | Closed
COMMENTS string | Comment
CONTENT string | Content
TERMS string | Terms
CLIENT_TITLE string | Client
CLIENT_ADDR string | Address
CLIENT_CONTACT string | Contact person
CLIENT_EMAIL string | E-mail
CLIENT_PHONE string | Phone
CLIENT_TP_ID string | Tax ID
CLIENT_TPA_ID string | Tax registration code
{AUTHORSHIP}
LEAD_ID crm_lead | Lead
DEAL_ID crm_deal | Deal
PERSON_TYPE_ID integer | Payer type
LOCATION_ID location | Location
MOVED_BY_ID>MOVED_BY user ru | Moved by
MOVED_TIME datetime ru | Moved on
{ADDITIONS}{UTM}
LAST_COMMUNICATION_TIME string r | Last communication
"""),
    prepare_quote,
    ("STATUS_ID",),
    user_fields="CRM_QUOTE",
    settle=_settle_quote,
    cascade=forget(7),
)


_BASE = """
ID integer r | ID
TITLE string | Name
XML_ID string | External code
DATE_CREATE>CREATED_TIME datetime r | Created on
DATE_MODIFY>UPDATED_TIME datetime r | Modified on
CREATED_BY_ID>CREATED_BY user r | Created by
MODIFY_BY_ID>UPDATED_BY user r | Modified by
ASSIGNED_BY_ID user | Responsible person
OPENED char q | Available to everyone
WEBFORM_ID integer | Created by CRM form
"""
_TAIL = """
LAST_ACTIVITY_BY user r | Last timeline activity by
LAST_ACTIVITY_TIME datetime r | Last activity
UTM_SOURCE string | Ad system
UTM_MEDIUM string | Medium
UTM_CAMPAIGN string | Ad campaign
UTM_CONTENT string | Campaign content
UTM_TERM string | Campaign search term
"""
_DATES = "BEGINDATE date | Start date\nCLOSEDATE date | End date\n"
_CLIENT = """
COMPANY_ID crm_company | Company
CONTACT_ID crm_contact x | Contact
CONTACT_IDS crm_contact m | Contacts
"""
_OBSERVERS = "OBSERVERS user m | Observers\n"
_STAGES = """
MOVED_TIME datetime r | Moved on
MOVED_BY_ID>MOVED_BY user r | Moved by
STAGE_ID crm_status:{directory} | Stage
PREVIOUS_STAGE_ID crm_status:{directory} r | Previous stage
"""
_SOURCE = "SOURCE_ID crm_status:SOURCE | Source\nSOURCE_DESCRIPTION text | Additional source information\n"
_PRODUCTS = """
CURRENCY_ID crm_currency | Currency
IS_MANUAL_OPPORTUNITY char | Amount calculation mode
OPPORTUNITY double | Amount
TAX_VALUE double | Tax
"""
_MYCOMPANY = "MYCOMPANY_ID crm_company | My company details\n"
_CATEGORY = "CATEGORY_ID crm_category | Pipeline\n"
_GROUPS = (
    ("IS_BEGIN_CLOSE_DATES_ENABLED", _DATES),
    ("IS_CLIENT_ENABLED", _CLIENT),
    ("IS_OBSERVERS_ENABLED", _OBSERVERS),
    ("", _CATEGORY),
    ("IS_STAGES_ENABLED", _STAGES),
    ("IS_SOURCE_ENABLED", _SOURCE),
    ("IS_LINK_WITH_PRODUCTS_ENABLED", _PRODUCTS),
    ("IS_MYCOMPANY_ENABLED", _MYCOMPANY),
)


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
    if stored is None:
        today = dates.stored_date("today", portal.clock())
        week_later = dates.stored_date(dates.iso(portal.clock() + 7 * 86400), portal.clock())
        default(values, BEGINDATE=today, CLOSEDATE=week_later, CURRENCY_ID=portal.currency, PREVIOUS_STAGE_ID="")
    money(values, stored)
    stamp(portal, values, stored, user)


def _settle(
    portal: World, record: int, written: Map, stored: Map | None, entity: Entity, number: int, title: str
) -> None:
    columns: Map = {}
    if stored is None and not written.get("TITLE"):
        columns["TITLE"] = f"{title} #{record}"
    if stored is None and number == INVOICE_NUMBER and not written.get("ACCOUNT_NUMBER"):
        columns["ACCOUNT_NUMBER"] = str(record)
    if columns:
        portal.storage.update(entity, record, columns)
    if written.get("STAGE_ID") and (stored is None or stored["STAGE_ID"] != written["STAGE_ID"]):
        category = php.integer({**(stored or Row()), **written}.get("CATEGORY_ID"))
        stages = portal.stages(stage_directory(number, category))
        stage = php.text(written["STAGE_ID"])
        note_stage(portal, number, record, category, stage, stages.get(stage, "P"), stored)


def item_entity(
    number: int,
    settings: Map | None,
    title: str,
    extra: str = "",
    user_fields: str = "",
    parents: tuple[int, ...] = (),
) -> Entity:
    """The entity of a smart process, or of invoices. `settings` are its flags (`None`: all are on).

    `parents` are the types of items that it always has a parent field for.

    Its table always has every column, so that a flag can be turned on later.
    """
    groups = (text for flag, text in _GROUPS if not flag or settings is None or settings.get(flag) == "Y")
    table = (_BASE + "".join(groups) + extra + _TAIL).replace("{directory}", f"DYNAMIC_{number}_STAGE")

    def prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
        _prepare(portal, values, stored, user, number)

    def follow(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
        _settle(portal, record, written, stored, entity, number, title)

    entity = Entity(
        "crm_invoice" if number == INVOICE_NUMBER else f"{DYNAMIC_TABLE}{number}",
        {**parse_fields(table), **{field.name: field for field in map(parent_field, parents)}},
        prepare,
        owner="SMART_INVOICE" if number == INVOICE_NUMBER else f"DYNAMIC_{number}",
        user_fields=user_fields,
        settle=follow,
        cascade=forget(number),
    )
    return entity


INVOICE = item_entity(
    INVOICE_NUMBER,
    None,
    "Счёт",
    "COMMENTS text | Comment\nACCOUNT_NUMBER string | Invoice number\nLOCATION_ID location | Location\n",
    "CRM_SMART_INVOICE",
    parents=(2, 7),
)

TYPE = Entity(
    "crm_type",
    parse_fields("""
ID integer r | ID
TITLE string q | Title
CODE string | Symbol code
CREATED_BY user r | Created by
ENTITY_TYPE_ID integer qi | Type ID
CUSTOM_SECTION_ID integer i | Digital workplace
IS_CATEGORIES_ENABLED char | Own pipelines
IS_STAGES_ENABLED char | Own stages and kanban
IS_BEGIN_CLOSE_DATES_ENABLED char | Start and end dates
IS_CLIENT_ENABLED char | Client
IS_USE_IN_USERFIELD_ENABLED char | Use in user fields
IS_LINK_WITH_PRODUCTS_ENABLED char | Products
IS_MYCOMPANY_ENABLED char | My company details
IS_DOCUMENTS_ENABLED char | Documents
IS_SOURCE_ENABLED char | Source
IS_OBSERVERS_ENABLED char | Observers
IS_RECYCLEBIN_ENABLED char | Recycle bin
IS_AUTOMATION_ENABLED char | Automation rules and triggers
IS_BIZ_PROC_ENABLED char | Business process designer
IS_SET_OPEN_PERMISSIONS char | New pipelines are open to everyone
IS_PAYMENTS_ENABLED char h | Payments
IS_COUNTERS_ENABLED char h | Counters
CREATED_TIME datetime | Created on
UPDATED_TIME datetime | Modified on
UPDATED_BY user r | Modified by
"""),
)

AUTOMATED_SOLUTION = Entity(
    "crm_automated_solution",
    parse_fields("""
ID integer r | ID
TITLE string q | TITLE
TYPE_IDS crm_dynamic_type mv | TYPE_IDS
"""),
)

"""Leads, deals, contacts, companies.

Fields and types: documentation: api-reference/crm/{leads,deals,contacts,companies}/crm-*-fields and
api-reference/crm/universal/object-fields.
"""

import json
from typing import TYPE_CHECKING

from b24_mcp.sandbox import dates, php
from b24_mcp.sandbox.fields import Entity, parse_fields
from b24_mcp.sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_mcp.sandbox.portal import Portal

_ADDRESS = """
ADDRESS string | Address
ADDRESS_2 string | Address (line 2)
ADDRESS_CITY string | City
ADDRESS_POSTAL_CODE string | Postal code
ADDRESS_REGION string | District
ADDRESS_PROVINCE string | Region
ADDRESS_COUNTRY string | Country
ADDRESS_COUNTRY_CODE string | Country code
ADDRESS_LOC_ADDR_ID integer | Location address ID
"""
_AUTHORSHIP = """
ASSIGNED_BY_ID user | Responsible person
CREATED_BY_ID>CREATED_BY user r | Created by
MODIFY_BY_ID>UPDATED_BY user r | Modified by
DATE_CREATE>CREATED_TIME datetime r | Created on
DATE_MODIFY>UPDATED_TIME datetime r | Modified on
"""
_MOVEMENT = """
MOVED_BY_ID>MOVED_BY user r | Moved by
MOVED_TIME datetime r | Moved on
"""
_ORIGIN = """
ORIGINATOR_ID string | External source
ORIGIN_ID string | Item ID in external source
"""
_UTM = """
UTM_SOURCE string | Ad system
UTM_MEDIUM string | Medium
UTM_CAMPAIGN string | Ad campaign
UTM_CONTENT string | Campaign content
UTM_TERM string | Campaign search term
LAST_ACTIVITY_BY user r | Last timeline activity by
LAST_ACTIVITY_TIME datetime r | Last activity
OBSERVERS user muh | Observers
"""
_MULTIFIELDS = """
PHONE crm_multifield m | Phone
EMAIL crm_multifield m | E-mail
WEB crm_multifield m | Website
IM crm_multifield m | Messenger
LINK crm_multifield m | LINK
"""
_PRESENCE = """
HAS_PHONE char r | Has phone
HAS_EMAIL char r | Has e-mail
HAS_IMOL char r | Has Open Channel
"""

DEAL_FIELDS = f"""
ID integer r | ID
TITLE string | Title
TYPE_ID crm_status:DEAL_TYPE | Type
CATEGORY_ID crm_category i | Pipeline
STAGE_ID crm_status:DEAL_STAGE | Deal stage
STAGE_SEMANTIC_ID string r | Stage group
IS_NEW char r | New deal
IS_RECURRING char | Recurring deal
IS_RETURN_CUSTOMER char | Repeat deal
IS_REPEATED_APPROACH char | Repeat inquiry
PROBABILITY integer | Probability
CURRENCY_ID crm_currency | Currency
OPPORTUNITY double | Amount
IS_MANUAL_OPPORTUNITY char | Amount calculation mode
TAX_VALUE double | Tax rate
COMPANY_ID crm_company | Company
CONTACT_ID crm_contact x | Contact
CONTACT_IDS crm_contact mh | Contacts
QUOTE_ID crm_quote r | Estimate
BEGINDATE date | Start date
CLOSEDATE date | End date
OPENED char | Available to everyone
CLOSED char | Closed
COMMENTS string | Comment
{_AUTHORSHIP}{_MOVEMENT}
SOURCE_ID crm_status:SOURCE | Source
SOURCE_DESCRIPTION string | Source information
LEAD_ID crm_lead r | Lead
ADDITIONAL_INFO string | More information
LOCATION_ID location | Location
{_ORIGIN}{_UTM}
"""

LEAD_FIELDS = f"""
ID integer r | ID
TITLE string | Lead name
HONORIFIC crm_status:HONORIFIC | Salutation
NAME string | First name
SECOND_NAME string | Second name
LAST_NAME string | Last name
BIRTHDATE date | Date of birth
COMPANY_TITLE string | Company name
SOURCE_ID crm_status:SOURCE | Source
SOURCE_DESCRIPTION string | Source information
STATUS_ID>STAGE_ID crm_status:STATUS | Stage
STATUS_DESCRIPTION string | Stage information
STATUS_SEMANTIC_ID>STAGE_SEMANTIC_ID string r | Stage group
POST string | Position
{_ADDRESS}
CURRENCY_ID crm_currency | Currency
OPPORTUNITY double | Amount
IS_MANUAL_OPPORTUNITY char | Amount calculation mode
OPENED char | Available to everyone
COMMENTS string | Comment
{_PRESENCE}{_AUTHORSHIP}{_MOVEMENT}
COMPANY_ID crm_company | Company
CONTACT_ID crm_contact x | Contact
CONTACT_IDS crm_contact mh | Contacts
IS_RETURN_CUSTOMER char r | Repeat lead
DATE_CLOSED datetime r | Closed on
{_ORIGIN}{_UTM}{_MULTIFIELDS}
"""

CONTACT_FIELDS = f"""
ID integer r | ID
HONORIFIC crm_status:HONORIFIC | Salutation
NAME string q | First name
SECOND_NAME string q | Second name
LAST_NAME string q | Last name
PHOTO file | Photo
BIRTHDATE date | Date of birth
TYPE_ID crm_status:CONTACT_TYPE | Contact type
SOURCE_ID crm_status:SOURCE | Source
SOURCE_DESCRIPTION string | Source information
POST string | Position
{_ADDRESS}
COMMENTS string | Comment
OPENED char | Available to everyone
EXPORT char | Included in export
{_PRESENCE}{_AUTHORSHIP}
COMPANY_ID crm_company x | Company
COMPANY_IDS crm_company mh | Companies
LEAD_ID crm_lead r | Lead
{_ORIGIN}ORIGIN_VERSION string | Original version
FACE_ID integer r | Face
{_UTM}{_MULTIFIELDS}
"""

COMPANY_FIELDS = f"""
ID integer r | ID
TITLE string q | Company name
COMPANY_TYPE>TYPE_ID crm_status:COMPANY_TYPE | Company type
LOGO file | Logo
{_ADDRESS}
ADDRESS_LEGAL string c | Legal address
{_ADDRESS.replace("ADDRESS", "REG_ADDRESS")}
BANKING_DETAILS string | Payment details
INDUSTRY crm_status:INDUSTRY | Industry
EMPLOYEES crm_status:EMPLOYEES | Employees
CURRENCY_ID crm_currency | Currency
REVENUE double | Annual revenue
OPENED char | Available to everyone
COMMENTS string | Comment
{_PRESENCE}IS_MY_COMPANY char | My company
{_AUTHORSHIP}
CONTACT_ID>CONTACT_IDS crm_contact mh | Contact
LEAD_ID crm_lead r | Lead
{_ORIGIN}ORIGIN_VERSION string | Original version
{_UTM}{_MULTIFIELDS}
"""


def _stamp(portal: "Portal", values: Map, stored: Map | None, user: int) -> None:
    """Authorship and times every CRM record carries."""
    now = dates.iso(portal.clock())
    if stored is None:
        _default(values, ASSIGNED_BY_ID=user, OPENED="Y", CREATED_BY_ID=user, DATE_CREATE=now)
        _default(values, LAST_ACTIVITY_BY=user, LAST_ACTIVITY_TIME=now, OBSERVERS="[]")
        if not values.get("ASSIGNED_BY_ID"):
            values["ASSIGNED_BY_ID"] = user
    _default(values, MODIFY_BY_ID=user, DATE_MODIFY=now)


def _default(values: Map, **defaults: Value) -> None:
    for name, value in defaults.items():
        values.setdefault(name, value)


def _link(values: Map, single: str, several: str, *, new: bool) -> None:
    """``CONTACT_ID`` is the first of ``CONTACT_IDS``; whichever is sent decides, the list when both are."""
    if values.get(several) is not None:
        found = json.loads(php.text(values[several]))
        values[single] = found[0] if found else None
    elif single in values or new:
        values[several] = json.dumps([values[single]] if values.get(single) else [])
        values.setdefault(single, None)


def _move(portal: "Portal", values: Map, stored: Map | None, user: int, stage: str, directory: str) -> None:
    """Keep stage, its semantics and the time of the last move together; an unknown stage is the first one."""
    if stored is not None and stage not in values:
        return
    stages = portal.stages(directory)
    current = values.get(stage)
    if current not in stages:
        current = next(iter(stages)) if stored is None else stored[stage]
    values[stage] = current
    if stored is None or stored[stage] != current:
        values["MOVED_BY_ID"], values["MOVED_TIME"] = user, dates.iso(portal.clock())


def _prepare_deal(portal: "Portal", values: Map, stored: Map | None, user: int) -> None:
    new = stored is None
    _link(values, "CONTACT_ID", "CONTACT_IDS", new=new)
    if stored is None:
        category = php.integer(values.get("CATEGORY_ID"))
        values["CATEGORY_ID"] = category if category in portal.category_ids() else 0
        today = dates.stored_date("today", portal.clock())
        week_later = dates.stored_date(dates.iso(portal.clock() + 7 * 86400), portal.clock())
        _default(values, BEGINDATE=today, CLOSEDATE=week_later, TYPE_ID="SALE", CURRENCY_ID=portal.currency)
        _default(values, IS_NEW="Y", IS_RECURRING="N", IS_RETURN_CUSTOMER="N", IS_REPEATED_APPROACH="N")
    place = stored or values
    directory = portal.deal_directory(php.integer(place["CATEGORY_ID"]))
    _move(portal, values, stored, user, "STAGE_ID", directory)
    if "STAGE_ID" in values:
        stages = portal.stages(directory)
        semantics = stages.get(php.text(values["STAGE_ID"]), "P")
        values["STAGE_SEMANTIC_ID"] = semantics
        values["CLOSED"] = "N" if semantics == "P" else "Y"
        values["IS_NEW"] = "Y" if values["STAGE_ID"] == next(iter(stages)) else "N"
    _money(values, stored)
    _stamp(portal, values, stored, user)


def _money(values: Map, stored: Map | None) -> None:
    if stored is None:
        if values.get("OPPORTUNITY") is None:
            values["OPPORTUNITY"] = 0.0
        _default(values, TAX_VALUE=0.0, IS_MANUAL_OPPORTUNITY="Y" if values["OPPORTUNITY"] else "N")


def _prepare_lead(portal: "Portal", values: Map, stored: Map | None, user: int) -> None:
    _link(values, "CONTACT_ID", "CONTACT_IDS", new=stored is None)
    if stored is None:
        _default(values, CURRENCY_ID=portal.currency, IS_RETURN_CUSTOMER="N", HAS_IMOL="N")
    _move(portal, values, stored, user, "STATUS_ID", "STATUS")
    if "STATUS_ID" in values:
        semantics = portal.stages("STATUS").get(php.text(values["STATUS_ID"]), "P")
        values["STATUS_SEMANTIC_ID"] = semantics
        values["DATE_CLOSED"] = None if semantics == "P" else dates.iso(portal.clock())
    _money(values, stored)
    values.pop("TAX_VALUE", None)
    _stamp(portal, values, stored, user)


def _prepare_contact(portal: "Portal", values: Map, stored: Map | None, user: int) -> None:
    _link(values, "COMPANY_ID", "COMPANY_IDS", new=stored is None)
    if stored is None:
        _default(values, EXPORT="Y", HAS_IMOL="N", TYPE_ID="CLIENT")
    _stamp(portal, values, stored, user)


def _prepare_company(portal: "Portal", values: Map, stored: Map | None, user: int) -> None:
    if stored is None:
        _default(values, IS_MY_COMPANY="N", HAS_IMOL="N", COMPANY_TYPE="CUSTOMER", REVENUE=0.0)
        _default(values, CURRENCY_ID=portal.currency, CONTACT_ID="[]")
    _stamp(portal, values, stored, user)


LEAD = Entity("crm_lead", parse_fields(LEAD_FIELDS), _prepare_lead, ("STATUS_ID", "ASSIGNED_BY_ID"), owner="LEAD")
DEAL = Entity(
    "crm_deal",
    parse_fields(DEAL_FIELDS),
    _prepare_deal,
    ("STAGE_ID", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID", "DATE_CREATE"),
    owner="DEAL",
)
CONTACT = Entity("crm_contact", parse_fields(CONTACT_FIELDS), _prepare_contact, ("COMPANY_ID",), owner="CONTACT")
COMPANY = Entity("crm_company", parse_fields(COMPANY_FIELDS), _prepare_company, ("TITLE",), owner="COMPANY")

"""Leads, deals, contacts, companies.

Fields and types: documentation: api-reference/crm/{leads,deals,contacts,companies}/crm-*-fields and
api-reference/crm/universal/object-fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import php
from b24_sandbox.entities.crm_cascade import forget, unlink_contact
from b24_sandbox.entities.crm_rules import (
    mirror,
    prepare_company,
    prepare_contact,
    prepare_deal,
    prepare_lead,
    settle,
)
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

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
AUTHORSHIP = """
ASSIGNED_BY_ID user | Responsible person
CREATED_BY_ID>CREATED_BY user r | Created by
MODIFY_BY_ID>UPDATED_BY user r | Modified by
DATE_CREATE>CREATED_TIME datetime r | Created on
DATE_MODIFY>UPDATED_TIME datetime r | Modified on
"""
MOVEMENT = """
MOVED_BY_ID>MOVED_BY user r | Moved by
MOVED_TIME datetime r | Moved on
"""
ADDITIONS = "WEBFORM_ID integer u | Created by CRM form\n"
_ORIGIN = """
ORIGINATOR_ID string | External source
ORIGIN_ID string | Item ID in external source
"""
UTM = """
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
{AUTHORSHIP}{MOVEMENT}
SOURCE_ID crm_status:SOURCE | Source
SOURCE_DESCRIPTION string | Source information
LEAD_ID crm_lead r | Lead
ADDITIONAL_INFO string | More information
LOCATION_ID location | Location
{_ORIGIN}{ADDITIONS}{UTM}
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
{_PRESENCE}{AUTHORSHIP}{MOVEMENT}
COMPANY_ID crm_company | Company
CONTACT_ID crm_contact x | Contact
CONTACT_IDS crm_contact mh | Contacts
IS_RETURN_CUSTOMER char r | Repeat lead
DATE_CLOSED datetime r | Closed on
{_ORIGIN}{ADDITIONS}{UTM}{_MULTIFIELDS}
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
{_PRESENCE}{AUTHORSHIP}
COMPANY_ID crm_company x | Company
COMPANY_IDS crm_company mh | Companies
LEAD_ID crm_lead r | Lead
{_ORIGIN}ORIGIN_VERSION string | Original version
FACE_ID integer r | Face
{ADDITIONS}{UTM}{_MULTIFIELDS}
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
{AUTHORSHIP}
CONTACT_ID>CONTACT_IDS crm_contact mh | Contact
LEAD_ID crm_lead r | Lead
{_ORIGIN}ORIGIN_VERSION string | Original version
{ADDITIONS}{UTM}LAST_COMMUNICATION_TIME string rc | Last communication
{_MULTIFIELDS}
"""


def _settle_contact(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
    if "COMPANY_IDS" in written:
        before = stored["COMPANY_IDS"] if stored else None
        mirror(portal, record, COMPANY, "CONTACT_ID", before, written["COMPANY_IDS"])


def _settle_company(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
    if "CONTACT_ID" in written:
        before = stored["CONTACT_ID"] if stored else None
        mirror(portal, record, CONTACT, "COMPANY_IDS", before, written["CONTACT_ID"])


def _forget_contact(portal: World, record: int) -> None:
    forget(3)(portal, record)
    unlink_contact(portal, record)
    held = "exists (select 1 from json_each(CONTACT_ID) where json_each.value = ?)"
    for row in portal.storage.rows(COMPANY, ["ID", "CONTACT_ID"], held, [record]):
        mirror(portal, record, COMPANY, "CONTACT_ID", f"[{php.text(row['ID'])}]", "[]")


def _forget_company(portal: World, record: int) -> None:
    forget(4)(portal, record)
    held = "exists (select 1 from json_each(COMPANY_IDS) where json_each.value = ?)"
    for row in portal.storage.rows(CONTACT, ["ID"], held, [record]):
        mirror(portal, record, CONTACT, "COMPANY_IDS", f"[{php.text(row['ID'])}]", "[]")


LEAD: Entity = Entity(
    "crm_lead",
    parse_fields(LEAD_FIELDS),
    prepare_lead,
    ("STATUS_ID", "ASSIGNED_BY_ID"),
    owner="LEAD",
    user_fields="CRM_LEAD",
    settle=settle(lambda: LEAD, "Лид #{}", 1, "STATUS_ID", "STATUS_SEMANTIC_ID"),
    cascade=forget(1),
)
DEAL: Entity = Entity(
    "crm_deal",
    parse_fields(DEAL_FIELDS),
    prepare_deal,
    ("STAGE_ID", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID", "DATE_CREATE"),
    owner="DEAL",
    user_fields="CRM_DEAL",
    settle=settle(lambda: DEAL, "Сделка #{}", 2, "STAGE_ID", "STAGE_SEMANTIC_ID", "CATEGORY_ID"),
    cascade=forget(2),
)
CONTACT = Entity(
    "crm_contact",
    parse_fields(CONTACT_FIELDS),
    prepare_contact,
    ("COMPANY_ID",),
    owner="CONTACT",
    user_fields="CRM_CONTACT",
    settle=_settle_contact,
    cascade=_forget_contact,
)
COMPANY = Entity(
    "crm_company",
    parse_fields(COMPANY_FIELDS),
    prepare_company,
    ("TITLE",),
    owner="COMPANY",
    user_fields="CRM_COMPANY",
    settle=_settle_company,
    cascade=_forget_company,
)

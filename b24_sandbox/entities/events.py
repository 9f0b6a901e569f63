"""Handlers of events, the queue of offline events (documentation: api-reference/events) and the names of all events."""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

HANDLER = Entity(
    "event_handler",
    parse_fields("""
ID integer r | ID
EVENT_NAME string | Event
HANDLER string | Address, empty for offline
USER_ID user | Whose rights the token carries, 0: who caused the event
CONNECTOR_ID string | Source key
OFFLINE bool | Into the queue
OPTIONS string | Options in JSON
BASE string | The portal as the application knows it
"""),
    indexes=("EVENT_NAME",),
)

OFFLINE_EVENT = Entity(
    "event_offline",
    parse_fields("""
ID integer r | ID
TIMESTAMP_X datetime r | Last change
EVENT_NAME string r | Event
EVENT_DATA string r | Payload in JSON
EVENT_ADDITIONAL string r | User in JSON
MESSAGE_ID string r | md5 of event and payload
PROCESS_ID string r | Who reserved it
ERROR bool r | Failed
CONNECTOR_ID string r | Source key
"""),
)

EVENTS = (HANDLER, OFFLINE_EVENT)

_GLOBAL = "ONAPPUNINSTALL ONAPPINSTALL ONAPPUPDATE ONAPPPAYMENT ONAPPTEST ONAPPMETHODCONFIRM ONOFFLINEEVENT"
_CRUD = ("ADD", "UPDATE", "DELETE")
_WITH_FIELDS = ("LEAD", "DEAL", "COMPANY", "CONTACT", "QUOTE", "INVOICE", "REQUISITE", "TYPE")
_PLAIN_CRM = (
    *_WITH_FIELDS,
    "CURRENCY",
    "PRODUCT",
    "PRODUCTPROPERTY",
    "PRODUCTSECTION",
    "ACTIVITY",
    "BANKDETAIL",
    "MEASURE",
    "DEALRECURRING",
    "INVOICERECURRING",
    "TIMELINECOMMENT",
    "DYNAMICITEM",
    "DOCUMENTGENERATORDOCUMENT",
)


def names() -> dict[str, tuple[str, ...]]:
    """Scope -> its events. The empty scope contains the events of any application."""
    crm = [f"ONCRM{kind}{verb}" for kind in _PLAIN_CRM for verb in _CRUD]
    crm += [f"ONCRM{kind}USERFIELD{verb}" for kind in _WITH_FIELDS for verb in (*_CRUD, "SETENUMVALUES")]
    crm += ["ONCRMDEALMOVETOCATEGORY", "ONCRMINVOICESETSTATUS", "ONCRMDEALRECURRINGEXPOSE", "ONCRMADDRESSREGISTER"]
    crm += ["ONCRMADDRESSUNREGISTER", "ONCRMINVOICERECURRINGEXPOSE"]
    catalog = ("PRODUCT", "PRICE", "MEASURE", "ROUNDING", "PRICE.TYPE")
    calendar = [f"ONCALENDAR{kind}{verb}" for kind in ("ENTRY", "SECTION") for verb in _CRUD]
    calls = "ONVOXIMPLANTCALLINIT ONVOXIMPLANTCALLSTART ONVOXIMPLANTCALLEND ONEXTERNALCALLSTART ONEXTERNALCALLBACKSTART"
    return {
        "": tuple(_GLOBAL.split()),
        "user": ("ONUSERADD",),
        "crm": tuple(crm),
        "task": tuple(f"ONTASK{kind}{verb}" for kind in ("", "COMMENT") for verb in _CRUD),
        "sonet_group": tuple(f"ONSONETGROUP{verb}" for verb in _CRUD),
        "calendar": tuple(calendar),
        "catalog": tuple(f"CATALOG.{kind}.ON.{verb}" for kind in catalog for verb in _CRUD),
        "telephony": tuple(calls.split()),
    }

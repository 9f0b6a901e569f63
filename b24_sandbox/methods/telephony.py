"""`telephony.externalCall.*`, `voximplant.statistic.get`, `placement.*`: calls and widgets of applications.

Parameters have UPPER-case names. Documentation: api-reference/telephony, api-reference/widgets/placement-*.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from b24_sandbox import dates, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.telephony import CALL, WIDGET
from b24_sandbox.errors import PortalError, access_denied, wrong_argument
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

APPLICATION = "Sandbox application"
_LANGUAGE = filters.Language(filters.OPERATORS, CALL.fields.get)
_PLACEMENTS = (
    "DEFAULT PAGE_BACKGROUND_WORKER REST_APP_URI LEFT_MENU USER_PROFILE_MENU USER_PROFILE_TOOLBAR CRM_LEAD_LIST_MENU "
    "CRM_DEAL_LIST_MENU CRM_CONTACT_LIST_MENU CRM_COMPANY_LIST_MENU CRM_LEAD_DETAIL_TAB CRM_DEAL_DETAIL_TAB "
    "CRM_CONTACT_DETAIL_TAB CRM_COMPANY_DETAIL_TAB CRM_LEAD_DETAIL_ACTIVITY CRM_DEAL_DETAIL_ACTIVITY CALL_CARD "
    "TASK_LIST_CONTEXT_MENU TASK_VIEW_TAB TASK_VIEW_SIDEBAR TASK_VIEW_TOP_PANEL TASK_USER_LIST_TOOLBAR "
    "CALENDAR_GRIDVIEW IM_NAVIGATION IM_TEXTAREA IM_SIDEBAR IM_CONTEXT_MENU SONET_GROUP_DETAIL_TAB "
    "SONET_GROUP_TOOLBAR CRM_ANALYTICS_MENU CRM_ANALYTICS_TOOLBAR CRM_FUNNELS_TOOLBAR"
)


def _core(words: str) -> PortalError:
    return PortalError("ERROR_CORE", words)


def _employee(call: Call, sent: Map) -> int:
    """The user of a call by id or by extension number."""
    if not sent.get("USER_ID") and not sent.get("USER_PHONE_INNER"):
        raise _core("USER_ID or USER_PHONE_INNER should be set")
    where, bound = "UF_PHONE_INNER = ?", php.text(sent.get("USER_PHONE_INNER"))
    if sent.get("USER_ID"):
        where, bound = "ID = ?", str(php.integer(sent["USER_ID"]))
    found = call.portal.storage.rows(USER, ["ID"], f"{where} and ACTIVE = 1", [bound])
    if not found:
        raise _core("User is not found or is not active")
    return found[0].id


def _register(call: Call) -> Value:
    """Register an external call. A repeated call gets the same id."""
    sent = call.upper_case()
    user = _employee(call, sent)
    kind = php.integer(sent.get("TYPE"))
    if kind not in (1, 2, 3, 4):
        raise _core("Unknown TYPE")
    phone = php.text(sent.get("PHONE_NUMBER")).strip()
    if not any(letter.isdigit() for letter in phone):
        raise _core("Unsupported phone number format")
    begin = dates.stored_moment(php.text(sent.get("CALL_START_DATE")), call.now)
    if sent.get("CALL_START_DATE") and begin is None:
        raise _core("CALL_START_DATE should be in the ISO-8601 format")
    import hashlib  # slow to import and rarely needed

    storage, external = call.portal.storage, php.text(sent.get("EXTERNAL_CALL_ID"))
    known = storage.rows(CALL, ["CALL_ID"], "EXTERNAL_CALL_ID = ? and FINISHED = 0", [external]) if external else []
    client: Map = {
        "CRM_ENTITY_TYPE": sent.get("CRM_ENTITY_TYPE") or None,
        "CRM_ENTITY_ID": php.integer(sent.get("CRM_ENTITY_ID")) or None,
    }
    if known:
        number = php.text(known[0]["CALL_ID"])
    else:
        seed = f"{call.now}/{call.portal.next_nonce()}".encode()
        number = f"externalCall.{hashlib.md5(seed, usedforsecurity=False).hexdigest()}.{int(call.now)}"
        columns: Map = {"PORTAL_USER_ID": user, "PHONE_NUMBER": phone, "CALL_ID": number, "CALL_TYPE": kind}
        columns |= {"EXTERNAL_CALL_ID": external or None, "CALL_START_DATE": begin or dates.iso(call.now)}
        columns |= {"PORTAL_NUMBER": php.text(sent.get("LINE_NUMBER")), "FINISHED": 0, "CALL_DURATION": 0, **client}
        if call.application is not None:  # a call registered by webhook belongs to no application
            columns |= {"REST_APP_ID": 1, "REST_APP_NAME": APPLICATION}
        storage.insert(CALL, columns)
    return {"CALL_ID": number, "CRM_CREATED_LEAD": None, "CRM_CREATED_ENTITIES": [], **client}


def _known(call: Call, words: str) -> Map:
    sent = call.upper_case().get("CALL_ID")
    if not isinstance(sent, str):
        raise PortalError("INVALID_ARGUMENT", "CALL_ID must be a string")
    columns = [field.name for field in CALL.columns]
    found = call.portal.storage.rows(CALL, columns, "CALL_ID = ?", [sent])
    if not found:
        raise _core(words)
    return found[0]


def _finish(call: Call) -> Value:
    """Finish a call and add it to the statistics."""
    sent = call.upper_case()
    row = _known(call, "Call is not found (call should be registered prior to finishing)")
    user = _employee(call, sent)
    duration = php.integer(sent.get("DURATION"))
    code = php.text(sent.get("STATUS_CODE")) or ("200" if duration else "304")
    changes: Map = {
        "PORTAL_USER_ID": user,
        "CALL_DURATION": duration,
        "COST": values.number(sent.get("COST")),
        "COST_CURRENCY": php.text(sent.get("COST_CURRENCY")),
        "CALL_FAILED_CODE": code,
        "CALL_FAILED_REASON": php.text(sent.get("FAILED_REASON")),
        "CALL_RECORD_URL": php.text(sent.get("RECORD_URL")),
        "CALL_VOTE": php.integer(sent.get("VOTE")) or None,
        "FINISHED": 1,
    }
    call.portal.storage.update(CALL, php.integer(row["ID"]), changes)
    call.portal.changes.announce("ONVOXIMPLANTCALLEND", {"CALL_ID": row["CALL_ID"]}, call.user)
    shown = {**row, **changes}
    hidden = ("CALL_TYPE", "FINISHED", "CALL_START_DATE", "CALL_RECORD_URL")
    answer: Map = {name: value for name, value in shown.items() if name not in hidden}
    status = int(code == "200")
    return {**answer, "INCOMING": php.text(row["CALL_TYPE"]), "CALL_START_DATE": [], "CALL_STATUS": status}


def _card(call: Call) -> Value:
    return bool(_known(call, "Call is not found"))


def _statistic(call: Call) -> Value:
    """Finished calls. `SORT` and `ORDER` are words."""
    sent = call.upper_case()
    conditions = {**php.as_map(sent.get("FILTER")), "FINISHED": 1}
    where = filters.build(CALL, _LANGUAGE, conditions, call.now)
    word = php.text(sent.get("SORT")).upper()
    wanted: Map = {word: php.text(sent.get("ORDER")) or "ASC"} if word else {}
    order = filters.order(CALL.fields.get, wanted, None)
    columns = [field.name for field in CALL.columns if field.name != "FINISHED"]
    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(CALL, where.sql, where.bound),
        lambda limit, offset: storage.rows(CALL, columns, where.sql, where.bound, order, limit, offset),
    )
    rows = [_statistic_row(php.as_map(row)) for row in php.as_list(page.result)]
    return RowPage(rows, page.next, page.total)


def _statistic_row(row: Map) -> Map:
    shown: Map = {name: values.show_text(CALL.fields[name], value) for name, value in row.items()}
    return {**shown, "COST": f"{values.number(row['COST']):.4f}", "CALL_CATEGORY": "external"}


def _placements(call: Call) -> Value:
    """The names of widget placements; with `SCOPE` only those of a scope."""
    scope = php.text(call.upper_case().get("SCOPE")).upper()
    return [name for name in _PLACEMENTS.split() if not scope or name.startswith(f"{scope}_")]


def _placement(sent: Map) -> str:
    placement = php.text(sent.get("PLACEMENT")).upper()
    if not placement:
        raise wrong_argument("Argument 'PLACEMENT' is null or empty", "PLACEMENT")
    return placement


def _bind(call: Call) -> Value:
    if not call.admin:
        raise access_denied()
    sent = call.upper_case()
    placement, handler = _placement(sent), php.text(sent.get("HANDLER"))
    if placement not in _PLACEMENTS.split() and not placement.startswith("CRM_DYNAMIC_"):
        raise PortalError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    if not handler:
        raise wrong_argument("Argument 'HANDLER' is null or empty", "HANDLER")
    if urlsplit(handler).scheme not in ("http", "https"):
        raise PortalError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    storage, user = call.portal.storage, php.integer(sent.get("USER_ID"))
    if storage.count(WIDGET, "PLACEMENT = ? and HANDLER = ? and USER_ID = ?", [placement, handler, user]):
        raise _core("Unable to set placement handler: Handler already binded")
    columns: Map = {"PLACEMENT": placement, "HANDLER": handler, "USER_ID": user}
    columns |= {name: php.text(sent.get(name)) for name in ("TITLE", "DESCRIPTION")}
    columns |= {name: json.dumps(php.as_map(sent.get(name)), ensure_ascii=False) for name in ("OPTIONS", "LANG_ALL")}
    storage.insert(WIDGET, columns)
    return True


def _unbind(call: Call) -> Value:
    if not call.admin:
        raise access_denied()
    sent = call.upper_case()
    where, bound = "PLACEMENT = ?", [_placement(sent)]
    if sent.get("HANDLER"):
        where, bound = f"{where} and HANDLER = ?", [*bound, php.text(sent["HANDLER"])]
    found = call.portal.storage.rows(WIDGET, ["ID"], where, bound)
    for row in found:
        call.portal.storage.delete(WIDGET, row.id)
    return {"count": len(found)}


def _bound(call: Call) -> Value:
    rows = call.portal.storage.rows(WIDGET, [field.name for field in WIDGET.columns])
    return [
        {
            "placement": row["PLACEMENT"],
            "userId": row["USER_ID"],
            "handler": row["HANDLER"],
            "options": json.loads(row.text("OPTIONS")),
            "title": row["TITLE"],
            "description": row["DESCRIPTION"],
            "langAll": json.loads(row.text("LANG_ALL")),
        }
        for row in rows
    ]


def register(registry: Registry) -> None:
    """Register calls and widgets."""
    registry.classic("telephony.externalCall.register", "telephony", _register)
    registry.classic("telephony.externalCall.finish", "telephony", _finish)
    registry.classic("telephony.externalCall.show", "telephony", _card)
    registry.classic("telephony.externalCall.hide", "telephony", _card)
    registry.classic("voximplant.statistic.get", "telephony", _statistic)
    registry.classic("placement.list", "placement", _placements, app_only=True)
    registry.classic("placement.get", "placement", _bound, app_only=True)
    registry.classic("placement.bind", "placement", _bind, app_only=True)
    registry.classic("placement.unbind", "placement", _unbind, app_only=True)

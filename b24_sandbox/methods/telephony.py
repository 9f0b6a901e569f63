"""`telephony.externalCall.*`, `voximplant.*`: calls, their records and transcripts, the clients of a phone number.

Parameters have UPPER-case names. Documentation: api-reference/telephony.
"""

from __future__ import annotations

import base64

from b24_sandbox import dates, faceless, files, filters, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import COMPANY, CONTACT, LEAD
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.telephony import CALL
from b24_sandbox.errors import PortalError, access_denied, present
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable, Registry
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import shape

method = MethodTable("telephony")

APPLICATION = "Sandbox application"
_TRANSCRIPTS = RecordsByCode("call_transcript")
SIP_PHONES = RecordsByCode("sip_phone")
_CLIENTS = (("CONTACT", CONTACT), ("COMPANY", COMPANY), ("LEAD", LEAD))
_LANGUAGE = filters.Language(filters.OPERATORS, CALL.fields.get)
_HIDDEN = ("CALL_TYPE", "FINISHED", "CALL_START_DATE", "CALL_RECORD_URL")


def core(words: str) -> PortalError:
    """An error of telephony."""
    return PortalError("ERROR_CORE", words)


def _employee(call: Call) -> int:
    """The user of a call by id or by extension number."""
    sent = call.upper
    if not sent.get("USER_ID") and not sent.get("USER_PHONE_INNER"):
        raise core("USER_ID or USER_PHONE_INNER should be set")
    where, bound = "UF_PHONE_INNER = ?", sent.text("USER_PHONE_INNER")
    if sent.get("USER_ID"):
        where, bound = "ID = ?", str(sent.integer("USER_ID"))
    found = call.storage.ids(USER, f"{where} and ACTIVE = 1", [bound])
    if not found:
        raise core("User is not found or is not active")
    return found[0]


@method("telephony.externalCall.register")
def _register(call: Call) -> Value:
    """Register an external call. A repeated call gets the same id."""
    sent, user = call.upper, _employee(call)
    if sent.integer("TYPE") not in (1, 2, 3, 4):
        raise core("Unknown TYPE")
    phone = sent.text("PHONE_NUMBER").strip()
    if not any(letter.isdigit() for letter in phone):
        raise core("Unsupported phone number format")
    begin = dates.stored_moment(sent.text("CALL_START_DATE"), call.now)
    if sent.get("CALL_START_DATE") and begin is None:
        raise core("CALL_START_DATE should be in the ISO-8601 format")
    external = sent.text("EXTERNAL_CALL_ID")
    known = call.storage.first(CALL, "EXTERNAL_CALL_ID = ? and FINISHED = 0", [external]) if external else None
    client: Map = {
        "CRM_ENTITY_TYPE": sent.get("CRM_ENTITY_TYPE") or None,
        "CRM_ENTITY_ID": sent.integer("CRM_ENTITY_ID") or None,
    }
    number = _new_number(call) if known is None else known.text("CALL_ID")
    if known is None:
        columns: Map = {"PORTAL_USER_ID": user, "PHONE_NUMBER": phone, "CALL_ID": number}
        columns |= {"CALL_TYPE": sent.integer("TYPE"), "CALL_START_DATE": begin or dates.iso(call.now)}
        columns |= {"EXTERNAL_CALL_ID": external or None, "PORTAL_NUMBER": sent.text("LINE_NUMBER")}
        if call.application is not None:  # a call registered by webhook belongs to no application
            columns |= {"REST_APP_ID": 1, "REST_APP_NAME": APPLICATION}
        call.storage.insert(CALL, {**columns, "FINISHED": 0, "CALL_DURATION": 0, **client})
    return {"CALL_ID": number, "CRM_CREATED_LEAD": None, "CRM_CREATED_ENTITIES": [], **client}


def _new_number(call: Call) -> str:
    import hashlib  # slow to import and rarely needed

    seed = f"{call.now}/{call.portal.next_nonce()}".encode()
    return f"externalCall.{hashlib.md5(seed, usedforsecurity=False).hexdigest()}.{int(call.now)}"


def _known(call: Call, words: str) -> Row:
    sent = call.upper.get("CALL_ID")
    if not isinstance(sent, str):
        raise PortalError("INVALID_ARGUMENT", "CALL_ID must be a string")
    return present(call.storage.first(CALL, "CALL_ID = ?", [sent]), core(words))


@method("telephony.externalCall.finish")
def _finish(call: Call) -> Value:
    """Finish a call and add it to the statistics."""
    row = _known(call, "Call is not found (call should be registered prior to finishing)")
    sent, user = call.upper, _employee(call)
    duration = sent.integer("DURATION")
    code = sent.text("STATUS_CODE") or ("200" if duration else "304")
    changes: Map = {
        "PORTAL_USER_ID": user,
        "CALL_DURATION": duration,
        "COST": values.number(sent.get("COST")),
        "COST_CURRENCY": sent.text("COST_CURRENCY"),
        "CALL_FAILED_CODE": code,
        "CALL_FAILED_REASON": sent.text("FAILED_REASON"),
        "CALL_RECORD_URL": sent.text("RECORD_URL"),
        "CALL_VOTE": sent.integer("VOTE") or None,
        "FINISHED": 1,
    }
    call.storage.update(CALL, row.id, changes)
    call.portal.changes.announce("ONVOXIMPLANTCALLEND", {"CALL_ID": row["CALL_ID"]}, call.user)
    answer: Map = {name: value for name, value in {**row, **changes}.items() if name not in _HIDDEN}
    return {**answer, "INCOMING": row.text("CALL_TYPE"), "CALL_START_DATE": [], "CALL_STATUS": int(code == "200")}


@method("telephony.externalCall.show")
@method("telephony.externalCall.hide")
def _card(call: Call) -> Value:
    return bool(_known(call, "Call is not found"))


@method("voximplant.statistic.get")
def _statistic(call: Call) -> Value:
    """Finished calls. `SORT` and `ORDER` are words."""
    sent, word = call.upper, call.upper.text("SORT").upper()
    where = filters.build(CALL, _LANGUAGE, {**sent.inner("FILTER"), "FINISHED": 1}, call.now)
    order = filters.order(CALL.fields.get, {word: sent.text("ORDER") or "ASC"} if word else {}, None)
    return faceless.page(call, CALL, where, order, lambda rows: [_statistic_row(row) for row in rows])


def _statistic_row(row: Row) -> Map:
    shown = faceless.texts(CALL, row, ("FINISHED",))
    return {**shown, "COST": f"{values.number(row['COST']):.4f}", "CALL_CATEGORY": "external"}


def _digits(phone: Value) -> str:
    return "".join(letter for letter in php.text(phone) if letter.isdigit())[-10:]


@method("telephony.externalCall.searchCrmEntities")
def _search(call: Call) -> Value:
    """The clients with a phone number and the people responsible for them."""
    wanted = _digits(call.upper.get("PHONE_NUMBER"))
    if not wanted:
        raise core("PHONE_NUMBER is empty")
    storage, shown = call.storage, list[Map]()
    for word, entity in _CLIENTS:
        phones = storage.multifield_values(entity.owner, "PHONE")
        owners = dict.fromkeys(phone.integer("OWNER_ID") for phone in phones if _digits(phone["VALUE"]) == wanted)
        clients = (storage.row(entity, owner) for owner in owners)
        shown += [_client(call, word, client) for client in clients if client is not None]
    return shown


def _client(call: Call, word: str, row: Row) -> Map:
    number = row.integer("ASSIGNED_BY_ID")
    responsible = shape("telephony.responsible", person(call.portal, number), responsible=number)
    name = row.text("TITLE") if word == "COMPANY" else full_name(row)
    return shape("telephony.client", row, kind=word, name=name, responsible=responsible)


def _finished_call(call: Call, absent: str) -> Row:
    return present(call.storage.first(CALL, "CALL_ID = ? and FINISHED = 1", [call.upper.text("CALL_ID")]), core(absent))


def _file_name(call: Call) -> str:
    sent = call.upper
    if sent.get("RECORD_URL") is None and sent.get("FILENAME") is None:
        raise core("Required parameters are not set. Request should contain either URL or FILENAME parameter")
    name = sent.text("FILENAME") or sent.text("RECORD_URL").rpartition("/")[2]
    if not name:
        raise core("File name is empty")
    if not name.lower().endswith((".wav", ".mp3")):
        raise core("Wrong file extension. Only wav and mp3 are allowed")
    return name


@method("telephony.externalCall.attachRecord")
def _record_attach(call: Call) -> Value:
    """Attach a record: its address, its content in base64, or its name, then the answer is where to upload it."""
    sent, name, storage = call.upper, _file_name(call), call.storage
    row = _finished_call(call, "Call is not found in the statistic table. It looks like it is not finished yet.")
    if sent.get("RECORD_URL"):
        storage.update(CALL, row.id, {"CALL_RECORD_URL": sent.text("RECORD_URL")})
        return {"FILE_ID": files.keep(storage, name, "")}  # the sandbox requests no addresses of others
    if sent.get("FILE_CONTENT") is None:
        return {"uploadUrl": call.link("upload", {"call": row.id, "name": name}), "fieldName": "file"}
    file = files.keep(storage, name, sent.text("FILE_CONTENT"))
    if file is None:
        raise core("File content is not properly encoded. Base64 encoding is expected.")
    return {"FILE_ID": file}


def _record_uploaded(call: Call) -> Value:
    content = present(next(iter(call.files.values()), None), core("File content is empty."))
    encoded = base64.b64encode(content.content).decode()
    return {"FILE_ID": files.keep(call.storage, call.sent.text("name"), encoded)}


@method("telephony.call.attachTranscription")
def _transcript_attach(call: Call) -> Value:
    """Attach a transcript to a finished call."""
    sent = call.upper
    if not sent.get("CALL_ID"):
        raise core("CALL_ID should be set")
    if not php.is_array(sent.get("MESSAGES")):
        raise core("MESSAGES should be an array")
    messages = [Sent(php.as_map(item)) for item in sent.many("MESSAGES")]
    for number, message in enumerate(messages):
        _check_message(message, f"MESSAGES[{number}]")
    row = _finished_call(call, f"Call {sent.text('CALL_ID')} is not found. Is it finished?")
    data: Map = {"messages": messages, "cost": sent.get("COST"), "currency": sent.get("COST_CURRENCY")}
    return {"TRANSCRIPT_ID": _TRANSCRIPTS.add(call, row.text("CALL_ID"), data)}


def _check_message(message: Sent, place: str) -> None:
    if message.text("SIDE") not in ("User", "Client"):
        raise core(f"{place}[SIDE] should be either Client or User")
    if message.integer("START_TIME") < 0:
        raise core(f"{place}[START_TIME] should be greater or equal to zero")
    if message.integer("STOP_TIME") <= 0:
        raise core(f"{place}[STOP_TIME] should be greater than zero")
    if not message.text("MESSAGE"):
        raise core(f"{place}[MESSAGE] is empty")


@method("voximplant.user.get")
def _telephone_settings(call: Call) -> Value:
    """The settings of users. An application is refused: an administrator would have to confirm its call."""
    if call.application is not None:
        raise PortalError("METHOD_CONFIRM_WAITING", "Waiting for confirmation", 401)
    if not call.upper.many("USER_ID"):
        raise PortalError("", "Parameter USER_ID is not set")
    if not call.admin:
        raise access_denied("Access denied! You have no permission to query selected users")
    people = (call.storage.row(USER, user) for user in call.upper.integers("USER_ID"))
    return [_phone_settings(call, row) for row in people if row is not None]


def _phone_settings(call: Call, row: Row) -> Map:
    enabled = SIP_PHONES.over(call, str(row.id), {"PHONE_ENABLED": "N"})["PHONE_ENABLED"]
    return shape("telephony.settings", row, login=f"phone{row.id}", enabled=enabled)


def register(registry: Registry) -> None:
    """Register the methods of calls and the uploads of faceless."""
    method.register(registry)
    registry.link("upload", "telephony", _record_uploaded)

"""`telephony.externalLine.*`, the record and the transcript of a call, the clients of a phone number.

Documentation: api-reference/telephony.
"""

from __future__ import annotations

import base64

from b24_sandbox import files, php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import COMPANY, CONTACT, LEAD
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.telephony import CALL
from b24_sandbox.errors import PortalError, access_denied
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode, application
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_LINES = RecordsByCode("external_line")
_TRANSCRIPTS = RecordsByCode("call_transcript")
_CLIENTS = (("CONTACT", CONTACT), ("COMPANY", COMPANY), ("LEAD", LEAD))


def _core(words: str) -> PortalError:
    return PortalError("ERROR_CORE", words)


def _number(call: Call) -> str:
    number = php.text(call.upper_case().get("NUMBER")).strip()
    if not number:
        raise _core("NUMBER should not be empty")
    return number


def _line(call: Call) -> RecordByCode:
    number = _number(call)
    line = _LINES.get(call, number, application(call))
    if line is None:
        raise _core(f"Could not find line with number {number}")
    return line


def _values(call: Call) -> Map:
    sent = call.upper_case()
    found: Map = {"NAME": php.text(sent["NAME"])} if sent.get("NAME") is not None else {}
    if sent.get("CRM_AUTO_CREATE") is not None:
        wanted = sent["CRM_AUTO_CREATE"] is True or php.text(sent["CRM_AUTO_CREATE"]) in ("Y", "1")
        found["CRM_AUTO_CREATE"] = "Y" if wanted else "N"
    return found


def _line_add(call: Call) -> Value:
    number = _number(call)
    if _LINES.get(call, number, application(call)) is not None:
        raise _core("Line already exists")
    return {"ID": _LINES.add(call, number, {"NAME": "", "CRM_AUTO_CREATE": "Y", **_values(call)}, application(call))}


def _line_update(call: Call) -> Value:
    changes = _values(call)
    _number(call)
    if not changes:
        raise _core("There are no fields to update")
    line = _line(call)
    _LINES.update(call, line, changes)
    return {"ID": str(line.id)}


def _line_delete(call: Call) -> Value:
    _LINES.remove(call, _line(call))
    return []


def _line_get(call: Call) -> Value:
    return [{"NUMBER": line.code, **line.data} for line in _LINES.all(call, application(call))]


def _digits(phone: Value) -> str:
    return "".join(letter for letter in php.text(phone) if letter.isdigit())[-10:]


def _search(call: Call) -> Value:
    """The clients with a phone number and the people responsible for them."""
    wanted = _digits(call.upper_case().get("PHONE_NUMBER"))
    if not wanted:
        raise _core("PHONE_NUMBER is empty")
    storage, shown = call.portal.storage, []
    for word, entity in _CLIENTS:
        owners = {
            row.integer("OWNER_ID"): None
            for row in storage.multifield_values(entity.owner, "PHONE")
            if _digits(row["VALUE"]) == wanted
        }
        for owner in owners:
            client = storage.row(entity, owner)
            if client is not None:
                shown.append(_client(call, word, client))
    return shown


def _client(call: Call, word: str, row: Row) -> Map:
    responsible = row.integer("ASSIGNED_BY_ID")
    person = call.portal.storage.row(USER, responsible) or Row()
    full = f"{php.text(row.get('NAME'))} {php.text(row.get('LAST_NAME'))}".strip()
    phones: Map = {name: person.get(name) for name in ("WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE")}
    return {
        "CRM_ENTITY_TYPE": word,
        "CRM_ENTITY_ID": row["ID"],
        "ASSIGNED_BY_ID": responsible,
        "NAME": row.text("TITLE") if word == "COMPANY" else full,
        "ASSIGNED_BY": {
            "ID": str(responsible),
            "TIMEMAN_STATUS": "CLOSED",
            "USER_PHONE_INNER": person.get("UF_PHONE_INNER"),
            **phones,
        },
    }


def _finished_call(call: Call, absent: str) -> Map:
    number = php.text(call.upper_case().get("CALL_ID"))
    columns = [field.name for field in CALL.columns]
    found = call.portal.storage.rows(CALL, columns, "CALL_ID = ? and FINISHED = 1", [number])
    if not found:
        raise _core(absent)
    return found[0]


def _file_name(call: Call) -> str:
    sent = call.upper_case()
    if sent.get("RECORD_URL") is None and sent.get("FILENAME") is None:
        raise _core("Required parameters are not set. Request should contain either URL or FILENAME parameter")
    name = php.text(sent.get("FILENAME")) or php.text(sent.get("RECORD_URL")).rpartition("/")[2]
    if not name:
        raise _core("File name is empty")
    if not name.lower().endswith((".wav", ".mp3")):
        raise _core("Wrong file extension. Only wav and mp3 are allowed")
    return name


def _record_attach(call: Call) -> Value:
    """Attach a record: its address, its content in base64, or its name, then the answer is where to upload it."""
    sent, name = call.upper_case(), _file_name(call)
    row = _finished_call(call, "Call is not found in the statistic table. It looks like it is not finished yet.")
    storage, record = call.portal.storage, php.integer(row["ID"])
    if sent.get("RECORD_URL"):
        storage.update(CALL, record, {"CALL_RECORD_URL": php.text(sent["RECORD_URL"])})
        return {"FILE_ID": files.keep(storage, name, "")}  # the sandbox requests no addresses of others
    if sent.get("FILE_CONTENT") is None:
        return {"uploadUrl": call.link("upload", {"call": record, "name": name}), "fieldName": "file"}
    file = files.keep(storage, name, php.text(sent["FILE_CONTENT"]))
    if file is None:
        raise _core("File content is not properly encoded. Base64 encoding is expected.")
    return {"FILE_ID": file}


def _record_uploaded(call: Call) -> Value:
    content = next(iter(call.files.values()), None)
    if content is None:
        raise _core("File content is empty.")
    encoded = base64.b64encode(content.content).decode()
    return {"FILE_ID": files.keep(call.portal.storage, php.text(call.exact("name")), encoded)}


def _transcript_attach(call: Call) -> Value:
    """Attach a transcript to a finished call."""
    sent = call.upper_case()
    if not sent.get("CALL_ID"):
        raise _core("CALL_ID should be set")
    if not php.is_array(sent.get("MESSAGES")):
        raise _core("MESSAGES should be an array")
    messages = [php.as_map(item) for item in php.as_list(sent["MESSAGES"])]
    for number, message in enumerate(messages):
        _check_message(message, f"MESSAGES[{number}]")
    row = _finished_call(call, f"Call {php.text(sent['CALL_ID'])} is not found. Is it finished?")
    data: Map = {"messages": messages, "cost": sent.get("COST"), "currency": sent.get("COST_CURRENCY")}
    return {"TRANSCRIPT_ID": _TRANSCRIPTS.add(call, php.text(row["CALL_ID"]), data)}


def _check_message(message: Map, place: str) -> None:
    if php.text(message.get("SIDE")) not in ("User", "Client"):
        raise _core(f"{place}[SIDE] should be either Client or User")
    if php.integer(message.get("START_TIME")) < 0:
        raise _core(f"{place}[START_TIME] should be greater or equal to zero")
    if php.integer(message.get("STOP_TIME")) <= 0:
        raise _core(f"{place}[STOP_TIME] should be greater than zero")
    if not php.text(message.get("MESSAGE")):
        raise _core(f"{place}[MESSAGE] is empty")


def _telephone_settings(call: Call) -> Value:
    """The settings of users. An application is refused: an administrator would have to confirm its call."""
    if call.application is not None:
        raise PortalError("METHOD_CONFIRM_WAITING", "Waiting for confirmation", 401)
    sent = php.as_list(call.upper_case().get("USER_ID"))
    if not sent:
        raise PortalError("", "Parameter USER_ID is not set")
    if not call.admin:
        raise access_denied("Access denied! You have no permission to query selected users")
    people = (call.portal.storage.row(USER, php.integer(user)) for user in sent)
    return [
        {
            "ID": person.text("ID"),
            "DEFAULT_LINE": None,
            "PHONE_ENABLED": "N",
            "SIP_SERVER": None,
            "SIP_LOGIN": f"phone{person['ID']}",
            "SIP_PASSWORD": None,
            "INNER_NUMBER": person["UF_PHONE_INNER"],
        }
        for person in people
        if person is not None
    ]


def register(registry: Registry) -> None:
    """Register lines, records, transcripts and the search for clients."""
    for name, run in (
        ("externalLine.add", _line_add),
        ("externalLine.update", _line_update),
        ("externalLine.delete", _line_delete),
        ("externalLine.get", _line_get),
    ):
        registry.classic(f"telephony.{name}", "telephony", run, app_only=True)
    registry.classic("telephony.externalCall.searchCrmEntities", "telephony", _search)
    registry.classic("telephony.externalCall.attachRecord", "telephony", _record_attach)
    registry.classic("telephony.call.attachTranscription", "telephony", _transcript_attach)
    registry.classic("voximplant.user.get", "telephony", _telephone_settings)
    registry.link("upload", "telephony", _record_uploaded)

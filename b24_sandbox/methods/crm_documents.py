"""`crm.documentgenerator.*`: numerators, templates and documents. No file is produced, only the records.

Documentation: api-reference/crm/document-generator.
"""

from __future__ import annotations

from b24_sandbox import declared, engine, errors, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of, shown, stored
from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_sales import QUOTE
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods.declared import admit, run_of
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Sent
from b24_sandbox.shapes import shape

_NUMERATOR = declared.by_name("crm.documentgenerator.numerator")
_TEMPLATE = declared.by_name("crm.documentgenerator.template")
_DOCUMENT = declared.by_name("crm.documentgenerator.document")
method = MethodTable("crm")
template_action = method.controller(_TEMPLATE.php_class)
document_action = method.controller(_DOCUMENT.php_class)
register = method.register

_SEQUENCE = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"
_OWNERS: dict[int, Entity] = {1: LEAD, 2: DEAL, 3: CONTACT, 4: COMPANY, 7: QUOTE}


def _address(call: Call, kind: str, action: str, record: Value) -> str:
    query = f"action=crm.documentgenerator.{kind}.{action}&SITE_ID=s1&id={php.text(record)}"
    return f"{call.base}/bitrix/services/main/ajax.php?{query}"


def _template(call: Call, record: int) -> Value:
    """A template with the address of its file and the rights by their codes."""
    found = shown(_TEMPLATE, call, record)
    users = {code: code for code in map(php.text, php.as_list(found.get("users")))}
    address = _address(call, "template", "download", record)
    return {"template": {**found, "users": users, "download": address, "downloadMachine": address}}


def _owner(sent: Sent) -> Entity:
    """The entity of the items that have documents of a sent type."""
    if sent.integer("entityTypeId") not in _OWNERS:
        raise PortalError("0", "No provider for entityTypeId")
    return _OWNERS[sent.integer("entityTypeId")]


def _described(number: Value, title: Value, chosen: Map) -> Map:
    """The fields of a document by code. Only those of the document itself and those in `chosen` are known here."""
    sent = Sent(chosen)
    own = shape(
        "documents.own",
        number=sent.text("DocumentNumber") or number,
        title=sent.text("DocumentTitle") or title,
        default_number=number,
        default_title=title,
    )
    others = {
        name: shape("documents.other", name=name, value=value)
        for name, value in chosen.items()
        if name not in own and not name.startswith("_") and name != "stampsEnabled"
    }
    return {**own, **others}


@template_action("crm.documentgenerator.template.getFields")
def _template_fields(call: Call) -> Value:
    admit(_TEMPLATE, call, "update")
    row = stored(_TEMPLATE, call)
    _owner(call.sent)
    return {"templateFields": _described(None, row["NAME"], php.as_map(call.exact("values")))}


@document_action("crm.documentgenerator.document.getFields")
def _document_fields(call: Call) -> Value:
    row = stored(_DOCUMENT, call)
    chosen = {**php.as_map(values.decoded(row["VALUES"])), **php.as_map(call.exact("values"))}
    return {"documentFields": _described(row["NUMBER"], row["TITLE"], chosen)}


@template_action("crm.documentgenerator.template.add")
def _template_add(call: Call) -> Value:
    admit(_TEMPLATE, call, "add")
    face = face_of(_TEMPLATE)
    sent = face.values(call, True)
    if not php.as_map(call.exact("fields")).get("file"):
        raise PortalError("0", "Missing file content")
    record = engine.create(face, call, sent)
    return _template(call, record)


@template_action("crm.documentgenerator.template.update")
def _template_update(call: Call) -> Value:
    admit(_TEMPLATE, call, "update")
    face = face_of(_TEMPLATE)
    record = face.record_id(call)
    engine.change(face, call, record, face.values(call, False))
    return _template(call, record)


@template_action("crm.documentgenerator.template.get")
def _template_get(call: Call) -> Value:
    return _template(call, face_of(_TEMPLATE).record_id(call))


@template_action("crm.documentgenerator.template.list")
def _template_list(call: Call) -> Value:
    """Templates by their ids."""
    page = run_of(_TEMPLATE, "list")(call)
    if not isinstance(page, RowPage):
        return page
    rows = php.as_list(php.as_map(page.result)["templates"])
    found = {php.text(php.as_map(row)["id"]): php.as_map(row) for row in rows}
    for number, row in found.items():
        row["download"] = row["downloadMachine"] = _address(call, "template", "download", number)
    return RowPage({"templates": found}, page.next, page.total)


def _next_number(call: Call, numerator: int) -> str:
    """Return the next number of a numerator and store the one after it."""
    row = call.storage.row(_NUMERATOR.entity, numerator)
    if row is None:
        raise PortalError("0", "Error getting next number")
    rules = php.as_map(php.as_map(values.decoded(row["SETTINGS"])).get(_SEQUENCE))
    number = row.integer("NEXT") or php.integer(rules.get("start", 1))
    step = php.integer(rules.get("step", 1)) or 1
    call.storage.update(_NUMERATOR.entity, numerator, {"NEXT": number + step})
    padded = str(number).rjust(php.integer(rules.get("length")), php.text(rules.get("padString")) or "0")
    return row.text("TEMPLATE").replace("{NUMBER}", padded)


def _shown(call: Call, record: int) -> Value:
    """A document with its addresses and what its template allows."""
    face = face_of(_DOCUMENT)
    facts = shape(
        "documents.document",
        engine.stored(face, call, record),
        currency=call.portal.currency,
        download=_address(call, "document", "download", record),
        tag=f"TRANSFORMDOCUMENT{record}",
    )
    return {"document": {**facts, **engine.read(face, call, record)}}


@document_action("crm.documentgenerator.document.add")
def _document_add(call: Call) -> Value:
    storage = call.storage
    if not php.integer(call.exact("templateId")):
        raise PortalError("100", "Bitrix\\DocumentGenerator\\Template constructor must be is public")
    template = storage.row(_TEMPLATE.entity, php.integer(call.exact("templateId")))
    if template is None:
        raise PortalError("0", "Template not found")
    owner = _owner(call.sent)
    entity = php.integer(call.exact("entityId"))
    if not entity:
        raise PortalError("0", 'Empty required parameter "value"')
    if storage.row(owner, entity) is None:
        raise PortalError("DOCGEN_ACCESS_ERROR", "Access denied")
    chosen = php.as_map(call.exact("values"))
    number = php.text(chosen.get("DocumentNumber")) or _next_number(call, template.integer("NUMERATOR_ID"))
    stamps = php.truthy(call.exact("stampsEnabled"))
    sent: Map = {
        "title": php.text(chosen.get("DocumentTitle")) or f"{template['NAME']} {number}",
        "number": number,
        "templateId": template["ID"],
        "entityTypeId": call.exact("entityTypeId"),
        "entityId": entity,
        "stampsEnabled": stamps,
        "values": {**chosen, "_creationMethod": "rest", "stampsEnabled": stamps},
    }
    record = engine.create(face_of(_DOCUMENT), call, sent)
    return _shown(call, record)


@document_action("crm.documentgenerator.document.get")
def _document_get(call: Call) -> Value:
    return _shown(call, face_of(_DOCUMENT).record_id(call))


@document_action("crm.documentgenerator.document.update")
def _document_update(call: Call) -> Value:
    row = stored(_DOCUMENT, call, "update")
    chosen = php.as_map(call.exact("values"))
    stamps = php.truthy(1 if call.exact("stampsEnabled") is None else call.exact("stampsEnabled"))
    kept = {**php.as_map(values.decoded(row["VALUES"])), **chosen, "stampsEnabled": stamps}
    sent: Map = {"values": kept, "stampsEnabled": stamps}
    for name, value in (("number", "DocumentNumber"), ("title", "DocumentTitle")):
        if php.text(chosen.get(value)):
            sent[name] = php.text(chosen[value])
    engine.change(face_of(_DOCUMENT), call, row.id, sent)
    call.storage.update(_DOCUMENT.entity, row.id, {"UPDATED_BY": call.user})
    return _shown(call, row.id)


@document_action("crm.documentgenerator.document.enablePublicUrl")
def _public(call: Call) -> Value:
    """Switch the public address of a document on or off."""
    row = stored(_DOCUMENT, call)
    on = call.exact("status") is None or php.truthy(call.exact("status"))
    address = f"{call.base}/~{php.integer(row['ID']):05d}" if on else None
    call.storage.update(_DOCUMENT.entity, row.id, {"PUBLIC_URL": address})
    return {"publicUrl": address}


@document_action("crm.documentgenerator.document.upload")
def _upload(call: Call) -> Value:
    """Record a document that was made elsewhere."""
    sent = call.sent.inner("fields")
    if not sent:
        raise errors.missing_parameter("fields")
    lacking = [name for name in ("entityTypeId", "fileContent", "region", "entityId") if not sent.get(name)]
    if lacking:
        raise PortalError("0", f"Empty required fields: {', '.join(lacking)}")
    owner = _owner(sent)
    if call.storage.row(owner, sent.integer("entityId")) is None:
        raise PortalError("0", 'Wrong "entityId" field value')
    columns = {name: sent.get(name) for name in ("entityTypeId", "entityId", "title", "number")}
    return _shown(call, engine.create(face_of(_DOCUMENT), call, {**columns, "values": {"_creationMethod": "rest"}}))

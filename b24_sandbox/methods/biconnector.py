"""What the declared families of analytics decide in code. Documentation: api-reference/biconnector."""

from __future__ import annotations

from b24_sandbox import declared, php, values
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of, shown, stored
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text

method = MethodTable("biconnector", app_context=True)
register = method.register

_SOURCE = declared.by_name("biconnector.source")
_DATASET = declared.by_name("biconnector.dataset")


@method("biconnector.source.get")
def _source_get(call: Call) -> Value:
    """A source: its connection, and beside it the connector and the values of its settings."""
    found = shown(_SOURCE, call, face_of(_SOURCE).record_id(call))
    connector, settings = found.pop("connectorId"), found.pop("settings")
    return {"item": {"connection": found, "connectorId": connector, "settings": settings}}


def _fields_of(row: Row) -> list[Map]:
    """The fields of a data set, each with an id."""
    found = [php.as_map(item) for item in php.as_list(values.decoded(row["FIELDS"]))]
    number = row.id * 100
    defaults: Map = {"datasetId": row["ID"], "visible": True}
    return [{"id": number + place, **defaults, **item} for place, item in enumerate(found)]


@method("biconnector.dataset.get")
def _dataset_get(call: Call) -> Value:
    row = stored(_DATASET, call)
    return {"item": {**shown(_DATASET, call, row.id), "fields": list(_fields_of(row))}}


@method("biconnector.dataset.fields.update")
def _fields_update(call: Call) -> Value:
    """Add, change and delete fields of a data set."""
    row = stored(_DATASET, call, "update")
    found = {php.integer(item["id"]): item for item in _fields_of(row)}
    for number in map(php.integer, php.as_list(call.exact("delete"))):
        if number <= 0:
            raise _refused("VALIDATION_FIELD_DELETE_INVALID_ID", "ID to be deleted must be a positive integer.")
        found.pop(number, None)
    for item in map(php.as_map, php.as_list(call.exact("update"))):
        if not {"id", "visible"} <= set(item):
            text = 'Field to be updated must include the required parameters: "id" and "visible".'
            raise _refused("VALIDATION_FIELD_UPDATE_MISSING_REQUIRED_FIELDS", text)
        if php.integer(item["id"]) in found:
            found[php.integer(item["id"])]["visible"] = bool(item["visible"])
    for item in map(php.as_map, php.as_list(call.exact("add"))):
        if not {"name", "externalCode", "type"} <= set(item):
            text = 'Field to be added must include the required parameters: "name", "externalCode" and "type".'
            raise _refused("VALIDATION_FIELD_ADD_MISSING_REQUIRED_FIELDS", text)
        if item["name"] in {each["name"] for each in found.values()}:
            text = f'The following "name" values already exist in the current fields: {php.text(item["name"])}'
            raise _refused("VALIDATION_DUPLICATE_EXIST_NAME", text)
        number = max(found, default=row.id * 100 - 1) + 1
        found[number] = {"id": number, "datasetId": row["ID"], "visible": True, **item}
    call.storage.update(_DATASET.entity, row.id, {"FIELDS": object_text(list(found.values()))})
    return True


def _refused(code: str, text: str) -> PortalError:
    return PortalError(code, text, 200)

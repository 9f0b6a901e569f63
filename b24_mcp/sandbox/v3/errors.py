"""Errors of REST 3.0: one shape, codes that end in `EXCEPTION`, details where a request is wrong.

Documentation: api-reference/rest-v3; the statuses are the measured ones (every authentication failure is 401, a
missing scope 403, everything a method refuses 400).
"""

from __future__ import annotations

from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.php import Map, Value

PREFIX = "BITRIX_REST_V3_EXCEPTION_"
REQUEST, DTO = "VALIDATION_REQUESTVALIDATIONEXCEPTION", "VALIDATION_DTOVALIDATIONEXCEPTION"


class ApiError(PortalError):
    """An answer of the form `{"error": {"code", "message", "validation"?}}`.

    `code` is the whole code; `refusal` builds it from the part after the common prefix.
    """

    def __init__(self, code: str, message: str, status: int = 400, validation: list[Value] | None = None) -> None:
        super().__init__(code, message, status)
        self.validation = validation

    def body(self) -> dict[str, object]:
        """The error as the portal writes it."""
        error: Map = {"code": self.code, "message": self.description}
        if self.validation is not None:
            error["validation"] = self.validation
        return {"error": error}


def refusal(name: str, message: str, status: int = 400) -> ApiError:
    """An error whose code is the common prefix and `name`."""
    return ApiError(PREFIX + name, message, status)


def method_not_found(method: str) -> ApiError:
    """The name is no method of REST 3.0; said before credentials are looked at."""
    return refusal("METHODNOTFOUNDEXCEPTION", f"Method `{method}` not found", 404)


def access_denied(status: int = 403) -> ApiError:
    """401 when the credentials fail in whatever way, 403 when rights are missing."""
    return refusal("ACCESSDENIEDEXCEPTION", "Access denied", status)


def insufficient_scope(scope: str) -> ApiError:
    """The credentials are good, the method belongs to a scope they were not given."""
    return refusal("INSUFFICIENTSCOPEEXCEPTION", f"Insufficient access rights: scope `{scope}` is required", 403)


def invalid_json() -> ApiError:
    """The body is no JSON array or object, or its content type is not JSON."""
    return refusal("INVALIDJSONEXCEPTION", "The request body is not valid JSON")


def invalid_select(expression: str) -> ApiError:
    """`select` is no list of names; batches use the same code for whatever is wrong with them."""
    return refusal("INVALIDSELECTEXCEPTION", f"Unable to recognize select expression `{expression}`")


def invalid_batch(message: str) -> ApiError:
    """A batch that cannot be read, or a reference in it that leads nowhere."""
    return refusal("INVALIDSELECTEXCEPTION", message)


def invalid_filter(expression: str) -> ApiError:
    """A filter expression that cannot be read."""
    return refusal("INVALIDFILTEREXCEPTION", f"Unable to recognize filter expression `{expression}`")


def invalid_order(expression: str) -> ApiError:
    """An order that is no object of names and directions."""
    return refusal("INVALIDORDEREXCEPTION", f"Unable to recognize sorting parameter `{expression}`")


def invalid_pagination(expression: str) -> ApiError:
    """A page that cannot be read."""
    return refusal("INVALIDPAGINATIONEXCEPTION", f"Unable to recognize pagination parameter `{expression}`")


def internal() -> ApiError:
    """The portal fails: measured for negative pagination."""
    return refusal("INTERNAL_INTERNALEXCEPTION", "Internal error", 500)


def unknown_property(name: str, dto: str) -> ApiError:
    """A name the object does not have."""
    return refusal("UNKNOWNDTOPROPERTYEXCEPTION", f"Unknown field `{name}` for entity `{dto}`")


def unknown_operator(operator: str) -> ApiError:
    """An operator no condition knows."""
    return refusal("UNKNOWNFILTEROPERATOREXCEPTION", f"Unknown filter operator `{operator}`")


def unknown_function(function: str) -> ApiError:
    """A function no aggregation knows."""
    return refusal("UNKNOWNAGGREGATEFUNCTIONEXCEPTION", f"Unknown aggregate function `{function}`")


def not_found(record: int) -> ApiError:
    """There is no such record, or it is not for this user."""
    return refusal("ENTITYNOTFOUNDEXCEPTION", f"Record with ID = `{record}` not found")


def field_not_found(name: str) -> ApiError:
    """`*.field.get` of a name the object does not have; the prefix is a different one."""
    return ApiError("BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION", f"Field `{name}` not found")


def invalid(details: list[tuple[str, str]], kind: str = REQUEST) -> ApiError:
    """A request that fails validation; `details` are (field, message), the field may be empty."""
    validation: list[Value] = [
        {"message": message, "field": field} if field else {"message": message} for field, message in details
    ]
    subject = "object" if kind == DTO else "request object"
    return ApiError(PREFIX + kind, f"Error during {subject} validation", 400, validation)


def missing(name: str, kind: str = REQUEST) -> ApiError:
    """A required field is not there."""
    return invalid([(name, missing_text(name))], kind)


def missing_text(name: str) -> str:
    """What is said of a required field that is not there."""
    return f"Required field `{name}` is not specified"


def wrong_type(name: str, wanted: str, kind: str = REQUEST) -> ApiError:
    """A value of another type than the field's; nothing is converted."""
    return invalid([(name, wrong_type_text(name, wanted))], kind)


def wrong_type_text(name: str, wanted: str) -> str:
    """What is said of a value of another type than the field's."""
    return f"Field `{name}` requires data type `{wanted}` for this request"


def lacks(dto: str, name: str, attribute: str) -> ApiError:
    """A field that is not `Filterable`, `Sortable` or `Editable`."""
    return invalid([(name, lacks_text(dto, name, attribute))])


def lacks_text(dto: str, name: str, attribute: str) -> str:
    """What is said of a field without the attribute a request needs."""
    return f"In DTO `{dto}`, field `{name}` requires the `{attribute}` attribute for this request"

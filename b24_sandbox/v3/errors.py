"""Errors of REST 3.0: one shape, codes that end in `EXCEPTION`, details for an invalid request.

Documentation: api-reference/rest-v3; the statuses are measured (every authentication failure is 401, a missing scope
403, refusals of a method 400).
"""

from __future__ import annotations

import json

from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value

PREFIX = "BITRIX_REST_V3_EXCEPTION_"
REQUEST, DTO = "VALIDATION_REQUESTVALIDATIONEXCEPTION", "VALIDATION_DTOVALIDATIONEXCEPTION"


class ApiError(PortalError):
    """An answer of the form `{"error": {"code", "message", "validation"?}}`.

    `code` is the complete code; `refusal` builds it from the part after the common prefix.
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
    """The method does not exist in REST 3.0. Checked before the credentials."""
    return refusal("METHODNOTFOUNDEXCEPTION", f"Method `{method}` not found", 404)


def access_denied(status: int = 403) -> ApiError:
    """The credentials are invalid (401) or the rights are insufficient (403)."""
    return refusal("ACCESSDENIEDEXCEPTION", "Access denied", status)


def insufficient_scope(scope: str) -> ApiError:
    """The credentials are valid but lack the scope of the method."""
    return refusal("INSUFFICIENTSCOPEEXCEPTION", f"Insufficient access rights: scope `{scope}` is required", 403)


def invalid_json() -> ApiError:
    """The body is not a JSON array or object, or its content type is not JSON."""
    return refusal("INVALIDJSONEXCEPTION", "The request body is not valid JSON")


def _quoted(part: Value) -> str:
    """A part of a request as an error message quotes it."""
    return (part if isinstance(part, str) else json.dumps(part, ensure_ascii=False))[:200]


def invalid_select(expression: Value) -> ApiError:
    """`select` is not a list of names. Batches use the same code for all their errors."""
    return refusal("INVALIDSELECTEXCEPTION", f"Unable to recognize select expression `{_quoted(expression)}`")


def invalid_batch(message: str) -> ApiError:
    """An invalid batch, or a reference in it without a target."""
    return refusal("INVALIDSELECTEXCEPTION", message)


def invalid_filter(expression: Value) -> ApiError:
    """An invalid filter expression."""
    return refusal("INVALIDFILTEREXCEPTION", f"Unable to recognize filter expression `{_quoted(expression)}`")


def invalid_order(expression: Value) -> ApiError:
    """An order that is not an object of names and directions."""
    return refusal("INVALIDORDEREXCEPTION", f"Unable to recognize sorting parameter `{_quoted(expression)}`")


def invalid_pagination(expression: Value) -> ApiError:
    """An invalid page."""
    return refusal("INVALIDPAGINATIONEXCEPTION", f"Unable to recognize pagination parameter `{_quoted(expression)}`")


def internal() -> ApiError:
    """An internal failure of the portal: measured for negative pagination."""
    return refusal("INTERNAL_INTERNALEXCEPTION", "Internal error", 500)


def unknown_property(name: str, dto: str) -> ApiError:
    """The object does not have a property of this name."""
    return refusal("UNKNOWNDTOPROPERTYEXCEPTION", f"Unknown field `{name}` for entity `{dto}`")


def unknown_operator(operator: Value) -> ApiError:
    """An unknown operator of a condition."""
    return refusal("UNKNOWNFILTEROPERATOREXCEPTION", f"Unknown filter operator `{_quoted(operator)}`")


def unknown_function(function: str) -> ApiError:
    """An unknown function of an aggregation."""
    return refusal("UNKNOWNAGGREGATEFUNCTIONEXCEPTION", f"Unknown aggregate function `{function}`")


def not_found(record: int) -> ApiError:
    """The record does not exist, or the user may not see it."""
    return refusal("ENTITYNOTFOUNDEXCEPTION", f"Record with ID = `{record}` not found")


def field_not_found(name: str) -> ApiError:
    """`*.field.get` of an unknown name. The prefix of the code differs."""
    return ApiError("BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION", f"Field `{name}` not found")


def invalid(details: list[tuple[str, str]], kind: str = REQUEST) -> ApiError:
    """A request that fails validation. `details` are (field, message); the field may be empty."""
    validation: list[Value] = [
        {"message": message, "field": field} if field else {"message": message} for field, message in details
    ]
    subject = "object" if kind == DTO else "request object"
    return ApiError(PREFIX + kind, f"Error during {subject} validation", 400, validation)


def missing(name: str, kind: str = REQUEST) -> ApiError:
    """A required field is missing."""
    return invalid([(name, missing_text(name))], kind)


def missing_text(name: str) -> str:
    """The message for a missing required field."""
    return f"Required field `{name}` is not specified"


def wrong_type(name: str, wanted: str, kind: str = REQUEST) -> ApiError:
    """A value of the wrong type. Values are not converted."""
    return invalid([(name, wrong_type_text(name, wanted))], kind)


def wrong_type_text(name: str, wanted: str) -> str:
    """The message for a value of the wrong type."""
    return f"Field `{name}` requires data type `{wanted}` for this request"


def lacks(dto: str, name: str, attribute: str) -> ApiError:
    """A field that is not `Filterable`, `Sortable` or `Editable`."""
    return invalid([(name, lacks_text(dto, name, attribute))])


def lacks_text(dto: str, name: str, attribute: str) -> str:
    """The message for a field without a required attribute."""
    return f"In DTO `{dto}`, field `{name}` requires the `{attribute}` attribute for this request"

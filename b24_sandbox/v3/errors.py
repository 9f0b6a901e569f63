"""Errors of REST 3.0: one shape, codes that end in `EXCEPTION`, details for an invalid request.

Documentation: api-reference/rest-v3; the statuses are measured (every authentication failure is 401, a missing scope
403, refusals of a method 400).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def _error(name: str, text: str, status: int = 400) -> Callable[..., ApiError]:
    """An error of one code. Parts of a request fill the text: words as they are, other values as JSON."""

    def error(*parts: Value) -> ApiError:
        words = (part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts)
        return refusal(f"{name}EXCEPTION", text.format(*words), status)

    return error


method_not_found = _error("METHODNOTFOUND", "Method `{:.100}` not found", 404)
"""The method does not exist in REST 3.0. Checked before the credentials."""
insufficient_scope = _error("INSUFFICIENTSCOPE", "Insufficient access rights: scope `{}` is required", 403)
"""The credentials are valid but lack the scope of the method."""
invalid_json = _error("INVALIDJSON", "The request body is not valid JSON")
"""The body is not a JSON array or object, or its content type is not JSON."""
invalid_select = _error("INVALIDSELECT", "Unable to recognize select expression `{:.200}`")
"""`select` is not a list of names. Batches use the same code for all their errors."""
invalid_batch = _error("INVALIDSELECT", "{}")
"""An invalid batch, or a reference in it without a target."""
invalid_filter = _error("INVALIDFILTER", "Unable to recognize filter expression `{:.200}`")
"""An invalid filter expression."""
invalid_order = _error("INVALIDORDER", "Unable to recognize sorting parameter `{:.200}`")
"""An order that is not an object of names and directions."""
invalid_pagination = _error("INVALIDPAGINATION", "Unable to recognize pagination parameter `{:.200}`")
"""An invalid page."""
internal = _error("INTERNAL_INTERNAL", "Internal error", 500)
"""An internal failure of the portal: measured for negative pagination."""
unknown_property = _error("UNKNOWNDTOPROPERTY", "Unknown field `{}` for entity `{}`")
"""The object does not have a property of this name."""
unknown_operator = _error("UNKNOWNFILTEROPERATOR", "Unknown filter operator `{:.200}`")
"""An unknown operator of a condition."""
unknown_function = _error("UNKNOWNAGGREGATEFUNCTION", "Unknown aggregate function `{}`")
"""An unknown function of an aggregation."""
not_found = _error("ENTITYNOTFOUND", "Record with ID = `{}` not found")
"""The record does not exist, or the user may not see it."""


def access_denied(status: int = 403) -> ApiError:
    """The credentials are invalid (401) or the rights are insufficient (403)."""
    return refusal("ACCESSDENIEDEXCEPTION", "Access denied", status)


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


@contextmanager
def validating() -> Iterator[None]:
    """Convert the refusals of version 2 inside to validation errors."""
    try:
        yield
    except PortalError as refused:
        raise invalid([("", refused.description.replace("<br>", ""))]) from None


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

"""What the documented codes say about repeating a call."""

from __future__ import annotations

import pytest

from b24_mcp.errors import Fault
from b24_mcp.errors.table import fact_for
from tests.fake_portal import Reply
from tests.rest.test_errors import failure

# Code, measured or documented statuses, kind, executed ("no": N, "unknown": M; None: the sources do not say),
# retryable (rate limits and temporary failures).
TABLE: list[tuple[str, tuple[int, ...], str, str | None, bool]] = [
    ("QUERY_LIMIT_EXCEEDED", (503,), "rate_limit", "no", True),
    ("OPERATION_TIME_LIMIT", (429,), "operating_limit", "no", True),
    ("OVERLOAD_LIMIT", (401, 503), "unavailable", "no", False),
    ("NO_AUTH_FOUND", (401,), "auth", "no", False),
    ("expired_token", (401,), "auth", "no", True),
    ("invalid_token", (401,), "auth", "no", True),
    ("INVALID_CREDENTIALS", (401, 403), "auth", "no", False),
    ("insufficient_scope", (401, 403), "permission", "no", False),
    ("INVALID_REQUEST", (401, 400), "auth", "no", False),
    ("authorization_error", (401,), "auth", "no", False),
    ("user_access_error", (401, 403), "permission", "no", False),
    ("APPLICATION_NOT_FOUND", (401, 403), "auth", "no", False),
    ("NOT_INSTALLED", (401, 403), "auth", "no", False),
    ("PAYMENT_REQUIRED", (401, 403), "plan", "no", False),
    ("CONNECTION_ERROR", (401,), "unavailable", "no", True),
    ("ACCESS_DENIED", (401, 403, 400), "permission", "no", False),
    ("WRONG_AUTH_TYPE", (403,), "permission", "no", False),
    ("WRONG_LICENSE", (403,), "plan", "no", False),
    ("METHOD_CONFIRM_WAITING", (401,), "permission", "no", False),
    ("METHOD_CONFIRM_DENIED", (403,), "permission", "no", False),
    ("ERROR_METHOD_NOT_FOUND", (404,), "unknown_method", "no", False),
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", (404,), "unknown_method", "no", False),
    ("PORTAL_DELETED", (403, 410, 500), "unavailable", "no", False),
    ("INTERNAL_WRONG_TRANSPORT", (500,), "portal", "no", False),
    ("INTERNAL_WRONG_HANDLER_CLASS", (500,), "portal", "no", False),
    ("INTERNAL_SERVER_ERROR", (500,), "portal", "unknown", False),
    ("ERROR_UNEXPECTED_ANSWER", (500,), "portal", "unknown", False),
    ("ERROR_CORE", (500, 400), "portal", "unknown", False),
    ("ERROR_ARGUMENT", (400,), "validation", "no", False),
    ("ERROR_NOT_FOUND", (400, 404), "not_found", "no", False),
    ("NOT_FOUND", (400, 404), "not_found", "no", False),
    ("22002", (400,), "unknown_method", "no", False),
    ("100", (400,), "validation", "no", False),
    ("MAIN_CONTROLLER_22001", (400,), "validation", "no", False),
    ("1021", (400,), "portal", None, False),
    ("0", (400,), "portal", None, False),
    ("200040300010", (400,), "portal", None, False),
    ("allowed_only_intranet_user", (403,), "permission", "no", False),
    ("INVALID_ARG_VALUE", (400,), "validation", "no", False),
    ("DISK_BASE_SERVICE_22001", (400,), "validation", "no", False),
    ("ENTITY_TYPE_NOT_SUPPORTED", (400,), "validation", "no", False),
    ("WRONG_ENCODING", (200,), "portal", "unknown", False),
    ("ERROR_EVENT_NOT_FOUND", (400,), "validation", "no", False),
    ("ERROR_UNSUPPORTED_PROTOCOL", (400,), "validation", "no", False),
    ("ERROR_WRONG_HANDLER_URL", (400,), "validation", "no", False),
]
V3 = "BITRIX_REST_V3_EXCEPTION_"
TABLE_V3: list[tuple[str, tuple[int, ...], str, str | None, bool]] = [
    (f"{V3}METHODNOTFOUNDEXCEPTION", (404,), "unknown_method", "no", False),
    (f"{V3}ACCESSDENIEDEXCEPTION", (403,), "permission", "no", False),
    (f"{V3}INSUFFICIENTSCOPEEXCEPTION", (403,), "permission", "no", False),
    (f"{V3}RATELIMITEXCEPTION", (429,), "rate_limit", "no", True),
    (f"{V3}LICENSEEXCEPTION", (403, 400), "plan", "no", False),
    (f"{V3}INVALIDJSONEXCEPTION", (400,), "validation", "no", False),
    (f"{V3}INVALIDFILTEREXCEPTION", (400,), "validation", "no", False),
    (f"{V3}UNKNOWNDTOPROPERTYEXCEPTION", (400,), "validation", "no", False),
    (f"{V3}ENTITYNOTFOUNDEXCEPTION", (400,), "not_found", "no", False),
    (f"{V3}ENTITYALREADYEXISTSEXCEPTION", (400,), "conflict", "no", False),
    (f"{V3}VALIDATION_DTOVALIDATIONEXCEPTION", (400,), "validation", "no", False),
    (f"{V3}INTERNAL_INTERNALEXCEPTION", (500,), "portal", "unknown", False),
    (f"{V3}INTERNAL_ORMSAVEEXCEPTION", (500,), "portal", "unknown", False),
    (f"{V3}IDEMPOTENCYKEYREUSEDEXCEPTION", (422,), "conflict", "no", False),
]


def _check(fault: Fault, kind: str, executed: str | None, retryable: bool) -> None:
    assert (fault.kind, fault.retryable) == (kind, retryable)
    assert executed is None or fault.executed == executed
    assert fault.hint


@pytest.mark.parametrize(("code", "statuses", "kind", "executed", "retryable"), TABLE, ids=[row[0] for row in TABLE])
async def test_a_code_of_v2_means_the_same_under_every_status_and_inside_a_batch(
    code: str, statuses: tuple[int, ...], kind: str, executed: str | None, retryable: bool
) -> None:
    for status in statuses:
        error = await failure(Reply({"error": code, "error_description": "Some text"}, status))
        _check(error.fault, kind, executed, retryable)
    inside = fact_for(code, None)
    assert inside.kind == kind
    assert executed is None or inside.executed == executed


@pytest.mark.parametrize(
    ("code", "statuses", "kind", "executed", "retryable"), TABLE_V3, ids=[row[0].removeprefix(V3) for row in TABLE_V3]
)
async def test_a_code_of_rest_3_means_the_same_under_every_status(
    code: str, statuses: tuple[int, ...], kind: str, executed: str | None, retryable: bool
) -> None:
    for status in statuses:
        error = await failure(Reply({"error": {"code": code, "message": "Some text"}}, status))
        _check(error.fault, kind, executed, retryable)


@pytest.mark.parametrize("code", ["ERROR_BATCH_LENGTH_EXCEEDED", "ERROR_BATCH_METHOD_NOT_ALLOWED"])
def test_a_command_the_batch_did_not_take_was_not_executed(code: str) -> None:
    fact = fact_for(code, None)
    assert (fact.kind, fact.executed) == ("validation", "no")


@pytest.mark.parametrize("code", ["expired_token", "EXPIRED_TOKEN", "query_limit_exceeded", "error_core"])
def test_letter_case_of_a_code_does_not_matter(code: str) -> None:
    assert fact_for(code.lower(), 400) == fact_for(code.upper(), 400)


@pytest.mark.parametrize(
    ("status", "executed"), [(500, "unknown"), (502, "unknown"), (503, "unknown"), (200, "unknown")]
)
async def test_an_unknown_code_that_the_portal_did_not_refuse_may_have_been_executed(
    status: int, executed: str
) -> None:
    fault = (await failure(Reply({"error": "SOME_NEW_CODE", "error_description": "x"}, status))).fault
    assert (fault.executed, fault.retryable) == (executed, False)


def test_a_call_that_may_have_been_executed_is_never_retryable() -> None:
    for code in [row[0] for row in TABLE + TABLE_V3] + ["SOME_NEW_CODE"]:
        for status in (None, 200, 400, 401, 403, 404, 410, 422, 429, 500, 502, 503, 504):
            fact = fact_for(code, status)
            assert not (fact.retryable and fact.executed != "no"), (code, status)

"""What an error of the portal means when its code alone does not say it.

The code decides first. An unlisted code is judged by its ending, then by the HTTP status. The message can make the
result more precise.
"""

from __future__ import annotations

import re
from dataclasses import replace

from b24_mcp.errors.table import CHECK_FIRST, CodeFact, registered_fact
from b24_mcp.rest.portal_codes import (
    ARGUMENT,
    CONFLICT,
    CREDENTIAL,
    FORBIDDEN,
    MISSING_RECORD,
    PLAN,
    PORTAL_DELETED,
)

V3_PREFIX = "BITRIX_REST_V3_EXCEPTION_"

# The portal's modules name their codes alike: these endings show the kind.
_ENDINGS: tuple[tuple[str, CodeFact], ...] = (
    ("ACCESS_DENIED", FORBIDDEN),
    ("NOT_FOUND", MISSING_RECORD),
    ("ALREADY_EXISTS", CONFLICT),
    ("LICENSE_RESTRICTED", PLAN),
    ("TARIFF_RESTRICTED", PLAN),
    ("FEATURE_NOT_AVAILABLE", PLAN),
    ("EXCEPTION", ARGUMENT),
)

# Some codes say little, and the portal writes the message in its own language. A missing plan is also reported with
# the code for missing rights. Sources: documentation, error-codes; measured behaviour.
_PLAN_WORDS = re.compile(
    r"commercial plan|only (?:by|with|on) (?:a )?subscription|available by subscription"
    r"|(?:your|current|this) (?:tariff )?plan\b"
    r"|tariff|licen[cs]e (?:check|restrict|does not|do not|has expired|expired)|upgrade your|bitrix24 market plus"
    r"|тариф|по подписке|коммерческ\w+ (?:план|лиценз)|лицензи\w+ (?:не|истек|закончил|ограничен)|вашей лицензии"
    r"|abonnement|plan comercial|kostenpflichtig\w* tarif",
    re.IGNORECASE,
)
_MISSING_WORDS = re.compile(
    r"^(?:\W|\b(?:the|this)\b)*(?:\w+[ .\"'«»#:\[\]()-]{1,3}){0,5}?"
    r"(?:(?:is|was|were|has been)? ?not (?:been )?found|could not be found|does not exist|do(?:es)?n'?t exist"
    r"|не найден(?:а|о|ы)?|не существует|не обнаружен(?:а|о|ы)?|не знайдено|nicht gefunden|no encontrad[oa])",
    re.IGNORECASE,
)
_LONGEST_SEARCHED = 300

_REFUSED = CodeFact(
    "portal", "The portal refused the call; the message says why. Correct the call before you repeat it."
)
_UNCLEAR = CodeFact("portal", f"The portal reported an error. {CHECK_FIRST}", "unknown")
_OUT_OF_SERVICE = CodeFact("unavailable", f"The portal is overloaded or under repair. {CHECK_FIRST}", "unknown")
_TOO_MANY = CodeFact("rate_limit", "Too many requests. Wait a few seconds and call again.", retryable=True)
_BY_STATUS: dict[int, CodeFact] = {
    401: CREDENTIAL,
    403: FORBIDDEN,
    404: CodeFact("not_found", "The portal has nothing at this address. Check the method name and the portal."),
    429: _TOO_MANY,
    410: PORTAL_DELETED,
}

_BLOCKED = CodeFact(
    "unavailable",
    "Nothing was executed. Something in front of the portal's REST API (a firewall, a proxy, a list of allowed "
    "addresses) refused the request. The rights of the user are not the cause. A person has to check it.",
)
# The meaning of a 4xx status when the response does not come from the REST API.
_BY_FRONT_END: dict[int, CodeFact] = {
    401: _BLOCKED,
    403: _BLOCKED,
    404: CodeFact("not_found", "Nothing was executed. There is no REST API at this address. Ask the user to check it."),
    407: _BLOCKED,
    410: PORTAL_DELETED,
    413: CodeFact("validation", "Nothing was executed. The request is too large. Send less at once, or smaller files."),
    429: _TOO_MANY,
}
_NOT_REACHED = CodeFact(
    "unavailable", "Nothing was executed. The request was refused before it reached the portal's REST API."
)


def fact_for(code: str, status: int | None, message: str = "") -> CodeFact:
    """Return what a code means, in any letter case. The fallbacks are its ending and the HTTP status.

    `status` is None for a command inside a batch. An unlisted code with a 4xx status is a refusal, so nothing was
    executed. With any other status, such as 200 where methods report partial failures, the outcome is unknown.
    """
    fact = _fact_of_code(code, status)
    if fact is None:
        fact = _fact_of_status(status)
    message = message[:_LONGEST_SEARCHED]
    if fact.kind in ("permission", "portal") and _PLAN_WORDS.search(message):
        return replace(PLAN, executed=fact.executed)
    if fact.kind == "portal" and _MISSING_WORDS.search(message):
        return replace(MISSING_RECORD, executed=fact.executed)
    return fact


def front_end_fact(status: int) -> CodeFact:
    """Return the meaning of a 4xx status when the response does not come from the REST API."""
    return _BY_FRONT_END.get(status, _NOT_REACHED)


def _fact_of_code(code: str, status: int | None) -> CodeFact | None:
    name = code.upper().removeprefix(V3_PREFIX)
    if name == "ACCESSDENIEDEXCEPTION" and status == 401:
        return CREDENTIAL  # REST 3.0 answers every failed authentication with this code
    listed = registered_fact(name)
    if listed is not None:
        return listed
    upper = code.upper()
    return next((fact for ending, fact in _ENDINGS if upper.endswith(ending)), None)


def _fact_of_status(status: int | None) -> CodeFact:
    if status is None:
        return _REFUSED
    if status >= 500:
        return _OUT_OF_SERVICE
    return _BY_STATUS.get(status) or (_REFUSED if 400 <= status < 500 else _UNCLEAR)

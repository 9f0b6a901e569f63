"""The one table of error codes: what each means for the reader and for whoever wants to repeat the call.

Sources: the documentation (error-codes, limits, settings/oauth/error-codes, rest-v3) and measured statuses. Where
they disagree on a status the code decides, so statuses are only a fallback for codes that are not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "validation",
    "unknown_method",
    "not_found",
    "permission",
    "plan",
    "auth",
    "rate_limit",
    "operating_limit",
    "unavailable",
    "conflict",
    "policy",
    "approval",
    "portal",
    "internal",
]
Executed = Literal["no", "yes", "unknown"]

V3_PREFIX = "BITRIX_REST_V3_EXCEPTION_"


@dataclass(frozen=True, slots=True)
class CodeFact:
    """What a code means: its `kind`, whether the call ran, whether it may be sent again, what to do."""

    kind: Kind
    hint: str
    executed: Executed = "no"
    retryable: bool = False


CHECK_FIRST = "It may have been executed: read the record back before you repeat a call that writes."
_ASK_ADMIN_WEBHOOK = (
    "Ask the person to check the webhook in Bitrix24 (Developer resources): it may have been deleted, blocked, changed "
    "or has expired. Then set B24_WEBHOOK_URL again, or, where there is no webhook, run b24-mcp login."
)
_NO_RIGHT = "The user behind this webhook or token may not do this. Ask a person with the right, or read less."
_FIX_PARAMETER = "Correct the parameter named in the message and call again."
_NOT_HERE = "There is no such record, or this user may not see it. Look the id up among the records of this kind."

_SCOPE = CodeFact(
    "permission", "The webhook or application lacks the scope of this method. Ask the person to grant it."
)
_CREDENTIAL = CodeFact("auth", f"The portal does not accept the credential. {_ASK_ADMIN_WEBHOOK}")
_EXPIRED = CodeFact(
    "auth",
    "The portal does not take the token, although it is new. Try again; if that does not help, a person has to run "
    "b24-mcp login.",
    retryable=True,
)
_APPLICATION = CodeFact(
    "auth",
    "Nothing was executed. Ask the person to compare B24_CLIENT_ID and B24_CLIENT_SECRET with the application in "
    "Bitrix24, and to see that it is installed there.",
)
_NO_METHOD = CodeFact(
    "unknown_method", "The portal knows no such method: check spelling and letter case in the documentation."
)
_PLAN = CodeFact(
    "plan",
    "The portal's plan does not include this; it is not about the rights of the user. A person has to change the plan.",
)
_MISSING = CodeFact("not_found", _NOT_HERE)
_ARGUMENT = CodeFact("validation", _FIX_PARAMETER)
_FORBIDDEN = CodeFact("permission", _NO_RIGHT)
_BROKE = CodeFact("portal", f"The portal failed while it worked on the call. {CHECK_FIRST}", "unknown")
_CONFLICT = CodeFact("conflict", "Something with this name or key exists already: read it, or choose another name.")

_FACTS: dict[str, CodeFact] = {
    # Limits
    "QUERY_LIMIT_EXCEEDED": CodeFact(
        "rate_limit", "Too many requests in a short time. Wait a few seconds and call again.", retryable=True
    ),
    "OPERATION_TIME_LIMIT": CodeFact(
        "operating_limit",
        "This method used up its working time on the portal; it opens again within ten minutes. Ask for less per call.",
        retryable=True,
    ),
    "OVERLOAD_LIMIT": CodeFact(
        "unavailable", "The portal's REST API was blocked by Bitrix24 because of overload. A person must ask support."
    ),
    # Credentials and access
    "NO_AUTH_FOUND": _CREDENTIAL,
    "INVALID_CREDENTIALS": _CREDENTIAL,
    "AUTHORIZATION_ERROR": _CREDENTIAL,
    "EXPIRED_TOKEN": _EXPIRED,
    "INVALID_TOKEN": _EXPIRED,
    "USER_ACCESS_ERROR": _FORBIDDEN,
    "APPLICATION_NOT_FOUND": CodeFact("auth", "The application is not on this portal. A person must install it."),
    "NOT_INSTALLED": CodeFact("auth", "The application is not installed completely. A person must finish it."),
    "INVALID_REQUEST": CodeFact("auth", "The portal wants https. Check its address in the settings."),
    "CONNECTION_ERROR": CodeFact(
        "unavailable", "The portal could not reach the authorisation server. Try again soon.", retryable=True
    ),
    "INSUFFICIENT_SCOPE": _SCOPE,
    "ACCESS_DENIED": _FORBIDDEN,
    "WRONG_AUTH_TYPE": CodeFact(
        "permission", "This method works only for an installed application (OAuth), not for a webhook."
    ),
    "ALLOWED_ONLY_INTRANET_USER": _FORBIDDEN,
    "METHOD_CONFIRM_WAITING": CodeFact(
        "permission", "An administrator of the portal has to confirm this method first. Then call again."
    ),
    "METHOD_CONFIRM_DENIED": CodeFact("permission", "An administrator of the portal refused this method."),
    "PAYMENT_REQUIRED": _PLAN,
    "WRONG_LICENSE": _PLAN,
    "PORTAL_DELETED": CodeFact("unavailable", "This portal is closed or deleted. Check the address."),
    # The authorization server
    "INVALID_CLIENT": _APPLICATION,
    "WRONG_CLIENT": _APPLICATION,
    "INVALID_GRANT": CodeFact("auth", "Nothing was executed. The login has ended: a person has to run b24-mcp login."),
    "BAD_VERIFICATION_CODE": CodeFact("auth", "Nothing was executed. A person has to run b24-mcp login again."),
    "INVALID_SCOPE": CodeFact("permission", "The application may not have this scope. A person has to grant it."),
    "VERIFICATION_NEEDED": CodeFact(
        "auth", "Nothing was executed. The licence of the portal could not be checked; a person has to see to it."
    ),
    # Methods and arguments
    "ERROR_METHOD_NOT_FOUND": _NO_METHOD,
    "22002": CodeFact("unknown_method", "The portal knows this group of methods, but not this action in it."),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": _NO_METHOD,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": CodeFact("validation", "This method cannot be part of a batch: call it alone."),
    "ERROR_BATCH_LENGTH_EXCEEDED": CodeFact("validation", "A request takes 50 commands; this one came after them."),
    "ERROR_ARGUMENT": _ARGUMENT,
    "100": CodeFact("validation", "A required parameter is missing or has the wrong type; the message names it."),
    "MAIN_CONTROLLER_22001": _ARGUMENT,
    "DISK_BASE_SERVICE_22001": _ARGUMENT,
    "INVALID_ARG_VALUE": _ARGUMENT,
    "ERROR_UNSUPPORTED_PROTOCOL": _ARGUMENT,
    "ERROR_WRONG_HANDLER_URL": _ARGUMENT,
    "ERROR_EVENT_NOT_FOUND": CodeFact("validation", "There is no event of this name on this portal."),
    "ENTITY_TYPE_NOT_SUPPORTED": _ARGUMENT,
    "NOT_FOUND": _MISSING,
    "ERROR_NOT_FOUND": _MISSING,
    "DISK_OBJ_22000": _CONFLICT,
    # Thrown from inside a method: the text varies and part of the work may be done
    "ERROR_CORE": CodeFact("portal", f"The method refused or failed; the message says why. {CHECK_FIRST}", "unknown"),
    "INTERNAL_SERVER_ERROR": _BROKE,
    "ERROR_UNEXPECTED_ANSWER": _BROKE,
    "INTERNAL_WRONG_TRANSPORT": CodeFact("portal", "The portal rejected the form of the address."),
    "INTERNAL_WRONG_HANDLER_CLASS": CodeFact("portal", "The portal's module of this method is broken."),
    "WRONG_ENCODING": CodeFact("portal", f"The portal could not write its answer down. {CHECK_FIRST}", "unknown"),
    # REST 3.0, without the common prefix
    "METHODNOTFOUNDEXCEPTION": _NO_METHOD,
    "ACCESSDENIEDEXCEPTION": _FORBIDDEN,
    "INSUFFICIENTSCOPEEXCEPTION": _SCOPE,
    "RATELIMITEXCEPTION": CodeFact(
        "rate_limit", "Too many requests. Wait a few seconds and call again.", retryable=True
    ),
    "LICENSEEXCEPTION": _PLAN,
    "ENTITYNOTFOUNDEXCEPTION": _MISSING,
    "ENTITYALREADYEXISTSEXCEPTION": _CONFLICT,
    "IDEMPOTENCYKEYREUSEDEXCEPTION": _CONFLICT,
    "INTERNAL_INTERNALEXCEPTION": _BROKE,
    "INTERNAL_ORMSAVEEXCEPTION": _BROKE,
    # Ours: refused before anything was sent
    "B24MCP_ARGUMENTS": CodeFact("validation", "Nothing was sent. Correct the arguments of the tool and call again."),
    "B24MCP_METHOD_NAME": CodeFact(
        "validation", "Nothing was sent. Give the bare method name, such as crm.deal.list; parameters go into params."
    ),
    "B24MCP_PARAMS": CodeFact("validation", "Nothing was sent. Correct params and call again."),
    "B24MCP_COMMANDS": CodeFact("validation", "Nothing was sent. Correct the commands and call again."),
    "B24MCP_REFERENCE": CodeFact(
        "validation",
        "Nothing was sent. A reference is $result[name][field], where name is an earlier command, and stands alone or "
        "between spaces. Text that only looks like one has to go through call_method.",
    ),
    "B24MCP_PORTAL": CodeFact("policy", "Nothing was sent. A person configures portals, and who may use them."),
    "B24MCP_SETTINGS": CodeFact("auth", "Nothing was sent. A person has to correct the settings of b24-mcp."),
    "B24MCP_WEBHOOK": CodeFact(
        "auth",
        "Nothing was sent. A person has to set B24_WEBHOOK_URL to an incoming webhook: "
        "https://PORTAL/rest/USER_ID/CODE/ (in Bitrix24: Developer resources, Other, Inbound webhook).",
    ),
    "B24MCP_NO_LOGIN": CodeFact("auth", "Nothing was sent. A person has to run b24-mcp login on this computer."),
    "B24MCP_CONSENT": CodeFact("auth", "Nothing was kept. A person has to run b24-mcp login again."),
    "B24MCP_OTHER_PORTAL": CodeFact(
        "auth", "Nothing was sent or kept. If the other portal is meant, run b24-mcp logout first, then b24-mcp login."
    ),
    "B24MCP_TOKENS": CodeFact(
        "unavailable",
        "Nothing was executed. Tokens are renewed only where they can be kept: their folder must be writable, or Redis "
        "reachable.",
    ),
    "B24MCP_OAUTH_SERVER": CodeFact(
        "unavailable",
        "Nothing was executed. The tokens could not be renewed just now. Try again soon.",
        retryable=True,
    ),
    "B24MCP_NO_V3": CodeFact(
        "unknown_method",
        "Nothing was executed. Look for a method of version v2 with find_methods; a portal on its owner's machines may "
        "get REST 3.0 with an update.",
    ),
    "B24MCP_VERSION": CodeFact("validation", "Nothing was sent. Set version to auto, or to the one named here."),
    "B24MCP_POLICY": CodeFact(
        "policy",
        "Nothing was sent. The settings of b24-mcp do not allow this: tell the person, look for no way round it.",
    ),
    "B24MCP_APPROVAL": CodeFact("approval", "Nothing was sent. A person has to allow this call first."),
    "B24MCP_DECLINED": CodeFact(
        "approval", "Nothing was sent. The person said no: ask what to do instead, and do not repeat the call unasked."
    ),
    "B24MCP_AUDIT": CodeFact(
        "policy", "Nothing was sent. A person has to make the folder in B24_AUDIT writable, or set it to off."
    ),
    "B24MCP_NO_PAGE": CodeFact("not_found", "search_docs finds pages by question."),
    "B24MCP_NO_DOCS": CodeFact("not_found", "search_docs and describe_method know the methods all the same."),
    "B24MCP_DOCS": CodeFact("unavailable", "Ask the person to run `b24-mcp docs sync`."),
    "B24MCP_NOT_A_LIST": CodeFact(
        "validation",
        "Nothing was sent. Only documented methods that read a list are read as a whole; call_method takes any other.",
    ),
    "B24MCP_CURSOR": CodeFact(
        "validation", "Nothing was sent. Give the cursor as it was, with the same method and params, or start anew."
    ),
    "B24MCP_LIST_SHAPE": CodeFact(
        "portal", "The method ran and only read. Look at its answer with read_method: this portal may differ.", "yes"
    ),
    "B24MCP_UNKNOWN_METHOD": CodeFact("unknown_method", "find_methods finds methods by what they do."),
    # Ours: data sets on disk
    "B24MCP_RECORDS_NAME": CodeFact(
        "validation", "Nothing was sent. Choose a name of letters, digits and underscores, such as deals_2026."
    ),
    "B24MCP_RECORDS_RESUME": CodeFact(
        "validation", "Nothing was sent. Leave resume out to read the list from its beginning, or repeat that call."
    ),
    "B24MCP_RECORDS_TAKEN": CodeFact(
        "conflict", "The other run keeps what was fetched. Look at the data set before you read the list again."
    ),
    "B24MCP_RECORDS_FILE": CodeFact("unavailable", "Nothing on the portal was changed."),
    "B24MCP_SQL": CodeFact(
        "validation",
        "One SELECT of SQLite over the data sets. SELECT name, rows, columns FROM data_sets tells which there are.",
    ),
    "B24MCP_SQL_LIMIT": CodeFact(
        "validation", "Read less: filter earlier, join on an equality, aggregate, or take fewer columns."
    ),
    "B24MCP_QUERY_BUSY": CodeFact(
        "rate_limit",
        "This query was not run. Call again in some seconds, with fewer queries at the same time.",
        retryable=True,
    ),
    "B24MCP_EXPORT": CodeFact("validation", "Nothing was written. Give a free name in an existing folder."),
    "B24MCP_EXPORT_FOLDER": CodeFact(
        "policy",
        "Nothing was written. A person sets B24_FILES_DIR to the folders that exports may be written to; the path has "
        "to lie in one of them.",
    ),
    # Ours: the way to the portal
    "B24MCP_NO_CONNECTION": CodeFact(
        "unavailable", "Nothing was executed. Check that the address is right and reachable from here.", retryable=True
    ),
    "B24MCP_TLS": CodeFact(
        "unavailable",
        "Nothing was executed. The certificate is not trusted on this computer; for a company's own authority install "
        "its certificate in the system, or name its file in B24_CA_BUNDLE.",
    ),
    "B24MCP_PROXY": CodeFact(
        "unavailable",
        "Nothing was executed. A person has to check the proxy; NO_PROXY names hosts that are reached without one.",
        retryable=True,
    ),
    "B24MCP_DEADLINE": CodeFact(
        "unavailable",
        "Nothing was executed: the request had not been sent when the time for the whole call (B24_DEADLINE) was over. "
        "Call again, with fewer calls at once.",
        retryable=True,
    ),
    "B24MCP_STILL_RUNNING": CodeFact(
        "unavailable", "Nothing was sent now. Call again at the time in the message.", "unknown", retryable=True
    ),
    "B24MCP_TIMEOUT": CodeFact("unavailable", f"The portal did not answer in time. {CHECK_FIRST}", "unknown"),
    "B24MCP_CONNECTION_LOST": CodeFact(
        "unavailable", f"The connection broke before the answer. {CHECK_FIRST}", "unknown"
    ),
    "B24MCP_BAD_ANSWER": CodeFact(
        "unavailable",
        f"No answer of the REST API: a proxy, a login page or a failure on the way. {CHECK_FIRST}",
        "unknown",
    ),
    "B24MCP_PORTAL_MOVED": CodeFact(
        "unavailable",
        "Nothing was executed. Ask the person to look up the portal's present address and to set B24_WEBHOOK_URL or "
        "B24_PORTAL anew.",
    ),
    "B24MCP_TOO_LARGE": CodeFact(
        "portal",
        f"Ask for less: fewer fields with select, a narrower filter, fewer commands. {CHECK_FIRST}",
        "unknown",
    ),
    # Ours: waiting was not worth it
    "B24MCP_BUSY": CodeFact(
        "rate_limit", "Nothing was sent. Come back at the time in the message, or make fewer calls.", retryable=True
    ),
    "B24MCP_OPERATING": CodeFact(
        "operating_limit",
        "Nothing was sent. Come back at the time in the message; until then use other methods, or ask for less.",
        retryable=True,
    ),
    "B24MCP_PORTAL_CLOSED": CodeFact(
        "unavailable",
        "Nothing was executed. The portal shows a page of its own instead of answering: its licence may have ended.",
    ),
    "B24MCP_RESULT_LOST": CodeFact(
        "portal",
        "It ran, but REST 3.0 answers a batch that fails with the failure alone. Read the record back; do not repeat.",
        "yes",
    ),
    "B24MCP_BATCH_FAILED": CodeFact(
        "portal",
        "A later or this command was refused, and REST 3.0 does not say which; those before it ran. Read the record "
        "back before you repeat a write.",
        "unknown",
    ),
    "B24MCP_NO_VALUE": CodeFact(
        "validation", "It only read, and changed nothing. Correct the reference and call it again.", "yes"
    ),
    "B24MCP_NO_ANSWER": CodeFact("portal", f"The portal said nothing about this command. {CHECK_FIRST}", "unknown"),
    "B24MCP_INTERNAL": CodeFact("internal", f"This is a defect in b24-mcp, please report it. {CHECK_FIRST}", "unknown"),
}

# Module codes follow habits of naming; these endings say enough about the kind.
_ENDINGS: tuple[tuple[str, CodeFact], ...] = (
    ("ACCESS_DENIED", _FORBIDDEN),
    ("NOT_FOUND", _MISSING),
    ("ALREADY_EXISTS", _CONFLICT),
    ("LICENSE_RESTRICTED", _PLAN),
    ("TARIFF_RESTRICTED", _PLAN),
    ("FEATURE_NOT_AVAILABLE", _PLAN),
    ("REQUESTVALIDATIONEXCEPTION", _ARGUMENT),
    ("VALIDATIONEXCEPTION", _ARGUMENT),
    ("EXCEPTION", CodeFact("validation", _FIX_PARAMETER)),
)

# What a message says where its code says little: the portal writes it in its own language. A plan is named under the
# code for rights too. Sources: documentation, error-codes; measured messages.
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
    "portal", "The portal refused the call; the message says why. Correct the call before repeating it."
)
_UNSURE = CodeFact("portal", f"The portal reported an error. {CHECK_FIRST}", "unknown")

_BY_STATUS: dict[int, CodeFact] = {
    401: _CREDENTIAL,
    403: _FORBIDDEN,
    404: CodeFact("not_found", "Nothing is at this address of the portal. Check method name and portal."),
    429: CodeFact("rate_limit", "Too many requests. Wait a few seconds and call again.", retryable=True),
    410: _FACTS["PORTAL_DELETED"],
}
_SERVER_TROUBLE = CodeFact("unavailable", f"The portal is overloaded or being repaired. {CHECK_FIRST}", "unknown")

_BLOCKED_ON_THE_WAY = CodeFact(
    "unavailable",
    "Nothing was executed: something before the portal's REST API (a firewall, a proxy, a list of allowed addresses) "
    "refused the request. It is not about the rights of the user. A person has to look at it.",
)
# What a 4xx means that the REST API did not write.
_BY_FRONT_END: dict[int, CodeFact] = {
    401: _BLOCKED_ON_THE_WAY,
    403: _BLOCKED_ON_THE_WAY,
    404: CodeFact("not_found", "Nothing was executed: there is no REST API at this address. Check it with the person."),
    407: _BLOCKED_ON_THE_WAY,
    410: _FACTS["PORTAL_DELETED"],
    413: CodeFact("validation", "Nothing was executed: the request is too large. Send less at once, or smaller files."),
    429: _BY_STATUS[429],
}
_NOT_TAKEN = CodeFact(
    "unavailable", "Nothing was executed: the request was refused before it reached the portal's REST API."
)


def fact_for(code: str, status: int | None, message: str = "") -> CodeFact:
    """Look a code up, whatever its letter case; fall back to its ending, the message, then the HTTP status.

    `status` is None for a command inside a batch. An unlisted code with a 4xx status is a refusal by the method
    (not executed); with any other, such as 200 where methods report partial failures, it is not known.
    """
    fact = _fact_of_code(code, status)
    if fact is None:
        fact = _fact_of_status(status)
    message = message[:_LONGEST_SEARCHED]
    if fact.kind in ("permission", "portal") and _PLAN_WORDS.search(message):
        return replace(_PLAN, executed=fact.executed)
    if fact.kind == "portal" and _MISSING_WORDS.search(message):
        return replace(_MISSING, executed=fact.executed)
    return fact


def front_end_fact(status: int) -> CodeFact:
    """What an answer with a 4xx status means that the REST API did not write."""
    return _BY_FRONT_END.get(status, _NOT_TAKEN)


def _fact_of_code(code: str, status: int | None) -> CodeFact | None:
    name = code.upper().removeprefix(V3_PREFIX)
    if name == "ACCESSDENIEDEXCEPTION" and status == 401:
        return _CREDENTIAL  # REST 3.0 says so for every failure of authentication
    listed = _FACTS.get(name)
    if listed is not None:
        return listed
    upper = code.upper()
    return next((fact for ending, fact in _ENDINGS if upper.endswith(ending)), None)


def _fact_of_status(status: int | None) -> CodeFact:
    if status is None:
        return _REFUSED
    if status >= 500:
        return _SERVER_TROUBLE
    return _BY_STATUS.get(status) or (_REFUSED if 400 <= status < 500 else _UNSURE)

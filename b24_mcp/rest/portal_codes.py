"""The error codes of the portal and of the authorization server.

Sources: documentation, error-codes, limits, settings/oauth/error-codes and rest-v3; measured behaviour. Where they
disagree on the HTTP status, the code decides.
"""

from __future__ import annotations

from b24_mcp.errors.table import CHECK_FIRST, CodeFact

CREDENTIAL = CodeFact(
    "auth",
    "The portal does not accept the credential. Ask the user to check the webhook in Bitrix24 (Developer resources): "
    "it may have been deleted, blocked or changed, or it has expired. Then set B24_WEBHOOK_URL again, or, where there "
    "is no webhook, run b24-mcp login.",
)
EXPIRED_TOKEN = CodeFact(
    "auth",
    "The portal rejects the access token although it is new. Try again. If that does not help, the user has to run "
    "b24-mcp login.",
    retryable=True,
)
FORBIDDEN = CodeFact(
    "permission",
    "The user behind this webhook or token does not have the right. Ask a person who has it, or read less.",
)
MISSING_SCOPE = CodeFact(
    "permission", "The webhook or application lacks the scope of this method. Ask the user to grant it."
)
APPLICATION_REJECTED = CodeFact(
    "auth",
    "Nothing was executed. Ask the user to compare B24_CLIENT_ID and B24_CLIENT_SECRET with the application in "
    "Bitrix24, and check that it is installed there.",
)
NO_METHOD = CodeFact(
    "unknown_method",
    "This method does not exist on the portal. Check spelling and letter case in the documentation.",
)
PLAN = CodeFact(
    "plan",
    "The portal's plan does not include this. The rights of the user are not the cause. A person has to change the "
    "plan.",
)
MISSING_RECORD = CodeFact(
    "not_found",
    "The record does not exist, or this user may not see it. Look up the id in a list of these records.",
)
ARGUMENT = CodeFact("validation", "Correct the parameter named in the message and call again.")
CONFLICT = CodeFact("conflict", "Something with this name or key exists already. Read it, or choose another name.")
METHOD_FAILED = CodeFact("portal", f"The portal failed while it executed the call. {CHECK_FIRST}", "unknown")
TOO_MANY_REQUESTS = CodeFact(
    "rate_limit", "Too many requests in a short time. Wait a few seconds and call again.", retryable=True
)
PORTAL_DELETED = CodeFact("unavailable", "This portal is closed or deleted. Check the address.")

PORTAL_CODES: dict[str, CodeFact] = {
    # Limits
    "QUERY_LIMIT_EXCEEDED": TOO_MANY_REQUESTS,
    "OPERATION_TIME_LIMIT": CodeFact(
        "operating_limit",
        "This method used up its operating time on the portal. It is available again within ten minutes. Request less "
        "per call.",
        retryable=True,
    ),
    "OVERLOAD_LIMIT": CodeFact(
        "unavailable",
        "Bitrix24 blocked the REST API of this portal because of overload. A person must contact Bitrix24 support.",
    ),
    # Credentials and access
    "NO_AUTH_FOUND": CREDENTIAL,
    "INVALID_CREDENTIALS": CREDENTIAL,
    "AUTHORIZATION_ERROR": CREDENTIAL,
    "EXPIRED_TOKEN": EXPIRED_TOKEN,
    "INVALID_TOKEN": EXPIRED_TOKEN,
    "USER_ACCESS_ERROR": FORBIDDEN,
    "APPLICATION_NOT_FOUND": CodeFact("auth", "The application is not on this portal. A person must install it."),
    "NOT_INSTALLED": CodeFact("auth", "The application is not fully installed. A person must finish the installation."),
    "INVALID_REQUEST": CodeFact("auth", "The portal requires https. Check its address in the settings."),
    "CONNECTION_ERROR": CodeFact(
        "unavailable", "The portal could not reach the authorization server. Try again soon.", retryable=True
    ),
    "INSUFFICIENT_SCOPE": MISSING_SCOPE,
    "ACCESS_DENIED": FORBIDDEN,
    "WRONG_AUTH_TYPE": CodeFact(
        "permission", "This method works only for an installed application (OAuth), not for a webhook."
    ),
    "ALLOWED_ONLY_INTRANET_USER": FORBIDDEN,
    "METHOD_CONFIRM_WAITING": CodeFact(
        "permission", "An administrator of the portal has to confirm this method first. Then call again."
    ),
    "METHOD_CONFIRM_DENIED": CodeFact("permission", "An administrator of the portal refused this method."),
    "PAYMENT_REQUIRED": PLAN,
    "WRONG_LICENSE": PLAN,
    "PORTAL_DELETED": PORTAL_DELETED,
    # The authorization server
    "INVALID_CLIENT": APPLICATION_REJECTED,
    "WRONG_CLIENT": APPLICATION_REJECTED,
    "INVALID_GRANT": CodeFact("auth", "Nothing was executed. The login has ended. A person has to run b24-mcp login."),
    "BAD_VERIFICATION_CODE": CodeFact("auth", "Nothing was executed. A person has to run b24-mcp login again."),
    "INVALID_SCOPE": CodeFact("permission", "The application may not have this scope. A person has to grant it."),
    "VERIFICATION_NEEDED": CodeFact(
        "auth",
        "Nothing was executed. The licence of the portal could not be verified. A person has to check the licence.",
    ),
    # Methods and arguments
    "ERROR_METHOD_NOT_FOUND": NO_METHOD,
    "22002": CodeFact("unknown_method", "This group of methods exists on the portal, but not this action in it."),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": NO_METHOD,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": CodeFact("validation", "This method cannot be part of a batch. Call it alone."),
    "ERROR_BATCH_LENGTH_EXCEEDED": CodeFact(
        "validation", "A batch request accepts 50 commands, and this command is beyond them."
    ),
    "ERROR_ARGUMENT": ARGUMENT,
    "100": CodeFact("validation", "A required parameter is missing or has the wrong type; the message names it."),
    "MAIN_CONTROLLER_22001": ARGUMENT,
    "DISK_BASE_SERVICE_22001": ARGUMENT,
    "INVALID_ARG_VALUE": ARGUMENT,
    "ERROR_UNSUPPORTED_PROTOCOL": ARGUMENT,
    "ERROR_WRONG_HANDLER_URL": ARGUMENT,
    "ERROR_EVENT_NOT_FOUND": CodeFact("validation", "An event with this name does not exist on this portal."),
    "ENTITY_TYPE_NOT_SUPPORTED": ARGUMENT,
    "NOT_FOUND": MISSING_RECORD,
    "ERROR_NOT_FOUND": MISSING_RECORD,
    "DISK_OBJ_22000": CONFLICT,
    # Raised inside a method: the text varies, and a part of the work may be done
    "ERROR_CORE": CodeFact("portal", f"The method refused or failed; the message says why. {CHECK_FIRST}", "unknown"),
    "INTERNAL_SERVER_ERROR": METHOD_FAILED,
    "ERROR_UNEXPECTED_ANSWER": METHOD_FAILED,
    "INTERNAL_WRONG_TRANSPORT": CodeFact("portal", "The portal rejected the form of the address."),
    "INTERNAL_WRONG_HANDLER_CLASS": CodeFact("portal", "The portal's module of this method is broken."),
    "WRONG_ENCODING": CodeFact("portal", f"The portal could not encode its answer. {CHECK_FIRST}", "unknown"),
    # REST 3.0, without the common prefix
    "METHODNOTFOUNDEXCEPTION": NO_METHOD,
    "ACCESSDENIEDEXCEPTION": FORBIDDEN,
    "INSUFFICIENTSCOPEEXCEPTION": MISSING_SCOPE,
    "RATELIMITEXCEPTION": TOO_MANY_REQUESTS,
    "LICENSEEXCEPTION": PLAN,
    "ENTITYNOTFOUNDEXCEPTION": MISSING_RECORD,
    "ENTITYALREADYEXISTSEXCEPTION": CONFLICT,
    "IDEMPOTENCYKEYREUSEDEXCEPTION": CONFLICT,
    "INTERNAL_INTERNALEXCEPTION": METHOD_FAILED,
    "INTERNAL_ORMSAVEEXCEPTION": METHOD_FAILED,
}

"""The exception that methods of the sandbox raise, and the errors shared by all parts of the portal.

Where documentation and portal disagree, the status is the measured one: authentication failures are 401, refusals of a
method are 400.
"""

from __future__ import annotations

from typing import TypeVar

from b24_sandbox.php import text

Found = TypeVar("Found")


class PortalError(Exception):
    """An answer of the form `{"error": code, "error_description": description, **extra}`.

    `code` may be empty: classic CRM methods answer so. `status` is the HTTP status of a single call; a batch drops it,
    as on a real portal.
    """

    def __init__(self, code: str, description: str, status: int = 400, extra: dict[str, object] | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status
        self.extra = extra or {}

    def body(self) -> dict[str, object]:
        """The error as the portal writes it."""
        return {"error": self.code, "error_description": self.description, **self.extra}


def method_not_found() -> PortalError:
    """The method does not exist. Checked before the credentials."""
    return PortalError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def wrong_webhook() -> PortalError:
    """The user or the secret of the webhook is wrong."""
    return PortalError("INVALID_CREDENTIALS", "Invalid request credentials", 401)


def no_credentials() -> PortalError:
    """The call has no credentials."""
    return PortalError("NO_AUTH_FOUND", "Wrong authorization data", 401)


def https_required() -> PortalError:
    """A webhook was called over plain HTTP from another machine."""
    return PortalError("INVALID_REQUEST", "Https required.", 401)


def unknown_token() -> PortalError:
    """The access token was never issued, or its application was removed."""
    return PortalError("invalid_token", "Unable to get application by token", 401)


def expired_token() -> PortalError:
    """The access token has expired."""
    return PortalError("expired_token", "The access token provided has expired.", 401)


def dismissed(code: str, description: str) -> PortalError:
    """The user of the credentials was dismissed."""
    return PortalError(code, description, 401)


def insufficient_scope(token: str = "webhook") -> PortalError:  # noqa: S107 (a word of the message, no secret)
    """The credentials are valid but lack the scope of the method. `token` names their kind."""
    return PortalError(
        "insufficient_scope",
        f"The request requires higher privileges than provided by the {token} token",
        401,
    )


def wrong_auth_type() -> PortalError:
    """The method requires another kind of credentials, usually those of an application."""
    return PortalError("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", 403)


def application_context_required() -> PortalError:
    """The method stores data of an application, and the caller is not an application."""
    return PortalError("ACCESS_DENIED", "Application context required", 403)


def access_denied(description: str = "Access denied!") -> PortalError:
    """The user's rights are insufficient (many methods require an administrator)."""
    return PortalError("ACCESS_DENIED", description, 403)


def unexpected_answer() -> PortalError:
    """A method returned bytes inside a batch, where only a value fits."""
    return PortalError("ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response.", 500)


def internal() -> PortalError:
    """An internal failure of the portal. It is unknown whether the method was executed."""
    return PortalError("INTERNAL_SERVER_ERROR", "Internal server error", 500)


def too_many_requests() -> PortalError:
    """The rate limit of the portal is exceeded. The front end answers, always as JSON."""
    return PortalError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def operating_limit() -> PortalError:
    """This method ran too long for these credentials in the last ten minutes."""
    return PortalError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def link_check_failed() -> PortalError:
    """The call is a signed link (parameter `token`), and its signature is invalid."""
    return PortalError("ACCESS_DENIED", "Link check failed", 403)


def missing_parameter(name: str) -> PortalError:
    """A controller was called without a required argument."""
    return PortalError("100", f"Could not find value for parameter {{{name}}}")


def wrong_type(value: object, name: str, kind: str, code: str = "100") -> PortalError:
    """A controller got a value of another type than its argument has."""
    words = f"Invalid value {{{text(value)}}} to match with parameter {{{name}}}. Should be value of type {kind}."
    return PortalError(code, words)


def not_an_array(name: str) -> PortalError:
    """A classic CRM method got text instead of a map or a list."""
    return PortalError("", f"Parameter '{name}' must be array.")


def bad_id() -> PortalError:
    """A classic CRM method got an invalid id."""
    return PortalError("", "ID is not defined or invalid.")


def not_found() -> PortalError:
    """A classic CRM record does not exist. The code is empty, only the text is set."""
    return PortalError("", "Not found")


def empty_argument(name: str) -> PortalError:
    """`ERROR_ARGUMENT` for an argument without a value."""
    return wrong_argument(f"Argument '{name}' is null or empty", name)


def wrong_argument(description: str, argument: str = "") -> PortalError:
    """`ERROR_ARGUMENT` with the name of the argument."""
    return PortalError("ERROR_ARGUMENT", description, 400, {"argument": argument})


def present(value: Found | None, refusal: PortalError) -> Found:
    """A value that must not be missing.

    Raises:
        PortalError: `refusal`, when it is.
    """
    if value is None:
        raise refusal
    return value

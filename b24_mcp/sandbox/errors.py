"""The one exception a method of the sandbox raises, and the errors every part of the portal shares.

Statuses are the measured ones where documentation and portal disagree: authentication failures are 401,
everything a method refuses is 400.
"""

from __future__ import annotations


class PortalError(Exception):
    """An answer of the form `{"error": code, "error_description": description, **extra}`.

    `code` may be an empty string: classic CRM methods answer so. `status` is the HTTP status of a call of
    its own; inside a batch it is lost, as on a real portal.
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
    """The name is not a method; said before credentials are looked at."""
    return PortalError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def wrong_webhook() -> PortalError:
    """The user or the secret of the webhook is wrong."""
    return PortalError("INVALID_CREDENTIALS", "Invalid request credentials", 401)


def no_credentials() -> PortalError:
    """The call carries no credentials at all."""
    return PortalError("NO_AUTH_FOUND", "Wrong authorization data", 401)


def https_required() -> PortalError:
    """A webhook was called over plain HTTP from another machine."""
    return PortalError("INVALID_REQUEST", "Https required.", 401)


def unknown_token() -> PortalError:
    """The access token was never issued, or belongs to an application that is gone."""
    return PortalError("invalid_token", "Unable to get application by token", 401)


def expired_token() -> PortalError:
    """The access token was good until its hour was over."""
    return PortalError("expired_token", "The access token provided has expired.", 401)


def dismissed(code: str, description: str) -> PortalError:
    """The credentials belong to somebody who may not enter any more."""
    return PortalError(code, description, 401)


def insufficient_scope(token: str = "webhook") -> PortalError:  # noqa: S107 (a word of the message, no secret)
    """The credentials are good, the method belongs to a scope they were not given; `token` names their kind."""
    return PortalError(
        "insufficient_scope",
        f"The request requires higher privileges than provided by the {token} token",
        401,
    )


def wrong_auth_type() -> PortalError:
    """The method wants another kind of credentials, usually an application's."""
    return PortalError("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", 403)


def application_context_required() -> PortalError:
    """The method keeps something of an application, and the call comes from none."""
    return PortalError("ACCESS_DENIED", "Application context required", 403)


def access_denied(description: str = "Access denied!") -> PortalError:
    """The user's rights are not enough (many methods want an administrator)."""
    return PortalError("ACCESS_DENIED", description, 403)


def unexpected_answer() -> PortalError:
    """A method sent bytes where only a value fits (inside a batch)."""
    return PortalError("ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response.", 500)


def internal() -> PortalError:
    """Something broke on the portal; whether the method did anything is not known."""
    return PortalError("INTERNAL_SERVER_ERROR", "Internal server error", 500)


def too_many_requests() -> PortalError:
    """The portal's bucket of requests is full; said by the front end, always as JSON."""
    return PortalError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def operating_limit() -> PortalError:
    """This method worked too long for these credentials in the last ten minutes."""
    return PortalError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def link_check_failed() -> PortalError:
    """A parameter `token` makes any call a signed link, and the signature is not ours."""
    return PortalError("ACCESS_DENIED", "Link check failed", 403)


def missing_parameter(name: str) -> PortalError:
    """A controller was called without a required argument."""
    return PortalError("100", f"Could not find value for parameter {{{name}}}")


def not_an_array(name: str) -> PortalError:
    """A classic CRM method got text where it wants a map or a list."""
    return PortalError("", f"Parameter '{name}' must be array.")


def bad_id() -> PortalError:
    """A classic CRM method got no usable id."""
    return PortalError("", "ID is not defined or invalid.")


def not_found() -> PortalError:
    """A classic CRM record does not exist: the code is empty, the text is all there is."""
    return PortalError("", "Not found")


def wrong_argument(description: str, argument: str = "") -> PortalError:
    """`ERROR_ARGUMENT` with the name of the argument beside it."""
    return PortalError("ERROR_ARGUMENT", description, 400, {"argument": argument})

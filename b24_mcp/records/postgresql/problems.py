"""Errors of PostgreSQL as errors of data sets. No message holds an address or a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from b24_mcp.errors import B24Error, our_error

_UNCHANGED = "Nothing in it was changed. Call again in a moment."
_NOT_REACHED = (
    "The data sets are as they were after the last answer. Call again in a moment. If it stays so, the user must check "
    "the server with `b24-mcp doctor`."
)
_FULL = "The rows read before are kept. The user must free disk space of the server; then resume=true continues."
RIGHTS_HINT = (
    "The user of B24_RECORDS must own the database and may create roles: ALTER DATABASE name OWNER TO user; "
    "ALTER ROLE user CREATEROLE. `b24-mcp doctor` checks both."
)
GONE = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedObject)
"""Errors about something that another process removed."""
COLLISIONS = (errors.DeadlockDetected, errors.SerializationFailure)
"""Errors after which another attempt may succeed."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Convert errors of PostgreSQL into a `B24Error`."""
    try:
        yield
    except psycopg.Error as exc:
        raise database_error(exc) from None


def database_error(exc: psycopg.Error) -> B24Error:
    """Return the error of a database that cannot be used."""
    match exc:
        case errors.InsufficientPrivilege():
            return _error("a right is missing", RIGHTS_HINT)
        case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure():
            return _error("another process or a running query holds it", _UNCHANGED)
        case errors.DiskFull():
            return _error("the disk of the server is full", _FULL)
        case errors.TooManyConnections() | PoolTimeout():
            return _error("it has no free connection", "Call again in a moment, with fewer calls at the same time.")
        case errors.QueryCanceled():
            return _error("it took too long", _UNCHANGED)
        case errors.ProgramLimitExceeded():
            return _error("a row is too large for it", "Read fewer fields with select.")
        case psycopg.OperationalError() if exc.sqlstate is None or exc.sqlstate[:2] in ("08", "57"):
            return _error(_why_not_connected(exc), _NOT_REACHED)
        case _ if (exc.sqlstate or "")[:2] == "28":
            return _error("it refuses the user or the password of B24_RECORDS", RIGHTS_HINT)
        case _:
            return _error(said_by(exc), RIGHTS_HINT)


def is_connection_loss(exc: psycopg.Error) -> bool:
    """Whether an error means that the connection to the server was lost."""
    return isinstance(exc, psycopg.OperationalError) and (
        exc.sqlstate is None or exc.sqlstate[:2] == "08" or exc.sqlstate in ("57P01", "57P02", "57P03")
    )


def said_by(exc: psycopg.Error) -> str:
    """Return the first line of the message of the server."""
    said = exc.diag.message_primary
    return (said or type(exc).__name__).rstrip(".")


def _why_not_connected(exc: psycopg.Error) -> str:
    text = str(exc).lower()
    if "password authentication failed" in text or "no password supplied" in text:
        return "it refuses the user or the password of B24_RECORDS"
    if "does not exist" in text and "database" in text:
        return "the database of B24_RECORDS does not exist"
    if "no pg_hba.conf entry" in text:
        return "its pg_hba.conf does not allow the connection"
    if "ssl" in text or "certificate" in text:
        return "the encrypted connection failed"
    if "too many" in text or "remaining connection slots" in text:
        return "it has no free connection"
    return "it does not answer, or the connection was lost"


def _error(said: str, hint: str) -> B24Error:
    return our_error("B24MCP_RECORDS_FILE", f"The database of data sets cannot be used: {said}.", hint=hint)

"""The address of the database in `B24_RECORDS`."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from b24_mcp.errors import B24Error, our_error

# Parameters that belong to the login of the main user.
_OF_THE_USER = ("user", "password", "passfile", "sslcert", "sslkey", "sslpassword", "service", "servicefile")


def check_address(address: str) -> dict[str, Any]:
    """Return the parts of an address.

    Raises:
        B24Error: `B24MCP_RECORDS_FILE` if it is not an address of PostgreSQL. The message leaves the address out,
            because it holds a password.
    """
    try:
        return dict(conninfo_to_dict(address))
    except psycopg.Error:
        raise wrong_address() from None


def wrong_address() -> B24Error:
    """Return the error of an address that cannot be parsed."""
    return our_error(
        "B24MCP_RECORDS_FILE",
        "B24_RECORDS is not an address of PostgreSQL.",
        hint="The user must write postgresql://USER:PASSWORD@HOST:5432/DATABASE. Special characters of the password "
        "are written as %XX.",
    )


def shown_address(address: str) -> str:
    """Return the server and the database of an address, without the user and the password."""
    parts = check_address(address)
    host, port = parts.get("host") or parts.get("hostaddr") or "localhost", parts.get("port") or 5432
    return f"postgresql://{host}:{port}/{parts.get('dbname') or ''}"


def without_user(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of an address without the login of its user."""
    return {name: value for name, value in parts.items() if name not in _OF_THE_USER}

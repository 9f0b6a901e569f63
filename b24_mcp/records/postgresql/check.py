"""What is missing of a database of data sets, for `b24-mcp doctor`."""

from __future__ import annotations

import psycopg

from b24_mcp.errors import B24Error
from b24_mcp.records.postgresql.address import shown_address
from b24_mcp.records.postgresql.connections import PostgresConnections
from b24_mcp.records.postgresql.problems import database_error

_OLDEST = 140_000


def check_server(address: str) -> tuple[str, list[str]]:
    """Return the database that was reached, without its secrets, and what is missing in it. It blocks.

    Raises:
        B24Error: `B24MCP_RECORDS_FILE` when it cannot be reached.
    """
    connections = PostgresConnections(address)
    try:
        with connections.single() as connection:
            version = connection.info.server_version
            row = connection.execute(
                "SELECT current_user, current_database(), rolsuper, rolcreaterole OR rolsuper, "
                "has_database_privilege(current_user, current_database(), 'CREATE'), "
                "has_database_privilege('public', current_database(), 'TEMPORARY') "
                "OR pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), "
                "'USAGE'), pg_encoding_to_char((SELECT encoding FROM pg_database WHERE datname = current_database())) "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as exc:
        raise database_error(exc) from None
    finally:
        connections.close()
    assert row is not None
    user, database, is_super, may_create_roles, may_create, may_give, encoding = row
    missing = []
    if version < _OLDEST:
        missing.append(f"PostgreSQL {version // 10_000} is too old: 14 or later is needed")
    if not may_create_roles:
        missing.append(f"{user} may not create roles: ALTER ROLE {user} CREATEROLE")
    if not may_create or not may_give:
        missing.append(f"{user} does not own the database: ALTER DATABASE {database} OWNER TO {user}")
    if encoding != "UTF8":
        missing.append(f"the database has the encoding {encoding}: create it with ENCODING 'UTF8'")
    if is_super:
        missing.append(f"{user} is a superuser: use a login with CREATEROLE that owns this database only")
    return shown_address(address), missing


def reason_of(error: B24Error) -> str:
    """Return why a database cannot be used, for a person."""
    return error.fault.message

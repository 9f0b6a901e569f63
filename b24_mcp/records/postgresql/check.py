"""The check of a database of data sets, for `b24-mcp doctor`."""

from __future__ import annotations

import re

import psycopg

from b24_mcp.records.names import quoted
from b24_mcp.records.postgresql.address import shown_address
from b24_mcp.records.postgresql.connections import PostgresConnections
from b24_mcp.records.postgresql.problems import database_error

_OLDEST = 140_000


def check_server(address: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the name of the database without secrets, and its defects with the remedies. It blocks.

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
        missing.append((f"PostgreSQL {version // 10_000} is too old", "Use PostgreSQL 14 or later."))
    if not may_create_roles:
        missing.append((f"{user} may not create roles", f"Run in it: ALTER ROLE {_name(user)} CREATEROLE"))
    if not may_create or not may_give:
        to_do = f"Run in it: ALTER DATABASE {_name(database)} OWNER TO {_name(user)}"
        missing.append((f"{user} does not own the database {database}", to_do))
    if encoding != "UTF8":
        missing.append((f"the database has the encoding {encoding}", "Create it with ENCODING 'UTF8'."))
    if is_super:
        to_do = "Use a login with CREATEROLE that owns this database and nothing else."
        missing.append((f"{user} is a superuser", to_do))
    return shown_address(address), missing


def _name(name: str) -> str:
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else quoted(name)

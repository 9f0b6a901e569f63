"""The schema of an owner's data sets on one portal, and the login that can only read it.

Queries are run by a login of their own for each schema: what a statement may do, even `RESET ROLE`, ends at its rights.
The schema `b24_mcp` lists the others. Only the main user may read it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from b24_mcp.records.names import quoted
from b24_mcp.records.postgresql.connections import PgConnection
from b24_mcp.records.postgresql.database import COLLATION

CONTROL = "b24_mcp"
_ASIDE = "_aside"
_DIGITS = 24
_CONNECTIONS_OF_A_READER = 12
_MOST_EXPIRED = 20
# The first that the server has. All sort by character; the last knows the case of Latin letters only.
_COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "ucs_basic")
_CONTROL_TABLE = f"""
CREATE SCHEMA IF NOT EXISTS {CONTROL};
CREATE TABLE IF NOT EXISTS {CONTROL}.people (
    schema TEXT PRIMARY KEY, reader TEXT NOT NULL, password TEXT NOT NULL, owner TEXT NOT NULL, portal TEXT NOT NULL,
    used_at TEXT NOT NULL
)
"""
# The columns of the tables are those of SQLite.
_TABLES = """
CREATE TABLE data_sets (
    name TEXT NOT NULL, rows BIGINT NOT NULL DEFAULT 0, total BIGINT, complete INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'running', readable INTEGER NOT NULL DEFAULT 0, method TEXT NOT NULL,
    params TEXT NOT NULL, portal TEXT NOT NULL, started_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    columns TEXT NOT NULL DEFAULT '{}', notes TEXT NOT NULL DEFAULT '[]', fields TEXT NOT NULL DEFAULT '[]',
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, table_name TEXT, owner TEXT, cursor TEXT
);
CREATE UNIQUE INDEX readable_name ON data_sets (lower(name COLLATE "C")) WHERE readable = 1;
CREATE TABLE "~portal_times" (id BIGINT PRIMARY KEY, began_at TEXT NOT NULL);
CREATE TABLE "~jobs" (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '', facts TEXT NOT NULL DEFAULT '{}', updated_at TEXT NOT NULL
);
CREATE TABLE "~job_rows" (
    job BIGINT NOT NULL, row BIGINT NOT NULL, cells TEXT NOT NULL, call TEXT, action TEXT NOT NULL DEFAULT '',
    after BIGINT, state TEXT NOT NULL DEFAULT 'waiting', ok INTEGER NOT NULL DEFAULT 0, id TEXT,
    code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', executed TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, row)
);
CREATE INDEX "~job_rows_by_state" ON "~job_rows" (job, state, row)
"""


@dataclass(frozen=True, slots=True)
class ReaderLogin:
    """The login that may read one schema."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class OwnedSchema:
    """The schema of an owner on a portal. The same owner has the same schema on every server."""

    owner: str
    portal: str

    @property
    def name(self) -> str:
        """The name of the schema. It does not reveal the owner."""
        return "b24_" + _digest(f"{self.owner}\0{self.portal}", _DIGITS)

    @property
    def lock(self) -> int:
        """The number of the writing lock."""
        return lock_number(self.name)


def lock_number(text: str) -> int:
    """Return the number of an advisory lock."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], signed=True)


def prepare(connection: PgConnection, schema: OwnedSchema, now: str) -> ReaderLogin:
    """Create what is missing of a schema, and return its reader."""
    with _exclusively(connection):
        connection.execute(_CONTROL_TABLE.encode())
        row = connection.execute(
            f"SELECT reader, password FROM {CONTROL}.people WHERE schema = %s".encode(),  # noqa: S608
            [schema.name],
        ).fetchone()
        if row is None:
            reader = ReaderLogin(f"{schema.name}_{_database_mark(connection)}", secrets.token_urlsafe(24))
            _set_password(connection, reader)
            connection.execute(
                f"INSERT INTO {CONTROL}.people VALUES (%s, %s, %s, %s, %s, %s)".encode(),  # noqa: S608
                [schema.name, reader.user, reader.password, _plain(schema.owner), schema.portal, now],
            )
        else:
            reader = ReaderLogin(str(row[0]), str(row[1]))
            if not _has(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", reader.user):
                _set_password(connection, reader)
            connection.execute(
                f"UPDATE {CONTROL}.people SET used_at = %s WHERE schema = %s".encode(),  # noqa: S608
                [now, schema.name],
            )
        if not _has(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema.name):
            _create(connection, schema)
        _grant(connection, schema, reader)
    return reader


def use(connection: PgConnection, schema: OwnedSchema) -> None:
    """Make a schema that of all names without one."""
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema.name)))


def set_aside(connection: PgConnection, schema: OwnedSchema, now: str) -> str | None:
    """Rename a schema and return its new name, or None if the schema does not exist.

    A schema that was set aside before is removed.
    """
    aside = schema.name + _ASIDE
    with _exclusively(connection):
        if not _has(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema.name):
            return None
        names = {"old": sql.Identifier(schema.name), "new": sql.Identifier(aside)}
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {new} CASCADE").format(**names))
        row = connection.execute(
            f"SELECT reader FROM {CONTROL}.people WHERE schema = %s".encode(),  # noqa: S608
            [schema.name],
        ).fetchone()
        if row is not None:
            reader = sql.Identifier(str(row[0]))
            connection.execute(sql.SQL("REVOKE ALL ON SCHEMA {old} FROM {reader}").format(**names, reader=reader))
        connection.execute(sql.SQL("ALTER SCHEMA {old} RENAME TO {new}").format(**names))
        connection.execute(
            f"INSERT INTO {CONTROL}.people VALUES (%s, '', '', %s, %s, %s) "  # noqa: S608
            "ON CONFLICT (schema) DO UPDATE SET used_at = excluded.used_at".encode(),
            [aside, _plain(schema.owner), schema.portal, now],
        )
    return aside


def expire_others(connection: PgConnection, before: str) -> None:
    """Remove some schemas that were last used before this time (ISO 8601), with their logins.

    Their owners may never use them again, so this runs when another schema is opened.
    """
    unused = connection.execute(
        f"SELECT schema FROM {CONTROL}.people WHERE used_at < %s ORDER BY used_at LIMIT %s".encode(),  # noqa: S608
        [before, _MOST_EXPIRED],
    ).fetchall()
    for (name,) in unused:
        with suppress(errors.LockNotAvailable, errors.DeadlockDetected), _exclusively(connection):
            row = connection.execute(
                f"DELETE FROM {CONTROL}.people WHERE schema = %s AND used_at < %s RETURNING reader".encode(),  # noqa: S608
                [name, before],
            ).fetchone()
            if row is not None:
                connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
                if row[0]:
                    _drop_reader(connection, str(row[0]))


@contextmanager
def _exclusively(connection: PgConnection) -> Iterator[None]:
    """Run the only transaction of all servers that creates or removes schemas."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(CONTROL)])
        yield


def _create(connection: PgConnection, schema: OwnedSchema) -> None:
    name = sql.Identifier(schema.name)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    about = f"Data sets of b24-mcp: {_plain(schema.owner) or 'the user of the server'} on {schema.portal}"
    connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(about.replace("\n", " "))))
    use(connection, schema)
    known = connection.execute(
        "SELECT collname FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace "
        "AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))"
    )
    found = {str(one[0]) for one in known}
    chosen = next((one for one in _COLLATIONS if one in found), "C")
    connection.execute(f"CREATE COLLATION {COLLATION} FROM pg_catalog.{quoted(chosen)}".encode())
    connection.execute(_TABLES.encode())


def _set_password(connection: PgConnection, reader: ReaderLogin) -> None:
    """Create the login, or change its password. The server gets only what verifies the password."""
    encoding = "utf-8"
    verifier = connection.pgconn.encrypt_password(
        reader.password.encode(encoding), reader.user.encode(encoding), b"scram-sha-256"
    ).decode()
    exists = _has(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", reader.user)
    command = "ALTER" if exists else "CREATE"
    connection.execute(
        sql.SQL(command + " ROLE {} LOGIN NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT {} PASSWORD {}").format(
            sql.Identifier(reader.user), sql.Literal(_CONNECTIONS_OF_A_READER), sql.Literal(verifier)
        )
    )

    # Only a superuser may limit temporary files, or a user with the right to: GRANT SET ON PARAMETER temp_file_limit.
    with suppress(errors.InsufficientPrivilege), connection.transaction():
        limit = sql.SQL("ALTER ROLE {} SET temp_file_limit = '512MB'").format(sql.Identifier(reader.user))
        connection.execute(limit)


def _grant(connection: PgConnection, schema: OwnedSchema, reader: ReaderLogin) -> None:
    names = {"schema": sql.Identifier(schema.name), "reader": sql.Identifier(reader.user)}
    has = "SELECT 1 WHERE has_schema_privilege(%s, %s, 'USAGE') AND has_table_privilege(%s, %s, 'SELECT')"
    rights = [reader.user, schema.name, reader.user, f"{quoted(schema.name)}.data_sets"]
    if connection.execute(has, rights).fetchone() is not None:
        return
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {reader}").format(**names))
    connection.execute(sql.SQL("GRANT SELECT ON {schema}.data_sets TO {reader}").format(**names))
    row = connection.execute(
        "SELECT current_database() WHERE NOT has_database_privilege(%s, current_database(), 'CONNECT') "
        "OR NOT has_database_privilege(%s, current_database(), 'TEMPORARY')",
        [reader.user, reader.user],
    ).fetchone()
    if row is not None:
        database = sql.Identifier(str(row[0]))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {reader}").format(**names, database=database)
        )


def _drop_reader(connection: PgConnection, reader: str) -> None:
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    names = {"database": sql.Identifier(str(row[0])), "reader": sql.Identifier(reader)}
    try:
        with connection.transaction():
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM {reader}").format(**names))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {reader}").format(**names))
    except psycopg.Error:  # it has rights that an administrator gave: it stays, and can read nothing
        return


def _database_mark(connection: PgConnection) -> str:
    """Return what distinguishes the logins of this database, because logins belong to all databases of a server."""
    query = "SELECT oid::text || datname FROM pg_database WHERE datname = current_database()"
    found = connection.execute(query).fetchone()
    assert found is not None
    return _digest(str(found[0]), 8)


def _has(connection: PgConnection, query: str, value: str) -> bool:
    return connection.execute(query.encode(), [value]).fetchone() is not None


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def _plain(owner: str) -> str:
    return owner.encode("utf-8", "replace").decode().replace("\0", "")

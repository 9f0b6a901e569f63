#!/bin/sh
# Runs once, when the database is new: a database for data sets, and a user that owns it. The servers make a schema for each
# person, and for each schema a user that can only read it.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SERVER_PASSWORD" --username postgres <<'SQL'
CREATE ROLE b24_mcp LOGIN CREATEROLE NOSUPERUSER NOCREATEDB PASSWORD :'password';
CREATE DATABASE b24_mcp OWNER b24_mcp;
REVOKE ALL ON DATABASE b24_mcp FROM PUBLIC;
SQL

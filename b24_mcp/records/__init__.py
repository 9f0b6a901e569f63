"""Whole lists on disk: data sets, SQL queries over them, and export to files."""

from b24_mcp.errors.table import register
from b24_mcp.records.answer import QueryAnswer, ask
from b24_mcp.records.changes import CHANGES_METHOD, ListChanges
from b24_mcp.records.codes import CODES
from b24_mcp.records.columns import Column, Kind
from b24_mcp.records.data_set import DataSet, DataSetOrigin
from b24_mcp.records.exports import Exported, FilePlace, check_format, export, place_in, place_of
from b24_mcp.records.fetch import Fetch, Fetched, OnRows
from b24_mcp.records.file import RecordsFile, path_for
from b24_mcp.records.imports import (
    IMPORT_METHOD,
    CellProblem,
    FileImport,
    Imported,
    ImportPlace,
    ImportProblems,
    import_place_in,
    import_place_of,
)
from b24_mcp.records.jobs import Job, JobCounts, JobRow, RowOutcome
from b24_mcp.records.journal import Journal
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.names import check_name, name_for, quoted, with_ending
from b24_mcp.records.portal_tables import PORTAL_TABLES, PortalTable, portal_tables_in
from b24_mcp.records.refresh import Refresh
from b24_mcp.records.store import Database, RecordStore, SqlDialect, StatementQuery
from b24_mcp.records.stream import QueryShape, stream_rows
from b24_mcp.records.turns import Turns

__all__ = [
    "CHANGES_METHOD",
    "IMPORT_METHOD",
    "PORTAL_TABLES",
    "CellProblem",
    "Column",
    "DataSet",
    "DataSetLibrary",
    "DataSetOrigin",
    "Database",
    "Exported",
    "Fetch",
    "Fetched",
    "FileImport",
    "FilePlace",
    "ImportPlace",
    "ImportProblems",
    "Imported",
    "Job",
    "JobCounts",
    "JobRow",
    "Journal",
    "Kind",
    "ListChanges",
    "OnRows",
    "PortalTable",
    "QueryAnswer",
    "QueryShape",
    "RecordStore",
    "RecordsFile",
    "Refresh",
    "RowOutcome",
    "SqlDialect",
    "StatementQuery",
    "Turns",
    "ask",
    "check_format",
    "check_name",
    "export",
    "import_place_in",
    "import_place_of",
    "name_for",
    "path_for",
    "place_in",
    "place_of",
    "portal_tables_in",
    "quoted",
    "stream_rows",
    "with_ending",
]

register("records", CODES)

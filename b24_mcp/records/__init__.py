"""Whole lists on disk: data sets, SQL over them, export."""

from b24_mcp.records.answering import Answered, ask
from b24_mcp.records.columns import Column, Kind
from b24_mcp.records.exports import Exported, Place, check_format, export, place_in, place_of
from b24_mcp.records.fetch import Fetch, Fetched, OnRows
from b24_mcp.records.file import RecordsFile, path_for
from b24_mcp.records.library import DataSet, Library, Origin
from b24_mcp.records.names import check_name, name_for, quoted
from b24_mcp.records.turns import Turns

__all__ = [
    "Answered",
    "Column",
    "DataSet",
    "Exported",
    "Fetch",
    "Fetched",
    "Kind",
    "Library",
    "OnRows",
    "Origin",
    "Place",
    "RecordsFile",
    "Turns",
    "ask",
    "check_format",
    "check_name",
    "export",
    "name_for",
    "path_for",
    "place_in",
    "place_of",
    "quoted",
]

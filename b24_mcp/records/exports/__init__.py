"""Export of query results to files: CSV, JSON Lines, and with an extra XLSX and Parquet."""

from __future__ import annotations

from b24_mcp.records.exports.file_export import Exported, check_format, export
from b24_mcp.storage.places import FilePlace, place_in, place_of

__all__ = ["Exported", "FilePlace", "check_format", "export", "place_in", "place_of"]

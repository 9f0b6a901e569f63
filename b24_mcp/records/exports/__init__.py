"""Writing what a query gives into a file: CSV, JSON Lines, and with an extra XLSX and Parquet."""

from b24_mcp.records.exports.exporting import Exported, check_format, export
from b24_mcp.records.exports.places import place_in

__all__ = ["Exported", "check_format", "export", "place_in"]

"""Writing what a query gives into a file: CSV, JSON Lines, and with an extra XLSX and Parquet."""

from b24_mcp.records.exports.exporting import Exported, check_format, export
from b24_mcp.records.exports.places import Place, place_in, place_of

__all__ = ["Exported", "Place", "check_format", "export", "place_in", "place_of"]

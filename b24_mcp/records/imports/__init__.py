"""Import of files into data sets: CSV, JSON Lines, and with an extra XLSX and Parquet."""

from __future__ import annotations

from b24_mcp.records.imports.file_import import IMPORT_METHOD, FileImport, Imported
from b24_mcp.records.imports.places import ImportPlace, import_place_in, import_place_of
from b24_mcp.records.imports.problems import CellProblem, ImportProblems

__all__ = [
    "IMPORT_METHOD",
    "CellProblem",
    "FileImport",
    "ImportPlace",
    "ImportProblems",
    "Imported",
    "import_place_in",
    "import_place_of",
]

"""Files on the user's computer: folders, private files, SQLite databases, and files that a person exchanges."""

from b24_mcp.errors.table import register
from b24_mcp.storage.codes import CODES

register("storage", CODES)

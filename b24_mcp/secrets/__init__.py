"""The redactor, which masks secrets in everything that leaves the process, and the handling of invisible characters."""

from b24_mcp.secrets.invisible import HIDDEN, printable, show_hidden, without_hidden
from b24_mcp.secrets.redactor import PERSON, RedactingFormatter, Redactor, each_text, hide_fields, names_fields

__all__ = [
    "HIDDEN",
    "PERSON",
    "RedactingFormatter",
    "Redactor",
    "each_text",
    "hide_fields",
    "names_fields",
    "printable",
    "show_hidden",
    "without_hidden",
]

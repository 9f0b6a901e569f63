"""Errors: `B24Error`, which the whole package raises, and the table of error codes.

Each package registers its own codes in the table; see `b24_mcp.errors.table`.
"""

from b24_mcp.errors.codes import CODES
from b24_mcp.errors.error import B24Error, Fault, FieldProblem, our_error
from b24_mcp.errors.table import register

__all__ = ["B24Error", "Fault", "FieldProblem", "our_error"]

register("errors", CODES)

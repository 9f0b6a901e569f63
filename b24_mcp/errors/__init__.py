"""Errors: one form for every failure, and one table of error codes.

`B24Error` is what the whole package raises. A room that has error codes of its own adds them to the table.
"""

from b24_mcp.errors.error import B24Error, Fault, FieldProblem, our_error

__all__ = ["B24Error", "Fault", "FieldProblem", "our_error"]

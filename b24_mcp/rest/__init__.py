"""The Bitrix24 client: one door, `Portal`, to one portal."""

from b24_mcp.rest.answer import Answer, CallTime, Format
from b24_mcp.rest.batch import BatchAnswer, Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.errors import B24Error, Fault, FieldProblem, our_error
from b24_mcp.rest.method_name import check_method_name
from b24_mcp.rest.params import Params
from b24_mcp.rest.portal import Portal
from b24_mcp.rest.redaction import RedactingFormatter, Redactor
from b24_mcp.rest.webhook import Webhook, parse_webhook

__all__ = [
    "Answer",
    "B24Error",
    "BatchAnswer",
    "CallTime",
    "Failed",
    "Fault",
    "FieldProblem",
    "Format",
    "NotRun",
    "Outcome",
    "Params",
    "Portal",
    "RedactingFormatter",
    "Redactor",
    "Succeeded",
    "Webhook",
    "check_method_name",
    "our_error",
    "parse_webhook",
]

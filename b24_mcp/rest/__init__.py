"""The Bitrix24 client: one door, `Portal`, to one portal."""

from b24_mcp.rest.answer import Answer, CallTime
from b24_mcp.rest.commands import check_commands
from b24_mcp.rest.credential import Credential
from b24_mcp.rest.effort import Clock, OnWait, SystemClock
from b24_mcp.rest.errors import B24Error, Fault, FieldProblem, our_error
from b24_mcp.rest.guarding import Act, Guard, act_of_call, acts_of_batch
from b24_mcp.rest.json_text import finite, to_json
from b24_mcp.rest.limits import Plan
from b24_mcp.rest.method_name import check_method_name, documented_name, is_method_name
from b24_mcp.rest.outcomes import BatchAnswer, BatchMaps, Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.params import Params, written_as_query
from b24_mcp.rest.portal import Portal
from b24_mcp.rest.redaction import RedactingFormatter, Redactor, each_text, hide_fields
from b24_mcp.rest.references_v3 import holds_references
from b24_mcp.rest.rehearsal import Rehearsal, rehearse
from b24_mcp.rest.request import Format, Request
from b24_mcp.rest.sending import PortalOptions
from b24_mcp.rest.unseen import printable, show_hidden, without_hidden
from b24_mcp.rest.webhook import Webhook, parse_webhook

__all__ = [
    "Act",
    "Answer",
    "B24Error",
    "BatchAnswer",
    "BatchMaps",
    "CallTime",
    "Clock",
    "Credential",
    "Failed",
    "Fault",
    "FieldProblem",
    "Format",
    "Guard",
    "NotRun",
    "OnWait",
    "Outcome",
    "Params",
    "Plan",
    "Portal",
    "PortalOptions",
    "RedactingFormatter",
    "Redactor",
    "Rehearsal",
    "Request",
    "Succeeded",
    "SystemClock",
    "Webhook",
    "act_of_call",
    "acts_of_batch",
    "check_commands",
    "check_method_name",
    "documented_name",
    "each_text",
    "finite",
    "hide_fields",
    "holds_references",
    "is_method_name",
    "our_error",
    "parse_webhook",
    "printable",
    "rehearse",
    "show_hidden",
    "to_json",
    "without_hidden",
    "written_as_query",
]

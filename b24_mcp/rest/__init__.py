"""The Bitrix24 client: `Portal` sends every request to one portal."""

from b24_mcp.errors.table import register
from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.auth.webhook import Webhook, parse_webhook
from b24_mcp.rest.batch.commands import BatchPlan, plan_batch
from b24_mcp.rest.batch.dry_run import DryRun, dry_run_batch
from b24_mcp.rest.batch.outcomes import BatchAnswer, BatchMaps, Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.batch.references_v3 import holds_references
from b24_mcp.rest.codes import CODES
from b24_mcp.rest.guard import Guard, RequestHook
from b24_mcp.rest.limits.deadline import Clock, OnWait, SystemClock
from b24_mcp.rest.limits.limits import Plan
from b24_mcp.rest.planned import ChangedRecord, MethodCall, PlannedBatch, PlannedCall, plan_call
from b24_mcp.rest.portal import Portal
from b24_mcp.rest.portal_options import PortalOptions
from b24_mcp.rest.shared_portal import SharedPortal
from b24_mcp.rest.wire.answer import Answer, CallTime
from b24_mcp.rest.wire.json_text import finite, to_json, to_json_bytes
from b24_mcp.rest.wire.method_name import check_method_name, documented_name, is_method_name
from b24_mcp.rest.wire.params import Params, written_as_query
from b24_mcp.rest.wire.request import Format, Request, WireCall

__all__ = [
    "Answer",
    "BatchAnswer",
    "BatchMaps",
    "BatchPlan",
    "CallTime",
    "ChangedRecord",
    "Clock",
    "Credential",
    "DryRun",
    "Failed",
    "Format",
    "Guard",
    "MethodCall",
    "NotRun",
    "OnWait",
    "Outcome",
    "Params",
    "Plan",
    "PlannedBatch",
    "PlannedCall",
    "Portal",
    "PortalOptions",
    "Request",
    "RequestHook",
    "SharedPortal",
    "Succeeded",
    "SystemClock",
    "Webhook",
    "WireCall",
    "check_method_name",
    "documented_name",
    "dry_run_batch",
    "finite",
    "holds_references",
    "is_method_name",
    "parse_webhook",
    "plan_batch",
    "plan_call",
    "to_json",
    "to_json_bytes",
    "written_as_query",
]

register("rest", CODES)

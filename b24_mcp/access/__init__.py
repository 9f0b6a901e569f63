"""Access control: callers, access levels, the gate, approvals, the audit log, and notices about texts by outsiders."""

from typing import TYPE_CHECKING

from b24_mcp.access.caller import LEVELS, Caller, Level, calling, current_caller, os_user, probing
from b24_mcp.access.codes import CODES
from b24_mcp.errors.table import register
from b24_mcp.lazy import lazy_exports

if TYPE_CHECKING:
    from b24_mcp.access.approvals import Approvals, PendingApproval
    from b24_mcp.access.audit import AuditTrail, default_folder
    from b24_mcp.access.content import NOTICE
    from b24_mcp.access.gate import AccessRules, Gate, Judgement, Ruling
    from b24_mcp.access.permits import Permit, digest_of_call
    from b24_mcp.access.questions import question, reasons_in
    from b24_mcp.access.recent_writes import RecentWrite, RecentWrites
    from b24_mcp.access.risks import risks_in_words, with_risks
    from b24_mcp.access.write_window import WriteWindow

__all__ = [
    "LEVELS",
    "NOTICE",
    "AccessRules",
    "Approvals",
    "AuditTrail",
    "Caller",
    "Gate",
    "Judgement",
    "Level",
    "PendingApproval",
    "Permit",
    "RecentWrite",
    "RecentWrites",
    "Ruling",
    "WriteWindow",
    "calling",
    "current_caller",
    "default_folder",
    "digest_of_call",
    "os_user",
    "probing",
    "question",
    "reasons_in",
    "risks_in_words",
    "with_risks",
]

register("access", CODES)

# The server needs only the caller to start.
__getattr__ = lazy_exports(
    __name__,
    {
        "approvals": ("Approvals", "PendingApproval"),
        "audit": ("AuditTrail", "default_folder"),
        "content": ("NOTICE",),
        "gate": ("AccessRules", "Gate", "Judgement", "Ruling"),
        "permits": ("Permit", "digest_of_call"),
        "questions": ("question", "reasons_in"),
        "recent_writes": ("RecentWrite", "RecentWrites"),
        "risks": ("risks_in_words", "with_risks"),
        "write_window": ("WriteWindow",),
    },
)

"""What an assistant may do, and who lets it: the caller and the levels of access, rules and the gate that keeps them,
approvals, audit trail, care with strangers' words.
"""

from b24_mcp.access.approvals import Approvals, PendingApproval
from b24_mcp.access.audit import AuditTrail, default_folder
from b24_mcp.access.caller import Caller
from b24_mcp.access.codes import CODES
from b24_mcp.access.content import NOTICE, may_hold_words_of_strangers
from b24_mcp.access.current import calling, current_caller, os_user, probing
from b24_mcp.access.gate import Gate, Judgement, Ruling
from b24_mcp.access.levels import LEVELS, Level
from b24_mcp.access.permits import Permit, digest_of_call
from b24_mcp.access.questions import question
from b24_mcp.access.rules import AccessRules
from b24_mcp.errors.table import register

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
    "Ruling",
    "calling",
    "current_caller",
    "default_folder",
    "digest_of_call",
    "may_hold_words_of_strangers",
    "os_user",
    "probing",
    "question",
]

register("access", CODES)

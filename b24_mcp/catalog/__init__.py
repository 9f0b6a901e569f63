"""What the REST API offers. It knows no portal and works offline."""

from b24_mcp.catalog.catalogue import Catalogue, Effect, Method
from b24_mcp.catalog.checking import Problem, check_arguments
from b24_mcp.catalog.effects import is_reading, known_methods, load
from b24_mcp.catalog.facts import Version
from b24_mcp.catalog.risks import RISK_KINDS, Condition, Risk, RiskKind
from b24_mcp.catalog.versions import choose_version

__all__ = [
    "RISK_KINDS",
    "Catalogue",
    "Condition",
    "Effect",
    "Method",
    "Problem",
    "Risk",
    "RiskKind",
    "Version",
    "check_arguments",
    "choose_version",
    "is_reading",
    "known_methods",
    "load",
]

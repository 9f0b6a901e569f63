"""What the REST API offers. It knows no portal and works offline."""

from b24_mcp.catalog.brackets import ClashError, nest_brackets
from b24_mcp.catalog.catalogue import Catalogue, Effect, Method
from b24_mcp.catalog.checking import Problem, check_arguments
from b24_mcp.catalog.effects import is_reading, known_methods, load
from b24_mcp.catalog.facts import Version
from b24_mcp.catalog.positional import arguments_of, arrange, written_order
from b24_mcp.catalog.risks import RISK_KINDS, Risk, RiskCondition, RiskKind
from b24_mcp.catalog.versions import choose_version

__all__ = [
    "RISK_KINDS",
    "Catalogue",
    "ClashError",
    "Effect",
    "Method",
    "Problem",
    "Risk",
    "RiskCondition",
    "RiskKind",
    "Version",
    "arguments_of",
    "arrange",
    "check_arguments",
    "choose_version",
    "is_reading",
    "known_methods",
    "load",
    "nest_brackets",
    "written_order",
]

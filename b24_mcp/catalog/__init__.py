"""The catalogue of REST methods: facts, effects, risks, search, and the check of arguments. Works offline."""

from __future__ import annotations

from b24_mcp.catalog.arguments import Problem, is_reference
from b24_mcp.catalog.arguments.texts import RepeatedNameError, read_json_text
from b24_mcp.catalog.brackets import ClashError, nest_brackets
from b24_mcp.catalog.catalogue import Catalogue
from b24_mcp.catalog.events import event_problems
from b24_mcp.catalog.facts import Event, MethodFacts, Parameter, Version
from b24_mcp.catalog.lookup import choose_version, is_reading, known_methods, load
from b24_mcp.catalog.method import Effect, Method, RiskyMethod
from b24_mcp.catalog.outside_texts import has_outside_texts
from b24_mcp.catalog.positional import NOT_A_PARAMETER, arguments_of, arrange, written_order
from b24_mcp.catalog.replacements import advice_on, successors_of
from b24_mcp.catalog.risks import RISK_KINDS, Risk, RiskCondition, RiskKind

__all__ = [
    "NOT_A_PARAMETER",
    "RISK_KINDS",
    "Catalogue",
    "ClashError",
    "Effect",
    "Event",
    "Method",
    "MethodFacts",
    "Parameter",
    "Problem",
    "RepeatedNameError",
    "Risk",
    "RiskCondition",
    "RiskKind",
    "RiskyMethod",
    "Version",
    "advice_on",
    "arguments_of",
    "arrange",
    "choose_version",
    "event_problems",
    "has_outside_texts",
    "is_reading",
    "is_reference",
    "known_methods",
    "load",
    "nest_brackets",
    "read_json_text",
    "successors_of",
    "written_order",
]

"""Judge the document of a workflow: three texts, the module, the class and the id with its beginning.

Source: documentation, bizproc.workflow.start.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from b24_mcp.catalog.arguments.references import has_reference

_CLASSES = {
    "LEAD": "CCrmDocumentLead",
    "COMPANY": "CCrmDocumentCompany",
    "CONTACT": "CCrmDocumentContact",
    "DEAL": "CCrmDocumentDeal",
    "DYNAMIC": "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic",
}
_ID = re.compile(r"(?P<kind>[A-Z]+(?:_[A-Z]+)*)(_\d+)?_(?P<number>\d+)", re.ASCII)
_CRM = "crm"


def document_problem(name: str, value: Sequence[object]) -> str:
    """Return what is wrong with a list as the document of a workflow; empty for anything else and for other modules."""
    texts = [str(one) for one in value]
    if name.upper() != "DOCUMENT_ID" or not texts or any(map(has_reference, texts)):
        return ""
    found = _ID.fullmatch(texts[-1])
    if texts[0].lower() != _CRM and (len(texts) > 1 or not found or found["kind"] not in _CLASSES):
        return ""
    if len(texts) == len(("module", "class", "id")) and found:
        right = _CLASSES.get(found["kind"])
        if right is None or texts[1].lstrip("\\") == right:
            return ""
        return f"must be {_form(found['kind'], texts[-1])}"
    said = " ".join(texts).upper()
    kind = next((one for one in _CLASSES if one in said), "DEAL")
    number = texts[-1][len(texts[-1].rstrip("0123456789")) :]
    example = texts[-1] if found else f"{kind}_{number or 1}"
    if kind == "DYNAMIC" and not found:
        example = "DYNAMIC_147_1"
    return f"must be a list of three texts, such as {_form(kind, example)}"


def _form(kind: str, number: str) -> str:
    escaped = _CLASSES[kind].replace("\\", "\\\\")
    return f'["crm", "{escaped}", "{number}"]'

"""`crm.duplicate.findbycomm`: leads, contacts and companies that share a phone or an e-mail.

Documentation: api-reference/crm/duplicates/crm-duplicate-find-by-comm.
"""

from __future__ import annotations

import re

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import COMPANY, CONTACT, LEAD
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("crm")
register = method.register

MOST = 20
_NOT_DIGIT = re.compile(r"\D")


def _wrong(text: str) -> PortalError:
    return PortalError(text, text)


def normal(kind: str, value: str) -> str:
    """Normalise a value: a phone to its digits (a Russian 8 becomes 7), an e-mail to lower case."""
    if kind == "EMAIL":
        return value.strip().lower()
    digits = _NOT_DIGIT.sub("", value)
    return "7" + digits[1:] if len(digits) == 11 and digits.startswith("8") else digits


@method("crm.duplicate.findbycomm")
def _find(call: Call) -> Value:
    kind = php.text(call.classic("type")).upper()
    if not kind:
        raise _wrong("Communication type is not defined")
    if kind not in ("EMAIL", "PHONE"):
        raise _wrong(f"Communication type '{kind}' is not supported in current context")
    wanted = {normal(kind, php.text(value)) for value in php.as_list(call.classic("values"))[:MOST]} - {""}
    if not wanted:
        raise _wrong("Communication values is not defined")
    only = php.text(call.classic("entity_type")).upper()
    found: Map = {}
    for entity in (LEAD, CONTACT, COMPANY):
        if only and entity.owner != only:
            continue
        matches: list[int] = []
        for row in call.storage.multifield_values(entity.owner, kind):
            owner = row.integer("OWNER_ID")
            if owner not in matches and normal(kind, row.text("VALUE")) in wanted:
                matches.append(owner)
        if matches:
            found[entity.owner] = matches[:MOST]
        if len(matches) >= MOST:
            break
    return found

"""Blocks of sites, agreements of users, and the lists of signed documents. Other lists are constant (`methods.plain`).

Documentation: api-reference/{landing,user-consent}.
"""

from __future__ import annotations

import ipaddress

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError, wrong_argument
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant

landing = MethodTable("landing")
consent = landing.of_scope("userconsent")
register = landing.register

_CONSENTS = RecordsByCode("consent")
_LABEL = "Нажимая кнопку, я соглашаюсь на обработку моих персональных данных"


@landing("landing.block.getrepository")
def _repository(call: Call) -> Value:
    """The blocks by section, or those of one section."""
    section = php.text(call.params.get("section"))
    blocks = php.as_map(constant("sites.blocks"))
    return blocks.get(section, False) if section else blocks


def _agreement(call: Call, name: str) -> Map:
    sent = php.text(call.upper_case().get(name))
    if not sent:
        raise wrong_argument("Parameter `Agreement ID` required")
    known = map(php.as_map, php.as_list(constant("sites.agreements")))
    found = next((row for row in known if row["ID"] == sent), None)
    if found is None:
        raise wrong_argument(f"Agreement with id `{sent}` not found")
    return found


consent.add("userconsent.agreement.list", lambda call: constant("sites.agreements"))


@consent("userconsent.agreement.text")
def _agreement_text(call: Call) -> Value:
    agreement = _agreement(call, "ID")
    return {"LABEL": _LABEL, "TEXT": f"{php.text(agreement['NAME'])}\n\n{_LABEL}."}


@consent("userconsent.consent.add")
def _consent_add(call: Call) -> Value:
    """Write that a user has agreed."""
    agreement, sent = _agreement(call, "AGREEMENT_ID"), call.upper_case()
    try:
        address = str(ipaddress.ip_address(php.text(sent.get("IP"))))
    except ValueError:
        raise wrong_argument("IP is not valid") from None
    data: Map = {name: sent.get(name) for name in ("USER_ID", "URL", "ORIGIN_ID", "ORIGINATOR_ID")}
    return _CONSENTS.add(call, php.text(agreement["ID"]), {**data, "IP": address})


sign = landing.of_scope("sign.b2e")


@sign("sign.b2e.mysafe.tail")
@sign("sign.b2e.personal.tail")
def _signed(call: Call) -> Value:
    """The signed documents: none. These methods refuse a webhook with another status than all others."""
    if call.application is None:
        text = "Current authorization type is denied for this method Application context required"
        raise PortalError("WRONG_AUTH_TYPE", text, 401)
    return []

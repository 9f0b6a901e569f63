"""`user.userfield.*`: fields of users, with the prefix `UF_USR_` (documentation: api-reference/user/userfields)."""

from __future__ import annotations

from b24_sandbox import php, user_fields
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import crm_userfields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("user.userfield")
register = method.register

PREFIX = "UF_USR_"


@method("user.userfield.add")
def _add(call: Call) -> Value:
    sent = php.as_map(call.classic("fields"))
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if not php.text(sent.get(name)):
            raise PortalError("", f"The '{name}' field is not found.")
    kind, name = php.text(sent["USER_TYPE_ID"]), php.text(sent["FIELD_NAME"]).strip().upper()
    if not name.startswith(PREFIX):
        name = PREFIX + name.removeprefix("UF_")
    columns: Map = {
        **crm_userfields._columns(sent, kind, None),
        "FIELD_NAME": user_fields.checked_name(name),
        "USER_TYPE_ID": kind,
        "MULTIPLE": "Y" if sent.get("MULTIPLE") == "Y" else "N",
    }
    items = [php.as_map(item) for item in php.as_list(sent.get("LIST"))] if kind == "enumeration" else []
    return user_fields.create(call.portal, USER, columns, items)


for _name in ("list", "update", "delete"):
    method.add(f"user.userfield.{_name}", crm_userfields.over(crm_userfields.ACTIONS[_name], USER))

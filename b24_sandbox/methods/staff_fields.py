"""`user.userfield.*`: fields of users, with the prefix `UF_USR_` (documentation: api-reference/user/userfields)."""

from __future__ import annotations

from b24_sandbox import php, user_fields
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.methods import crm_userfields
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable

method = MethodTable("user.userfield")
register = method.register

PREFIX = "UF_USR_"


def _full_name(sent: str) -> str:
    name = sent.strip().upper()
    return user_fields.checked_name(name if name.startswith(PREFIX) else PREFIX + name.removeprefix("UF_"))


@method("user.userfield.add")
def _add(call: Call) -> Value:
    return crm_userfields.create(call, USER, php.as_map(call.classic("fields")), _full_name)


for _name in ("list", "update", "delete"):
    method.add(f"user.userfield.{_name}", crm_userfields.over(crm_userfields.ACTIONS[_name], USER))

"""`user.userfield.*`: fields of users, with the prefix `UF_USR_` (documentation: api-reference/user/userfields)."""

from __future__ import annotations

from functools import partial

from b24_sandbox import php, user_fields
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import crm_userfields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

PREFIX = "UF_USR_"


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


def register(registry: Registry) -> None:
    """Register the fields of users. They use the methods of classic CRM."""
    for action, run in (
        ("add", _add),
        ("list", partial(crm_userfields._list, base=USER)),
        ("update", partial(crm_userfields._update, base=USER)),
        ("delete", partial(crm_userfields._delete, base=USER)),
    ):
        registry.classic(f"user.userfield.{action}", "user.userfield", run)
        registry.restrict(f"user.userfield.{action}", PortalError("", "Access denied."))

"""`crm.deal.recurring.{add,delete,expose}`: templates of deals that are created again and again.

An add copies the deal to a template, an expose creates a deal of the template. Documentation:
api-reference/crm/deals/recurring-deals.
"""

from __future__ import annotations

from b24_sandbox import dates, declared, engine, php
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of, stored
from b24_sandbox.entities.crm import DEAL
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.crm_classic import live
from b24_sandbox.methods.declared import run_of
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("crm")
register = method.register

_FAMILY = declared.by_name("crm.deal.recurring")
_OWN = frozenset(("ID", "DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "MOVED_BY_ID", "CREATED_BY_ID", "MODIFY_BY_ID"))
"""What a copy does not take over from its deal."""


def _copy(call: Call, deal: int, **changed: Value) -> int:
    face = live(call, "crm.deal")
    kept = {name: value for name, value in engine.read(face, call, deal).items() if name not in _OWN}
    return engine.create(face, call, {**kept, **changed})


@method("crm.deal.recurring.add")
def _add(call: Call) -> Value:
    face = face_of(_FAMILY)
    sent = face.values(call, True)
    deal = php.integer(sent["DEAL_ID"])
    storage = call.storage
    if storage.row(DEAL, deal) is None:
        raise PortalError("", "Deal id is empty.")
    if storage.count(_FAMILY.entity, "DEAL_ID = ?", [deal]):
        raise PortalError("", "Deal already has recurring settings.")
    if sent.get("IS_LIMIT") not in ("N", "D", "T"):
        sent = {**sent, "IS_LIMIT": "N"}
    template = _copy(call, deal, IS_RECURRING="Y")
    record = engine.create(face, call, {**sent, "DEAL_ID": template})
    storage.update(_FAMILY.entity, record, {"BASED_ID": deal})
    return record


@method("crm.deal.recurring.delete")
def _delete(call: Call) -> Value:
    row = stored(_FAMILY, call, "delete")
    if call.storage.row(DEAL, row.integer("DEAL_ID")) is not None:
        raise PortalError("", "Deleting is impossible. Connected recurring deal exists.")
    return run_of(_FAMILY, "delete")(call)


@method("crm.deal.recurring.expose")
def _expose(call: Call) -> Value:
    row = stored(_FAMILY, call)
    changed: Map = {"IS_RECURRING": "N"}
    if row.text("CATEGORY_ID"):
        changed["CATEGORY_ID"] = row.integer("CATEGORY_ID")
    deal = _copy(call, row.integer("DEAL_ID"), **changed)
    executed: Map = {"COUNTER_REPEAT": row.integer("COUNTER_REPEAT") + 1, "LAST_EXECUTION": dates.iso(call.now)}
    call.storage.update(_FAMILY.entity, row.id, executed)
    fields: Map = {"ID": row["ID"], "RECURRING_DEAL_ID": row["DEAL_ID"], "DEAL_ID": deal}
    call.portal.changes.announce("ONCRMDEALRECURRINGEXPOSE", {"FIELDS": fields}, call.user)
    return {"DEAL_ID": deal}

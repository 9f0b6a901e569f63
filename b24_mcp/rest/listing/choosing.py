"""Which way of reading fits a method: what the catalogue knows of its paging, and a table where that is not enough.

Source: documentation, the pages of the methods and settings/performance/huge-data; measured behaviour of the families.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog import Version, known_methods
from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.rest.errors import our_error
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.offset import Offset
from b24_mcp.rest.listing.query import Names, keyset_query, without_order
from b24_mcp.rest.listing.rows import Shape
from b24_mcp.rest.listing.steps import ByIdV3, Follow, LastId, LimitOffset, NavParams, Once, PageNumber, Steps
from b24_mcp.rest.listing.strategy import Account, Door, OtherWayError, Strategy
from b24_mcp.rest.listing.tally import Tally
from b24_mcp.rest.listing.walk import Walk
from b24_mcp.rest.params import NotExpressibleError, Params, query_string
from b24_mcp.rest.references import replaced_by_portal

_CLASSIC = Names()
_CONTROLLER = Names(field="id", exact=True)
_NO_SELECT = Names(select=None)
# How these spell a query by id; the others do as their family does.
_SPELLED = {
    "tasks.task.list": Names(exact=True),
    "crm.stagehistory.list": Names(exact=True),
    "socialnetwork.api.workgroup.list": Names(exact=True),
    "catalog.userfield.document.list": Names(field="documentId", exact=True),
    "user.get": Names(filter="FILTER", sorting="sort"),
    "lists.element.get": Names(filter="FILTER", order="ELEMENT_ORDER", select="SELECT"),
    "entity.item.get": Names(filter="FILTER", order="SORT", select=None),
    "entity.section.get": Names(filter="FILTER", order="SORT", select=None),
    "sonet_group.get": Names(filter="FILTER", order="ORDER", select=None),
    "voximplant.statistic.get": Names(filter="FILTER", order="ORDER", select=None, sorting="SORT"),
    "event.offline.list": _NO_SELECT,
}
# Their rows have no number that could be filtered and ordered by, or (disk) a page leaves out what may not be seen.
_WITHOUT_ID = {
    "bizproc.workflow.instances",
    "catalog.userfield.document.list",
    "crm.address.list",
    "crm.orderentity.list",
    "crm.requisite.link.list",
    "disk.folder.getchildren",
    "disk.storage.getchildren",
    "disk.storage.getlist",
    "sale.businessvaluepersondomain.list",
    "sale.status.list",
    "sale.statuslang.list",
    "user.search",
}
# Beside these, user.get takes conditions at its top level, which a FILTER would make it forget.
_USER_GET = {"sort", "order", "filter", "select", "start", "admin_mode", "image_resize"}
_NAV_ARGUMENT = {"task.item.list": 2, "task.items.getlist": 3, "task.elapseditem.getlist": 4}
_LIST_KEYS = {"log.blogcomment.user.get": "comments"}
_LARGEST_LIMIT = {"tasks.task.list": 50}


@dataclass(slots=True)
class Choice:
    """The ways to read one list, best first. `open` makes the present one, `other` goes on to the next."""

    door: Door
    method: str
    params: Params
    facts: MethodFacts
    account: Account = field(default_factory=Account)

    def open(self, name: str | None = None) -> Strategy:
        """Make the best strategy, or the one a cursor names.

        Raises:
            B24Error: `B24MCP_CURSOR` when this list is not read that way.
        """
        ways = [self._keyset(), *self._others()]
        found = next((way for way in ways if way is not None and name in (None, way.name)), None)
        if found is None:
            raise our_error("B24MCP_CURSOR", f"resume names another way of reading {self.method}.", method=self.method)
        return found

    def other(self, failed: Strategy, why: OtherWayError) -> Strategy:
        """Make the strategy to use instead of one that the method does not bear.

        Raises:
            B24Error: `B24MCP_LIST_SHAPE` when there is none.
        """
        for way in self._others():
            if type(way) is not type(failed) or way.name != failed.name:
                if isinstance(way, Offset):
                    way.leave_out(why.given)
                self.account.note(f"{self.method} was not read by {failed.name}: {why}")
                return way
        raise our_error("B24MCP_LIST_SHAPE", f"{self.method} cannot be read: {why}.", method=self.method) from why

    @property
    def _shape(self) -> Shape:
        result = self.facts.result
        list_key = _LIST_KEYS.get(self.method.lower(), result.list_key)
        is_map = result.is_map or result.kind == "map"
        return Shape(self.method, list_key, is_map)

    @property
    def _names(self) -> Names | None:
        """How to ask for ids; None when that is not possible with this method and these parameters."""
        name = self.method.lower()
        if not isinstance(self.params, dict) or name in _WITHOUT_ID or self._shape.is_map:
            return None
        if name == "user.get" and any(given.lower() not in _USER_GET for given in self.params):
            return None
        return _names(self.facts)

    def _keyset(self) -> Strategy | None:
        params = self.params
        if not isinstance(params, dict):
            return None
        if self.facts.version == "v3":
            steps = _by_id_v3(self.facts, params)
            return None if steps is None else self._walk(steps)
        names = self._names
        if names is None:
            return None
        query = keyset_query(params, names)
        if query is None:  # an order of the reader's own, which offset honours
            return None
        return Keyset(
            self.door,
            self.method,
            self._shape,
            query,
            self.account,
            together=fits_in_a_batch(params),
        )

    def _others(self) -> list[Strategy]:
        params, paging = self.params, self.facts.paging
        if self.facts.version == "v3":
            return [self._walk(Follow(_mapping(params), paging or "none") if paging != "none" else Once(params))]
        if isinstance(params, list):
            argument = _NAV_ARGUMENT.get(self.method.lower())
            nav = (
                None
                if argument is None
                else NavParams(params, argument, bare=self.method.lower() == "task.items.getlist")
            )
            return [self._walk(nav or Once(params))]
        if paging in ("A", "B", "C"):
            return [self._offset()]
        steps = _steps(self.facts, params)
        return [self._walk(steps), self._offset()] if isinstance(steps, Once) else [self._walk(steps)]

    def _walk(self, steps: Steps) -> Walk:
        return Walk(self.door, self.method, self._shape, steps, self.account, self.facts.version)

    def _offset(self) -> Offset:
        params, names = _mapping(self.params), self._names
        query = None if names is None else keyset_query(without_order(params, names), names)
        tally = None if query is None else Tally(self.door, self.method, self._shape, query)
        together = fits_in_a_batch(params)
        return Offset(self.door, self.method, self._shape, params, self.account, together=together, tally=tally)


def facts_of(method: str, version: Version | None) -> MethodFacts:
    """Look up a method that may be read as a list.

    Raises:
        B24Error: `B24MCP_NOT_A_LIST`; nothing was sent.
    """
    catalogue = known_methods()
    known = catalogue.method(method, version)
    if known is None:
        why = "is not in the catalogue, so it is not known how its pages follow each other"
    elif known.effect != "read":
        why = "does more than read, so it is not called again and again"
    elif known.facts.paging is None or known.facts.result.kind in ("string", "boolean", "integer"):
        why = "gives no list"
    else:
        return known.facts
    raise our_error("B24MCP_NOT_A_LIST", f"{method} {why}.", method=method)


def check_given(params: Params, facts: MethodFacts) -> None:
    """Check whether parameters have the form this list takes them in.

    Raises:
        B24Error: `B24MCP_PARAMS`; nothing was sent.
    """
    if isinstance(params, list) and not facts.positional:
        raise our_error("B24MCP_PARAMS", f"{facts.method} takes named parameters, not a list.", method=facts.method)
    if isinstance(params, Mapping) and not _is_start(params.get("start")):
        raise our_error(
            "B24MCP_PARAMS",
            f"start must be a whole number: how many rows {facts.method} leaves out at the beginning.",
            method=facts.method,
            hint="Nothing was sent. Leave start out to read the whole list.",
        )


def _is_start(value: Any) -> bool:
    """Whether a value can be the parameter `start`; -1 asks the portal not to count."""
    if isinstance(value, str):
        return re.fullmatch(r"(?:\s*-?[0-9]{1,15}\s*)?", value) is not None
    if isinstance(value, float):
        return value.is_integer()
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def fits_in_a_batch(params: Params) -> bool:
    """Tell whether a batch says these parameters without loss."""
    try:
        query_string(params)
    except NotExpressibleError:
        return False
    return not replaced_by_portal(params)


def _names(facts: MethodFacts) -> Names | None:
    """How the method spells a query by id; None when its page shows no filter or no order."""
    name = facts.method.lower()
    if name in _SPELLED:
        return _SPELLED[name]
    has = {parameter.name for parameter in facts.params}
    if facts.paging not in ("A", "B", "C") or not {"filter", "order"} <= has:
        return None
    family = _CONTROLLER if facts.paging == "B" else _CLASSIC
    return family if "select" in has else Names(select=None, field=family.field, exact=family.exact)


def _by_id_v3(facts: MethodFacts, params: Mapping[str, Any]) -> Steps | None:
    has = {parameter.name for parameter in facts.params}
    order, conditions = params.get("order"), params.get("filter")
    if facts.paging != "pagination" or not {"filter", "order"} <= has or "pagination" in params:
        return None
    if conditions not in (None, {}) and not isinstance(conditions, list):
        return None
    rising = isinstance(order, dict) and [*order] == ["id"] and str(order["id"]).lower() == "asc"
    if order not in (None, [], {}) and not rising:
        return None
    select = params.get("select")
    if isinstance(select, list) and select and "id" not in select:
        return None
    return ByIdV3(params, _LARGEST_LIMIT.get(facts.method.lower(), 500))


def _steps(facts: MethodFacts, params: dict[str, Any]) -> Steps:
    name = facts.method.lower()
    fields = {parameter.name: {inner.name for inner in parameter.fields} for parameter in facts.params}
    match facts.paging:
        case "LIMIT/OFFSET" if "OFFSET" in fields:
            return LimitOffset(params, "LIMIT", "OFFSET")
        case "limit/offset":
            inside = next((outer for outer, inner in fields.items() if "offset" in inner), None)
            if "offset" in fields or inside is not None:
                return LimitOffset(params, "limit", "offset", inside)
        case "page":
            return PageNumber(params)
        case "LAST_ID":
            rising = name == "im.dialog.users.list" or "ASC" in str(params.get("ORDER", "")).upper()
            return LastId(params, typed=name == "im.notify.get", rising=rising)
        case _:
            pass
    return Once(params)


def _mapping(params: Params) -> dict[str, Any]:
    return dict(params) if isinstance(params, dict) else {}

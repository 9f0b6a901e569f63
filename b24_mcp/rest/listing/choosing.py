"""Which way of reading fits a method: what the catalogue knows of its paging, and `catalog/data/lists.tsv` beside it.

Source: documentation, settings/performance/huge-data; measured behaviour of the families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog import Version, known_methods
from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.catalog.lists import ListFacts, list_facts
from b24_mcp.errors import our_error
from b24_mcp.rest.batch.references import replaced_by_portal
from b24_mcp.rest.listing.checking import ById
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.offset import Offset
from b24_mcp.rest.listing.query import Names, keyset_query, with_id, without_order
from b24_mcp.rest.listing.rows import Shape
from b24_mcp.rest.listing.steps import ByIdV3, Follow, LastId, LimitOffset, NavParams, Once, PageNumber, Steps
from b24_mcp.rest.listing.strategy import Account, ListSender, OtherWayError, Strategy
from b24_mcp.rest.listing.walk import Walk
from b24_mcp.rest.wire.params import Params, fits_query_string

_CLASSIC = Names()
_CONTROLLER = Names(field="id", exact=True)


@dataclass(slots=True)
class Choice:
    """The ways to read one list, best first. `open` makes the present one, `other` goes on to the next."""

    sender: ListSender
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
        list_key = self._special.list_key or result.list_key
        is_map = result.is_map or result.kind == "map"
        return Shape(self.method, list_key, is_map)

    @property
    def _names(self) -> Names | None:
        """How to ask for ids; None when that is not possible with this method and these parameters."""
        top = self._special.top
        if not isinstance(self.params, dict) or not self._special.by_id or self._shape.is_map:
            return None
        if top and any(given.lower() not in top for given in self.params):
            return None  # conditions at the top level, which a filter would make the portal forget
        return _names(self.facts)

    @property
    def _special(self) -> ListFacts:
        return list_facts(self.method, self.facts.version)

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
            self.sender,
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
            argument = self._special.argument
            if argument == 4 and params and isinstance(params[0], dict | list):
                argument = 3  # without a task in the first place the others move up
            bare = self._special.variant == "bare"
            nav = None if argument is None else NavParams(params, argument, bare=bare)
            return [self._walk(nav or Once(params))]
        if paging in ("A", "B", "C"):
            return [self._offset()]
        steps = _steps(self.facts, params)
        return [self._walk(steps), self._offset()] if isinstance(steps, Once) else [self._walk(steps)]

    def _walk(self, steps: Steps) -> Walk:
        return Walk(self.sender, self.method, self._shape, steps, self.account, self.facts.version)

    def _offset(self) -> Offset:
        params, names = _mapping(self.params), self._names
        together = fits_in_a_batch(params)
        query = None if names is None else keyset_query(without_order(params, names), names)
        by_id, strip = None, False
        if names is not None and query is not None:
            by_id = ById(self.sender, self.method, self._shape, query, together)
            params, strip = with_id(params, names)
        return Offset(
            self.sender, self.method, self._shape, params, self.account, together=together, by_id=by_id, strip=strip
        )


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


def fits_in_a_batch(params: Params) -> bool:
    """Whether a batch carries these parameters unchanged. Otherwise each page is a call of its own, in JSON."""
    return fits_query_string(params) and not replaced_by_portal(params)


def _names(facts: MethodFacts) -> Names | None:
    """How the method spells a query by id; None when its page shows no filter or no order."""
    special = list_facts(facts.method, facts.version)
    if special.is_spelled:
        return Names(
            filter=special.filter or "filter",
            order=special.order or "order",
            select=None if special.select == "none" else special.select or "select",
            field=special.id or "ID",
            exact=special.exact,
            sorting=special.sort,
        )
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
    return ByIdV3(params, list_facts(facts.method, facts.version).largest or 500)


def _steps(facts: MethodFacts, params: dict[str, Any]) -> Steps:
    variant = list_facts(facts.method, facts.version).variant
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
            rising = variant == "rising" or "ASC" in str(params.get("ORDER", "")).upper()
            return LastId(params, typed=variant == "typed", rising=rising)
        case _:
            pass
    return Once(params)


def _mapping(params: Params) -> dict[str, Any]:
    return dict(params) if isinstance(params, dict) else {}

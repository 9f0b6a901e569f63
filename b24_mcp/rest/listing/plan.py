"""The plan for reading a list: which strategies suit a method and its parameters, best first.

It follows from the method's paging in the catalogue and from `catalog/data/lists.tsv`. Source: documentation,
settings/performance/huge-data; measured behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_mcp.catalog import Version, known_methods
from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.catalog.lists import ListFacts, family_facts, list_facts
from b24_mcp.errors import our_error
from b24_mcp.rest.batch.references import replaced_by_portal
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.offset import Offset
from b24_mcp.rest.listing.query import QueryNames, keyset_query, with_id, without_order
from b24_mcp.rest.listing.rows import Shape
from b24_mcp.rest.listing.steps import LastId, LimitOffset, NavParams, Once, PageNumber, Steps
from b24_mcp.rest.listing.steps_v3 import PAGE_SIZE_V3, ByIdV3, Follow
from b24_mcp.rest.listing.strategy import ListSender, ListSummary, Strategy, UnsuitableStrategyError
from b24_mcp.rest.listing.verification import IdVerification
from b24_mcp.rest.listing.walk import Walk
from b24_mcp.rest.wire.params import Params, fits_query_string


@dataclass(slots=True)
class ListPlan:
    """The strategies for one list. `open` makes the first one, `replace` the one after a strategy that failed.

    With `in_order` no strategy changes the order of the rows.
    """

    sender: ListSender
    method: str
    params: Params
    facts: MethodFacts
    summary: ListSummary = field(default_factory=ListSummary)
    in_order: bool = False

    def open(self, name: str | None = None) -> Strategy:
        """Make the best strategy, or the one that a cursor names.

        Raises:
            B24Error: `B24MCP_CURSOR` if no strategy of this list has that name.
        """
        strategies = [None if self.in_order else self._by_id(), *self._others()]
        found = next((one for one in strategies if one is not None and name in (None, one.name)), None)
        if found is None:
            raise our_error("B24MCP_CURSOR", f"resume names another way of reading {self.method}.", method=self.method)
        return found

    def replace(self, failed: Strategy, why: UnsuitableStrategyError) -> Strategy:
        """Make the strategy to use instead of one that the method does not support.

        Raises:
            B24Error: `B24MCP_LIST_SHAPE` if there is no other.
        """
        for other in self._others():
            if type(other) is not type(failed) or other.name != failed.name:
                if isinstance(other, Offset):
                    other.leave_out(why.returned)
                self.summary.note(f"{self.method} was not read by {failed.name}: {why}")
                return other
        raise our_error("B24MCP_LIST_SHAPE", f"{self.method} cannot be read: {why}.", method=self.method) from why

    @property
    def _line(self) -> ListFacts:
        """What the table of lists says of this method."""
        return list_facts(self.method, self.facts.version)

    @property
    def _shape(self) -> Shape:
        result = self.facts.result
        return Shape(self.method, self._line.list_key or result.list_key, result.is_map or result.kind == "map")

    @property
    def _names(self) -> QueryNames | None:
        """The names of the parameters of a query by id; None if this method or these parameters do not allow one."""
        top = self._line.top
        if not isinstance(self.params, dict) or not self._line.by_id or self._shape.is_map:
            return None
        if top and any(given.lower() not in top for given in self.params):
            return None  # conditions at the top level, which the portal ignores if there is a filter
        return _query_names(self.facts)

    def _by_id(self) -> Strategy | None:
        params = self.params
        if not isinstance(params, dict):
            return None
        if self.facts.version == "v3":
            steps = _by_id_v3(self.facts, params)
            return None if steps is None else self._walk(steps)
        names = self._names
        query = None if names is None else keyset_query(params, names)
        if query is None:  # for example because of the reader's own order, which `Offset` keeps
            return None
        together = fits_in_a_batch(params)
        return Keyset(self.sender, self.method, self._shape, query, self.summary, together=together)

    def _others(self) -> list[Strategy]:
        params, paging = self.params, self.facts.paging
        if self.facts.version == "v3":
            return [self._walk(Follow(_mapping(params), paging or "none") if paging != "none" else Once(params))]
        if isinstance(params, list):
            return [self._walk(self._positional(params))]
        if family_facts(paging) is not None:
            return [self._offset()]
        steps = _steps(self.facts, params)
        return [self._walk(steps), self._offset()] if isinstance(steps, Once) else [self._walk(steps)]

    def _positional(self, params: list[object]) -> Steps:
        argument = self._line.argument
        if argument is None:
            return Once(params)
        if self._line.first_optional and params and isinstance(params[0], dict | list):
            argument -= 1  # the first argument was omitted
        return NavParams(params, argument, bare=self._line.bare)

    def _walk(self, steps: Steps) -> Walk:
        return Walk(self.sender, self.method, self._shape, steps, self.summary, self.facts.version)

    def _offset(self) -> Offset:
        params, names = _mapping(self.params), self._names
        together = fits_in_a_batch(params)
        query = None if names is None else keyset_query(without_order(params, names), names)
        by_id, strip = None, False
        if names is not None and query is not None:
            by_id = IdVerification(self.sender, self.method, self._shape, query, together)
            params, strip = with_id(params, names)
        return Offset(
            self.sender, self.method, self._shape, params, self.summary, together=together, by_id=by_id, strip=strip
        )


def facts_of(method: str, version: Version | None) -> MethodFacts:
    """Return the facts of a method that can be read as a list.

    Raises:
        B24Error: `B24MCP_NOT_A_LIST`; nothing was sent.
    """
    known = known_methods().method(method, version)
    if known is None:
        why = "is not in the catalogue, so its paging is unknown"
    elif known.effect != "read":
        why = "does more than read, so it is not called repeatedly"
    elif known.facts.paging is None or known.facts.result.kind in ("string", "boolean", "integer"):
        why = "returns no list"
    else:
        return known.facts
    raise our_error("B24MCP_NOT_A_LIST", f"{method} {why}.", method=method)


def fits_in_a_batch(params: Params) -> bool:
    """Whether a batch carries these parameters unchanged. Otherwise each page is a call of its own, in JSON."""
    return fits_query_string(params) and not replaced_by_portal(params)


def _query_names(facts: MethodFacts) -> QueryNames | None:
    """Return the spelling of a query by id; None if the documentation shows no filter or no order."""
    line = list_facts(facts.method, facts.version)
    has_select = line.select != "none"
    if not line.is_spelled:
        family = family_facts(facts.paging)
        documented = {parameter.name for parameter in facts.params}
        if family is None or not {"filter", "order"} <= documented:
            return None
        line, has_select = family, "select" in documented
    return QueryNames(
        filter=line.filter or "filter",
        order=line.order or "order",
        select=(line.select or "select") if has_select else None,
        field=line.id or "ID",
        exact=line.exact,
        sorting=line.sort,
    )


def _by_id_v3(facts: MethodFacts, params: Mapping[str, object]) -> Steps | None:
    documented = {parameter.name for parameter in facts.params}
    order, conditions, select = params.get("order"), params.get("filter"), params.get("select")
    if facts.paging != "pagination" or not {"filter", "order"} <= documented or "pagination" in params:
        return None
    if conditions not in (None, {}) and not isinstance(conditions, list):
        return None
    rising = isinstance(order, dict) and [*order] == ["id"] and str(order["id"]).lower() == "asc"
    if order not in (None, [], {}) and not rising:
        return None
    if isinstance(select, list) and select and "id" not in select:
        return None
    return ByIdV3(params, list_facts(facts.method, facts.version).largest or PAGE_SIZE_V3)


def _steps(facts: MethodFacts, params: dict[str, object]) -> Steps:
    line = list_facts(facts.method, facts.version)
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
            rising = line.rising or "ASC" in str(params.get("ORDER", "")).upper()
            return LastId(params, row_type=line.row_type, rising=rising)
        case _:
            pass
    return Once(params)


def _mapping(params: Params) -> dict[str, object]:
    return dict(params) if isinstance(params, dict) else {}

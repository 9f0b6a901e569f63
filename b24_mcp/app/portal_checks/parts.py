"""The parts of a call that name fields of the portal, and what of them the documentation does not settle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from b24_mcp.app.portal_checks.exceptions import exception_of
from b24_mcp.app.portal_checks.names import Documented
from b24_mcp.app.portal_checks.uses import FieldUse, uses_of
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.arguments.families import MethodFamily, family_of
from b24_mcp.catalog.arguments.references import is_reference
from b24_mcp.catalog.names import folded
from b24_mcp.discovery import PortalEntity, entity_of
from b24_mcp.rest import PlannedCall

_BY_TYPE = "entityTypeId="
_LINKS = ("crm_company", "crm_contact", "crm_lead", "crm_deal", "crm_quote", "user")
_CHOICES = ("crm_status", "crm_category", "crm_currency")
_CHOICE_NAMES = {"stageid", "statusid", "categoryid", "sourceid", "typeid", "currencyid", "honorific"}


@dataclass(frozen=True, slots=True)
class Part:
    """One parameter of a call that names fields of an entity."""

    parameter: str
    entity: PortalEntity
    family: MethodFamily
    documented: Documented
    uses: tuple[FieldUse, ...]

    @property
    def asks(self) -> bool:
        """Whether the documentation does not settle everything in this part."""
        return any(self._asks(use) for use in self.uses)

    def _asks(self, use: FieldUse) -> bool:
        if use.name in ("ID", "id"):
            return False
        documented = self.documented.named(use.name)
        if documented is None:
            return True
        exception = exception_of(self.entity, use.role, use.name)
        if exception is not None and exception.what in ("refuses", "omits"):
            return True
        if use.role in ("select", "order"):
            return False
        if self.entity.kind.startswith("dynamic:") and use.role == "fields":
            return True  # the documentation names the fields of all smart processes, and each has only some of them
        if use.value is None or use.value == "" or is_reference(use.value):
            return False
        if isinstance(use.value, str) and not use.value.isdecimal() and documented.type.startswith(_LINKS):
            return True
        return documented.type.startswith(_CHOICES) or folded(use.name) in _CHOICE_NAMES


def parts_of(call: PlannedCall) -> Iterator[Part]:
    """Yield the parts of a call that name fields of an entity. REST 3.0 describes its fields itself."""
    params = call.params
    if call.version != "v2" or not isinstance(params, dict):
        return
    for parameter, value in params.items():
        entity = entity_of(call.method, params, parameter) if isinstance(value, dict | list) else None
        if entity is None:
            continue
        family = family_of(call.method.lower(), "v2")
        uses = tuple(uses_of(parameter, value, family))
        if uses:
            yield Part(parameter, entity, family, _documented(call.method, parameter, entity), uses)


# Many calls of one method are checked one after another.
@lru_cache(maxsize=1_000)
def _documented(name: str, parameter: str, entity: PortalEntity) -> Documented:
    """Return the names inside a parameter of a method that are documented for records of this kind."""
    method = known_methods().method(name, "v2")
    parameters = () if method is None else method.facts.params
    fields = [field for one in parameters if one.name.lower() == parameter.lower() for field in one.fields]
    kinds = {kind for field in fields for kind in field.variants if kind.startswith(_BY_TYPE)}
    own = f"{_BY_TYPE}{entity.type_id}"
    if own not in kinds:
        own = f"{_BY_TYPE}other"
    return Documented(field for field in fields if not kinds or not field.variants or own in field.variants)

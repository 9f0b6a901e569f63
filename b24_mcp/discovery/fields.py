"""The fields of a kind of records on one portal, read from the answers of the methods that describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from b24_mcp.discovery.entities import PortalEntity, entity_of_type
from b24_mcp.discovery.schemas import listing, mapping, text

_MOST_FIELDS = 5_000
_MOST_OPTIONS = 5_000
_LINK_TYPES = ("crm_lead", "crm_deal", "crm_contact", "crm_company", "crm_quote")


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a field or of a directory: what is written, and what people read."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class PortalField:
    """A field of a portal.

    `name` is written as the method wants it, `other_name` as methods of the other style want it (empty when they do
    not have it). `type` is the portal's word, such as `crm_status`. `directory` is the code of the directory that holds
    the values of the field; `options` are values of its own, None when any value may be written. A `read_only` field
    is set by the portal, an `immutable` one only while a record is added. `custom` fields belong to this portal.
    `links` are the kinds of records whose ids are its values. `code` is the symbolic code of a property of a list.
    """

    name: str
    label: str = ""
    type: str = ""
    required: bool = False
    read_only: bool = False
    multiple: bool = False
    options: tuple[Option, ...] | None = None
    directory: str = ""
    custom: bool = False
    immutable: bool = False
    other_name: str = ""
    links: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class EntityFields:
    """The fields of an entity by their names. `read_at` is when the portal reported them (Unix time)."""

    entity: PortalEntity
    fields: Mapping[str, PortalField]
    read_at: float = 0.0

    def named(self, name: str) -> PortalField | None:
        """Return the field with a name in any style and letter case; None when the portal has no such field."""
        found = self.fields.get(name)
        return found if found is not None else self._folded.get(folded(name))

    def labelled(self, label: str) -> list[PortalField]:
        """Return the fields with this label, compared without letter case."""
        wanted = label.strip().casefold()
        return [field for field in self.fields.values() if wanted and field.label.casefold() == wanted]

    @cached_property
    def _folded(self) -> Mapping[str, PortalField]:
        found: dict[str, PortalField | None] = {}
        for field in self.fields.values():
            for name in {folded(field.name), folded(field.other_name)} - {""}:
                # Two names that differ in underscores alone are told apart by their exact spelling only.
                found[name] = None if name in found and found[name] is not field else field
        return {name: field for name, field in found.items() if field is not None}


def folded(name: str) -> str:
    """Return a name without letter case and underscores, which is equal in both styles."""
    return name.replace("_", "").lower()


def read_fields(result: object) -> dict[str, PortalField] | None:
    """Read the fields in the answer of a method that describes them; None when there are none, or too many.

    Sources: documentation, crm.deal.fields, crm.item.fields, tasks.task.getFields, lists.field.get.
    """
    described = _fields_in(result)
    if len(described) > _MOST_FIELDS or not any(isinstance(about, Mapping) for about in described.values()):
        return None
    return {key: _field(key, mapping(about)) for name, about in described.items() if (key := text(name))} or None


def read_labels(result: object) -> dict[str, PortalField] | None:
    """Read the answer of `user.fields`, which has only the labels of fields by their names."""
    labels = {key: text(label) for name, label in mapping(result).items() if (key := text(name))}
    fields = {
        name: PortalField(name, label="" if label == name else label, custom=name.startswith("UF_"))
        for name, label in labels.items()
    }
    return fields or None


def read_user_fields(result: object) -> dict[str, PortalField] | None:
    """Read the answer of `user.userfield.list`, which describes the custom fields of users."""
    if not isinstance(result, list):
        return None
    rows = [mapping(row) for row in result]
    return {name: _user_field(name, row) for row in rows if (name := text(row.get("FIELD_NAME")))}


def completed(fields: Mapping[str, PortalField], details: Mapping[str, PortalField]) -> dict[str, PortalField]:
    """Return fields with the details that are known of some of them. Their labels stay where they have one."""
    return {
        name: replace(details[name], label=field.label or details[name].label) if name in details else field
        for name, field in fields.items()
    }


def _user_field(name: str, row: Mapping[str, object]) -> PortalField:
    labels = row.get("EDIT_FORM_LABEL")
    label = next(filter(None, map(text, labels.values())), "") if isinstance(labels, Mapping) else text(labels)
    return PortalField(
        name=name,
        label=label,
        type=text(row.get("USER_TYPE_ID")),
        required=_is_yes(row, "MANDATORY"),
        multiple=_is_yes(row, "MULTIPLE"),
        options=_read_options(row.get("LIST")) or None,
        custom=True,
    )


def _fields_in(result: object) -> Mapping[str, object]:
    """Return the map of fields, which some methods wrap: `{"fields": {…}}`, `{"product": {…}}`."""
    whole = mapping(result)
    if len(whole) == 1:
        (inner,) = whole.values()
        fields = mapping(inner)
        if fields and all(isinstance(one, Mapping) for one in fields.values()):
            return fields
    return whole


def _field(name: str, about: Mapping[str, object]) -> PortalField:
    settings = mapping(about.get("settings"))
    kind = text(about.get("type") or about.get("TYPE"))
    label = next(
        (
            found
            for key in ("formLabel", "listLabel", "title", "name", "NAME")
            if (found := text(about.get(key))) and found != name
        ),
        "",
    )
    return PortalField(
        name=name,
        label=label,
        type=kind,
        required=_is_yes(about, "isRequired", "required", "IS_REQUIRED"),
        read_only=_is_yes(about, "isReadOnly", "primary", "READ_ONLY"),
        multiple=_is_yes(about, "isMultiple", "multiple", "MULTIPLE"),
        options=_options(about),
        directory=text(about.get("statusType")) or text(settings.get("ENTITY_TYPE")),
        custom=_is_yes(about, "isDynamic") or name.startswith(("UF_", "PROPERTY_", "uf")),
        immutable=_is_yes(about, "isImmutable"),
        other_name=text(about.get("upperName")),
        links=_links(kind, settings),
        code=text(about.get("CODE")) if name.startswith("PROPERTY_") else "",
    )


def _links(kind: str, settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return the kinds of records that a field links to.

    Source: documentation, the types of the CRM; settings of custom fields of the type `crm`.
    """
    if kind == "crm":
        allowed = [name.lower() for name, value in settings.items() if value == "Y"]
        return tuple(["dynamic:" + name.removeprefix("dynamic_") if "dynamic_" in name else name for name in allowed])
    if kind == "crm_entity":
        parent = text(settings.get("parentEntityTypeId"))
        entity = entity_of_type(parent) if parent else None
        return () if entity is None else (entity.kind,)
    return (kind.removeprefix("crm_"),) if kind in _LINK_TYPES else ()


def _is_yes(about: Mapping[str, object], *names: str) -> bool:
    return any(about.get(name) in (True, "Y", "1") for name in names)


def _options(about: Mapping[str, object]) -> tuple[Option, ...] | None:
    """Return the values of a field: `items` of the CRM, `values` of tasks and products, the form of a list."""
    for key in ("items", "values", "VALUES", "DISPLAY_VALUES_FORM"):
        found = _read_options(about.get(key))
        if found:
            return found if len(found) <= _MOST_OPTIONS else None
    return None


def _read_options(values: object) -> tuple[Option, ...]:
    found: list[Option] = []
    if isinstance(values, list):
        for one in listing(values):
            about = mapping(one)
            code, label = text(about.get("ID", about.get("id"))), text(about.get("VALUE", about.get("value")))
            if code:
                found.append(Option(code, label))
    for key, one in mapping(values).items():
        about = mapping(one)
        label = text(about.get("VALUE", about.get("value"))) if about else text(one)
        if text(key):
            found.append(Option(text(about.get("ID")) or text(key), label))
    return tuple(found)

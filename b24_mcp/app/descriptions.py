"""The full description of a method or an event: what the catalogue knows, and the words and an example of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from b24_mcp.app.answers.method_form import AROUND, LONGEST, EventForm, MethodForm, event_form, method_form
from b24_mcp.app.library import docs_for_methods, examples_of, meanings_of
from b24_mcp.app.mistakes import similar_names_hint
from b24_mcp.catalog import Catalogue, Method
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json

if TYPE_CHECKING:
    from b24_mcp.discovery import Knowledge
    from b24_mcp.docs import DocsLibrary

_LONGEST_EXAMPLE = 500
"""The most characters of a description that are kept free for an example."""
_MOST_KEPT = 64
_kept: WeakKeyDictionary[Catalogue, dict[object, MethodForm]] = WeakKeyDictionary()
"""The last descriptions of methods by what they are made from: a page takes several milliseconds to parse."""


@dataclass(frozen=True, slots=True)
class Description:
    """The description of a method or, without `method`, of an event. It may be used for several calls: copy the form
    before you change it.
    """

    form: MethodForm | EventForm
    method: Method | None


def description(known: Knowledge, name: str, version: str | None, of: str, host: str) -> Description | None:
    """Return what is known of a method or an event; None for an unknown name. Reads files: call it in a thread.

    `of` limits the parameters. `host` is the portal, which decides the languages of the documentation; a sync of it is
    started when one is due.

    Raises:
        B24Error: `B24MCP_ARGUMENTS` for an `of` that names nothing.
    """
    library = docs_for_methods(host)
    method = known.catalogue.method(name, version)
    if method is not None:
        return Description(_form_of_method(known.catalogue, method, of, library), method)
    event = known.catalogue.events.get(name.strip())
    if event is None:
        return None
    return Description(event_form(event, meanings_of(library, event.page, event.payload)), None)


def _form_of_method(catalogue: Catalogue, method: Method, of: str, library: DocsLibrary | None) -> MethodForm:
    kept = _kept.setdefault(catalogue, {})
    key = (method.name, method.version, of, None if library is None else (library.folder, library.stamps))
    form = kept.get(key)
    if form is None:
        form = kept[key] = _made_form(catalogue, method, of, library)
        for oldest in list(kept)[:-_MOST_KEPT]:
            kept.pop(oldest, None)  # another thread may have removed it
    return form


def _made_form(catalogue: Catalogue, method: Method, of: str, library: DocsLibrary | None) -> MethodForm:
    page = method.facts.page
    examples = examples_of(library, page)[:1]
    reserved = min(len(to_json({"examples": examples})), _LONGEST_EXAMPLE) if examples else 0
    meanings: Mapping[tuple[str, ...], str] = meanings_of(library, page, method.facts.params)
    try:
        form = method_form(method, catalogue.versions(method.name), of, meanings=meanings, reserved=reserved)
    except ValueError as exc:
        raise our_error("B24MCP_ARGUMENTS", f"{exc}.", method=method.name) from None
    if examples and len(to_json(form | {"examples": examples})) <= LONGEST - AROUND:
        form["examples"] = examples
    return form


def unknown_method(known: Knowledge, method: str, version: str | None) -> B24Error:
    """Return the error for a method that is not known, with the names that were perhaps meant."""
    catalogue = known.catalogue
    if version is not None and catalogue.method(method) is not None:
        hint = f"It exists in {', '.join(catalogue.versions(method))} only."
    elif events := catalogue.events.similar(method) if method.lower().startswith("on") else []:
        hint = f"Perhaps one of these events was meant: {', '.join(events)}."
    else:
        hint = similar_names_hint(catalogue.similar(method))
    if known.offered is None:
        why = f" ({known.trouble})" if known.trouble else ""
        hint += f" What this portal has beyond the documentation is not known now{why}."
    name = method[:80]
    return our_error("B24MCP_UNKNOWN_METHOD", f"No method {name!r} is documented.", method=name, hint=hint)

"""The local copies of the official documentation: where they are, and how they come to be there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from b24_mcp.errors import B24Error, our_error
from b24_mcp.texts import RUSSIAN_ZONES, speaks_russian

if TYPE_CHECKING:
    from b24_mcp.catalog import Parameter
    from b24_mcp.config.settings import Settings
    from b24_mcp.docs import DocsLibrary
    from b24_mcp.docs.keeper import CopyState, DocsKeeper, DocsSource

# The same as in `b24_mcp.docs`, which is not imported before it is needed.
PageKind = Literal["method", "event", "widget", "tutorial", "article"]
SampleLanguage = Literal["curl", "python", "js", "php"]

DOC_ADDRESS = "b24://doc/{+page}"
NO_COPY = "The documentation is not on this computer. A person can download it with: b24-mcp docs sync"
_CYRILLIC = re.compile("[а-яё]", re.I)
_NAMES = {"en": "English", "ru": "Russian"}


@dataclass(frozen=True, slots=True)
class LocalDocs:
    """The copies, which may be none, what is known about them, and the size limit of an answer in characters."""

    library: DocsLibrary
    copies: CopyState
    budget: int


def open_library() -> tuple[DocsLibrary, int]:
    """Return the local copies, which may be none, and the size limit of an answer in characters. Nothing is started.

    This function reads files: call it in a worker thread.

    Raises:
        B24Error: `B24MCP_SETTINGS`, when the settings cannot be used.
    """
    from b24_mcp.docs import DocsLibrary  # not needed to start the server and to list its tools

    settings = _settings()
    return DocsLibrary(settings.data_folder / "docs"), settings.budget


def needed_docs(text: str = "", host: str = "", *, damaged: bool = False) -> LocalDocs:
    """Return the local copies for a question, and start a sync in the background when one is due.

    `text` is the question and `host` the portal: both decide which languages are needed. `damaged`: a copy could not be
    read, so it is built again.

    Raises:
        B24Error: `B24MCP_SETTINGS`, when the settings cannot be used.
    """
    from b24_mcp.docs import DocsLibrary

    settings = _settings()
    folder = settings.data_folder / "docs"
    hosts = [host, *_hosts(settings)]
    copies = _keeper().look(folder, docs_source(settings), languages_for(text, hosts), damaged=damaged)
    return LocalDocs(DocsLibrary(folder), copies, settings.budget)


def docs_for_methods(host: str) -> DocsLibrary | None:
    """Return the local copies for a call that uses the documentation but does not need it; None without settings.

    A sync is started in the background when one is due.
    """
    with suppress(B24Error):
        return needed_docs("", host).library
    return None


def docs_now() -> CopyState:
    """Return what is known about the copies. Nothing is started.

    Raises:
        B24Error: `B24MCP_SETTINGS`, when the settings cannot be used.
    """
    settings = _settings()
    return _keeper().state(settings.data_folder / "docs", docs_source(settings))


def docs_source(settings: Settings) -> DocsSource:
    """Return where `B24_DOCS` says that the copies come from."""
    from b24_mcp.docs.keeper import DocsSource

    if settings.docs in ("auto", "off"):
        return DocsSource(is_off=settings.docs == "off")
    return DocsSource(address=settings.docs) if "://" in settings.docs else DocsSource(place=settings.docs)


def languages_for(text: str, hosts: Sequence[str]) -> list[Literal["en", "ru"]]:
    """Return the needed languages, the most urgent first: English, and Russian if the question, the language of this
    user or the address of a portal is Russian.
    """
    if _CYRILLIC.search(text):
        return ["ru", "en"]
    if speaks_russian() or any(host.endswith(RUSSIAN_ZONES) for host in hosts):
        return ["en", "ru"]
    return ["en"]


def why_no_docs(copies: CopyState) -> str:
    """Return why no copy answers, and when to ask again, in complete sentences."""
    if copies.running is not None:
        return f"The documentation is being downloaded: {_progress(copies)}. Ask again in a minute."
    if copies.source.is_off:
        return f"{NO_COPY}."
    if copies.trouble:
        again = f" The next try is in {_minutes(copies.again)}." if copies.again else ""
        return f"The documentation is not on this computer. {copies.trouble}{again}"
    if copies.source.place:
        return f"The documentation is not on this computer yet: the next question reads it from {copies.source.place}."
    return (
        "The documentation is not on this computer yet: the next question that needs it starts the download from "
        f"{copies.source.name}, about 35 MB for a language."
    )


def missing_language(copies: CopyState, text: str) -> str:
    """Return that the edition in the language of a question is not there yet; empty when it is, or is not wanted."""
    language = "ru" if _CYRILLIC.search(text) else "en"
    if copies.source.is_off or language in copies.languages or not copies.languages:
        return ""
    if copies.running is not None:
        return f"The {_NAMES[language]} edition is being downloaded: {_progress(copies)}."
    return f"The {_NAMES[language]} edition is not on this computer. {copies.trouble}".strip()


def docs_summary(copies: CopyState) -> str:
    """Return in one line which editions are on this computer, and what happens to them."""
    there = ", ".join(f"{_NAMES[one]} ({_about(one)})" for one in copies.languages)
    if not there:
        return why_no_docs(copies).rstrip(".")
    if copies.running is not None:
        return f"{there}; now {_progress(copies)}"
    if copies.source.is_off:
        return f"{there}; B24_DOCS=off: not renewed"
    trouble = f"; the last renewal failed: {copies.trouble}" if copies.trouble else ""
    when = "when it changes" if copies.source.place else "weekly"
    return f"{there}; renewed {when} from {copies.source.name}{trouble}"


def page_names(prefix: str) -> list[str]:
    """Return completions of a page path, with language: first the paths that begin with `prefix`, then those that
    contain it. The list is empty without a usable copy.
    """
    from b24_mcp.docs import DocsError

    try:
        return open_library()[0].completions(prefix)
    except (B24Error, DocsError):
        return []


def examples_of(library: DocsLibrary | None, page: str | None) -> list[object]:
    """Return the parameters that the code samples on a method's page send; an empty list without a usable copy."""
    from b24_mcp.docs import DocsError

    if library is None or page is None:
        return []
    try:
        return library.examples(page)
    except DocsError:
        return []


def meanings_of(
    library: DocsLibrary | None, page: str | None, params: Sequence[Parameter]
) -> dict[tuple[str, ...], str]:
    """Return what the page of a method or an event says of its parameters; empty without a usable copy."""
    from b24_mcp.app.answers.explained import paths_of

    return {} if library is None else _meanings(library, page, list(paths_of(params)))


def meanings_at(page: str | None, paths: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return what a page says of the parameters at these paths; empty without a usable copy."""
    try:
        return _meanings(open_library()[0], page, paths)
    except B24Error:
        return {}


def _meanings(library: DocsLibrary, page: str | None, paths: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    from b24_mcp.docs import DocsError

    if page is None or not paths:
        return {}
    try:
        return library.meanings(page, paths)
    except DocsError:
        return {}


def _settings() -> Settings:
    from b24_mcp.config.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None


@cache
def _keeper() -> DocsKeeper:
    """Return the keeper of this process: it knows the processes that it started."""
    from b24_mcp.docs.keeper import DocsKeeper

    return DocsKeeper()


def _hosts(settings: Settings) -> list[str]:
    from urllib.parse import urlsplit

    webhook = settings.webhook_url.get_secret_value() if settings.webhook_url is not None else ""
    try:
        return [urlsplit(address).hostname or "" for address in (webhook, settings.portal or "")]
    except ValueError:
        return []


def _progress(copies: CopyState) -> str:
    running = copies.running
    assert running is not None
    return f"{running.step}, {running.percent} %"


def _about(language: str) -> str:
    """Return when a copy was taken, and its size."""
    from b24_mcp.docs.keeper import copy_size
    from b24_mcp.docs.sync import copy_origin

    folder = open_library()[0].folder
    origin = copy_origin(folder, language)
    taken = f"of {origin.taken[:10]}" if origin is not None else "of an unknown day"
    return f"{taken}, {copy_size(folder, language) / 1e6:.0f} MB"


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return "a minute"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3_600:.0f} hours"

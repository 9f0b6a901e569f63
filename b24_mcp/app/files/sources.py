"""The source of a download: a handle, a file of the disk, an attachment, or a field of a record."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from anyio.to_thread import run_sync

from b24_mcp.app.app import App
from b24_mcp.app.files.handles import FileLink, is_handle
from b24_mcp.app.files.links import best_link, is_file_link
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.file_sources import FileSource, Holds, file_source, file_sources
from b24_mcp.catalog.names import folded
from b24_mcp.catalog.positional import arguments_of
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Params, PlannedCall, plan_call
from b24_mcp.rest.wire.answer import integer

_EXAMPLES = "a handle such as file:abcdefghij, disk 123, attachment 45, or crm.deal.get 17 UF_CRM_1 2"


@dataclass(frozen=True, slots=True)
class FoundSource:
    """A file of the portal: a signed link to it, or a call that answers with it."""

    link: FileLink | None = None
    call: PlannedCall | None = None


async def find_source(app: App, opened: OpenPortal, text: str) -> FoundSource:
    """Return the file that a caller named.

    Raises:
        B24Error: `B24MCP_SOURCE` when the text names no file; or of the calls that read the record.
    """
    words = _words(text)
    first = words[0].lower() if words else ""
    if len(words) == 1 and is_handle(first):
        link = app.handles.link_of(opened.gate.key, first)
        if link is None:
            raise _unknown(f"{first} is not known any more.", "Read the record again: its answer has a new handle.")
        return FoundSource(link)
    if len(words) == 1 and first.isdecimal():
        return await _of_disk(opened, first)
    if len(words) == 2 and words[1].isdecimal():
        if first in ("disk", "file"):
            return await _of_disk(opened, words[1])
        if first in ("attachment", "attached"):
            return await _of_attachment(opened, words[1])
    if "." in first:
        return await _of_record(opened, words)
    raise _unknown(f"{text[:100]!r} names no file.", f"Use {_EXAMPLES}.")


async def _of_record(opened: OpenPortal, words: Sequence[str]) -> FoundSource:
    """Return a file of a field of a record: method, id, field, and the position among several files."""
    method, *rest = words
    source = await run_sync(file_source, method) or _usual(method)
    count = len(source.arguments)
    values, others = rest[:count], rest[count:]
    position = int(others.pop()) if others and others[-1].isdecimal() else None
    field = others.pop(0) if others else source.field
    if len(values) < count or others or not field:
        form = " ".join([method, *source.arguments, *(() if source.field else ("FIELD",)), "[POSITION]"])
        raise _unknown(f"{' '.join(words)[:100]!r} does not name one file.", f"Write it as: {form}.")
    params: dict[str, object] = {**source.fixed, **dict(zip(source.arguments, map(_number, values), strict=True))}
    if source.call == "tasks.task.get":
        params["select"] = ["ID", field]
    order = arguments_of(source.call)
    sent: Params = [params.get(one.name) for one in order] if order else params
    answer = await opened.portal.call(source.call, sent)
    entries = _entries(_named(answer.result, field), source.holds)
    return await _chosen(opened, source, entries, f"{field} of {' '.join([method, *values])}", position)


async def _chosen(
    opened: OpenPortal, source: FileSource, entries: Sequence[object], where: str, position: int | None
) -> FoundSource:
    if not entries:
        raise _unknown(f"There is no file in {where}.", "Read the record to see which fields have files.")
    if position is None and len(entries) > 1:
        raise _unknown(f"There are {len(entries)} files in {where}.", f"Add the position, 1 to {len(entries)}.")
    if not 1 <= (position or 1) <= len(entries):
        raise _unknown(f"There are {len(entries)} files in {where}, so none has the position {position}.", "")
    entry = entries[(position or 1) - 1]
    if source.holds == "disk":
        return await _of_disk(opened, _id_in(entry, "id", "ID"))
    if source.holds == "attachment":
        return await _of_attachment(opened, _id_in(entry, "ATTACHMENT_ID", "attachmentId", "id", "ID"))
    link = _link_in(opened, entry)
    if link is None:
        raise _unknown(f"{where} has no link that a program can use.", "")
    return _of_link(opened, link)


async def _of_disk(opened: OpenPortal, number: str) -> FoundSource:
    result = (await opened.portal.call("disk.file.get", {"id": int(number)})).result
    link = best_link(result, opened.portal.host) if isinstance(result, Mapping) else None
    if link is None:
        raise _unknown(f"The portal names no link to file {number} of the disk.", "")
    return FoundSource(link)


async def _of_attachment(opened: OpenPortal, number: str) -> FoundSource:
    result = (await opened.portal.call("disk.attachedObject.get", {"id": int(number)})).result
    found = integer(result.get("OBJECT_ID")) if isinstance(result, Mapping) else None
    if found is None:
        raise _unknown(f"The portal names no file of attachment {number}.", "")
    return await _of_disk(opened, str(found))


def _of_link(opened: OpenPortal, link: FileLink) -> FoundSource:
    """Return the source of a link. A relative one without a signature is a call that answers with a file."""
    if is_file_link(link.link, opened.portal.host):
        return FoundSource(link)
    parts = urlsplit(link.link)
    method = parts.path.strip("/").removeprefix("rest/").removesuffix(".json")
    spelling = known_methods().spelling(method)
    if spelling is None or known_methods().effect(spelling, "v2") != "read" or not method.lower().endswith("download"):
        raise _unknown("A program cannot use the link in this field.", "")
    return FoundSource(call=plan_call(spelling, _nested(parse_qsl(parts.query))))


def _link_in(opened: OpenPortal, entry: object) -> FileLink | None:
    host = opened.portal.host
    if isinstance(entry, str):
        return FileLink(entry)
    if not isinstance(entry, Mapping):
        return None
    inner = entry.get("value")
    if isinstance(inner, Mapping):  # a property of a product
        return _link_in(opened, inner)
    found = best_link(entry, host)
    if found is not None:
        return found
    plain = next((value for name, value in entry.items() if name.lower() in ("urlmachine", "url")), None)
    return FileLink(plain) if isinstance(plain, str) else None


def _entries(value: object, holds: Holds) -> list[object]:
    """Return the files in the value of a field: one, a list, or a map by their ids."""
    if value in (None, "", False, [], {}):
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and all(str(name).isdecimal() for name in value):
        return [one if isinstance(one, Mapping) or holds == "link" else name for name, one in value.items()]
    return [value]


def _named(result: object, field: str) -> object:
    """Return the value of a field of a record, which may be inside one object, by its name in any style."""
    if not isinstance(result, Mapping):
        return None
    for name, value in result.items():
        if folded(str(name)) == folded(field):
            return value
    return next((found for one in result.values() if (found := _named(one, field)) is not None), None)


def _usual(method: str) -> FileSource:
    """Return the source of a method that takes an id, if it only reads.

    Raises:
        B24Error: `B24MCP_SOURCE`.
    """
    spelling = known_methods().spelling(method)
    if spelling is None or known_methods().effect(spelling, "v2") != "read" or not spelling.lower().endswith(".get"):
        raise _unknown(f"{method[:100]!r} is no method whose files are known.", f"Known: {', '.join(file_sources())}.")
    return FileSource(spelling, ("id",), {}, "", "link")


def _nested(pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Return parameters of a query with names in brackets."""
    found: dict[str, object] = {}
    for name, value in pairs:
        first, *others = [part.rstrip("]") for part in name.split("[")]
        target = found
        for part in others:
            inner = target.setdefault(first, {})
            if not isinstance(inner, dict):
                break
            target, first = inner, part
        target[first] = value
    return found


def _id_in(entry: object, *names: str) -> str:
    value = next((entry[name] for name in names if name in entry), None) if isinstance(entry, Mapping) else entry
    number = integer(value)
    if number is None:
        raise _unknown("The portal names no id of this file.", "")
    return str(number)


def _number(word: str) -> int | str:
    return int(word) if word.isdecimal() and len(word) < 18 else word


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.replace(",", " "))
    except ValueError:
        return text.split()


def _unknown(message: str, then: str) -> B24Error:
    hint = f"Nothing was downloaded. {then or f'A source is {_EXAMPLES}.'}"
    return our_error("B24MCP_SOURCE", message, hint=hint)

"""Files as values of a call: `{"$file": "offer.pdf"}` becomes what the method expects in its place.

The planned call has a description of the file where the content belongs; see `b24_mcp.rest.wire.file_value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from anyio.to_thread import run_sync

from b24_mcp.app.files.exchange import upload_required
from b24_mcp.app.files.folders import place_for
from b24_mcp.app.files.forms import content_of, in_form
from b24_mcp.app.files.kept import kept_files
from b24_mcp.app.files.mentions import FILE, KEEP, mentioned_files, mentions_files
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.catalog.files import FileParameter, file_parameter_at, file_parameters
from b24_mcp.catalog.positional import arguments_of
from b24_mcp.discovery import entity_of
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import PlannedCall
from b24_mcp.rest.files.sending import check_size
from b24_mcp.rest.wire.file_value import InlineFile, files_in
from b24_mcp.storage.existing_file import FoundFile, find_file
from b24_mcp.storage.places import sent_name

_MEGABYTE = 1 << 20
_HOLDERS = ("filedata", "filecontent")
_PAIR = 2


async def with_files(opened: OpenPortal, call: PlannedCall) -> PlannedCall:
    """Return a planned call whose `$file` values are replaced.

    Raises:
        B24Error: `B24MCP_FILE`, `B24MCP_FILE_FOLDER`, `B24MCP_FILE_CHANGED` or `B24MCP_FILE_TOO_LARGE`. Nothing was
            sent, except questions about the fields of the portal and the files that a record has.
    """
    found: dict[str, FoundFile] = {}
    try:
        for one in mentioned_files(call.params):
            path = _path_in(one)
            if path not in found:
                found[path] = await _found(opened, path)
        await run_sync(file_parameters, call.method)  # reads a table the first time
        filling = _Filling(opened, call, found)
        params = await filling.filled(call.params, ())
    except B24Error as exc:
        raise exc.of(call.method) from None
    assert isinstance(params, dict | list)
    check_size(call.method, sum(file.found.size for file in files_in(params) if isinstance(file, InlineFile)))
    return replace(call, params=params, warnings=(*call.warnings, *filling.warnings))


@dataclass(slots=True)
class _Filling:
    """The replacement of the files of one call. `found` are the files by the paths in the call.

    `warnings` is what the caller should know.
    """

    opened: OpenPortal
    call: PlannedCall
    found: Mapping[str, FoundFile]
    warnings: list[str] = field(default_factory=list)

    async def filled(self, value: object, path: tuple[str, ...]) -> object:
        """Return a copy of a value in which the files have the form that belongs to their place."""
        if not mentions_files(value):
            return value
        parameter = file_parameter_at(self.call.method, path)
        if parameter is not None:
            return await self._placed(value, parameter, path)
        if _is_file(value) or _is_pair(value):
            return self._written_out(value, path, None)
        if isinstance(value, list):
            order = arguments_of(self.call.method) if not path else None
            places: list[tuple[str, ...]] = [(one.name,) for one in order or ()] or [path] * len(value)
            return [await self.filled(one, place) for one, place in zip(value, places, strict=False)]
        assert isinstance(value, dict)
        return {name: await self.filled(inner, (*path, name)) for name, inner in value.items()}

    async def _placed(self, value: object, parameter: FileParameter, path: tuple[str, ...]) -> object:
        """Return what belongs to the place of a file parameter."""
        where = ".".join(path)
        is_list = isinstance(value, list) and not _is_pair(value)
        items = value if isinstance(value, list) and is_list else [value]
        keeps = any(isinstance(one, dict) and one.get(KEEP) is True for one in items)
        new = [self._one(one, parameter, path) for one in items]
        many = await self._is_many(parameter, path)
        if many is False:
            if len(new) != 1:
                raise our_error("B24MCP_FILE", f"{where} takes one file, not {len(new)}.")
            if keeps and parameter.keep != "new":
                raise our_error("B24MCP_FILE", f"{where} holds one file, which a new one replaces: leave {KEEP} out.")
            return new[0]
        if keeps:
            return [*await kept_files(self.opened, self.call, parameter, path), *new]
        if many is None and not is_list:
            return new[0]
        replaces = parameter.keep not in ("stays", "new") and self.call.method.lower().endswith("update")
        if replaces and all(map(mentions_files, items)):
            more = f' {{"{FILE}": …, "{KEEP}": true}} adds to them' if parameter.keep else ""
            self.warnings.append(f"the files of this call replace those that {where} has.{more}")
        return new

    async def _is_many(self, parameter: FileParameter, path: Sequence[str]) -> bool | None:
        """Return whether a place takes a list; None when it takes what is written.

        Raises:
            B24Error: `B24MCP_FILE` for a field that holds no files.
        """
        if parameter.many in ("one", "list"):
            return parameter.many == "list"
        entity = entity_of(self.call.method, self.call.params, path[0]) if parameter.many == "field" else None
        fields = None if entity is None else await self.opened.facts.fields(entity)
        found = None if fields is None else fields.named(path[-1])
        if found is None:
            return None
        if found.type != "file":
            raise our_error("B24MCP_FILE", f"{path[-1]} is of type {found.type} on this portal and holds no files.")
        return found.multiple

    def _one(self, value: object, parameter: FileParameter, path: tuple[str, ...]) -> object:
        """Return one value of a file parameter. A value without a file stays."""
        if not mentions_files(value):
            return value
        if not _is_file(value):
            return self._written_out(value, path, parameter)
        found = self.found[_path_in(value)]
        if parameter.megabytes is not None and found.size > parameter.megabytes * _MEGABYTE:
            most = f"{self.call.method} takes up to {parameter.megabytes} MB"
            message = f"{found.name!r} has {found.size / _MEGABYTE:.1f} MB, and {most}."
            raise our_error("B24MCP_FILE_TOO_LARGE", message)
        return in_form(found, parameter)

    def _written_out(self, value: object, path: tuple[str, ...], parameter: FileParameter | None) -> object:
        """Return a form that the caller wrote out: `{"fileData": {"$file": …}}`, `[name, {"$file": …}]`."""
        if isinstance(value, list) and _is_pair(value):
            return [value[0], content_of(self.found[_path_in(value[1])], parameter)]
        if _is_file(value):
            if path and path[-1].lower() in _HOLDERS:
                found = self.found[_path_in(value)]
                return [sent_name(found.name), content_of(found, parameter)]
        elif isinstance(value, dict):
            return {
                name: self._written_out(inner, (*path, name), parameter) if mentions_files(inner) else inner
                for name, inner in value.items()
            }
        raise _misplaced(self.call, path)


def _is_file(value: object) -> bool:
    return isinstance(value, dict) and FILE in value


def _is_pair(value: object) -> bool:
    """Whether a value is the name of a file and its content."""
    return isinstance(value, list) and len(value) == _PAIR and isinstance(value[0], str) and _is_file(value[1])


def _path_in(value: object) -> str:
    """Return the path in an object with a `$file`.

    Raises:
        B24Error: `B24MCP_FILE` when the object is not of the expected form.
    """
    assert isinstance(value, dict)
    path, keep = value[FILE], value.get(KEEP, False)
    if not isinstance(path, str) or not isinstance(keep, bool) or not value.keys() <= {FILE, KEEP}:
        form = f'{{"{FILE}": "offer.pdf"}} or {{"{FILE}": "offer.pdf", "{KEEP}": true}}'
        raise our_error("B24MCP_FILE", f"A file is written as {form}, with the path as a text.")
    return path


async def _found(opened: OpenPortal, path: str) -> FoundFile:
    try:
        return await run_sync(_find, opened, path)
    except B24Error as exc:
        raise await upload_required(opened.settings, path, exc) from None


def _find(opened: OpenPortal, path: str) -> FoundFile:
    found = find_file(place_for(opened.settings, path, existing=True))
    if found.size == 0:
        raise our_error("B24MCP_FILE", f"{found.name!r} is empty, and a portal takes no empty files.")
    return found


def _misplaced(call: PlannedCall, path: Sequence[str]) -> B24Error:
    where = ".".join(path) or "params"
    places = [".".join(one.place) for one in file_parameters(call.method)]
    known = f"{call.method} takes files in {', '.join(places)}." if places else f"{call.method} takes no files."
    return our_error("B24MCP_FILE", f"A file does not belong to {where}. {known}")

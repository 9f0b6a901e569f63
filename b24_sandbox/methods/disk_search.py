"""`disk.file.search`: files and folders whose name or text has words that begin with the words of the query.

Documentation: api-reference/disk/file/disk-file-search.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.disk import shown
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("disk")
register = method.register

_SHORTEST, _LONGEST, _PAGE, _LAST_START = 3, 255, 50, 1_000
_KINDS = {"file": "TYPE = 'file'", "folder": "TYPE = 'folder'", "all": "1"}
_SCOPE = ("STORAGE_ID", "FOLDER_ID")


@method("disk.file.search")
def _search(call: Call) -> Value:
    sent = call.exact("QUERY")
    if sent is None:
        text = "Invalid value of parameter { Parameter #0 [ <required> $QUERY ] }."
        raise PortalError("ERROR_ARGUMENT", text)
    query = " ".join(php.text(sent).split())
    if not _SHORTEST <= len(query) <= _LONGEST:
        raise PortalError("INVALID_QUERY", "Search query is invalid. (INVALID_QUERY).")
    kind = php.text(call.exact("TYPE")) or "file"
    if kind not in _KINDS:
        raise PortalError("INVALID_TYPE", "Search result type is invalid. (INVALID_TYPE).")
    conditions, bound = [_KINDS[kind], "PARENT_ID <> 0", "DELETED_TYPE = 0"], []
    for word in query.split():
        text = f"(select CONTENT from {VERSION.name} where OBJECT_ID = {OBJECT.name}.ID order by ID desc limit 1)"  # noqa: S608
        conditions.append(f"(begins(NAME, ?) or begins({text}, ?))")
        bound += [word, word]
    inside = _inside(call)
    rows = call.storage.whole(OBJECT, " and ".join(conditions), bound, "ID desc")
    found = [row for row in rows if inside is None or row["ID"] in inside]
    start = min(max(php.integer(call.params.get("start")), 0), _LAST_START)
    following = start + _PAGE if len(found) > start + _PAGE else None
    return RowPage([shown(call, row) for row in found[start : start + _PAGE]], following)


def _inside(call: Call) -> set[int] | None:
    """The ids of all objects in the storage or the folder of `FILTER`; `None` without it."""
    sent = call.exact("FILTER")
    if sent is None or sent == []:
        return None
    if not php.is_array(sent):
        raise _no_scope()
    scope = php.as_map(sent)
    if not set(scope) <= set(_SCOPE):
        raise PortalError("INVALID_FILTER", "Search filter contains an unknown field. (INVALID_FILTER).")
    storage = call.storage.row(STORAGE, php.integer(scope["STORAGE_ID"])) if "STORAGE_ID" in scope else None
    root = php.integer(scope["FOLDER_ID"]) if "FOLDER_ID" in scope else 0
    if "STORAGE_ID" in scope:
        if storage is None:
            raise _no_scope()
        root = root or storage.integer("ROOT_OBJECT_ID")
    folder = call.storage.row(OBJECT, root)
    if folder is None or folder["TYPE"] != "folder" or (storage and folder["STORAGE_ID"] != storage["ID"]):
        raise _no_scope()
    found: set[int] = set()
    waiting = [root]
    while waiting:
        children = _children(call, waiting.pop())
        found |= {child.id for child in children}
        waiting += [child.id for child in children]
    return found


def _children(call: Call, folder: int) -> list[Row]:
    return call.storage.rows(OBJECT, ["ID"], "PARENT_ID = ?", [folder])


def _no_scope() -> PortalError:
    return PortalError("NOT_FOUND", "Search scope was not found. (NOT_FOUND).")

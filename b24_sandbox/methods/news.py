"""`log.blogpost.*` and `log.blogcomment.*`: posts of the news feed and their comments.

Documentation: api-reference/log.
"""

from __future__ import annotations

from b24_sandbox import dates, declared, engine, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of, shown, stored
from b24_sandbox.errors import PortalError
from b24_sandbox.paging import family_a
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text

method = MethodTable("log")
register = method.register

_POST = declared.by_name("log.blogpost")
_COMMENT = declared.by_name("log.blogcomment")
_TITLE_LENGTH = 100


def _readers(sent: Map) -> list[str]:
    """The sent recipients; empty when none were sent."""
    found = sent.get("DEST", sent.get("SPERM"))
    return [php.text(item) for item in php.as_list(found)]


def _author(call: Call, sent: Map) -> int:
    """The user that a call acts for: administrators may name another one."""
    return php.integer(sent.get("USER_ID")) if call.admin and php.integer(sent.get("USER_ID")) else call.user


def _titled(call: Call, new: bool) -> Map:
    """The values of a post, with the begin of its text where it has no title."""
    sent = face_of(_POST).values(call, new)
    return sent if sent.get("POST_TITLE") else {**sent, "POST_TITLE": php.text(sent["POST_MESSAGE"])[:_TITLE_LENGTH]}


@method("log.blogpost.add")
def _add(call: Call) -> Value:
    sent = call.upper_case()
    record = engine.create(face_of(_POST), call, _titled(call, True))
    readers = _readers(sent) or ["UA"]
    marks: Map = {"DEST": object_text(readers), "AUTHOR_ID": _author(call, sent)}
    marks["HAS_SOCNET_ALL"] = "Y" if "UA" in readers else "N"
    marks["HAS_TAGS"] = "Y" if sent.get("TAGS") else "N"
    call.storage.update(_POST.entity, record, marks)
    call.portal.changes.announce("ONLIVEFEEDPOSTADD", {"FIELDS": {"POST_ID": record}}, call.user)
    return record


def _visible(call: Call, row: Row) -> bool:
    readers = {php.text(item) for item in php.as_list(values.decoded(row["DEST"]))}
    return call.admin or row["AUTHOR_ID"] == call.user or bool(readers & {"UA", f"U{call.user}"})


@method("log.blogpost.get")
def _get(call: Call) -> Value:
    """The posts that the caller may see, the newest first."""
    sent, storage = call.upper_case(), call.storage
    where: list[str] = ["1"]
    bound: list[Value] = []
    if sent.get("POST_ID"):
        where, bound = ["ID = ?"], [php.integer(sent["POST_ID"])]
    for name, sign in (("LOG_DATE_FROM", ">="), ("LOG_DATE_TO", "<=")):
        if sent.get(name):
            where.append(f"DATE_PUBLISH {sign} ?")
            bound.append(dates.stored_moment(php.text(sent[name]), call.now))
    rows = storage.rows(_POST.entity, ["ID", "DEST", "AUTHOR_ID"], " and ".join(where), bound, "ID desc")
    rights = {php.text(item) for item in php.as_list(sent.get("LOG_RIGHTS"))}
    if rights and not sent.get("POST_ID"):
        rows = [row for row in rows if rights & set(map(php.text, php.as_list(values.decoded(row["DEST"]))))]
    found = [row.id for row in rows if _visible(call, row)]

    def page(limit: int, offset: int) -> list[Map]:
        return [shown(_POST, call, record) for record in found[offset : offset + limit]]

    result: RowPage = family_a(call.offset, lambda: len(found), page)
    return result


def _own(call: Call, verb: str, refusal: PortalError) -> Row:
    """The post that a call names, if the caller may change it."""
    row = stored(_POST, call, verb)
    if not call.admin and row["AUTHOR_ID"] != call.user:
        raise refusal
    return row


@method("log.blogpost.update")
def _update(call: Call) -> Value:
    sent = call.upper_case()
    code = "SONET_CONTROLLER_LIVEFEED_BLOGPOST_UPDATE_ERROR"
    row = _own(call, "update", PortalError(code, "No write perms"))
    if not sent.get("POST_TITLE") and not sent.get("POST_MESSAGE"):
        raise PortalError("EMPTY_TITLE", "Message title is not specified.")
    engine.change(face_of(_POST), call, row.id, _titled(call, False))
    if readers := _readers(sent):
        call.storage.update(_POST.entity, row.id, {"DEST": object_text(readers)})
    call.portal.changes.announce("ONLIVEFEEDPOSTUPDATE", {"FIELDS": {"POST_ID": row.id}}, call.user)
    return row.id


@method("log.blogpost.delete")
def _delete(call: Call) -> Value:
    row = _own(call, "delete", PortalError("403", "You do not have permission to delete this message"))
    engine.remove(face_of(_POST), call, row.id)
    call.portal.changes.announce("ONLIVEFEEDPOSTDELETE", {"FIELDS": {"POST_ID": row["ID"]}}, call.user)
    return True


@method("log.blogpost.share")
def _share(call: Call) -> Value:
    row = _own(call, "get", PortalError("", "No read perms"))
    added = _readers(call.upper_case())
    if not added:
        raise PortalError("", "Wrong destinations")
    readers = [*map(php.text, php.as_list(values.decoded(row["DEST"]))), *added]
    call.storage.update(_POST.entity, row.id, {"DEST": object_text(list(dict.fromkeys(readers)))})
    return True


@method("log.blogpost.getusers.important")
def _important(call: Call) -> Value:
    """Nobody has read an important post: it is read in the interface."""
    stored(_POST, call)
    return []


def _count(call: Call, post: int) -> None:
    number = call.storage.count(_COMMENT.entity, "POST_ID = ?", [post])
    call.storage.update(_POST.entity, post, {"NUM_COMMENTS": number})


@method("log.blogcomment.add")
def _comment(call: Call) -> Value:
    face, sent = face_of(_COMMENT), call.upper_case()
    post = call.storage.row(_POST.entity, php.integer(sent.get("POST_ID")))
    if post is None or not _visible(call, post):
        raise PortalError("", "No post found")
    columns = face.values(call, True)
    same = [post["ID"], php.text(columns["TEXT"])]
    if call.storage.count(_COMMENT.entity, "POST_ID = ? and POST_TEXT = ?", same):
        raise PortalError("", "Duplicate comment")
    record = engine.create(face, call, columns)
    call.storage.update(_COMMENT.entity, record, {"AUTHOR_ID": _author(call, sent)})
    _count(call, post.id)
    return record


@method("log.blogcomment.delete")
def _remove_comment(call: Call) -> Value:
    row = stored(_COMMENT, call, "delete")
    if not call.admin and row["AUTHOR_ID"] != call.user:
        raise PortalError("", "No delete perms")
    engine.remove(face_of(_COMMENT), call, row.id)
    _count(call, row.integer("POST_ID"))
    return True

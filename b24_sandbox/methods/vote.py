"""`vote.*`: votes in chats. Documentation: api-reference/vote."""

from __future__ import annotations

import dataclasses
from html import escape

from b24_sandbox import declared, engine, errors, php, values
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.messages import Response
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

_VOTE = declared.by_name("vote.AttachedVote")
_BALLOT = declared.by_name("vote.Ballot").entity
method = MethodTable("vote")
vote_action = method.controller(_VOTE.php_class)
im_action = method.controller("Bitrix\\Vote\\Controller\\Integration\\Im")
register = method.register

_ANSWERS = (2, 10)
_MANY = 50
_IDS = 100
"""A vote has its own hundred of ids for its answers, which stay the same between calls."""


def _question(call: Call) -> Map:
    """The question of a new vote.

    Raises:
        PortalError: there is not one question with two to ten answers.
    """
    questions = php.as_list(php.as_map(call.exact("IM_MESSAGE_VOTE_DATA")).get("QUESTIONS"))
    if len(questions) > 1:
        raise PortalError("400", "Maximum number of questions: 1")
    question = php.as_map(questions[0]) if questions else {}
    texts = [php.text(php.as_map(item).get("MESSAGE")).strip() for item in php.as_list(question.get("ANSWERS"))]
    if not php.text(question.get("QUESTION")).strip() or not texts or "" in texts:
        raise PortalError("400", "Please enter a question and answer options")
    if len(texts) < _ANSWERS[0]:
        raise PortalError("400", f"Minimum number of answers: {_ANSWERS[0]}")
    if len(texts) > _ANSWERS[1]:
        raise PortalError("400", f"Maximum number of answers: {_ANSWERS[1]}")
    return {"QUESTION": php.text(question["QUESTION"]), "FIELD_TYPE": question.get("FIELD_TYPE", 0), "ANSWERS": texts}


@im_action("vote.Integration.Im.send")
def _send(call: Call) -> Value:
    """Send a message with a vote to a chat."""
    storage, template = call.storage, php.text(call.exact("templateId"))
    if template:
        sent = storage.rows(_VOTE.entity, ["ID", "ENTITY_ID"], "TEMPLATE = ?", [template])
        if sent:
            return {"messageId": sent[0]["ENTITY_ID"], "voteId": sent[0]["ID"]}
    question = _question(call)
    data = php.as_map(call.exact("IM_MESSAGE_VOTE_DATA"))
    post = call.portal.registry.find("im.message.add")
    if post is None:
        raise PortalError("403", "Creating a survey is not available")
    params: Map = {"DIALOG_ID": f"chat{php.integer(call.exact('chatId'))}", "MESSAGE": question["QUESTION"]}
    try:
        message = php.integer(post.run(dataclasses.replace(call, method=post, params=params)))
    except PortalError as refused:
        raise PortalError("400", "Access denied") from refused
    fields: Map = {name: php.integer(data.get(name.upper())) for name in ("anonymity", "options")}
    fields |= {"entityId": message, "questions": [question], "template": template}
    return {"messageId": message, "voteId": engine.create(face_of(_VOTE), call, fields)}


def _found(call: Call) -> Row:
    """The vote that a call names by its id, by its signed id or by its message."""
    signed, storage = php.text(call.exact("signedAttachId")), call.storage
    number = php.integer(signed.partition(".")[0] if signed else call.exact("attachId"))
    row = storage.row(_VOTE.entity, number) if number else None
    if call.exact("entityId") is not None and not number:
        row = storage.first(_VOTE.entity, "ENTITY_ID = ?", [call.sent.integer("entityId")])
    if row is None:
        raise PortalError("ATTACH_NOT_FOUND", "Attach not found")
    return row


def _answers(row: Map) -> dict[int, str]:
    question = php.as_map(php.as_list(values.decoded(row["QUESTIONS"]))[0])
    first = php.integer(row["ID"]) * _IDS
    return {first + place: php.text(text) for place, text in enumerate(php.as_list(question["ANSWERS"]), start=1)}


def _shown(call: Call, row: Map) -> Map:
    """A vote as the caller sees it."""
    number, storage = php.integer(row["ID"]), call.storage
    ballots = storage.rows(_BALLOT, ["USER_ID", "ANSWER_ID"], "VOTE_ID = ?", [number])
    voters = {ballot.integer("USER_ID") for ballot in ballots}
    own = [ballot.integer("ANSWER_ID") for ballot in ballots if ballot["USER_ID"] == call.user]
    stored = php.as_map(php.as_list(values.decoded(row["QUESTIONS"]))[0])
    answers: Map = {}
    for place, (answer, message) in enumerate(_answers(row).items(), start=1):
        count = sum(1 for ballot in ballots if ballot["ANSWER_ID"] == answer)
        percent = round(100 * count / len(ballots)) if ballots else 0
        sort = place * 10
        answers[str(answer)] = shape(
            "vote.answer", row, answer=answer, sort=sort, message=message, count=count, percent=percent
        )
    question = shape("vote.question", {**row, **stored}, voters=len(voters), answers=answers)
    again = not row["FINISHED"] and bool(row["OPTIONS"])
    chosen: Map = {str(answer): {"ANSWER_ID": str(answer), "EVENT_QUESTION_ID": str(number)} for answer in own}
    return shape(
        "vote.vote",
        row,
        voters=len(voters),
        questions={str(number): question},
        own={str(number): chosen} if own else [],
        editable=_may_edit(call, row),
        open=again or (not row["FINISHED"] and not own),
        again=again,
        voted=bool(own),
        signed=f"{number}.{number:064x}",
    )


def _may_edit(call: Call, row: Map) -> bool:
    return call.admin or row["AUTHOR_ID"] == call.user


@vote_action("vote.AttachedVote.get")
def _get(call: Call) -> Value:
    return {"attach": _shown(call, _found(call))}


@vote_action("vote.AttachedVote.getMany")
def _get_many(call: Call) -> Value:
    wanted = [php.integer(item) for item in php.as_list(call.exact("entityIds"))]
    if len(wanted) > _MANY:
        raise PortalError("", "Too many entity ids")
    rows = call.storage.whole(_VOTE.entity)
    return {"items": [_shown(call, row) for row in rows if row["ENTITY_ID"] in wanted]}


def _open(call: Call) -> Map:
    row = _found(call)
    if row["FINISHED"]:
        raise PortalError("403", "The poll is inactive.")
    return row


@vote_action("vote.AttachedVote.vote")
def _vote(call: Call) -> Value:
    """Vote for answers: a question with one choice takes the first of them."""
    row, storage = _open(call), call.storage
    known = _answers(row)
    chosen = [php.integer(item) for sent in php.as_map(call.exact("ballot")).values() for item in php.as_list(sent)]
    chosen = [answer for answer in dict.fromkeys(chosen) if answer in known]
    own = storage.count(_BALLOT, "VOTE_ID = ? and USER_ID = ?", [row["ID"], call.user])
    if not chosen or (own and not row["OPTIONS"]):
        raise PortalError("400", "Failed to save the voting")
    _forget(call, row)
    single = not php.integer(php.as_map(php.as_list(values.decoded(row["QUESTIONS"]))[0])["FIELD_TYPE"])
    for answer in chosen[:1] if single else chosen:
        storage.insert(_BALLOT, {"VOTE_ID": row["ID"], "USER_ID": call.user, "ANSWER_ID": answer})
    return {"attach": _shown(call, row)}


def _forget(call: Call, row: Map) -> None:
    call.storage.delete_all(_BALLOT, "VOTE_ID = ? and USER_ID = ?", [row["ID"], call.user])


@vote_action("vote.AttachedVote.recall")
def _recall(call: Call) -> Value:
    row = _open(call)
    _forget(call, row)
    return {"attach": _shown(call, row)}


def _finish(call: Call, finished: bool) -> Value:
    row = _found(call)
    if not _may_edit(call, row):
        raise PortalError("ATTACH_READ_ACCESS_DENIED", "No permission to edit the vote")
    call.storage.update(_VOTE.entity, row.id, {"FINISHED": int(finished)})
    return []


def _voters(call: Call, row: Row, answer: int) -> list[Value]:
    """Those who voted for an answer; an empty list in an anonymous vote."""
    if row["ANONYMITY"]:
        return []
    storage = call.storage
    ballots = storage.rows(_BALLOT, ["USER_ID"], "VOTE_ID = ? and ANSWER_ID = ?", [row["ID"], answer])
    people = [storage.row(USER, ballot.integer("USER_ID")) or Row() for ballot in ballots]
    return [
        shape("vote.voter", person, name=f"{person.text('NAME')} {person.text('LAST_NAME')}".strip())
        for person in people
    ]


@vote_action("vote.AttachedVote.getAnswerVoted")
def _answer_voted(call: Call) -> Value:
    row, answer = _found(call), call.exact("answerId")
    if answer is None:
        raise errors.missing_parameter("answerId")
    found = _voters(call, row, php.integer(answer))
    return {"items": found, "total": len(found)}


@vote_action("vote.AttachedVote.getWithVoted")
def _with_voted(call: Call) -> Value:
    row = _found(call)
    voted = {str(answer): people for answer in _answers(row) if (people := _voters(call, row, answer))}
    return {"attach": _shown(call, row), "voted": voted or []}


@vote_action("vote.AttachedVote.stop")
def _stop(call: Call) -> Value:
    return _finish(call, True)


@vote_action("vote.AttachedVote.resume")
def _resume(call: Call) -> Value:
    return _finish(call, False)


@vote_action("vote.AttachedVote.download")
def _download(call: Call) -> Response:
    """The result of a vote as a table that spreadsheet programs open."""
    row = _found(call)
    shown = php.as_map(php.as_map(_shown(call, row)["QUESTIONS"])[php.text(row["ID"])])
    lines: list[list[Value]] = [[shown["QUESTION"], shown["COUNTER"], ""]]
    for number, answer in php.as_map(shown["ANSWERS"]).items():
        people = ", ".join(php.text(php.as_map(person)["NAME"]) for person in _voters(call, row, int(number)))
        lines.append([php.as_map(answer)["MESSAGE"], php.as_map(answer)["COUNTER"], people])
    cells = ["".join(f"<td>{escape(php.text(value))}</td>" for value in line) for line in lines]
    table = f"<table>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"
    page = f'<html><head><meta charset="utf-8"></head><body>{table}</body></html>'
    disposition = f'attachment; filename="vote{row["ID"]}.xls"'
    return Response(200, "application/vnd.ms-excel", page.encode(), (("Content-Disposition", disposition),))

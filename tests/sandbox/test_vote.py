"""Votes in chats."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller

QUESTION = {"QUESTION": "Когда собрание?", "ANSWERS": [{"MESSAGE": "Утром"}, {"MESSAGE": "Вечером"}]}


async def _send(write: Caller, **data: object) -> dict[str, Any]:
    chat = await write.result("im.chat.add", {"TITLE": "Отдел", "USERS": [4]})
    sent = {"chatId": chat, "IM_MESSAGE_VOTE_DATA": {"QUESTIONS": [QUESTION], **data}, "templateId": f"t{chat}"}
    made: dict[str, Any] = await write.result("vote.Integration.Im.send", sent)
    assert await write.result("vote.Integration.Im.send", sent) == made
    return made


def _seller(write: Caller) -> Caller:
    seller = Caller(write.sandbox, write.http)
    seller.base = f"/rest/{USER_WEBHOOK}/"
    return seller


def _ids(attach: dict[str, Any]) -> tuple[str, list[str]]:
    ((question, shown),) = attach["QUESTIONS"].items()
    return question, list(shown["ANSWERS"])


async def test_a_vote_is_sent_counted_and_recalled(write: Caller) -> None:
    made = await _send(write, OPTIONS=1)
    asked = {"attachId": made["voteId"]}
    attach = (await write.result("vote.AttachedVote.get", asked))["attach"]
    assert (attach["entityId"], attach["COUNTER"], attach["isVoted"]) == (made["messageId"], 0, False)
    question, answers = _ids(attach)
    assert [each["MESSAGE"] for each in attach["QUESTIONS"][question]["ANSWERS"].values()] == ["Утром", "Вечером"]
    ballot = {**asked, "ballot": {question: answers}}
    voted = (await write.result("vote.AttachedVote.vote", ballot))["attach"]
    assert (voted["COUNTER"], voted["isVoted"], voted["canRevote"]) == (1, True, True)
    counts = [each["COUNTER"] for each in voted["QUESTIONS"][question]["ANSWERS"].values()]
    assert counts == ["1", "0"]
    people = await write("vote.AttachedVote.getAnswerVoted", {**asked, "answerId": answers[0]})
    assert ([each["ID"] for each in people["result"]["items"]], people["total"]) == ([1], 1)
    listed = await write.result("vote.AttachedVote.getWithVoted", asked)
    assert list(listed["voted"]) == [answers[0]]
    recalled = (await write.result("vote.AttachedVote.recall", asked))["attach"]
    assert (recalled["COUNTER"], recalled["isVoted"]) == (0, False)


async def test_a_vote_is_found_by_its_message_and_its_signature(write: Caller) -> None:
    made = await _send(write)
    attach = (await write.result("vote.AttachedVote.get", {"attachId": made["voteId"]}))["attach"]
    by_message = {"moduleId": "Im", "entityType": "x", "entityId": made["messageId"]}
    for asked in (by_message, {"signedAttachId": attach["signedAttachId"]}):
        assert (await write.result("vote.AttachedVote.get", asked))["attach"] == attach
    many = await write.result("vote.AttachedVote.getMany", {"entityIds": [made["messageId"], 99999]})
    assert many == {"items": [attach]}
    _, answer = await write.refused("vote.AttachedVote.getMany", {"entityIds": list(range(51))})
    assert answer == {"error": "", "error_description": "Too many entity ids"}
    _, answer = await write.refused("vote.AttachedVote.get", {"attachId": 999})
    assert answer == {"error": "ATTACH_NOT_FOUND", "error_description": "Attach not found"}


async def test_a_stopped_vote_takes_no_ballots(write: Caller) -> None:
    made = await _send(write)
    asked = {"attachId": made["voteId"]}
    question, answers = _ids((await write.result("vote.AttachedVote.get", asked))["attach"])
    ballot = {**asked, "ballot": {question: [answers[1]]}}
    seller = _seller(write)
    _, answer = await seller.refused("vote.AttachedVote.stop", asked)
    assert answer["error"] == "ATTACH_READ_ACCESS_DENIED"
    assert await write.result("vote.AttachedVote.stop", asked) == []
    _, answer = await seller.refused("vote.AttachedVote.vote", ballot)
    assert answer == {"error": "403", "error_description": "The poll is inactive."}
    assert await write.result("vote.AttachedVote.resume", asked) == []
    assert (await seller.result("vote.AttachedVote.vote", ballot))["attach"]["COUNTER"] == 1
    _, answer = await seller.refused("vote.AttachedVote.vote", ballot)
    assert answer["error"] == "400"


async def test_the_result_of_a_vote_is_downloaded_as_a_table(write: Caller) -> None:
    made = await _send(write)
    asked = {"attachId": made["voteId"]}
    question, answers = _ids((await write.result("vote.AttachedVote.get", asked))["attach"])
    await _seller(write).result("vote.AttachedVote.vote", {**asked, "ballot": {question: answers[1:]}})
    file = await write.http.post(f"{write.base}vote.AttachedVote.download", json=asked)
    assert file.headers["content-disposition"] == f'attachment; filename="vote{made["voteId"]}.xls"'
    voter = await write.result("user.get", {"ID": 4})
    full = f"{voter[0]['NAME']} {voter[0]['LAST_NAME']}"
    assert "<td>Утром</td><td>0</td><td></td>" in file.text
    assert f"<td>Вечером</td><td>1</td><td>{full}</td>" in file.text
    _, answer = await write.refused("vote.AttachedVote.download", {"attachId": 999})
    assert answer["error"] == "ATTACH_NOT_FOUND"


async def test_an_answer_is_named_to_list_its_voters(write: Caller) -> None:
    made = await _send(write)
    _, answer = await write.refused("vote.AttachedVote.getAnswerVoted", {"attachId": made["voteId"]})
    assert (answer["error"], "answerId" in answer["error_description"]) == ("100", True)


async def test_an_anonymous_vote_names_nobody(write: Caller) -> None:
    made = await _send(write, ANONYMITY=1)
    asked = {"attachId": made["voteId"]}
    question, answers = _ids((await write.result("vote.AttachedVote.get", asked))["attach"])
    await write.result("vote.AttachedVote.vote", {**asked, "ballot": {question: [answers[0]]}})
    people = await write.result("vote.AttachedVote.getAnswerVoted", {**asked, "answerId": answers[0]})
    assert people["items"] == []


@pytest.mark.parametrize(
    ("questions", "text"),
    [
        ([], "Please enter a question and answer options"),
        ([QUESTION, QUESTION], "Maximum number of questions: 1"),
        ([{"QUESTION": "x", "ANSWERS": [{"MESSAGE": "a"}]}], "Minimum number of answers: 2"),
        ([{"QUESTION": "x", "ANSWERS": [{"MESSAGE": "a"}] * 11}], "Maximum number of answers: 10"),
    ],
)
async def test_a_vote_needs_one_question_with_answers(call: Caller, questions: list[object], text: str) -> None:
    sent = {"chatId": 1, "IM_MESSAGE_VOTE_DATA": {"QUESTIONS": questions}}
    _, answer = await call.refused("vote.Integration.Im.send", sent)
    assert answer == {"error": "400", "error_description": text}

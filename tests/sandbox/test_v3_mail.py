"""REST 3.0: mailboxes, messages, recipients, and what is made from messages."""

from __future__ import annotations

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import http
from tests.sandbox.rest_v3 import REQUEST, V3, fields

SALES, OWN = 12, 11
QUOTE, ANSWER, QUESTION, PARTS, CONTRACT, PRIZE, FOREIGN = 201, 202, 203, 204, 205, 206, 207
LETTER = {"from": "sales@example.com", "to": ["client@example.com"], "subject": "Prices", "body": "Attached."}


async def test_a_user_sees_the_mailboxes_they_have_access_to(reads: V3) -> None:
    listed = await reads.items("mail.mailbox.list")
    assert listed[1] == {
        "id": SALES,
        "name": "Отдел продаж",
        "email": "sales@example.com",
        "senderName": "Северный мост",
    }
    assert [box["id"] for box in listed] == [OWN, SALES]
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    assert await seller.ids("mail.mailbox.list") == [SALES]
    assert (await seller.refused("mail.mailbox.get", {"id": OWN}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_mailboxes_are_narrowed_by_fragments_and_paged(reads: V3) -> None:
    assert await reads.ids("mail.mailbox.list", {"name": "продаж"}) == [SALES]
    assert await reads.ids("mail.mailbox.list", {"email": "user01"}) == [OWN]
    assert await reads.ids("mail.mailbox.list", {"name": "продаж", "email": "user01"}) == []
    assert await reads.ids("mail.mailbox.list", {"pagination": {"page": 2, "limit": 1}}) == [SALES]
    wrong = await reads.refused("mail.mailbox.list", {"pagination": {"limit": "abc"}})
    assert wrong[:2] == (400, "INVALIDPAGINATIONEXCEPTION")
    assert fields((await reads.refused("mail.mailbox.list", {"name": 5}))[2]) == ["name"]


async def test_a_mailbox_is_read_with_selected_fields(reads: V3) -> None:
    asked = {"id": SALES, "select": ["id", "email"]}
    assert await reads.result("mail.mailbox.get", asked) == {"item": {"id": SALES, "email": "sales@example.com"}}
    assert fields((await reads.refused("mail.mailbox.get"))[2]) == ["id"]


async def test_senders_have_the_name_of_the_person_and_of_the_mailbox(reads: V3) -> None:
    senders = await reads.items("mail.mailbox.senders")
    assert senders[0] == {
        "email": "user01@example.com",
        "name": "Марина Левченко",
        "sender": "Марина Левченко <user01@example.com>",
    }
    assert [sender["name"] for sender in senders[2:]] == ["Северный мост", "Отдел продаж"]
    assert await reads.items("mail.mailbox.senders", {"pagination": {"limit": 1, "offset": 3}}) == senders[3:]


async def test_messages_are_listed_from_the_newest(reads: V3) -> None:
    listed = await reads.items("mail.message.list")
    assert [message["id"] for message in listed] == [PARTS, QUESTION, CONTRACT, PRIZE, ANSWER, QUOTE]
    assert listed[1] == {
        "id": QUESTION,
        "mailboxId": SALES,
        "mailboxEmail": "sales@example.com",
        "subject": "Re: Запрос цен на станки",
        "from": "Закупки <contact2@example.com>",
        "to": "sales@example.com",
        "cc": "contact3@example.com",
        "date": "2026-02-27T12:00:00+03:00",
        "isSeen": False,
        "hasAttachments": False,
        "url": f"/mail/message/{QUESTION}",
        "bindings": [],
        "body": listed[1]["body"],
    }


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"mailboxId": OWN}, [CONTRACT, PRIZE]),
        ({"searchQuery": "СТАНКИ"}, [QUESTION, ANSWER, QUOTE]),
        ({"searchQuery": "export buyer"}, [PARTS]),
        ({"isSeen": False}, [PARTS, QUESTION]),
        ({"isSeen": True, "mailboxId": SALES}, [ANSWER, QUOTE]),
        ({"hasAttachments": True}, [PARTS, ANSWER, QUOTE]),
        ({"folder": "Spam"}, [PRIZE]),
        ({"dateFrom": "2026-02-27T09:00:00Z"}, [PARTS, QUESTION]),
        ({"dateFrom": "2026-02-24T00:00:00+03:00", "dateTo": "2026-02-26T00:00:00+03:00"}, [PRIZE, ANSWER]),
        ({"dateTo": "2026-02-23T09:00:00Z"}, [QUOTE]),
        ({"pagination": {"limit": 2, "page": 2}}, [CONTRACT, PRIZE]),
    ],
)
async def test_messages_are_narrowed(reads: V3, sent: object, found: list[int]) -> None:
    assert await reads.ids("mail.message.list", sent) == found


async def test_messages_of_other_users_do_not_exist(reads: V3) -> None:
    assert (await reads.refused("mail.message.get", {"id": FOREIGN}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert (await reads.refused("mail.message.thread", {"id": FOREIGN}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert (await reads.refused("mail.message.list", {"mailboxId": 13}))[:2] == (403, "ACCESSDENIEDEXCEPTION")
    made = await reads.refused("mail.message.createtask", {"messageId": FOREIGN})
    assert (made[1], fields(made[2])) == (REQUEST, ["messageId"])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"dateFrom": "2026-02-27"}, "dateFrom"),
        ({"dateTo": "yesterday"}, "dateTo"),
        ({"isSeen": "Y"}, "isSeen"),
        ({"mailboxId": "12"}, "mailboxId"),
    ],
)
async def test_invalid_conditions_on_messages_are_refused(reads: V3, sent: object, field: str) -> None:
    refused = await reads.refused("mail.message.list", sent)
    assert (refused[1], fields(refused[2])) == (REQUEST, [field])


async def test_a_message_is_read_with_selected_fields(reads: V3) -> None:
    item = (await reads.result("mail.message.get", {"id": PARTS, "select": ["subject", "mailboxEmail"]}))["item"]
    assert item == {"subject": "Spare parts for press line", "mailboxEmail": "sales@example.com"}
    assert (await reads.refused("mail.message.get", {"id": PARTS, "select": "subject"}))[1] == "INVALIDSELECTEXCEPTION"


async def test_a_thread_is_a_bare_list_from_the_oldest_message(reads: V3) -> None:
    thread = await reads.result("mail.message.thread", {"id": QUESTION})
    assert [message["id"] for message in thread] == [QUOTE, ANSWER, QUESTION]
    assert set(thread[0]) == {"id", "subject", "from", "to", "cc", "date", "body"}
    assert thread[0]["date"] == "2026-02-23 12:00:00"
    assert len(await reads.result("mail.message.thread", {"id": QUESTION, "limit": 2})) == 2
    assert fields((await reads.refused("mail.message.thread", {"id": QUESTION, "limit": 0}))[2]) == ["limit"]


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("mail.mailbox", "id name email senderName"),
        (
            "mail.message",
            "id mailboxId mailboxEmail subject from to cc date isSeen hasAttachments url bindings body",
        ),
        ("mail.recipient", "id email name"),
    ],
)
async def test_the_fields_of_mail_are_described(reads: V3, prefix: str, names: str) -> None:
    listed = await reads.items(f"{prefix}.field.list")
    assert [item["name"] for item in listed] == names.split()
    assert not any(item["filterable"] or item["sortable"] or item["editable"] for item in listed)
    one = await reads.result(f"{prefix}.field.get", {"name": "id", "select": ["type"]})
    assert one == {"item": {"type": "int"}}
    assert (await reads.refused(f"{prefix}.field.get", {"name": "nope"}))[1].endswith("FIELDNOTFOUNDEXCEPTION")


async def test_recipients_are_found_in_the_address_book(reads: V3) -> None:
    contacts = await reads.items("mail.recipient.listcontacts")
    assert [contact["name"] for contact in contacts] == ["Export buyer", "Закупки"]
    assert set(contacts[0]) == {"id", "email", "name"}
    assert await reads.items("mail.recipient.listcontacts", {"query": "закуп"}) == contacts[1:]
    assert await reads.items("mail.recipient.listcontacts", {"pagination": {"limit": 1}}) == contacts[:1]
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    others = await seller.ids("mail.recipient.listcontacts")
    assert len(others) == 2
    assert not set(others) & {contact["id"] for contact in contacts}


async def test_recipients_are_found_among_employees(reads: V3) -> None:
    found = await reads.items("mail.recipient.listemployees", {"query": "Laura"})
    assert found == [{"id": 8, "email": "user08@example.com", "name": "Laura Bennett"}]
    assert await reads.ids("mail.recipient.listemployees", {"query": "user20@"}) == []  # has left the company
    for sent in ({}, {"query": ""}, {"query": 5}):
        assert fields((await reads.refused("mail.recipient.listemployees", sent))[2]) == ["query"]


async def test_a_sent_message_is_in_the_folder_of_sent_messages(v3: V3) -> None:
    assert await v3.result("mail.message.send", {**LETTER, "cc": ["boss@example.com"]}) == {
        "success": True,
        "to": ["client@example.com"],
    }
    newest = (await v3.items("mail.message.list", {"folder": "Sent"}))[0]
    assert (newest["from"], newest["to"], newest["cc"], newest["isSeen"]) == (
        "Северный мост <sales@example.com>",
        "client@example.com",
        "boss@example.com",
        True,
    )
    assert [message["id"] for message in await v3.result("mail.message.thread", {"id": newest["id"]})] == [newest["id"]]


async def test_a_page_of_messages_has_25_by_default(v3: V3) -> None:
    for _ in range(26):
        await v3.result("mail.message.send", LETTER)
    first = await v3.ids("mail.message.list", {"folder": "Sent"})
    assert len(first) == 25
    assert await v3.ids("mail.message.list", {"folder": "Sent", "pagination": {"page": 1}}) == first
    assert len(await v3.ids("mail.message.list", {"folder": "Sent", "pagination": {"page": 2}})) == 2


async def test_a_reply_joins_the_thread_and_a_forward_begins_one(v3: V3) -> None:
    await v3.result("mail.message.reply", {**LETTER, "replyToMessageId": QUESTION})
    assert len(await v3.result("mail.message.thread", {"id": QUOTE})) == 4
    await v3.result("mail.message.forward", {**LETTER, "forwardMessageId": QUESTION})
    assert len(await v3.result("mail.message.thread", {"id": QUOTE})) == 4
    assert len(await v3.ids("mail.message.list", {"folder": "Sent"})) == 3


@pytest.mark.parametrize(
    ("method", "sent", "field", "message"),
    [
        ("send", {"from": "user02@example.com"}, "from", "MESSAGE_SEND_FAILED"),
        ("send", {"to": []}, "to", "NO_RECIPIENTS"),
        ("send", {"to": ["nobody"]}, "to", "RESOLVE_RECIPIENTS_ERROR"),
        ("send", {"bcc": [5]}, "bcc", "RESOLVE_RECIPIENTS_ERROR"),
        ("reply", {"replyToMessageId": FOREIGN}, "replyToMessageId", "MESSAGE_REPLY_FAILED"),
        ("forward", {"forwardMessageId": 99999}, "forwardMessageId", "MESSAGE_FORWARD_FAILED"),
    ],
)
async def test_messages_that_cannot_be_sent_are_refused(
    reads: V3, method: str, sent: dict[str, object], field: str, message: str
) -> None:
    _, code, error = await reads.refused(f"mail.message.{method}", {**LETTER, **sent})
    assert (code, error["validation"]) == (REQUEST, [{"field": field, "message": message}])


async def test_a_message_requires_sender_recipients_subject_and_text(reads: V3) -> None:
    refused = await reads.refused("mail.message.send", {"cc": []})
    assert (refused[1], fields(refused[2])) == (REQUEST, ["from", "to", "subject", "body"])


async def test_messages_move_between_folders(v3: V3) -> None:
    moved = await v3.result("mail.message.movetofolder", {"messageIds": [QUOTE, QUESTION], "action": "spam"})
    assert moved == {"success": True, "movedCount": 2, "action": "spam"}
    assert await v3.ids("mail.message.list", {"folder": "Spam"}) == [QUESTION, PRIZE, QUOTE]
    await v3.result("mail.message.movetofolder", {"messageIds": [QUOTE], "action": "move", "folder": "Archive"})
    await v3.result("mail.message.movetofolder", {"messageIds": [PRIZE], "action": "delete"})
    assert await v3.ids("mail.message.list", {"folder": "Archive"}) == [QUOTE]
    assert await v3.ids("mail.message.list", {"folder": "Trash"}) == [PRIZE]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"action": "spam"}, "messageIds"),
        ({"messageIds": [FOREIGN], "action": "spam"}, "messageIds"),
        ({"messageIds": [QUOTE, CONTRACT], "action": "spam"}, "messageIds"),
        ({"messageIds": [QUOTE, ANSWER], "action": "spam"}, "messageIds"),
        ({"messageIds": [QUOTE], "action": "burn"}, "action"),
        ({"messageIds": [QUOTE], "action": "move"}, "folder"),
        ({"messageIds": [QUOTE], "action": "move", "folder": "Nowhere"}, "folder"),
    ],
)
async def test_invalid_moves_are_refused(reads: V3, sent: object, field: str) -> None:
    refused = await reads.refused("mail.message.movetofolder", sent)
    assert (refused[1], fields(refused[2])) == (REQUEST, [field])


async def test_a_task_is_made_from_a_message(v3: V3) -> None:
    made = await v3.result("mail.message.createtask", {"messageId": QUOTE, "responsibleId": 3})
    assert (made["success"], made["messageId"]) == (True, QUOTE)
    task = (await v3.result("tasks.task.get", {"id": made["taskId"], "select": ["title", "responsibleId"]}))["item"]
    assert task == {"title": "Запрос цен на станки", "responsibleId": 3}
    unknown = await v3.refused("mail.message.createtask", {"messageId": QUOTE, "responsibleId": 999})
    assert unknown[:2] == (400, REQUEST)


async def test_a_calendar_event_is_made_from_a_message(v3: V3) -> None:
    sent = {"messageId": QUOTE, "dateFrom": "2026-04-15 10:00:00", "dateTo": "2026-04-15 11:00:00"}
    made = await v3.result("mail.message.createcalendarevent", {**sent, "name": "Talk"})
    event = await v3.old("calendar.event.getbyid", {"id": made["eventId"]})
    assert (event["NAME"], event["DATE_FROM"]) == ("Talk", "15.04.2026 10:00:00")
    wrong = await v3.refused("mail.message.createcalendarevent", {**sent, "dateTo": "2026-04-15"})
    assert fields(wrong[2]) == ["dateTo"]
    assert fields((await v3.refused("mail.message.createcalendarevent"))[2]) == ["messageId", "dateFrom", "dateTo"]


async def test_a_message_has_one_chat(v3: V3) -> None:
    first = await v3.result("mail.message.createchat", {"messageId": QUOTE})
    assert (first["success"], first["messageId"], first["existing"]) == (True, QUOTE, False)
    dialog = await v3.old("im.dialog.get", {"DIALOG_ID": f"chat{first['chatId']}"})
    assert dialog["name"] == "Запрос цен на станки"
    assert await v3.result("mail.message.createchat", {"messageId": QUOTE}) == {**first, "existing": True}


async def test_a_post_is_made_from_a_message(v3: V3) -> None:
    posts = [
        await v3.result("mail.message.createfeedpost", {"messageId": QUOTE, "title": title}) for title in ("A", "B")
    ]
    assert posts[0]["messageId"] == QUOTE
    assert 0 < posts[0]["postId"] < posts[1]["postId"]
    (post,) = await v3.old("log.blogpost.get", {"POST_ID": posts[0]["postId"]})
    assert post["TITLE"] == "A"
    for sent in ({}, {"messageId": 0}, {"messageId": "201"}):
        assert fields((await v3.refused("mail.message.createfeedpost", sent))[2]) == ["messageId"]


async def test_a_message_is_added_to_the_crm_and_removed(v3: V3) -> None:
    assert await v3.result("mail.message.createcrmactivity", {"messageId": QUOTE}) is True
    assert await v3.result("mail.message.createcrmactivity", {"messageId": QUOTE}) is True
    bindings = (await v3.result("mail.message.get", {"id": QUOTE}))["item"]["bindings"]
    activity = await v3.old("crm.activity.get", {"id": bindings[0]["entityId"]})
    assert (activity["SUBJECT"], activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == ("Запрос цен на станки", "3", "2")
    assert len(bindings) == 1
    same = {"filter": {"SUBJECT": "Запрос цен на станки"}, "select": ["ID"]}
    assert len(await v3.old("crm.activity.list", same)) == 1
    assert await v3.result("mail.message.removecrmactivity", {"messageId": QUOTE}) is True
    assert (await v3.result("mail.message.get", {"id": QUOTE}))["item"]["bindings"] == []
    left = await v3.old("crm.activity.list", {"filter": {"ID": bindings[0]["entityId"]}})
    assert left == []


async def test_an_unknown_sender_becomes_a_lead(v3: V3) -> None:
    await v3.result("mail.message.createcrmactivity", {"messageId": PRIZE})
    leads = await v3.old("crm.lead.list", {"filter": {"EMAIL": "lucky@example.org"}, "select": ["TITLE"]})
    assert [lead["TITLE"] for lead in leads] == ["Вы выиграли приз"]


async def test_credentials_without_the_scope_of_mail_are_refused(own: Sandbox) -> None:
    own.portal.scopes = own.portal.scopes - {"mail"}
    async with http(own) as client:
        assert (await V3(own, client).refused("mail.mailbox.list"))[:2] == (403, "INSUFFICIENTSCOPEEXCEPTION")

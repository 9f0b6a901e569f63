"""Searching as a portal does: files by words, chats by words, and the full-text field of CRM records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def names(call: Caller, **sent: Any) -> list[str]:
    return [row["NAME"] for row in await call.result("disk.file.search", sent)]


async def test_files_are_found_by_the_beginnings_of_words_in_name_and_text(call: Caller) -> None:
    assert await names(call, QUERY="догов  постав") == ["Договор поставки (образец).txt"]
    assert "NDA template.txt" in await names(call, QUERY="drawings")
    assert await names(call, QUERY="оговор") == []


async def test_folders_are_found_only_when_asked_for(call: Caller) -> None:
    assert "Договоры" not in await names(call, QUERY="договор")
    assert "Договоры" in await names(call, QUERY="договор", TYPE="all")
    assert await names(call, QUERY="договор", TYPE="folder") == ["Договоры"]


async def test_a_search_may_be_limited_to_a_storage_or_a_folder(call: Caller) -> None:
    assert len(await names(call, QUERY="протокол")) == 4
    assert len(await names(call, QUERY="протокол", FILTER={"STORAGE_ID": 215})) == 1
    assert await names(call, QUERY="нда", FILTER={"FOLDER_ID": 22}) == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "ERROR_ARGUMENT"),
        ({"QUERY": "ab"}, "INVALID_QUERY"),
        ({"QUERY": "договор", "TYPE": "image"}, "INVALID_TYPE"),
        ({"QUERY": "договор", "FILTER": {"NAME": "x"}}, "INVALID_FILTER"),
        ({"QUERY": "договор", "FILTER": {"STORAGE_ID": 9999}}, "NOT_FOUND"),
        ({"QUERY": "договор", "FILTER": "x"}, "NOT_FOUND"),
    ],
)
async def test_a_wrong_search_of_files_is_refused(call: Caller, sent: dict[str, Any], code: str) -> None:
    assert (await call("disk.file.search", sent))["error"] == code


async def test_chats_are_found_by_the_beginnings_of_words(call: Caller) -> None:
    found = await call.result("im.search.chat.list", {"FIND": "сроч серв"})
    assert [chat["name"] for chat in found] == ["Сервис: срочные заявки"]
    assert await call.result("im.search.chat.list", {"FIND": "рочные"}) == []


@pytest.mark.parametrize(
    ("part", "ids"),
    [("70005552008", [8]), ("80005552008", [8]), ("52008", [8]), ("pbagnpg8 ", [8]), ("Прохоров Максим ", [2])],
)
async def test_the_full_text_of_a_contact_has_names_endings_of_phones_and_rotated_mailboxes(
    call: Caller, part: str, ids: list[int]
) -> None:
    sent = {"entityTypeId": 3, "filter": {"%searchContent": part}, "select": ["id"], "order": {"id": "ASC"}}
    assert [item["id"] for item in (await call.result("crm.item.list", sent))["items"]] == ids


async def test_texts_are_compared_without_case_and_with_one_letter_for_two(call: Caller) -> None:
    sent = {"entityTypeId": 3, "filter": {"%lastName": "ЕЛКИН", "name": "Лев"}, "select": ["lastName"]}
    found = (await call.result("crm.item.list", sent))["items"]
    assert {"Ёлкин"} == {item["lastName"] for item in found}

"""REST 3.0: documents of knowledge bases, their tree, search and files."""

from __future__ import annotations

import base64

import pytest

from b24_sandbox.v3 import note_documents
from tests.sandbox.rest_v3 import DTO, REQUEST, V3, fields

DOCUMENT = "note.document"
HOW, CALL, DISCOUNTS, REPAIR, WARRANTY, WEEK = 31, 32, 33, 34, 35, 36
SALES, SERVICE = 1, 2
PNG = base64.b64encode(b"\x89PNG picture").decode()


async def _missing(v3: V3, method: str, sent: object) -> bool:
    return (await v3.refused(method, sent))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_a_document_is_read_with_its_text(reads: V3) -> None:
    item = (await reads.result(f"{DOCUMENT}.get", {"id": CALL}))["item"]
    assert list(item) == [
        "id", "collectionId", "parentId", "title", "markdown", "position", "createdBy", "updatedBy", "createdAt",
        "updatedAt",
    ]  # fmt: skip
    assert (item["id"], item["collectionId"], item["parentId"], item["title"]) == (CALL, SALES, HOW, "Первый звонок")
    assert item["markdown"].startswith("# Первый звонок\n")
    assert item["createdAt"].endswith("T09:00:00Z")


async def test_a_document_is_added_below_another_one_and_changed(v3: V3) -> None:
    new = {"collectionId": SALES, "parentId": HOW, "title": "Prices", "markdown": "# Prices"}
    item = (await v3.result(f"{DOCUMENT}.add", {"fields": new}))["item"]
    assert {name: item[name] for name in new} == new
    assert (item["position"], item["createdBy"], item["createdAt"]) == (4, 1, "2026-03-01T09:00:00Z")
    changed = await v3.result(
        f"{DOCUMENT}.update", {"id": item["id"], "fields": {"markdown": "New"}, "overwrite": True}
    )
    assert changed == {"item": {**item, "markdown": "New"}}
    assert await v3.result(f"{DOCUMENT}.get", {"id": item["id"]}) == changed


async def test_a_document_without_a_text_is_empty(v3: V3) -> None:
    item = (await v3.result(f"{DOCUMENT}.add", {"fields": {"collectionId": SERVICE, "title": "Blank"}}))["item"]
    assert (item["parentId"], item["markdown"]) == (None, "")


@pytest.mark.parametrize(
    ("sent", "code", "names"),
    [
        ({}, REQUEST, ["fields"]),
        ({"fields": {}}, DTO, ["collectionId", "title"]),
        ({"fields": {"collectionId": "1", "title": 5}}, DTO, ["collectionId", "title"]),
        ({"fields": {"collectionId": SALES, "title": " "}}, DTO, ["title"]),
        ({"fields": {"collectionId": SALES, "title": "x" * 256}}, DTO, ["title"]),
        ({"fields": {"collectionId": SALES, "title": "A", "position": 1}}, REQUEST, ["position"]),
    ],
)
async def test_invalid_documents_are_refused(reads: V3, sent: object, code: str, names: list[str]) -> None:
    refused = await reads.refused(f"{DOCUMENT}.add", sent)
    assert (refused[0], refused[1], fields(refused[2])) == (400, code, names)


async def test_a_parent_must_belong_to_the_same_base(reads: V3) -> None:
    for parent in (REPAIR, 99999):
        sent = {"fields": {"collectionId": SALES, "title": "A", "parentId": parent}}
        assert (await reads.refused(f"{DOCUMENT}.add", sent))[:2] == (400, "NOTE_INVALID_PARENT")
    assert await _missing(reads, f"{DOCUMENT}.add", {"fields": {"collectionId": 999, "title": "A"}})


async def test_the_text_of_a_document_has_a_largest_size_in_bytes(v3: V3) -> None:
    half = "ж" * (1_048_576 // 2)
    await v3.result(f"{DOCUMENT}.update", {"id": WEEK, "fields": {"markdown": half}})
    refused = await v3.refused(f"{DOCUMENT}.update", {"id": WEEK, "fields": {"markdown": half + "x"}})
    assert refused[:2] == (400, "NOTE_MARKDOWN_TOO_LARGE")


async def test_an_update_requires_a_title_or_a_text(reads: V3) -> None:
    assert (await reads.refused(f"{DOCUMENT}.update", {"id": WEEK, "fields": {}}))[1] == "NOTE_EMPTY_UPDATE"
    moved = await reads.refused(f"{DOCUMENT}.update", {"id": WEEK, "fields": {"parentId": HOW}})
    assert fields(moved[2]) == ["parentId"]
    wrong = {"id": WEEK, "fields": {"title": "A"}, "overwrite": "yes"}
    assert fields((await reads.refused(f"{DOCUMENT}.update", wrong))[2]) == ["overwrite"]
    assert fields((await reads.refused(f"{DOCUMENT}.update"))[2]) == ["id", "fields"]


async def test_an_archived_document_takes_the_pages_below_it_along(v3: V3) -> None:
    assert await v3.result(f"{DOCUMENT}.archive", {"id": HOW}) == {"result": True}
    for document in (HOW, CALL, DISCOUNTS):
        assert await _missing(v3, f"{DOCUMENT}.get", {"id": document})
        assert await _missing(v3, f"{DOCUMENT}.update", {"id": document, "fields": {"title": "A"}})
        assert await _missing(v3, f"{DOCUMENT}.archive", {"id": document})
    assert await v3.items(f"{DOCUMENT}.tree.list", {"collectionId": SALES}) == []
    assert await v3.result(f"{DOCUMENT}.delete", {"id": HOW}) == {"result": True}
    assert await _missing(v3, f"{DOCUMENT}.delete", {"id": CALL})


async def test_documents_of_a_deleted_base_do_not_exist(v3: V3) -> None:
    await v3.result("note.collection.delete", {"id": SERVICE})
    assert await _missing(v3, f"{DOCUMENT}.get", {"id": REPAIR})
    assert await _missing(v3, f"{DOCUMENT}.tree.list", {"collectionId": SERVICE})
    assert await _missing(v3, f"{DOCUMENT}.archive", {"id": REPAIR})
    assert await v3.items(f"{DOCUMENT}.search.list", {"query": "гарант"}) == []


async def test_the_tree_nests_the_pages_of_a_base(reads: V3) -> None:
    tree = await reads.result(f"{DOCUMENT}.tree.list", {"collectionId": SALES})
    assert tree["truncated"] is False
    root = tree["items"][0]
    assert {name: root[name] for name in ("id", "collectionId", "parentId")} == {
        "id": HOW, "collectionId": SALES, "parentId": None,
    }  # fmt: skip
    assert [child["id"] for child in root["children"]] == [CALL, DISCOUNTS]
    assert root["children"][0]["children"] == []
    assert fields((await reads.refused(f"{DOCUMENT}.tree.list", {"collectionId": "1"}))[2]) == ["collectionId"]


async def test_a_tree_that_is_too_large_loses_whole_roots(v3: V3, monkeypatch: pytest.MonkeyPatch) -> None:
    await v3.result(f"{DOCUMENT}.add", {"fields": {"collectionId": SALES, "title": "Second root"}})
    monkeypatch.setattr(note_documents, "LARGEST_TREE", 3)
    tree = await v3.result(f"{DOCUMENT}.tree.list", {"collectionId": SALES})
    assert ([root["id"] for root in tree["items"]], tree["truncated"]) == ([HOW], True)


async def test_documents_are_found_by_all_words(reads: V3) -> None:
    found = await reads.result(f"{DOCUMENT}.search.list", {"query": "акт приёмки"})
    assert found["hasMore"] is False
    assert [hit["documentId"] for hit in found["items"]] == [REPAIR, WARRANTY]
    assert await reads.items(f"{DOCUMENT}.search.list", {"query": "акт космос"}) == []
    calls = await reads.items(f"{DOCUMENT}.search.list", {"query": "звон"})
    assert [hit["documentId"] for hit in calls] == [CALL, HOW]  # the title counts more than the text
    first = (await reads.items(f"{DOCUMENT}.search.list", {"query": "first week"}))[0]
    assert first == {
        "documentId": WEEK,
        "collectionId": 3,
        "title": "First week",
        "score": 1.0,
        "snippet": first["snippet"],
        "sharedAccess": False,
    }
    assert "<b>First</b> <b>week</b>" in first["snippet"]


async def test_the_text_of_a_snippet_is_escaped(v3: V3) -> None:
    await v3.result(f"{DOCUMENT}.update", {"id": WEEK, "fields": {"markdown": "a <i>zebra</i> & co"}})
    hit = (await v3.items(f"{DOCUMENT}.search.list", {"query": "zebra"}))[0]
    assert hit["snippet"] == "a &lt;i&gt;<b>zebra</b>&lt;/i&gt; &amp; co"


async def test_a_search_shows_one_page(reads: V3) -> None:
    sent = {"query": "приёмки", "pagination": {"limit": 1}}
    found = await reads.result(f"{DOCUMENT}.search.list", sent)
    assert ([hit["documentId"] for hit in found["items"]], found["hasMore"]) == ([REPAIR], True)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"query": "ab"}, "NOTE_SEARCH_QUERY_TOO_SHORT"),
        ({"query": "x" * 201}, "NOTE_SEARCH_QUERY_TOO_LONG"),
        ({"query": 123}, REQUEST),
        ({}, REQUEST),
        ({"query": "abc", "pagination": {"limit": 0}}, "INVALIDPAGINATIONEXCEPTION"),
        ({"query": "abc", "pagination": 5}, REQUEST),
    ],
)
async def test_invalid_searches_are_refused(reads: V3, sent: object, code: str) -> None:
    assert (await reads.refused(f"{DOCUMENT}.search.list", sent))[:2] == (400, code)


async def test_a_file_is_uploaded_to_a_document(v3: V3) -> None:
    sent = {"documentId": REPAIR, "fileName": "plan.PNG", "fileContent": PNG}
    item = (await v3.result("note.file.add", sent))["item"]
    assert item == {
        "id": item["id"],
        "documentId": REPAIR,
        "name": "plan.PNG",
        "size": 12,
        "mimeType": "image/png",
        "assetType": "image",
        "assetMarkdown": f"[[image fileId={item['id']}]]",
    }
    asked = {"id": item["id"], "documentId": REPAIR}
    assert await v3.result("note.file.get", asked) == {"item": item}
    assert await _missing(v3, "note.file.get", {**asked, "documentId": WARRANTY})


async def test_the_kind_of_a_file_is_the_kind_of_its_block(reads: V3) -> None:
    item = (await reads.result("note.file.get", {"id": 51, "documentId": REPAIR}))["item"]
    assert (item["assetType"], item["assetMarkdown"]) == ("file", "[[file fileId=51]]")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"fileName": "run.exe"}, "NOTE_FILE_TYPE_NOT_ALLOWED"),
        ({"fileName": "png"}, "NOTE_FILE_TYPE_NOT_ALLOWED"),
        ({"fileContent": "not base64!"}, REQUEST),
        ({"fileContent": ""}, REQUEST),
        ({"documentId": 99999}, "ENTITYNOTFOUNDEXCEPTION"),
        ({"documentId": "34"}, REQUEST),
    ],
)
async def test_invalid_files_are_refused(reads: V3, sent: dict[str, object], code: str) -> None:
    whole = {"documentId": REPAIR, "fileName": "plan.png", "fileContent": PNG, **sent}
    assert (await reads.refused("note.file.add", whole))[:2] == (400, code)


async def test_a_file_has_a_largest_size(reads: V3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_documents, "LARGEST_FILE", 11)
    sent = {"documentId": REPAIR, "fileName": "plan.png", "fileContent": PNG}
    assert (await reads.refused("note.file.add", sent))[1] == "NOTE_FILE_TOO_LARGE"


@pytest.mark.parametrize(
    ("prefix", "types"),
    [
        (
            DOCUMENT,
            "id:int collectionId:int parentId:int title:string markdown:string position:int createdBy:int"
            " updatedBy:int createdAt:string updatedAt:string",
        ),
        (
            f"{DOCUMENT}.tree",
            "id:int collectionId:int parentId:int title:string position:int children:array",
        ),
        (
            f"{DOCUMENT}.search",
            "documentId:int collectionId:int title:string score:float snippet:string sharedAccess:bool",
        ),
        (
            "note.file",
            "id:int documentId:int name:string size:int mimeType:string assetType:string assetMarkdown:string",
        ),
    ],
)
async def test_the_fields_of_notes_are_described(reads: V3, prefix: str, types: str) -> None:
    listed = await reads.items(f"{prefix}.field.list", {"select": ["name", "type"]})
    assert " ".join(f"{item['name']}:{item['type']}" for item in listed) == types
    assert (await reads.result(f"{prefix}.field.get", {"name": listed[1]["name"]}))["item"]["filterable"] is False

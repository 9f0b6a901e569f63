"""Bodies with files: they are what JSON with base64 would be, and never complete with another content."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest.files.multipart import form_with_file
from b24_mcp.rest.wire import file_body
from b24_mcp.rest.wire.file_body import FileBody, OnPiece, json_body
from b24_mcp.rest.wire.file_value import FileValue, InlineFile, SeparateFile, disk_file, files_in, uploaded_file
from b24_mcp.rest.wire.request import Request
from b24_mcp.storage.existing_file import FoundFile, find_file
from b24_mcp.storage.places import place_in


def found_in(folder: Path, content: bytes, name: str = "a.bin") -> FoundFile:
    (folder / name).write_bytes(content)
    return find_file(place_in(str(folder), name, existing=True))


async def whole(body: FileBody) -> bytes:
    pieces = [piece async for piece in body.stream()]
    return b"".join(pieces)


async def read(body: FileBody, sent: bytearray, on_piece: OnPiece | None = None) -> None:
    async for piece in body.stream(on_piece):
        sent += piece


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.just("FILE")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def with_file(value: object, file: object) -> object:
    if value == "FILE":
        return file
    if isinstance(value, dict):
        return {name: with_file(inner, file) for name, inner in value.items()}
    return [with_file(inner, file) for inner in value] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None)
@given(value=VALUES, content=st.binary(max_size=50), piece=st.sampled_from([3, 6, 30]))
async def test_a_body_is_the_json_with_the_content_in_base64(
    tmp_path_factory: pytest.TempPathFactory, value: object, content: bytes, piece: int
) -> None:
    found = found_in(tmp_path_factory.getbasetemp(), content)
    planned = with_file(value, InlineFile(found))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_body, "_PIECE", piece)
        body = json_body(planned, sort_keys=False)
        sent = await whole(body)
    assert json.loads(sent) == with_file(value, base64.b64encode(content).decode())
    assert len(sent) == body.length
    assert base64.b64encode(content) not in body.fingerprint or len(content) < 6


async def test_a_file_on_the_disk_is_sent_as_its_id(tmp_path: Path) -> None:
    found = found_in(tmp_path, b"x")
    text = uploaded_file(disk_file(found, prefix="n", folder="user", is_number=False), 12)
    number = uploaded_file(disk_file(found, prefix="", folder="user", is_number=True), 12)
    assert json.loads(await whole(json_body({"a": [text, number]}, sort_keys=False))) == {"a": ["n12", 12]}


async def test_a_separate_file_is_not_in_the_request(tmp_path: Path) -> None:
    file = SeparateFile(found_in(tmp_path, b"x"))
    body = json_body({"id": 1, "fileContent": ["a", file], "FILE_CONTENT": file}, sort_keys=False)
    assert json.loads(await whole(body)) == {"id": 1}


@pytest.mark.parametrize("change", ["content", "longer", "shorter", "replaced", "gone"])
async def test_a_body_never_becomes_complete_with_another_content(tmp_path: Path, change: str) -> None:
    found = found_in(tmp_path, b"x" * 100)
    body = json_body({"f": InlineFile(found)}, sort_keys=False)
    path = tmp_path / "a.bin"
    match change:
        case "content":
            path.write_bytes(b"y" * 100)
            os.utime(path, ns=(found.identity[3], found.identity[3]))
        case "longer":
            path.write_bytes(b"x" * 101)
        case "shorter":
            path.write_bytes(b"x" * 99)
        case "replaced":
            (tmp_path / "other").write_bytes(b"x" * 100)
            (tmp_path / "other").replace(path)
        case "gone":
            path.unlink()
    sent = bytearray()
    with pytest.raises(B24Error) as caught:
        await read(body, sent)
    assert caught.value.fault.executed == "no"
    assert len(sent) < body.length


async def test_a_change_while_the_file_is_read_is_noticed_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_body, "_PIECE", 30)
    body = json_body({"f": InlineFile(found_in(tmp_path, b"x" * 100))}, sort_keys=False)
    sent = bytearray()

    async def change(_: int) -> None:
        if sent.endswith(b"eHh4"):  # a part of the file was sent, and the rest is not read yet
            (tmp_path / "a.bin").write_bytes(b"x" * 70 + b"y" * 30)

    with pytest.raises(B24Error, match="was changed"):
        await read(body, sent, change)
    assert b"eHh4" in sent
    assert not sent.endswith(b"}")
    assert len(sent) < body.length


def test_everything_that_looks_at_a_call_sees_the_description(tmp_path: Path) -> None:
    file = InlineFile(found_in(tmp_path, b"x", "a $result[b].bin"))
    params = {"f": ["a", file]}
    assert json.loads(json.dumps(params))["f"][1].startswith("<file a _result[b].bin: 1 bytes, SHA-256 ")
    assert isinstance(next(files_in(params)), FileValue)
    assert isinstance(Request("x", params, has_files=True).content, FileBody)


async def test_no_name_can_break_out_of_the_form(tmp_path: Path) -> None:
    found = found_in(tmp_path, b"content")
    kind, body = form_with_file(found, 'a"; x="y\r\nX-Evil: 1\r\n\r\nb', 'f"\r\n')
    sent = await whole(body)
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 2
    assert b'filename="a%22; x=%22y%0D%0AX-Evil: 1%0D%0A%0D%0Ab"' in head
    assert rest.startswith(b"content\r\n--")
    assert len(sent) == body.length
    assert kind.startswith("multipart/form-data; boundary=")

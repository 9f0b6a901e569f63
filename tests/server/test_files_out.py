"""Files of a portal, downloaded into the folder of the user: handles, names, broken connections, foreign hosts."""

from __future__ import annotations

import errno
import io
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import anyio
import pytest

from b24_mcp.access import Caller, calling
from b24_mcp.app.files.handles import FileHandles, FileLink
from b24_mcp.rest.files.names import name_in_header, safe_name
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.conftest import CallTool

CONTENT = os.urandom(300_000)


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "data.bin").write_bytes(CONTENT)
    monkeypatch.setenv("B24_FILES_DIR", str(folder))
    return folder


async def uploaded(call_tool: CallTool, name: str = "data.bin") -> dict[str, Any]:
    params = {"id": 1, "fileContent": {"$file": name}}
    answer = await call_tool("call_method", method="disk.storage.uploadfile", params=params)
    assert answer["ok"], answer
    result: dict[str, Any] = answer["result"]
    return result


async def content_of(answer: dict[str, Any]) -> bytes:
    assert answer["ok"], answer
    return await anyio.Path(answer["file"]).read_bytes()


async def names_in(folder: Path) -> set[str]:
    return {path.name async for path in anyio.Path(folder).iterdir()}


async def test_no_file_is_replaced(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    handle = (await uploaded(call_tool))["download"]
    first = await call_tool("download_file", source=handle)
    second = await call_tool("download_file", source=handle, path="data.bin")
    third = await call_tool("download_file", source=handle, path="other.bin")
    assert [one["name"] for one in (first, second, third)] == ["data (2).bin", "data (3).bin", "other.bin"]
    assert "exists already" in first["warnings"][0]
    assert await content_of(second) == CONTENT


async def test_no_answer_holds_a_signed_link(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    number = (await uploaded(call_tool))["ID"]
    one = {"method": "disk.file.get", "params": {"id": number}}
    children = {"method": "disk.storage.getchildren", "params": {"id": 1, "filter": {"ID": number}}}
    batch = await call_tool("batch_call", commands={"a": one, "b": children})
    found = batch["results"]["a"]["result"]
    assert found["download"].startswith("file:")
    assert "token" not in str(batch)
    assert await content_of(await call_tool("download_file", source=found["download"])) == CONTENT


async def test_a_handle_belongs_to_one_caller_and_one_portal() -> None:
    handles = FileHandles(most=2)
    with calling(Caller("ann")):
        handle = handles.handle_of("@a", FileLink("/x"))
        assert handles.handle_of("@a", FileLink("/x")) == handle
        assert handles.link_of("@a", handle) == FileLink("/x")
        assert handles.link_of("@b", handle) is None
    with calling(Caller("ben")):
        assert handles.link_of("@a", handle) is None
        handles.handle_of("@a", FileLink("/y"))
        handles.handle_of("@a", FileLink("/z"))
    with calling(Caller("ann")):
        assert handles.link_of("@a", handle) is None, "the oldest one is forgotten"


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("", "names no file"),
        ("offer.pdf", "no method"),
        ("https://evil.example/x", "no method"),
        ("file:aaaaaaaaaa", "not known any more"),
        ("crm.deal.delete 5 X", "no method whose files are known"),
        ("crm.deal.get 1", "does not name one file"),
        ("crm.deal.get 1 TITLE", "A program cannot use the link"),
        ("crm.deal.get 1 NOTHING", "no file in NOTHING"),
    ],
)
async def test_what_names_no_file_is_an_error(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, source: str, word: str
) -> None:
    error = (await call_tool("download_file", source=source))["error"]
    assert word in error["message"]
    assert error["executed"] == "no"
    assert "crm.deal.delete" not in portal.methods


@pytest.mark.parametrize("path", ["../x", "/etc/x", "sub/x", "link/x", "a\0b", "CON", "x:y", "..", "a\u202eb"])
async def test_no_path_leads_outside_the_folder(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, path: str
) -> None:
    (folder.parent / "outside").mkdir()
    (folder / "link").symlink_to(folder.parent / "outside")
    source = f"disk {(await uploaded(call_tool))['ID']}"
    before = await names_in(folder)
    error = (await call_tool("download_file", source=source, path=path))["error"]
    assert error["code"] in ("B24MCP_FILE", "B24MCP_FILE_FOLDER")
    assert await names_in(folder) == before
    assert await names_in(folder.parent / "outside") == set()


async def test_at_the_level_read_nothing_is_written(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    assert (await call_tool("download_file", source="disk 26"))["error"]["kind"] == "policy"


async def test_the_storage_of_the_portal_gets_no_credential(
    call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback_portal() as portal:
        portal.sandbox._storage = portal.origin.replace("127.0.0.1", "localhost")
        monkeypatch.setenv("B24_WEBHOOK_URL", portal.address)
        number = (await uploaded(call_tool))["ID"]
        answer = await call_tool("download_file", source=f"disk {number}")
        assert await content_of(answer) == CONTENT
        assert portal.paths[-1].startswith("/storage/")


@pytest.mark.parametrize(
    "location", ["http://evil.example/x", "https://169.254.169.254/meta", "//evil.example/x", "file:///etc/passwd", ""]
)
async def test_a_redirect_to_a_foreign_host_is_not_followed(
    call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    def answer(request: bytes) -> bytes:
        return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()

    with raw_portal(answer) as (address, _):
        monkeypatch.setenv("B24_WEBHOOK_URL", address)
        before = await names_in(folder)
        error = (await call_tool("download_file", source="disk 1"))["error"]
    assert error["code"] == "B24MCP_FILE_HOST"
    assert await names_in(folder) == before


@pytest.mark.parametrize("knows_ranges", [True, False])
async def test_a_broken_download_is_continued_or_begun_again(
    call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch, knows_ranges: bool
) -> None:
    monkeypatch.setattr("b24_mcp.rest.files.downloading._PAUSE", 0.01)
    half = len(CONTENT) // 2

    def answer(request: bytes) -> bytes:
        head = 'Content-Disposition: attachment; filename="x.bin"\r\nETag: "1"\r\n'
        if b"range: bytes=" in request.lower() and not knows_ranges:
            return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT
        if b"range: bytes=" in request.lower():
            start = int(request.lower().split(b"range: bytes=")[1].split(b"-")[0])
            rest = CONTENT[start:]
            part = f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}\r\n"
            return f"HTTP/1.1 206 OK\r\n{head}{part}Content-Length: {len(rest)}\r\n\r\n".encode() + rest
        return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:half]

    with raw_portal(answer) as (address, requests):
        monkeypatch.setenv("B24_WEBHOOK_URL", address)
        got = await call_tool("download_file", source="disk 1")
    assert await content_of(got) == CONTENT
    assert [b"if-range" in one.lower() for one in requests] == [False, True]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nlogin", "instead of the file"),
        (
            b'HTTP/1.1 403 F\r\nContent-Type: application/json\r\nContent-Length: 65\r\n\r\n{"error":"ACCESS_DENIED",'
            b'"error_description":"Link check failed"}',
            "Link check failed",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\nContent-Length: 3\r\n\r\nabc", "3 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\nContent-Length: 9\r\n\r\nabc", "broke"),
    ],
)
async def test_what_is_not_the_whole_file_leaves_nothing(
    call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch, reply: bytes, word: str
) -> None:
    monkeypatch.setattr("b24_mcp.rest.files.downloading._PAUSE", 0.01)
    with raw_portal(lambda request: reply) as (address, _):
        monkeypatch.setenv("B24_WEBHOOK_URL", address)
        before = await names_in(folder)
        error = (await call_tool("download_file", source="disk 1"))["error"]
    assert word in error["message"]
    assert await names_in(folder) == before


async def test_a_full_disk_leaves_nothing(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"disk {(await uploaded(call_tool))['ID']}"
    before = await names_in(folder)

    class Usage:
        free = 10

    with monkeypatch.context() as patch:
        patch.setattr("b24_mcp.app.files.downloads.shutil.disk_usage", lambda folder: Usage)
        error = (await call_tool("download_file", source=source))["error"]
        assert "0 MB left" in error["message"]

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.fdopen

    def opened(descriptor: int, *rest: Any, **more: Any) -> Any:
        file = real(descriptor, *rest, **more)
        return _Full(file) if rest[:1] == ("w+b",) else file

    class _Full:
        def __init__(self, file: Any) -> None:
            self._file = file
            self.write = full

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

    monkeypatch.setattr("b24_mcp.storage.new_file.os.fdopen", opened)
    error = (await call_tool("download_file", source=source))["error"]
    assert "No space left" in error["message"]
    assert await names_in(folder) == before


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", "file"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("CON.txt", "_CON.txt"),
        ("com1", "_com1"),
        ("a:b?.txt", "a_b_.txt"),
        ("a\r\nb.txt", "ab.txt"),
        ("offer\u202efdp.exe", "offerfdp.exe"),
        ("name. . ", "name"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("Договор.pdf", "Договор.pdf"),
        ("", "file"),
    ],
)
def test_names_of_the_portal_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=\"a.txt\"; filename*=utf-8''%D0%B4.txt", "д.txt"),
        ('attachment; filename="a \\"b\\".txt"', 'a "b".txt'),
        ("attachment; filename=a.txt", "a.txt"),
        ("attachment; filename*=nothing''x", ""),
        ("attachment", ""),
    ],
)
def test_names_are_read_from_the_header(header: str, name: str) -> None:
    assert name_in_header(header) == name


def docx_of(text: str) -> bytes:
    import docx

    document = docx.Document()
    document.add_paragraph(text)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def xlsx_of(text: str) -> bytes:
    import xlsxwriter

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.add_worksheet("First").write_row(0, 0, [text, 5])
    book.close()
    return file.getvalue()


def pdf_of(text: str) -> bytes:
    stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{part}\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n"
    body += "".join(f"{place:010} 00000 n \n" for place in places)
    return (body + f"trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF").encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"Contract 42"),
        ("b.csv", "a;b\nContract 42;1\n".encode("utf-16")),
        ("c.txt", "Договор Contract 42".encode("cp1251")),
        ("d.docx", docx_of("Contract 42")),
        ("e.xlsx", xlsx_of("Contract 42")),
        ("f.pdf", pdf_of("Contract 42")),
    ],
)
async def test_a_preview_shows_the_text(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, name: str, content: bytes
) -> None:
    await anyio.Path(folder / name).write_bytes(content)
    handle = (await uploaded(call_tool, name))["download"]
    answer = await call_tool("download_file", source=handle, preview=True)
    assert "Contract 42" in answer["preview"]
    assert "outsiders" in answer["notice"]


@pytest.mark.parametrize(("name", "word"), [("x.pdf", "damaged"), ("x.docx", "damaged"), ("x.zip", "no preview")])
async def test_a_file_without_text_is_downloaded_without_a_preview(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, name: str, word: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"x" * 1_000_000)
    await anyio.Path(folder / name).write_bytes(packed.getvalue())
    answer = await call_tool("download_file", source=(await uploaded(call_tool, name))["download"], preview=True)
    assert answer["ok"]
    assert answer["preview"] is None
    assert word in answer["no_preview"]


@contextmanager
def raw_portal(answer: Callable[[bytes], bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A portal that knows one file of the disk, of the size of `CONTENT`, and answers its link with raw bytes."""
    requests: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    link = f"http://127.0.0.1:{port}/rest/1/s3cretofthetests/download/?token={quote('disk|eA==|x')}"
    found = f'{{"result":{{"ID":"1","NAME":"x.bin","SIZE":"{len(CONTENT)}","DOWNLOAD_URL":"{link}"}}}}'.encode()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = b""
                while b"\r\n\r\n" not in request and (piece := connection.recv(65536)):
                    request += piece
                if request.startswith(b"POST"):
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(found)}\r\n"
                    connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + found)
                else:
                    requests.append(request)
                    connection.sendall(answer(request))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/rest/1/s3cretofthetests/", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)

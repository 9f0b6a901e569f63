"""Files of people on other computers: addresses for uploads and downloads, which work once and for one caller."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.app.files.exchange import SECONDS, FileExchange
from b24_mcp.state import open_state
from b24_mcp.storage.places import FilePlace
from tests.server.http.issuer import SignedFor
from tests.server.http.team import Team, open_team
from tests.server.http.test_connections import Rig

ANN: dict[str, Any] = {"sub": "ann"}
BEN: dict[str, Any] = {"sub": "ben"}
UPLOAD = {
    "method": "disk.folder.uploadfile",
    "params": {"id": 1, "data": {"NAME": "offer.pdf"}, "fileContent": {"$file": "offer.pdf"}},
}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def team(issuer: SignedFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Team]:
    async with open_team(issuer, tmp_path, monkeypatch, upload=2 << 20) as served:
        yield served


async def required(team: Team, who: dict[str, Any], path: str = "rows.csv") -> str:
    """Return the address to upload a file to, as an import of it names it."""
    answer = await team.call(who, "import_records", path=path)
    assert answer["error"]["code"] == "B24MCP_UPLOAD_REQUIRED", answer
    assert answer["error"]["executed"] == "no"
    found = re.search(r"https://mcp\.example\.com/mcp/files/[\w-]+", answer["error"]["hint"])
    assert found is not None
    return found[0]


async def test_a_missing_file_is_uploaded_with_a_raw_put_and_the_call_made_again(team: Team) -> None:
    answer = await team.call(ANN, "call_method", **UPLOAD)
    assert answer["error"]["code"] == "B24MCP_UPLOAD_REQUIRED"
    hint = answer["error"]["hint"]
    assert "curl -fT offer.pdf https://mcp.example.com/mcp/files/" in hint
    address = re.search(r"https://\S+/files/[\w-]+", hint)
    assert address is not None
    uploaded = await team.http.put(address[0], content=b"%PDF-1.4 offer")
    assert (uploaded.status_code, uploaded.json()) == (201, {"uploaded": "offer.pdf", "size": 14})
    sent = await team.call(ANN, "call_method", **UPLOAD)
    assert (sent["ok"], sent["files"][0]["name"], sent["result"]["SIZE"]) == (True, "offer.pdf", "14")


async def test_a_download_comes_with_an_address_of_the_file(team: Team) -> None:
    address = re.search(r"https://\S+/files/[\w-]+", (await team.call(ANN, "call_method", **UPLOAD))["error"]["hint"])
    assert address is not None
    await team.http.put(address[0], content=b"%PDF-1.4 offer")
    sent = await team.call(ANN, "call_method", **UPLOAD)
    got = await team.call(ANN, "download_file", source=sent["result"]["download"], path="copy.pdf")
    assert (await team.http.get(got["address"])).content == b"%PDF-1.4 offer"


async def test_an_uploaded_table_is_imported_by_its_person_only(team: Team) -> None:
    address = await required(team, ANN)
    assert (await team.http.put(address, content="ID;Имя\n1;Анна\n".encode())).status_code == 201
    imported = await team.call(ANN, "import_records", path="rows.csv")
    assert (imported["ok"], imported["count"]) == (True, 1)
    await required(team, BEN)


@pytest.mark.parametrize("path", ["/home/ann/data/rows.csv", "C:\\Users\\Ann\\rows.csv", "~/rows.csv"])
async def test_a_path_of_the_persons_own_computer_becomes_a_name_on_the_server(team: Team, path: str) -> None:
    answer = await team.call(ANN, "import_records", path=path)
    assert answer["error"]["code"] == "B24MCP_UPLOAD_REQUIRED"
    assert answer["error"]["hint"].endswith("Then make the call again with the path 'rows.csv'.")


async def test_an_address_works_once(team: Team) -> None:
    address = await required(team, ANN)
    assert (await team.http.put(address, content=b"a;b\n1;2\n")).status_code == 201
    again = await team.http.put(address, content=b"a;b\n3;4\n")
    assert again.status_code == 404
    assert "1" in str(await team.call(ANN, "import_records", path="rows.csv"))


async def test_two_addresses_for_one_name_do_not_overwrite_it(team: Team) -> None:
    first, second = await required(team, ANN), await required(team, ANN)
    assert (await team.http.put(first, content=b"a\n1\n")).status_code == 201
    assert (await team.http.put(second, content=b"a\n2\n")).status_code == 409


async def test_an_address_is_too_old_after_its_time_also_when_it_was_given_back(tmp_path: Path) -> None:
    clock = Clock()
    exchange = FileExchange("https://mcp.example.com/mcp", open_state("memory"), 1 << 20, clock)
    address = await exchange.address_of("upload", FilePlace(tmp_path, ("rows.csv",)))
    token = address.rpartition("/")[2]
    clock.now += SECONDS - 1
    taken = await exchange.take(token)
    assert taken is not None
    assert await exchange.read(token) is None
    await exchange.give_back(token, taken)
    assert await exchange.read(token) == taken
    clock.now += 2
    assert await exchange.read(token) is None
    await exchange.give_back(token, taken)
    assert await exchange.read(token) is None


@pytest.mark.parametrize("token", ["x", "x" * 5000, "..%2f..%2fetc", "%00", "null", "{}"])
async def test_an_invented_address_is_nothing(team: Team, token: str) -> None:
    for method in ("GET", "PUT", "HEAD"):
        response = await team.http.request(method, f"/mcp/files/{token}", content=b"x" if method == "PUT" else None)
        assert response.status_code == 404


@pytest.mark.parametrize("declares", [True, False])
async def test_a_file_that_is_too_large_is_refused_while_it_arrives_and_leaves_nothing(
    team: Team, declares: bool, tmp_path: Path
) -> None:
    address = await required(team, ANN)
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1 << 18
            yield b"x" * (1 << 18)

    content: Any = b"x" * (3 << 20) if declares else pieces()
    refused = await team.http.put(address, content=content)
    assert refused.status_code == 413
    assert "2 MB" in refused.json()["error"]
    assert sent <= 4 << 20
    assert files_in(tmp_path) == []
    assert (await team.http.put(address, content=b"a\n1\n")).status_code == 201


def files_in(folder: Path) -> list[str]:
    return [file.name for file in (folder / "shared files").rglob("*") if file.is_file()]


async def test_an_empty_file_is_refused_and_the_address_stays(team: Team) -> None:
    address = await required(team, ANN)
    assert (await team.http.put(address, content=b"")).status_code == 400
    assert (await team.http.put(address, content=b"a\n1\n")).status_code == 201


async def test_a_person_gets_a_page_with_a_file_picker_that_runs_nothing_foreign(team: Team) -> None:
    name = "<img src=x onerror=alert(1)>.csv".replace("<", "‹").replace(">", "›")
    address = await required(team, ANN, name)
    page = await team.http.get(address)
    assert page.status_code == 200
    assert '<input type="file"' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await team.http.put(address, content=b"a\n1\n")).status_code == 201, "the page does not use the address up"


async def test_a_name_cannot_break_out_of_the_page(team: Team) -> None:
    address = await required(team, ANN, "a&b '1'.csv")
    page = (await team.http.get(address)).text
    assert "a&amp;b &#x27;1&#x27;.csv" in page


@pytest.mark.parametrize("path", ["../ben/rows.csv", "/etc/rows.csv", "sub/../../rows.csv"])
async def test_an_upload_never_leaves_the_folder_of_the_caller(team: Team, path: str, tmp_path: Path) -> None:
    answer = await team.call(ANN, "import_records", path=path)
    if answer["error"]["code"] == "B24MCP_UPLOAD_REQUIRED":
        address = re.search(r"https://\S+/files/[\w-]+", answer["error"]["hint"])
        assert address is not None
        await team.http.put(address[0], content=b"a\n1\n")
    folders = {file.parent.name for file in (tmp_path / "shared files").rglob("*.csv")}
    assert all(folder.startswith("ann-") for folder in folders)


async def test_an_export_comes_with_an_address_that_gives_it_once(team: Team) -> None:
    await team.call(ANN, "list_records", method="crm.deal.list", limit=3, save_as="deals")
    answer = await team.call(ANN, "export_records", sql="SELECT ID FROM deals ORDER BY ID", path="сделки.csv")
    address = answer["address"]
    head = await team.http.head(address)
    assert head.status_code == 200
    got = await team.http.get(address)
    assert got.status_code == 200
    assert got.content.decode("utf-8-sig").splitlines()[0] == "ID"
    assert len(got.content) == int(head.headers["content-length"])
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D1%81")
    assert (await team.http.get(address)).status_code == 404
    assert (await team.http.put(address, content=b"x")).status_code == 404


async def test_an_address_of_a_download_takes_no_upload_and_names_no_path(team: Team, tmp_path: Path) -> None:
    await team.call(ANN, "list_records", method="crm.deal.list", limit=3, save_as="deals")
    answer = await team.call(ANN, "export_records", sql="SELECT ID FROM deals", path="d.csv")
    assert (await team.http.put(answer["address"], content=b"x")).status_code == 405
    assert str(tmp_path) not in answer["address"]
    assert (await team.http.get(answer["address"])).status_code == 200


async def test_another_server_with_the_same_state_takes_the_upload(
    issuer: SignedFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = str(tmp_path / "state.db")
    async with (
        open_team(issuer, tmp_path, monkeypatch, open_state(store)) as one,
        open_team(issuer, tmp_path, monkeypatch, open_state(store)) as two,
    ):
        address = await required(one, ANN)
        assert (await two.http.put(address, content=b"a\n1\n")).status_code == 201
        assert (await one.http.put(address, content=b"a\n1\n")).status_code == 404
        assert (await one.call(ANN, "import_records", path="rows.csv"))["ok"]


@pytest.mark.parametrize(("path", "goes_on"), [(b"/mcp/files/token", True), (b"/mcp", False), (b"/files/token", False)])
async def test_an_upload_may_take_long_as_long_as_it_goes_on(path: bytes, goes_on: bool) -> None:
    rig = Rig(receive=30)
    connection, wire = rig.connect()
    connection.data_received(b"PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n" % path)
    for _ in range(4):
        await asyncio.sleep(0)
        connection.data_received(b"piece")
        rig.after(20)
    assert wire.closing is not goes_on
    rig.after(31)
    assert wire.closing, "an upload that stops does not hold its connection"


async def test_a_chart_comes_with_an_address_of_its_picture(team: Team) -> None:
    await team.call(ANN, "list_records", method="crm.deal.list", params={"select": ["ID", "STAGE_ID"]})
    sql = "SELECT STAGE_ID, count(*) FROM crm_deal_list GROUP BY 1"
    answer = await team.call(ANN, "query_records", sql=sql, chart=True)
    got = await team.http.get(answer["chart"]["address"])
    assert got.content.startswith(b"\x89PNG")

"""The store of tokens, in files and in Redis: one writer at a time, and every write is durable."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.state import Tokens, TokenStore, open_tokens
from b24_mcp.state.tokens import tokens_from_text, tokens_to_text

TOKENS = Tokens("app", "member", "access-secret", "refresh-secret", 100.0, "https://a.bitrix24.de", "https://o.example")


@pytest.fixture(params=["file", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TokenStore]:
    file = str(tmp_path / "state" / "limits.db")
    opened = open_tokens(request.getfixturevalue("redis_url") if request.param == "redis" else file)
    yield opened
    for name in ("one", "two"):
        async with opened.alone(name) as lease:
            await lease.forget()
    await opened.aclose()


async def put(store: TokenStore, tokens: Tokens, name: str = "one") -> None:
    async with store.alone(name) as lease:
        await lease.read()
        await lease.write(tokens)


async def test_written_tokens_are_read_by_name(store: TokenStore) -> None:
    assert await store.read("one") is None
    await put(store, TOKENS)
    await put(store, replace(TOKENS, access_token="other"), "two")
    assert await store.read("ONE") == replace(TOKENS, serial=1)
    found = await store.read("two")
    assert found is not None
    assert found.access_token == "other"


async def test_every_write_increases_the_serial(store: TokenStore) -> None:
    await put(store, TOKENS)
    async with store.alone("one") as lease:
        assert (await lease.read()) == replace(TOKENS, serial=1)
        await lease.write(TOKENS)
        await lease.write(replace(TOKENS, renewing_since=5.0))
    found = await store.read("one")
    assert found == replace(TOKENS, renewing_since=5.0, serial=3)


async def test_forgetting_returns_whether_tokens_existed(store: TokenStore) -> None:
    await put(store, TOKENS)
    async with store.alone("one") as lease:
        assert await lease.forget() is True
        assert await lease.read() is None
        assert await lease.forget() is False
    assert await store.read("one") is None


async def test_one_caller_at_a_time_holds_the_lock_of_a_name(store: TokenStore) -> None:
    inside = most = 0

    async def work(name: str) -> None:
        nonlocal inside, most
        async with store.alone(name) as lease:
            inside += name == "one"
            most = max(most, inside)
            await lease.read()
            await lease.write(TOKENS)
            inside -= name == "one"

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(work, "one")
        async with store.alone("two"):
            tasks.start_soon(work, "one")
    assert most == 1
    found = await store.read("one")
    assert found is not None
    assert found.serial == 6


async def test_a_cancelled_caller_releases_the_lock(store: TokenStore) -> None:
    async with store.alone("one"):
        with anyio.move_on_after(0) as waiting:
            async with store.alone("one"):
                pass
        assert waiting.cancelled_caught
    with anyio.move_on_after(0.01) as holding:
        async with store.alone("one"):
            await anyio.sleep_forever()
    assert holding.cancelled_caught
    with anyio.fail_after(5):
        await put(store, TOKENS)


async def test_a_suspended_lock_holder_in_redis_cannot_overwrite_newer_tokens(redis_url: str) -> None:
    store = open_tokens(redis_url)
    async with store.alone("fence") as stale:
        await stale.read()
        await store._redis.delete("b24-mcp:tokens:fence:lock")  # type: ignore[attr-defined]  # as if its time were over
        await put(store, TOKENS, "fence")
        with pytest.raises(OSError, match="changed meanwhile"):
            await stale.write(replace(TOKENS, access_token="stale"))
    async with store.alone("fence") as lease:
        found = await lease.read()
        assert found is not None
        assert found.access_token == TOKENS.access_token
        await lease.forget()
    await store.aclose()


async def test_a_logout_during_a_renewal_is_final(redis_url: str) -> None:
    store = open_tokens(redis_url)
    await put(store, TOKENS, "gone")
    async with store.alone("gone") as lease:
        await lease.read()
        await store._redis.delete("b24-mcp:tokens:gone")  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="changed meanwhile"):
            await lease.write(TOKENS)
    await store.aclose()


async def test_an_unreachable_redis_is_an_os_error() -> None:
    store = open_tokens("redis://127.0.0.1:1/0")
    with pytest.raises(OSError, match="Redis"):
        await store.read("x")
    with pytest.raises(OSError, match="Redis"):
        async with store.alone("x"):
            pass
    await store.aclose()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights another way")
async def test_files_and_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    store = open_tokens(str(tmp_path / "made" / "limits.db"))
    await put(store, TOKENS, "a.bitrix24.de:8443")
    folder = tmp_path / "made" / "tokens"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}
    assert modes == {"a.bitrix24.de%3A8443.json": "0o600", "a.bitrix24.de%3A8443.lock": "0o600"}


@pytest.mark.parametrize("name", ["../../evil", "..", "a/b", "C:\\x", "é ", "%2e%2e%2f"])
async def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    store = open_tokens(str(tmp_path / "state" / "limits.db"))
    await put(store, TOKENS, name)
    assert await store.read(name) == replace(TOKENS, serial=1)
    found = [Path(folder) for folder, _, files in os.walk(tmp_path) if any(file.endswith(".json") for file in files)]
    assert found == [tmp_path / "state" / "tokens"]


async def test_a_complete_unpublished_write_counts_and_a_partial_one_does_not(tmp_path: Path) -> None:
    store = open_tokens(str(tmp_path / "limits.db"))
    await put(store, TOKENS)
    begun = tmp_path / "tokens" / "one.new"
    text = tokens_to_text(replace(TOKENS, access_token="newest", serial=2))
    for left in (text[:-1], "", "[]", "null", text.replace("newest", "old").replace('"serial": 2', '"serial": 1')):
        begun.write_text(left)
        async with store.alone("one") as lease:
            assert await lease.read() == replace(TOKENS, serial=1)
    begun.write_text(text)
    assert await store.read("one") == replace(TOKENS, serial=1)
    async with store.alone("one") as lease:
        found = await lease.read()
    assert found is not None
    assert found.access_token == "newest"
    assert await store.read("one") == found
    assert not begun.exists()


async def test_a_logout_leaves_no_tokens_in_any_file(tmp_path: Path) -> None:
    store = open_tokens(str(tmp_path / "limits.db"))
    await put(store, TOKENS)
    (tmp_path / "tokens" / "one.new").write_text(tokens_to_text(replace(TOKENS, serial=9)))
    async with store.alone("one") as lease:
        await lease.forget()
    assert await store.read("one") is None
    assert not any(b"secret" in file.read_bytes() for file in (tmp_path / "tokens").iterdir())


async def test_a_folder_that_cannot_be_used_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a file")
    store = open_tokens(str(tmp_path / "limits.db"))
    with pytest.raises(OSError):  # noqa: PT011
        async with store.alone("x"):
            pass


def test_tokens_are_in_the_users_directory_when_limits_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_tokens("memory")._folder == open_tokens(None)._folder  # type: ignore[attr-defined]


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="B24_STATE"):
        open_tokens("https://example.com")


def test_tokens_do_not_show_in_their_text() -> None:
    assert "secret" not in repr(TOKENS)


@given(
    st.builds(
        Tokens,
        client_id=st.text(),
        member_id=st.text(),
        access_token=st.text(),
        refresh_token=st.text(),
        expires=st.floats(allow_nan=False),
        endpoint=st.text(),
        server=st.text(),
        renewing_since=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        serial=st.integers(0, 1 << 60),
    )
)
def test_tokens_survive_being_written_and_read(tokens: Tokens) -> None:
    assert tokens_from_text(tokens_to_text(tokens)) == tokens
    later = {**json.loads(tokens_to_text(tokens)), "added_later": 1}
    assert tokens_from_text(json.dumps(later)) == tokens


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_invalid_tokens_are_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        tokens_from_text(text)

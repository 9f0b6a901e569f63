"""Texts that are encrypted before they are stored."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.state import Tokens, open_tokens
from b24_mcp.state.sealing import SealedTextError, SealedTexts, derived_key
from b24_mcp.state.tokens_held import HeldTokens
from b24_mcp.state.tokens_sealed import SealedTokens

NEW, OLD = "n" * 32, "o" * 32
TOKENS = Tokens(
    "app", "member", "access-secret", "refresh-secret", 1.0, "https://a.bitrix24.com", "https://oauth", user_id=7
)


def sealed(keys: tuple[str, ...] = (NEW,), purpose: str = "test") -> SealedTexts:
    return SealedTexts(keys, purpose)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=30))
@example("", "")
@example("Имя\x00🙂", "место")
def test_a_text_is_read_at_its_place(text: str, place: str) -> None:
    try:
        text.encode()
        place.encode()
    except UnicodeEncodeError:
        return
    stored = sealed().seal(text, place)
    assert sealed().open(stored, place) == text
    assert len(text) < 4 or text not in stored


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_text_is_refused(position: int, change: int) -> None:
    stored = sealed().seal("some text", "place")
    form, data = stored[:6], bytearray(base64.b64decode(stored[6:]))
    data[position % len(data)] ^= change
    with pytest.raises(SealedTextError):
        sealed().open(form + base64.b64encode(data).decode(), "place")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=100))
@example("b24-1:")
@example("b24-1:AAAA")
@example("b24-1:" + "A" * 40)
@example("b24-2:" + "A" * 40)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SealedTextError):
        sealed().open(text, "place")


def test_another_place_purpose_or_key_is_refused() -> None:
    stored = sealed().seal("text", "place")
    for texts, place in ((sealed(), "other"), (sealed(purpose="other"), "place"), (sealed((OLD,)), "place")):
        with pytest.raises(SealedTextError):
            texts.open(stored, place)


def test_the_first_key_encrypts_and_every_key_decrypts() -> None:
    old = sealed((OLD,)).seal("text", "place")
    both = sealed((NEW, OLD))
    assert both.open(old, "place") == "text"
    assert sealed((NEW,)).open(both.seal("text", "place"), "place") == "text"


def test_the_same_text_is_stored_differently_each_time() -> None:
    assert sealed().seal("text", "place") != sealed().seal("text", "place")


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert len({derived_key(key, purpose) for key in (NEW, OLD) for purpose in ("a", "b")}) == 4


def test_a_key_is_needed() -> None:
    with pytest.raises(ValueError, match="no key"):
        SealedTexts((), "test")


def whole(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_stored_tokens_cannot_be_read_and_belong_to_one_name(tmp_path: Path) -> None:
    inner = open_tokens(str(tmp_path / "limits.db"))
    store = SealedTokens(inner, sealed())
    async with store.alone("person 1") as lease:
        assert await lease.read() is None
        await lease.write(TOKENS)
        written = await lease.read()
    assert written is not None
    assert (written.access_token, written.refresh_token, written.user_id) == ("access-secret", "refresh-secret", 7)
    assert await store.read("person 1") == written
    on_disk = whole(tmp_path)
    for secret in (b"secret", b"member-7", b"bitrix24"):
        assert secret not in on_disk
    async with inner.alone("person 1") as source, inner.alone("person 2") as target:
        stolen = await source.read()
        assert stolen is not None
        await target.write(stolen)
    with pytest.raises(SealedTextError):
        await store.read("person 2")
    async with store.alone("person 2") as lease:
        with pytest.raises(SealedTextError):
            await lease.read()
        await lease.write(TOKENS)  # tokens that cannot be decrypted can be replaced
        assert await lease.forget()
    assert await store.read("person 2") is None


async def test_tokens_that_are_not_stored_yet_are_used_at_the_configured_portal() -> None:
    held = HeldTokens(TOKENS, "https://configured")
    found = await held.read()
    assert found is not None
    assert found.endpoint == "https://configured"
    async with held.alone("any") as lease:
        await lease.write(TOKENS)
        assert await lease.forget()
    assert await held.read() is None

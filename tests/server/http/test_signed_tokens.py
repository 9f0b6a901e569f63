"""Access tokens of an authorization server: which are accepted, their rights, and the keys of the issuer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.server.auth.provider import AccessToken

from b24_mcp.access import Caller
from b24_mcp.access.caller import level_of, portals_of
from b24_mcp.server.http.keys import IssuerKeys, KeysUnavailableError
from b24_mcp.server.http.options import Issuer
from b24_mcp.server.http.tokens import SignedTokens
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import Serve
from tests.server.http.issuer import _KEYS as KEYS
from tests.server.http.issuer import NAME, URL, SignedFor, jwk

METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"


@pytest.fixture
def oauth(issuer: SignedFor) -> dict[str, Any]:
    return {"host": "0.0.0.0", "url": URL, "issuer": Issuer(NAME, issuer.url, URL)}


class Stepped:
    """A clock that the test controls."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


BAD: dict[str, Callable[[SignedFor], str]] = {
    "expired": lambda signed: signed.token(exp=int(time.time()) - 60),
    "without an end": lambda signed: signed.token(exp=None),
    "not yet valid": lambda signed: signed.token(nbf=int(time.time()) + 600),
    "for another audience": lambda signed: signed.token(aud="https://other.example.com/mcp"),
    "without an audience": lambda signed: signed.token(aud=None),
    "for a longer address": lambda signed: signed.token(aud=URL + "/more"),
    "of another issuer": lambda signed: signed.token(iss="https://evil.example.com"),
    "without an issuer": lambda signed: signed.token(iss=None),
    "of an issuer with a slash": lambda signed: signed.token(iss=NAME + "/"),
    "unsigned": lambda signed: signed.unsigned(),
    "signed with the public key": lambda signed: signed.signed_with_the_public_key(),
    "signed with another key": lambda signed: signed.token(key="other"),
    "of an unknown key": lambda signed: signed.token(kid="nine"),
    "of no named key among several": lambda signed: signed.token(kid=None),
    "of another algorithm than its key's": lambda signed: signed.token(alg="PS256"),
    "of a key of another kind": lambda signed: signed.token(alg="ES256", kid="one"),
    "without a subject": lambda signed: signed.token(sub=None, client_id=None),
    "changed": lambda signed: signed.token()[:-4] + "AAAA",
    "cut": lambda signed: signed.token().rpartition(".")[0],
    "no token": lambda signed: "b24",
    "empty parts": lambda signed: "..",
    "enormous": lambda signed: signed.token(more="x" * 20_000),
}


@pytest.mark.parametrize("bad", BAD)
async def test_an_invalid_token_is_refused_with_the_metadata_address(
    serve: Serve, issuer: SignedFor, oauth: dict[str, Any], bad: str
) -> None:
    async with serve(**oauth) as served:
        answer = await served.call("who", BAD[bad](issuer))
    assert answer.status_code == 401
    assert served.callers == []
    header = answer.headers["www-authenticate"]
    assert header.startswith('Bearer error="invalid_token"')
    assert f'resource_metadata="{METADATA}"' in header


@pytest.mark.parametrize(
    ("claims", "caller"),
    [
        ({}, Caller("ann", "editor", "read")),
        ({"alg": "ES256", "kid": "curve"}, Caller("ann", "editor", "read")),
        ({"scope": "openid b24:write"}, Caller("ann", "editor", "write")),
        ({"scope": "b24:full b24:portal:sales"}, Caller("ann", "editor", "full", frozenset({"sales"}))),
        ({"scope": None, "scp": ["b24:write"]}, Caller("ann", "editor", "write")),
        ({"scope": None, "scp": "b24:read b24:write"}, Caller("ann", "editor", "write")),
        ({"client_id": None, "azp": "portal-app"}, Caller("ann", "portal-app", "read")),
        ({"sub": None}, Caller("editor", "", "read")),
        ({"aud": ["https://other.example.com", URL]}, Caller("ann", "editor", "read")),
        ({"nbf": int(time.time()) + 10}, Caller("ann", "editor", "read")),
    ],
)
async def test_a_valid_token_identifies_the_caller_and_the_rights(
    serve: Serve, issuer: SignedFor, oauth: dict[str, Any], claims: dict[str, Any], caller: Caller
) -> None:
    async with serve(**oauth) as served:
        served.http.headers["host"] = "mcp.example.com"
        assert (await served.call("who", issuer.token(**claims))).status_code == 200
    assert served.callers == [caller]


@pytest.mark.parametrize(
    "scope", [None, "", "openid profile", "b24:portal:sales", "B24:READ", 7, {"b24:full": "b24:full"}]
)
async def test_a_token_without_a_level_is_forbidden(
    serve: Serve, issuer: SignedFor, oauth: dict[str, Any], scope: object
) -> None:
    async with serve(**oauth) as served:
        answer = await served.call("who", issuer.token(scope=scope))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert served.callers == []


async def test_the_metadata_names_the_issuer(serve: Serve, oauth: dict[str, Any]) -> None:
    async with serve(**oauth) as served:
        told = (await served.http.get("/.well-known/oauth-protected-resource/mcp")).json()
    assert told["resource"] == URL
    assert told["authorization_servers"] == [NAME]
    assert told["scopes_supported"] == ["b24:read", "b24:write", "b24:full"]


async def test_the_name_of_the_issuer_is_unchanged_in_the_metadata(serve: Serve, issuer: SignedFor) -> None:
    async with serve(url=URL, issuer=Issuer("https://login.example.com", issuer.url, URL)) as served:
        told = (await served.http.get("/.well-known/oauth-protected-resource/mcp")).json()
    assert told["authorization_servers"] == ["https://login.example.com"]


async def test_a_new_key_is_found_and_the_old_one_is_refused(issuer: SignedFor) -> None:
    clock = Stepped()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert await keys.find("one") is not None
    issuer.rotate()
    assert await keys.find("one") is not None
    clock.now += 31
    assert await keys.find("two") is not None
    assert await keys.find("one") is None
    assert issuer.fetched == 2


async def test_a_withdrawn_key_is_refused_after_ten_minutes(issuer: SignedFor) -> None:
    clock = Stepped()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert await keys.find("one") is not None
    issuer.rotate()
    clock.now += 601
    assert await keys.find("one") is None


async def test_unknown_key_ids_do_not_cause_a_fetch_each(issuer: SignedFor) -> None:
    clock = Stepped()
    keys = IssuerKeys(issuer.url, clock=clock)
    for number in range(300):
        assert await keys.find(f"invented {number}") is None
        clock.now += 0.2
    assert issuer.fetched <= 3
    assert await keys.find("one") is not None


async def test_cached_keys_are_used_for_a_while_when_the_issuer_is_down(issuer: SignedFor) -> None:
    clock = Stepped()
    keys = IssuerKeys(issuer.url, clock=clock)
    assert await keys.find("one") is not None
    issuer.down = True
    clock.now += 3_000
    assert await keys.find("one") is not None
    clock.now += 1_000
    with pytest.raises(KeysUnavailableError):
        await keys.find("one")
    issuer.down = False
    clock.now += 6
    assert await keys.find("one") is not None


@pytest.mark.parametrize(
    "published", [{"keys": []}, {"keys": "none"}, [], {}, {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "text"]
)
async def test_an_invalid_key_set_gets_503(
    serve: Serve, issuer: SignedFor, oauth: dict[str, Any], published: object
) -> None:
    issuer.jwks = published
    async with serve(**oauth) as served:
        answer = await served.call("who", issuer.token())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "Nothing was executed" in answer.json()["error"]["message"]


async def test_a_key_for_encryption_is_not_used(serve: Serve, issuer: SignedFor, oauth: dict[str, Any]) -> None:
    issuer.jwks = {"keys": [jwk(KEYS["RS256"], "one", use="enc"), jwk(KEYS["other"], "two")]}
    async with serve(**oauth) as served:
        assert (await served.call("who", issuer.token())).status_code == 401


async def test_concurrent_requests_fetch_the_keys_once(serve: Serve, issuer: SignedFor, oauth: dict[str, Any]) -> None:
    async with serve(**oauth) as served:
        served.http.headers["host"] = "mcp.example.com"
        answers = await asyncio.gather(*(served.call("who", issuer.token(sub=f"p{n}")) for n in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {caller.name for caller in served.callers} == {f"p{n}" for n in range(20)}
    assert issuer.fetched == 1


def test_only_signed_tokens_are_accepted() -> None:
    with SignedFor.published() as issuer, asyncio.Runner() as runner:
        tokens = SignedTokens(NAME, URL, IssuerKeys(issuer.url))
        good = issuer.token()
        assert runner.run(tokens.verify_token(good)) is not None
        alphabet = "ABCxyz0189-_.=+/ \n\x00é"

        @given(st.integers(0, len(good) - 1), st.text(alphabet, max_size=3), st.integers(0, 3))
        @settings(max_examples=300, deadline=None)
        def changed(at: int, put: str, instead_of: int) -> None:
            token = good[:at] + put + good[at + instead_of :]
            granted = runner.run(tokens.verify_token(token))
            assert granted is None or same(token, good)

        @given(st.text(max_size=200))
        @settings(max_examples=200, deadline=None)
        def invented(token: str) -> None:
            assert runner.run(tokens.verify_token(token)) is None

        changed()
        invented()


def same(token: str, good: str) -> bool:
    """Whether two texts encode one token: the last base64 letter of a part has unused bits."""
    return [jwt.utils.base64url_decode(part) for part in token.split(".")] == [
        jwt.utils.base64url_decode(part) for part in good.split(".")
    ]


WORD = st.sampled_from(["b24:read", "b24:write", "b24:full", "b24:portal:a", "openid"]) | st.text(max_size=4)
CLAIM = (
    st.none()
    | st.integers()
    | st.lists(WORD, max_size=3).map(" ".join)
    | st.lists(WORD | st.integers() | st.lists(WORD, max_size=1), max_size=3)
    | st.dictionaries(WORD, WORD, max_size=2)
)


@given(st.dictionaries(st.sampled_from(["sub", "client_id", "azp", "scope", "scp", "nbf", "iat", "jti"]), CLAIM))
@settings(max_examples=300, deadline=None)
def test_unusual_claims_grant_only_what_they_name(claims: dict[str, Any]) -> None:
    async def verify() -> AccessToken | None:
        return await SignedTokens(NAME, URL, KnownKeys()).verify_token(token)

    def words(claim: object) -> set[str]:
        return set(claim.split()) if isinstance(claim, str) else {*map(str, claim)} if type(claim) is list else set()

    try:
        token = SignedFor().token(**claims)
    except TypeError:  # the library signs no token with such claims
        return
    granted = asyncio.run(verify())
    if granted is not None:
        named = words(claims.get("scope", "b24:read")) | words(claims.get("scp"))
        assert level_of(granted.scopes) == level_of(named)
        assert portals_of(granted.scopes) == portals_of(named)
        assert granted.client_id


class KnownKeys(IssuerKeys):
    """Keys that are known without a fetch."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/")

    async def find(self, kid: object) -> jwt.PyJWK | None:
        return jwt.PyJWK(SignedFor().jwks["keys"][0])


def answer(response: httpx.Response) -> Any:
    return json.loads(response.json()["result"]["content"][0]["text"])


@pytest.mark.parametrize(
    ("scope", "method", "kind"),
    [
        ("b24:read", "crm.deal.list", None),
        ("b24:read", "crm.deal.add", "policy"),
        ("b24:write", "crm.deal.add", None),
        ("b24:write", "crm.deal.delete", "approval"),
        ("b24:full", "crm.deal.delete", None),
        ("b24:full b24:portal:elsewhere", "crm.deal.list", "policy"),
        ("b24:full b24:portal:environment", "crm.deal.list", None),
    ],
)
async def test_scopes_limit_the_calls_of_a_caller(
    serve: Serve,
    issuer: SignedFor,
    oauth: dict[str, Any],
    portal: LoopbackPortal,
    monkeypatch: pytest.MonkeyPatch,
    scope: str,
    method: str,
    kind: str | None,
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    async with serve(**oauth) as served:
        served.http.headers["host"] = "mcp.example.com"
        token = issuer.token(scope=scope)
        params = {"fields": {"TITLE": "New"}} if method.endswith("add") else {"id": 1}
        told = answer(await served.call("call_method", token, method=method, params=params, validate=False))
    assert told.get("error", {}).get("kind") == kind
    assert portal.methods == ([] if kind else [method])


async def test_scopes_never_exceed_the_configured_access(
    serve: Serve, issuer: SignedFor, oauth: dict[str, Any], portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    deal = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "New"}}}
    async with serve(**oauth) as served:
        served.http.headers["host"] = "mcp.example.com"
        told = answer(await served.call("call_method", issuer.token(scope="b24:full"), **deal))
    assert told["error"]["kind"] == "policy"
    assert portal.calls == []

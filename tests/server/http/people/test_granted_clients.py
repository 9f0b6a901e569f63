"""A client gets access to a person's Bitrix24: registration, consent, tokens, and the end of the access."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio.to_thread
import pytest

from b24_mcp.access.person import LoggedInPerson
from b24_mcp.state import open_state
from tests.server.http.people.world import (
    ANNA,
    BORIS,
    HOST,
    REDIRECT,
    ROOT,
    URL,
    Page,
    World,
    answered,
    open_world,
)


async def test_a_client_finds_the_server_from_the_refusal_of_its_first_call(world: World) -> None:
    refused = await world.http.post("/mcp", json={})
    assert refused.status_code == 401
    address = f"{HOST}/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{address}"' in refused.headers["www-authenticate"]
    resource = (await world.http.get(address)).json()
    assert resource["resource"] == URL
    assert resource["authorization_servers"] == [HOST]
    assert resource["scopes_supported"] == ["b24:read", "b24:write"]
    server = (await world.http.get("/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == HOST
    assert server["authorization_endpoint"] == f"{HOST}/oauth/authorize"
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["client_id_metadata_document_supported"] is True
    assert server["authorization_response_iss_parameter_supported"] is True
    for name in ("token_endpoint", "registration_endpoint", "revocation_endpoint"):
        answer = await world.http.post(server[name], data={})
        assert answer.status_code in (400, 401), name


async def test_a_client_acts_for_the_person_who_allowed_it(world: World) -> None:
    tokens = await world.log_in(ANNA)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"].split() == ["b24:read", "b24:write"]
    caller = await world.caller(tokens["access_token"])
    assert caller.name == ANNA.key
    assert caller.level == "write"
    assert caller.portals == frozenset(["default", "sandbox"])
    assert caller.is_identified
    assert not caller.is_program


async def test_the_answer_to_a_client_has_its_state_and_the_name_of_the_server(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    browser = world.browser()
    response = await browser.send(await browser.open(login.url))
    assert response.headers["location"].startswith(REDIRECT + "?")
    answer = answered(response)
    assert answer["state"] == "a state & more"
    assert answer["iss"] == HOST
    assert set(answer) == {"code", "state", "iss"}


async def test_a_client_that_is_declined_is_told_so_and_gets_no_code(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    browser = world.browser()
    answer = answered(await browser.send(await browser.open(login.url), answer="decline"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "a state & more"
    assert answer["iss"] == HOST
    assert "code" not in answer


async def test_the_page_names_the_client_where_access_goes_the_person_and_the_portal(world: World) -> None:
    login = world.request((await world.register(client_name='<b>"Evil"</b> & Co'))["client_id"])
    page = await world.browser().open(login.url)
    assert page.status == 200
    assert '<b>"Evil"</b> & Co' in page.text
    assert "<b>" not in page.html
    assert "Nobody checked it" in page.text
    assert "127.0.0.1:41000" in page.text
    assert f'action="{HOST}/oauth/consent"' in page.html
    assert "Anna Petrova" in page.text
    assert "default" in page.text


async def test_the_page_is_in_the_language_of_the_person(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    page = await world.browser(BORIS).open(login.url)
    assert "Разрешить доступ к Битрикс24?" in page.text
    assert '<html lang="ru">' in page.html


@pytest.mark.parametrize("name", ["Claude\u202eedualC", "Cl\u200baude", "a" * 500, "two\nlines", "\u0007bell"])
async def test_the_name_of_a_client_cannot_imitate_other_text(world: World, name: str) -> None:
    registered = await world.register(client_name=name)
    shown = registered["client_name"]
    assert len(shown) <= 80
    assert shown.isprintable()
    assert not {"\u202e", "\u200b"} & set(shown)


@pytest.mark.parametrize(
    ("person", "scope", "offered"),
    [
        (ANNA, "b24:read", ["read"]),
        (ANNA, "b24:write", ["read", "write"]),
        (ANNA, "b24:full", ["read", "write"]),
        (BORIS, "b24:full", ["read"]),
        (ROOT, "b24:full", ["read", "write", "full"]),
        (ROOT, "openid offline_access", ["read", "write"]),
        (ROOT, None, ["read", "write"]),
    ],
)
async def test_a_person_can_choose_up_to_what_was_asked_and_what_they_may_do(
    world: World, person: LoggedInPerson, scope: str | None, offered: list[str]
) -> None:
    login = world.request((await world.register())["client_id"], scope=scope)
    page = await world.browser(person).open(login.url)
    assert page.levels == offered
    assert page.chosen == offered[-1]


async def test_the_settings_of_the_server_bound_what_can_be_allowed() -> None:
    async with open_world(highest="read") as world:
        login = world.request((await world.register())["client_id"], scope="b24:full")
        assert (await world.browser(ROOT).open(login.url)).levels == ["read"]


async def test_a_lower_level_that_the_person_chose_counts(world: World) -> None:
    tokens = await world.log_in(ANNA, level="read")
    assert "b24:write" not in tokens["scope"]
    assert (await world.caller(tokens["access_token"])).level == "read"


async def test_a_level_that_was_not_offered_is_refused(world: World) -> None:
    login = world.request((await world.register())["client_id"], scope="b24:read")
    browser = world.browser(ROOT)
    response = await browser.send(await browser.open(login.url), level="full")
    assert response.status_code == 400


async def test_the_address_of_a_call_narrows_the_rights_of_the_token(world: World) -> None:
    tokens = await world.log_in(ANNA)
    assert (await world.caller(tokens["access_token"], "?access=read")).level == "read"


async def test_a_person_without_a_session_logs_in_first_and_comes_back_to_the_question(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    page = await world.browser().open(login.url)
    assert world.login.begun == [login.url]
    assert page.hidden["request"]


async def test_rights_that_a_person_lost_are_lost_for_their_clients_within_a_minute(world: World) -> None:
    tokens = await world.log_in(ANNA)
    assert (await world.caller(tokens["access_token"])).level == "write"
    world.login.people[ANNA.key] = replace(ANNA, level="read")
    world.clock.now += 61
    assert (await world.caller(tokens["access_token"])).level == "read"
    del world.login.people[ANNA.key]
    world.clock.now += 61
    assert await world.call(tokens["access_token"]) == 401
    refused = await world.renew(tokens["client_id"], tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


async def test_a_person_is_looked_up_once_a_minute_not_with_every_call(world: World) -> None:
    tokens = await world.log_in(ANNA)
    world.clock.now += 61
    before = world.login.asked
    for _ in range(5):
        await world.call(tokens["access_token"])
    assert world.login.asked == before + 1


async def test_an_access_token_ends_after_an_hour_and_is_renewed_without_the_person(world: World) -> None:
    tokens = await world.log_in(ANNA)
    world.clock.now += 3_601
    assert await world.call(tokens["access_token"]) == 401
    renewed = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert (await world.caller(renewed["access_token"])).level == "write"


async def test_a_refresh_token_that_is_not_used_for_ninety_days_ends(world: World) -> None:
    tokens = await world.log_in(ANNA)
    world.clock.now += 89 * 86_400
    renewed = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    world.clock.now += 91 * 86_400
    answer = await world.renew(tokens["client_id"], renewed["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert await world.server.grants.of(ANNA) == []


async def test_a_person_is_asked_again_after_a_year(world: World) -> None:
    tokens = await world.log_in(ANNA)
    for _ in range(5):
        world.clock.now += 80 * 86_400
        answer = await world.renew(tokens["client_id"], tokens["refresh_token"])
        tokens |= answer.json()
    assert answer.json()["error"] == "invalid_grant"


async def test_a_renewal_can_ask_for_fewer_rights_but_not_for_more(world: World) -> None:
    tokens = await world.log_in(ANNA)
    fewer = (await world.renew(tokens["client_id"], tokens["refresh_token"], scope="b24:read")).json()
    assert (await world.caller(fewer["access_token"])).level == "read"
    more = await world.renew(tokens["client_id"], fewer["refresh_token"], scope="b24:full")
    assert more.json()["error"] == "invalid_scope"
    again = (await world.renew(tokens["client_id"], fewer["refresh_token"])).json()
    assert (await world.caller(again["access_token"])).level == "write"


async def test_a_person_sees_their_clients_and_ends_the_access_of_one_at_once(world: World) -> None:
    first, second = await world.log_in(ANNA), await world.log_in(ANNA)
    await world.log_in(BORIS)
    clients = await world.server.grants.of(ANNA)
    assert [(one.name, one.host, one.level) for one in clients] == [("Test client", "127.0.0.1:41000", "write")] * 2
    assert not await world.server.grants.revoke(BORIS, clients[0].id)
    for client in clients:
        assert await world.server.grants.revoke(ANNA, client.id)
        assert not await world.server.grants.revoke(ANNA, client.id)
    assert [await world.call(tokens["access_token"]) for tokens in (first, second)] == [401, 401]
    answer = await world.renew(first["client_id"], first["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert await world.server.grants.of(ANNA) == []


async def test_the_list_of_clients_says_when_each_was_used_last(world: World) -> None:
    tokens = await world.log_in(ANNA)
    world.clock.now += 600
    await world.call(tokens["access_token"])
    (client,) = await world.server.grants.of(ANNA)
    assert client.used_at - client.granted_at == pytest.approx(600)


async def test_a_consent_whose_code_was_never_used_is_no_client(world: World) -> None:
    await world.code(world.request((await world.register())["client_id"]))
    assert await world.server.grants.of(ANNA) == []


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_client_ends_its_own_access(world: World, kind: str) -> None:
    tokens = await world.log_in(ANNA)
    form = {"token": tokens[kind], "client_id": tokens["client_id"]}
    assert (await world.http.post("/oauth/revoke", data=form)).status_code == 200
    assert (await world.http.post("/oauth/revoke", data=form)).status_code == 200
    assert await world.call(tokens["access_token"]) == 401
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).status_code == 400


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_a_client_with_a_secret_has_to_prove_it(world: World, method: str) -> None:
    client = await world.register(token_endpoint_auth_method=method)
    secret = client["client_secret"]
    login = world.request(client["client_id"])
    code = await world.code(login)
    assert (await world.redeem(login, code)).json()["error"] == "invalid_client"
    assert (await world.redeem(login, code, client_secret="x" + secret)).status_code == 401
    if method == "client_secret_post":
        answer = await world.redeem(login, code, client_secret=secret)
    else:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": login.verifier}
        answer = await world.http.post("/oauth/token", data=form, auth=(client["client_id"], secret))
    assert answer.status_code == 200, answer.text


async def test_a_client_document_describes_a_client_without_registration(world: World) -> None:
    address = "https://app.example.org/mcp/client.json"
    redirect = "https://app.example.org/callback?tenant=1"
    world.documents[address] = {"client_id": address, "client_name": "The App", "redirect_uris": [redirect]}
    login = world.request(address, redirect_uri=redirect)
    browser = world.browser()
    page = await browser.open(login.url)
    assert "Its description is published by app.example.org" in page.text
    response = await browser.send(page)
    assert response.headers["location"].startswith(redirect + "&code=")
    answer = await world.redeem(login, answered(response)["code"])
    assert await world.call(answer.json()["access_token"]) == 200
    (client,) = await world.server.grants.of(ANNA)
    assert (client.name, client.host) == ("The App", "app.example.org")


async def test_a_client_in_the_page_of_another_site_can_register_and_get_tokens(world: World) -> None:
    for path, method in (("/oauth/register", "POST"), ("/oauth/token", "POST"), ("/oauth/revoke", "POST")):
        headers = {"origin": "https://inspector.example", "access-control-request-method": method}
        answer = await world.http.options(path, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    for path in ("/oauth/authorize", "/oauth/consent"):
        answer = await world.http.options(path, headers=headers)
        assert "access-control-allow-origin" not in answer.headers


async def test_nothing_is_lost_of_a_login_when_the_shared_state_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await world.log_in(ANNA)

    async def fail(*_: object, **__: object) -> None:
        raise OSError("the state is not there")

    store = world.server.verifier._store
    with monkeypatch.context() as patch:
        patch.setattr(store._state, "read_note", fail)
        refused = await world.http.post("/mcp", headers={"authorization": f"Bearer {tokens['access_token']}"})
        assert refused.status_code == 503
        renewed = await world.renew(tokens["client_id"], tokens["refresh_token"])
        assert (renewed.status_code, renewed.json()["error"]) == (503, "temporarily_unavailable")
        page = Page(await world.http.get(world.request(tokens["client_id"]).url))
        assert page.status == 503
    assert await world.call(tokens["access_token"]) == 200
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).status_code == 200


async def test_tokens_codes_and_secrets_are_not_in_the_shared_state(tmp_path: Path) -> None:
    async with open_world(open_state(str(tmp_path / "state.db"))) as world:
        client = await world.register(token_endpoint_auth_method="client_secret_post")
        login = world.request(client["client_id"])
        code = await world.code(login)
        tokens = (await world.redeem(login, code, client_secret=client["client_secret"])).json()
        stored = await anyio.to_thread.run_sync(_content, tmp_path)
        assert client["client_id"].encode() in stored
        for secret in (code, tokens["access_token"], tokens["refresh_token"], client["client_secret"]):
            assert secret.encode() not in stored


async def test_the_shared_state_does_not_grow_with_the_renewals_of_a_client(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with open_world(open_state(str(file))) as world:
        tokens = await world.log_in(ANNA)
        counts = []
        for _ in range(6):
            for _ in range(4):
                world.clock.now += 3_700
                tokens |= (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
            counts.append(await anyio.to_thread.run_sync(_notes, file))
    assert counts[0] <= 12
    assert len(set(counts)) == 1


def _notes(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM note").fetchone()[0])


def _content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_person_whose_login_ended_can_log_in_again_at_once(world: World) -> None:
    tokens = await world.log_in()
    del world.login.people[ANNA.key]
    world.clock.now += 61
    assert await world.call(tokens["access_token"]) == 401
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()["error"] == "invalid_grant"
    world.login.people[ANNA.key] = ANNA
    again = await world.log_in(client_id=tokens["client_id"])
    assert await world.call(again["access_token"]) == 200


async def test_the_access_behind_a_call_is_known_until_the_person_ends_it(world: World) -> None:
    tokens = await world.log_in()
    caller = await world.caller(tokens["access_token"])
    (granted,) = await world.server.grants.of(ANNA)
    assert caller.grant == granted.id
    assert await world.server.grants.has(caller.grant)
    await world.server.grants.revoke(ANNA, granted.id)
    assert not await world.server.grants.has(caller.grant)

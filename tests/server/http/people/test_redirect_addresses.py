"""Redirect addresses of clients: any text is judged, and an answer never leads to another place."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.server.http.people.grants.redirects import (
    LOOPBACK,
    destination_of,
    is_registered,
    problem_with,
    with_parameters,
)

PIECES = (
    "https://",
    "http://",
    "cursor:",
    "127.0.0.1",
    "[::1]",
    "localhost",
    "a.example",
    ":",
    "@",
    "/",
    "..",
    "?",
    "&",
)
ADDRESSES = st.lists(st.sampled_from((*PIECES, "code=1", "x=1", "%2e", "%", "#", "8", "\\", "é", " ")), max_size=12)


@given(st.one_of(st.text(max_size=60), ADDRESSES.map("".join)))
@settings(max_examples=500, deadline=None)
@example("https://[")
@example("https://a.example:99999/")
@example("http://[::1%25eth0]/")
def test_an_accepted_address_is_safe_and_leads_to_one_place(uri: str) -> None:
    if problem_with(uri) is not None:
        assert not is_registered(uri, [uri])
        return
    assert is_registered(uri, [uri])
    parts = urlsplit(uri)
    assert parts.fragment == ""
    assert parts.username is None
    assert parts.scheme not in ("", "javascript", "data", "file")
    assert parts.scheme != "http" or parts.hostname in LOOPBACK
    assert destination_of(uri).name


@given(ADDRESSES.map("".join), st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_an_answer_keeps_the_address_and_adds_its_parameters(uri: str, code: str, state: str) -> None:
    if problem_with(uri) is not None:
        return
    answer = with_parameters(uri, code=code, state=state, iss=None)
    assert answer.startswith(uri)
    assert urlsplit(answer)[:3] == urlsplit(uri)[:3]
    added = dict(parse_qsl(urlsplit(answer).query, keep_blank_values=True))
    assert (added["code"], added["state"]) == (code, state)
    assert "iss" not in added


@given(ADDRESSES.map("".join), ADDRESSES.map("".join))
@settings(max_examples=300, deadline=None)
def test_a_different_address_is_registered_only_if_it_differs_in_the_port_of_this_computer(one: str, two: str) -> None:
    if one != two and is_registered(one, [two]):
        assert urlsplit(one).hostname == urlsplit(two).hostname
        assert urlsplit(one).hostname in LOOPBACK
        assert urlsplit(one)[2:] == urlsplit(two)[2:]

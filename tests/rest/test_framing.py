"""Where an answer ends among the bytes of a connection, compared with what h11 finds."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.rest.wire.response_bounds import InvalidResponseError, ResponseBounds

_BODY = st.binary(max_size=40) | st.sampled_from([b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n"])


def _chunked(pieces: list[bytes], extension: str, trailer: bool) -> bytes:
    chunks = b"".join(b"%X%s\r\n%s\r\n" % (len(piece), extension.encode(), piece) for piece in pieces if piece)
    return chunks + b"0\r\n" + (b"X-Sum: 1\r\n" if trailer else b"") + b"\r\n"


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A whole response, and the body it carries."""
    interim = b"HTTP/1.1 102 Processing\r\n\r\n" * draw(st.integers(0, 3))
    pieces = draw(st.lists(_BODY, max_size=4))
    body = b"".join(pieces)
    if draw(st.booleans()):
        wire = _chunked(pieces, draw(st.sampled_from(["", ";a=1"])), draw(st.booleans()))
        return interim + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + wire, body
    return interim + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body, body


def _cut(data: bytes, steps: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for step in steps:
        pieces.append(data[at : at + step])
        at += step
    return [*pieces, data[at:]]


@given(responses(), st.lists(st.integers(1, 30), max_size=20), _BODY)
def test_a_response_is_whole_at_its_last_byte_and_unclean_with_any_byte_behind(
    response: tuple[bytes, bytes], steps: list[int], stray: bytes
) -> None:
    wire, body = response
    framing, library = ResponseBounds(), h11.Connection(h11.CLIENT)
    library.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    library.send(h11.EndOfMessage())
    read = b""
    for piece in _cut(wire, steps):
        assert not framing.clean or not piece
        if passed := framing.feed(piece):
            library.receive_data(passed)
        while isinstance(event := library.next_event(), h11.Event) and not isinstance(event, h11.EndOfMessage):
            read += bytes(event.data) if isinstance(event, h11.Data) else b""
    assert framing.clean
    assert (read, framing.status) == (body, 200)
    if stray:
        framing.feed(stray)
        assert not framing.clean


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 160 Odd\r\n\r\n",
        b"HTTP/1.1 199 Odd\r\nX: 1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    ],
)
def test_informational_statuses_without_an_answer_are_refused(sent: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        ResponseBounds().feed(sent)


def test_a_low_status_with_a_body_is_an_answer() -> None:
    framing = ResponseBounds()
    passed = framing.feed(b"HTTP/1.1 160 Odd\r\nContent-Length: 2\r\n\r\n{}")
    assert passed.startswith(b"HTTP/1.1 599 Odd")
    assert (framing.status, framing.clean) == (160, True)

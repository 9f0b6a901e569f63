"""The pictures of the documentation show what the program prints now."""

from __future__ import annotations

import sys

import pytest

from tests.pictures.scenes import PICTURES, SHOTS, Shot, masked, shoot
from tests.pictures.svg import picture, texts_in
from tests.pictures.terminal import Span, lines_of, text_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_picture_shows_what_the_command_prints_now(shot: Shot) -> None:
    """Run `make pictures` when this fails."""
    kept = texts_in((PICTURES / f"{shot.name}.svg").read_text("utf-8"))
    assert [masked(line) for line in kept] == [masked(text_of(line)) for line in shoot(shot)]


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in PICTURES.glob("*.svg")} == {shot.name for shot in SHOTS}


def test_a_picture_holds_no_address_of_another_host_and_no_path_of_this_computer() -> None:
    for path in PICTURES.glob("*.svg"):
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "/tmp/" not in text
        assert "<script" not in text


def test_the_last_state_of_a_line_is_shown_with_its_colours() -> None:
    (line,) = lines_of("rows 1\rrows 2 \x1b[32mdone\x1b[0m <&>\r\n")
    assert line == [Span("rows 2 "), Span("done", 32), Span(" <&>")]
    assert texts_in(picture("t", [line])) == ["rows 2 done <&>"]

"""The pictures of the documentation show what the program prints now."""

from __future__ import annotations

import re
import sys

import pytest

from tests.pictures.scenes import DRAWINGS, PICTURES, SHOTS, Drawing, Shot, draw, masked, shoot
from tests.pictures.svg import picture, texts_in
from tests.pictures.terminal import Span, lines_of, text_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_picture_shows_what_the_command_prints_now(shot: Shot) -> None:
    """Run `make pictures` when this fails."""
    kept = texts_in((PICTURES / f"{shot.name}.svg").read_text("utf-8"))
    assert [masked(line) for line in kept] == [masked(text_of(line)) for line in shoot(shot)]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_a_chart_shows_the_numbers_that_the_command_draws_now(drawing: Drawing) -> None:
    """Run `make pictures` when this fails. Only texts are compared: another version of the library may move them."""
    kept = texts_in((PICTURES / f"{drawing.name}.svg").read_text("utf-8"))
    assert kept == texts_in(draw(drawing))
    assert drawing.title in kept


def test_no_picture_is_left_over() -> None:
    names = {shot.name for shot in SHOTS} | {drawing.name for drawing in DRAWINGS}
    assert {path.stem for path in PICTURES.glob("*.svg")} == names


def test_a_picture_holds_no_address_of_another_host_and_no_path_of_this_computer() -> None:
    for path in PICTURES.glob("*.svg"):
        text = re.sub(r"http://www\.w3\.org/(2000/svg|1999/xlink)", "", path.read_text("utf-8"))
        assert "http:" not in text
        assert "/tmp/" not in text
        assert "<script" not in text


def test_the_last_state_of_a_line_is_shown_with_its_colours() -> None:
    (line,) = lines_of("rows 1\rrows 2 \x1b[32mdone\x1b[0m <&>\r\n")
    assert line == [Span("rows 2 "), Span("done", 32), Span(" <&>")]
    assert texts_in(picture("t", [line])) == ["rows 2 done <&>"]

"""The folders for files: each person whom a token identifies has one of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.access import Caller, calling
from b24_mcp.app.files.folders import folders_line, place_for
from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error


def test_people_with_tokens_have_folders_of_their_own(tmp_path: Path) -> None:
    settings = Settings(files_dir=str(tmp_path))
    places = []
    for name in ("ann", "ANN", "ben/../ann", "..", "анна"):
        with calling(Caller(name, is_identified=True)):
            place = place_for(settings, "offer.pdf")
            assert place.root.parent == tmp_path
            assert place.root.is_dir()
            assert folders_line(settings) == str(place.root)
            places.append(place.root.name.casefold())
            with pytest.raises(B24Error, match="not in the folder"):
                place_for(settings, str(tmp_path / "offer.pdf"))
    assert len(set(places)) == len(places)


def test_without_a_setting_people_with_tokens_have_none() -> None:
    with calling(Caller("ann", is_identified=True)):
        with pytest.raises(B24Error, match="no folder for files") as caught:
            place_for(Settings(), "offer.pdf")
        assert "B24_FILES_DIR" in caught.value.fault.hint
        assert folders_line(Settings()).startswith("none: ")


def test_the_user_of_this_computer_has_the_folder_in_the_documents(tmp_path: Path) -> None:
    assert place_for(Settings(), "offer.pdf").root == tmp_path / "documents" / "Bitrix24"

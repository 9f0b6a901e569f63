"""`b24-mcp notes`."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from tests.cli.conftest import Run


def test_notes_are_shown_with_their_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "config" / "notes" / "sandbox.md"
    assert run("notes", "--path").stdout == f"{file}\n"
    assert "no notes on sandbox yet" in run("notes").stdout
    file.parent.mkdir(parents=True)
    file.write_text("big deal = more than 10000\n", "utf-8")
    shown = run("notes", "sandbox")
    assert "word          big deal: more than 10000" in shown.stdout
    assert shown.returncode == 0


def test_the_editor_gets_a_new_private_file_that_explains_its_form(run: Run, tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; open(sys.argv[1], 'a').write('our = ours\\n')")
    done = run("notes", "--edit", VISUAL=f"{sys.executable} {editor}")
    file = tmp_path / "config" / "notes" / "sandbox.md"
    assert done.returncode == 0, done.stderr
    assert "Words" in file.read_text("utf-8")
    assert "word          our: ours" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_unknown_portal_is_refused_with_the_known_names(run: Run) -> None:
    done = run("notes", "nowhere")
    assert (done.returncode, "There are: sandbox" in done.stderr) == (1, True)

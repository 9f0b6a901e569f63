"""`b24-mcp docs` and `b24-mcp catalog build`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, Run
from tests.cli.terminal import on_a_terminal
from tests.docs.pages import edition, write_edition, write_tar

HOME = Path(__file__).parents[2]
NEW_METHOD = """# {title} crm.brandnew.fetch

> Scope: [`crm`](../../scopes.md)
>
> {who}: any user

{lead}

## {parameters}

#|
|| **{name}**
`type` | **{text}** ||
|| **number***
[`integer`](../../data-types.md) | Which ||
|#

## Code

```bash
curl -d '{{"number": 1}}' https://portal/rest/1/code/crm.brandnew.fetch
```
"""


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """A folder with both editions as archives, and in them a method that no catalogue has yet."""
    english = NEW_METHOD.format(
        title="Fetch a brand new thing", who="Who can execute the method", lead="Brings it.",
        parameters="Method Parameters", name="Name", text="Description",
    )  # fmt: skip
    russian = NEW_METHOD.format(
        title="Достать новинку", who="Кто может выполнять метод", lead="Приносит.",
        parameters="Параметры метода", name="Название", text="Описание",
    )  # fmt: skip
    place = tmp_path / "archives"
    place.mkdir()
    for language, page in (("en", english), ("ru", russian)):
        path = "api-reference/crm/new/crm-brandnew-fetch.md"
        write_tar(place / f"{language}.tar.gz", edition(language) | {path: page})
    return place


def python(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ) | settings | {"PYTHONPATH": str(HOME)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env=env)


def test_sync_copies_archives_and_status_describes_the_copy(run: Run, archives: Path, tmp_path: Path) -> None:
    nothing = run("docs", "status")
    assert (nothing.returncode, nothing.stderr) == (1, "")
    assert "b24-mcp docs sync" in nothing.stdout
    done = run("docs", "sync", "--from", str(archives))
    assert (done.returncode, done.stderr) == (0, "")
    assert "en            13 pages, 13 of them new or changed\n" in done.stdout
    again = run("docs", "sync", "--from", str(archives))
    assert "ru            13 pages, 0 of them new or changed\n" in again.stdout
    status = run("docs", "status")
    assert status.returncode == 0
    assert "(github.com/bitrix24/b24restdocs, MIT licence)" in status.stdout
    form = json.loads(run("docs", "status", "--json").stdout)
    assert form["folder"] == str(tmp_path / "data" / "docs")
    assert {language: one["pages"] for language, one in form["editions"].items()} == {"en": 13, "ru": 13}
    assert form["editions"]["ru"]["origin"]["source"] == "ru.tar.gz"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_sync_shows_its_progress_on_a_terminal(archives: Path) -> None:
    ours, theirs = os.openpty()
    command = [str(PROGRAM), "docs", "sync", "--from", str(archives)]
    with open(ours, "rb", buffering=0) as screen:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False)
        os.close(theirs)
        seen = screen.read(10_000).decode()
    assert done.returncode == 0
    assert "indexing en" in seen
    assert "100%" in seen


def test_one_language_can_be_synced_alone(run: Run, archives: Path, tmp_path: Path) -> None:
    assert run("docs", "sync", "--lang", "ru", "--from", str(archives)).returncode == 0
    assert list(json.loads(run("docs", "status", "--json").stdout)["editions"]) == ["ru"]
    only_english = write_edition(tmp_path / "english", "en")
    missing = run("docs", "sync", "--lang", "ru", "--from", str(only_english))
    assert (missing.returncode, missing.stderr) == (1, "missing       ru\n")
    both = run("docs", "sync", "--from", str(only_english))
    assert both.returncode == 0
    assert "missing       ru" in both.stdout


def test_a_source_without_documentation_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK nothing of use")
    failed = run("docs", "sync", "--from", str(tmp_path / "broken.zip"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "Error: broken.zip is not a tar or zip archive, or it is damaged or incomplete.\n"
    assert run("docs", "sync", "--from", str(tmp_path / "nowhere")).returncode == 2


def test_without_a_connection_the_message_names_the_other_way(run: Run) -> None:
    failed = run("docs", "sync", HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    assert failed.returncode == 1
    assert "name an archive or a folder with `--from`." in failed.stderr
    assert "Traceback" not in failed.stderr


def test_settings_that_cannot_be_read_are_reported(run: Run) -> None:
    failed = run("docs", "status", B24_BUDGET="many")
    assert failed.returncode == 1
    assert "B24_BUDGET" in failed.stderr


FOUND = """
from b24_mcp.catalog import known_methods
method = known_methods().method("crm.brandnew.fetch")
old = known_methods().method("crm.deal.add")
print(None if method is None else (method.effect, method.summary, method.summary_ru, method.signature), old is not None)
print([hit.name for hit in known_methods().search.find("fetch a brand new thing", limit=1)])
"""


def test_a_catalogue_built_from_the_copy_knows_the_newest_methods(run: Run, archives: Path, tmp_path: Path) -> None:
    assert python(FOUND).stdout.startswith("None True")
    assert "docs sync" in run("catalog", "build").stderr
    run("docs", "sync", "--from", str(archives))
    built = run("catalog", "build")
    assert built.returncode == 0, built.stderr
    assert "crm.brandnew.fetch" in built.stdout
    assert (tmp_path / "data" / "catalog" / "catalog.db").exists()
    found = python(FOUND)
    assert found.stdout.startswith("('destructive', 'Fetch a brand new thing', 'Достать новинку', 'number*')")
    assert "['crm.brandnew.fetch']" in found.stdout
    assert found.stderr == ""


def test_a_catalogue_of_another_version_is_ignored_with_a_message(run: Run, archives: Path, tmp_path: Path) -> None:
    run("docs", "sync", "--from", str(archives))
    run("catalog", "build")
    path = tmp_path / "data" / "catalog" / "catalog.db"
    python(f"import sqlite3; sqlite3.connect({str(path)!r}).execute('PRAGMA application_id = 1').connection.commit()")
    found = python(FOUND)
    assert found.stdout.startswith("None True")
    assert "another version built it. It is ignored" in found.stderr
    path.write_bytes(b"no database")
    assert python(FOUND).stdout.startswith("None True")


def test_a_user_catalogue_can_be_written_elsewhere(run: Run, archives: Path, tmp_path: Path) -> None:
    run("docs", "sync", "--from", str(archives))
    assert run("catalog", "build", "--out", str(tmp_path / "elsewhere")).returncode == 0
    assert (tmp_path / "elsewhere" / "methods.jsonl").exists()
    assert python(FOUND).stdout.startswith("None True")


def test_several_sources_can_be_named(run: Run, archives: Path) -> None:
    done = run("docs", "sync", "--from", str(archives / "en.tar.gz"), "--from", str(archives / "ru.tar.gz"))
    assert done.returncode == 0, done.stderr
    assert set(json.loads(run("docs", "status", "--json").stdout)["editions"]) == {"en", "ru"}


def test_a_build_of_the_catalogue_can_be_undone(run: Run, archives: Path, tmp_path: Path) -> None:
    assert run("catalog", "undo").returncode == 1
    for _ in range(2):
        assert run("catalog", "build", "--docs", str(archives)).returncode == 2  # archives are no unpacked pages
    assert run("docs", "sync", "--from", str(archives)).returncode == 0
    assert run("catalog", "build").returncode == 0
    first = (tmp_path / "data" / "catalog" / "methods.jsonl").read_bytes()
    (archives / "ru.tar.gz").unlink()
    assert run("catalog", "build").returncode == 0
    assert "before the last build is in use" in run("catalog", "undo").stdout
    assert (tmp_path / "data" / "catalog" / "methods.jsonl").read_bytes() == first
    assert "The installed catalogue is in use" in run("catalog", "undo").stdout
    assert not (tmp_path / "data" / "catalog").exists()


def test_a_page_of_the_copy_is_found_and_read(run: Run, archives: Path) -> None:
    run("docs", "sync", "--from", str(archives))
    found = json.loads(run("docs", "search", "fetch a brand new thing").stdout)["pages"]
    assert any(page["page"].endswith("crm-brandnew-fetch") for page in found)
    code, shown = on_a_terminal("docs", "search", "fetch a brand new thing")
    assert (code, "crm-brandnew-fetch" in shown) == (0, True)
    code, shown = on_a_terminal("docs", "read", "en/api-reference/crm/new/crm-brandnew-fetch")
    assert code == 0
    assert "# Fetch a brand new thing" in shown
    assert '{"' not in shown.partition("Code")[0]


def test_a_build_of_the_catalogue_shows_its_progress(run: Run, archives: Path) -> None:
    run("docs", "sync", "--from", str(archives))
    code, shown = on_a_terminal("catalog", "build")
    assert code == 0
    steps = [re.sub(r" +$", "", one) for one in shown.split("\r")]
    assert [one for one in steps if re.fullmatch(r"reading pages, en: (\d+) of \1", one)]
    assert [one for one in steps if one.startswith("reading pages, ru: ")]
    assert "comparing the editions" in steps
    assert "compiling the catalogue" in shown
    assert "\neditions " in shown

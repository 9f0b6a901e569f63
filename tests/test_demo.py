"""The demonstration: `b24-mcp demo` for people, and the example of an MCP client that checks every kind of call."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from b24_mcp.cli import demo_scenes
from b24_mcp.cli.demo import demo
from b24_mcp.texts.catalogue import catalogue
from tests.loopback import loopback_portal

EXAMPLE = Path(__file__).parent.parent / "examples" / "calls.py"


def played(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "b24_mcp", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=EXAMPLE.parent.parent,
        env=dict(os.environ) | {"LC_ALL": "C.UTF-8", "COLUMNS": "80"} | settings,
    )


@pytest.fixture(scope="module")
def english() -> str:
    done = played()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_demonstration_fits_a_terminal(english: str) -> None:
    lines = english.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) < 80


def test_each_of_five_questions_has_its_calls_and_an_answer(english: str) -> None:
    scenes = re.split(r"^\d\. ", english, flags=re.MULTILINE)[1:]
    assert len(scenes) == 5
    for scene in scenes:
        assert re.search(r"^   > [a-z_]+ ", scene, re.MULTILINE)
        assert re.search(r"^   [A-Z0-9].*\.$", scene, re.MULTILINE)


def test_it_shows_a_table_a_corrected_mistake_and_a_question_before_a_deletion(english: str) -> None:
    assert re.search(r"^   Линия сращивания №1021 +12,245,100 ", english, re.MULTILINE)
    assert "fields.NAME is not a field here" in english
    assert "   | - crm.deal.delete: it deletes or overwrites" in english
    assert "Nothing was deleted" in english


def test_it_closes_with_commands_that_exist(english: str) -> None:
    commands = re.findall(r"^   b24-mcp ([a-z]+)", english.partition("What to do next")[2], re.MULTILINE)
    assert commands == ["connect", "portals", "doctor"]


@pytest.mark.parametrize("settings", [{"LC_ALL": "ru_RU.UTF-8"}, {"LC_ALL": "", "LANG": "ru_RU.UTF-8"}])
def test_a_person_with_a_russian_computer_reads_russian(settings: dict[str, str]) -> None:
    done = played(**settings)
    assert done.returncode == 0, done.stderr
    assert "1. Какие открытые сделки в рублях самые крупные?" in done.stdout
    assert "| Ассистент хочет изменить данные в Битрикс24." in done.stdout
    assert "удаляет или перезаписывает" in done.stdout
    assert "Что дальше" in done.stdout
    assert len(done.stdout.splitlines()) <= 60
    assert max(map(len, done.stdout.splitlines())) < 80


def test_the_portal_and_the_rules_of_the_user_are_not_used(tmp_path: Path) -> None:
    with loopback_portal() as portal:
        done = played(B24_WEBHOOK_URL=portal.address, B24_ACCESS="nonsense", TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert portal.paths == []
    assert list(tmp_path.iterdir()) == [], "files are left"


def test_an_unexpected_answer_ends_the_demonstration_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_scenes, "_SQL", "SELECT nothing FROM nowhere")
    done = CliRunner().invoke(demo, [])
    assert done.exit_code == 1
    assert "The demonstration failed" in done.output


def test_each_text_for_people_is_there_in_all_languages_with_the_same_values() -> None:
    for section in catalogue().values():
        for name, languages in section.items():
            assert set(languages) == {"en", "ru"}, name
            values = [set(re.findall(r"\{(\w+)\}", said)) for said in languages.values()]
            assert values[0] == values[1], name


def test_the_example_makes_every_kind_of_call_in_process_and_over_http() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("The batch of the documentation") == 4
    assert done.stdout.count("120 commands") == 2
    assert "call_method" in done.stdout
    assert "All answers were as expected." in done.stdout

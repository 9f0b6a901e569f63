"""The pages for users: every command in them exists, and each client, extra and tool has its place."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from b24_mcp.cli.commands import cli
from b24_mcp.connect.clients import CLIENTS
from b24_mcp.connect.manifests import manifests

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "clients").glob("*.md")])
_LINE = re.compile(r"^(?:\$ )?(b24-mcp(?: .*)?)$", re.MULTILINE)
_SPAN = re.compile(r"`(b24-mcp [^`\n]+)`")


def commands() -> list[tuple[str, str]]:
    """Every command of b24-mcp that a page shows, with the page."""
    found = set()
    for page in PAGES:
        text = page.read_text("utf-8")
        found |= {(page.relative_to(ROOT).as_posix(), one) for one in _LINE.findall(text) + _SPAN.findall(text)}
    return sorted(found)


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_on_a_page_exists_with_its_options(page: str, command: str) -> None:
    words = shlex.split(re.sub(r"\s+# .*|\s[>|].*", "", command).replace("…", ""))[1:]
    place: click.Command = cli
    known = {option for one in cli.params for option in one.opts}
    for word in words:
        if isinstance(place, click.Group) and not word.startswith("-") and not word.isupper():
            assert word in place.commands, f"{page}: {command}"
            place = place.commands[word]
            known |= {option for one in place.params for option in (*one.opts, *one.secondary_opts)}
        elif word.startswith("-") and len(word) > 1:
            assert word.partition("=")[0] in {*known, "--help", "-h"}, f"{page}: {command}"


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_each_client_has_a_page_with_its_command_its_files_and_how_to_check(client: object) -> None:
    from b24_mcp.connect.clients import Client

    assert isinstance(client, Client)
    text = " ".join((ROOT / "docs" / "clients" / f"{client.name}.md").read_text("utf-8").split())
    assert f"b24-mcp connect {client.name} " in text
    assert client.check in text
    assert (client.project or "") in text
    assert ("--http https" in text) is client.http
    assert f"({client.name}.md)" in (ROOT / "docs" / "clients" / "README.md").read_text("utf-8")


def test_a_configuration_on_a_page_is_the_one_of_the_manifest() -> None:
    made = manifests(ROOT)
    shown = 0
    for client in CLIENTS:
        text = (ROOT / "docs" / "clients" / f"{client}.md").read_text("utf-8")
        for kind, block in re.findall(r"^```(json|toml|yaml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            shown += 1
            assert block in {known for name, known in made.items() if name.startswith(f"{client}/")}, (client, kind)
    assert shown == len(CLIENTS) - 1  # Codex has a long list of variables, so its page has only the link


def test_each_extra_is_explained() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    text = (ROOT / "docs" / "install.md").read_text("utf-8")
    assert set(extras) == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("searched", "page"),
    [
        ("retry", "calls.md"),
        ("rate limit", "calls.md"),
        ("idempotency key", "calls.md"),
        ("read-only", "access.md"),
        ("audit log", "access.md"),
        ("OAuth app", "login.md"),
        ("chart", "tools.md"),
    ],
)
def test_what_people_search_for_is_named_in_the_readme_and_on_its_page(searched: str, page: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.search(searched.replace("retry", "retr(y|ied)"), readme, re.IGNORECASE)
    assert f"docs/{page}" in readme
    assert re.search(searched, " ".join((ROOT / "docs" / page).read_text("utf-8").split()), re.IGNORECASE)


def test_each_page_can_be_reached_from_the_readme() -> None:
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in found or not page.is_file():
            continue
        found.add(page)
        links = re.findall(r"\]\(([^()\s#]+\.md)", page.read_text("utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if ":" not in link]
    assert set(PAGES) <= found

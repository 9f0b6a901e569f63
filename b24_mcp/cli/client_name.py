"""The name of a client as an argument of the command line, with near names for a wrong one."""

from __future__ import annotations

from difflib import get_close_matches

import click
from click.shell_completion import CompletionItem

CLIENT_NAMES = ("claude-code", "cursor", "codex", "vscode", "claude-desktop", "zed", "copilot", "gemini", "goose")
_OTHER_NAMES = {
    "claude": ("claude-code", "claude-desktop"),
    "anthropic": ("claude-code", "claude-desktop"),
    "code": ("vscode", "claude-code"),
    "visualstudiocode": ("vscode",),
    "vs": ("vscode",),
    "openai": ("codex",),
    "chatgpt": ("codex",),
    "github": ("copilot",),
    "githubcopilot": ("copilot",),
    "google": ("gemini",),
    "block": ("goose",),
    "zededitor": ("zed",),
    "zeditor": ("zed",),
}
_LEAST_SIMILAR = 0.5


class ClientName(click.ParamType[str]):
    """The name of a client. Its letter case and signs do not count."""

    name = "client"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the usage shows."""
        return "CLIENT"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the clients that begin with what was typed."""
        return [CompletionItem(name) for name in CLIENT_NAMES if name.startswith(incomplete.lower())]

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is listed."""
        by_letters = {_letters(name): name for name in CLIENT_NAMES}
        typed = _letters(value)
        if typed in by_letters:
            return by_letters[typed]
        near = _OTHER_NAMES.get(typed) or [
            by_letters[letters] for letters in get_close_matches(typed, by_letters, 3, _LEAST_SIMILAR)
        ]
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        return self.fail(f"{value!r} is not a client. {meant}The clients are {', '.join(CLIENT_NAMES)}.", param, ctx)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())

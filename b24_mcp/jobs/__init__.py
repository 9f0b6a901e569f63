"""The jobs that people bring most often: short instructions with the tools in their order.

The server offers them as prompts and as skills, and the plugins of clients carry them as skills. The texts are ours, in
English and Russian, in `jobs.toml`.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

JobLanguage = Literal["en", "ru"]


@dataclass(frozen=True, slots=True)
class JobText:
    """A job in one language: its title, when it is used, and its steps."""

    title: str
    description: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommonJob:
    """A job: its name, what a person can say about it (`argument`), and its texts."""

    name: str
    argument: str
    about_argument: str
    texts: dict[JobLanguage, JobText]

    def instructions(self, language: JobLanguage, said: str = "") -> str:
        """Return the job as a request to a model. `said` is the value of the argument."""
        text = self.texts[language]
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(text.steps, 1))
        subject = f": {said.strip()}" if said.strip() else ""
        return f"{text.title}{subject}.\n\n{steps}\n"

    @property
    def skill_name(self) -> str:
        """The name of the skill: lower-case letters and dashes."""
        return f"bitrix24-{self.name.replace('_', '-')}"

    @property
    def skill_description(self) -> str:
        """When a model uses the skill, in one line."""
        return f"{self.texts['en'].description} {self.texts['ru'].description}"

    def skill(self) -> str:
        """Return the text of `SKILL.md`: its front matter and the steps."""
        text = self.texts["en"]
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(text.steps, 1))
        head = f"---\nname: {self.skill_name}\ndescription: {_quoted(self.skill_description)}\n---\n"
        return f"{head}\n# {text.title}\n\n{steps}\n\nAnswer in the language of the person.\n"


def known_jobs() -> tuple[CommonJob, ...]:
    """Return all jobs."""
    return _JOBS


def _read() -> tuple[CommonJob, ...]:
    tables = tomllib.loads(files("b24_mcp.jobs").joinpath("jobs.toml").read_text("utf-8"))
    return tuple(
        CommonJob(
            name=name,
            argument=table["argument"],
            about_argument=table["about_argument"],
            texts={"en": _text(table["en"]), "ru": _text(table["ru"])},
        )
        for name, table in tables.items()
    )


def _text(table: dict[str, object]) -> JobText:
    steps = table["steps"]
    assert isinstance(steps, list)
    return JobText(str(table["title"]), str(table["description"]), tuple(map(str, steps)))


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar in double quotes."""
    return json.dumps(text, ensure_ascii=False)


_JOBS = _read()

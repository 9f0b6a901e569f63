"""The events that portals send: look-up by name, and search by the words of an intent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from b24_mcp.catalog.arguments.problem import Problem
from b24_mcp.catalog.arguments.references import is_reference
from b24_mcp.catalog.facts import Event, Parameter
from b24_mcp.catalog.suggestions import Suggestions
from b24_mcp.words import words_of, words_of_name

_ABOUT_EVENTS = re.compile(
    r"\b(?:events?|webhooks?|handlers?|subscri\w*|notif(?:y|ied)|listen\w*|whenever|when|trigger\w*|on[a-z]{4,})\b"
    r"|событи|вебхук|хук|обработчик|подпис|уведом|когда|отслежива|реагир",
    re.I,
)
_LEAST = 0.6
_IDEA_WEIGHT = 0.7
_GENERAL = "event events webhook when subscribe handler notify listen событие вебхук когда подписаться"


class Events:
    """All documented events. `ideas` are the meanings of stems, as in the search for methods."""

    def __init__(self, events: Iterable[Event], ideas: Mapping[str, frozenset[str]]) -> None:
        self._events = {event.name.lower(): event for event in events}
        self._ideas = ideas
        self._words = {key: frozenset(words_of_name(_bare(event.name))) for key, event in self._events.items()}
        self._suggestions = Suggestions([event.name for event in self._events.values() if event.binds], ideas)

    def __len__(self) -> int:
        return len(self._events)

    def get(self, name: str) -> Event | None:
        """Return an event by its name in any letter case."""
        return self._events.get(name.lower())

    def similar(self, name: str) -> list[str]:
        """Return the names of events that were probably meant by a name that does not exist."""
        return self._suggestions.find(name, most=3)

    def find(self, query: str, *, limit: int = 3) -> list[Event]:
        """Return the events that an intent asks for, the best match first.

        An intent that does not speak of events, notifications or handlers finds none, except by a name.
        """
        named = self.get(query.strip())
        if named is not None:
            return [named]
        if not _ABOUT_EVENTS.search(query):
            return []
        asked = [word for word in dict.fromkeys(words_of(query)) if word not in _general_words()]
        scores = {key: self._score(asked, words) for key, words in self._words.items() if self._events[key].binds}
        best = sorted((key for key, score in scores.items() if score >= _LEAST), key=lambda key: (-scores[key], key))
        return [self._events[key] for key in best[:limit]]

    def _score(self, asked: list[str], words: frozenset[str]) -> float:
        if not asked:
            return 0.0
        meanings = frozenset().union(*(self._ideas.get(word, frozenset()) for word in words))
        covered = sum(
            1.0 if word in words else _IDEA_WEIGHT if not meanings.isdisjoint(self._ideas.get(word, ())) else 0.0
            for word in asked
        )
        return covered / len(asked) + 0.1 * covered / max(len(words), 1)


def event_problems(parameters: Iterable[Parameter], params: Mapping[str, object], events: Events) -> list[Problem]:
    """Return the problems with names of events among the arguments of a call.

    A portal may have events that are not documented, so only a name that is near a documented one is a mistake.
    """
    names = {parameter.name for parameter in parameters if parameter.source == "events"}
    problems = []
    for name in names & params.keys():
        value = params[name]
        if not isinstance(value, str) or not value or is_reference(value):
            continue
        event = events.get(value)
        if event is not None and not event.binds:
            problems.append(Problem(name, "is an event of the user interface: only JavaScript subscribes to it", True))
        elif event is None and (meant := events.similar(value)):
            problems.append(Problem(name, f"is no documented event; perhaps {' or '.join(meant)} is meant", True))
        elif event is None:
            problems.append(Problem(name, "is no documented event", False))
    return problems


@cache
def _general_words() -> frozenset[str]:
    """The stems of the words that say no more than that an event is meant."""
    return frozenset(words_of(_GENERAL))


def _bare(name: str) -> str:
    """Return the name of an event without the word that all names have."""
    return re.sub(r"^[Oo][Nn](?=[A-Z_])|(?<=\.)ON\.", "", name)

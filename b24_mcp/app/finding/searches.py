"""The commands that search one kind of records.

A filter joins its conditions with AND; a group with `logic: OR` has its conditions under numbers. Words are letters and
digits only, so no character of a pattern or of a reference in a batch comes into a filter.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from b24_mcp.app.finding.kinds import FindKind
from b24_mcp.app.finding.question import Question
from b24_mcp.app.finding.spelling import beginning, spellings, tokens, with_an_error, without_ending

Command = dict[str, object]
How = Literal["words", "number", "phone", "e-mail"]
"""What a record that a search finds has in common with the question."""
Search = tuple[How, Command]
Filter = dict[str, Any]

_CONTENT = "%searchContent"
_LEAST_NUMBER = 3
_MOST_WAYS, _MOST_BEGINNINGS = 3, 6
"""The most commands for one kind whose method takes one spelling at a time."""


def exact_searches(kind: FindKind, question: Question) -> list[Search]:
    """Return the commands for records that fit the whole question."""
    if kind.style == "plain":
        return _plain(kind, question, _typed)
    found: list[Search] = []
    if question.number:
        found.append(("number", _list(kind, _either(_by_number(kind, question.number)))))
    if question.words:
        found.append(("words", _list(kind, _every_word(kind, question.words))))
        found += [("words", _list(kind, one)) for one in _equal(kind, question.words)]
    if kind.content and (contents := _contents(question)):
        how: How = "phone" if question.digits else "e-mail"
        found.append((how, _list(kind, {str(place): {_CONTENT: one} for place, one in enumerate(contents)})))
    return found


def wide_searches(kind: FindKind, question: Question) -> list[Search]:
    """Return the commands for records that nearly fit: with a typing error in one word, or without some words."""
    words = [word for word in question.words if not word.isdecimal()] or list(question.words)
    if not words:
        return []
    if kind.style == "plain":
        return _plain(kind, question, _begun)
    misspelt = []
    for word in words:
        others = [one for one in words if one != word]
        almost = {str(place): _word(kind, one) for place, one in enumerate(others)}
        misspelt.append(almost | {str(len(others)): _either(_almost(kind, word))})
    found: list[Search] = [("words", _list(kind, _either(misspelt)))]
    if len(words) > 1:
        found.append(("words", _list(kind, _either([_word(kind, word) for word in words]))))
    return found


def by_ids(kind: FindKind, ids: Iterable[int]) -> Command:
    """Return the command for records with these ids."""
    return _list(kind, {"@id": list(ids)})


def duplicates(question: Question) -> list[Search]:
    """Return the commands of the portal's search for phones and e-mails."""
    found: list[Search] = []
    if question.phones:
        found.append(("phone", _duplicates("PHONE", question.phones)))
    if question.email:
        found.append(("e-mail", _duplicates("EMAIL", [question.email])))
    return found


def _duplicates(kind: str, values: Sequence[str]) -> Command:
    return {"method": "crm.duplicate.findbycomm", "params": {"type": kind, "values": list(values)}}


def _list(kind: FindKind, conditions: Filter) -> Command:
    if kind.style == "task":
        params: Filter = {"filter": _as_subfilters(conditions), "order": {"ID": "DESC"}}
    else:
        params = {"entityTypeId": kind.type, "filter": conditions, "order": {"id": "DESC"}}
    return {"method": kind.method, "params": params | {"select": list(kind.select), "start": -1}}


def _either(conditions: Sequence[Filter]) -> Filter:
    """Return one of the conditions, joined with OR."""
    if len(conditions) == 1:
        return dict(conditions[0])
    return {"0": {"logic": "OR"} | {str(place): dict(one) for place, one in enumerate(conditions)}}


def _every_word(kind: FindKind, words: Sequence[str]) -> Filter:
    return {str(place): _word(kind, word) for place, word in enumerate(words)}


def _word(kind: FindKind, word: str) -> Filter:
    """Return the condition that a word, in one of its spellings, is in one of the fields."""
    return _either([_part(kind, name, one) for one in spellings(word) for name in kind.texts])


def _part(kind: FindKind, name: str, part: str) -> Filter:
    return {name: f"%{part}%"} if kind.style == "task" else {f"%{name}": part}


def _almost(kind: FindKind, word: str) -> list[Filter]:
    """Return the conditions that a word with a typing error is in one of the fields."""
    sign = "" if kind.style == "task" else "=%"
    own = without_ending(word)
    patterns = [pattern for one in dict.fromkeys([own, *spellings(word)[1:2]]) for pattern in with_an_error(one)]
    return [{f"{sign}{name}": pattern} for pattern in dict.fromkeys(patterns) for name in kind.texts]


def _equal(kind: FindKind, words: Sequence[str]) -> list[Filter]:
    """Return filters for the very words, whose records must not be lost among many that contain them."""
    if not kind.exact:
        return []
    if len(kind.exact) == 1:
        return [{f"={kind.exact[0]}": " ".join(words)}]
    if len(words) > len(kind.exact):
        return []
    if len(words) == 1:
        return [_either([{f"={name}": words[0]} for name in kind.exact])]
    first, last = kind.exact
    return [_either([{f"={first}": words[0], f"={last}": words[1]}, {f"={first}": words[1], f"={last}": words[0]}])]


def _by_number(kind: FindKind, number: str) -> list[Filter]:
    found: list[Filter] = [{"ID" if kind.style == "task" else "=id": int(number)}]
    found += [{f"={name}": number} for name in kind.numbers]
    if len(number) >= _LEAST_NUMBER:
        found += [_part(kind, name, number) for name in kind.texts[:1]]
    return found


def _contents(question: Question) -> list[str]:
    """Return what the full-text field has of a phone or of a part of an e-mail. Latin letters are rotated there."""
    if question.digits:
        return [question.digits]
    part = question.part_of_email
    words = [codecs.encode(word, "rot13") for word in tokens(part)]
    # A word before the @ is whole, and words are separated by spaces.
    return [f"{word} " if place == 0 and part.endswith("@") else word for place, word in enumerate(words[:3])]


def _as_subfilters(conditions: Filter) -> Filter:
    """Return conditions with groups as the filters of tasks have them. Source: documentation, tasks.task.list."""
    found: Filter = {}
    for name, value in conditions.items():
        if name == "logic":
            found["::LOGIC"] = value
        elif isinstance(value, Mapping):
            found[f"::SUBFILTER-{name}"] = _as_subfilters(dict(value))
        else:
            found[name] = value
    return found


Spell = Callable[[Question], list[tuple[str, ...]]]


def _plain(kind: FindKind, question: Question, spell: Spell) -> list[Search]:
    """Return the commands of a method with parameters of its own."""
    values: list[tuple[str, How, dict[str, str]]] = []
    for words in spell(question) if question.words else ():
        longest = max(words, key=len)
        values.append(("words", "words", {"$words": " ".join(words), "$word": longest}))
    if spell is _typed:
        if question.number:
            values.append(("id", "number", {"$id": question.number}))
            if "id" not in kind.searches or len(question.number) >= _LEAST_NUMBER:
                values.append(("words", "words", {"$words": question.number, "$word": question.number}))
        if email := question.email or question.part_of_email:
            values.append(("email", "e-mail", {"$email": email}))
        if question.digits:
            values.append(("phone", "phone", {"$digits": f"%{'%'.join(question.digits)}%"}))
    found: list[Search] = []
    for name, how, value in values:
        if name == "words" and len(value["$words"]) < kind.shortest:
            continue
        for template in kind.searches.get(name, ()):
            params = _filled({key: one for key, one in template.items() if key != "method"}, value)
            command: Command = {"method": template.get("method", kind.method), "params": params}
            if (how, command) not in found:
                found.append((how, command))
    return found


def _filled(template: object, values: Mapping[str, str]) -> Any:
    if isinstance(template, Mapping):
        return {key: _filled(one, values) for key, one in template.items()}
    return values.get(template, template) if isinstance(template, str) else template


def _typed(question: Question) -> list[tuple[str, ...]]:
    """Return the words in each alphabet, without their endings."""
    return _ways([spellings(word) for word in question.words])


def _begun(question: Question) -> list[tuple[str, ...]]:
    """Return the beginnings of each word alone, in each alphabet."""
    words = [word for word in question.words if not word.isdecimal()] or question.words
    begun: list[tuple[str, ...]] = [(beginning(one),) for word in words for one in spellings(word)]
    return list(dict.fromkeys(begun))[:_MOST_BEGINNINGS]


def _ways(written: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    most = max(len(one) for one in written)
    ways = [tuple(one[min(place, len(one) - 1)] for one in written) for place in range(most)]
    return list(dict.fromkeys(ways))[:_MOST_WAYS]

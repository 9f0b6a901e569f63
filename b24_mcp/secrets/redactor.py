"""The redactor, which masks secrets in every text that leaves the process.

Bitrix24 sends secrets in addresses: the code of a webhook is a part of the path, also in the signed download links of
the portal, and tokens are sent as `auth`. So the known secrets are masked first, in any encoding, and then everything
in the form of such addresses and fields.

The time is linear in the text: each pattern begins with a fixed word, and no repeat in it is ambiguous.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from heapq import merge
from typing import TypeVar, cast

from b24_mcp.secrets.invisible import hidden_in, printable, without_hidden, without_unseen
from b24_mcp.secrets.known import SHORTEST, KnownSecrets, Span

MASK = "***"
PERSON: ContextVar[str] = ContextVar("person", default="")
"""The key of the person for whom this context works, where people log in to a server; else empty."""
_T = TypeVar("_T")
_SECRETS_PER_PERSON = 6
_PEOPLE = 2_000
_SEARCHES_KEPT = 500

_ENCODED_SLASH = r"%(?:25)*+2[Ff]|\\u002[Ff]|&#(?:47|[xX]2[Ff]);"
_SLASH = rf"(?:\\*+(?:/|(?<=\\)u002[Ff])|{_ENCODED_SLASH})"
_END_OF_PART = r"(?=[/\"'\s?&#\\<>]|%(?:25)*+(?:2[Ff36]|3[Ff])|$)"
_CODE_CHARACTERS = r"[A-Za-z0-9_-]"
# After a numeric user id, anything is a code. After a login name, only text that is too long for a word is one.
_WEBHOOK_PATH = re.compile(
    rf"(?:(?<=/)|(?<=2[Ff])|(?<=2[Ff];)|(?<=#47;))rest{_SLASH}(?:api{_SLASH})?"
    rf"(?:[0-9]++{_SLASH}(?={_CODE_CHARACTERS})|[A-Za-z0-9_.@-]++{_SLASH}(?={_CODE_CHARACTERS}{{8}}))"
    rf"(?P<secret>{_CODE_CHARACTERS}++){_END_OF_PART}"
)
_OPENING = r"(?:\[|%(?:25)*+5[Bb])"
_CLOSING = r"(?:\]|%(?:25)*+5[Dd])"
_CREDENTIAL_NAMES = (
    "auth", "access_token", "refresh_token", "client_secret", "token", "AUTH_ID", "REFRESH_ID", "application_token",
    "sessid", "signature",
)  # fmt: skip
_EQUALS_SIGNS = (b"=", b"%", b"\\")
"""The first bytes of the sign after a parameter name, plain or encoded. Many answers of the portal have none of
them.
"""
_CREDENTIAL_PARAMETER = re.compile(
    r"(?:^|(?<=[?&;\s\"'])|(?<=[%5]3[Ff])|(?<=[%5]26)|(?<=\\u0026))"
    rf"(?:{'|'.join(_CREDENTIAL_NAMES)})(?:{_OPENING}auth{_CLOSING})?(?:=|%(?:25)*+3[Dd]|\\++u003[Dd])"
    r"(?P<secret>(?:[^%&\s\"'<>\\]|%(?!(?:25)*+26)|\\++(?:/|u(?!0026|0022|0027|003[CcEe])[0-9A-Fa-f]{4}))++)"
)
# Fields with a secret in the portal's answers and events. Source: documentation, api-reference.
_SECRET_FIELDS = (
    "access_token|refresh_token|application_token|client_secret|auth_id|refresh_id|sessid|bottoken"  # noqa: S105
    "|password|incoming_password|sip_password"
)
_SECRET_FIELD = re.compile(
    rf"(?<=[\"'])(?:{_SECRET_FIELDS})(?P<closing>\\*+)(?P<quote>[\"'])\s*+:\s*+(?P<opening>\\*+)(?P=quote)",
    re.IGNORECASE,
)
_IS_SECRET_FIELD = re.compile(_SECRET_FIELDS, re.IGNORECASE)
# A search for these rare words is much faster than a search for the patterns.
_WORDS_OF_FIELDS = (b"token", b"h_id", b"client_secret", b"sessid", b"password")


_CONTAINERS = (dict, list)


class Redactor:
    """Masks the known secrets, and everything in the form of a Bitrix24 credential, in texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = KnownSecrets()
        self._has_known = False
        self._in_addresses: dict[str, re.Pattern[str]] = {}
        self._of_people: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._searches: OrderedDict[str, tuple[tuple[str, ...], int, KnownSecrets]] = OrderedDict()
        """The search for the secrets of a person and all others, with what it was made of."""
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Add a secret to mask, such as the code of a webhook, plain or as encoded in an address.

        A secret of fewer than six characters is masked inside addresses only. Adding is cheap, because a running server
        adds new tokens every hour.
        """
        if not secret:
            return
        if len(secret) >= SHORTEST:
            self._known.add(secret)
            self._has_known = True
        elif secret not in self._in_addresses:
            self._in_addresses[secret] = re.compile(
                rf"(?:(?<=/)|(?<=2[Ff])|(?<=2[Ff];)|(?<=#47;))(?P<secret>{re.escape(secret)}){_END_OF_PART}"
            )

    def add_for(self, person: str, secret: str) -> None:
        """Add a secret of one of many people, such as a token that is replaced every hour.

        It is masked in the contexts of this person (`PERSON`): only there it can appear. The last few of each person
        are kept, and those of the people who used the server last, so that memory and time stay bounded.
        """
        known = self._of_people.pop(person, ())
        if len(secret) >= SHORTEST:
            known = (*[one for one in known if one != secret], secret)[-_SECRETS_PER_PERSON:]
        self._of_people[person] = known
        while len(self._of_people) > _PEOPLE:
            self._of_people.popitem(last=False)

    def forget_person(self, person: str) -> None:
        """Forget the secrets of a person."""
        self._of_people.pop(person, None)
        self._searches.pop(person, None)

    def _search(self) -> KnownSecrets | None:
        """Return the search for the secrets that can appear in this context; None when there is no secret."""
        person = PERSON.get()
        own = self._of_people.get(person) if person else None
        if not own:
            return self._known if self._has_known else None
        with suppress(KeyError):  # forgotten in another thread
            self._of_people.move_to_end(person)
        kept = self._searches.get(person)
        if kept is None or kept[0] is not own or kept[1] != len(self._known):
            kept = self._searches[person] = own, len(self._known), self._known.with_also(own)
            while len(self._searches) > _SEARCHES_KEPT:
                self._searches.popitem(last=False)
        return kept[2]

    def redact(self, text: str) -> str:
        """Return the text with every secret replaced by `***`.

        Invisible characters cannot hide a secret: they are removed from a text that has one. A text without secrets is
        returned unchanged.
        """
        seen = without_unseen(text)
        masked = self._masked(seen, seen.encode("utf-8", "surrogatepass"))
        return text if masked == seen else masked

    def finds(self, text: str, data: bytes, *, fields: bool = True) -> bool:
        """Whether a text has a secret, or an invisible character that is to be removed.

        `data` is the text in UTF-8. `fields` is false when it is known that the text names no field with a secret.
        """
        if hidden_in(text, data):
            return without_hidden(text)[1] > 0 or self.redact(text) != text
        return self._masked(text, data, fields=fields) != text

    def clean(self, value: _T) -> _T:
        """Return a JSON value with its secrets masked: in its texts, and in fields and columns with the name of a
        secret.
        """
        return each_text(hide_fields(value), self.redact)

    def _masked(self, text: str, data: bytes, *, fields: bool = True) -> str:
        """Return the text without secrets. `data` is the text in UTF-8, in which words are found much faster."""
        if (known := self._search()) is not None and (spans := known.spans(data)):
            data = _replaced(data, spans)
            text = data.decode("utf-8", "surrogatepass")
        for short, pattern in tuple(self._in_addresses.items()):
            text = _mask(text, pattern, (short,))
        if b"rest" in data:
            text = _mask(text, _WEBHOOK_PATH, ("rest",))
        if any(sign in data for sign in _EQUALS_SIGNS):
            words = [name for name in _CREDENTIAL_NAMES if name.encode() in data]
            text = _mask(text, _CREDENTIAL_PARAMETER, words)
        return _without_fields(text) if fields and names_fields(data) else text


def names_fields(data: bytes) -> bool:
    """Whether a JSON text may name a field with a secret. Then `hide_fields` looks at the value itself."""
    lowered = data.lower()
    return any(word in lowered for word in _WORDS_OF_FIELDS)


def _mask(text: str, pattern: re.Pattern[str], words: Iterable[str]) -> str:
    """Mask the group `secret` of each match of a pattern that begins with one of the words.

    The text of a match is not searched again, so that a text full of such words takes no longer.
    """
    pieces: list[str] = []
    done = 0
    for place in merge(*(_places(text, word) for word in words)):
        if place >= done and (found := pattern.match(text, place)):
            start, end = found.span("secret")
            pieces += (text[done:start], MASK)
            done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + len(word))


def _replaced(data: bytes, spans: Iterable[Span]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for start, end in spans:
        pieces += (data[done:start], MASK.encode())
        done = end
    pieces.append(data[done:])
    return b"".join(pieces)


def _without_fields(text: str) -> str:
    """Mask the values of secret fields in JSON, also in JSON that is nested as text in other JSON, at any depth."""
    pieces: list[str] = []
    done = 0
    for found in _SECRET_FIELD.finditer(text):
        start = found.end()
        if start < done or found["opening"] != found["closing"]:
            continue
        end = _end_of_value(text, start, found["quote"], len(found["opening"]))
        if end > start:
            pieces += (text[done:start], MASK)
            done = end
    return "".join((*pieces, text[done:]))


def _end_of_value(text: str, start: int, quote: str, backslashes: int) -> int:
    """Return the end of a value whose quotes have that many backslashes; without one, the end of the text."""
    place = text.find(quote, start)
    while place >= 0:
        before = place
        while before > start and text[before - 1] == "\\":
            before -= 1
        if (place - before) % (2 * (backslashes + 1)) == backslashes:
            return place - backslashes
        place = text.find(quote, place + 1)
    return len(text)


def hide_fields(value: _T) -> _T:
    """Return a JSON value with the fields and columns masked that have the name of a secret. Other texts are
    unchanged.
    """
    return cast("_T", _hide_fields(value)) if _has_secret_fields(value) else value


def _has_secret_fields(value: object) -> bool:
    """Whether any name of a field, or of a column of a table, is that of a secret. Most values have none."""
    names: set[object] = set()
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            names.update(one)
            columns = one.get("columns")
            if isinstance(columns, list):
                names.update([name for name in columns if isinstance(name, str)])
            waiting += [inner for inner in one.values() if isinstance(inner, _CONTAINERS)]
        elif isinstance(one, list):
            waiting += [inner for inner in one if isinstance(inner, _CONTAINERS)]
    return any(map(_names_a_secret, names))


def _hide_fields(value: object) -> object:
    match value:
        case {"columns": list(columns), "rows": list(rows)} if isinstance(value, dict):
            secret = [place for place, name in enumerate(columns) if _names_a_secret(name)]
            return value | {"rows": [_hide_places(row, secret) for row in rows]}
        case dict():
            return {
                name: MASK if _names_a_secret(name) and inner and isinstance(inner, str) else _hide_fields(inner)
                for name, inner in value.items()
            }
        case list():
            return [_hide_fields(inner) for inner in value]
    return value


def _hide_places(row: object, secret: list[int]) -> object:
    row = _hide_fields(row)
    if not secret or not isinstance(row, list):
        return row
    return [MASK if place in secret and inner and isinstance(inner, str) else inner for place, inner in enumerate(row)]


def each_text(value: _T, change: Callable[[str], str]) -> _T:
    """Return a JSON value with each text in it, names included, replaced by the result of `change`."""
    return cast("_T", _each_text(value, change))


def _each_text(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case dict():
            return {change(name): _each_text(inner, change) for name, inner in value.items()}
        case list():
            return [_each_text(inner, change) for inner in value]
    return value


class RedactingFormatter(logging.Formatter):
    """A formatter that redacts the whole log record, exception text included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets and without characters that control a terminal."""
        return self.redacted(super().format(record))

    def redacted(self, text: str) -> str:
        """Return a text without secrets and without characters that control a terminal."""
        return printable(self._redactor.redact(text))


def _names_a_secret(name: object) -> bool:
    return isinstance(name, str) and _is_secret_name(name)


@lru_cache(4096)
def _is_secret_name(name: str) -> bool:
    return _IS_SECRET_FIELD.fullmatch(name) is not None

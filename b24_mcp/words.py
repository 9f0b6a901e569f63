"""Normalized words of texts and search queries.

English and Russian words are stemmed, `ё` becomes `е`, and names of the API are split into words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

_WORD = re.compile(r"[a-z]+|[а-я]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Parts of names that users write as several words.
_COMPOUNDS = {
    "productrow": "product row",
    "productrows": "product row",
    "userfield": "user field",
    "userfieldconfig": "user field config",
    "userfieldtype": "user field type",
    "dealcategory": "deal category pipeline",
    "bankdetail": "bank detail",
    "stagehistory": "stage history",
    "logmessage": "log message",
    "automatedsolution": "automated solution",
    "checklistitem": "checklist item",
    "commentitem": "comment item",
    "elapseditem": "elapsed item time",
    "calllist": "call list",
    "externalcall": "external call",
    "externalline": "external line",
    "documentgenerator": "document generator",
    "imopenlines": "open line",
    "imconnector": "connector open line",
    "imbot": "bot chat",
    "voximplant": "telephony call",
    "messageservice": "message sms",
    "mailservice": "mail service",
    "bizproc": "business process",
    "biconnector": "bi connector",
    "timeman": "time working day",
    "sonet": "workgroup",
    "socialnetwork": "workgroup",
    "pricetype": "price type",
    "storeproduct": "store product",
    "basketitem": "basket item",
    "paysystem": "payment system",
    "orderentity": "order entity",
    "resourcetype": "resource type",
    "waitlist": "waiting list",
    "getlist": "list",
    "getfields": "fields",
    "addsubfolder": "add folder",
    "uploadfile": "upload file",
    "uploadversion": "upload version",
    "markdeleted": "delete bin",
    "deletetree": "delete tree",
    "getchildren": "children contents list",
    "copyto": "copy",
    "moveto": "move",
    "findbycomm": "find communication phone email",
    "blogpost": "feed post",
    "blogcomment": "feed comment",
}
# Stop words: they are in nearly every query and say nothing about the method.
_STOP_WORDS = frozenset(
    """
    a an the of in on at to for from by with and or is are was be i we my our me us how do does can you it its this that
    these those what which there please want need would like some any all into as about
    в во на из с со к ко по о об от до для и или как что это мне мой моя наш наша у за бы ли же все весь всех
    нужно надо хочу можно пожалуйста какой какая какие каких через который которые
    """.split()  # noqa: SIM905 - readable as words
)
# Idioms whose single words mean something else.
_IDIOMS = (
    ("get rid of", "delete"),
    ("turn off", "disable"),
    ("turn on", "enable"),
    ("switch off", "disable"),
    ("switch on", "enable"),
    ("how many", "count"),
    ("look up", "find"),
    ("set up", "configure"),
    ("put on hold", "pause"),
    ("sign off", "approve"),
    ("clock in", "open working day"),
    ("clock out", "close working day"),
    ("отметиться на работе", "начать рабочий день"),
    ("сколько всего", "количество"),
    ("поставить на паузу", "приостановить"),
)


_CYRILLIC = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"),
    ("yu", "ю"), ("ju", "ю"), ("ya", "я"), ("ja", "я"), ("yo", "е"), ("jo", "е"), ("ye", "е"), ("je", "е"),
    ("iy", "ий"), ("ij", "ий"), ("yj", "ый"), ("yy", "ый"),
    ("a", "а"), ("b", "б"), ("c", "ц"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"),
    ("j", "й"), ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"),
    ("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"), ("w", "в"), ("x", "кс"), ("y", "ы"), ("z", "з"), ("'", "ь"),
)  # fmt: skip


class Stemmer(Protocol):
    """The stemmer of the library."""

    def stemWord(self, word: str) -> str:  # noqa: N802 - the library's name
        """Return the stem of a word."""
        ...


def words_of(text: str) -> list[str]:
    """Return the stems of a text in order, without stop words: `Добавить сделки` and `добавь сделку` have the same."""
    plain = _CAMEL.sub(" ", text).lower().replace("ё", "е")
    for idiom, meaning in _IDIOMS:
        plain = plain.replace(idiom, meaning)
    return [stem(match.group()) for match in _WORD.finditer(plain) if match.group() not in _STOP_WORDS]


def is_stop_word(word: str) -> bool:
    """Whether a word in lower case is in nearly every question and says nothing."""
    return word in _STOP_WORDS


def words_of_name(method: str) -> list[str]:
    """Return the stems in a method's name: `crm.item.productrow.list` has product and row."""
    parts: list[str] = []
    for part in re.split(r"[._]", _CAMEL.sub(".", method)):
        word = part.lower()
        parts += (_COMPOUNDS.get(word) or _COMPOUNDS.get(word.removesuffix("s"), word)).split()
    whole = [_COMPOUNDS[part.lower()] for part in method.split(".") if part.lower() in _COMPOUNDS]
    return list(dict.fromkeys(stem(word) for word in [*parts, *" ".join(whole).split()] if word))


def transliterated(word: str) -> list[str]:
    """Return the stems of the Russian words that a word in Latin letters may stand for: `sozdat` for `создать`.

    A soft sign at the end is usually left out, so the word is returned with and without one.
    """
    russian, at = "", 0
    while at < len(word):
        latin, letter = next((pair for pair in _CYRILLIC if word.startswith(pair[0], at)), (word[at], ""))
        russian += letter
        at += len(latin)
    return list(dict.fromkeys(stem(one) for one in (f"{russian}ь", russian)))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return the stem of one lower-case word. The alphabet decides on the language."""
    if word.isdigit() or len(word) < 3:
        return word
    return _stemmer("russian" if word[0] >= "а" else "english").stemWord(word)


@lru_cache(maxsize=2)
def _stemmer(language: str) -> Stemmer:
    import snowballstemmer

    made: Stemmer = snowballstemmer.stemmer(language)
    return made

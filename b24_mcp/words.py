"""Words of a text or a query, in a form in which those that mean the same are the same.

English and Russian words are stemmed, `ё` is `е`, names of the API fall apart into the words they are made of.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

_WORD = re.compile(r"[a-z]+|[а-я]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Parts of names that people write as several words.
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
# Words that stand in nearly every question and tell nothing about the method.
_NOISE = frozenset(
    """
    a an the of in on at to for from by with and or is are was be i we my our me us how do does can you it its this that
    these those what which there please want need would like some any all into as about
    в во на из с со к ко по о об от до для и или как что это мне мой моя наш наша у за бы ли же все весь всех
    нужно надо хочу можно пожалуйста какой какая какие каких через который которые
    """.split()  # noqa: SIM905 - as words they can be read
)
# Turns of speech whose words mean something else one by one.
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
    ("сколько всего", "количество"),
    ("поставить на паузу", "приостановить"),
)


class Stemmer(Protocol):
    """What the stemming library offers."""

    def stemWord(self, word: str) -> str:  # noqa: N802 - the library's name
        """The stem of a word."""
        ...


def words_of(text: str) -> list[str]:
    """The stems of a text in their order, without noise: `Добавить сделки` and `добавь сделку` have the same."""
    plain = _CAMEL.sub(" ", text).lower().replace("ё", "е")
    for idiom, meant in _IDIOMS:
        plain = plain.replace(idiom, meant)
    return [stem(match.group()) for match in _WORD.finditer(plain) if match.group() not in _NOISE]


def words_of_name(method: str) -> list[str]:
    """The stems a method's name is made of: `crm.item.productrow.list` has product and row."""
    parts: list[str] = []
    for part in re.split(r"[._]", _CAMEL.sub(".", method)):
        parts += _COMPOUNDS.get(part.lower(), part.lower()).split()
    whole = [_COMPOUNDS[part.lower()] for part in method.split(".") if part.lower() in _COMPOUNDS]
    return list(dict.fromkeys(stem(word) for word in [*parts, *" ".join(whole).split()] if word))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The stem of one lower-case word, by the alphabet it is written in."""
    if word.isdigit() or len(word) < 3:
        return word
    return _stemmer("russian" if word[0] >= "а" else "english").stemWord(word)


@lru_cache(maxsize=2)
def _stemmer(language: str) -> Stemmer:
    import snowballstemmer

    made: Stemmer = snowballstemmer.stemmer(language)
    return made

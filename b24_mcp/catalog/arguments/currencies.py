"""Judge the code of a currency: a sign, a word or small letters in its place name no currency of a portal.

`data/currency_words.tsv` has the codes of currencies and what else they are called, in lower case.
"""

from __future__ import annotations

import re
from functools import cache

from b24_mcp.catalog.tables import read_table

_CODE = re.compile(r"[A-Z0-9]{3}", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z]{3}", re.ASCII)


def is_currency_code(text: str) -> bool:
    """Whether a text has the form of a code, which are three capitals. Source: documentation, crm.currency.add."""
    return _CODE.fullmatch(text) is not None


def currency_problem(text: str) -> str:
    """Return what is wrong with a text that is no code of a currency, with the codes that it may stand for."""
    word = " ".join(text.strip().rstrip(".").lower().replace("ё", "е").split())
    meant = _codes_by_word().get(word)
    if meant is None and _LETTERS.fullmatch(text.strip()):
        meant = [text.strip().upper()]
    if meant:
        return f"must be the code of a currency; {' or '.join(meant)} is meant"
    return "must be the code of a currency, like USD"


@cache
def _codes_by_word() -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for row in read_table("currency_words"):
        for word in row["words"].split(", "):
            codes.setdefault(word, []).append(row["code"])
    return codes

"""Words by which other programs, or other methods of Bitrix24, name the same thing.

`data/synonyms.tsv` has in `words` names as they are compared, in lower case without underscores, and in `names` what is
documented somewhere instead. A word counts only where it is not documented itself; with `top` in `place`, only among
the parameters of a method.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from b24_mcp.catalog.arguments.nodes import Group, Place
from b24_mcp.catalog.names import folded, in_capitals
from b24_mcp.catalog.tables import read_table

_MOST = 3
_SHORTEST = 4


def load() -> None:
    """Read the table: only calls with a mistake need it, and they must not wait for a file."""
    _names("")
    _names("top")


def synonyms_in(group: Group, name: str, place: Place, entity: str = "") -> list[str]:
    """Return the documented names of an object that an undocumented one stands for; none when they are many.

    `entity` is what the method is about: its fields are also called `DEAL_TYPE` or `dealId`.
    """
    word = folded(name)
    found = _meant_in(group, word, place)
    rest = word.removeprefix(entity)
    if not found and entity and rest not in ("", word):
        same = [node.name for one, node in group.nodes.items() if folded(one) in (rest, f"{rest}id")]
        found = list(dict.fromkeys(same)) or _meant_in(group, rest, place)
    if not found and place == "top" and word.endswith("id") and "id" in group.by_lower:
        found = [group.nodes[group.by_lower["id"]].name]
    return found if len(found) <= _MOST else []


def meant_among(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that an unknown one stands for; none when they are many."""
    meant = _names("").get(folded(name), frozenset())
    found = [one for one in known if folded(one) in meant]
    return found if len(found) <= _MOST else []


def _meant_in(group: Group, word: str, place: Place) -> list[str]:
    meant = _names("").get(word, frozenset())
    if place == "top":
        meant |= _names("top").get(word, frozenset())
    if not meant:
        return []
    return list(dict.fromkeys(node.name for one, node in group.nodes.items() if folded(one) in meant))


def affixed_in(group: Group, name: str) -> list[str]:
    """Return the documented names of an object of which a name is the beginning or the end: `CALL_TYPE` for `TYPE`."""
    word = in_capitals(name)
    if len(word) < _SHORTEST:
        return []
    known = {in_capitals(one): node.name for one, node in group.nodes.items()}
    found = dict.fromkeys(
        written
        for one, written in known.items()
        if one.endswith(f"_{word}") or one.startswith(f"{word}_") or (len(word) > _SHORTEST and one.startswith(word))
    )
    return list(found) if len(found) == 1 else []


@cache
def _names(place: str) -> dict[str, frozenset[str]]:
    names: dict[str, frozenset[str]] = {}
    for row in read_table("synonyms"):
        if row["place"] != place:
            continue
        meant = frozenset(map(folded, row["names"].split()))
        for word in row["words"].split():
            names[word] = names.get(word, frozenset()) | meant
    return names

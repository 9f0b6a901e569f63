"""Groups of parameters of which at least one is required, found by the wording of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMED = r"((?:[^.`\n]|`[\w.\[\]]+`){0,160})"
_RUSSIAN = (
    r"(?:хотя бы (?:один|одно) из|перед\w+ один из|передать один из|принимает один из|только (?:один|одно) из"
    r"|не передан(?:о)? (?:ни )?(?:один|одно) из обязательных|(?:передайте|укажите|передать|указать) либо"
    r"|один из параметров|одно из полей)"
)
_ENGLISH = (
    r"(?:at least one of|(?:pass|specify|provide|accepts) (?:only )?(?:one of|either)|only one of"
    r"|(?:none|one) of the (?:two )?(?:mandatory |required )?parameters|must be (?:passed|specified|provided):)"
)
_GROUP = re.compile(rf"{_RUSSIAN}{_NAMED}|{_ENGLISH}{_NAMED}", re.I)
# "It is mandatory to pass `A` or `B`".
_EITHER = re.compile(
    r"(?:обязательно|необходимо|нужно)(?: (?:нужно|надо))? "
    r"(?:передать|передавать|передайте|указать|укажите|заполнить)[^`.\n]{0,30}"
    r"(`\w+`(?:(?:,|,? или| либо|,? либо)[^`.\n]{0,20}`\w+`)+)"
    r"|(?:must|mandatory to|need to) (?:pass|provide|specify)[^`.\n]{0,30}"
    r"(`\w+`(?:(?:,|,? or)[^`.\n]{0,20}`\w+`)+)",
    re.I,
)
_NAME = re.compile(r"`([A-Za-z_][\w.]*)`")
# "To change it, pass one of …": this holds for one purpose and not for every call.
_PURPOSE = re.compile(r"^\W*(?:чтобы|для |to |when |if |если |при )", re.I)


# In the text above the parameters, about all of them.
_ONE_IS_ENOUGH = re.compile(
    r"only (?:need to|have to) (?:provide|pass|specify) one of the parameters\."
    r"|(?:достаточно|нужно|необходимо) (?:передать|указать) (?:только |хотя бы )?(?:один|одного) из параметров\.",
    re.I,
)


def one_is_enough(lead: str) -> bool:
    """Whether the text above the parameters states that one of them all is required."""
    return bool(_ONE_IS_ENOUGH.search(lead))


def groups_in(texts: Iterable[str], names: Iterable[str], *, starred: set[str]) -> list[list[str]]:
    """Return the groups among the parameters of one level.

    `names` are all names of the level, `starred` those with a star. A group that is only for one purpose counts if all
    its members have stars, because they cannot all be required at once.
    """
    known = list(names)
    found: list[list[str]] = []
    for text in texts:
        for sentence in re.split(r"(?<=[.!?|])\s+|\n\n", text):
            matches = list(_GROUP.finditer(sentence))
            matches += [one for one in _EITHER.finditer(sentence) if re.search(r"\b(?:или|либо|or)\b", one[0])]
            for match in matches:
                listed = list(dict.fromkeys(_NAME.findall(match[1] or match[2] or "")))
                group = [name for name in listed if name in known]
                if len(group) < 2 or len(group) != len(listed) or group in found:
                    continue
                if _PURPOSE.search(sentence) and not set(group) <= starred:
                    continue
                if not any(set(group) <= set(other) for other in found):
                    found.append(group)
    return found


_UNLESS = re.compile(
    r"(?:required|mandatory|needed)[^.\n`]{0,20}(?:if|unless|when) (?:the )?(?:parameter )?`(\w+)`(?: parameter)?"
    r" is not (?:passed|specified|provided)"
    r"|(?:обязател\w+|нуж\w+)[^.\n`]{0,20}если не (?:передан\w*|указан\w*|задан\w*) (?:параметр )?`(\w+)`",
    re.I,
)
_MAY_REPLACE = re.compile(
    r"(?:can|may) be (?:used|passed|provided|specified) instead of(?: the)?(?: parameter)? `(\w+)`"
    r"|может использоваться вместо(?: параметра)? `(\w+)`"
    r"|можно (?:передать|передавать|указать|указывать|использовать) вместо(?: параметра)? `(\w+)`",
    re.I,
)
_INSTEAD = re.compile(r"(?:instead of|вместо)(?: the)?(?: parameter| параметра| поля)? `(\w+)`", re.I)


def instead_of(name: str, text: str, names: Iterable[str], *, starred: set[str]) -> list[list[str]]:
    """Return the parameters that this one is required without, or that it replaces when both have stars."""
    known = set(names)
    found = [one for pair in _UNLESS.findall(text) for one in pair if one]
    found += [one for pair in _MAY_REPLACE.findall(text) for one in pair if one in starred]
    found += [one for one in _INSTEAD.findall(text) if {one, name} <= starred]
    return [[other, name] for other in dict.fromkeys(found) if other in known and other != name]

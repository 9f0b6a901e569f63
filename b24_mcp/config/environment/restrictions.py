"""Settings that restrict access, and the recognition of misspelt names of them.

A misspelt restriction must not count as unset: everything it forbids would then be allowed. So an unusable value, or a
name that is close to a restriction, makes every call fail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

ENV_FILE = "B24_ENV_FILE"
"""The variable that names the settings file."""

RESTRICTIONS = (
    "B24_ACCESS",
    "B24_ALLOW",
    "B24_DENY",
    "B24_APPROVAL",
    "B24_APPROVAL_WRITES",
    "B24_RISKS",
    "B24_TOOLS",
    "B24_AUDIT",
    "B24_HTTP_ROLES",
)
"""The settings that limit what a model may do without approval, or that record what it does."""
LISTS = ("B24_ALLOW", "B24_DENY", "B24_RISKS", "B24_TOOLS")
"""The restrictions that are lists separated by commas. A list without entries is an error."""
NO_PLACEHOLDER = (
    *RESTRICTIONS,
    ENV_FILE,
    "B24_CONFIG",
    "B24_HTTP_LOGIN",
    "B24_HTTP_PROXIES",
    "B24_HTTP_TOKEN",
    "B24_HTTP_ISSUER",
    "B24_HTTP_JWKS",
    "B24_HTTP_AUDIENCE",
    "B24_HTTP_KEY",
)
"""The settings in which the placeholder `${NAME}` is an error. In all others it means that the setting is unset."""

_GUARDED = (*RESTRICTIONS, ENV_FILE, "B24_CONFIG")
# Names for the same things in other programs, without the prefix and without separators.
_SYNONYMS = {
    "B24_ACCESS": ("ACCESSLEVEL", "ACCESSMODE", "ACCESSRIGHTS", "READONLY"),
    "B24_ALLOW": ("ALLOWED", "ALLOWLIST", "ALLOWONLY", "ALLOWMETHODS", "ALLOWEDMETHODS", "WHITELIST"),
    "B24_DENY": ("DENIED", "DENIES", "DENYLIST", "DENYMETHODS", "DENIEDMETHODS", "BLACKLIST", "BLOCKLIST"),
    "B24_APPROVAL": ("APPROVE", "APPROVALMODE", "ASKAPPROVAL", "REQUIREAPPROVAL"),
    "B24_RISKS": ("RISKKINDS",),
    "B24_TOOLS": ("TOOLSETS", "TOOLGROUPS", "TOOLLIST", "ALLOWTOOLS", "ALLOWEDTOOLS", "ENABLEDTOOLS", "ENABLETOOLS"),
    "B24_HTTP_ROLES": ("HTTPROLE", "ROLES", "ROLELEVELS", "HTTPROLELEVELS"),
    "B24_AUDIT": ("AUDITLOG", "AUDITTRAIL", "AUDITDIR", "AUDITFOLDER", "AUDITPATH"),
    "B24_ENV_FILE": ("DOTENV", "DOTENVFILE", "ENVPATH"),
    "B24_CONFIG": ("CONFIGFILE", "CONFIGPATH"),
}
_PREFIX = re.compile(r"(?:BITRIX24|BITRIX|BX24|B24)+")
# Cyrillic letters that look like Latin ones, which a Russian keyboard produces.
_LOOKALIKES = str.maketrans("АВЕКМНОРСТУХЅІЈԌ", "ABEKMHOPCTYXSIJG")


def misspelt_restriction(name: str, known: Collection[str], guarded: Collection[str] = _GUARDED) -> str | None:
    """Return the restriction of which an unknown name is probably a misspelling; None when it is close to no one.

    `name` is the name of a variable in any letter case. `known` are the names of all settings in capitals; they never
    count as misspelt.
    """
    return None if name.upper() in known else _resembled(name, tuple(guarded))


# The settings are read again and again, and the names in the environment stay the same.
@lru_cache(maxsize=1_000)
def _resembled(name: str, guarded: tuple[str, ...]) -> str | None:
    """Return the restriction that a name is close to; None for no one."""
    plain = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", name).upper().translate(_LOOKALIKES))
    prefix = _PREFIX.match(plain)
    word = plain[prefix.end() :] if prefix else None
    for setting in guarded:
        target = setting.removeprefix("B24_").replace("_", "")
        if word is None:
            # Without the prefix, almost the whole name must match: other programs have variables such as ACCESS too.
            if edit_distance(plain, f"B24{target}", 1) <= 1 and plain != target:
                return setting
        elif word in _SYNONYMS.get(setting, ()) or edit_distance(word, target, 2) <= _allowed_distance(word, target):
            return setting
    return None


def _allowed_distance(word: str, target: str) -> int:
    """Return how many letters may differ: two in a longer word with the same first letter, else one."""
    return 2 if len(target) > 4 and word[:1] == target[:1] else 1


def edit_distance(one: str, other: str, most: int) -> int:
    """Return how many letters to add, remove, replace or swap to turn one word into the other.

    A distance above `most` is not exact: the result is then some number above `most`. Words whose lengths differ by
    more than `most` are not compared at all.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        two_before, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]

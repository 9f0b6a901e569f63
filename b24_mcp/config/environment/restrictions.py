"""Settings that restrict what may be done, and names that look like one of them.

A restriction that is written wrongly must not be taken for one that is not set: then everything it forbids would be
allowed. So a value that cannot be used, or a name that is close to a restriction, stops every call.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

ENV_FILE = "B24_ENV_FILE"
"""The variable that names the file of settings."""

RESTRICTIONS = (
    "B24_ACCESS",
    "B24_ALLOW",
    "B24_DENY",
    "B24_APPROVAL",
    "B24_APPROVAL_WRITES",
    "B24_RISKS",
    "B24_AUDIT",
)
"""The settings that limit what a model may do without a person, or that record it."""
LISTS = ("B24_ALLOW", "B24_DENY", "B24_RISKS")
"""Those of them that are lists separated by commas. A list without entries is an error."""
MUST_BE_FILLED = (
    *RESTRICTIONS,
    ENV_FILE,
    "B24_CONFIG",
    "B24_HTTP_TOKEN",
    "B24_HTTP_ISSUER",
    "B24_HTTP_JWKS",
    "B24_HTTP_AUDIENCE",
    "B24_HTTP_KEY",
)
"""Settings for which `${NAME}` is an error. For all others it means that the setting is not set."""

_GUARDED = (*RESTRICTIONS, ENV_FILE, "B24_CONFIG")
# Names that people use for the same in other programs, without the prefix and without separators.
_OTHER_WORDS = {
    "B24_ACCESS": ("ACCESSLEVEL", "ACCESSMODE", "ACCESSRIGHTS", "READONLY"),
    "B24_ALLOW": ("ALLOWED", "ALLOWLIST", "ALLOWONLY", "ALLOWMETHODS", "ALLOWEDMETHODS", "WHITELIST"),
    "B24_DENY": ("DENIED", "DENIES", "DENYLIST", "DENYMETHODS", "DENIEDMETHODS", "BLACKLIST", "BLOCKLIST"),
    "B24_APPROVAL": ("APPROVE", "APPROVALMODE", "ASKAPPROVAL", "REQUIREAPPROVAL"),
    "B24_RISKS": ("RISKKINDS",),
    "B24_AUDIT": ("AUDITLOG", "AUDITTRAIL", "AUDITDIR", "AUDITFOLDER", "AUDITPATH"),
    "B24_ENV_FILE": ("DOTENV", "DOTENVFILE", "ENVPATH"),
    "B24_CONFIG": ("CONFIGFILE", "CONFIGPATH"),
}
_PREFIX = re.compile(r"(?:BITRIX24|BITRIX|BX24|B24)+")
# Cyrillic letters that look like Latin ones, which a Russian keyboard produces.
_LOOKALIKES = str.maketrans("АВЕКМНОРСТУХЅІЈԌ", "ABEKMHOPCTYXSIJG")


def meant_by(name: str, known: Collection[str], guarded: Collection[str] = _GUARDED) -> str | None:
    """Return the restriction that an unknown name is probably meant for; None when it is close to none.

    `name` is the name of a variable in any letter case, `known` are the names of all settings in capitals. A known name
    is never taken for another.
    """
    if name.upper() in known:
        return None
    plain = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", name).upper().translate(_LOOKALIKES))
    begins = _PREFIX.match(plain)
    word = plain[begins.end() :] if begins else None
    for setting in guarded:
        target = setting.removeprefix("B24_").replace("_", "")
        if word is None:
            # Without the prefix it must be almost the whole name: other programs have variables such as ACCESS too.
            if distance(plain, f"B24{target}", 1) <= 1 and plain != target:
                return setting
        elif word in _OTHER_WORDS.get(setting, ()) or distance(word, target, 2) <= _most_slips(word, target):
            return setting
    return None


def _most_slips(word: str, target: str) -> int:
    """How many letters may differ: two in a longer word that begins alike, else one."""
    return 2 if len(target) > 4 and word[:1] == target[:1] else 1


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters to add, remove, replace or swap to turn one word into the other.

    More than `most` is not counted out: the result is then some number above it. The work is linear in the length for
    words whose lengths differ by more than `most`, and quadratic in the shorter length otherwise.
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

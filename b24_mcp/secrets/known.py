"""The search for known secrets in a text, in any encoding.

The text is searched as it is and decoded, up to a fixed number of layers. So a secret is also found under several
encodings, nested or mixed. The time is linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from b24_mcp.secrets.encodings import View, beginnings, recoded, straddling, unescaped

SHORTEST = 6
"""The least length of a secret in the search. Shorter ones would mask ordinary words and numbers."""

_DEEPEST = 4
_CUTS = ("…".encode(), b"...", b"'", b'"')
"""The texts that may follow a truncated text."""
Span = tuple[int, int]


class KnownSecrets:
    """The secrets to search for. Letter case is ignored."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._wanted: dict[bytes, None] = {}
        """The search terms in lower case: the secrets, and the decoded forms of secrets that look encoded."""
        self._beginnings: dict[bytes, list[bytes]] = {}
        self._cut: dict[bytes, int] = {}
        """The least length of each secret's beginning that is masked where a text was truncated inside the secret."""
        self._shortest = 0

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def with_also(self, secrets: Iterable[str]) -> KnownSecrets:
        """Return a search for these secrets too."""
        both = KnownSecrets()
        for secret in (*self._secrets, *secrets):
            both.add(secret)
        return both

    def add(self, secret: str) -> None:
        """Add a secret to the search."""
        if len(secret) < SHORTEST or secret in self._secrets:
            return
        self._secrets.add(secret)
        for form in _forms(secret):
            self._wanted[form] = None
            if (least := _least_beginning(form)) < len(form):
                self._cut[form] = least
            for beginning in beginnings(form):
                self._beginnings.setdefault(beginning, []).append(form)
        self._shortest = min(map(len, self._wanted))

    def spans(self, data: bytes) -> list[Span]:
        """Return the positions of secrets in a text, sorted and without overlaps."""
        return _merged(self._found(data, _DEEPEST))

    def _found(self, data: bytes, depth: int) -> Iterator[Span]:
        if len(data) < min(self._shortest, 8):
            return
        lowered = data.lower()
        for wanted in tuple(self._wanted):  # another thread may add one
            start = lowered.find(wanted)
            while start >= 0:
                yield start, start + len(wanted)
                start = lowered.find(wanted, start + len(wanted))
        for wanted, least in tuple(self._cut.items()):
            yield from _cut_off(lowered, wanted, least)
        if depth == 0:
            return
        for quoted in (False, True):
            if (view := unescaped(data, quoted=quoted)) is not None:
                yield from straddling(data, view, self._beginnings)
                yield from self._inside(view, depth)
        for decoded in recoded(data, self._shortest):
            yield from self._inside(decoded, depth)

    def _inside(self, view: View, depth: int) -> Iterator[Span]:
        return (view.origin(start, end) for start, end in _merged(self._found(view.data, depth - 1)))


def _cut_off(lowered: bytes, secret: bytes, least: int) -> Iterator[Span]:
    """Find the beginnings of a secret right before a place where the text was truncated."""
    beginning = secret[:least]
    start = lowered.find(beginning)
    while start >= 0:
        part = lowered[start : start + len(secret)]
        size = next((place for place, (a, b) in enumerate(zip(part, secret, strict=False)) if a != b), len(part))
        end = start + size
        if size < len(secret) and (end == len(lowered) or lowered.startswith(_CUTS, end)):
            yield start, end
        start = lowered.find(beginning, end)


def _least_beginning(secret: bytes) -> int:
    """Return the length from which the beginning of a secret differs from a word: it includes a non-letter."""
    first = next((place for place, byte in enumerate(secret) if not chr(byte).isalpha()), len(secret))
    return max(8, min(first + 1, 12))


def _forms(secret: str) -> Iterator[bytes]:
    """Return the encoded forms of a secret, and the forms that remain of it when escapes around it are decoded."""
    for written in {secret.encode("utf-8", "surrogatepass"), _in_surrogates(secret)}:
        form, seen = written, set[bytes]()
        while len(form) >= SHORTEST and form not in seen and len(seen) <= _DEEPEST:
            seen.add(form)
            yield form.lower()
            for quoted in (False, True):
                if (view := unescaped(form, quoted=quoted)) is not None and len(view.data) >= SHORTEST:
                    yield view.data.lower()
            view = unescaped(form)
            form = form if view is None else view.data


def _in_surrogates(secret: str) -> bytes:
    """Return the bytes of a secret whose characters beyond 16 bits were written as two escapes."""
    units = secret.encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(chr(int.from_bytes(pair, "big")) for pair in pairs).encode("utf-8", "surrogatepass")


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

"""Detection of the encoding of a text file.

A byte order mark decides. Otherwise the whole file is tried as UTF-8, which other encodings do not pass by chance.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-32": "UTF-32", "cp1251": "Windows-1251", "cp866": "CP866"}
_SHARE_OF_NULS = 0.2
# So many valid characters for one broken place are no coincidence.
_VALID_FOR_BROKEN = 4
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CYRILLIC_WORD = re.compile(r"[А-ЯЁа-яё]+")
_USUAL_CASE = re.compile(r"[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
_CYRILLIC = ("cp1251", "cp866", "koi8_r")


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """An encoding: its codec, and whether places of the file are not valid in it."""

    codec: str
    broken: bool = False

    @property
    def name(self) -> str:
        """The name for readers."""
        return _NAMES.get(self.codec, self.codec.upper().replace("_", "-").replace("CP1252", "Windows-1252"))


def detect_encoding(file: BinaryIO) -> TextEncoding:
    """Return the encoding of a file, which is read from its beginning to its end, and set back."""
    try:
        file.seek(0)
        sample = file.read(_SAMPLE)
        for mark, codec in _MARKS:
            if sample.startswith(mark):
                return TextEncoding(codec, broken=codec == "utf-8-sig" and not _is_utf8(file))
        without_mark = _wide(sample)
        if without_mark is not None:
            return TextEncoding(without_mark)
        if _is_utf8(file):
            return TextEncoding("utf-8")
        return _of_bytes(sample, file)
    finally:
        file.seek(0)


def _is_utf8(file: BinaryIO) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _wide(sample: bytes) -> str | None:
    """Return UTF-16 if every second byte of much of the text is zero, or nearly all are one block of an alphabet."""
    if len(sample) < 4:
        return None
    even, odd = sample[::2], sample[1::2]
    if odd.count(0) > _SHARE_OF_NULS * len(odd) and even.count(0) <= odd.count(0) // 10:
        return "utf-16-le"
    if even.count(0) > _SHARE_OF_NULS * len(even) and odd.count(0) <= even.count(0) // 10:
        return "utf-16-be"
    return None


def _of_bytes(sample: bytes, file: BinaryIO) -> TextEncoding:
    """Return the encoding of a file that is not valid UTF-8."""
    if sample.isascii():  # the first such byte is further on
        file.seek(0)
        while (chunk := file.read(_CHUNK)) and chunk.isascii():
            pass
        sample = chunk
    broken = sample.decode("utf-8", "replace").count("\ufffd")
    valid = sum(1 for byte in sample if byte >= 0xC2) - broken
    if valid > _VALID_FOR_BROKEN * broken:
        return TextEncoding("utf-8", broken=True)
    # Letters of a Cyrillic word follow one another. In Western languages, letters with accents stand alone.
    runs = _HIGH_RUN.findall(sample)
    long_runs = sum(len(run) for run in runs if len(run) > 1)
    if long_runs * 2 < sum(map(len, runs)):
        return TextEncoding("cp1252", broken=True)
    return TextEncoding(max(_CYRILLIC, key=lambda codec: _likeness(sample, codec)), broken=True)


def _likeness(sample: bytes, codec: str) -> float:
    """Return how much a sample looks like Russian in this encoding: words of letters in their usual case."""
    text = sample.decode(codec, "replace")
    usual = sum(
        len(word) * (2 if word[-1].islower() else 1)
        for word in _CYRILLIC_WORD.findall(text)
        if _USUAL_CASE.fullmatch(word)
    )
    return usual - sum(1 for character in text if character > "\x7f" and not _CYRILLIC_WORD.match(character))

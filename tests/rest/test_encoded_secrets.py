"""A known secret is masked in every encoding and mixture of encodings, and ordinary texts stay as they are."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from b24_mcp.catalog import known_methods
from b24_mcp.secrets import Redactor

Encoding = Callable[[bytes], bytes]
NAMES = {":": "colon", "/": "sol", "_": "lowbar", ".": "period", "=": "equals", "+": "plus", "-": "#45", "~": "#126"}


def _each(form: str) -> Encoding:
    return lambda data: "".join(form.format(byte) for byte in data).encode()


def _wrapped(encode: Encoding, columns: int, end: bytes = b"\n") -> Encoding:
    def encoded(data: bytes) -> bytes:
        text = encode(data)
        return end.join(text[at : at + columns] for at in range(0, len(text), columns))

    return encoded


def _shifted(encode: Encoding, before: bytes) -> Encoding:
    return lambda data: encode(before + data + b"tail")


def _soft_breaks(data: bytes) -> bytes:
    return b"=\r\n".join(data[at : at + 3] for at in range(0, len(data), 3))


def _mixed(data: bytes) -> bytes:
    ways = [_each(form) for form in ("%{:02x}", "\\u{:04x}", "&#{};", "&#x{:X};", "\\x{:02X}")]
    random = Random(data)
    letters = (bytes((byte,)) for byte in data)
    return b"".join(random.choice([*ways, bytes] if letter.isalnum() else ways)(letter) for letter in letters)


def _with_names(data: bytes) -> bytes:
    return "".join(f"&{NAMES[letter]};" if letter in NAMES else letter for letter in data.decode("latin-1")).encode()


def _in_json(data: bytes) -> bytes:
    return json.dumps(data.decode("latin-1")).replace("/", "\\/").encode()


ENCODINGS: dict[str, Encoding] = {
    "as it is": bytes,
    "in capitals": bytes.upper,
    "percent": lambda data: quote(data, safe="").encode(),
    "percent twice": lambda data: quote(quote(data, safe=""), safe="").encode(),
    "percent three times": lambda data: quote(quote(quote(data, safe=""), safe=""), safe="").encode(),
    "percent, each character": _each("%{:02x}"),
    "percent, each character, capitals": _each("%{:02X}"),
    "hex": lambda data: data.hex().encode(),
    "hex, capitals": lambda data: data.hex().upper().encode(),
    "hex, mixed case": lambda data: data.hex().swapcase().replace("A", "a").encode(),
    "hex with spaces": lambda data: data.hex(" ").encode(),
    "hex with colons": lambda data: data.hex(":").upper().encode(),
    "hex with 0x": lambda data: ", ".join(f"0x{byte:02x}" for byte in data).encode(),
    "hex in lines": _wrapped(lambda data: data.hex().encode(), 16),
    "backslash x": _each("\\x{:02x}"),
    "backslash u": _each("\\u{:04X}"),
    "backslash u in braces": _each("\\u{{{:x}}}"),
    "backslash octal": _each("\\{:03o}"),
    "percent u": _each("%u{:04x}"),
    "HTML decimal": _each("&#{};"),
    "HTML hex": _each("&#x{:x};"),
    "HTML with zeros": _each("&#{:06d};"),
    "HTML twice": lambda data: html.escape(_each("&#{};")(data).decode()).encode(),
    "HTML names": _with_names,
    "JSON": _in_json,
    "JSON in JSON": lambda data: _in_json(_in_json(data)),
    "quoted-printable": _each("={:02X}"),
    "quoted-printable of a library": lambda data: quopri.encodestring(data, quotetabs=True),
    "quoted-printable with soft breaks": _soft_breaks,
    "base64": base64.b64encode,
    "base64, shifted by one": _shifted(base64.b64encode, b"\0"),
    "base64, shifted by two": _shifted(base64.b64encode, b"~ "),
    "base64 for addresses": _shifted(base64.urlsafe_b64encode, b"\xff"),
    "base64 without padding": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64 in lines of 76": _wrapped(_shifted(base64.b64encode, b"x" * 50), 76),
    "base64 in short lines": _wrapped(base64.b64encode, 7, b"\r\n"),
    "base64 twice": lambda data: base64.b64encode(base64.b64encode(data)),
    "base32": base64.b32encode,
    "base32, shifted": _shifted(base64.b32encode, b"\xf0\x9f"),
    "base32, small letters": lambda data: base64.b32encode(data).lower(),
    "mixed": _mixed,
}  # fmt: skip
SECRETS = [
    "abc123:key/9",
    "k3y9zq",
    "A1b2_c3-D4e5F6g7",
    "0123456789abcdef",
    "p+w=q&r%41~t",
    "f00dfacef00d",
    "na\\nme-u0041x",
]


def _assert_masked(secret: str, encoded: bytes, before: str = "", after: str = "") -> None:
    """Check that the secret is masked, and that the rest of the text does not reveal it."""
    text = encoded.decode("latin-1")
    masked = Redactor([secret]).redact(f"{before}{text}{after}")
    assert "***" in masked, (secret, text)
    left = masked.removeprefix(before).removesuffix(after)
    assert len(left) <= len(text) - len(secret) + 6, (secret, text, masked)
    assert Redactor([secret]).redact(masked) == masked


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_secret_is_masked_in_each_encoding(secret: str, name: str) -> None:
    _assert_masked(secret, ENCODINGS[name](secret.encode()))


@pytest.mark.parametrize("outer", ENCODINGS)
@pytest.mark.parametrize("inner", ENCODINGS)
def test_a_secret_is_masked_in_two_encodings_one_after_the_other(inner: str, outer: str) -> None:
    if "capitals" in outer and "hex" not in inner and "percent" not in inner and "base32" not in inner:
        outer = "as it is"  # capitals are the encoding of a secret, not of base64
    for secret in SECRETS[:3]:
        _assert_masked(secret, ENCODINGS[outer](ENCODINGS[inner](secret.encode())))


_PLAIN = "abcdefXYZ0123456789_-+/=.~:"
# A secret that itself looks encoded has to be long enough to be one still when it is decoded.
_SECRET = st.text(st.sampled_from(_PLAIN), min_size=6, max_size=60) | st.text(
    st.sampled_from(_PLAIN + "%\\&"), min_size=40, max_size=60
)
_AROUND = st.text(st.sampled_from(" ?&=.:\"'<>()[]{}\n\\%#,;Яx1aF"), max_size=6)


@settings(derandomize=True, max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SECRET, st.sampled_from(sorted(ENCODINGS)), _AROUND, _AROUND)
@example("abc123:key/9", "percent", "discount 5%", "")
def test_a_secret_is_masked_in_any_surrounding_text(secret: str, name: str, before: str, after: str) -> None:
    text = f"{before}{ENCODINGS[name](secret.encode()).decode('latin-1')}{after}"
    assert "***" in Redactor([secret]).redact(text), text


def test_a_secret_is_masked_behind_what_looks_like_the_beginning_of_an_escape() -> None:
    redactor = Redactor(["abc123:key/9"])
    assert redactor.redact("discount 5%abc123%3Akey%2F9") == "discount 5%***"
    for before in ("%", "5%", "%a", "=", "x=", "\\u", "\\u0", "\\u00", "\\x", "&#x", "&#", "\\", "%25", "%u"):
        for secret in ("abc123:key/9", "12ab34:key/9", "nab12:key/9", "0041bc:key/9"):
            text = before + quote(secret, safe="")
            assert "***" in Redactor([secret]).redact(text), text


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u202e", "\u2066", "\ufe00", "\U000e0041", "\u200d", "\x00"])
def test_invisible_characters_in_a_secret_do_not_protect_it(hidden: str) -> None:
    redactor = Redactor(["abc123:key/9"])
    assert redactor.redact(f"see abc{hidden}123{hidden}:key/9 here") == "see *** here"
    assert "***" in redactor.redact("abc\\u200b123:key/9")
    assert "UNKNOWN" not in redactor.redact(f"https://a.example/rest/1/UNK{hidden}NOWNCODE/profile").replace(hidden, "")
    encoded = hidden.join(base64.b64encode(b"abc123:key/9").decode())
    assert redactor.redact(f"see {encoded}") == "see ***"
    family = "👩\u200d👩\u200d👧 and a soft\u00adhyphen"
    assert redactor.redact(family) == family


def test_a_secret_split_by_a_mask_of_another_is_masked_too() -> None:
    assert Redactor(["abcdef123", "f123zzz"]).redact("abcdef123zzz") == "***"


ORDINARY = [
    "The deal 12345678 is in stage NEW of crm.deal.list",
    "Скидка 5%, итого 1 250,00 ₽ (с НДС) — оплата до 05.12.2026",
    "https://acme.bitrix24.com/company/personal/user/1/tasks/task/view/42/?MID=17#com17",
    "C:\\Users\\ann\\notes\\table.txt \\u0041 \\x41 %41%42 &amp;&lt;&#65; =41=42",
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgYW4gb3JkaW5hcnkgdGV4dA==",
    "68 65 6c 6c 6f 20 77 6f 72 6c 64",
    "NBSWY3DPEB3W64TMMQ======",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "author=Ann&authority=x; 100% sure = maybe",
    "+7 (495) 123-45-67, ann@example.com, 2026-11-30T10:15:00+03:00",
    "abc12 k3y9 a b c 1 2 3 : k e y / 9",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert Redactor([*SECRETS, "ab", "a1", "12345", "key9"]).redact(text) == text


def test_no_text_of_the_catalogue_is_masked_for_secrets_of_any_length() -> None:
    random = Random(24)
    secrets = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size)) for size in range(1, 60)]
    redactor = Redactor(secrets)
    text = "\n".join(
        f"{method.name} {method.note} {method.summary} {method.summary_ru} {method.signature}"
        for name in sorted(known_methods().names)
        if (method := known_methods().method(name)) is not None
    )
    assert len(text) > 50_000
    assert redactor.redact(text) == text


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_a_text_without_secrets_is_returned_unchanged(text: str) -> None:
    if re.search(r"rest|auth|token|pass|sessid|secret", text, re.IGNORECASE) is None:
        assert Redactor(["abc123:key/9"]).redact(text) == text


FIELDS = {
    "a value with a quote": ('{"password":"ab\\"UNKNOWN","x":1}', '{"password":"***","x":1}'),
    "a value that ends in a backslash": ('{"password":"UNKNOWN\\\\","x":"y"}', '{"password":"***","x":"y"}'),
    "a value that was cut": ('{"password":"UNKNOWN', '{"password":"***'),
    "a dictionary of Python": ("{'access_token': 'UNKNOWN', 'x': 1}", "{'access_token': '***', 'x': 1}"),
    "an empty value": ('{"password":"","x":"y"}', '{"password":"","x":"y"}'),
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_value_of_a_secret_field_is_masked_to_its_end(name: str) -> None:
    text, expected = FIELDS[name]
    assert Redactor().redact(text) == expected
    nested = json.loads(json.dumps(text)) if text.startswith("{'") else text
    for _ in range(3):
        nested = json.dumps({"inner": nested})
        assert "UNKNOWN" not in Redactor().redact(nested)


@pytest.mark.parametrize("cut", ["…", "...", "'", ""])
def test_the_beginning_of_a_secret_is_masked_where_a_text_was_cut(cut: str) -> None:
    secret = "k3y9zqA1b2c3D4e5"
    for size in range(8, len(secret)):
        assert Redactor([secret]).redact(f"no portal {secret[:size]}{cut}") == f"no portal ***{cut}"
        assert Redactor([secret]).redact(f"{secret[:size]}{cut}") == f"***{cut}"
    ordinary = f"production{cut}"
    assert Redactor(["production-pass-2026"]).redact(ordinary) == ordinary

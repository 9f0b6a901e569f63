"""The part of protobuf that the invented backend of Cursor needs: fields by number, without a schema."""

from __future__ import annotations

import struct

Fields = list[tuple[int, int | bytes]]


def field(number: int, value: bytes | str | float) -> bytes:
    """Encode one field: integers and booleans as varints, floats as doubles, everything else with its length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(int(value))
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def plain(value: object) -> bytes:
    """Encode a JSON value as a `google.protobuf.Value`."""
    if value is None:
        return field(1, 0)
    if isinstance(value, bool):
        return field(4, value)
    if isinstance(value, int | float):
        return field(2, float(value))
    if isinstance(value, str):
        return field(3, value)
    if isinstance(value, dict):
        return field(5, b"".join(field(1, field(1, name) + field(2, plain(one))) for name, one in value.items()))
    if isinstance(value, list):
        return field(6, b"".join(field(1, plain(one)) for one in value))
    raise TypeError(f"a value of type {type(value).__name__} is not JSON")


def fields(message: bytes) -> Fields:
    """Return the fields of a message in their order.

    Raises:
        ValueError: when it is not a message.
    """
    at = 0
    found: Fields = []
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        value: int | bytes
        if kind == 0:
            value, at = _read_varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value, at = message[at : at + length], at + length
        elif kind == 2:
            length, at = _read_varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"kind {kind}")
        if at > len(message):
            raise ValueError("too short")
        found.append((key >> 3, value))
    return found


def at_path(message: bytes, *path: int) -> int | bytes | None:
    """Return the value at a path of field numbers, or None."""
    value: int | bytes | None = message
    for number in path:
        value = next((one for n, one in fields(value) if n == number), None) if isinstance(value, bytes) else None
    return value


def bytes_at(message: bytes, *path: int) -> bytes:
    """Return the bytes at a path of field numbers; empty when there are none."""
    value = at_path(message, *path)
    return value if isinstance(value, bytes) else b""


def _varint(number: int) -> bytes:
    out = b""
    while True:
        out += bytes([number & 127 | (128 if number > 127 else 0)])
        number >>= 7
        if not number:
            return out


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("too short")
        number |= (message[at] & 127) << shift
        shift += 7
        at += 1
        if message[at - 1] < 128:
            return number, at

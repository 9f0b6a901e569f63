"""The stores of the portals' secrets: the keyring of the operating system, or a file that only its owner can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from b24_mcp.storage.files import write_private_file
from b24_mcp.storage.folders import make_private

_SERVICE = "b24-mcp"


class SecretsError(OSError):
    """A secret cannot be read or stored. The message holds no secret."""


class Secrets(Protocol):
    """Secrets by name, such as `sales.webhook`. `place` names the store and can be shown.

    Raises (every method):
        SecretsError: when the store cannot be used.
    """

    place: str

    def get(self, name: str) -> str | None:
        """Return the secret, or None."""
        ...

    def set(self, name: str, secret: str) -> None:
        """Store a secret, in place of an earlier one."""
        ...

    def delete(self, name: str) -> None:
        """Delete a secret, if it exists."""
        ...


class SecretFile:
    """Secrets in one JSON file that only its owner can read. Each change replaces the whole file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def get(self, name: str) -> str | None:
        """Return the secret, or None; see `Secrets`."""
        return self._read().get(name)

    def set(self, name: str, secret: str) -> None:
        """Store a secret; see `Secrets`."""
        self._write(self._read() | {name: secret})

    def delete(self, name: str) -> None:
        """Delete a secret; see `Secrets`."""
        stored = self._read()
        if stored.pop(name, None) is not None:
            self._write(stored)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise SecretsError(f"the file of secrets cannot be read: {self._path}") from None
        if not isinstance(found, dict) or not all(isinstance(secret, str) for secret in found.values()):
            raise SecretsError(f"the file of secrets is not one of b24-mcp: {self._path}")
        return found

    def _write(self, secrets: dict[str, str]) -> None:
        try:
            make_private(self._path.parent)
            write_private_file(self._path, json.dumps(secrets).encode())
        except OSError as exc:
            raise SecretsError(f"the file of secrets cannot be written: {exc.strerror} ({self._path})") from None


class KeyringSecrets:
    """Secrets in the keyring of the operating system."""

    def __init__(self) -> None:
        import keyring
        from keyring.errors import KeyringError

        self._keyring = keyring
        self._failure = KeyringError
        self.place = f"the keyring of this computer ({keyring.get_keyring().name})"

    def get(self, name: str) -> str | None:
        """Return the secret, or None; see `Secrets`."""
        try:
            return self._keyring.get_password(_SERVICE, name)
        except self._failure as exc:
            raise _unusable(exc) from None

    def set(self, name: str, secret: str) -> None:
        """Store a secret; see `Secrets`."""
        try:
            self._keyring.set_password(_SERVICE, name, secret)
        except self._failure as exc:
            raise _unusable(exc) from None

    def delete(self, name: str) -> None:
        """Delete a secret; see `Secrets`."""
        try:
            if self._keyring.get_password(_SERVICE, name) is not None:
                self._keyring.delete_password(_SERVICE, name)
        except self._failure as exc:
            raise _unusable(exc) from None


def open_secrets(setting: str, path: Path) -> Secrets:
    """Open the store of secrets: `keyring`, `file` (at `path`), or `auto` for the keyring where there is one.

    Raises:
        SecretsError: for `keyring` where there is no keyring.
    """
    if setting == "file":
        return SecretFile(path)
    import keyring  # takes a tenth of a second, and only portals in the file have secrets here
    from keyring.backends import fail, null

    if not isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring):
        return KeyringSecrets()
    if setting == "keyring":
        raise SecretsError("this computer has no keyring that can be used")
    return SecretFile(path)


def _unusable(exc: Exception) -> SecretsError:
    return SecretsError(f"the keyring of this computer cannot be used ({type(exc).__name__})")

"""HTTPS: the sandbox's certificate authority, its server certificate and its files."""

from __future__ import annotations

import asyncio
import ssl
import stat
import sys
from pathlib import Path

import anyio
import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from b24_sandbox import Sandbox, serve
from b24_sandbox.certificates import Certificates, issue


def names(certificate: Path) -> tuple[list[str], list[str]]:
    """The DNS names and addresses of a certificate."""
    shown = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    extension = shown.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(extension, x509.SubjectAlternativeName)
    addresses = extension.get_values_for_type(x509.IPAddress)
    return extension.get_values_for_type(x509.DNSName), [str(address) for address in addresses]


def test_a_certificate_covers_this_machine_and_the_name_of_the_portal(tmp_path: Path) -> None:
    hosts, addresses = names(issue(tmp_path, ["portal.example", "192.0.2.7"]).certificate)
    assert hosts == ["portal.example", "localhost"]
    assert addresses == ["192.0.2.7", "127.0.0.1", "::1"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such rights there")
def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    made = issue(tmp_path / "state")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    assert modes["server.key"] == modes["ca.key"] == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert made.key.name == "server.key"


def test_the_authority_is_reused_and_the_server_key_is_replaced(tmp_path: Path) -> None:
    made = issue(tmp_path)
    before = made.ca.read_bytes(), made.key.read_bytes()
    again = issue(tmp_path)
    assert again == made
    assert made.ca.read_bytes() == before[0]
    assert made.key.read_bytes() != before[1]


def test_a_damaged_authority_is_refused(tmp_path: Path) -> None:
    issue(tmp_path)
    (tmp_path / "ca.key").write_text("nonsense")
    with pytest.raises(ValueError, match="cannot be read"):
        issue(tmp_path)


async def over_tls(tls: bool | Certificates, path: str, *, host: str = "127.0.0.1") -> tuple[str, httpx.Response]:
    """The base address and the answer of one call over TLS with strict verification."""
    sandbox = await anyio.to_thread.run_sync(lambda: Sandbox(empty=True))
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(sandbox, host, 0, ready.set_result, tls=tls))
    try:
        base = await asyncio.wait_for(ready, 20)
        context = await anyio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=str(sandbox.ca)))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        async with httpx.AsyncClient(verify=context) as client:
            return base, await client.get(f"{base}/rest/{path}")
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await anyio.to_thread.run_sync(sandbox.close)


async def test_the_sandbox_serves_https_with_its_own_certificate() -> None:
    base, response = await over_tls(True, "1/sandboxdemocode/profile")
    assert base.startswith("https://127.0.0.1:")
    assert response.json()["result"]["ID"] == "1"


async def test_the_sandbox_serves_https_with_existing_certificates(tmp_path: Path) -> None:
    made = await anyio.to_thread.run_sync(issue, tmp_path)
    _, response = await over_tls(made, "profile")
    assert response.json()["error"] == "NO_AUTH_FOUND"


async def test_a_client_that_does_not_trust_the_authority_does_not_connect(tmp_path: Path) -> None:
    made = await anyio.to_thread.run_sync(issue, tmp_path / "one")
    other = await anyio.to_thread.run_sync(issue, tmp_path / "two")
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        await over_tls(Certificates(other.ca, made.certificate, made.key), "profile")

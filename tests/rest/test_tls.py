"""Certificates are always checked. A company's own authority can be added; no check can be switched off."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import sys
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from b24_mcp.errors import B24Error, Fault
from tests.fake_portal import CODE, http_answer, open_portal, serve

_NOW = datetime.datetime.now(datetime.UTC)
_DAY = datetime.timedelta(days=1)


class Authority:
    """A certification authority of a company, made for the test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            self._begun(self._name, self._key.public_key(), _NOW + 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, end: datetime.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - 10 * _DAY)
            .not_valid_after(end)
        )

    def server(self, host: str = "127.0.0.1", *, expired: bool = False) -> ssl.SSLContext:
        """Make the TLS side of a server with a certificate for this host."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        certificate = (
            self._begun(subject, key.public_key(), _NOW - _DAY if expired else _NOW + 30 * _DAY)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        chain = self._folder / f"server-{certificate.serial_number}.pem"
        chain.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("company"), "company")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer(b'{"result":{"ID":"1"}}'))


async def refusal(tls: ssl.SSLContext, ca_bundle: Path | None) -> Fault:
    async with serve(answer, tls) as served, open_portal(None, served.webhook("https"), ca_bundle=ca_bundle) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert served.requests == []
    return caught.value.fault


async def test_a_configured_authority_is_trusted(authority: Authority) -> None:
    async with (
        serve(answer, authority.server()) as served,
        open_portal(None, served.webhook("https"), ca_bundle=authority.file) as portal,
    ):
        with anyio.fail_after(10):
            assert (await portal.call("profile")).result == {"ID": "1"}
    assert len(served.requests) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the store is not a file that a test may point at")
async def test_an_authority_of_the_operating_system_is_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with (
        serve(answer, authority.server()) as served,
        open_portal(None, served.webhook("https")) as portal,
    ):
        with anyio.fail_after(10):
            assert (await portal.call("profile")).result == {"ID": "1"}


async def test_an_unknown_authority_is_refused_by_default(authority: Authority) -> None:
    fault = await refusal(authority.server(), None)
    assert (fault.code, fault.kind, fault.executed) == ("B24MCP_TLS", "unavailable", "no")
    assert "B24_CA_BUNDLE" in fault.hint


async def test_another_configured_authority_does_not_make_it_trusted(authority: Authority, stranger: Authority) -> None:
    assert (await refusal(authority.server(), stranger.file)).code == "B24MCP_TLS"


async def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    assert (await refusal(authority.server("portal.example"), authority.file)).code == "B24MCP_TLS"


async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    assert (await refusal(authority.server(expired=True), authority.file)).code == "B24MCP_TLS"


async def test_a_port_that_does_not_speak_tls_executed_nothing() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with open_portal(None, f"https://127.0.0.1:{port}/rest/1/{CODE}/") as portal:
        with anyio.fail_after(5), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    server.close()
    await server.wait_closed()
    fault = caught.value.fault
    assert (fault.code, fault.executed) == ("B24MCP_NO_CONNECTION", "no")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_an_unreadable_bundle_is_reported(tmp_path: Path, content: bytes | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    async with open_portal(None, f"https://127.0.0.1:9/rest/1/{CODE}/", ca_bundle=bundle) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_SETTINGS", "no")
    assert str(bundle) in caught.value.fault.message


@pytest.mark.parametrize("together", [True, False])
async def test_records_after_a_response_never_become_the_next_response(authority: Authority, together: bool) -> None:
    """Over TLS they may be received with the answer, and then the socket shows nothing of them."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        own, stray = http_answer(b'{"result":"mine"}'), http_answer(b'{"result":"of another call"}')
        if together:
            writer.write(own + stray)
        else:
            writer.writelines([own])
            writer.writelines([stray])

    async with (
        serve(answer, authority.server(), keep=True) as served,
        open_portal(None, served.webhook("https"), ca_bundle=authority.file) as portal,
    ):
        with anyio.fail_after(10):
            for _ in range(4):
                assert (await portal.call("crm.deal.add")).result == "mine"
        assert served.connections == 4

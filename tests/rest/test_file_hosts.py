"""Which hosts files are read from: the portal, and the storage in the internet that it redirects to."""

from __future__ import annotations

import ipaddress

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest.auth.credential import Route
from b24_mcp.rest.auth.webhook import parse_webhook
from b24_mcp.rest.files import hosts
from b24_mcp.rest.files.hosts import link_at_portal, storage_address

CLOUD = parse_webhook("https://acme.bitrix24.com/rest/1/secretcode/")
OWN = parse_webhook("https://portal.company.lan/rest/1/secretcode/")
NAMES = {
    "acme.bitrix24.com": ["203.0.114.1"],
    "storage.example": ["203.0.114.2", "2a00:1450::1"],
    "inside.example": ["10.0.0.5"],
    "both.example": ["203.0.114.2", "10.0.0.5"],
    "meta.example": ["169.254.169.254"],
    "here.example": ["127.0.0.1"],
    "here6.example": ["::1"],
    "portal.company.lan": ["10.0.0.1"],
    "minio.company.lan": ["10.0.0.2"],
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_addresses", lambda host: [ipaddress.ip_address(one) for one in NAMES.get(host, [])])


@pytest.mark.parametrize(
    ("portal", "location"),
    [
        (CLOUD, "https://storage.example/bucket/file?X-Signature=1"),
        (CLOUD, "/rest/other"),
        (CLOUD, "https://acme.bitrix24.com/other"),
        (OWN, "https://minio.company.lan/bucket/file"),
        (OWN, "https://storage.example/file"),
    ],
)
async def test_a_redirect_to_the_storage_is_followed(portal: Route, location: str) -> None:
    address = await storage_address(portal, f"{portal.origin}/rest/download", location)
    assert address.endswith(location.partition("//")[2])


@pytest.mark.parametrize("portal", [CLOUD, OWN], ids=["cloud", "own"])
@pytest.mark.parametrize(
    "location",
    [
        "http://storage.example/file",
        "https://storage.example:8443/file",
        "https://user:password@storage.example/file",
        "https://meta.example/file",
        "https://here.example/file",
        "https://here6.example/file",
        "https://169.254.169.254/file",
        "https://[::1]/file",
        "https://2130706433/file",
        "https://0x7f000001/file",
        "https://localhost/file",
        "https://unknown.example/file",
        "ftp://storage.example/file",
        "https://stor age.example/file",
        "https://storage.example\\@evil.example/file",
        "",
    ],
)
async def test_no_other_redirect_is_followed(portal: Route, location: str) -> None:
    with pytest.raises(B24Error) as caught:
        await storage_address(portal, f"{portal.origin}/rest/download", location)
    assert caught.value.fault.code == "B24MCP_FILE_HOST"
    assert "secretcode" not in str(caught.value)


@pytest.mark.parametrize("location", ["https://inside.example/file", "https://both.example/file"])
async def test_a_portal_in_the_internet_does_not_lead_into_a_private_network(location: str) -> None:
    with pytest.raises(B24Error, match="not read from"):
        await storage_address(CLOUD, CLOUD.origin, location)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/rest/download?token=x",
        "//evil.example/rest/download?token=x",
        "https://acme.bitrix24.com.evil.example/x",
        "https://acme.bitrix24.com@evil.example/x",
        "https://evil.example\\@acme.bitrix24.com/x",
        "https://acme.bitrix24.com:8443/x",
        "http://acme.bitrix24.com/x",
        "http://acme.bitrix24.com:443/x",
        "file:///etc/passwd",
        "javascript:x",
    ],
)
def test_a_link_to_another_host_is_refused(link: str) -> None:
    with pytest.raises(B24Error) as caught:
        link_at_portal(CLOUD, link)
    assert caught.value.fault.code == "B24MCP_FILE_HOST"


@pytest.mark.parametrize(
    "link", ["/rest/download.json?token=a", "https://ACME.bitrix24.com/rest/download.json?token=a"]
)
def test_a_link_of_the_portal_is_used(link: str) -> None:
    assert link_at_portal(CLOUD, link).lower() == "https://acme.bitrix24.com/rest/download.json?token=a"

"""The file of portals: its valid and invalid content, and what a change keeps."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from b24_mcp.config import ConfigurationError, PortalFile, PortalSettings, load_configuration, open_secrets
from b24_mcp.config.secrets import SecretsError

WEBHOOK = "https://sales.example/rest/1/s3cretcode/"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "config" / "portals.toml"
    place.parent.mkdir()
    return place


def test_the_sandbox_is_the_default_without_any_portal(path: Path) -> None:
    configuration = load_configuration()
    assert (configuration.default, configuration.names) == ("sandbox", ["sandbox"])


def test_the_first_portal_of_the_file_is_the_default_unless_the_file_names_one(path: Path) -> None:
    path.write_text('[portals.a]\nwebhook = "kept"\n[portals.b]\nwebhook = "kept"\n')
    assert load_configuration().default == "a"
    path.write_text('default = "b"\n[portals.a]\nwebhook = "kept"\n[portals.b]\nwebhook = "kept"\n')
    configuration = load_configuration()
    assert configuration.names == ["b", "a", "sandbox"]


def test_the_portal_of_the_environment_is_the_default_before_those_of_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text('[portals.a]\nwebhook = "kept"\n')
    monkeypatch.setenv("B24_WEBHOOK_URL", WEBHOOK)
    assert load_configuration().names == ["environment", "a", "sandbox"]


@pytest.mark.parametrize("name", ["a", "sandbox"])
def test_the_default_portal_setting_has_precedence(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path.write_text('[portals.b]\nwebhook = "kept"\n[portals.a]\nwebhook = "kept"\n')
    monkeypatch.setenv("B24_WEBHOOK_URL", WEBHOOK)
    monkeypatch.setenv("B24_DEFAULT_PORTAL", name)
    assert load_configuration().default == name
    monkeypatch.setenv("B24_DEFAULT_PORTAL", "c")
    with pytest.raises(ConfigurationError, match=r"names 'c', which is not in .*; there are: b, a"):
        load_configuration()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[portals", "not valid TOML"),
        ('[portals.a]\nwebhook_url = "https://x.example/rest/1/s3cretcode/"\n', "webhook_url is a secret"),
        ('[portals.a]\nwebhook = "https://x.example/rest/1/s3cretcode/"\n', "is a secret"),
        ('[portals.a]\nclient_secret = "s3cretcode"\n', "client_secret is a secret"),
        ('[portals.a]\nwebhook = "kept"\nwebook = 1\n', "portals.a.webook"),
        ('[portals.a]\nwebhook = "env"\n', "go together"),
        ("[portals.a]\n", "either webhook, or address and client_id"),
        ('[portals.a]\naddress = "https://a.example"\n', "both address and client_id"),
        ('[portals.a]\nwebhook = "kept"\naccess = "all"\n', "portals.a.access"),
        ('default = "b"\n[portals.a]\nwebhook = "kept"\n', "default names 'b'"),
        ('[portals.sandbox]\nwebhook = "kept"\n', "is reserved for another portal"),
        ('[portals."A b"]\nwebhook = "kept"\n', "cannot be the name"),
        ("portals = 5\n", "portals"),
    ],
)
def test_an_error_names_the_problem_in_the_file_and_repeats_no_secret(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration()
    assert said in str(caught.value)
    assert str(path) in str(caught.value) or "portal" in str(caught.value)
    assert "s3cretcode" not in str(caught.value)


def test_a_change_keeps_comments_and_order(path: Path) -> None:
    path.write_text('# ours\ndefault = "a"\n\n[portals.a]  # the first\nwebhook = "kept"\n')
    file = PortalFile(path)
    file.add("b", PortalSettings(webhook="kept", access="read", deny=("crm.*",)))
    assert path.read_text().startswith('# ours\ndefault = "a"\n\n[portals.a]  # the first\nwebhook = "kept"\n')
    assert load_configuration().portals["b"] == PortalSettings(webhook="kept", access="read", deny=("crm.*",))
    file.remove("b")
    assert path.read_text().rstrip() == '# ours\ndefault = "a"\n\n[portals.a]  # the first\nwebhook = "kept"'


def test_removing_the_default_portal_makes_the_next_one_the_default(path: Path) -> None:
    file = PortalFile(path)
    for name in ("a", "b"):
        file.add(name, PortalSettings(webhook="kept"))
    assert file.default == "a"
    file.remove("a")
    assert file.default == "b"
    file.remove("b")
    assert file.default is None


def test_a_file_that_is_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("# kept in a repository\n")
    path.symlink_to(real)
    PortalFile(path).add("a", PortalSettings(webhook="kept"))
    assert path.is_symlink()
    assert "portals.a" in real.read_text()


def test_only_its_owner_can_read_the_file_of_secrets(tmp_path: Path) -> None:
    place = tmp_path / "own" / "secrets.json"
    secrets = open_secrets("file", place)
    secrets.set("a.webhook", WEBHOOK)
    secrets.set("b.webhook", "other")
    secrets.delete("b.webhook")
    secrets.delete("never.there")
    assert (secrets.get("a.webhook"), secrets.get("b.webhook")) == (WEBHOOK, None)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [file.name for file in place.parent.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("content", ["[1]", '{"a": 5}', "no json"])
def test_a_damaged_file_of_secrets_is_not_changed(tmp_path: Path, content: str) -> None:
    place = tmp_path / "secrets.json"
    place.write_text(content)
    with pytest.raises(SecretsError):
        open_secrets("file", place).set("a", "b")
    assert place.read_text() == content


def test_the_keyring_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1.0
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())  # type: ignore[no-untyped-call]
    try:
        secrets = open_secrets("auto", tmp_path / "secrets.json")
        secrets.set("a.webhook", WEBHOOK)
        assert secrets.get("a.webhook") == WEBHOOK
        assert "keyring" in secrets.place
        secrets.delete("a.webhook")
        secrets.delete("a.webhook")
        assert secrets.get("a.webhook") is None
    finally:
        keyring.set_keyring(before)
    assert not (tmp_path / "secrets.json").exists()


def test_without_a_keyring_the_file_is_used_unless_the_keyring_is_required(tmp_path: Path) -> None:
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        open_secrets("auto", tmp_path / "secrets.json").set("a", "b")
        with pytest.raises(SecretsError):
            open_secrets("keyring", tmp_path / "secrets.json")
    finally:
        keyring.set_keyring(before)
    assert (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("written", [["none"], ["money"], ["outside", "rights"]])
def test_kinds_of_risk_survive_writing_and_reading(tmp_path: Path, written: list[str]) -> None:
    file = PortalFile(tmp_path / "portals.toml")
    file.add("sales", PortalSettings.model_validate({"webhook": "kept", "risks": written}))
    read = PortalFile(tmp_path / "portals.toml").portals["sales"].risks
    assert read == (() if written == ["none"] else tuple(written))

"""Untrusted archives: nothing is unpacked to disk; hostile, damaged and too large archives are refused."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_mcp.docs import DocsError
from b24_mcp.docs.archives import ArchiveLimits, read_archive
from tests.docs.pages import edition, write_tar, write_zip

MEGABYTE = 1 << 20
OUTSIDE = ["../evil.md", "a/../../evil.md", "/etc/evil.md", "C:/evil.md", "..\\evil.md", "\\\\host\\evil.md"]


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("suffix", ["tar.gz", "zip"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, suffix: str, name: str) -> None:
    write = write_zip if suffix == "zip" else write_tar
    path = write(tmp_path / f"evil.{suffix}", {name: "evil"}, root="")
    if "\\" in name and suffix == "zip":
        # The library replaces backslashes by slashes when it writes; this restores them.
        path.write_bytes(path.read_bytes().replace(name.replace("\\", "/").encode(), name.encode()))
    before = sorted(tmp_path.parent.rglob("evil.md"))
    with pytest.raises(DocsError, match="leads out"):
        read_archive(path)
    assert sorted(tmp_path.parent.rglob("evil.md")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_skipped(tmp_path: Path, kind: bytes) -> None:
    link = member("docs/link.md", kind, "/etc/passwd")
    path = tar_of(tmp_path / "a.tar.gz", (link, b""), (member("docs/page.md"), b"# Page"))
    assert read_archive(path).texts == {"docs/page.md": "# Page"}


def test_links_in_a_zip_are_skipped(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("docs/link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("docs/page.md", "# Page")
    assert read_archive(tmp_path / "a.zip").texts == {"docs/page.md": "# Page"}


def test_only_texts_and_licences_are_read(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "a.tar.gz", {"p.md": "# P", "LICENSE": "MIT", "x.png": "picture", "run.sh": "rm"}, root=""
    )
    assert set(read_archive(path).texts) == {"p.md", "LICENSE"}


@pytest.mark.parametrize("suffix", ["gz", "xz"])
@pytest.mark.parametrize("name", ["bomb.md", "bomb.png"])
def test_an_archive_bomb_is_refused(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / f"bomb.tar.{suffix}"
    with tarfile.open(path, "w:gz" if suffix == "gz" else "w:xz") as archive:
        info = member(name)
        info.size = 40 * MEGABYTE
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    assert path.stat().st_size < MEGABYTE // 10
    with pytest.raises(DocsError, match=r"too large|larger than"):
        read_archive(path, ArchiveLimits(unpacked=20 * MEGABYTE, text=4 * MEGABYTE))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "bomb.zip", {"bomb.md": "0" * (6 * MEGABYTE)})
    with pytest.raises(DocsError, match="larger than"):
        read_archive(path, ArchiveLimits(text=4 * MEGABYTE))


def test_all_texts_together_have_a_size_limit(tmp_path: Path) -> None:
    files = {f"{number}.md": "x" * 1000 for number in range(20)}
    for path in (write_tar(tmp_path / "a.tar.gz", files), write_zip(tmp_path / "a.zip", files)):
        assert len(read_archive(path, ArchiveLimits(texts=20_000)).texts) == 20
        with pytest.raises(DocsError, match="larger than"):
            read_archive(path, ArchiveLimits(texts=19_999))


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    files = {f"{number}.png": "" for number in range(11)}
    for path in (write_tar(tmp_path / "a.tar.gz", files), write_zip(tmp_path / "a.zip", files)):
        with pytest.raises(DocsError, match="too many"):
            read_archive(path, ArchiveLimits(members=10))


def test_a_header_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {"a.md": "# A"}, revision="x" * (3 * MEGABYTE))
    with pytest.raises(DocsError, match="too large"):
        read_archive(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.md": "# A"})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DocsError, match="encrypted"):
        read_archive(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04 nothing", b"\x1f\x8b", b"\xfd7zXZ\x00", b"plain text\n" * 99]
)
def test_other_files_than_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DocsError, match="is not a tar or zip archive"):
        read_archive(tmp_path / "a")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocsError, match="cannot be read"):
        read_archive(tmp_path / "nowhere.zip")


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.zip"])
def test_a_truncated_archive_is_refused(tmp_path: Path, name: str) -> None:
    write = write_zip if name.endswith("zip") else write_tar
    content = write(tmp_path / name, edition("en")).read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95):
        (tmp_path / "cut").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(DocsError):
            read_archive(tmp_path / "cut")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["gz", "xz", "zip", "tar"]), st.integers(0, 400), st.binary(max_size=9))
def test_a_damaged_archive_is_read_or_refused(
    tmp_path: Path, content: bytes, kind: str, at: int, damage: bytes
) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        info = member("docs/page.md")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    whole = raw.getvalue()
    if kind == "zip":
        whole = write_zip(tmp_path / "z.zip", {"page.md": content.decode("latin-1")}).read_bytes()
    packed = gzip.compress(whole) if kind == "gz" else lzma.compress(whole) if kind == "xz" else whole
    (tmp_path / "damaged").write_bytes(packed[:at] + damage + packed[at + len(damage) :])
    try:
        read_archive(tmp_path / "damaged")
    except DocsError:
        return

"""Private files: they are written whole or not at all, and only their owner can open them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from b24_mcp.storage.files import create_private_file, put_in_place, write_private_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def refuse(*_: object) -> NoReturn:
    raise OSError(28, "No space left on device")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_by_the_new_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_private_file(path, b"old")
    write_private_file(path, b"new\r\n\x00")
    assert path.read_bytes() == b"new\r\n\x00"
    assert os.listdir(tmp_path) == ["a.json"]


@posix
def test_a_file_is_for_its_owner_alone_whatever_the_umask_and_the_old_file_say(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        write_private_file(path, b"new")
        create_private_file(tmp_path / "b.json", b"new")
        write_private_file(tmp_path / "c.json", b"new", mode=0o644)
    finally:
        os.umask(before)
    assert [mode(tmp_path / f"{name}.json") for name in "abc"] == [0o600, 0o600, 0o644]


@posix
def test_a_file_gets_wider_rights_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    write = os.write

    def watched(descriptor: int, content: bytes) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", watched)
    write_private_file(tmp_path / "a.json", b"new", mode=0o644)
    assert modes == [0o600]


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "a.json"
    write_private_file(path, b"old")
    monkeypatch.setattr(os, failing, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_private_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_private_file(path, b"old")
    program = """
import os, sys
from pathlib import Path
from b24_mcp.storage.files import write_private_file
write = os.write
def half(descriptor, content):
    write(descriptor, content[:len(content) // 2])
    os._exit(9)
os.write = half
write_private_file(Path(sys.argv[1]), b"n" * 1000)
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=60, check=False)
    assert done.returncode == 9
    assert path.read_bytes() == b"old"


def test_content_that_the_system_takes_in_parts_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    write_private_file(tmp_path / "a.json", b"0123456789")
    create_private_file(tmp_path / "b.json", b"0123456789")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes() == b"0123456789"


@posix
def test_a_symbolic_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"of another user")
    link.symlink_to(target)
    write_private_file(link, b"new")
    assert target.read_bytes() == b"of another user"
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_new_file_is_never_created_through_a_symbolic_link(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if exists:
        target.write_bytes(b"of another user")
    link.symlink_to(target)
    with pytest.raises(FileExistsError):
        create_private_file(link, b"new")
    assert target.exists() is exists
    assert not exists or target.read_bytes() == b"of another user"


def test_several_writers_at_once_leave_the_content_of_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    contents = [bytes([65 + number]) * 200_000 for number in range(8)]
    write_private_file(path, contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    def write(content: bytes) -> None:
        for _ in range(5):
            write_private_file(path, content, sync=False)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert seen
    assert seen <= set(contents)
    assert os.listdir(tmp_path) == ["a.json"]


@posix
def test_the_content_is_on_the_disk_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        fsync(descriptor)

    def replaced(old: Path, new: Path) -> None:
        steps.append("name")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    create_private_file(tmp_path / "new", b"x")
    put_in_place(tmp_path / "new", tmp_path / "a", sync_folder=True)
    write_private_file(tmp_path / "b", b"x")
    write_private_file(tmp_path / "c", b"x", sync=False)
    assert steps == ["content", "name", "folder", "content", "name", "name"]

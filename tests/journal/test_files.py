"""The disk: whole lines or none, private files, regular files only, and its errors told as what they are."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.conftest import SCRIPT, Stack
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.journal.files import JournalError, make_folder, refused, safe_name
from zec_pulumi.journal.journal import Journal
from zec_pulumi.journal.locks import Lock, lock_of
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTILE = [
    "../x",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a\0b",
    "a\nb",
    "A",
    "a",
    "é",
    "e\u0301",
    "\ud800",
    "x" * 5000,
    "%41",
    "i%2e",
]


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


# Names.


@given(st.lists(st.text(max_size=200) | st.sampled_from(HOSTILE), min_size=2, max_size=8, unique=True))
def test_each_text_has_a_file_name_of_its_own(texts: list[str]) -> None:
    """On every file system: plain characters, no capitals, no long ones, nothing that leads elsewhere."""
    names = [safe_name(text) for text in texts]
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert name.isascii()
        assert name.isprintable()
        assert "/" not in name
        assert not name.startswith(".")
        assert 0 < len(name) <= 160


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if text != "\ud800"])
def test_no_instance_id_leads_out_of_its_folder(tmp_path: Path, hostile: str) -> None:
    """Journal, approvals and lock; a foreign file stays as it is."""
    foreign = tmp_path / "x.lock"
    foreign.write_text("foreign")
    home = tmp_path / "home"
    journal = Journal(home, SystemClock())
    journal.intend("a1", hostile, "urn", (), None, "0123456789abcdef")
    lock = lock_of(home, hostile)
    assert lock.take("urn")
    lock.free()
    assert [entry.attempt_id for entry in journal.entries(hostile)] == ["a1"]
    assert [entry.instance_id for entry in journal.everything().entries] == [hostile]
    assert foreign.read_text() == "foreign"
    assert {file.parent.parent for file in tmp_path.rglob("*") if file.is_file()} == {home, tmp_path.parent}


def test_what_is_wrong_with_one_machine_s_file_hides_no_other_s(tmp_path: Path) -> None:
    """All attempts of all machines are listed, and each line that cannot be read."""
    journal = Journal(tmp_path, SystemClock())
    for number, instance_id in enumerate(("1", "2", "3")):
        journal.intend(f"a{number}", instance_id, "urn", (), None)
    for instance_id in ("1", "2"):
        with (tmp_path / "journal" / f"{instance_id}.jsonl").open("a") as file:
            file.write("no line of ours\n")
    found = journal.everything()
    assert {entry.instance_id for entry in found.entries} == {"1", "2", "3"}
    assert len(found.unreadable) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EACCES, "denied", "/the/file"), "at /the/file (denied)"),
        (OSError(errno.EACCES, "denied"), "at /asked/for (denied)"),
        (OSError(errno.EACCES, "denied"), "Make it readable and writable for this user, or set PULUMI_HOME"),
        (OSError(), "(OSError)"),
    ],
)
def test_a_refusal_of_the_disk_says_where_why_and_what_to_do(error: OSError, said: str) -> None:
    """The file is the one that the system names; else the one that was asked for."""
    assert said in str(refused(Path("/asked/for"), error))


# Whole or not at all.


@pytest.fixture
def at_most() -> Iterator[Callable[[int], None]]:
    """Let no file grow beyond so many bytes: the system writes a part, and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 20, 60])
def test_a_disk_that_takes_a_part_of_a_line_refuses_it_and_keeps_what_was_there(
    tmp_path: Path, at_most: Callable[[int], None], room: int
) -> None:
    """And the next line is written after it as if nothing had been."""
    journal = Journal(tmp_path, SystemClock())
    journal.intend("a1", WEB, "urn", (), None)
    file = tmp_path / "journal" / f"{WEB}.jsonl"
    before = file.read_bytes()
    open_files = open_descriptors()
    at_most(len(before) + room)
    with pytest.raises(JournalError, match="Free some space"):
        journal.intend("a2", WEB, "urn", (), None)
    at_most(1 << 20)
    assert file.read_bytes() == before
    assert open_descriptors() <= open_files
    journal.note(WEB, "a1", "accepted")
    assert [entry.event for entry in journal.entries(WEB)] == ["accepted"]


def test_a_full_disk_is_found_out_before_the_machine_is_powered_off(
    stack: Stack, at_most: Callable[[int], None]
) -> None:
    """Nothing is sent at all; with room again the next up rebuilds."""
    at_most(1000)
    said = stack.failed(imageId=JAMMY, userData=SCRIPT)
    at_most(1 << 24)
    assert "Nothing was changed; instance" in said
    assert stack.actions() == []
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 1


@pytest.mark.parametrize("lost", [1, 5])
def test_a_write_that_lies_is_found_out_by_reading(stack: Stack, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """The disk says that it has all, and has less: no reset, and the machine is started again."""
    write = os.write

    def lie(descriptor: int, data: bytes) -> int:
        if b'"intent"' in data:
            write(descriptor, data[:-lost])
            return len(data)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", lie)
    said = stack.failed(imageId=JAMMY, userData=SCRIPT)
    assert "what was written is not there" in said
    assert "has been started again and is RUNNING" in said
    assert stack.resets() == 0
    monkeypatch.undo()
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 1


@pytest.mark.parametrize("of_folder", [True, False])
def test_what_cannot_be_synced_is_not_sent(stack: Stack, monkeypatch: pytest.MonkeyPatch, *, of_folder: bool) -> None:
    """Neither the file nor the name of it."""
    sync = os.fsync

    def fail(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == of_folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    assert "Input/output error" in stack.failed(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 0


def test_when_not_even_the_refusal_can_be_written_the_next_up_asks_as_it_was_said(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intent is there, the disk goes, the API refuses: the message does not promise another try."""
    write = os.write

    def fail(descriptor: int, data: bytes) -> int:
        if b'"refused"' in data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    stack.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "error", "code": "SOMETHING_NEW", "status": 400})
    monkeypatch.setattr(os, "write", fail)
    said = stack.failed(imageId=JAMMY, userData=SCRIPT)
    assert "tries again" not in said
    assert "the next pulumi up may ask what became of this rebuild" in said
    monkeypatch.undo()
    assert "may already have been rebuilt" in stack.failed(imageId=JAMMY, userData=SCRIPT)


# Private.


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_folders_and_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """All that are made, up to the Pulumi home."""
    home = tmp_path / "pulumi" / "zec_pulumi" / "clouds" / "c"
    before = os.umask(umask)
    try:
        Journal(home, SystemClock()).intend("a1", WEB, "urn", (Cause("userData"),), None, "0123456789abcdef")
        lock = lock_of(home, WEB)
        assert lock.take("urn")
        lock.free()
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}


def test_what_an_older_release_left_open_is_closed(tmp_path: Path) -> None:
    """Its folders followed the umask."""
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o755)
    (folder / f"{WEB}.jsonl").touch(mode=0o644)
    Journal(tmp_path, SystemClock()).intend("a1", WEB, "urn", (), None)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{WEB}.jsonl").stat().st_mode) == 0o600


# Regular files only.


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.parent / "elsewhere"
    target.write_text("foreign\n")
    path.symlink_to(target)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/full")


KINDS = [fifo, link, dangling, folder, device]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["journal", "approvals", "locks"])
def test_what_is_no_regular_file_neither_hangs_nor_is_followed(
    stack: Stack, kind: Callable[[Path], None], place: str
) -> None:
    """Up says where and what to do, and sends nothing."""
    path = stack.journal.folder / place / (f"{WEB}.lock" if place == "locks" else f"{WEB}.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    kind(path)
    if place == "approvals":
        with pytest.raises(JournalError) as caught:
            stack.journal.approvals.used(WEB)
        said = str(caught.value)
    else:
        said = stack.failed(imageId=NOBLE)
    assert str(path) in said
    assert "Move it away, or set PULUMI_HOME to another folder" in said
    assert stack.actions() == []
    foreign = path.parent / "elsewhere"
    assert not foreign.exists() or foreign.read_text() == "foreign\n"
    assert not (path.parent / "nowhere").exists()


@pytest.mark.parametrize("place", ["journal", "approvals", "locks", "."])
def test_a_file_in_the_place_of_a_folder_is_a_sentence(tmp_path: Path, place: str) -> None:
    """With its path and the way out, wherever it is on the way."""
    home = tmp_path / "home"
    wrong = home / place
    make_folder(wrong.parent)
    wrong.write_text("")
    journal, lock = Journal(home, SystemClock()), lock_of(home, WEB)
    writes: dict[str, Callable[[], object]] = {
        "journal": lambda: journal.note(WEB, "a1", "accepted"),
        "approvals": lambda: journal.approvals.use(WEB, "0123456789abcdef", "a1"),
        "locks": lambda: lock.take("urn"),
    }
    for name, write in writes.items():
        if place in (name, "."):
            with pytest.raises(JournalError, match=f"at {wrong}.*Move it away"):
                write()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_no_other_process(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It is said at once, and nothing is sent without a lock. No such file system is here, so the call is replaced."""

    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    open_files = open_descriptors()
    said = stack.failed(imageId=NOBLE)
    assert "its file system has no locks" in said
    assert "Set PULUMI_HOME to a folder on a local disk" in said
    assert "another process" not in said
    assert stack.actions() == []
    assert open_descriptors() <= open_files


def test_a_full_disk_neither_loses_nor_leaks_a_lock(tmp_path: Path, at_most: Callable[[int], None]) -> None:
    """What others are told of the holder does not fit; the lock is held all the same, and freed."""
    lock, other = Lock(tmp_path / "x.lock"), Lock(tmp_path / "x.lock")
    open_files = open_descriptors()
    at_most(0)
    assert lock.take("urn")
    assert not other.take("urn")
    assert other.holder() == "another process on this machine"
    lock.free()
    assert other.take("urn")
    other.free()
    assert open_descriptors() <= open_files


@pytest.mark.parametrize(
    ("urn", "who"),
    [
        ("urn:pulumi:prod::shop::zec:InstanceOsImage::web", "resource web of stack prod in process {}"),
        ("web", "resource web in process {}"),
        ("", "process {}"),
    ],
)
def test_a_lock_names_its_holder(tmp_path: Path, urn: str, who: str) -> None:
    """Resource, stack and process, as far as it has them."""
    lock = Lock(tmp_path / "x.lock")
    assert lock.holder() == "another process on this machine", "nobody has held it yet"
    lock.take(urn)
    assert Lock(tmp_path / "x.lock").holder() == f"{who.format(os.getpid())} on this machine"


@pytest.mark.parametrize(
    "content", ["[]", "{}", "[" * 100_000, '{"pid": "x", "urn": 1}', '{"pid": 1, "urn": "a::\\u001b[2J"}', ""]
)
def test_whatever_a_lock_file_holds_its_holder_can_be_shown(tmp_path: Path, content: str) -> None:
    """On one line, without control characters."""
    (tmp_path / "x.lock").write_text(content)
    assert Lock(tmp_path / "x.lock").holder().isprintable()

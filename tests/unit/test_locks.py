"""One process and one resource at a time per instance."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.locks import InstanceBusyError, Lock, hold

if TYPE_CHECKING:
    from pathlib import Path

WEB = "1272168087751233112"
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/zec:InstanceOsImage::web-1"


def going_on() -> None:
    """Nothing halts the operation."""


def test_a_second_resource_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """Two resources with one instance id in one process."""
    with (
        hold(tmp_path, WEB, URN, FakeClock(), going_on),
        pytest.raises(InstanceBusyError, match="resource web-1 of stack dev in process"),
        hold(tmp_path, WEB, "other", FakeClock(), going_on),
    ):
        pass


def test_who_is_told_to_stop_waits_no_longer(tmp_path: Path) -> None:
    """Ctrl-C ends the wait for the lock at once, and says what was waited for."""
    clock = FakeClock()
    with (
        hold(tmp_path, WEB, URN, clock, going_on),
        pytest.raises(InstanceBusyError, match=f"^cancelled, and instance {WEB} is worked on by resource web-1"),
        hold(tmp_path, WEB, "other", clock, lambda: StopReason.CANCELLED),
    ):
        pass
    assert clock.elapsed == 0.0


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    """Also after an error."""
    with pytest.raises(ValueError, match="on purpose"), hold(tmp_path, WEB, URN, FakeClock(), going_on):
        raise ValueError("on purpose")
    with hold(tmp_path, WEB, URN, FakeClock(), going_on):
        pass


def test_another_process_is_kept_off_and_its_end_frees_the_lock(tmp_path: Path) -> None:
    """However that process ends."""
    program = (
        "import sys, pathlib; from zec_pulumi.journal.locks import Lock;"
        f"lock = Lock(pathlib.Path({str(tmp_path / 'locks' / (WEB + '.lock'))!r}));"
        "print(lock.take('urn'), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        mine = Lock(tmp_path / "locks" / f"{WEB}.lock")
        assert not mine.take(URN)
        other.kill()
        other.wait()
        assert mine.take(URN)
        mine.free()


def test_who_let_go_sees_that_another_wants_it(tmp_path: Path) -> None:
    """An orphan watches on without the lock, and makes way."""
    orphan, heir = Lock(tmp_path / "x.lock"), Lock(tmp_path / "x.lock")
    assert orphan.take(URN)
    orphan.free()
    assert not orphan.wanted_by_another()
    assert heir.take(URN)
    assert orphan.wanted_by_another()
    heir.free()

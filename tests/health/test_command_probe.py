"""A health gate's command: real child processes, bounded in time and memory."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from zec_pulumi import health
from zec_pulumi.errors import StoppedError, StopReason
from zec_pulumi.health.command_probe import KEPT_BYTES, PASSED, environment
from zec_pulumi.health.gate import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Instance


@pytest.fixture
def ran(machine: Callable[..., Instance]) -> Callable[..., str | None]:
    """Run a command once as a probe."""
    return lambda *arguments, seconds=30.0: probe(health.command(arguments), machine(), seconds, lambda: None)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", None),
        ("echo fine; exit 0", None),
        ("exit 3", "exit status 3"),
        ("echo one; echo two >&2; echo; exit 1", "exit status 1: two"),
        ("printf 'bad\\033[31m\\tred\\n'; exit 1", "exit status 1: bad\ufffd[31m red"),
        ("printf '\\377\\n'; exit 1", "exit status 1: \ufffd"),
        ("kill -9 $$", "ended by signal 9"),
        ("exec >&- 2>&-; exit 4", "exit status 4"),
    ],
)
def test_the_exit_status_decides(ran: Callable[..., str | None], script: str, said: str | None) -> None:
    """And the last line of output is shown, made printable."""
    assert ran("sh", "-c", script) == said


def test_a_long_line_is_cut(ran: Callable[..., str | None]) -> None:
    """One row of a terminal has no room for it."""
    assert ran("sh", "-c", "printf '%0999d' 0; exit 1") == f"exit status 1: {'0' * 200}…"


def test_no_shell_takes_part(ran: Callable[..., str | None], tmp_path: Path) -> None:
    """Arguments arrive as they are."""
    assert ran("test", "$HOME; touch x", "=", "$HOME; touch x") is None
    assert ran(str(tmp_path / "none")) == "could not be started: no such file or directory"
    assert ran(str(tmp_path)) == "could not be started: permission denied"


def test_a_command_that_hangs_is_killed_with_its_children(ran: Callable[..., str | None], tmp_path: Path) -> None:
    """The whole process group, after the timeout."""
    script = f"sleep 600 & echo $! > {tmp_path}/child; echo waiting; trap '' TERM; wait"
    begun = time.monotonic()
    assert ran("sh", "-c", script, seconds=1.0) == "took too long and was killed: waiting"
    assert time.monotonic() - begun < 10
    child = int((tmp_path / "child").read_text())
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - begun < 30
        time.sleep(0.01)  # the system takes its time to carry the signal out


def test_a_command_is_killed_when_the_work_is_halted(machine: Callable[..., Instance], tmp_path: Path) -> None:
    """At once, whatever time it has left."""
    started = tmp_path / "started"
    gate = health.command(["sh", "-c", f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 600"])
    with pytest.raises(StoppedError, match="the engine does not answer"):
        probe(gate, machine(), 600.0, lambda: StopReason.ENGINE_GONE if started.exists() else None)
    assert not psutil.pid_exists(int(started.read_text()))


def test_a_gigabyte_of_output_is_dropped(ran: Callable[..., str | None]) -> None:
    """Memory stays flat, and the end is kept."""
    script = "head -c 1000000000 /dev/zero; echo; echo the end; exit 1"
    tracemalloc.start()
    try:
        assert ran("sh", "-c", script, seconds=120.0) == "exit status 1: the end"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000 + KEPT_BYTES
    finally:
        tracemalloc.stop()


def test_what_a_command_leaves_behind_is_not_waited_for(ran: Callable[..., str | None], tmp_path: Path) -> None:
    """A process in the background holds the output open; the command is over all the same."""
    begun = time.monotonic()
    assert ran("sh", "-c", f"(yes & echo $! > {tmp_path}/left) ; exit 0") is None
    assert time.monotonic() - begun < 10
    # Its next line finds no reader.
    psutil.wait_procs([psutil.Process(pid) for pid in _alive(int((tmp_path / "left").read_text()))], timeout=10)
    assert not _alive(int((tmp_path / "left").read_text()))


@pytest.fixture
def seen(machine: Callable[..., Instance], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Run a command once and return its environment."""

    def run(**options: Any) -> dict[str, str]:
        file = tmp_path / "seen"
        program = f"import json, os; json.dump(dict(os.environ), open({str(file)!r}, 'w'))"
        live = machine(publicIpAddresses=["203.0.113.7", "203.0.113.8"])
        assert probe(health.command([sys.executable, "-c", program], **options), live, 30.0, lambda: None) is None
        return dict(json.loads(file.read_text()))

    return run


def test_a_command_sees_the_instance(seen: Callable[..., dict[str, str]]) -> None:
    variables = seen(address="private")
    assert {name: variables[name] for name in variables if name.startswith("ZEC_")} == {
        "ZEC_INSTANCE_ID": "zec-1",
        "ZEC_PUBLIC_IP_ADDRESSES": "203.0.113.7,203.0.113.8",
        "ZEC_PRIVATE_IP_ADDRESSES": "10.0.0.1,10.0.0.2",
        "ZEC_ADDRESS": "10.0.0.1",
    }


def test_a_command_sees_only_what_the_page_names(
    seen: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a pipeline has in its environment; the page has the whole list."""
    for name in [name for name in os.environ if name not in {"PATH", "HOME"}]:
        monkeypatch.delenv(name)
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ZENLAYER_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "s3cret")
    for name in (*PASSED, "LC_ALL", "LC_TIME"):
        monkeypatch.setenv(name, os.environ.get(name, "C"))
    page = (Path(__file__).parents[2] / "docs" / "health.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `PATH`")]
    named = set(re.findall(r"`([A-Z_]+)\*?`", row))
    variables = {name for name in seen() if not name.startswith("ZEC_")}
    assert {"LC_" if name.startswith("LC_") else name for name in variables} == named


def test_a_command_gets_the_variables_that_it_names(
    seen: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as they are set."""
    monkeypatch.setenv("DEPLOY_TOKEN", "t0ken")
    monkeypatch.setenv("OTHER_TOKEN", "s3cret")
    variables = seen(env=["DEPLOY_TOKEN", "NOT_SET"])
    assert variables["DEPLOY_TOKEN"] == "t0ken"
    assert not {"OTHER_TOKEN", "NOT_SET"} & set(variables)


@pytest.mark.parametrize("kind", ["publicIpAddresses", "privateIpAddresses"])
@pytest.mark.parametrize("text", ["-oProxyCommand=touch x", "example.org", "203.0.113.9 -v", "fe80::1%-x"])
def test_no_command_gets_an_address_that_is_none(machine: Callable[..., Instance], kind: str, text: str) -> None:
    """``ssh "$ZEC_ADDRESS"`` would take it for an option."""
    live = machine(**{kind: [text, "203.0.113.7"]})
    addresses = (live.public_ip_addresses, live.private_ip_addresses)
    for address in (*addresses[0], *addresses[1], None):
        variables = environment({}, live, address)
        assert [value for value in variables.values() if text in value] == []
        assert "203.0.113.7" in variables["ZEC_PUBLIC_IP_ADDRESSES"] + variables["ZEC_PRIVATE_IP_ADDRESSES"]


def test_a_command_may_do_without_an_address(machine: Callable[..., Instance]) -> None:
    """It may know another way to the machine."""
    assert environment({}, machine(publicIpAddresses=[]), None)["ZEC_ADDRESS"] == ""
    live = machine(publicIpAddresses=[])
    assert probe(health.command(["sh", "-c", 'test -z "$ZEC_ADDRESS"']), live, 30.0, lambda: None) is None


def _alive(pid: int) -> list[int]:
    return [pid] if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else []

"""``zec-pulumi simulator`` as a program, and the pytest fixture as a plugin."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests

from zec_pulumi.cli.main import main
from zec_pulumi.simulator import Simulator
from zec_pulumi.simulator.addresses import client_host, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())", "simulator"]

EVERYWHERE = "0.0.0.0"  # noqa: S104 -- what is tested


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    arguments = [*COMMAND, "--port", "0", "--rebuild-seconds", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_command_says_what_it_does_and_ends_cleanly(process: subprocess.Popen[str], by: signal.Signals) -> None:
    """A ready line, a line for each mutation without its secrets, and exit status 0."""
    assert process.stdout is not None
    ready, _ = (process.stdout.readline().split() for _ in range(2))
    token = ready[-1].removeprefix("token=")
    headers = {"Authorization": f"Bearer {token}", "X-ZC-Action": "ResetInstance"}

    answer = requests.post(
        f"{ready[1]}/api/v2/zec",
        json={"instanceId": "1272168087751233114", "password": "Example+123", "enableAgent": True},
        headers={**headers, "X-ZC-Version": "2025-09-01"},
        timeout=10,
    )

    line = process.stdout.readline()
    assert ready[0] == "ready:"
    assert " ResetInstance 1272168087751233114 password=*** enableAgent=true " in line
    assert answer.json()["requestId"] in line
    process.send_signal(by)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """Examples, and the variables that point a client at it."""
    with pytest.raises(SystemExit) as caught:
        main(["simulator", "--help"])

    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(name in text for name in ("ZENLAYERCLOUD_DOMAIN", "ZENLAYER_TOKEN", "--seed", "Examples:"))


@pytest.mark.parametrize(("host", "warned"), [(EVERYWHERE, True), ("127.0.0.1", False), ("localhost", False)])
def test_listening_for_others_is_warned_of(host: str, warned: bool) -> None:  # noqa: FBT001 -- a test parameter
    """On stderr, with what it means; the address in the ready line works on this machine."""
    arguments = [*COMMAND, "--port", "0", "--host", host]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        url = running.stdout.readline().split()[1]
        requests.get(f"{url}/_simulator/time", timeout=10).raise_for_status()
        running.terminate()
        _, errors = running.communicate(timeout=10)

    assert ("everybody who can reach this port" in errors) is warned
    assert errors.count("\n") == warned


@pytest.mark.parametrize("host", ["localhost", EVERYWHERE])
def test_simulator_listens_where_it_is_told(host: str) -> None:
    """And its address is one that works here, over https too."""
    with Simulator(host=host, tls=True) as sim:
        assert sim.ca_file is not None
        requests.get(f"{sim.url}/_simulator/time", verify=str(sim.ca_file), timeout=10).raise_for_status()


@pytest.mark.parametrize(
    ("host", "address", "alone"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.2", "127.0.0.2", True),
        ("localhost", "localhost", True),
        ("::1", "[::1]", True),
        ("::", "[::1]", False),
        (EVERYWHERE, "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("192.0.2.7", "192.0.2.7", False),
        ("lab.example", "lab.example", False),
    ],
)
def test_addresses_are_told_apart(host: str, address: str, alone: bool) -> None:  # noqa: FBT001 -- a test parameter
    """How a client here calls it, and whether others can reach it."""
    assert (client_host(host), is_loopback(host)) == (address, alone)


@pytest.fixture
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the command from replacing the signal handlers of the test run."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--seed", "nowhere.json"], "the seed cannot be read"), (["--port", "IN_USE"], "or --port 0 for a free one")],
)
def test_what_prevents_a_start_is_one_sentence(
    sim: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """No traceback, exit status 1."""
    port = sim.host.split(":")[1]

    assert main(["simulator", *(item.replace("IN_USE", port) for item in arguments)]) == 1

    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--rebuild-seconds", "-1"], ["--stop-seconds", "inf"], ["--stop-seconds", "soon"], ["--port", "99999"]],
)
def test_arguments_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A negative or endless reinstall and an impossible port are usage errors that name the option."""
    with pytest.raises(SystemExit):
        main(["simulator", *arguments])

    assert arguments[0] in capsys.readouterr().err


@pytest.mark.usefixtures("_signals")
def test_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the HTTP packages the command says what to install."""
    monkeypatch.setitem(sys.modules, "zec_pulumi.simulator.serving", None)

    assert main(["simulator", "--port", "0"]) == 1
    assert "pip install 'zec_pulumi[simulator]'" in capsys.readouterr().err


def test_importing_the_command_needs_no_extra() -> None:
    """Neither starlette nor uvicorn is loaded before a simulator runs."""
    code = "import sys, zec_pulumi.cli.main; sys.exit(bool({'starlette', 'uvicorn'} & sys.modules.keys()))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fixture_is_a_seeded_simulator(tmp_path: Path) -> None:
    """The plugin gives each test the seed, whatever the one before did."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('turn', [1, 2])\n"
        "def test_it(zec_simulator, turn):\n"
        "    assert zec_simulator.instance('1272168087751233112')['status'] == 'RUNNING'\n"
        "    zec_simulator.delete_instance('1272168087751233112')\n"
    )

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "zec_pulumi.simulator.pytest_plugin", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in run.stdout, run.stdout

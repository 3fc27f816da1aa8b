"""``--state``: a simulator that is ended, in whatever way, goes on where it was."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from zec_pulumi.simulator import SetupError, Simulator, default_world
from zec_pulumi.simulator.clock import SimulatorClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"
COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())", "simulator"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "cloud.db"


def post(sim: Any, action: str, *, service: str = "zec", **parameters: Any) -> Any:
    """Send an API request that must succeed."""
    answer = requests.post(
        f"{sim.url}/api/v2/{service}",
        json=parameters,
        headers={
            "Authorization": f"Bearer {sim.token}",
            "X-ZC-Action": action,
            "X-ZC-Version": "2025-09-01",
        },
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def test_everything_is_there_after_a_restart(state: Path) -> None:
    """World, created and deleted machines, key pairs, ledger, requests, clock, skew and faults."""
    with Simulator(clock="manual", state=state) as sim:
        post(sim, "StopInstances", instanceIds=[WEB_1])
        made = post(
            sim,
            "CreateZecInstances",
            zoneId="asia-east-1a",
            imageId="ubuntu2404_20240712",
            instanceType="z2a.cpu.1",
            subnetId="subnet-1",
            instanceCount=9,
            keyId="key-YWD2QFOl",
        )["instanceIdSet"]
        key = post(sim, "ImportKeyPair", service="ccs", keyName="mine", publicKey=PUBLIC_KEY)["keyId"]
        sim.patch_instance(BATCH_1, image_id="debian12_20240712")
        sim.delete_instance("1272168087751233113")
        sim.add_fault(action="StopInstances", nth=3, effect={"type": "blocked"})
        sim.advance(1)
        before = (sim.instances(), sim.ledger(), sim.requests(), sim.faults(), sim.now())

    with Simulator(clock="manual", state=state) as again:
        assert (again.instances(), again.ledger(), again.requests(), again.faults(), again.now()) == before
        assert post(again, "DescribeKeyPairs", service="ccs", keyIds=[key])["totalCount"] == 1
        assert post(again, "DescribeInstances", instanceIds=made)["totalCount"] == 9
        later = post(again, "ImportKeyPair", service="ccs", keyName="other", publicKey=PUBLIC_KEY)["keyId"]
        assert later not in {key, *made}


def test_rebuild_goes_on_after_a_restart(state: Path) -> None:
    """The rest of its time is still to come, and then it ends as it was asked for."""
    with Simulator(clock="manual", state=state, rebuild_seconds=60) as sim:
        post(sim, "ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl", imageId="debian12_20240712")
        sim.advance(40)

    with Simulator(clock="manual", state=state, rebuild_seconds=1) as again:
        again.advance(19)
        assert again.instance(BATCH_1)["status"] == "DEPLOYING"
        again.advance(1)
        assert (again.instance(BATCH_1)["status"], again.instance(BATCH_1)["imageId"]) == (
            "RUNNING",
            "debian12_20240712",
        )


def test_time_while_it_is_down_counts(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud does not stand still because nobody looks."""
    with Simulator(state=state, rebuild_seconds=600) as sim:
        post(sim, "ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)

    with Simulator(state=state) as again:
        assert again.instance(BATCH_1)["status"] == "RUNNING"


def test_simulated_time_does_not_go_back_with_the_machines_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has set the machine's clock back meanwhile."""
    clock = SimulatorClock()
    clock.advance(5)
    saved, seen = clock.state(), clock.now()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    later = SimulatorClock()

    later.resume(saved, not_before=seen)

    assert later.now() >= seen


def test_nothing_that_was_answered_is_lost_by_a_kill(state: Path) -> None:
    """Killed by the system the moment the answer is there, and started again: the machine is rebuilding."""
    arguments = [*COMMAND, "--port", "0", "--state", str(state)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killed = _Running(process.stdout.readline())
        post(killed, "ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl")
        process.kill()

    with Simulator(state=state) as again:
        assert [entry["action"] for entry in again.ledger()] == ["ResetInstance"]
        assert [entry["action"] for entry in again.requests()] == ["ResetInstance"]
        assert again.instance(BATCH_1)["status"] == "DEPLOYING"


class _Running:
    """What the ready line says."""

    def __init__(self, line: str) -> None:
        self.url = line.split()[1]
        self.token = line.rsplit(maxsplit=1)[-1].removeprefix("token=")


def test_what_cannot_be_kept_is_not_answered(state: Path) -> None:
    """A full disk is the server's failure, and what was meant is kept, as a whole, as soon as there is room."""
    with Simulator(state=state) as sim:
        database = sim._persistence._file._connection  # type: ignore[union-attr]
        database.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON request BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
        )
        with pytest.raises(AssertionError, match="Internal Server Error"):
            post(sim, "StopInstances", instanceIds=[WEB_1])
        assert sim._persistence._file.ledger() == []  # type: ignore[union-attr]
        database.execute("DROP TRIGGER full")
        post(sim, "DescribeInstancesStatus")

    with Simulator(state=state) as again:
        assert [entry["instanceId"] for entry in again.ledger()] == [WEB_1]
        assert len(again.requests()) == 2


def test_what_was_due_is_kept_at_the_end(state: Path) -> None:
    """The disk was full when it was meant, and there is room when the simulator is ended."""
    with Simulator(state=state) as sim:
        database = sim._persistence._file._connection  # type: ignore[union-attr]
        database.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON instance BEGIN SELECT RAISE(FAIL, 'full'); END")
        with pytest.raises(sqlite3.Error, match="full"):
            sim.patch_instance(WEB_1, status="STOPPED")
        database.execute("DROP TRIGGER full")

    with Simulator(state=state) as again:
        assert again.instance(WEB_1)["status"] == "STOPPED"


def test_faults_go_on_counting(state: Path) -> None:
    """A rule by chance draws what it would have drawn without the restart."""
    rule = {"action": "*", "probability": 0.5, "effect": {"type": "blocked"}}
    without = _Chances(Simulator(clock="manual"), rule)
    with Simulator(clock="manual", state=state) as sim:
        first = _Chances(sim, rule).draw(7)

    with Simulator(clock="manual", state=state) as again:
        drawn = first + _Chances(again).draw(13)

        assert drawn == without.draw(20)
        assert again.faults()[0]["happened"] == sum(drawn)


class _Chances:
    """Asks a simulator's faults without a request."""

    def __init__(self, sim: Simulator, rule: dict[str, Any] | None = None) -> None:
        self._sim = sim
        if rule is not None:
            sim.add_fault(**rule)

    def draw(self, times: int) -> list[bool]:
        """Return which of so many requests would be hit."""
        with self._sim._cloud.transaction():
            return [bool(self._sim._cloud.faults.match("DescribeZones", [], 0.0)) for _ in range(times)]


def test_reset_is_kept_too(state: Path) -> None:
    """After a restart it is still the seed."""
    with Simulator(clock="manual", state=state) as sim:
        post(sim, "StopInstances", instanceIds=[WEB_1])
        sim.delete_instance(BATCH_1)
        sim.reset()

    with Simulator(clock="manual", state=state) as again:
        assert (again.ledger(), again.requests()) == ([], [])
        assert again.instance(WEB_1)["status"] == "RUNNING"
        assert [item["instanceId"] for item in again.instances()] == [
            item["instanceId"] for item in default_world()["instances"]
        ]


def test_simulator_entered_again_goes_on(state: Path) -> None:
    """Its file was closed in between."""
    sim = Simulator(clock="manual", state=state)
    with sim:
        post(sim, "StopInstances", instanceIds=[WEB_1])
    with sim:
        assert len(sim.ledger()) == 1
        assert post(sim, "DescribeInstancesStatus", instanceIds=[WEB_1])["dataSet"][0]["instanceStatus"] == "STOPPING"


def test_the_seed_of_a_state_is_its_own(state: Path) -> None:
    """The same seed may be named again, so that a command can be repeated; another is refused."""
    world = default_world()
    world["instances"] = world["instances"][:1]
    with Simulator(world, state=state):
        pass

    with Simulator(state=state) as again:
        assert len(again.instances()) == 1
    with Simulator(world, state=state) as again:
        assert len(again.instances()) == 1
    with pytest.raises(SetupError, match="began with another seed"):
        Simulator(default_world(), state=state)


def test_one_simulator_at_a_time(state: Path) -> None:
    """Two that write the same file would lose what the other wrote."""
    with Simulator(state=state), pytest.raises(SetupError, match="in use by another simulator"):
        Simulator(state=state)


def _text(path: Path) -> None:
    path.write_text("precious notes " * 100)


def _other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE precious (note TEXT)")
    connection.close()


def _newer(path: Path) -> None:
    Simulator(state=path)._persistence.close()  # type: ignore[union-attr]
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [(_text, "is not a state file"), (_other_database, "is not a state file"), (_newer, "by a newer release")],
)
def test_file_that_is_not_ours_is_left_alone(state: Path, make: Callable[[Path], None], message: str) -> None:
    """One sentence, and not a byte is changed."""
    make(state)
    before = state.read_bytes()

    with pytest.raises(SetupError, match=message):
        Simulator(state=state)

    assert state.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE instance SET content = '{}' WHERE position = 1",
        "UPDATE document SET content = '[]' WHERE name = 'clock'",
        "UPDATE document SET content = '{' WHERE name = 'seed'",
        "DELETE FROM document WHERE name = 'account'",
        "UPDATE instance SET content = replace(content, 'ubuntu2204_20240712', 'nowhere')",
    ],
)
def test_damaged_file_is_one_sentence(state: Path, damage: str) -> None:
    """Somebody has written into it."""
    with Simulator(state=state):
        pass
    with sqlite3.connect(state) as connection:
        connection.execute(damage)
    connection.close()

    with pytest.raises(SetupError, match="is damaged"):
        Simulator(state=state)


def test_file_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """Its folder does not exist."""
    with pytest.raises(SetupError, match="cannot be opened"):
        Simulator(state=tmp_path / "nowhere" / "cloud.db")


def test_folder_is_no_file(tmp_path: Path) -> None:
    """Whatever SQLite says of it stands in the sentence."""
    with pytest.raises(SetupError, match="cannot be used: unable to open"):
        Simulator(state=tmp_path)


def test_released_machine_is_gone_from_the_file_too(state: Path) -> None:
    """Twice released, and listed in between or not."""
    with Simulator(clock="manual", state=state) as sim:
        post(sim, "ReleaseInstances", instanceIds=[WEB_1])
        sim.settle()
        post(sim, "ReleaseInstances", instanceIds=[WEB_1])
        sim.settle()
        assert WEB_1 not in {item["instanceId"] for item in sim.instances()}

    with Simulator(clock="manual", state=state) as again:
        assert WEB_1 not in {item["instanceId"] for item in again.instances()}


def test_nobody_else_can_read_the_file(state: Path) -> None:
    """It holds the credentials of the seed."""
    with Simulator(state=state) as sim:
        assert sim.token in json.dumps(sim.seed)
        assert [stat.S_IMODE(path.stat().st_mode) for path in state.parent.iterdir()] == [0o600, 0o600]


def test_command_says_in_one_line_what_prevents_a_start(state: Path) -> None:
    """Exit status 1 and no traceback."""
    _text(state)

    run = subprocess.run([*COMMAND, "--state", str(state)], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "is not a state file" in run.stderr

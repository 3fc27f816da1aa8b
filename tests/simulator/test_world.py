"""Seeds, clocks and the running server itself."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from zec_pulumi.simulator import Simulator
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.world import SetupError, default_world, load_seed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def document() -> dict[str, Any]:
    """The world of the package, as JSON that a test can spoil."""
    return default_world()


def test_world_of_the_package_is_worth_looking_at() -> None:
    """Machines in every state that matters, and an image for every rule."""
    seed = load_seed(None)

    assert {item.status for item in seed.instances} == {
        *("RUNNING", "STOPPED", "DEPLOYING", "REINSTALL_FAILED", "RECYCLE")
    }
    assert all(len(item.instance_id) == 19 and item.instance_id.isdigit() for item in seed.instances)
    assert {item.category for item in seed.images} >= {"Ubuntu", "Debian", "Rocky", "Windows", "Generic"}
    assert not all(item.agent_supported for item in seed.images)
    assert not all(item.supported for item in seed.key_pairs)


def test_seed_file_is_the_world(tmp_path: Path, document: dict[str, Any]) -> None:
    """A file of the same format replaces the package's world."""
    document["instances"] = document["instances"][:1]
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(document))

    assert [item.instance_name for item in load_seed(file).instances] == ["web-1"]


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("instances", 0, "imageId"), "nowhere", "imageId nowhere does not exist"),
        (("instances", 0, "zoneId"), "nowhere", "zoneId nowhere does not exist"),
        (("instances", 0, "instanceId"), 1272168087751233112, r"instances\.0\.instanceId"),
        (("instances", 1, "instanceId"), "1272168087751233112", "1272168087751233112 is there twice"),
        (("images", 0, "imageSize"), "10", r"images\.0\.imageSize"),
        (("images", 0, "colour"), "red", r"images\.0\.colour"),
        (("credentials",), [], "credentials"),
        (("instances", 0, "publicIpAddresses"), ["here"], r"instances\.0\.publicIpAddresses"),
        (("clockSkewSeconds",), float("inf"), "clockSkewSeconds"),
        (("instances", 3, "pending", "changes"), {"memory": None}, "memory"),
    ],
)
def test_seed_that_cannot_be_is_refused(
    document: dict[str, Any], where: tuple[str | int, ...], value: Any, message: str
) -> None:
    """The error says where."""
    target: Any = document
    for step in where[:-1]:
        target = target[step]
    target[where[-1]] = value

    with pytest.raises(SetupError, match=message):
        load_seed(document)


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_unreadable_seed_is_refused(tmp_path: Path, content: str | None) -> None:
    """No file, no JSON, or no object."""
    file = tmp_path / "seed.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SetupError, match="the seed"):
        load_seed(file)


def test_manual_clock_stands_still() -> None:
    """It moves by what it is advanced and by nothing else."""
    clock = SimulatorClock("manual")
    before = clock.now()

    assert clock.now() == before
    assert clock.advance(5) == before + 5


def test_scaled_clock_runs_faster() -> None:
    """A thousandth of a second is a second at a factor of a thousand."""
    clock = SimulatorClock(1_000_000.0)
    began, real = clock.now(), time.monotonic()
    while time.monotonic() == real:
        pass

    assert clock.now() - began > time.monotonic() - real


@pytest.mark.parametrize("wrong", [lambda: SimulatorClock(-1.0), lambda: SimulatorClock().advance(-1)])
def test_clock_never_runs_backwards(wrong: Any) -> None:
    """Neither by its scale nor by a step."""
    with pytest.raises(ValueError, match="backwards"):
        wrong()


def test_real_clock_runs() -> None:
    """It begins at the present, and a step is added to it."""
    clock = SimulatorClock()

    assert abs(clock.now() - time.time()) < 5
    assert clock.advance(100) - time.time() > 90


def test_reinstall_may_show_rebuilding() -> None:
    """Sources disagree about the status, so it can be chosen; an observer is told of the mutation."""
    told: list[dict[str, Any]] = []
    with Simulator(clock="manual", transition="REBUILDING", observer=told.append) as sim:
        reset = {"instanceId": "1272168087751233114", "keyId": "key-YWD2QFOl"}
        headers = {"Authorization": f"Bearer {sim.token}", "X-ZC-Action": "ResetInstance"}
        requests.post(
            f"{sim.url}/api/v2/zec", json=reset, headers={**headers, "X-ZC-Version": "2025-09-01"}, timeout=10
        ).raise_for_status()

        assert sim.instance("1272168087751233114")["status"] == "REBUILDING"
        assert told == sim.ledger()


def test_simulators_live_beside_each_other() -> None:
    """Each has its own port and its own world, and can be entered again."""
    first, second = Simulator(), Simulator()
    with first, second:
        assert first.url != second.url
        first.delete_instance("1272168087751233112")
        assert second.instance("1272168087751233112")["instanceName"] == "web-1"
    with first:
        assert first.environment() == {
            "ZENLAYERCLOUD_DOMAIN": first.host,
            "ZENLAYERCLOUD_SCHEME": "HTTP",
            "ZENLAYERCLOUD_ACCESS_KEY_ID": first.access_key_id,
            "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": first.access_key_password,
        }


def test_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for without end, and its socket is closed."""
    monkeypatch.setattr("uvicorn.Server.run", lambda *_: None)

    with pytest.raises(RuntimeError, match="did not start"), Simulator():
        pass


def test_port_in_use_is_an_error() -> None:
    """A second simulator on the same port does not start."""
    with Simulator() as sim:
        taken = Simulator(port=int(sim.host.split(":")[1]))
        with pytest.raises(OSError, match="in use"), taken:
            pass

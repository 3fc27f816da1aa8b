"""Backups on the real engine: what its rows and its record hold, a rebuild that is rolled back, and a fleet's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driver import copied_stack, more_machines, new_stack, of_machines
from zec_pulumi import health
from zec_pulumi.simulator import Simulator, assert_restored

if TYPE_CHECKING:
    from pathlib import Path

    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
BACKED_UP = ["StopInstances", "CreateImage", "ResetInstance"]


def fails_on(image_id: str) -> dict[str, Any]:
    """Return a gate that the image does not pass, and any other does. It asks the simulator what runs."""
    ask = (
        "import json, os, sys, urllib.request as r;"
        "u = 'http://{ZENLAYERCLOUD_DOMAIN}/_simulator/instances/{ZEC_INSTANCE_ID}'.format_map(os.environ);"
        f"sys.exit(json.load(r.urlopen(u))['imageId'] == {image_id!r} and 'the shop does not start' or 0)"
    )
    gate = health.command(["python3", "-c", ask], env=["ZENLAYERCLOUD_DOMAIN"], deadline=2, interval=0.5, successes=1)
    return gate.properties()


def disk(stack: Stack, instance_id: str) -> str:
    identity: str = stack.cloud.instance(instance_id)["diskIdentity"]
    return identity


@pytest.mark.slow  # examples/undo shows most of it every day
@pytest.mark.everywhere
def test_a_rebuild_with_a_backup_and_the_way_back(adopted: Stack, web_1: str) -> None:
    """The preview says it, the row shows the phases, the record holds it, and an ordinary rebuild restores it."""
    before = disk(adopted, web_1)
    asked = {"instance_id": web_1, "image_id": NOBLE, "backup": True}
    adopted.declare(web=asked)
    assert "; a backup of it is made first; no first-boot script runs" in adopted.preview().ok().text
    text = adopted.up().ok().text
    assert "making a backup of the boot disk, CREATING" in text
    assert adopted.actions() == BACKED_UP
    outputs = adopted.state()["web"]["outputs"]
    (backup,) = outputs["backups"]
    assert outputs["lastRebuild"]["backupImageId"] == backup["imageId"]
    adopted.up("--expect-no-changes").ok()

    adopted.declare(web={**asked, "image_id": backup["imageId"]})
    assert f"; it restores the backup of {backup['madeAt']} (attempt " in adopted.preview().ok().text
    adopted.up().ok()
    assert_restored(adopted.cloud, web_1, before)
    text = adopted.destroy().ok().text
    assert f"its backups stay in the account: {backup['imageId']}, " in text
    assert adopted.actions() == BACKED_UP * 2


@pytest.mark.slow  # examples/undo shows it every day
def test_a_rebuild_that_fails_its_gate_is_rolled_back(adopted: Stack, web_1: str) -> None:
    """Up fails once and says both, the old system runs, and the next preview shows the rebuild anew."""
    before = disk(adopted, web_1)
    rolled = {"backup": True, "health": fails_on(NOBLE), "on_unhealthy": "roll_back"}
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE, **rolled})
    text = adopted.up().failed().text
    assert "the last probe said: exit status 1: the shop does not start. It was rebuilt from its backup" in text
    assert_restored(adopted.cloud, web_1, before)
    assert adopted.actions() == [*BACKED_UP, "StopInstances", "ResetInstance"]
    record = adopted.state()["web"]["outputs"]
    assert "attempt" not in record
    assert record["imageId"] == record["backups"][0]["imageId"]
    adopted.refresh().ok()
    assert adopted.state()["web"]["outputs"] == record
    assert f"will be wiped: imageId {record['imageId']} (" in adopted.preview().ok().text


@pytest.fixture(scope="module")
def recorded_fleet(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Stack:
    """A stack to copy: it holds four machines, as many as a zone has room for images, as a fleet, as they are."""
    world, ids = more_machines(*(f"m{number}" for number in range(4)))
    with Simulator(seed=world) as cloud:
        stack = new_stack(tmp_path_factory.mktemp("fleet"), cloud, engine_folder, "newest")
        stack.declare(site={"instances": ids}).up().ok()
        return stack


@pytest.fixture
def fleet(tmp_path: Path, recorded_fleet: Stack) -> Any:
    """A copy of it, on a cloud of its own whose images take a second."""
    world, ids = more_machines(*(f"m{number}" for number in range(4)))
    with Simulator(seed=world, rebuild_seconds=1.0, stop_seconds=0.1) as cloud:
        yield copied_stack(recorded_fleet, tmp_path, cloud), ids


def test_a_canary_that_is_rolled_back_leaves_the_fleet_alone(fleet: tuple[Stack, dict[str, str]]) -> None:
    """Nothing is done to the others, and the canary runs what it ran."""
    stack, ids = fleet
    before = disk(stack, ids["m3"])
    rolled = {"backup": True, "health": fails_on(NOBLE), "on_unhealthy": "roll_back"}
    stack.declare(site={"instances": ids, "image_id": NOBLE, "canary": "m3", **rolled})
    assert "was rebuilt from its backup" in stack.up().failed().text
    assert {entry["instanceId"] for entry in of_machines(stack.cloud.ledger())} == {ids["m3"]}
    assert_restored(stack.cloud, ids["m3"], before)


@pytest.mark.slow
def test_images_of_a_fleet_are_made_at_once_and_read_together(fleet: tuple[Stack, dict[str, str]]) -> None:
    """One read of images a poll serves all of them; without a backup there is none."""
    stack, ids = fleet
    stack.declare(site={"instances": ids, "image_id": NOBLE, "max_unavailable": 4, "backup": True})
    begun = len(stack.cloud.requests())
    stack.up("--parallel", "16").ok()
    ledger = of_machines(stack.cloud.ledger())
    made = [entry["at"] for entry in ledger if entry["action"] == "CreateImage"]
    reset = [entry["at"] for entry in ledger if entry["action"] == "ResetInstance"]
    assert (len(made), len(reset)) == (4, 4)
    assert max(made) < min(reset), "all are begun before the first is done"
    reads = [r["at"] for r in stack.cloud.requests()[begun:] if r["action"] == "DescribeCustomImages"]
    # One for all of them each tenth of a second, the pace of tests, and those before the first image is begun.
    assert len([at for at in reads if at > max(made)]) <= 1.0 / 0.1 + 2

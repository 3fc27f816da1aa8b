"""Waiting for statuses, and the reads that all resources of a process share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import AuthenticationError
from zec_pulumi.errors import DeadlineError, InstanceGoneError
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig
    from zec_pulumi.api import Instance

WEB, NEW = "1272168087751233112", "1272168087751233115"
ZONE, JAMMY = "asia-east-1a", "ubuntu2204_20240712"


def settled(rig: Rig, instance_id: str, seconds: float = 3600.0) -> Instance:
    progress = Progress(rig.row, rig.clock, ticking=lambda: False)
    return rig.poller.settled(rig.live(instance_id), Deadline(rig.clock, seconds), progress)


def test_a_machine_at_rest_is_settled_without_a_read(rig: Rig) -> None:
    """What was read a moment ago is enough."""
    settled(rig, WEB)
    assert rig.sent("DescribeInstancesStatus") == 0


def test_a_first_creation_is_waited_out(rig: Rig) -> None:
    """DEPLOYING also means that the machine is being created."""
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 600})
    assert settled(rig, WEB).status == "RUNNING"
    assert rig.row.lines == ["waiting for the instance to settle, DEPLOYING"]


def test_an_unknown_status_is_waited_out_and_named(rig: Rig) -> None:
    """Nothing is decided while nobody knows what the machine does."""
    rig.sim.patch_instance(WEB, status="MIGRATING", pending={"becomes": "STOPPED", "afterSeconds": 60})
    assert settled(rig, WEB).status == "STOPPED"
    assert rig.row.lines == ["waiting for the instance to settle, MIGRATING (a status this version does not know)"]


def test_a_status_that_settles_only_in_one_of_the_two_reads_is_read_again(rig: Rig) -> None:
    """DescribeInstances may lag behind DescribeInstancesStatus."""
    rig.sim.patch_instance(WEB, status="BOOTING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    rig.sim.add_fault(action="DescribeInstances", nth=2, times=2, effect={"type": "lag", "reads": 1})
    assert settled(rig, WEB).status == "RUNNING"


def test_a_machine_that_never_settles_ends_at_the_deadline(rig: Rig) -> None:
    """With its id and its status; nothing was sent."""
    with pytest.raises(DeadlineError, match=f"the time is up; instance {NEW} is DEPLOYING"):
        settled(rig, NEW, seconds=300)
    assert rig.actions() == []


def test_a_machine_that_vanishes_while_it_settles_is_gone(rig: Rig) -> None:
    """Released by somebody else."""
    live = rig.live(NEW)
    rig.sim.delete_instance(NEW)
    with pytest.raises(InstanceGoneError, match=NEW):
        rig.poller.settled(live, Deadline(rig.clock), Progress(rig.row, rig.clock, ticking=lambda: False))


def test_refused_credentials_are_not_waited_out(rig: Rig) -> None:
    """They would not get better by waiting."""
    denied = {"type": "error", "code": "AUTHFAILURE_SIGNATURE_FAILURE", "status": 401}
    rig.sim.add_fault(action="DescribeInstancesStatus", effect=denied)
    with pytest.raises(AuthenticationError):
        settled(rig, NEW)


def test_an_instance_is_gone_after_two_empty_reads(rig: Rig) -> None:
    """One may be a hiccup, and gone means dropped from the state."""
    rig.sim.add_fault(action="DescribeInstances", nth=1, effect={"type": "missing"})
    assert rig.live(WEB).instance_id == WEB
    assert rig.reader.instance("1") is None
    assert rig.sent("DescribeInstances") == 4


def test_an_instance_that_the_api_says_does_not_exist_is_gone_at_once(rig: Rig) -> None:
    """An unknown id may be an error instead of an empty list."""
    unknown = {"type": "error", "code": "INVALID_INSTANCE_NOT_FOUND", "status": 404}
    rig.sim.add_fault(action="DescribeInstances", effect=unknown)
    assert rig.reader.instance(WEB) is None
    assert rig.sent("DescribeInstances") == 1


def test_refused_credentials_never_count_as_gone(rig: Rig) -> None:
    """Else a wrong password would empty the state."""
    denied = {"type": "error", "code": "AUTHFAILURE_INVALID_AUTHORIZATION", "status": 401}
    rig.sim.add_fault(action="DescribeInstances", effect=denied)
    with pytest.raises(AuthenticationError):
        rig.reader.instance(WEB)


def test_images_of_a_zone_are_read_once_a_minute(rig: Rig) -> None:
    """A hundred resources do not read the same list a hundred times."""
    for _ in range(3):
        assert rig.reader.image(ZONE, JAMMY)
    assert rig.sent("DescribeImages") == 1
    rig.clock.sleep(61)
    assert rig.reader.image(ZONE, JAMMY)
    assert rig.sent("DescribeImages") == 2


def test_an_own_image_is_found_although_the_zone_does_not_list_it(rig: Rig) -> None:
    """DescribeCustomImages is asked second."""
    image = rig.reader.image(ZONE, "custom-fra0Db41")
    assert image is not None
    assert rig.reader.image(ZONE, "no-such-image") is None

"""The one line that a reviewer reads, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import Instance
from zec_pulumi.messages import rebuild as sentences
from zec_pulumi.planning import status
from zec_pulumi.planning.inputs import parse_recorded
from zec_pulumi.planning.plan import Cause, Kind, Plan

LIVE = Instance.model_validate(
    {
        "instanceId": "zec-0a1b",
        "instanceName": "web-1",
        "imageId": "ubuntu2204",
        "status": "RUNNING",
        "systemDisk": {"diskSize": 40},
    }
)
IMAGE = Cause("imageId", "ubuntu2204", "ubuntu2404")
AND = f"; {sentences.CONSEQUENCES}"
WIPE = Plan(Kind.REBUILD, (IMAGE,))


def live(**changed: Any) -> Instance:
    return LIVE.model_copy(update=changed)


@pytest.mark.parametrize(
    ("plan", "machine", "line"),
    [
        (
            WIPE,
            LIVE,
            "rebuild: boot disk of zec-0a1b (web-1, 40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404" + AND,
        ),
        (
            Plan(Kind.REBUILD, (IMAGE, Cause("userData")), undecided=("keyId",)),
            live(instance_name=None),
            (
                "rebuild: boot disk of zec-0a1b (40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404,"
                " userData changed (not known yet: keyId)" + AND
            ),
        ),
        (WIPE, None, "rebuild: boot disk of zec-0a1b will be wiped: imageId ubuntu2204 → ubuntu2404" + AND),
        (
            WIPE,
            live(status="STOPPING"),
            (
                "rebuild: boot disk of zec-0a1b (web-1, 40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404"
                + AND
                + "; the instance is STOPPING, up waits for that to end and decides then"
            ),
        ),
        (Plan(Kind.ADOPT), LIVE, "adopt: already runs ubuntu2204; nothing is wiped"),
        (
            Plan(Kind.ADOPT, changes=("instanceName",)),
            LIVE,
            "adopt: already runs ubuntu2204; nothing is wiped; changed in place: instanceName",
        ),
        (
            Plan(Kind.ADOPT),
            live(status="REINSTALL_FAILED"),
            "adopt: is REINSTALL_FAILED with ubuntu2204; nothing is wiped",
        ),
        (
            Plan(Kind.CHANGE, changes=("password", "instanceName")),
            LIVE,
            "change in place: password, instanceName of zec-0a1b (web-1, 40 GiB); nothing is wiped",
        ),
        (
            Plan(Kind.NONE, undecided=("imageId",)),
            LIVE,
            "undecided: not known yet: imageId; boot disk of zec-0a1b (web-1, 40 GiB) will be wiped if that differs",
        ),
        (
            Plan(Kind.ADOPT, undecided=("instanceId",)),
            None,
            (
                "undecided: not known yet: instanceId;"
                " up reads the machine, adopts it if it is as wanted, and else rebuilds it"
            ),
        ),
        (Plan(Kind.NONE), LIVE, None),
    ],
)
def test_the_line_of_a_plan(plan: Plan, machine: Instance | None, line: str | None) -> None:
    """It names the machine, what happens to its disk, and why."""
    assert sentences.line(plan, machine, "zec-0a1b") == line


@pytest.mark.parametrize(
    ("outcome", "machine", "line"),
    [
        (
            "accepted",
            live(status="DEPLOYING"),
            "join: rebuild accepted 12m00s ago, DEPLOYING; up goes on waiting for it and wipes nothing again",
        ),
        (
            "unknown",
            None,
            (
                "join: rebuild sent, its answer lost, 12m00s ago, not read; up goes on waiting for it and wipes nothing"
                " again"
            ),
        ),
        (
            "failed",
            live(status="REINSTALL_FAILED"),
            (
                "join: the rebuild accepted 12m00s ago failed, the instance is REINSTALL_FAILED; nothing is wiped again"
                " unless rebuild_token changes"
            ),
        ),
    ],
)
def test_the_line_of_an_open_attempt(outcome: str, machine: Instance | None, line: str) -> None:
    """How long ago, and what the machine shows now."""
    recorded = parse_recorded({"attempt": {"id": "a", "startedAt": 1000.0, "outcome": outcome}})
    assert sentences.join(recorded, machine, 1720.0) == line


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (IMAGE, "imageId ubuntu2204 → ubuntu2404"),
        (Cause("keyId", None, "key-1"), "keyId none → key-1"),
        (Cause("userData"), "userData changed"),
        (Cause("adopt"), 'adopt is "never"'),
        (Cause("imageId", "b", "a", drift=True), "imageId was changed outside Pulumi: a → b, and goes back"),
        (Cause("keyId", None, "a", drift=True), "keyId was changed outside Pulumi: a → none, and goes back"),
    ],
)
def test_a_cause_in_words(cause: Cause, text: str) -> None:
    """Ids and names from and to; what is secret is only named."""
    assert str(cause) == text


@pytest.mark.parametrize("value", ["RUNNING", "STOPPED", "REINSTALL_FAILED", "CREATE_FAILED", "RECYCLE", "RECYCLED"])
def test_stable_statuses_are_not_waited_out(value: str) -> None:
    """They do not change by themselves."""
    assert not status.is_transitional(value)
    assert status.shown(value) == value


@pytest.mark.parametrize("value", ["DEPLOYING", "REBUILDING", "BOOTING", "STOPPING", "PENDING", "REBOOT", "IMAGING"])
def test_documented_transitional_statuses_are_waited_out(value: str) -> None:
    """And shown as they are."""
    assert status.is_transitional(value)
    assert status.shown(value) == value


@pytest.mark.parametrize("value", ["SOMETHING_NEW", "UNKNOWN", "running"])
def test_unknown_statuses_are_waited_out_and_named(value: str) -> None:
    """Whatever a later API calls it."""
    assert status.is_transitional(value)
    assert status.shown(value) == f"{value} (a status this version does not know)"

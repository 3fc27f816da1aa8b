"""Drift, seen by refresh and named in the next preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from driver import SDKS, Stack, more_machines, new_stack, rows_of
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
REBUILD = ["StopInstances", "ResetInstance"]

MACHINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "image": ({"image_id": JAMMY}, {"imageId": DEBIAN}),
    "omitted": ({"key_id": "key-YWD2QFOl"}, {"imageId": DEBIAN}),
    "zone": ({"image_id": JAMMY, "timezone": "Asia/Shanghai"}, {"timeZone": "America/New_York"}),
    "same": ({"image_id": JAMMY, "user_data": "#!/bin/sh\n", "password": "Secret-pass1"}, {}),
    "bare": ({}, {}),
    "gone": ({"image_id": JAMMY}, {}),
}
"""What the program says of each machine, and what somebody changes there."""
WORLD, IDS = more_machines(*MACHINES)


@dataclass
class Drifted:
    """One stack whose machines were changed outside: what each command said, and what was recorded before and after."""

    stack: Stack
    recorded: dict[str, dict[str, Any]]
    unrefreshed: dict[str, list[str]]
    refresh: str
    refreshed: dict[str, dict[str, Any]]
    rows: dict[str, list[str]]


@pytest.fixture(scope="module", params=["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def drifted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine_folder: Path
) -> Iterator[Drifted]:
    """Recorded, changed outside, previewed, refreshed, previewed again."""
    assert request.param in SDKS
    with Simulator(WORLD, rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        stack = new_stack(tmp_path_factory.mktemp("drifted"), cloud, engine_folder, str(request.param))
        program = {name: {"instance_id": IDS[name], **said} for name, (said, _) in MACHINES.items()}
        stack.declare(**program).up().ok()
        recorded = stack.state()
        for name, (_, changed) in MACHINES.items():
            cloud.patch_instance(IDS[name], **changed)
        unrefreshed = rows_of(stack.preview("--json", "--expect-no-changes").ok().stdout)
        cloud.delete_instance(IDS["gone"])
        refresh = stack.refresh().ok().text
        refreshed = stack.state()
        program.pop("gone")
        rows = rows_of(stack.declare(**program).preview("--json").ok().stdout)
        assert stack.actions() == []
        yield Drifted(stack, recorded, unrefreshed, refresh, refreshed, rows)


class TestDrift:
    def test_an_image_changed_outside_is_seen_before_and_recorded_by_a_refresh(self, drifted: Drifted) -> None:
        """Before it no change of the program's; after it the next preview says that the program did not change."""
        way = f"{JAMMY} → {DEBIAN}; after pulumi refresh, preview shows the way back"
        assert f"imageId was changed outside Pulumi: {way}" in "".join(drifted.unrefreshed["image"])
        assert drifted.refreshed["image"]["outputs"]["imageId"] == DEBIAN
        drift = f"imageId {DEBIAN} (Debian 12) → {JAMMY} (Ubuntu Server 22.04 LTS) (changed outside Pulumi)"
        assert drift in "".join(drifted.rows["image"])

    def test_refresh_without_drift_changes_nothing(self, drifted: Drifted) -> None:
        """Neither the record nor the machine; the password stays encrypted."""
        assert drifted.refreshed["same"]["inputs"].keys() == drifted.recorded["same"]["inputs"].keys()
        assert drifted.refreshed["same"]["outputs"].keys() == drifted.recorded["same"]["outputs"].keys()
        assert "same" not in drifted.rows
        assert "Secret-pass1" not in drifted.refresh + drifted.stack.run("stack", "export").ok().stdout

    def test_an_omitted_image_is_not_drift(self, drifted: Drifted) -> None:
        """A program that does not name the image has no opinion about it."""
        assert drifted.refreshed["omitted"]["outputs"]["imageId"] == DEBIAN
        assert "omitted" not in drifted.rows

    def test_a_time_zone_changed_outside_is_a_warning_not_a_change(self, drifted: Drifted) -> None:
        """As a change it would be refused, because nothing but a rebuild can change it."""
        said = "timezone was changed outside Pulumi: Asia/Shanghai → America/New_York"
        assert said in drifted.refresh
        assert said in "".join(drifted.rows["zone"])

    def test_a_machine_that_is_gone_leaves_the_state(self, drifted: Drifted) -> None:
        """The API shows nothing for it: refresh drops it."""
        assert drifted.recorded.keys() - drifted.refreshed.keys() == {"gone"}

    def test_everything_omitted_is_recorded_as_the_machine_has_it(self, drifted: Drifted) -> None:
        """And a refresh leaves it so."""
        for state in (drifted.recorded, drifted.refreshed):
            outputs = state["bare"]["outputs"]
            assert (outputs["imageId"], outputs["keyId"], outputs["instanceName"]) == (JAMMY, "key-YWD2QFOl", "bare")

    def test_drift_is_repaired_once_and_nothing_else_is_touched(self, drifted: Drifted) -> None:
        """Up brings the image back; afterwards there is nothing to do."""
        drifted.stack.up().ok()
        done = [(entry["action"], entry["instanceId"]) for entry in drifted.stack.cloud.ledger()]
        assert done == [(action, IDS["image"]) for action in REBUILD]
        assert drifted.stack.cloud.instance(IDS["image"])["imageId"] == JAMMY
        drifted.stack.preview("--expect-no-changes").ok()


def test_a_preview_names_a_machine_that_is_gone(adopted: Stack, web_1: str) -> None:
    """Until a refresh drops it."""
    adopted.cloud.delete_instance(web_1)
    assert "was not found in this account" in adopted.preview().failed().text


def test_wrong_credentials_never_count_as_gone(adopted: Stack) -> None:
    """Refresh fails with one sentence, and the record stays."""
    adopted.environment["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "wrong-password"
    text = adopted.refresh().failed().text
    assert "AUTHFAILURE_SIGNATURE_FAILURE" in text
    assert "wrong-password" not in text
    assert list(adopted.state()) == ["web"]

"""What each change of the program does to the machine, on the real engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from driver import Stack, more_machines, new_stack, of_machines, rows_of
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
REBUILD = ["StopInstances", "ResetInstance"]
WEB_2 = "1272168087751233113"

TRIGGERS: dict[str, tuple[dict[str, Any], str]] = {
    "image": ({"image_id": NOBLE}, f"imageId {JAMMY} (Ubuntu Server 22.04 LTS) → {NOBLE}"),
    "key": ({"key_id": "key-2ndKey01"}, "keyId key-YWD2QFOl → key-2ndKey01"),
    "script": ({"user_data": "#!/bin/sh\necho first\n"}, "userData given"),
    "token": ({"rebuild_token": "2026-11"}, "rebuildToken given"),
    "zone": (
        {"timezone": "America/New_York", "rebuild_on": ["timezone"]},
        "timezone Asia/Shanghai → America/New_York",
    ),
    "agent": ({"enable_agent": False, "rebuild_on": ["enable_agent"]}, "enableAgent on → off"),
}
IN_PLACE = {
    "renamed": ({"instance_name": "front-1"}, "ModifyInstancesAttribute"),
    "password": ({"password": "Secret-pass1"}, "ResetInstancePassword"),
}
IGNORED = {"snake": "image_id", "camel": "imageId"}
WORLD, IDS = more_machines(*TRIGGERS, *IN_PLACE, *IGNORED)
CHANGES = {
    **{name: change for name, (change, _) in (TRIGGERS | IN_PLACE).items()},
    **{name: {"image_id": NOBLE, "opts": {"ignore_changes": [spelling]}} for name, spelling in IGNORED.items()},
}


@dataclass
class Edited:
    """One edit of many resources on one stack: what preview and up said, and what was done."""

    stack: Stack
    rows: dict[str, list[str]]
    shown: str
    ledger: list[dict[str, Any]]

    def actions(self, name: str) -> list[str]:
        """Return what was done to the machine of that name, in order."""
        return [entry["action"] for entry in self.ledger if entry["instanceId"] == IDS[name]]


def program(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all resources, each with its change."""
    return {name: {"instance_id": IDS[name], "image_id": JAMMY, **CHANGES[name]} for name in CHANGES} | more


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Iterator[Edited]:
    """All machines recorded as they are, and then a change of each in one up."""
    with Simulator(WORLD, rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        stack = new_stack(tmp_path_factory.mktemp("edited"), cloud, engine_folder, "newest")
        stack.declare(**{name: {"instance_id": IDS[name], "image_id": JAMMY} for name in CHANGES}).up().ok()
        assert stack.actions() == []
        stack.declare(**program())
        shown = stack.preview("--json").ok().stdout
        up = stack.up("--parallel", str(len(CHANGES))).ok().text
        yield Edited(stack, rows_of(shown), shown + up, of_machines(cloud.ledger()))


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_rebuilds_once(edited: Edited, name: str) -> None:
    """The cause is on the row, and the machine is rebuilt once, on the image that the program names."""
    (row,) = edited.rows[name]
    change, cause = TRIGGERS[name]
    assert f"boot disk of {IDS[name]} ({name}, 40 GiB) will be wiped: {cause}" in row
    assert edited.actions(name) == REBUILD
    assert edited.stack.cloud.instance(IDS[name])["imageId"] == change.get("image_id", JAMMY)


def test_the_reset_sends_what_the_machine_has_for_all_that_is_omitted(edited: Edited) -> None:
    """Key, time zone and agent are sent as the machine has them, so that a rebuild changes nothing but the image."""
    sent = [entry["parameters"] for entry in edited.ledger if entry["instanceId"] == IDS["image"]]
    assert sent[-1] == {
        "imageId": NOBLE,
        "keyId": "key-YWD2QFOl",
        "timezone": "Asia/Shanghai",
        "enableAgent": True,
    }


def test_every_line_of_a_json_preview_stands_once(edited: Edited) -> None:
    """The pipeline's view: one warning under the resource's URN, with names, ids and consequences."""
    (row,) = edited.rows["image"]
    for part in (
        IDS["image"],
        "image, 40 GiB",
        f"{JAMMY} (Ubuntu Server 22.04 LTS)",
        NOBLE,
        "powered off",
        "SSH host keys",
    ):
        assert part in row


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_name_or_a_password_alone_is_changed_in_place(edited: Edited, name: str) -> None:
    """One call is all that is sent."""
    assert edited.actions(name) == [IN_PLACE[name][1]]


def test_the_row_of_a_change_in_place_says_so(edited: Edited) -> None:
    """It is no rebuild; the machine has its new name."""
    assert "change in place: instanceName" in "".join(edited.rows["renamed"])
    assert edited.stack.cloud.instance(IDS["renamed"])["instanceName"] == "front-1"


def test_a_password_is_never_shown(edited: Edited) -> None:
    """It is in no output, and encrypted in the state."""
    assert "Secret-pass1" not in edited.shown
    assert "Secret-pass1" not in edited.stack.run("stack", "export").ok().stdout
    assert "ciphertext" in str(edited.stack.state()["password"]["outputs"]["password"])


@pytest.mark.parametrize("name", IGNORED)
def test_ignore_changes_works_in_both_spellings(edited: Edited, name: str) -> None:
    """An ignored image is neither shown nor rebuilt."""
    assert name not in edited.rows
    assert edited.actions(name) == []


def test_afterwards_there_is_nothing_to_do_and_a_new_token_rebuilds_one_again(edited: Edited) -> None:
    """A rebuild on the same image, exactly once per change of rebuild_token; taking it out does nothing."""
    stack = edited.stack
    stack.declare(**program()).preview("--expect-no-changes").ok()
    token = {"instance_id": IDS["token"], "image_id": JAMMY}
    stack.declare(**program(token={**token, "rebuild_token": "2026-12"})).up().ok()
    stack.declare(**program(token=token)).up().ok()
    later = of_machines(stack.cloud.ledger())[len(edited.ledger) :]
    assert [(entry["action"], entry["instanceId"]) for entry in later] == [(one, IDS["token"]) for one in REBUILD]


def test_a_renamed_resource_and_a_new_stack_adopt_and_wipe_nothing(edited: Edited) -> None:
    """User data cannot be read back, so a record that is lost must not cost a healthy machine its disk."""
    stack, before = edited.stack, len(edited.stack.actions())
    script = {"instance_id": IDS["script"], "image_id": JAMMY, "user_data": "#!/bin/sh\necho first\n"}
    text = stack.declare(frontend=script).preview().ok().text
    assert "adopt: already runs" in text
    assert "user data was not run" in text
    stack.up().ok()
    assert list(stack.state()) == ["frontend"]

    stack.run("stack", "rm", "--yes", "--force", "--preserve-config").ok()
    stack.run("stack", "init", "dev").ok()
    stack.up().ok()
    stack.preview("--expect-no-changes").ok()
    assert stack.actions()[before:] == []


@pytest.mark.slow  # every day in tests/unit
def test_a_time_zone_alone_is_refused_in_preview(adopted: Stack, web_1: str) -> None:
    """Only a rebuild changes it and nothing asks for one: refused with the two ways out, nothing sent."""
    adopted.declare(web={"instance_id": web_1, "image_id": JAMMY, "timezone": "America/New_York"})
    for ran in (adopted.preview().failed(), adopted.up().failed()):
        assert "add 'timezone' to rebuild_on or change rebuild_token" in ran.text
    assert adopted.actions() == []


def test_another_instance_id_forgets_the_old_machine(adopted: Stack, web_1: str) -> None:
    """The new machine is adopted, the old one forgotten; neither is touched."""
    adopted.declare(web={"instance_id": WEB_2, "image_id": NOBLE})
    assert "adopt: already runs" in adopted.up().ok().text
    assert adopted.actions() == []
    assert adopted.state()["web"]["id"] == WEB_2
    assert adopted.cloud.instance(web_1)["imageId"] == JAMMY


@pytest.mark.slow  # the example `quickstart` shows it every day
def test_adopt_only_refuses_a_machine_that_differs(stack: Stack, web_1: str) -> None:
    """Preview and up refuse, name what differs, and send nothing."""
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "adopt": "only"})
    for ran in (stack.preview().failed(), stack.up().failed()):
        assert f"the machine differs: imageId {JAMMY} → {NOBLE}" in ran.text
    assert stack.actions() == []


def test_rebuild_protection_refuses_in_up_and_is_an_error_line_in_preview(adopted: Stack, web_1: str) -> None:
    """The preview goes on, so that a reviewer sees all rows; up stops before the machine is touched."""
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE, "rebuild_protection": True})
    text = adopted.preview().text
    assert "error: rebuild_protection is set" in text
    assert "warning: rebuild: boot disk" in text
    assert "rebuild_protection is set" in adopted.up().failed().text
    assert adopted.actions() == []
    assert adopted.cloud.instance(web_1)["status"] == "RUNNING"

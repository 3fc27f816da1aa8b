"""A backup of the disk before it is wiped, the way back to it, and which backups are kept: several ups in a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.points import Disturbance
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi import health
from zec_pulumi.errors import StopReason
from zec_pulumi.operations.backups import PlannedBackups, warnings
from zec_pulumi.planning import backups
from zec_pulumi.planning.inputs import parse_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rebuild.conftest import StrictStack as Stack

BACKED_UP = ["StopInstances", "CreateImage", "ResetInstance"]


@pytest.fixture
def adopted(stack: Stack) -> Stack:
    """A stack that holds web-1 on the older image."""
    stack.sim.patch_instance(WEB, publicIpAddresses=["127.0.0.1"])
    stack.up(imageId=JAMMY)
    return stack


def images(stack: Stack) -> dict[str, dict[str, Any]]:
    """The account's backups by id, as the cloud has them."""
    return {
        image.image_id: image.model_dump(by_alias=True)
        for image in stack.world.cloud.world.images.values()
        if any(tag.key == backups.ATTEMPT_KEY for tag in image.tags)
    }


def disk(stack: Stack) -> str:
    """What is on the boot disk."""
    identity: str = stack.machine()["diskIdentity"]
    return identity


def fault(stack: Stack, action: str, **effect: Any) -> None:
    stack.sim.add_fault(action=action, nth=1, effect=effect)


def fail(stack: Stack, words: str, **inputs: Any) -> str:
    with pytest.raises(stack.Failed, match=words) as raised:
        stack.up(inputs)
    return str(raised.value)


@pytest.fixture
def gate(tmp_path: Path) -> dict[str, Any]:
    """A health gate that no machine passes until :func:`passes_again`."""
    gate = health.command(["test", "-e", str(tmp_path / "healthy")], deadline=30, interval=10)
    return gate.properties()


@pytest.fixture
def bad_image(adopted: Stack, gate: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """A program whose image does not pass its health gate; the system of before does."""
    passes_again(adopted, tmp_path)
    return {"imageId": NOBLE, "backup": True, "health": gate, "onUnhealthy": "roll_back"}


def passes_again(stack: Stack, folder: Path) -> None:
    """Let the gate pass from the moment on in which a roll-back begins."""
    stack.world.points.armed = Disturbance(
        f"row instance {WEB} (web-1) was rebuilt, but", 1, (folder / "healthy").touch
    )


def test_without_backup_no_call_is_made_for_one(adopted: Stack) -> None:
    """Neither a mutation nor a read."""
    adopted.up(imageId=NOBLE)
    assert adopted.actions() == ["StopInstances", "ResetInstance"]
    assert not [r for r in adopted.sim.requests() if r["action"] in ("DescribeCustomImages", "CreateImage")]


def test_the_disk_is_kept_before_it_is_wiped(adopted: Stack) -> None:
    """The image has the disk of before, and its tags say whose it is."""
    before = disk(adopted)
    adopted.up(imageId=NOBLE, backup=True)
    assert adopted.actions() == BACKED_UP
    ((image_id, image),) = images(adopted).items()
    assert (image["imageStatus"], image["diskIdentity"], disk(adopted) != before) == ("AVAILABLE", before, True)
    last = adopted.outputs["lastRebuild"]
    assert {tag["key"]: tag["value"] for tag in image["tags"]} == {
        "zec-pulumi-backup": last["attemptId"],
        "zec-pulumi-backup-of": WEB,
        "zec-pulumi-backup-stack": "dev/demo",
    }
    assert last["backupImageId"] == image_id
    (kept,) = adopted.outputs["backups"]
    assert (kept["imageId"], kept["attemptId"], kept["seconds"] > 0) == (image_id, last["attemptId"], True)
    assert re.fullmatch(r"web-1-\d{8}-\d{6}-[0-9a-f]{8}", image["imageName"])


def test_the_reset_is_not_accepted_before_the_image_is_available(adopted: Stack) -> None:
    """The cloud refuses it in between; the provider does not even ask."""
    adopted.up(imageId=NOBLE, backup=True)
    requests = [request["action"] for request in adopted.sim.requests()]
    assert requests.count("ResetInstance") == 1
    assert "DescribeCustomImages" in requests[requests.index("CreateImage") : requests.index("ResetInstance")]


def test_the_row_says_that_a_backup_is_made_and_how_long_all_takes(adopted: Stack) -> None:
    """The time once it is known."""
    (line,) = (text for text in adopted.preview({"imageId": NOBLE, "backup": True}).lines if "rebuild: " in text)
    assert "; a backup of it is made first; " in line
    adopted.up(imageId=NOBLE, backup=True)
    (line,) = (text for text in adopted.preview({"imageId": JAMMY, "backup": True}).lines if "rebuild: " in text)
    assert re.search(r"; a backup of it is made first, and all takes about \dm\d\ds; ", line)


def test_the_stack_s_setting_makes_backups_unless_the_program_says_no(adopted: Stack) -> None:
    """A GPU instance in such a stack must have a way out."""
    adopted.settings = {"zec:backup": "true"}
    adopted.up(imageId=NOBLE)
    assert adopted.actions() == BACKED_UP
    adopted.up(imageId=JAMMY, backup=False)
    assert adopted.actions().count("CreateImage") == 1


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ({"type": "error", "code": "INVALID_IMAGE_QUOTA_EXCEED", "status": 400}, "INVALID_IMAGE_QUOTA_EXCEED"),
        ({"type": "drop"}, "No image of that attempt is shown"),
        ({"type": "image_fails"}, r"the backup failed: image custom-\d+ is UNAVAILABLE"),
    ],
    ids=["refused", "lost", "failed"],
)
def test_without_the_backup_nothing_is_wiped(adopted: Stack, effect: dict[str, Any], words: str) -> None:
    """The machine is started again, and one sentence says so."""
    before = disk(adopted)
    fault(adopted, "CreateImage", **effect)
    text = fail(adopted, words, imageId=NOBLE, backup=True)
    assert "Nothing was wiped; instance 1272168087751233112 (web-1) was powered off for this, has been started" in text
    assert (adopted.machine()["status"], disk(adopted), adopted.world.resets()) == ("RUNNING", before, 0)
    assert "attempt" not in adopted.outputs


def test_a_backup_whose_answer_was_lost_is_found_by_its_tags(adopted: Stack) -> None:
    """It is never asked for twice."""
    fault(adopted, "CreateImage", type="drop", carriedOut=True)
    adopted.up(imageId=NOBLE, backup=True)
    assert adopted.actions() == BACKED_UP
    assert list(images(adopted)) == [adopted.outputs["lastRebuild"]["backupImageId"]]


def test_a_backup_that_takes_too_long_leaves_the_machine_running(adopted: Stack) -> None:
    """What is left of the time is the rebuild's."""
    adopted.timeout = 600.0
    fault(adopted, "CreateImage", type="never_ends")
    text = fail(adopted, "the backup was not made within 7m", imageId=NOBLE, backup=True)
    assert "custom_timeouts" in text
    assert "was powered off for this and is IMAGING" in text
    assert adopted.world.resets() == 0


def test_too_little_time_is_said_before_the_power_off(adopted: Stack) -> None:
    """Nothing at all is done."""
    adopted.up(imageId=NOBLE, backup=True)
    done = len(adopted.actions())
    adopted.timeout = 70.0
    text = fail(adopted, "no backup was begun: 1m", imageId=JAMMY, backup=True)
    assert "Nothing was changed; instance 1272168087751233112 (web-1) is RUNNING" in text
    assert len(adopted.actions()) == done


def test_a_gpu_instance_is_refused_in_the_preview(adopted: Stack) -> None:
    """The API makes no image of one."""
    adopted.sim.patch_instance(WEB, instanceType=None)
    outcome = adopted.preview({"imageId": NOBLE, "backup": True})
    assert "backup: the API makes no image of a GPU instance; set backup=False" in outcome.text


def test_a_full_quota_is_warned_of_in_the_preview(adopted: Stack) -> None:
    """It is not refused, as the quota is not documented for this service."""
    for number in range(4):
        adopted.up(imageId=(NOBLE, JAMMY)[number % 2], backup={"keep": 9})
    lines = adopted.preview({"imageId": NOBLE, "backup": True}).lines
    assert any("images of its own in asia-east-1. If the API takes no more, up wipes nothing" in text for text in lines)


def test_more_backups_than_there_may_be_room_for_are_warned_of_once(adopted: Stack) -> None:
    """By the resource whose backup may be the first too many, however often it is looked at."""
    adopted.up(imageId=NOBLE, backup=True)
    reader, planned, live = adopted.world.process.reader, PlannedBackups(), adopted.world.process.reader.instance(WEB)
    assert live
    recorded = parse_recorded(adopted.outputs)
    found = {n: list(warnings(reader, planned, f"web-{n}", live, recorded)) for n in (0, 1, 2, 3, 4, 5, 6, 4)}
    assert [number for number, lines in found.items() if lines] == [3]
    assert "it is number 4 of those planned in asia-east-1, beside 2 images that the account has there" in found[3][0]


def test_the_older_backup_is_deleted_once_the_rebuild_is_verified(adopted: Stack) -> None:
    """One is kept unless the program says otherwise."""
    adopted.up(imageId=NOBLE, backup=True)
    first = adopted.outputs["backups"][0]["imageId"]
    adopted.up(imageId=JAMMY, backup=True)
    (kept,) = adopted.outputs["backups"]
    assert (list(images(adopted)), kept["imageId"] != first) == ([kept["imageId"]], True)
    listed = [tag.value for tag in adopted.world.cloud.world.tags if tag.key == backups.ATTEMPT_KEY]
    assert listed == [kept["attemptId"]]


def test_as_many_are_kept_as_the_program_says(adopted: Stack) -> None:
    """The newest ones."""
    made = []
    for image in (NOBLE, JAMMY, NOBLE):
        adopted.up(imageId=image, backup={"keep": 2})
        made.append(adopted.outputs["lastRebuild"]["backupImageId"])
    assert [one["imageId"] for one in adopted.outputs["backups"]] == made[1:] == list(images(adopted))


def test_an_image_that_is_not_tagged_as_this_very_backup_is_not_deleted(adopted: Stack) -> None:
    """A record that somebody edited must not delete another's image."""
    adopted.up(imageId=NOBLE, backup=True)
    adopted.outputs["backups"] = [{"imageId": "custom-5Yx8Hq2c", "attemptId": "x"}]
    outcome = adopted.up(imageId=JAMMY, backup=True)
    assert "custom-5Yx8Hq2c" in adopted.world.cloud.world.images
    assert any("older backups stay" in text for text in outcome.lines)


def test_turning_backups_off_deletes_none(adopted: Stack) -> None:
    """Only a new one takes the place of an old one."""
    adopted.up(imageId=NOBLE, backup=True)
    adopted.up(imageId=JAMMY)
    assert list(images(adopted)) == [one["imageId"] for one in adopted.outputs["backups"]]


def test_destroying_names_what_stays(adopted: Stack) -> None:
    """And deletes nothing."""
    adopted.up(imageId=NOBLE, backup=True)
    (image_id,) = images(adopted)
    outcome = adopted.destroy()
    assert any(f"its backups stay in the account: {image_id}" in text for text in outcome.lines)
    assert list(images(adopted)) == [image_id]


def test_a_refresh_drops_a_backup_that_somebody_deleted(adopted: Stack) -> None:
    """And says so."""
    adopted.up(imageId=NOBLE, backup=True)
    (image_id,) = images(adopted)
    del adopted.world.cloud.world.images[image_id]
    outcome = adopted.refresh()
    assert any(f"image {image_id}, does not exist any more" in text for text in outcome.lines)
    assert "backups" not in adopted.outputs


def test_the_way_back_is_an_ordinary_rebuild(adopted: Stack) -> None:
    """Its row says what is restored; no script is sent, and the old disk is there again."""
    before = disk(adopted)
    program = {"userData": "#!/bin/sh\n", "backup": True}
    adopted.up(imageId=NOBLE, **program)
    (image_id,) = images(adopted)
    attempt = adopted.outputs["lastRebuild"]["attemptId"]
    (line,) = (t for t in adopted.preview({"imageId": image_id, **program}).lines if "rebuild: " in t)
    made_at = adopted.outputs["backups"][0]["madeAt"]
    assert f"; it restores the backup of {made_at} (attempt {attempt[:8]}), in which no first-boot script runs" in line
    adopted.up(imageId=image_id, **program)
    assert disk(adopted) == before
    (last,) = [entry for entry in adopted.sim.ledger() if entry["action"] == "ResetInstance"][-1:]
    assert "userData" not in last["parameters"]
    assert adopted.up(imageId=image_id, **program).changes is False


def test_a_script_that_was_not_sent_to_a_restored_system_is_taken_out_without_a_wipe(adopted: Stack) -> None:
    """It never ran there."""
    adopted.up(imageId=NOBLE, userData="#!/bin/sh\n", backup=True)
    (image_id,) = images(adopted)
    adopted.up(imageId=image_id, userData="#!/bin/sh\n", backup=True)
    done = adopted.world.resets()
    adopted.up(imageId=image_id, backup=True)
    assert adopted.world.resets() == done


@pytest.mark.parametrize("named", [True, False])
def test_a_new_script_for_a_system_that_was_restored_runs_there(
    adopted: Stack,
    named: bool,  # noqa: FBT001 a fact
) -> None:
    """It is what the rebuild is for: the image stays, be it named or omitted."""
    adopted.up(imageId=NOBLE, backup=True)
    (image_id,) = images(adopted)
    adopted.up(imageId=image_id, backup={"keep": 2})
    image = {"imageId": image_id} if named else {}
    program = {**image, "userData": "#!/bin/sh\n", "backup": {"keep": 2}}
    assert not any("restores" in text for text in adopted.preview(program).lines)
    adopted.up(program)
    (last,) = [entry for entry in adopted.sim.ledger() if entry["action"] == "ResetInstance"][-1:]
    assert (last["parameters"]["imageId"], "userData" in last["parameters"]) == (image_id, True)
    assert "userDataNotRun" not in adopted.outputs["applied"]
    # It is on the machine, so that only a rebuild takes it off.
    assert any("will be wiped" in text for text in adopted.preview({**image, "backup": True}).lines)


@pytest.mark.parametrize("allowed", ["restore", "imageId"])
def test_a_restore_can_be_allowed_by_itself(adopted: Stack, allowed: str) -> None:
    """It is a change of the image, too."""
    adopted.up(imageId=NOBLE, backup=True)
    (image_id,) = images(adopted)
    adopted.settings = {"zec:allowedCauses": allowed}
    adopted.up(imageId=image_id, backup=True)
    assert adopted.machine()["imageId"] == image_id


def test_restore_does_not_allow_another_image(adopted: Stack) -> None:
    """Only a backup of this very machine is one."""
    adopted.settings = {"zec:allowedCauses": "restore"}
    fail(adopted, "zec:allowedCauses", imageId=NOBLE, backup=True)


def test_a_rebuild_that_fails_its_gate_is_rolled_back(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """The old system runs again, the update fails, and the next preview shows the rebuild anew."""
    before = disk(adopted)
    text = fail(adopted, "was rebuilt from its backup, image custom-", **bad_image)
    assert "its health gate (command test) did not pass" in text
    assert "which passes the health gate" in text
    assert (disk(adopted), adopted.machine()["status"], adopted.world.resets()) == (before, "RUNNING", 2)
    assert "attempt" not in adopted.outputs
    (backup,) = adopted.outputs["backups"]
    assert backup["imageId"] == adopted.machine()["imageId"]
    (line,) = (t for t in adopted.preview(bad_image).lines if "rebuild: " in t)
    assert f"imageId {backup['imageId']}" in line


def test_rolling_back_is_announced(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """It wipes as well."""
    (line,) = (t for t in adopted.preview(bad_image).lines if "rebuild: " in t)
    assert "; it is rebuilt from that backup if its health gate does not pass; " in line


def test_a_roll_back_makes_another_approval_necessary(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """The token of the rebuild that failed approves it once."""
    adopted.settings = {"zec:requireApproval": "true"}

    def asked() -> str:
        found = re.search(r"dev/\d+/[0-9a-f]{16}", "\n".join(adopted.preview(bad_image).lines))
        assert found
        return found[0]

    token = asked()
    adopted.settings = {"zec:requireApproval": "true", "zec:approvedRebuilds": token}
    fail(adopted, "was rebuilt from its backup", **bad_image)
    assert asked() != token


def test_a_new_script_that_fails_is_rolled_back_and_announced_anew(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """The record holds the script of before."""
    program = {**bad_image, "imageId": JAMMY, "userData": "#!/bin/sh\nexit 1\n"}
    fail(adopted, "was rebuilt from its backup", **program)
    assert adopted.world.resets() == 2
    lines = adopted.preview(program).lines
    assert any("userData given" in text and "will be wiped" in text for text in lines)


def test_a_new_resource_is_rolled_back_too(stack: Stack, gate: dict[str, Any], tmp_path: Path) -> None:
    """The stack holds it from then on, as it was."""
    stack.sim.patch_instance(WEB, publicIpAddresses=["127.0.0.1"])
    before = disk(stack)
    passes_again(stack, tmp_path)
    bad_image = {"imageId": NOBLE, "backup": True, "health": gate, "onUnhealthy": "roll_back"}
    fail(stack, "was rebuilt from its backup", **bad_image)
    assert (disk(stack), len(stack.outputs["backups"])) == (before, 1)
    assert any("will be wiped" in text for text in stack.preview(bad_image).lines)


def test_a_roll_back_that_fails_says_both_and_is_joined(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """Here it is not finished in time; the next up waits for it, and records the roll-back."""
    before = disk(adopted)
    adopted.world.points.armed = Disturbance("row reset accepted", 2, adopted.told_to_stop)
    text = fail(adopted, "was to be rolled back", **bad_image)
    assert "its health gate (command test) did not pass" in text
    assert adopted.outputs["attempt"]["rollsBack"]
    lines = adopted.preview(bad_image).lines
    assert any(text.startswith("join: ") for text in lines), lines
    fail(adopted, "was rebuilt from its backup", **bad_image)
    assert (disk(adopted), adopted.world.resets(), "attempt" in adopted.outputs) == (before, 2, False)


def test_a_cancelled_gate_rolls_nothing_back(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """Somebody wants it to end."""
    adopted.halt_at("not healthy yet", StopReason.CANCELLED)
    fail(adopted, "cancelled before its health gate", **bad_image)
    assert adopted.world.resets() == 1


def test_a_join_rolls_nothing_back(adopted: Stack, bad_image: dict[str, Any]) -> None:
    """Only the operation that wiped the machine takes that back: no preview announces more."""
    adopted.halt_at("not healthy yet", StopReason.CANCELLED)
    fail(adopted, "cancelled before its health gate", **bad_image)
    fail(adopted, "did not pass within", **bad_image)
    assert adopted.world.resets() == 1


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"onUnhealthy": "roll_back", "backup": True}, "needs a health gate"),
        ({"onUnhealthy": "roll_back", "health": health.tcp(22).properties()}, "needs a backup"),
        ({"onUnhealthy": "roll_back", "health": health.tcp(22).properties(), "backup": False}, "needs a backup"),
        ({"backup": {"keep": 0}}, "must be True, False, or"),
        ({"backup": {"kept": 1}}, "must be True, False, or"),
        ({"backup": 3.0}, "must be True, False, or"),
        ({"onUnhealthy": "rollback"}, "on_unhealthy"),
    ],
)
def test_what_cannot_be_meant_is_refused(adopted: Stack, inputs: dict[str, Any], words: str) -> None:
    """At check, before anything is read."""
    fail(adopted, words, imageId=NOBLE, **inputs)


def test_a_backup_that_no_stack_records_is_named(adopted: Stack) -> None:
    """A killed run has left it."""
    adopted.halt_at("backup custom-", StopReason.ENGINE_GONE)
    assert end_of_up(adopted, imageId=NOBLE, backup=True) == "unrecorded"
    (left,) = images(adopted)
    lines = adopted.preview({"imageId": NOBLE, "backup": True}).lines
    assert any(
        f"image {left} is a backup of this instance that this resource does not record" in text for text in lines
    )


def end_of_up(stack: Stack, **inputs: Any) -> str:
    """Run up, which does not succeed; return how it ended."""
    return super(type(stack), stack).up(inputs).end


@pytest.mark.parametrize("lost", [False, True], ids=["with the journal", "without it"])
@pytest.mark.parametrize("more", [{}, {"userData": "#!/bin/sh\n"}], ids=["readable", "unreadable"])
def test_what_a_killed_run_backed_up_is_recorded_by_the_next(
    adopted: Stack,
    lost: bool,  # noqa: FBT001 a fact
    more: dict[str, Any],
) -> None:
    """It joins or adopts, and keeps the backup."""
    adopted.halt_at("DEPLOYING", StopReason.ENGINE_GONE)
    assert end_of_up(adopted, imageId=NOBLE, backup=True, **more) == "unrecorded"
    if lost:
        adopted.world.lose_journal(adopted)
    adopted.up(imageId=NOBLE, backup=True, **more)
    (image_id,) = images(adopted)
    assert (adopted.world.resets(), [one["imageId"] for one in adopted.outputs["backups"]]) == (1, [image_id])


def test_a_rebuild_that_is_refused_after_its_backup_says_what_stays(adopted: Stack) -> None:
    """Nobody would find it else."""
    fault(adopted, "ResetInstance", type="error", code="SOMETHING_NEW", status=400)
    text = fail(adopted, "SOMETHING_NEW", imageId=NOBLE, backup=True)
    (image_id,) = images(adopted)
    assert f"Its backup {image_id} stays, and this resource does not record it" in text


def test_what_an_older_release_recorded_is_no_change(adopted: Stack) -> None:
    """It knew no backups."""
    assert "backups" not in adopted.outputs
    assert adopted.up(imageId=JAMMY).changes is False

"""Backups of the stack's machines that the stack does not record."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import Client, Endpoint
from zec_pulumi.api.credentials import BearerToken
from zec_pulumi.planning import backups

BATCH = "1272168087751233114"
URN = "urn:pulumi:dev::test::pulumi-python:dynamic/zec:InstanceOsImage::batch"


@pytest.fixture
def image_id(patient: Any) -> str:
    """A backup of an instance that a stack has, in the account."""
    patient.declare("runtime: python\n")
    with Client(BearerToken(patient.cloud.token), Endpoint(patient.environ["ZENLAYERCLOUD_DOMAIN"], "http")) as client:
        live = client.instances_by_id([BATCH])[BATCH]
        made = client.create_image(BATCH, "backup", backups.tags(live, URN, "a" * 36))
    patient.cloud.settle()
    return made


def holds(patient: Any, **outputs: Any) -> None:
    """Let the stack hold the machine."""
    patient.pulumi(resources=[{"urn": URN, "id": BATCH, "outputs": outputs}])


def test_a_leftover_is_a_warning_that_says_what_to_do(patient: Any, image_id: str) -> None:
    """It counts against the quota, and may be wanted."""
    holds(patient)
    finding = patient.one("backups")
    assert finding.level == "warning"
    assert f"image {image_id} is a backup of instance {BATCH} (batch) that the stack does not record" in finding.text
    assert "`zec-pulumi undo batch`" in finding.fix
    assert f"`zec-pulumi backups delete {image_id}`" in finding.fix


@pytest.mark.parametrize("output", ["backups", "attempt", "imageId"])
def test_what_the_stack_records_is_no_leftover(patient: Any, image_id: str, output: str) -> None:
    """As a backup, as that of an open rebuild, or as what the machine runs."""
    recorded: dict[str, Any] = {
        "backups": [{"imageId": image_id}],
        "attempt": {"id": "a" * 36, "backupImageId": image_id},
        "imageId": image_id,
    }
    holds(patient, **{output: recorded[output]})
    assert patient.one("backups").level == "ok"


@pytest.mark.usefixtures("image_id")
def test_a_backup_of_another_stack_s_machine_is_none_of_this_one_s(patient: Any) -> None:
    patient.pulumi(resources=[])
    assert patient.one("backups").level == "ok"


@pytest.mark.usefixtures("image_id")
def test_credentials_that_are_refused_are_said_once(patient: Any) -> None:
    """Where they are refused."""
    holds(patient)
    patient.environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "wrong"
    assert [finding.check for finding in patient.examine() if finding.check in ("authentication", "backups")] == [
        "authentication"
    ]


def test_without_a_project_nothing_is_compared(patient: Any) -> None:
    assert [finding for finding in patient.examine() if finding.check == "backups"] == []


def test_whether_an_image_may_be_made_is_not_known(patient: Any) -> None:
    """It could be tried only by making one."""
    text = patient.one("permissions").text
    assert "CreateImage, DeleteImages" in text.partition("work; ")[2]
    assert "cannot be tried without doing harm" in text

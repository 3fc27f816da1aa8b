"""An account with backups, and the stack of a folder."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import Client, Endpoint
from zec_pulumi.api.credentials import AccessKey
from zec_pulumi.planning import backups
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEB, BATCH = "1272168087751233112", "1272168087751233114"
CUSTOM, OTHERS = "custom-5Yx8Hq2c", "custom-fra0Db41"
URN = "urn:pulumi:dev::demo::pulumi-python:dynamic/zec:InstanceOsImage::web"


class Account(Client):
    """The account of a simulator, with a person who makes backups in it."""

    sim: Simulator

    @classmethod
    def of(cls, sim: Simulator) -> Account:
        environ = sim.environment()
        key = AccessKey(environ["ZENLAYERCLOUD_ACCESS_KEY_ID"], environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"])
        account = cls(key, Endpoint(environ["ZENLAYERCLOUD_DOMAIN"], "http"))
        account.sim = sim
        return account

    def backup(self, instance_id: str = BATCH, attempt: str = "a" * 36, urn: str = URN) -> str:
        """Make one as a rebuild does, of an instance that is off afterwards."""
        live = self.instances_by_id([instance_id])[instance_id]
        if live.status == "RUNNING":
            self.stop_instances([instance_id], force_shutdown=True)
            self.sim.settle()
        name = backups.image_name(live, self.sim.now(), attempt)
        image_id = self.create_image(instance_id, name, backups.tags(live, urn, attempt))
        self.sim.settle()
        return image_id

    def images(self) -> set[str]:
        return {image.image_id for image in self.describe_custom_images()} - {OTHERS}

    def deletions(self) -> int:
        return sum(entry["action"] == "DeleteImages" for entry in self.sim.ledger())


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(clock="manual") as running:
        yield running


@pytest.fixture
def account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    """An account in its first state, and the environment that points at it; there is no project in the folder."""
    simulator.reset()
    for name in [name for name in os.environ if name.startswith(("ZENLAYER", "PULUMI"))]:
        monkeypatch.delenv(name)
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with Account.of(simulator) as made:
        yield made


def stack(folder: Path, monkeypatch: pytest.MonkeyPatch, *resources: dict[str, Any], error: str = "") -> None:
    """Put a project into the folder, and a `pulumi` on PATH whose stack holds the resources."""
    state = {"deployment": {"resources": [{"urn": "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"}, *resources]}}
    pulumi = folder / "bin" / "pulumi"
    pulumi.parent.mkdir()
    (folder / "state").write_text(json.dumps(state))
    pulumi.write_text(f"#!/bin/sh\n{f'echo {error} >&2; exit 1' if error else f'cat {folder}/state'}\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")


def machine(*image_ids: str, **outputs: Any) -> dict[str, Any]:
    recorded = [{"imageId": image_id, "attemptId": "a" * 36} for image_id in image_ids]
    return {"urn": URN, "id": BATCH, "outputs": {"imageId": "ubuntu2204_20240712", "backups": recorded, **outputs}}

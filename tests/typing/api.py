"""The public API as type checkers see it: mypy fails here where a user's program would. Nothing runs."""

from __future__ import annotations

from typing import Any

import pulumi

import zec_pulumi as zec

full = zec.InstanceOsImage(
    "full",
    instance_id=pulumi.Output.from_input("1272168087751233112"),
    image_id="ubuntu2404_20240712",
    key_id="key-1",
    user_data=pulumi.Output.secret("#!/bin/sh\n"),
    timezone="UTC",
    enable_agent=True,
    instance_name="web-1",
    rebuild_token="2026-11",
    rebuild_on=["timezone", "enable_agent", "password"],
    rebuild_protection=False,
    adopt="auto",
    power_off="graceful",
    health=zec.health.http("/healthz", status=204, port=8443, tls=True, address="private", deadline=600),
    opts=pulumi.ResourceOptions(protect=True),
)
small = zec.InstanceOsImage("small", instance_id="1", password=pulumi.Output.secret("Abcdef-1"))
raw = zec.InstanceOsImage("raw", instance_id="1", user_data_base64="eA==", adopt="only", power_off="force")

omitted = zec.InstanceOsImage("omitted", instance_id="1", image_id=pulumi.Config().get("imageId"), key_id=None)

own: zec.FleetInstance = {"instance_id": "2", "user_data": pulumi.Output.secret("#!/bin/sh\n"), "instance_name": "b"}
fleet = zec.Fleet(
    "fleet",
    instances={"a": pulumi.Output.from_input("1"), "b": own, "c": "3", "d": {"instance_id": "4", "rebuild_token": "x"}},
    image_id="ubuntu2404_20240712",
    key_id="key-1",
    user_data="#!/bin/sh\n",
    max_unavailable="10%",
    canary=["a", "b"],
    rebuild_on=["timezone"],
    health=zec.health.tcp(22),
    opts=pulumi.ResourceOptions(protect=True),
)
ids = zec.Fleet("ids", instances=["1", "2"], max_unavailable=2, canary=1)
states: pulumi.Output[dict[str, dict[str, Any]]] = fleet.instances
summary: pulumi.Output[dict[str, Any]] = fleet.summary
member: zec.InstanceOsImage = fleet.members["a"]

image_id: pulumi.Output[str] = full.image_id
key_id: pulumi.Output[str | None] = full.key_id
addresses: pulumi.Output[list[str]] = full.public_ip_addresses
rebuild_token: pulumi.Output[str | None] = full.rebuild_token
gate: zec.health.HealthGate = zec.health.tcp(22, interval=2.5, successes=3, timeout=1)
later = zec.InstanceOsImage("later", instance_id="1", health=pulumi.Output.from_input(zec.health.ssh()))
checked = zec.InstanceOsImage("checked", instance_id="1", health=zec.health.command(["./check", "--all"]))
health: pulumi.Output[dict[str, Any] | None] = checked.health
zec.InstanceOsImage("backed up", instance_id="1", backup=True, on_unhealthy="roll_back", health=zec.health.ssh())
zec.Fleet("backed up fleet", instances=["1"], backup={"keep": 3}, on_unhealthy="fail")
backups: pulumi.Output[list[dict[str, Any]] | None] = checked.backups
zec.InstanceOsImage("no backup", instance_id="1", backup="yes")  # type: ignore[arg-type]
zec.InstanceOsImage("no roll-back", instance_id="1", on_unhealthy="undo")  # type: ignore[arg-type]
triggers: pulumi.Output[list[str] | None] = checked.rebuild_on
version: str = zec.__version__

zec.InstanceOsImage("number", instance_id=1)  # type: ignore[arg-type]
zec.InstanceOsImage("no id")  # type: ignore[call-arg]
zec.InstanceOsImage("positional", "1")  # type: ignore[call-arg]
zec.InstanceOsImage("misspelt", instance_id="1", adopt="yes")  # type: ignore[arg-type]
zec.InstanceOsImage("misspelt", instance_id="1", power_off="hard")  # type: ignore[arg-type]
zec.InstanceOsImage("misspelt", instance_id="1", rebuild_on=["image_id"])  # type: ignore[list-item]
zec.InstanceOsImage("misspelt", instance_id="1", imageid="ubuntu2404")  # type: ignore[call-arg]
zec.InstanceOsImage("no gate", instance_id="1", health={"kind": "tcp"})  # type: ignore[arg-type]
zec.health.tcp("22")  # type: ignore[arg-type]
zec.health.tcp(22, retries=2)  # type: ignore[call-arg]
zec.health.ssh(address="both")  # type: ignore[arg-type]
zec.health.command([1])  # type: ignore[list-item]
gate.port = 23  # type: ignore[misc]

zec.Fleet("number", instances={"a": 1})  # type: ignore[dict-item]
zec.Fleet("no instances")  # type: ignore[call-arg]
zec.Fleet("no id", instances={"a": {"image_id": "x"}})  # type: ignore[dict-item]
zec.Fleet("one name", instances=["1"], instance_name="a")  # type: ignore[call-arg]

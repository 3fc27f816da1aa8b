"""The types of this package's resources, and the parts of a URN. They stand in every stack and never change."""

from __future__ import annotations

INSTANCE = "pulumi-python:dynamic/zec:InstanceOsImage"
FLEET = "zec:index:Fleet"
FLEET_PLAN = "pulumi-python:dynamic/zec:FleetPlan"

URN_PARTS = 4
"""A URN is ``urn:pulumi:STACK::PROJECT::TYPES::NAME``; a name may hold ``::``, too."""


def type_of(urn: str) -> str:
    """Return the type of the resource that a URN names, without those of its parents."""
    return urn.split("::", URN_PARTS - 1)[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """Return the name of the resource that a URN names."""
    return urn.split("::", URN_PARTS - 1)[3]


def member_urn(fleet_urn: str, name: str) -> str:
    """Return the URN of the machine ``name`` of a fleet."""
    start, project, types, _ = fleet_urn.split("::", URN_PARTS - 1)
    return f"{start}::{project}::{types}${INSTANCE}::{name}"

"""Backups as data: their names and tags for any instance, and which of them are kept."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.api import Image, Instance
from zec_pulumi.planning import backups
from zec_pulumi.planning.inputs import Attempt, Backup, Recorded, parse_wanted

ATTEMPT = "1a2b3c4d-0000-4000-8000-000000000000"
URN = "urn:pulumi:dev::demo::pulumi-python:dynamic/zec:InstanceOsImage::web"


def machine(name: str | None = "web-1") -> Instance:
    return Instance(instance_id="1272168087751233112", instance_name=name, image_id="ubuntu")


def image(tags: dict[str, str] | None, image_id: str = "custom-1") -> Image:
    pairs = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    return Image.model_validate({"imageId": image_id, "tags": None if tags is None else {"tags": pairs}})


@given(name=st.none() | st.text(max_size=100), at=st.floats(0, 4e9))
def test_the_name_of_an_image_is_valid_whatever_the_instance_is_called(name: str | None, at: float) -> None:
    """Two to 63 characters, as CreateImage takes them, and another for each attempt."""
    made = backups.image_name(machine(name), at, ATTEMPT)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,61}[A-Za-z0-9]", made)
    assert made.endswith("-1a2b3c4d")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("web-1", "web-1-2026"),
        ("Xerox Äpfel//1", "Xerox-pfel//1-2026"),
        ("-._/", "1272168087751233112-2026"),
        ("", "1272168087751233112-2026"),
        (None, "1272168087751233112-2026"),
        ("n" * 100, "n" * 38 + "-2026"),
    ],
)
def test_an_image_is_named_after_its_instance(name: str | None, begins: str) -> None:
    """What the API does not take is left out, and the time stays whole."""
    made = backups.image_name(machine(name), 1_795_665_187.0, ATTEMPT)
    assert made.startswith(begins)
    assert made.endswith("-20261126-035307-1a2b3c4d")
    assert len(made) <= 63


@pytest.mark.parametrize(("urn", "tag"), [(URN, "dev/demo"), ("urn:pulumi:dev::demo", "dev/demo"), ("odd", "odd")])
def test_the_tag_names_stack_and_project(urn: str, tag: str) -> None:
    """A name that is no URN stands for itself."""
    assert backups.stack_tag(urn) == tag


@given(stack=st.text(min_size=1, max_size=200))
def test_tags_are_short_enough_whatever_the_stack_is_called(stack: str) -> None:
    """At most 64 characters."""
    tags = backups.tags(machine(), f"urn:pulumi:{stack}::demo::type::web", ATTEMPT)
    assert all(0 < len(value) <= 64 for value in tags.values())


def test_a_backup_is_found_by_its_tags_and_by_nothing_else() -> None:
    """An image of the same name may be anybody's."""
    ours = image(backups.tags(machine(), URN, ATTEMPT))
    others = [image(None, "a"), image({}, "b"), image({"zec-pulumi-backup": ATTEMPT}, "c")]
    assert [one.image for one in backups.tagged([*others, ours])] == [ours]
    assert backups.of_attempt([*others, ours], machine(), "1a2b3c4d") == ours
    assert backups.of_attempt([ours], machine(), "ffffffff") is None


def test_a_backup_needs_no_tag_of_a_stack_and_may_have_others() -> None:
    """People tag images, too."""
    tags = {"zec-pulumi-backup": ATTEMPT, "zec-pulumi-backup-of": "1"}
    assert [one.stack for one in backups.tagged([image(tags), image({**tags, "team": "shop"}, "b")])] == ["", ""]


def test_leftovers_are_of_this_instance_and_recorded_nowhere() -> None:
    """Neither the image that runs, nor that of an open attempt, is one."""
    live = machine().model_copy(update={"image_id": "runs"})
    ours, other = backups.tags(live, URN, ATTEMPT), backups.tags(Instance(instance_id="1"), URN, ATTEMPT)
    images = [image(ours, name) for name in ("runs", "kept", "open", "left")] + [image(other, "other")]
    attempt = Attempt(id=ATTEMPT, started_at=0.0, backup_image_id="open")
    recorded = Recorded(backups=(Backup(image_id="kept"),), attempt=attempt)
    assert [one.image.image_id for one in backups.leftovers(images, live, recorded)] == ["left"]


def test_the_way_back_is_told_with_and_without_a_new_backup() -> None:
    """Restoring one needs no other."""
    backup = Backup(image_id="custom-1", seconds=60.0)
    found = backups.way_back(parse_wanted({}), Recorded(backups=(backup,)), 90.0, backup, by_stack=False)
    assert found == backups.WayBack(restores=backup)
    found = backups.way_back(parse_wanted({"backup": True}), Recorded(backups=(backup,)), 90.0, None, by_stack=False)
    assert found == backups.WayBack(backup=True, seconds=150.0)


def test_only_an_image_of_the_same_instance_restores_it() -> None:
    """That of another is an ordinary image."""
    other = Instance(instance_id="1")
    shown = image(backups.tags(machine(), URN, ATTEMPT))
    found = backups.backup_in(shown, machine(), Recorded())
    assert (found and found.attempt_id) == ATTEMPT
    assert backups.backup_in(shown, other, Recorded()) is None
    assert backups.backup_in(None, machine(), Recorded()) is None


KEPT = tuple(Backup(image_id=f"custom-{number}") for number in range(4))


@pytest.mark.parametrize(
    ("keep", "in_use", "gone"),
    [(1, (), "012"), (4, (), ""), (9, (), ""), (2, ("custom-0",), "1"), (1, ("custom-3", None), "012")],
)
def test_the_newest_are_kept_and_what_is_in_use(keep: int, in_use: tuple[str | None, ...], gone: str) -> None:
    """The image that runs, or that the program names, is never deleted."""
    assert [one.image_id for one in backups.too_many(KEPT, keep, in_use)] == [f"custom-{number}" for number in gone]


@pytest.mark.parametrize(
    ("given", "by_stack", "kept"),
    [({}, False, 0), ({}, True, 1), ({"backup": False}, True, 0), ({"backup": {"keep": 3.0}}, False, 3)],
)
def test_the_program_decides_and_else_the_stack(given: dict[str, object], by_stack: bool, kept: int) -> None:  # noqa: FBT001 a fact
    """A whole number arrives as a float."""
    assert backups.kept(parse_wanted(given), by_stack=by_stack) == kept

"""What an approval token stands for: everything that is sent and run, from one starting point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zec_pulumi import health
from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.planning.approval import PlannedRebuild, malformed, meant_for
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import parse_wanted

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage::web-1"
REQUEST = ResetInstanceRequest(
    instance_id="i-1", enable_agent=True, image_id="b", key_id="k", user_data=b"#!/bin/sh\n", instance_name="web"
)
LIVE = {"instanceId": "i-1", "imageId": "a", "keyId": "k"}
PROBE = health.command(["./check"]).properties()
WANTED = {"instanceId": "i-1", "rebuildToken": "1", "health": PROBE}
REBUILD = PlannedRebuild(
    URN, "a0", "89abcdef", Instance.model_validate(LIVE), parse_wanted(WANTED), (Cause("imageId", "a", "b"),), REQUEST
)
TOKEN = REBUILD.token({})


def with_wanted(**change: Any) -> str:
    return replace(REBUILD, wanted=parse_wanted({**WANTED, **change})).token({})


@pytest.mark.parametrize(
    "change",
    [
        {"image_id": "c"},
        {"key_id": "l"},
        {"key_id": None, "password": "Secret-pass1"},
        {"user_data": b"#!/bin/sh\necho other\n"},
        {"user_data": None},
        {"enable_agent": False},
        {"timezone": "Asia/Shanghai"},
        {"instance_name": "other"},
    ],
)
def test_a_token_does_not_approve_another_request(change: dict[str, Any]) -> None:
    """Whatever is sent is part of it."""
    assert replace(REBUILD, request=replace(REQUEST, **change)).token({}) != TOKEN


@pytest.mark.parametrize(
    "change",
    [
        {"powerOff": "force"},
        {"health": health.command(["./other"]).properties()},
        {"health": health.command(["./check"], env=["TOKEN"]).properties()},
        {"health": health.tcp(22).properties()},
        {"health": {**PROBE, "deadline": 60.0}},
        {"health": {**PROBE, "address": "private"}},
        {"health": None},
        {"rebuildToken": "2"},
        {"rebuildToken": None},
    ],
)
def test_a_token_does_not_approve_another_way(change: dict[str, Any]) -> None:
    """How the machine is powered off, what is run afterwards and why it happens are part of it."""
    assert with_wanted(**change) != TOKEN


@pytest.mark.parametrize("change", [{"imageId": "x"}, {"imageId": None}, {"keyId": "l"}, {"keyId": None}])
def test_a_token_does_not_approve_the_wipe_of_another_system(change: dict[str, Any]) -> None:
    """Somebody reinstalled the machine after the review: that disk was not approved."""
    assert replace(REBUILD, live=Instance.model_validate({**LIVE, **change})).token({}) != TOKEN


@pytest.mark.parametrize(
    "causes",
    [
        (Cause("imageId", "x", "b"),),
        (Cause("imageId", None, "b"),),
        (Cause("imageId", "a", "b"), Cause("userData")),
        (Cause("adopt"),),
    ],
)
def test_a_token_does_not_approve_other_causes(causes: tuple[Cause, ...]) -> None:
    """The reviewer read why."""
    assert replace(REBUILD, causes=causes).token({}) != TOKEN


def test_the_order_of_causes_and_who_changed_them_make_no_difference() -> None:
    """A refresh between review and up tells the same story in other words."""
    two = (Cause("imageId", "a", "b"), Cause("keyId", "k", "l"))
    told = (Cause("keyId", "k", "l"), Cause("imageId", "a", "b", drift=True))
    assert replace(REBUILD, causes=two).token({}) == replace(REBUILD, causes=told).token({})


def test_a_token_is_good_for_one_rebuild_of_one_resource_in_one_stack() -> None:
    """Another recorded rebuild, another attempt on the machine, another stack or resource: another token."""
    others = {
        replace(REBUILD, previous="a1").token({}),
        replace(REBUILD, previous=None).token({}),
        replace(REBUILD, attempt="fedcba98").token({}),
        replace(REBUILD, attempt=None).token({}),
        replace(REBUILD, urn=URN.replace(":prod:", ":dev:")).token({}),
        replace(REBUILD, urn=URN.replace("web-1", "web-2")).token({}),
    }
    assert TOKEN not in others
    assert len(others) == 6


def test_a_used_digest_is_never_the_answer_again() -> None:
    """Each use leads to a token that no earlier approval has."""
    used: dict[str, str] = {}
    seen = set()
    for attempt in ("a1", "a2", "a3"):
        token = REBUILD.token(used)
        seen.add(token)
        used[token.rpartition("/")[2]] = attempt
    assert len(seen) == 3


def test_a_token_does_not_depend_on_the_password_itself() -> None:
    """A password must not be guessable from a token that stands in a pull request."""
    one, two = (replace(REQUEST, key_id=None, password=text) for text in ("Secret-pass1", "Secret-pass2"))
    assert replace(REBUILD, request=one).token({}) == replace(REBUILD, request=two).token({})


def test_a_token_names_its_stack_and_instance() -> None:
    """For people; what matches is the digest."""
    assert meant_for(TOKEN) == ("prod", "i-1")
    assert not malformed(TOKEN)

"""The rules that refuse a rebuild, and the tokens that approve one."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import ConfigurationError, ResetInstanceRequest
from zec_pulumi.messages.gates import sentence
from zec_pulumi.planning import approval, gates
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.gates import ClosedGate, GateName, GateSettings
from zec_pulumi.planning.inputs import parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.settings.options import resolve_options

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage::web-1"
PLAN = Plan(Kind.REBUILD, (Cause("imageId", "a", "b"), Cause("userData")))
TARGET: dict[str, Any] = {"instance_id": "i-1", "enable_agent": True, "image_id": "b", "user_data": b"#!/bin/sh\n"}
REQUEST = ResetInstanceRequest(**TARGET)
TOKEN = approval.token(URN, "a0", REQUEST)


SETTINGS = GateSettings()


def closed(
    settings: GateSettings, plan: Plan = PLAN, request: ResetInstanceRequest | None = REQUEST, **inputs: Any
) -> list[ClosedGate]:
    return gates.closed(parse_wanted({"instanceId": "i-1", **inputs}), plan, settings, URN, "a0", request)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REBUILD])
def test_only_rebuilds_need_to_pass(kind: Kind) -> None:
    """Adopting, joining and changes in place wipe nothing."""
    settings = GateSettings(allow_rebuild=False, allowed_causes=frozenset(), require_approval=True)
    assert closed(settings, Plan(kind), rebuildProtection=True) == []


@pytest.mark.parametrize(
    ("settings", "inputs", "gate", "text"),
    [
        (
            SETTINGS,
            {"rebuildProtection": True},
            ClosedGate(GateName.REBUILD_PROTECTION),
            "rebuild_protection is set, so instance i-1 is not rebuilt",
        ),
        (
            GateSettings(allow_rebuild=False),
            {},
            ClosedGate(GateName.ALLOW_REBUILD),
            "zec:allowRebuild is false in this stack",
        ),
        (
            GateSettings(allowed_causes=frozenset({"imageId"})),
            {},
            ClosedGate(GateName.ALLOWED_CAUSES, allowed=("imageId",), not_allowed=("userData",)),
            "zec:allowedCauses allows imageId, and userData is another",
        ),
        (
            GateSettings(require_approval=True),
            {},
            ClosedGate(GateName.REQUIRE_APPROVAL, token=TOKEN),
            f"To approve, add {TOKEN} to zec:approvedRebuilds",
        ),
    ],
)
def test_a_closed_gate_says_why_and_that_nothing_was_touched(
    settings: GateSettings, inputs: dict[str, Any], gate: ClosedGate, text: str
) -> None:
    """With the machine, the causes and the way through."""
    assert closed(settings, **inputs) == [gate]
    reason = sentence(gate, "i-1", PLAN.causes)
    assert text in reason
    assert "its disk is untouched" in reason
    assert "imageId a → b, userData changed" in reason


def test_all_closed_gates_are_told_at_once() -> None:
    """So that nobody opens one only to stand before the next."""
    assert len(closed(GateSettings(allow_rebuild=False, require_approval=True), rebuildProtection=True)) == 3


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        GateSettings(allowed_causes=frozenset({"imageId", "userData"})),
        GateSettings(require_approval=True, approved_rebuilds=frozenset({TOKEN, "other/i-9/0123456789abcdef"})),
    ],
)
def test_an_open_gate_lets_it_pass(settings: GateSettings) -> None:
    """No gate, all causes allowed, or the token approved."""
    assert closed(settings) == []


def test_a_recorded_cause_that_cannot_be_read_is_none_that_is_allowed() -> None:
    """A gate that cannot tell stays closed."""
    settings = GateSettings(allowed_causes=frozenset({"imageId"}))
    assert closed(settings, Plan(Kind.REBUILD, (Cause("imageId in words of another release"),)))


@pytest.mark.parametrize(
    "change",
    [
        {"image_id": "c"},
        {"key_id": "k"},
        {"user_data": b"#!/bin/sh\necho other\n"},
        {"enable_agent": False},
        {"timezone": "Asia/Shanghai"},
        {"instance_name": "other"},
        {"password": "Secret-pass1"},
    ],
)
def test_a_token_does_not_approve_another_target(change: dict[str, Any]) -> None:
    """Whatever the machine would become is part of it."""
    assert approval.token(URN, "a0", ResetInstanceRequest(**{**TARGET, **change})) != TOKEN


def test_a_token_is_good_for_one_rebuild_of_one_resource_in_one_stack() -> None:
    """Another recorded rebuild, another stack or resource: another token."""
    request = ResetInstanceRequest(**TARGET)
    others = {
        approval.token(URN, "a1", request),
        approval.token(URN, None, request),
        approval.token(URN.replace(":prod:", ":dev:"), "a0", request),
        approval.token(URN.replace("web-1", "web-2"), "a0", request),
    }
    assert TOKEN not in others
    assert len(others) == 4


def test_a_token_does_not_depend_on_the_password_itself() -> None:
    """A password must not be guessable from a token that stands in a pull request."""
    one, two = (ResetInstanceRequest(**TARGET, password=text) for text in ("Secret-pass1", "Secret-pass2"))
    assert approval.token(URN, "a0", one) == approval.token(URN, "a0", two)


def test_a_token_for_another_stack_and_a_used_one_are_named() -> None:
    """The reason says what is wrong with what was given."""
    foreign, used = "dev/i-1/0123456789abcdef", "prod/i-1/0123456789abcdef"
    (gate,) = closed(GateSettings(require_approval=True, approved_rebuilds=frozenset({foreign, used})))
    assert (gate.token, gate.foreign, gate.stale) == (TOKEN, (foreign,), (used,))
    reason = sentence(gate, "i-1", PLAN.causes)
    assert f"{foreign} is for another stack" in reason
    assert f"{used} approved another plan or is used up" in reason


def test_with_unknown_inputs_the_token_comes_in_up() -> None:
    """Preview cannot know it."""
    (gate,) = closed(GateSettings(require_approval=True), request=None)
    assert gate == ClosedGate(GateName.REQUIRE_APPROVAL)
    assert "up refuses and names the token" in sentence(gate, "i-1", PLAN.causes)


@pytest.mark.parametrize("text", ['["imageId", "keyId"]', "imageId,keyId", "imageId keyId"])
def test_lists_are_json_or_separated(text: str) -> None:
    """As `pulumi config set --path` writes them, or by hand."""
    assert resolve_options({"zec:allowedCauses": text}.get).gates.allowed_causes == frozenset({"imageId", "keyId"})


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("zec:allowRebuild", "maybe", "zec:allowRebuild must be true or false"),
        ("zec:requireApproval", "1", "zec:requireApproval must be true or false"),
        ("zec:allowedCauses", "image", "image is no cause of a rebuild"),
        ("zec:allowedCauses", "[1]", "must be a JSON list"),
        ("zec:allowedCauses", "[", "must be a JSON list"),
        ("zec:approvedRebuilds", "yes", "'yes' is not an approval token"),
    ],
)
def test_a_wrong_setting_is_named(key: str, text: str, message: str) -> None:
    """Never guessed: a gate that is misspelt must not stand open."""
    with pytest.raises(ConfigurationError, match=message):
        resolve_options({key: text}.get)

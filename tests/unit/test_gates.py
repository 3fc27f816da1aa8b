"""The rules that refuse a rebuild."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.messages.gates import sentence
from zec_pulumi.planning import gates
from zec_pulumi.planning.approval import PlannedRebuild
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.gates import (
    ClosedGate,
    GateName,
    GateSettings,
    Missing,
    UnknownSetting,
    Verdict,
    WrongSetting,
    strictest,
)
from zec_pulumi.planning.inputs import parse_wanted
from zec_pulumi.planning.plan import Kind, Plan

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage::web-1"
PLAN = Plan(Kind.REBUILD, (Cause("imageId", "a", "b"), Cause("userData")))
REBUILD = PlannedRebuild(
    URN,
    "a0",
    None,
    Instance.model_validate({"instanceId": "i-1", "imageId": "a", "keyId": "k"}),
    parse_wanted({"instanceId": "i-1"}),
    PLAN.causes,
    ResetInstanceRequest(instance_id="i-1", enable_agent=True, image_id="b", user_data=b"#!/bin/sh\n"),
)
TOKEN = REBUILD.token({})
DIGEST = TOKEN.rpartition("/")[2]
SETTINGS = GateSettings()


def verdict(
    settings: GateSettings,
    plan: Plan = PLAN,
    rebuild: PlannedRebuild | None = REBUILD,
    used: dict[str, str] | None = None,
    **inputs: Any,
) -> Verdict:
    return gates.verdict(parse_wanted({"instanceId": "i-1", **inputs}), plan, settings, rebuild, "prod", used or {})


def closed(settings: GateSettings, plan: Plan = PLAN, **more: Any) -> list[ClosedGate]:
    return list(verdict(settings, plan, **more).closed)


def approving(*tokens: str) -> GateSettings:
    return GateSettings(require_approval=True, approved_rebuilds=frozenset(tokens))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REBUILD])
def test_only_rebuilds_need_to_pass(kind: Kind) -> None:
    """Adopting, joining and changes in place wipe nothing."""
    settings = GateSettings(
        allow_rebuild=False,
        allowed_causes=frozenset(),
        require_approval=True,
        unknown=(UnknownSetting("zec:x"),),
        missing=Missing.NOT_SENT,
    )
    assert verdict(settings, Plan(kind), rebuildProtection=True) == Verdict()


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
        (
            GateSettings(unknown=(UnknownSetting("zec:requireApprovals", "zec:requireApproval"),)),
            {},
            ClosedGate(GateName.UNKNOWN_SETTING, setting=UnknownSetting("zec:requireApprovals", "zec:requireApproval")),
            "zec:requireApprovals is none of zec_pulumi (did you mean zec:requireApproval?)",
        ),
        (
            GateSettings(wrong=(WrongSetting("zec:allowRebuild", "must be true or false"),)),
            {},
            ClosedGate(GateName.WRONG_SETTING, setting=WrongSetting("zec:allowRebuild", "must be true or false")),
            "zec:allowRebuild must be true or false",
        ),
        (
            GateSettings(mark_attempts=False, require_marker=True),
            {},
            ClosedGate(
                GateName.WRONG_SETTING,
                setting=WrongSetting("zec:markAttempts", "must not be false where zec:requireMarker is true"),
            ),
            "zec:markAttempts must not be false where zec:requireMarker is true",
        ),
        *(
            (
                GateSettings(missing=missing),
                {},
                ClosedGate(GateName.MISSING_SETTINGS, setting=missing),
                missing.value,
            )
            for missing in Missing
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
    ("settings", "approved_by"),
    [
        (SETTINGS, None),
        (GateSettings(allowed_causes=frozenset({"imageId", "userData"})), None),
        (approving(TOKEN, "other/i-9/0123456789abcdef"), TOKEN),
    ],
)
def test_an_open_gate_lets_it_pass(settings: GateSettings, approved_by: str | None) -> None:
    """No gate, all causes allowed, or the token approved, which is then named."""
    assert verdict(settings) == Verdict((), approved_by)


def test_what_another_gate_refuses_is_not_approved() -> None:
    """The row of a refused rebuild names no approval."""
    assert verdict(approving(TOKEN), rebuildProtection=True).approved_by is None


def test_a_recorded_cause_that_cannot_be_read_is_none_that_is_allowed() -> None:
    """A gate that cannot tell stays closed."""
    settings = GateSettings(allowed_causes=frozenset({"imageId"}))
    assert closed(settings, Plan(Kind.REBUILD, (Cause("imageId in words of another release"),)))


@pytest.mark.parametrize("text", [f"[secret]/i-1/{DIGEST}", f"prod/[secret]/{DIGEST}", f"[secret]-1/{DIGEST}", DIGEST])
def test_a_token_approves_by_its_digest(text: str) -> None:
    """The engine masks a secret configuration value wherever it occurs, also in a stack's name or an id."""
    assert verdict(approving(text)).approved_by == TOKEN


@pytest.mark.parametrize("digest", [DIGEST[:-1], f"{DIGEST[:-1]}[secret]", DIGEST.upper(), f"{DIGEST}0", f"x{DIGEST}"])
def test_a_token_without_its_whole_digest_approves_nothing(digest: str) -> None:
    """Nothing is guessed from a part."""
    assert verdict(approving(f"prod/i-1/{digest}")).closed or digest == DIGEST


def test_a_token_for_another_stack_and_a_stale_one_are_named() -> None:
    """The reason says what is wrong with what was given."""
    foreign, stale = "dev/i-1/0123456789abcdef", "prod/i-1/0123456789abcdef"
    (gate,) = closed(approving(foreign, stale))
    assert (gate.token, gate.foreign, gate.stale) == (TOKEN, (foreign,), (stale,))
    reason = sentence(gate, "i-1", PLAN.causes)
    assert f"{foreign} is for another stack" in reason
    assert f"{stale} approved another plan or is used up" in reason


def test_a_used_token_is_refused_and_the_next_one_named() -> None:
    """A person can approve the same plan again, and the first approval never counts again."""
    (gate,) = closed(approving(TOKEN), used={DIGEST: "a1"})
    assert gate.used == (TOKEN,)
    assert gate.token not in (None, TOKEN)
    assert f"{TOKEN} is used up" in sentence(gate, "i-1", PLAN.causes)
    assert verdict(approving(str(gate.token)), used={DIGEST: "a1"}).approved_by == gate.token


def test_a_masked_token_that_was_used_is_refused_as_well() -> None:
    """What is used up is the digest."""
    assert closed(approving(f"[secret]/i-1/{DIGEST}"), used={DIGEST: "a1"})[0].used == (f"[secret]/i-1/{DIGEST}",)


def test_with_unknown_inputs_the_token_comes_in_up() -> None:
    """Preview cannot know it."""
    (gate,) = closed(GateSettings(require_approval=True), rebuild=None)
    assert gate == ClosedGate(GateName.REQUIRE_APPROVAL)
    assert "up refuses and names the token" in sentence(gate, "i-1", PLAN.causes)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (SETTINGS, SETTINGS, SETTINGS),
        (GateSettings(allow_rebuild=False), SETTINGS, GateSettings(allow_rebuild=False)),
        (
            GateSettings(allowed_causes=frozenset({"imageId", "keyId"})),
            GateSettings(allowed_causes=frozenset({"keyId", "userData"})),
            GateSettings(allowed_causes=frozenset({"keyId"})),
        ),
        (
            GateSettings(allowed_causes=frozenset()),
            SETTINGS,
            GateSettings(allowed_causes=frozenset()),
        ),
        (approving("a"), SETTINGS, approving("a")),
        (approving("a"), GateSettings(approved_rebuilds=frozenset({"b"})), approving("a")),
        (approving("a", "b"), approving("b", "c"), approving("b")),
        (
            GateSettings(unknown=(UnknownSetting("zec:x"),)),
            GateSettings(missing=Missing.NOT_SENT),
            GateSettings(unknown=(UnknownSetting("zec:x"),), missing=Missing.NOT_SENT),
        ),
        (
            GateSettings(wrong=(WrongSetting("zec:allowRebuild", "x"),)),
            GateSettings(wrong=(WrongSetting("zec:allowRebuild", "x"),)),
            GateSettings(wrong=(WrongSetting("zec:allowRebuild", "x"),)),
        ),
    ],
)
def test_two_sources_are_as_strict_as_the_stricter(
    one: GateSettings, other: GateSettings, expected: GateSettings
) -> None:
    """A provider of the program's own can close the stack's gates and never open them."""
    assert strictest(one, other) == expected
    assert strictest(other, one) == expected

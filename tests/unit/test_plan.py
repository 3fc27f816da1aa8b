"""The decision as one table: wanted, recorded and live → kind, causes, changes, notes, refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zec_pulumi.api import Instance
from zec_pulumi.planning.causes import READABLE, Cause, as_text
from zec_pulumi.planning.differences import settings_after, settings_now
from zec_pulumi.planning.inputs import UNKNOWN, Recorded, Wanted, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import (
    MACHINE as NOT_READ,
)
from zec_pulumi.planning.plan import (
    AgentNotShown,
    ChangedOutside,
    ImageNotShown,
    Kind,
    MachineDiffers,
    NeedsRebuild,
    NeverRun,
    NotApplied,
    NotAsWanted,
    Note,
    NotRunning,
    Plan,
    Refusal,
    Script,
    plan_create,
    plan_update,
)
from zec_pulumi.program.inputs import INPUTS

OLD, NEW, THIRD = "ubuntu2204", "ubuntu2404", "debian12"
KEY, KEY_2 = "key-1", "key-2"
SCRIPT, SCRIPT_BASE64 = "#!/bin/sh\n", "IyEvYmluL3NoCg=="
MACHINE = {
    "instanceId": "1",
    "instanceName": "web-1",
    "imageId": OLD,
    "keyId": KEY,
    "timeZone": "UTC",
    "enableAgent": True,
    "status": "RUNNING",
}
# What the record holds after a machine was adopted or rebuilt as it is.
RECORD: dict[str, Any] = {
    "instanceId": "1",
    "instanceName": "web-1",
    "imageId": OLD,
    "keyId": KEY,
    "timezone": "UTC",
    "enableAgent": True,
    "applied": {"imageId": OLD, "keyId": KEY},
}


def attempt(outcome: str = "accepted") -> dict[str, Any]:
    return {"id": "a", "startedAt": 0.0, "outcome": outcome, "imageId": NEW, "keyId": KEY}


# An attempt on NEW is open.
OPEN = {"imageId": NEW, "attempt": attempt()}
# One for a script as well, whose answer was lost.
LOST: dict[str, Any] = {
    "imageId": NEW,
    "userData": SCRIPT,
    "attempt": {**attempt("unknown"), "causes": [{"trigger": "userData", "change": "given"}]},
}


@dataclass
class Case:
    """One row. Inputs and machine are given as differences from one that is at rest; ``None`` removes."""

    name: str
    wanted: dict[str, Any]
    kind: Kind
    causes: tuple[Cause, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Refusal | None = None
    undecided: tuple[str, ...] = ()
    recorded: dict[str, Any] = field(default_factory=dict)
    live: dict[str, Any] | None = field(default_factory=dict)


def without_nones(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}


def as_wanted(given_inputs: dict[str, Any]) -> Wanted:
    return parse_wanted({"instanceId": "1", **given_inputs})


def as_recorded(differences: dict[str, Any]) -> Recorded:
    return parse_recorded(without_nones({**RECORD, **differences}))


def as_live(differences: dict[str, Any] | None) -> Instance | None:
    return None if differences is None else Instance.model_validate(without_nones({**MACHINE, **differences}))


def check(plan: Plan, case: Case) -> None:
    shown = (plan.kind, plan.causes, plan.changes, plan.notes, plan.refusal, plan.undecided)
    assert shown == (case.kind, case.causes, case.changes, case.notes, case.refusal, case.undecided)


NOT_RUN = NotApplied(("userData",))
NO_PASSWORD = NotApplied(("password",))
FAILED = NotRunning("REINSTALL_FAILED")
IMAGE_CHANGE = Cause("imageId", OLD, NEW)
TOKEN = Cause("rebuildToken", change="given")
SCRIPT_GIVEN = Cause("userData", change="given")
SCRIPT_TAKEN_OUT = Cause("userData", change="taken out")
RENAMED = Cause("instanceName", "web-1", "x1")
PASSWORD = {"password": "Abcdef-123"}
NEVER_RUN = {"userData": SCRIPT, "applied": {**RECORD["applied"], "userDataNotRun": True}}

CREATES = [
    Case("nothing given", {}, Kind.ADOPT),
    Case("the image is there", {"imageId": OLD}, Kind.ADOPT),
    Case("everything readable is there", {"imageId": OLD, "keyId": KEY, "timezone": "UTC"}, Kind.ADOPT),
    Case("another image", {"imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,)),
    Case("another key", {"keyId": KEY_2}, Kind.REBUILD, (Cause("keyId", KEY, KEY_2),)),
    Case("a key where is none", {"keyId": KEY}, Kind.REBUILD, (Cause("keyId", None, KEY),), live={"keyId": None}),
    Case("user data never wipes", {"userData": SCRIPT}, Kind.ADOPT, notes=(NOT_RUN,)),
    Case("a token never wipes", {"rebuildToken": "one"}, Kind.ADOPT),
    Case("a password never wipes", PASSWORD, Kind.ADOPT, notes=(NO_PASSWORD,)),
    Case("nor does one in rebuild_on", {**PASSWORD, "rebuildOn": ["password"]}, Kind.ADOPT, notes=(NO_PASSWORD,)),
    Case(
        "another time zone only warns",
        {"timezone": "Asia/Tokyo"},
        Kind.ADOPT,
        notes=(NotAsWanted("timezone", "UTC", "Asia/Tokyo"),),
    ),
    Case("the agent only warns", {"enableAgent": False}, Kind.ADOPT, notes=(NotAsWanted("enableAgent", "on", "off"),)),
    Case(
        "a time zone in rebuild_on wipes",
        {"timezone": "Asia/Tokyo", "rebuildOn": ["timezone"]},
        Kind.REBUILD,
        (Cause("timezone", "UTC", "Asia/Tokyo"),),
    ),
    Case(
        "the agent in rebuild_on wipes",
        {"enableAgent": False, "rebuildOn": ["enable_agent"]},
        Kind.REBUILD,
        (Cause("enableAgent", "on", "off"),),
    ),
    Case("another name is set in place", {"instanceName": "front"}, Kind.ADOPT, changes=("instanceName",)),
    Case(
        "a rebuild sets the name itself",
        {"imageId": NEW, "instanceName": "x1"},
        Kind.REBUILD,
        (IMAGE_CHANGE, RENAMED),
    ),
    Case(
        "a rebuild sets time zone and agent as well",
        {"imageId": NEW, "timezone": "Asia/Tokyo", "enableAgent": False},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("timezone", "UTC", "Asia/Tokyo"), Cause("enableAgent", "on", "off")),
    ),
    Case(
        "a password takes the key off",
        {"imageId": NEW, **PASSWORD},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("keyId", KEY, None)),
    ),
    Case(
        "the agent off, where the API does not show it",
        {"enableAgent": False, "rebuildOn": ["enable_agent"]},
        Kind.ADOPT,
        live={"enableAgent": None},
    ),
    Case(
        "the agent on, where the API does not show it: no reason to wipe",
        {"enableAgent": True, "rebuildOn": ["enable_agent"]},
        Kind.ADOPT,
        notes=(NotAsWanted("enableAgent", "off", "on"),),
        live={"enableAgent": None},
    ),
    Case(
        "a time zone, where the API does not show it: no reason to wipe",
        {"timezone": "UTC", "rebuildOn": ["timezone"]},
        Kind.ADOPT,
        notes=(NotAsWanted("timezone", None, "UTC"),),
        live={"timeZone": None},
    ),
    Case(
        "only: a time zone that the API does not show",
        {"adopt": "only", "timezone": "UTC", "rebuildOn": ["timezone"]},
        Kind.ADOPT,
        (Cause("timezone", None, "UTC"),),
        refusal=MachineDiffers((Cause("timezone", None, "UTC"),)),
        live={"timeZone": None},
    ),
    Case(
        "an image, where the API does not show it: neither adopted nor wiped",
        {"imageId": NEW},
        Kind.ADOPT,
        refusal=ImageNotShown(),
        live={"imageId": None},
    ),
    Case(
        "never: an image that is not shown",
        {"adopt": "never", "imageId": NEW},
        Kind.REBUILD,
        live={"imageId": None},
        causes=(Cause("imageId", None, NEW),),
    ),
    Case("empty user data is none", {"userData": ""}, Kind.ADOPT),
    Case("only: adopts what matches", {"adopt": "only", "imageId": OLD}, Kind.ADOPT),
    Case(
        "only: refuses what differs",
        {"adopt": "only", "imageId": NEW},
        Kind.ADOPT,
        (IMAGE_CHANGE,),
        refusal=MachineDiffers((IMAGE_CHANGE,)),
    ),
    Case("never: rebuilds what matches", {"adopt": "never", "imageId": OLD}, Kind.REBUILD, (Cause("adopt"),)),
    Case("never: names what differs", {"adopt": "never", "imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,)),
    Case(
        "never: without a look",
        {"adopt": "never"},
        Kind.REBUILD,
        (Cause("adopt"),),
        undecided=(NOT_READ,),
        live=None,
    ),
    Case(
        "never: unknown id",
        {"adopt": "never", "instanceId": UNKNOWN},
        Kind.REBUILD,
        (Cause("adopt"),),
        undecided=("instanceId",),
        live=None,
    ),
    Case(
        "never: names what else is set",
        {"adopt": "never", "instanceName": "x1"},
        Kind.REBUILD,
        (Cause("adopt"), RENAMED),
    ),
    Case("without a look, open", {"imageId": NEW}, Kind.ADOPT, undecided=(NOT_READ,), live=None),
    Case("only, without a look: no wipe", {"adopt": "only", "imageId": NEW}, Kind.ADOPT, live=None),
    Case("only, unknown image: no wipe", {"adopt": "only", "imageId": UNKNOWN}, Kind.ADOPT),
    Case("unknown adopt may be never", {"adopt": UNKNOWN, "imageId": OLD}, Kind.ADOPT, undecided=("adopt",)),
    Case("unknown rebuild_on", {"rebuildOn": UNKNOWN, "timezone": "UTC"}, Kind.ADOPT, undecided=("rebuildOn",)),
    Case("unknown inside rebuild_on", {"rebuildOn": [UNKNOWN]}, Kind.ADOPT, undecided=("rebuildOn",)),
    Case(
        "unknown time zone that rebuild_on names",
        {"timezone": UNKNOWN, "rebuildOn": ["timezone"]},
        Kind.ADOPT,
        undecided=("timezone",),
    ),
    Case("unknown time zone that it does not name", {"timezone": UNKNOWN}, Kind.ADOPT),
    Case(
        "unknown health cannot wipe",
        {"health": {"http": {"path": UNKNOWN}}, "powerOff": UNKNOWN, "rebuildProtection": UNKNOWN},
        Kind.ADOPT,
    ),
    Case("an unknown input that nobody knows", {"novelty": UNKNOWN}, Kind.ADOPT, undecided=("novelty",)),
    Case("unknown image", {"imageId": UNKNOWN}, Kind.ADOPT, undecided=("imageId",)),
    Case("unknown user data cannot wipe here", {"userData": UNKNOWN}, Kind.ADOPT),
    Case("unknown token cannot wipe here", {"rebuildToken": UNKNOWN}, Kind.ADOPT),
    Case("unknown id", {"instanceId": UNKNOWN}, Kind.ADOPT, undecided=("instanceId",), live=None),
    Case(
        "a failed machine is adopted with a warning",
        {"imageId": OLD},
        Kind.ADOPT,
        notes=(FAILED,),
        live={"status": "REINSTALL_FAILED"},
    ),
    Case("as is one in the bin", {}, Kind.ADOPT, notes=(NotRunning("RECYCLE"),), live={"status": "RECYCLE"}),
]

UPDATES = [
    Case("nothing changed", {"imageId": OLD}, Kind.NONE),
    Case("nothing given", {}, Kind.NONE),
    Case("the image", {"imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,)),
    Case("the key", {"keyId": KEY_2}, Kind.REBUILD, (Cause("keyId", KEY, KEY_2),)),
    Case("two at once", {"imageId": NEW, "rebuildToken": "x"}, Kind.REBUILD, (IMAGE_CHANGE, TOKEN)),
    Case("an image that is no longer given", {}, Kind.NONE, recorded={"imageId": NEW}, live={"imageId": NEW}),
    Case("user data added", {"userData": SCRIPT}, Kind.REBUILD, (SCRIPT_GIVEN,)),
    Case("user data changed", {"userData": "x"}, Kind.REBUILD, (Cause("userData"),), recorded={"userData": SCRIPT}),
    Case("user data removed", {}, Kind.REBUILD, (SCRIPT_TAKEN_OUT,), recorded={"userData": SCRIPT}),
    Case("user data emptied", {"userData": ""}, Kind.REBUILD, (SCRIPT_TAKEN_OUT,), recorded={"userData": SCRIPT}),
    Case("empty user data, none before", {"userData": ""}, Kind.NONE),
    Case("empty Base64, none before", {"userDataBase64": ""}, Kind.NONE),
    Case("no user data, empty before", {}, Kind.NONE, recorded={"userData": ""}),
    Case("no user data, empty Base64 before", {}, Kind.NONE, recorded={"userDataBase64": ""}),
    Case("a script that never ran is taken out", {}, Kind.NONE, notes=(NeverRun(),), recorded=NEVER_RUN),
    Case("a script that never ran is emptied", {"userData": ""}, Kind.NONE, notes=(NeverRun(),), recorded=NEVER_RUN),
    Case("a script that never ran stays", {"userData": SCRIPT}, Kind.NONE, recorded=NEVER_RUN),
    Case(
        "a script that never ran is changed", {"userData": "x"}, Kind.REBUILD, (Cause("userData"),), recorded=NEVER_RUN
    ),
    Case("and taken out with another image", {"imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,), recorded=NEVER_RUN),
    Case(
        "one that never ran may be unknown",
        {"userData": UNKNOWN},
        Kind.NONE,
        undecided=("userData",),
        recorded=NEVER_RUN,
    ),
    Case("the same bytes as Base64", {"userDataBase64": SCRIPT_BASE64}, Kind.NONE, recorded={"userData": SCRIPT}),
    Case("the same bytes as text", {"userData": SCRIPT}, Kind.NONE, recorded={"userDataBase64": SCRIPT_BASE64}),
    Case("a token added", {"rebuildToken": "one"}, Kind.REBUILD, (TOKEN,)),
    Case(
        "a token changed",
        {"rebuildToken": "two"},
        Kind.REBUILD,
        (Cause("rebuildToken"),),
        recorded={"rebuildToken": "one"},
    ),
    Case("a token removed", {}, Kind.NONE, recorded={"rebuildToken": "one"}),
    Case("the name", {"instanceName": "front"}, Kind.CHANGE, changes=("instanceName",)),
    Case("a name that is there", {"instanceName": "front"}, Kind.NONE, live={"instanceName": "front"}),
    Case("key to password", PASSWORD, Kind.CHANGE, changes=("password",)),
    Case(
        "password to key",
        {"keyId": KEY},
        Kind.REBUILD,
        (Cause("keyId", None, KEY),),
        recorded={**PASSWORD, "keyId": None},
        live={"keyId": None},
    ),
    Case("another password", {"password": "New-Pass-1"}, Kind.CHANGE, changes=("password",), recorded=PASSWORD),
    Case("a password that is no longer given", {}, Kind.NONE, recorded=PASSWORD),
    Case(
        "a password in rebuild_on",
        {**PASSWORD, "rebuildOn": ["password"]},
        Kind.REBUILD,
        (Cause("password", change="given"), Cause("keyId", KEY, None)),
    ),
    Case(
        "a password beside an image",
        {**PASSWORD, "imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("keyId", KEY, None), Cause("password", change="given")),
    ),
    Case(
        "a key that somebody put beside the password",
        {**PASSWORD, "imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("keyId", KEY_2, None, drift=True)),
        recorded={**PASSWORD, "keyId": None},
        live={"keyId": KEY_2},
    ),
    Case("a time zone alone", {"timezone": "Asia/Tokyo"}, Kind.NONE, refusal=NeedsRebuild(("timezone",))),
    Case("the agent alone", {"enableAgent": False}, Kind.NONE, refusal=NeedsRebuild(("enableAgent",))),
    Case(
        "both alone",
        {"enableAgent": False, "timezone": "Asia/Tokyo"},
        Kind.NONE,
        refusal=NeedsRebuild(("timezone", "enableAgent")),
    ),
    Case("a time zone that is there", {"timezone": "Asia/Tokyo"}, Kind.NONE, live={"timeZone": "Asia/Tokyo"}),
    Case(
        "a time zone in rebuild_on",
        {"timezone": "Asia/Tokyo", "rebuildOn": ["timezone"]},
        Kind.REBUILD,
        (Cause("timezone", "UTC", "Asia/Tokyo"),),
    ),
    Case(
        "the agent in rebuild_on",
        {"enableAgent": False, "rebuildOn": ["enableAgent"]},
        Kind.REBUILD,
        (Cause("enableAgent", "on", "off"),),
    ),
    Case(
        "a time zone beside an image",
        {"timezone": "Asia/Tokyo", "imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("timezone", "UTC", "Asia/Tokyo")),
    ),
    Case("a name beside an image", {"instanceName": "x1", "imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE, RENAMED)),
    Case(
        "an image that somebody installed, beside a key",
        {"imageId": OLD, "keyId": KEY_2},
        Kind.REBUILD,
        (Cause("keyId", KEY, KEY_2), Cause("imageId", THIRD, OLD, drift=True)),
        live={"imageId": THIRD},
    ),
    Case(
        "everything that somebody changed, beside a token",
        {
            "imageId": OLD,
            "keyId": KEY,
            "timezone": "UTC",
            "enableAgent": True,
            "instanceName": "web-1",
            "rebuildToken": "x",
        },
        Kind.REBUILD,
        (
            TOKEN,
            Cause("imageId", THIRD, OLD, drift=True),
            Cause("keyId", KEY_2, KEY, drift=True),
            Cause("timezone", "Asia/Tokyo", "UTC", drift=True),
            Cause("enableAgent", "off", "on", drift=True),
            Cause("instanceName", "mine", "web-1", drift=True),
        ),
        live={"imageId": THIRD, "keyId": KEY_2, "timeZone": "Asia/Tokyo", "enableAgent": False, "instanceName": "mine"},
    ),
    Case(
        "what somebody changed and the program leaves stays",
        {"rebuildToken": "x"},
        Kind.REBUILD,
        (TOKEN,),
        live={"imageId": THIRD, "keyId": KEY_2, "timeZone": "Asia/Tokyo", "enableAgent": False, "instanceName": "mine"},
    ),
    Case(
        "the image, from what somebody installed",
        {"imageId": NEW},
        Kind.REBUILD,
        (Cause("imageId", THIRD, NEW),),
        live={"imageId": THIRD},
    ),
    Case(
        "an agent that the API does not show",
        {"imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        notes=(AgentNotShown(),),
        live={"enableAgent": None},
    ),
    Case(
        "an agent that it does not show, and the program gives",
        {"imageId": NEW, "enableAgent": False},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        live={"enableAgent": None},
    ),
    Case(
        "a time zone beside an image that is there",
        {"timezone": "Asia/Tokyo", "imageId": NEW},
        Kind.ADOPT,
        (IMAGE_CHANGE,),
        refusal=NeedsRebuild(("timezone",)),
        live={"imageId": NEW},
    ),
    Case("the image is there already", {"imageId": NEW}, Kind.ADOPT, (IMAGE_CHANGE,), live={"imageId": NEW}),
    Case(
        "it is there, but not the key",
        {"imageId": NEW, "keyId": KEY_2},
        Kind.REBUILD,
        (Cause("keyId", KEY, KEY_2),),
        live={"imageId": NEW},
    ),
    Case(
        "it is there, but user data is not",
        {"imageId": NEW, "userData": SCRIPT},
        Kind.REBUILD,
        (SCRIPT_GIVEN,),
        live={"imageId": NEW},
    ),
    Case(
        "what is asked for is there, but the image is another",
        {"imageId": OLD, "timezone": "Asia/Tokyo", "rebuildOn": ["timezone"]},
        Kind.REBUILD,
        (Cause("imageId", THIRD, OLD, drift=True),),
        live={"imageId": THIRD, "timeZone": "Asia/Tokyo"},
    ),
    Case(
        "it is shown, but the reinstall failed",
        {"imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        live={"imageId": NEW, "status": "REINSTALL_FAILED"},
    ),
    Case(
        "adopting sets the name, too",
        {"imageId": NEW, "instanceName": "x1"},
        Kind.ADOPT,
        (IMAGE_CHANGE,),
        changes=("instanceName",),
        live={"imageId": NEW},
    ),
    Case(
        "live merely differs",
        {"imageId": OLD},
        Kind.NONE,
        notes=(ChangedOutside("imageId", OLD, THIRD),),
        live={"imageId": THIRD},
    ),
    Case("live differs in what is not given", {}, Kind.NONE, live={"imageId": THIRD, "keyId": KEY_2}),
    Case(
        "a time zone differs",
        {"timezone": "UTC"},
        Kind.NONE,
        notes=(ChangedOutside("timezone", "UTC", "Asia/Tokyo"),),
        live={"timeZone": "Asia/Tokyo"},
    ),
    Case(
        "drift that refresh recorded",
        {"imageId": OLD},
        Kind.REBUILD,
        (Cause("imageId", THIRD, OLD, drift=True),),
        recorded={"imageId": THIRD},
        live={"imageId": THIRD},
    ),
    Case(
        "drift, and the program changed as well",
        {"imageId": NEW},
        Kind.REBUILD,
        (Cause("imageId", THIRD, NEW),),
        recorded={"imageId": THIRD},
        live={"imageId": THIRD},
    ),
    Case("failed, nothing asked", {}, Kind.NONE, notes=(FAILED,), live={"status": "REINSTALL_FAILED"}),
    Case("open attempt", {"imageId": NEW}, Kind.JOIN, recorded=OPEN),
    Case("open attempt, machine done", {"imageId": NEW}, Kind.JOIN, recorded=OPEN, live={"imageId": NEW}),
    Case("open attempt, image no longer given", {}, Kind.JOIN, recorded=OPEN),
    Case("open attempt and a name", {"instanceName": "x1"}, Kind.JOIN, changes=("instanceName",), recorded=OPEN),
    Case(
        "open attempt and a time zone",
        {"timezone": "Asia/Tokyo"},
        Kind.JOIN,
        refusal=NeedsRebuild(("timezone",)),
        recorded=OPEN,
    ),
    Case("open attempt that failed", {"imageId": NEW}, Kind.JOIN, recorded={**OPEN, "attempt": attempt("failed")}),
    Case("open attempt and a token", {"rebuildToken": "x"}, Kind.REBUILD, (TOKEN,), recorded=OPEN),
    Case(
        "changed again after an open attempt",
        {"imageId": THIRD},
        Kind.REBUILD,
        (Cause("imageId", NEW, THIRD),),
        recorded=OPEN,
        live={"imageId": NEW},
    ),
    Case(
        "taken back after an accepted attempt: what is shown is from before",
        {"imageId": OLD},
        Kind.REBUILD,
        (Cause("imageId", NEW, OLD),),
        recorded=OPEN,
    ),
    Case(
        "taken back after one that was perhaps never carried out",
        {"imageId": OLD},
        Kind.ADOPT,
        (Cause("imageId", NEW, OLD),),
        recorded={**OPEN, "attempt": attempt("unknown")},
    ),
    Case(
        "its image taken back and not its script: that was not run",
        {"imageId": OLD, "userData": SCRIPT},
        Kind.REBUILD,
        (SCRIPT_GIVEN,),
        recorded=LOST,
    ),
    Case(
        "the same after one that failed, on a machine that was repaired",
        {"imageId": OLD, "userData": SCRIPT},
        Kind.REBUILD,
        (SCRIPT_GIVEN,),
        recorded={**LOST, "attempt": {**LOST["attempt"], "outcome": "failed"}},
    ),
    Case(
        "another image than before was perhaps made with the script",
        {"imageId": THIRD, "userData": SCRIPT},
        Kind.ADOPT,
        (Cause("imageId", NEW, THIRD),),
        recorded=LOST,
        live={"imageId": THIRD},
    ),
    Case(
        "neither image nor key was to change: what is shown tells nothing of the script",
        {"imageId": OLD, "keyId": KEY_2, "userData": SCRIPT},
        Kind.REBUILD,
        (Cause("keyId", KEY, KEY_2),),
        recorded={**LOST, "imageId": OLD},
    ),
    Case(
        "taken back after one that failed",
        {"imageId": OLD},
        Kind.REBUILD,
        (Cause("imageId", NEW, OLD),),
        recorded={**OPEN, "attempt": attempt("failed")},
        live={"status": "REINSTALL_FAILED"},
    ),
    Case(
        "changed to what somebody else made of it meanwhile",
        {"imageId": THIRD},
        Kind.ADOPT,
        (Cause("imageId", NEW, THIRD),),
        recorded=OPEN,
        live={"imageId": THIRD},
    ),
    Case(
        "without a look, the program decides",
        {"imageId": NEW},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        undecided=(NOT_READ,),
        live=None,
    ),
    Case("without a look, nothing changed", {"imageId": OLD}, Kind.NONE, live=None),
    Case("unknown image", {"imageId": UNKNOWN}, Kind.NONE, undecided=("imageId",)),
    Case("unknown user data", {"userData": UNKNOWN}, Kind.NONE, undecided=("userData",)),
    Case("unknown name is no wipe", {"instanceName": UNKNOWN}, Kind.NONE),
    Case("unknown time zone is not refused", {"timezone": UNKNOWN}, Kind.NONE),
    Case(
        "unknown time zone that rebuild_on names",
        {"timezone": UNKNOWN, "rebuildOn": ["timezone"]},
        Kind.NONE,
        undecided=("timezone",),
    ),
    Case(
        "unknown time zone, and what rebuild_on names",
        {"timezone": UNKNOWN, "enableAgent": UNKNOWN, "password": UNKNOWN, "rebuildOn": UNKNOWN},
        Kind.NONE,
        undecided=("password", "timezone", "enableAgent", "rebuildOn"),
    ),
    Case("unknown rebuild_on alone", {"rebuildOn": UNKNOWN}, Kind.NONE, undecided=("rebuildOn",)),
    Case("unknown adopt", {"adopt": UNKNOWN}, Kind.NONE, undecided=("adopt",)),
    Case("unknown id", {"instanceId": UNKNOWN}, Kind.NONE, undecided=("instanceId",), live=None),
    Case("unknown power_off and health", {"powerOff": UNKNOWN, "health": UNKNOWN}, Kind.NONE),
    Case(
        "beside a rebuild everything unknown is named",
        {"imageId": NEW, "instanceName": UNKNOWN, "health": UNKNOWN},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        undecided=("instanceName", "health"),
    ),
    Case(
        "unknown key beside a change",
        {"imageId": NEW, "keyId": UNKNOWN},
        Kind.REBUILD,
        (IMAGE_CHANGE,),
        undecided=("keyId",),
    ),
]


@pytest.mark.parametrize("case", CREATES, ids=lambda case: case.name)
def test_create(case: Case) -> None:
    """A healthy machine is never wiped because something unreadable might differ."""
    check(plan_create(as_wanted(case.wanted), as_live(case.live)), case)


@pytest.mark.parametrize("case", UPDATES, ids=lambda case: case.name)
def test_update(case: Case) -> None:
    """Wanted against recorded decides; live only makes it safe."""
    check(plan_update(as_wanted(case.wanted), as_recorded(case.recorded), as_live(case.live)), case)


IMAGES = st.sampled_from([OLD, NEW, THIRD, None])
KEYS = st.sampled_from([KEY, KEY_2, None])
ZONES = st.sampled_from(["UTC", "Asia/Tokyo", None])
FLAGS = st.sampled_from([True, False, None])
SECRET_TEXTS = st.sampled_from(["s3cret-Aa", "s3cret-Bb", None])
MACHINES = st.fixed_dictionaries(
    {
        "imageId": IMAGES,
        "keyId": KEYS,
        "timeZone": ZONES,
        "enableAgent": FLAGS,
        "instanceName": st.sampled_from(["web-1", "front", None]),
        "status": st.sampled_from(["RUNNING", "STOPPED", "REINSTALL_FAILED", "DEPLOYING", "RECYCLE", "NEW_ONE"]),
    }
)
PROGRAMS = st.fixed_dictionaries(
    {
        "imageId": IMAGES,
        "keyId": KEYS,
        "password": SECRET_TEXTS,
        "userData": SECRET_TEXTS,
        "timezone": ZONES,
        "enableAgent": FLAGS,
        "instanceName": st.sampled_from(["web-1", "front", None]),
        "rebuildToken": st.sampled_from(["one", "two", None]),
        "rebuildOn": st.lists(st.sampled_from(["timezone", "enable_agent", "password"]), unique=True),
    }
)


def wanted_of(program: dict[str, Any]) -> Wanted:
    return as_wanted(without_nones(program))


@given(program=PROGRAMS, machine=st.none() | MACHINES)
def test_a_program_that_did_not_change_never_wipes_whatever_the_machine_shows(
    program: dict[str, Any], machine: dict[str, Any] | None
) -> None:
    """With wanted equal to recorded and no attempt there is no rebuild."""
    recorded = parse_recorded(without_nones({"instanceId": "1", **program}))
    assert plan_update(wanted_of(program), recorded, as_live(machine)).kind is not Kind.REBUILD


@given(program=PROGRAMS, machine=MACHINES)
def test_creating_on_a_machine_that_shows_everything_wanted_never_wipes(
    program: dict[str, Any], machine: dict[str, Any]
) -> None:
    """Whatever unreadable thing the program asks for."""
    same = {**program, "imageId": machine["imageId"], "keyId": machine["keyId"], "timezone": machine["timeZone"]}
    plan = plan_create(wanted_of({**same, "enableAgent": machine["enableAgent"]}), as_live(machine))
    assert plan.kind is Kind.ADOPT


@given(program=PROGRAMS, record=PROGRAMS, machine=MACHINES, outcome=st.sampled_from(["accepted", "unknown", None]))
def test_a_plan_is_deterministic_and_shows_no_secret(
    program: dict[str, Any], record: dict[str, Any], machine: dict[str, Any], outcome: str | None
) -> None:
    """Neither str nor repr of anything involved holds a password or user data."""
    recorded = as_recorded({**record, "attempt": attempt(outcome) if outcome else None})
    wanted, live = wanted_of(program), as_live(machine)
    plan = plan_update(wanted, recorded, live)
    assert plan == plan_update(wanted, recorded, live)
    created = plan_create(wanted, live)
    shown = " ".join(f"{item!r} {item}" for item in (wanted, recorded, plan, created, *plan.causes, *created.causes))
    assert "s3cret" not in shown


# What an unknown input may turn out to be: anything that the constructor takes.
VALUES: dict[str, Any] = {
    "imageId": st.sampled_from([OLD, NEW, None]),
    "keyId": KEYS,
    "password": SECRET_TEXTS,
    "userData": st.sampled_from([SCRIPT, "", "x", None]),
    "userDataBase64": st.sampled_from([SCRIPT_BASE64, "", None]),
    "timezone": ZONES,
    "enableAgent": FLAGS,
    "instanceName": st.sampled_from(["web-1", "front", None]),
    "rebuildToken": st.sampled_from(["one", None]),
    "rebuildOn": st.lists(st.sampled_from(["timezone", "enable_agent", "password"]), unique=True),
    "rebuildProtection": st.booleans(),
    "adopt": st.sampled_from(["auto", "only", "never"]),
    "powerOff": st.sampled_from(["graceful", "force"]),
    "health": st.none(),
}


@st.composite
def previewed(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A program as ``up`` has it, and as its preview had it: with any of its inputs not known yet."""
    program = draw(st.fixed_dictionaries({}, optional=VALUES))
    unknown = dict.fromkeys(draw(st.sets(st.sampled_from(sorted(VALUES)))), UNKNOWN)
    # What is unknown may also turn out to be a None.
    nested = {key: [UNKNOWN] for key in unknown if key == "rebuildOn" and draw(st.booleans())}
    return program, {**program, **unknown, **nested}


def announces(plan: Plan) -> bool:
    """Whether a preview's row says that a wipe comes, or that it may."""
    return plan.kind is Kind.REBUILD or bool(plan.undecided)


@settings(max_examples=500)
@given(both=previewed(), machine=MACHINES, read=st.booleans())
def test_creating_wipes_only_what_its_preview_announced(
    both: tuple[dict[str, Any], dict[str, Any]],
    machine: dict[str, Any],
    read: bool,  # noqa: FBT001 a case
) -> None:
    """Whatever is not known yet, the machine included, and whatever it turns out to be."""
    program, preview = both
    live = as_live(machine)
    if plan_create(wanted_of(program), live).kind is Kind.REBUILD:
        assert announces(plan_create(wanted_of(preview), live if read else None))


@settings(max_examples=500)
@given(
    both=previewed(),
    before=st.fixed_dictionaries({}, optional=VALUES),
    machine=MACHINES,
    read=st.booleans(),
    outcome=st.sampled_from(["accepted", "unknown", "failed", None]),
    not_run=st.booleans(),
)
def test_updating_wipes_only_what_its_preview_announced(
    both: tuple[dict[str, Any], dict[str, Any]],
    before: dict[str, Any],
    machine: dict[str, Any],
    read: bool,  # noqa: FBT001 a case
    outcome: str | None,
    not_run: bool,  # noqa: FBT001 a case
) -> None:
    """The same for what the stack holds, with and without an open attempt."""
    program, preview = both
    applied = {**RECORD["applied"], "userDataNotRun": True} if not_run else RECORD["applied"]
    recorded = as_recorded({**before, "applied": applied, "attempt": attempt(outcome) if outcome else None})
    live = as_live(machine)
    if plan_update(wanted_of(program), recorded, live).kind is Kind.REBUILD:
        assert announces(plan_update(wanted_of(preview), recorded, live if read else None))


SHOWN = {
    "image_id": "imageId",
    "key_id": "keyId",
    "timezone": "timezone",
    "enable_agent": "enableAgent",
    "instance_name": "instanceName",
}


@settings(max_examples=500)
@given(program=PROGRAMS, before=PROGRAMS, machine=MACHINES, new=st.booleans())
def test_what_a_rebuild_changes_on_the_machine_is_a_cause_of_it(
    program: dict[str, Any],
    before: dict[str, Any],
    machine: dict[str, Any],
    new: bool,  # noqa: FBT001 a case
) -> None:
    """From what is on the machine to what will be, whoever made the difference; and nothing else that it shows is."""
    if program["password"]:
        program = {**program, "keyId": None}  # both are refused
    wanted, live = wanted_of(program), as_live(machine)
    assert live is not None
    plan = plan_create(wanted, live) if new else plan_update(wanted, as_recorded(before), live)
    if plan.kind is not Kind.REBUILD:
        return
    now, after = settings_now(live), settings_after(wanted, live)
    differing = {
        key: (as_text(getattr(now, name)), as_text(getattr(after, name)))
        for name, key in SHOWN.items()
        if getattr(now, name) != getattr(after, name)
    }
    named = {cause.trigger: (cause.old, cause.new) for cause in plan.causes}
    assert {key: named.get(key) for key in differing} == differing
    if differing:
        assert {key for key in named if key in READABLE} == set(differing)


@pytest.mark.parametrize(
    ("given_script", "recorded_script", "script"),
    [
        ({}, {}, Script.NONE),
        ({"userData": ""}, {}, Script.NONE),
        ({}, {"userData": SCRIPT}, Script.NONE),
        ({"userData": SCRIPT}, {}, Script.NEW),
        ({"userData": "x"}, {"userData": SCRIPT}, Script.NEW),
        ({"userData": SCRIPT}, {"userData": SCRIPT}, Script.RECORDED),
        ({"userDataBase64": SCRIPT_BASE64}, {"userData": SCRIPT}, Script.RECORDED),
        ({"userData": UNKNOWN}, {"userData": SCRIPT}, Script.UNKNOWN),
    ],
)
def test_a_rebuild_says_which_script_it_runs(
    given_script: dict[str, Any], recorded_script: dict[str, Any], script: Script
) -> None:
    """The recorded one is also what ``ignore_changes`` holds a program to."""
    wanted = as_wanted({"imageId": NEW, **given_script})
    plan = plan_update(wanted, as_recorded(recorded_script), as_live({}))
    assert (plan.kind, plan.script) == (Kind.REBUILD, script)


def test_only_the_causes_that_ask_for_a_rebuild_are_triggers() -> None:
    """What is changed beside them would not have wiped the machine."""
    wanted = as_wanted({"imageId": OLD, "keyId": KEY_2, "timezone": "Asia/Tokyo"})
    plan = plan_update(wanted, as_recorded({}), as_live({"imageId": THIRD}))
    assert [cause.trigger for cause in plan.causes] == ["keyId", "imageId", "timezone"]
    assert [cause.trigger for cause in plan.triggers] == ["keyId"]


def test_the_inputs_that_can_never_cause_a_wipe() -> None:
    """A new input is not among them until somebody has thought of it."""
    assert {spec.name for spec in INPUTS if spec.never_wipes} == {
        "instance_name",
        "rebuild_protection",
        "power_off",
        "health",
        "backup",
        "on_unhealthy",
    }

"""The decision as one table: wanted, recorded and live → kind, causes, changes, notes, refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.api import Instance
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import UNKNOWN, Recorded, Wanted, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import (
    ChangedOutside,
    Kind,
    MachineDiffers,
    NeedsRebuild,
    NotApplied,
    NotAsWanted,
    Note,
    NotRunning,
    Plan,
    Refusal,
    plan_create,
    plan_update,
)

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
RECORD = {
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
    assert plan == Plan(case.kind, case.causes, case.changes, case.notes, case.refusal, case.undecided)


NOT_RUN = NotApplied(("userData",))
NO_PASSWORD = NotApplied(("password",))
FAILED = NotRunning("REINSTALL_FAILED")
IMAGE_CHANGE = Cause("imageId", OLD, NEW)
TOKEN = Cause("rebuildToken")
PASSWORD = {"password": "Abcdef-123"}

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
    Case("a rebuild sets the name itself", {"imageId": NEW, "instanceName": "x1"}, Kind.REBUILD, (IMAGE_CHANGE,)),
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
    Case("never: without a look", {"adopt": "never"}, Kind.REBUILD, (Cause("adopt"),), live=None),
    Case("without a look, open", {"imageId": NEW}, Kind.ADOPT, undecided=("instanceId",), live=None),
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
    Case("user data added", {"userData": SCRIPT}, Kind.REBUILD, (Cause("userData"),)),
    Case("user data changed", {"userData": "x"}, Kind.REBUILD, (Cause("userData"),), recorded={"userData": SCRIPT}),
    Case("user data removed", {}, Kind.REBUILD, (Cause("userData"),), recorded={"userData": SCRIPT}),
    Case("the same bytes as Base64", {"userDataBase64": SCRIPT_BASE64}, Kind.NONE, recorded={"userData": SCRIPT}),
    Case("the same bytes as text", {"userData": SCRIPT}, Kind.NONE, recorded={"userDataBase64": SCRIPT_BASE64}),
    Case("a token added", {"rebuildToken": "one"}, Kind.REBUILD, (TOKEN,)),
    Case("a token changed", {"rebuildToken": "two"}, Kind.REBUILD, (TOKEN,), recorded={"rebuildToken": "one"}),
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
        (Cause("password"),),
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
    Case("a time zone beside an image", {"timezone": "Asia/Tokyo", "imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,)),
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
        (IMAGE_CHANGE, Cause("keyId", KEY, KEY_2)),
        live={"imageId": NEW},
    ),
    Case(
        "it is there, but user data changed",
        {"imageId": NEW, "userData": SCRIPT},
        Kind.REBUILD,
        (IMAGE_CHANGE, Cause("userData")),
        live={"imageId": NEW},
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
    Case("without a look, the program decides", {"imageId": NEW}, Kind.REBUILD, (IMAGE_CHANGE,), live=None),
    Case("without a look, nothing changed", {"imageId": OLD}, Kind.NONE, live=None),
    Case("unknown image", {"imageId": UNKNOWN}, Kind.NONE, undecided=("imageId",)),
    Case("unknown user data", {"userData": UNKNOWN}, Kind.NONE, undecided=("userData",)),
    Case("unknown name is no wipe", {"instanceName": UNKNOWN}, Kind.NONE),
    Case("unknown time zone is not refused", {"timezone": UNKNOWN}, Kind.NONE),
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

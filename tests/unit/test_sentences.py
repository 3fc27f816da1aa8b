"""The one line that a reviewer reads, word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zec_pulumi.api import Instance
from zec_pulumi.journal.journal import Entry
from zec_pulumi.journal.marker import KEY, Marker, Phase
from zec_pulumi.journal.questions import (
    JournalWarning,
    MarkedNoLongerWanted,
    MarkedTakenBack,
    NoLongerWanted,
    OtherResource,
    OutcomeUnknown,
    Question,
    TakenBack,
    ValuesNotKept,
)
from zec_pulumi.messages import plan as sentences
from zec_pulumi.messages import recovery
from zec_pulumi.messages.causes import sentence
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import parse_recorded
from zec_pulumi.planning.plan import (
    MACHINE,
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
)

LIVE = Instance.model_validate(
    {
        "instanceId": "zec-0a1b",
        "instanceName": "web-1",
        "imageId": "ubuntu2204",
        "status": "RUNNING",
        "systemDisk": {"diskSize": 40},
    }
)
IMAGE = Cause("imageId", "ubuntu2204", "ubuntu2404")
AND = f"; {sentences.CONSEQUENCES}"
WIPE = Plan(Kind.REBUILD, (IMAGE,))


def live(**changed: Any) -> Instance:
    return LIVE.model_copy(update=changed)


@pytest.mark.parametrize(
    ("plan", "machine", "line"),
    [
        (
            WIPE,
            LIVE,
            "rebuild: boot disk of zec-0a1b (web-1, 40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404" + AND,
        ),
        (
            Plan(Kind.REBUILD, (IMAGE, Cause("userData")), undecided=("keyId",)),
            live(instance_name=None),
            (
                "rebuild: boot disk of zec-0a1b (40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404,"
                " userData changed (not known yet: keyId)" + AND
            ),
        ),
        (WIPE, None, "rebuild: boot disk of zec-0a1b will be wiped: imageId ubuntu2204 → ubuntu2404" + AND),
        (
            WIPE,
            live(status="STOPPING"),
            (
                "rebuild: boot disk of zec-0a1b (web-1, 40 GiB) will be wiped: imageId ubuntu2204 → ubuntu2404"
                f"; {sentences.NOT_RUNNING}, {sentences.FOR_ALL}"
                "; the instance is STOPPING, up waits for that to end and decides then"
            ),
        ),
        (Plan(Kind.ADOPT), LIVE, "adopt: already runs ubuntu2204; nothing is wiped"),
        (
            Plan(Kind.ADOPT, changes=("instanceName",)),
            LIVE,
            "adopt: already runs ubuntu2204; nothing is wiped; changed in place: instanceName",
        ),
        (
            Plan(Kind.ADOPT),
            live(status="REINSTALL_FAILED"),
            "adopt: is REINSTALL_FAILED with ubuntu2204; nothing is wiped",
        ),
        (
            Plan(Kind.CHANGE, changes=("password", "instanceName")),
            LIVE,
            "change in place: password, instanceName of zec-0a1b (web-1, 40 GiB); nothing is wiped",
        ),
        (
            Plan(Kind.NONE, undecided=("imageId",)),
            LIVE,
            (
                "undecided: not known yet: imageId;"
                " boot disk of zec-0a1b (web-1, 40 GiB) will be wiped if that asks for it"
            ),
        ),
        (
            Plan(Kind.ADOPT, undecided=("instanceId",)),
            None,
            (
                "undecided: not known yet: instanceId;"
                " up reads the machine, adopts it if it is as wanted, and else rebuilds it"
            ),
        ),
        (
            Plan(Kind.ADOPT, undecided=(MACHINE,)),
            None,
            (
                "undecided: not known yet: machine, as live checks were not made; up reads zec-0a1b, adopts it if it is"
                " as wanted, and else rebuilds it"
            ),
        ),
        (
            Plan(Kind.ADOPT, undecided=(MACHINE, "imageId")),
            None,
            (
                "undecided: not known yet: machine, imageId, as live checks were not made; up reads zec-0a1b, adopts it"
                " if it is as wanted, and else rebuilds it"
            ),
        ),
        (
            Plan(Kind.ADOPT),
            None,
            "adopt: up reads zec-0a1b, adopts it if it is as wanted, and else refuses; nothing is wiped",
        ),
        (Plan(Kind.NONE), LIVE, None),
    ],
)
def test_the_line_of_a_plan(plan: Plan, machine: Instance | None, line: str | None) -> None:
    """It names the machine, what happens to its disk, and why."""
    assert sentences.line(plan, machine, "zec-0a1b") == line


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ("RUNNING", "; it is powered off, "),
        ("STOPPED", "; it is off and will run afterwards, "),
        ("REINSTALL_FAILED", "; it does not run now and will run afterwards, "),
        ("STOPPING", "; it does not run now and will run afterwards, "),
    ],
)
def test_a_machine_that_is_off_will_run_and_cost(found: str, says: str) -> None:
    """Whatever keeps it from running now."""
    assert says in (sentences.line(WIPE, live(status=found), "zec-0a1b") or "")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (Script.NONE, "; no first-boot script runs"),
        (Script.NEW, "; its first-boot script runs"),
        (Script.RECORDED, "; the first-boot script that is recorded runs"),
        (Script.UNKNOWN, "; whether a first-boot script runs is not known yet"),
        (None, "data disks are not part of it"),
    ],
)
def test_a_rebuild_says_whether_a_first_boot_script_runs(script: Script | None, says: str) -> None:
    """So that one which ``ignore_changes`` holds back surprises nobody."""
    plan = Plan(Kind.REBUILD, (IMAGE,), script=script)
    assert (sentences.line(plan, LIVE, "zec-0a1b") or "").endswith(says)


@pytest.mark.parametrize(
    ("outcome", "machine", "line"),
    [
        (
            "accepted",
            live(status="DEPLOYING"),
            "join: rebuild accepted 12m00s ago, DEPLOYING; up goes on waiting for it and wipes nothing again",
        ),
        (
            "unknown",
            None,
            (
                "join: rebuild sent, its answer lost, 12m00s ago, not read; up goes on waiting for it and wipes nothing"
                " again"
            ),
        ),
        (
            "failed",
            live(status="REINSTALL_FAILED"),
            (
                "join: the rebuild accepted 12m00s ago failed, the instance is REINSTALL_FAILED; nothing is wiped again"
                " unless rebuild_token changes"
            ),
        ),
    ],
)
def test_the_line_of_an_open_attempt(outcome: str, machine: Instance | None, line: str) -> None:
    """How long ago, and what the machine shows now."""
    recorded = parse_recorded({"attempt": {"id": "a", "startedAt": 1000.0, "outcome": outcome}})
    assert sentences.join(Plan(Kind.JOIN), recorded, machine, 1720.0) == line


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (IMAGE, "imageId ubuntu2204 → ubuntu2404"),
        (Cause("keyId", None, "key-1"), "keyId none → key-1"),
        (Cause("userData"), "userData changed"),
        (Cause("userData", change="given"), "userData given"),
        (Cause("userData", change="taken out"), "userData taken out"),
        (Cause("rebuildToken", change="given"), "rebuildToken given"),
        (Cause("password"), "password changed"),
        (Cause("keyId", "key-1", None), "keyId key-1 → none"),
        (Cause("instanceName", "mine", "web-1", drift=True), "instanceName mine → web-1 (changed outside Pulumi)"),
        (Cause("adopt"), 'adopt is "never"'),
        (Cause("imageId", "b", "a", drift=True), "imageId b → a (changed outside Pulumi)"),
        (Cause("keyId", None, "a", drift=True), "keyId none → a (changed outside Pulumi)"),
    ],
)
def test_a_cause_in_words(cause: Cause, text: str) -> None:
    """Ids and names from and to; what is secret is only named."""
    assert sentence(cause) == text


NAMES = {"img-1": "Ubuntu 22.04", "img-2": "Ubuntu 24.04 (x64)", "img-4": "changed outside Pulumi"}


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (Cause("imageId", "img-1", "img-3"), "imageId img-1 (Ubuntu 22.04) → img-3"),
        (Cause("imageId", None, "img-1"), "imageId none → img-1 (Ubuntu 22.04)"),
        (Cause("imageId", "img-0", "img-2"), 'imageId img-0 → img-2 ("Ubuntu 24.04 (x64)")'),
        (
            Cause("imageId", "img-1", "img-0", drift=True),
            "imageId img-1 (Ubuntu 22.04) → img-0 (changed outside Pulumi)",
        ),
        (Cause("imageId", "img-0", "img-4"), 'imageId img-0 → img-4 ("changed outside Pulumi")'),
        (
            Cause("imageId", "img-0", "img-1", drift=True),
            "imageId img-0 → img-1 (Ubuntu 22.04) (changed outside Pulumi)",
        ),
        (Cause("userData"), "userData changed"),
    ],
)
def test_a_cause_shows_the_names_of_ids_that_have_one(cause: Cause, text: str) -> None:
    """A name that could be mistaken for words of the sentence is quoted."""
    assert sentence(cause, NAMES) == text


def test_a_recorded_cause_that_nobody_can_read_is_shown_as_it_was_recorded() -> None:
    """A person may make sense of it."""
    assert sentence(Cause("in words of another release")) == "in words of another release"


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (NotApplied(("userData",)), "adopted as it is: user data was not run"),
        (
            NotApplied(("userData", "password")),
            "adopted as it is: user data was not run and the password was neither set nor verified",
        ),
        (NotAsWanted("timezone", "UTC", "Asia/Tokyo"), "timezone is UTC, not Asia/Tokyo: only a rebuild changes it"),
        (NotAsWanted("enableAgent", "on", "off"), "the agent is on, not off: only a rebuild changes it"),
        (
            ChangedOutside("instanceName", "web-1", None),
            (
                "instanceName was changed outside Pulumi: web-1 → none; after pulumi refresh, preview shows the way"
                " back, unless ignore_changes names it"
            ),
        ),
        (
            ChangedOutside("enableAgent", "on", "off"),
            "enableAgent was changed outside Pulumi: on → off; only a rebuild changes it back",
        ),
        (
            AgentNotShown(),
            (
                "the API does not show whether the agent is on. Without enable_agent in the program, the rebuild turns"
                " it off"
            ),
        ),
        (NeverRun(), "record: user data is taken out that was never run on the machine; nothing is wiped"),
        (
            NotRunning("REINSTALL_FAILED"),
            "the instance is REINSTALL_FAILED: it does not run; change rebuild_token to ask for a rebuild",
        ),
        (NotRunning("RECYCLE"), "the instance is RECYCLE: it does not run, and no rebuild can change that"),
    ],
)
def test_a_note_of_a_plan(note: Note, text: str) -> None:
    """What up leaves as it is, and what to do about it."""
    assert sentences.note(note) == text


@pytest.mark.parametrize(
    ("drift", "text"),
    [
        (ChangedOutside("imageId", "img-1", None), "imageId was changed outside Pulumi: img-1 → none"),
        (
            ChangedOutside("instanceName", "web-1", "a; <{%b%}>"),
            r'instanceName was changed outside Pulumi: web-1 → "a; \u003c{%b%}>"',
        ),
        (
            ChangedOutside("enableAgent", "on", "off"),
            "enableAgent was changed outside Pulumi: on → off; only a rebuild changes it back",
        ),
    ],
)
def test_a_refresh_says_drift(drift: ChangedOutside, text: str) -> None:
    """With the words of a plan's note: names are quoted where the engine would swallow a part of them."""
    assert sentences.refreshed(drift) == text


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (
            MachineDiffers((IMAGE, Cause("keyId", None, "k"))),
            'adopt is "only" and the machine differs: imageId ubuntu2204 → ubuntu2404; keyId none → k',
        ),
        (
            NeedsRebuild(("timezone", "enableAgent")),
            (
                "timezone and enable_agent: only a rebuild can change this, and nothing else asks for one. To wipe the"
                " boot disk for it, add 'timezone', 'enable_agent' to rebuild_on or change rebuild_token; else take the"
                " change back"
            ),
        ),
        (
            ImageNotShown(),
            (
                "image_id: the API does not show which image the machine runs, so it is neither adopted nor wiped. Run"
                ' again when zec-pulumi instances shows it, or set adopt="never" to rebuild the machine whatever it'
                " runs"
            ),
        ),
    ],
)
def test_a_refusal_of_a_plan(refusal: Refusal, text: str) -> None:
    """Why, and the way out."""
    assert sentences.refusal(refusal) == text


ENTRY = Entry("a1", "zec-0a1b", "urn of web-1", (Cause("userData"),), None, 1000.0, "intent", 1000.0)
CLOSE = "`zec-pulumi attempts close a1"
MARKER = Marker.begun("urn", "0" * 16, "89abcdef", 1_790_000_000.0)


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        (OutcomeUnknown(ENTRY), (f"{CLOSE} --rebuilt` or `--not-rebuilt`", "userData changed")),
        (OtherResource(ENTRY), (f"{CLOSE} --rebuilt`", "`--not-rebuilt`", "urn of web-1", "userData changed")),
        (NoLongerWanted(ENTRY, LIVE), ("RUNNING with image ubuntu2204 and key none", "pulumi refresh")),
        (
            MarkedNoLongerWanted(LIVE, MARKER),
            (
                f"its tag {KEY} says so (attempt 89abcdef, begun at 2026-09-21T14:13:20Z)",
                "RUNNING with image ubuntu2204 and key none",
                "pulumi refresh",
            ),
        ),
    ],
)
def test_a_question_about_an_attempt(question: Question, facts: tuple[str, ...]) -> None:
    """Which instance, that nothing was done now, and how to answer."""
    text = recovery.question(question)
    assert [
        fact for fact in ("zec-0a1b", "This run has changed nothing", "pulumi up", *facts) if fact not in text
    ] == []


@pytest.mark.parametrize(
    ("warning", "facts"),
    [
        (TakenBack(ENTRY, ("password", "userData")), ("password and user_data", f"{CLOSE} --not-rebuilt`")),
        (ValuesNotKept(ENTRY, ("userData", "rebuildToken")), ("user_data or rebuild_token",)),
        (
            MarkedTakenBack(LIVE, MARKER),
            (
                "was about to be rebuilt, or was, for another program of this resource at 2026-09-21T14:13:20Z",
                "`zec-pulumi attempts close 89abcdef --not-rebuilt`",
                "zec:closeAttempt to 89abcdef=not-rebuilt",
            ),
        ),
        *(
            (
                MarkedTakenBack(LIVE, replace(MARKER, phase=phase)),
                ("was rebuilt for another program", "`zec-pulumi attempts close 89abcdef --forget`"),
            )
            for phase in (Phase.ACCEPTED, Phase.DONE)
        ),
    ],
)
def test_a_warning_about_an_attempt(warning: JournalWarning, facts: tuple[str, ...]) -> None:
    """Which instance, which inputs in their Python spelling, and the way to another rebuild."""
    text = recovery.warning(warning)
    assert [fact for fact in ("zec-0a1b", "change rebuild_token", *facts) if fact not in text] == []


@pytest.mark.parametrize("value", ["RUNNING", "STOPPED", "REINSTALL_FAILED", "CREATE_FAILED", "RECYCLE", "RECYCLED"])
def test_stable_statuses_are_not_waited_out(value: str) -> None:
    """They do not change by themselves."""
    assert not status.is_transitional(value)
    assert status.shown(value) == value


@pytest.mark.parametrize("value", ["DEPLOYING", "REBUILDING", "BOOTING", "STOPPING", "PENDING", "REBOOT", "IMAGING"])
def test_documented_transitional_statuses_are_waited_out(value: str) -> None:
    """And shown as they are."""
    assert status.is_transitional(value)
    assert status.shown(value) == value


@pytest.mark.parametrize("value", ["SOMETHING_NEW", "UNKNOWN", "running"])
def test_unknown_statuses_are_waited_out_and_named(value: str) -> None:
    """Whatever a later API calls it."""
    assert status.is_transitional(value)
    assert status.shown(value) == f"{value} (a status this version does not know)"

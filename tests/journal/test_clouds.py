"""What was done in one cloud never counts in another; what other credentials did is never overlooked."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.journal.conftest import SCRIPT, Stack
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.api import AccessKey, BearerToken, Endpoint
from zec_pulumi.cli.main import main
from zec_pulumi.journal.clouds import account_of, journal_of, journals
from zec_pulumi.journal.journal import Event, Journal
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.operations.context import Process
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zec_pulumi.simulator import Simulator

PHASES = ["sending ResetInstance", "reset accepted", "DEPLOYING", "RUNNING, verifying"]
NO_TAGS = json.dumps({"zec:markAttempts": "false"})
OTHER = AccessKey("another-key", "its password")
ALL_EVENTS: list[Event] = [
    "intent",
    "accepted",
    "begun",
    "unknown",
    "finished",
    "failed",
    "closed-rebuilt",
    "refused",
    "closed-not-rebuilt",
    "forgotten",
]
ENDED = {"refused", "closed-not-rebuilt", "forgotten"}


@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_rehearsal_never_makes_the_real_up_report_or_refuse(
    make_stack: Callable[..., Stack], clouds: tuple[Simulator, Simulator], phase: str
) -> None:
    """Same project, same stack name, same home, same machine: the real cloud gets its own rebuild, one."""
    real, rehearsal = make_stack(clouds[0]), make_stack(clouds[1])
    rehearsal.killed(phase, imageId=JAMMY, userData=SCRIPT)
    real.up(imageId=JAMMY, userData=SCRIPT)
    assert real.actions() == ["StopInstances", "ResetInstance"]
    assert real.outputs["lastRebuild"]["attemptId"] not in rehearsal.file.read_text()


def test_two_clouds_share_no_lock_and_two_credentials_of_one_do(
    make_stack: Callable[..., Stack], clouds: tuple[Simulator, Simulator]
) -> None:
    """A machine of the same id at another endpoint is another machine; here it is the same, whoever asks."""
    here, there, rotated = (
        make_stack(clouds[0], adopted=False),
        make_stack(clouds[1], adopted=False),
        make_stack(clouds[0], adopted=False, credentials=OTHER),
    )
    lock = lock_of(here.journal.folder, WEB)
    assert lock.take(here.urn)
    assert not lock_of(rotated.journal.folder, WEB).take(rotated.urn)
    there.up(imageId=NOBLE)
    lock.free()
    assert there.resets() == 1


@pytest.mark.parametrize("phase", PHASES)
def test_after_a_token_was_rotated_an_unseen_change_asks_and_is_not_made_again(
    make_stack: Callable[..., Stack], phase: str
) -> None:
    """Without a tag, whether these credentials see the same account cannot be known, so a person is asked."""
    before = make_stack()
    before.settings = NO_TAGS
    before.killed(phase, imageId=JAMMY, userData=SCRIPT)
    before.sim.settle()
    sent = before.resets()
    after = make_stack(adopted=False, credentials=OTHER)
    after.outputs, after.inputs = before.outputs, before.inputs
    said = after.failed(imageId=JAMMY, userData=SCRIPT)
    assert "may already have been rebuilt: an earlier run with other credentials" in said
    assert after.resets() == sent


@pytest.mark.parametrize("phase", ["DEPLOYING", "RUNNING, verifying"])
def test_the_tag_of_the_attempt_tells_that_other_credentials_see_the_same_machine(
    make_stack: Callable[..., Stack], phase: str
) -> None:
    """And that the rebuild was seen to begin: nobody has to be asked."""
    before = make_stack()
    before.killed(phase, imageId=JAMMY, userData=SCRIPT)
    after = make_stack(adopted=False, credentials=OTHER)
    after.outputs, after.inputs = before.outputs, before.inputs
    after.up(imageId=JAMMY, userData=SCRIPT)
    assert (after.resets(), after.status()) == (1, "RUNNING")


@pytest.mark.parametrize("word", ["--rebuilt", "--not-rebuilt"])
def test_a_person_answers_for_the_credentials_of_before(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str
) -> None:
    """The command of the question is its way out."""
    before = make_stack()
    before.killed("sending ResetInstance", imageId=JAMMY, userData=SCRIPT)
    after = make_stack(adopted=False, credentials=OTHER)
    after.outputs, after.inputs = before.outputs, before.inputs
    after.failed(imageId=JAMMY, userData=SCRIPT)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    (tmp_path / "home").rename(tmp_path / "zec_pulumi")
    after.home = tmp_path / "zec_pulumi"
    assert main(["attempts", "close", before_attempt(after), word]) == 0
    if word == "--rebuilt":  # the machine was powered off only: its owner has rebuilt and started it, say
        after.sim.patch_instance(WEB, status="RUNNING")
    after.up(imageId=JAMMY, userData=SCRIPT)
    assert after.resets() == (0 if word == "--rebuilt" else 1)


def before_attempt(stack: Stack) -> str:
    return stack.journal.entries(WEB)[0].attempt_id


def test_a_readable_change_needs_no_question_after_a_rotation(make_stack: Callable[..., Stack]) -> None:
    """The machine tells."""
    before = make_stack()
    before.killed("reset accepted", imageId=NOBLE)
    after = make_stack(adopted=False, credentials=OTHER)
    after.outputs, after.inputs = before.outputs, before.inputs
    after.up(imageId=NOBLE)
    assert after.resets() == 1


def test_an_approval_that_a_rehearsal_used_up_is_good_on_the_real_cloud(
    make_stack: Callable[..., Stack], clouds: tuple[Simulator, Simulator]
) -> None:
    """And stays used where it was used, whatever the credentials."""
    rehearsal, real = make_stack(clouds[1], adopted=False), make_stack(clouds[0], adopted=False)
    rotated = make_stack(clouds[1], adopted=False, credentials=OTHER)
    rehearsal.journal.intend("a1", WEB, rehearsal.urn, (), None, "0123456789abcdef")
    assert real.journal.approvals.used(WEB) == {}
    assert rotated.journal.approvals.used(WEB) == {"0123456789abcdef": "a1"}


def test_forgetting_a_resource_forgets_it_in_its_own_cloud_only(
    make_stack: Callable[..., Stack], clouds: tuple[Simulator, Simulator], tmp_path: Path
) -> None:
    """A destroyed rehearsal leaves the question of the real stack; it needs no credentials."""
    real, rehearsal = make_stack(clouds[0]), make_stack(clouds[1])
    for one in (real, rehearsal):
        one.killed("sending ResetInstance", imageId=JAMMY, userData=SCRIPT)
    environ = {"PULUMI_HOME": str(tmp_path), "ZENLAYERCLOUD_DOMAIN": clouds[1].host, "ZENLAYERCLOUD_SCHEME": "HTTP"}
    (tmp_path / "home").rename(tmp_path / "zec_pulumi")
    real.home = rehearsal.home = tmp_path / "zec_pulumi"
    process = Process.configured({}, environ, tmp_path, cancelled=threading.Event(), is_busy=bool, is_interactive=bool)
    process.forget(WEB, rehearsal.urn)
    assert [stack.journal.entries(WEB)[0].event for stack in (real, rehearsal)] == ["intent", "forgotten"]


# What a release wrote that did not tell clouds apart.


def write_older(stack: Stack, event: Event) -> Path:
    """Write an attempt as that release did: in the root of the home, without an account."""
    file = stack.home / "journal" / f"{WEB}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = {"at": 1000.0, "instance": WEB, "attempt": "older-1"}
    cause = {"trigger": "userData"}
    said = [{**facts, "event": "intent", "urn": stack.urn, "causes": [cause], "previous": None}]
    said += [{**facts, "event": event}] if event != "intent" else []
    file.write_text("".join(json.dumps(line) + "\n" for line in said))
    return file


@pytest.mark.parametrize("event", ALL_EVENTS)
def test_an_older_attempt_asks_and_never_counts_as_done(stack: Stack, event: Event) -> None:
    """It may be of this cloud, so it is not wiped again on a guess; it may be of another, so it is no success."""
    write_older(stack, event)
    if event in ENDED:
        stack.up(imageId=JAMMY, userData=SCRIPT)
        assert stack.resets() == 1
    else:
        assert "of an older release (it did not note the cloud)" in stack.failed(imageId=JAMMY, userData=SCRIPT)
        assert stack.actions() == []


@pytest.mark.parametrize(("word", "resets"), [("--rebuilt", 0), ("--not-rebuilt", 1)])
def test_an_older_attempt_is_answered_by_its_command(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, word: str, resets: int
) -> None:
    """A word that was given since clouds are told apart counts."""
    write_older(stack, "closed-rebuilt")
    monkeypatch.setenv("PULUMI_HOME", str(stack.home.parent))
    stack.home = stack.home.rename(stack.home.parent / "zec_pulumi")
    stack.failed(imageId=JAMMY, userData=SCRIPT)
    assert main(["attempts", "close", "older-1", word]) == 0
    stack.up(imageId=JAMMY, userData=SCRIPT)
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == resets


def test_older_used_approvals_are_used_everywhere(stack: Stack) -> None:
    """Nobody can tell where."""
    file = stack.home / "approvals" / f"{WEB}.jsonl"
    file.parent.mkdir()
    file.write_text('{"at": 1.0, "event": "used", "attempt": "a0", "digest": "0123456789abcdef"}\n')
    assert stack.journal.approvals.used(WEB) == {"0123456789abcdef": "a0"}


def test_what_this_cloud_has_recorded_leaves_older_attempts_of_others(stack: Stack) -> None:
    """Only the attempt that the stack knows is forgotten in the file that all clouds shared."""
    file = write_older(stack, "intent")
    stack.journal.forget(WEB, {"another"})
    assert [entry.event for entry in stack.journal.entries(WEB)] == ["unknown"]
    stack.journal.forget(WEB, {"older-1"})
    assert [entry.event for entry in stack.journal.entries(WEB)] == ["forgotten"]
    assert file.exists()


# Which cloud.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Endpoint("console.zenlayer.com"), Endpoint("Console.Zenlayer.COM"), True),
        (Endpoint("console.zenlayer.com"), Endpoint("console.zenlayer.com:443"), True),
        (Endpoint("console.zenlayer.com"), Endpoint("console.zenlayer.com."), True),
        (Endpoint("127.0.0.1:80", "http"), Endpoint("127.0.0.1", "http"), True),
        (Endpoint("127.0.0.1:8000", "http"), Endpoint("127.0.0.1:8001", "http"), False),
        (Endpoint("[::1]:8000", "http"), Endpoint("[::1]:8001", "http"), False),
        (Endpoint("console.zenlayer.com"), Endpoint("console.zenlayer.example"), False),
    ],
)
def test_an_endpoint_is_its_host_and_port(tmp_path: Path, one: Endpoint, other: Endpoint, *, same: bool) -> None:
    """However it is spelled."""
    folders = {journal_of(tmp_path, SystemClock(), endpoint, None).folder for endpoint in (one, other)}
    assert (len(folders) == 1) == same


def test_the_account_tells_credentials_apart_and_reveals_nothing() -> None:
    """Neither a token nor the id of a key is in it; the password of a key may change."""
    token = account_of(BearerToken("secret-token"))
    key = account_of(AccessKey("an-id", "one"))
    assert token != key != account_of(AccessKey("another-id", "one"))
    assert key == account_of(AccessKey("an-id", "two"))
    assert not any(part in token + key for part in ("secret", "token", "an-id"))
    assert len(token) == 16


def test_no_credential_is_in_the_files(stack: Stack) -> None:
    """Of the whole home."""
    stack.up(imageId=JAMMY, userData=SCRIPT)
    written = "".join(file.read_text() for file in stack.home.rglob("*") if file.is_file())
    assert account_of(stack.credentials) not in ("", stack.sim.token)
    assert stack.sim.token not in written


def test_all_clouds_are_found_again(tmp_path: Path) -> None:
    """By the endpoint that each was made for, beside what an older release wrote."""
    for domain in ("console.zenlayer.com", "127.0.0.1:8000"):
        made = journal_of(tmp_path, SystemClock(), Endpoint(domain), OTHER)
        made.intend("a1", WEB, "urn", (Cause("userData"),), None)
    Journal(tmp_path, SystemClock()).intend("a0", WEB, "urn", (), None)
    (tmp_path / "clouds" / "stray").write_text("no cloud")
    found = {endpoint: one.everything().entries for endpoint, one in journals(tmp_path, SystemClock()).items()}
    assert {endpoint: len(entries) for endpoint, entries in found.items()} == {
        None: 1,
        "127.0.0.1:8000": 1,
        "console.zenlayer.com": 1,
    }
    assert [one.name for one in (tmp_path / "clouds" / "127.0.0.1%3a8000").iterdir()] == ["journal"]

"""The GitHub workflows: each shell step, on the real engine and the simulated cloud."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from driver import WEB_1

if TYPE_CHECKING:
    from tests.pipelines.conftest import Pipeline

# Needs jq, which `make test` does not ask for.
pytestmark = [pytest.mark.engine, pytest.mark.slow]

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
MARKER = "<!-- zec preview of dev -->"
BOT = {"login": "github-actions[bot]"}
ENVIRONMENT = "repos/o/r/environments/zec-rebuilds"
REVIEWED = {ENVIRONMENT: {"protection_rules": [{"type": "required_reviewers"}]}}


LABELLED = {"event": "labeled", "label": {"name": "approve-rebuilds"}, "created_at": "2026-01-02T00:00:02Z"}
UNLABELLED = {**LABELLED, "event": "unlabeled", "created_at": "2026-01-02T00:00:03Z"}
OTHER_LABEL = {**LABELLED, "label": {"name": "bug"}}
EARLIER, LATER = "2026-01-02T00:00:01Z", "2026-01-02T00:00:02Z"
MERGED = {"number": 7, "merge_commit_sha": "c0ffee", "merged_at": EARLIER}


UNKNOWN_IMAGE = f"""
import zec_pulumi as zec

other = zec.InstanceOsImage("other", instance_id="1272168087751233113", adopt="only")
zec.InstanceOsImage("web", instance_id="{WEB_1}", image_id=other.image_id)
"""


def want(pipeline: Pipeline, image: str) -> None:
    """Declare another image for web-1."""
    pipeline.stack.declare(web={"instance_id": WEB_1, "image_id": image})


def refused(pipeline: Pipeline, why: str) -> None:
    """Run the job `up`, which must fail for that reason and touch no machine."""
    ran = pipeline.github("up.yml", "up")
    assert ran.returncode != 0
    assert why in ran.stdout + ran.stderr
    assert pipeline.stack.actions() == []


def test_a_pull_request_gets_one_comment_that_is_edited_afterwards(pipeline: Pipeline) -> None:
    """The first run makes the comment; the next finds it among others and changes it. No machine is touched."""
    want(pipeline, NOBLE)
    assert pipeline.github("preview.yml", "preview").returncode == 0
    assert pipeline.github("preview.yml", "comment").returncode == 0
    made = pipeline.calls[-1]
    assert made["line"].startswith("api --method POST repos/o/r/issues/7/comments ")
    assert made["body"].startswith(MARKER)
    assert "1 boot disk to wipe (1 waiting for approval)" in made["body"]

    somebody = {"id": 1, "user": {"login": "somebody"}, "body": MARKER}
    other = {"id": 2, "user": BOT, "body": "another comment"}
    pipeline.answer({"--paginate": [somebody, other, {"id": 3, "user": BOT, "body": made["body"]}]})
    assert pipeline.github("preview.yml", "comment").returncode == 0
    assert pipeline.calls[-1]["line"].startswith("api --method PATCH repos/o/r/issues/comments/3 ")
    assert pipeline.stack.actions() == []


@pytest.mark.parametrize("program", ["wrong image", "broken program"])
def test_a_preview_that_fails_is_said_in_the_comment_and_fails_the_check(pipeline: Pipeline, program: str) -> None:
    """An old comment never stands for a preview that failed."""
    want(pipeline, "nonsense")
    if program == "broken program":
        (pipeline.stack.folder / "program" / "__main__.py").write_text("raise SystemExit(3)\n")
    assert pipeline.github("preview.yml", "preview").returncode == 1
    comment = (pipeline.stack.folder / "comment.md").read_text()
    assert comment.startswith(MARKER)
    assert "the preview failed" in comment


def test_up_rebuilds_what_the_reviewers_of_the_environment_approved(pipeline: Pipeline) -> None:
    """The job before says what is wiped; its tokens, and nothing else, reach `up`."""
    want(pipeline, NOBLE)
    pipeline.answer(REVIEWED)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["wiped"] == "true"
    assert "1 boot disk to wipe" in pipeline.summary
    assert pipeline.github("up.yml", "up").returncode == 0
    assert pipeline.stack.actions() == ["StopInstances", "ResetInstance"]


def test_a_cancelled_up_records_what_goes_on(pipeline: Pipeline) -> None:
    """GitHub sends SIGINT to the step's shell alone, and pulumi stands in its place. The next run wipes nothing."""
    want(pipeline, NOBLE)
    pipeline.answer(REVIEWED)
    pipeline.github("up.yml", "preview")
    pipeline.cancel_during_the_rebuild(lambda shell: shell.send_signal(signal.SIGINT))
    assert pipeline.github("up.yml", "up").returncode != 0
    assert pipeline.stack.state()["web"]["outputs"]["attempt"]["outcome"] == "accepted"
    pipeline.stack.cloud.patch_instance(WEB_1, status="RUNNING", imageId=NOBLE)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["wiped"] == "false"
    assert pipeline.github("up.yml", "up").returncode == 0
    assert pipeline.stack.actions() == ["StopInstances", "ResetInstance"]


def merge(
    pipeline: Pipeline, *events: dict[str, Any], edited: str = EARLIER, pull: dict[str, Any] | None = None
) -> None:
    """Preview in the pull request and merge it, with those events in its history; no environment has reviewers."""
    assert pipeline.github("preview.yml", "preview").returncode == 0
    comment = {"id": 1, "user": BOT, "body": (pipeline.stack.folder / "comment.md").read_text(), "updated_at": edited}
    somebody = {**comment, "user": {"login": "somebody"}}
    pipeline.answer(
        {
            "commits/c0ffee/pulls": [pull or MERGED],
            "issues/7/events": [{"event": "closed", "created_at": EARLIER}, *events],
            "issues/7/comments": [somebody, comment] if edited else [somebody],
            ENVIRONMENT: {"protection_rules": []},
        }
    )


def test_up_rebuilds_what_the_label_approved(pipeline: Pipeline) -> None:
    """The comment listed the token when the label was put on; no environment is asked."""
    want(pipeline, NOBLE)
    merge(pipeline, LABELLED)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["labelled"] == "true"
    assert pipeline.github("up.yml", "up").returncode == 0
    assert pipeline.stack.actions() == ["StopInstances", "ResetInstance"]
    assert not any(ENVIRONMENT in call["line"] for call in pipeline.calls)


@pytest.mark.parametrize(
    ("events", "edited", "pull"),
    [
        pytest.param([], EARLIER, MERGED, id="no label"),
        pytest.param([OTHER_LABEL], EARLIER, MERGED, id="another label"),
        pytest.param([LABELLED, UNLABELLED], EARLIER, MERGED, id="label taken off"),
        pytest.param([LABELLED], LATER, MERGED, id="comment edited since"),
        pytest.param([LABELLED], "", MERGED, id="no comment of the workflow"),
        pytest.param([LABELLED], EARLIER, {**MERGED, "merge_commit_sha": "beef"}, id="another commit"),
        pytest.param([LABELLED], EARLIER, {**MERGED, "merged_at": None}, id="not merged"),
    ],
)
def test_up_refuses_what_no_label_approved(
    pipeline: Pipeline, events: list[dict[str, Any]], edited: str, pull: dict[str, Any]
) -> None:
    """The environment is asked then, and has no reviewers here."""
    want(pipeline, NOBLE)
    merge(pipeline, *events, edited=edited, pull=pull)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["labelled"] == "false"
    refused(pipeline, "no label approves this")


def test_a_label_does_not_approve_what_was_pushed_after_it(pipeline: Pipeline) -> None:
    """Merged before its comment was edited: the token of the new plan is not in the old comment."""
    want(pipeline, DEBIAN)
    merge(pipeline, LABELLED)
    want(pipeline, NOBLE)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["labelled"] == "false"
    refused(pipeline, "no label approves this")


def test_up_refuses_where_the_environment_has_no_reviewers(pipeline: Pipeline) -> None:
    """An environment that was forgotten approves nothing."""
    want(pipeline, NOBLE)
    pipeline.answer({ENVIRONMENT: {"protection_rules": []}})
    pipeline.github("up.yml", "preview")
    refused(pipeline, "no required reviewers")


def test_up_refuses_a_plan_that_changed_after_the_review(pipeline: Pipeline) -> None:
    """What was approved is another target."""
    want(pipeline, NOBLE)
    pipeline.answer(REVIEWED)
    pipeline.github("up.yml", "preview")
    want(pipeline, DEBIAN)
    refused(pipeline, "approval needed")


@pytest.mark.parametrize("gate", ["zec:allowRebuild", "zec:allowedCauses"])
def test_a_closed_gate_waits_for_the_reviewers_although_preview_ends_with_0(pipeline: Pipeline, gate: str) -> None:
    """The report's status decides, so that a person reads it; `up` then fails at the gate."""
    want(pipeline, NOBLE)
    pipeline.stack.configure(**{gate: {"zec:allowRebuild": "false", "zec:allowedCauses": "keyId"}[gate]})
    assert pipeline.stack.preview("--json").code == 0
    pipeline.answer(REVIEWED)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs["wiped"] == "true"
    refused(pipeline, gate)


def test_a_preview_that_fails_stops_up(pipeline: Pipeline) -> None:
    """By the report's status."""
    want(pipeline, "nonsense")
    assert pipeline.github("up.yml", "preview").returncode == 1
    assert pipeline.outputs == {}


def test_a_failure_that_the_preview_does_not_show_stops_every_workflow(pipeline: Pipeline) -> None:
    """A violated policy is one: the JSON is that of a preview without changes, the status is not."""
    pipeline.fail_previews()
    for file, job in (("preview.yml", "preview"), ("up.yml", "preview"), ("drift.yml", "drift")):
        assert pipeline.github(file, job).returncode == 1


def test_a_wipe_that_only_up_will_know_waits_for_the_reviewers(pipeline: Pipeline) -> None:
    """It has no token yet: a label approves nothing, and reviewers approve only what `up` names afterwards."""
    (pipeline.stack.folder / "program" / "__main__.py").write_text(UNKNOWN_IMAGE)
    merge(pipeline, LABELLED)
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert (pipeline.outputs["wiped"], pipeline.outputs["labelled"]) == ("true", "false")
    pipeline.answer(REVIEWED)
    refused(pipeline, "approval needed")


def test_up_without_a_wipe_needs_nobody(pipeline: Pipeline) -> None:
    """Nothing is asked of the forge."""
    assert pipeline.github("up.yml", "preview").returncode == 0
    assert pipeline.outputs == {"tokens": "", "wiped": "false"}
    assert pipeline.github("up.yml", "up").returncode == 0
    assert pipeline.calls == []


def test_up_refuses_a_wipe_that_the_job_before_it_did_not_show(pipeline: Pipeline) -> None:
    """Without reviewers there are no tokens, whatever turns up afterwards."""
    pipeline.outputs = {"tokens": "", "wiped": "false"}
    want(pipeline, NOBLE)
    refused(pipeline, "approval needed")


def test_drift_opens_one_issue_edits_it_and_closes_it(pipeline: Pipeline) -> None:
    """A machine that was changed outside is an issue until it is as the program says; no machine is touched."""
    pipeline.stack.cloud.patch_instance(WEB_1, imageId=DEBIAN)
    assert _drift(pipeline, []) == "issue create"
    assert "**drift**" in pipeline.calls[-1]["body"]
    assert _drift(pipeline, [{"number": 5}]) == "issue edit 5"
    pipeline.stack.cloud.patch_instance(WEB_1, imageId=JAMMY)
    assert _drift(pipeline, [{"number": 5}]) == "issue close 5"
    assert pipeline.stack.actions() == []


def _drift(pipeline: Pipeline, issues: list[dict[str, int]]) -> str:
    """Run the workflow where those issues are open; return the last call's words before its options."""
    pipeline.answer({"issue list": issues})
    ran = pipeline.github("drift.yml", "drift")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return pipeline.calls[-1]["line"].split(" --")[0]

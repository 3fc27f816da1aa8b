"""The GitLab pipeline: each script, on the real engine and the simulated cloud."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from driver import WEB_1

if TYPE_CHECKING:
    import subprocess

    from tests.pipelines.conftest import Pipeline

# Needs jq, which `make test` does not ask for.
pytestmark = [pytest.mark.engine, pytest.mark.slow]

MARKER = "<!-- zec preview of dev -->"
REQUEST = {
    "CI_API_V4_URL": "https://gitlab.invalid/api/v4",
    "CI_PROJECT_ID": "3",
    "CI_MERGE_REQUEST_IID": "7",
    "NOTES_TOKEN": "token",
}
NOTES = "https://gitlab.invalid/api/v4/projects/3/merge_requests/7/notes"


def want(pipeline: Pipeline, image: str) -> None:
    """Declare another image for web-1."""
    pipeline.stack.declare(web={"instance_id": WEB_1, "image_id": image})


def test_a_merge_request_gets_one_note_that_is_edited_afterwards(pipeline: Pipeline) -> None:
    """The first run makes the note; the next finds it on the second page and changes it."""
    want(pipeline, "ubuntu2404_20240712")
    assert pipeline.gitlab("preview").returncode == 0
    assert pipeline.gitlab("note", **REQUEST).returncode == 0
    made = pipeline.calls[-1]
    assert f"--request POST {NOTES} " in made["line"]
    assert made["body"].startswith(MARKER)
    assert "1 boot disk to wipe (1 waiting for approval)" in made["body"]

    pages = {"&page=1": [{"id": 1, "body": "looks good"}], "&page=2": [{"id": 2, "body": made["body"]}]}
    pipeline.answer(pages)
    assert pipeline.gitlab("note", **REQUEST).returncode == 0
    assert f"--request PUT {NOTES}/2 " in pipeline.calls[-1]["line"]
    assert pipeline.stack.actions() == []


def test_a_preview_that_fails_is_said_in_the_note_and_fails_the_job(pipeline: Pipeline) -> None:
    """An old note never stands for a preview that failed."""
    want(pipeline, "nonsense")
    assert pipeline.gitlab("preview").returncode == 1
    assert "the preview failed" in (pipeline.stack.folder / "note.md").read_text()


def test_a_failure_that_the_preview_does_not_show_fails_the_job(pipeline: Pipeline) -> None:
    """Its status reaches the report, and the note says it."""
    pipeline.fail_previews()
    assert pipeline.gitlab("preview").returncode == 1
    assert "pulumi preview ended with status 255" in (pipeline.stack.folder / "note.md").read_text()


def test_up_rebuilds_what_the_job_before_it_showed(pipeline: Pipeline) -> None:
    """Starting the manual job approves the tokens of that report."""
    want(pipeline, "ubuntu2404_20240712")
    assert pipeline.gitlab("preview").returncode == 0
    assert pipeline.gitlab("up").returncode == 0
    assert pipeline.stack.actions() == ["StopInstances", "ResetInstance"]


def each_process(shell: subprocess.Popen[str]) -> None:
    """Do as GitLab's runner in a container: SIGTERM to each process, the youngest first, and some time for each."""
    for one in sorted(psutil.Process(shell.pid).children(recursive=True), key=lambda one: -one.pid):
        with contextlib.suppress(psutil.Error):
            one.terminate()
            one.wait(6)


def test_a_cancelled_up_records_what_goes_on(pipeline: Pipeline) -> None:
    """The plugin hears of it before the engine does. The next job wipes nothing."""
    want(pipeline, "ubuntu2404_20240712")
    pipeline.gitlab("preview")
    pipeline.cancel_during_the_rebuild(each_process)
    assert pipeline.gitlab("up").returncode != 0
    assert pipeline.stack.state()["web"]["outputs"]["attempt"]["outcome"] == "accepted"
    pipeline.stack.cloud.patch_instance(WEB_1, status="RUNNING", imageId="ubuntu2404_20240712")
    assert pipeline.gitlab("preview").returncode == 0
    assert pipeline.gitlab("up").returncode == 0
    assert pipeline.stack.actions() == ["StopInstances", "ResetInstance"]

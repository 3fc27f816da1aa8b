"""What a report makes of a preview: actions, approvals, exit codes, and what it must not repeat."""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.cli.layout import plain
from zec_pulumi.cli.report import Action, Approval, FailOn, as_json, markdown, read, report_of, report_text, terminal
from zec_pulumi.planning.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.cli.report import Report

WIPE = (
    "warning: rebuild: boot disk of i-1 (web-1, 40 GiB) {} be wiped: imageId a → b; it is powered off, its SSH host"
    " keys change, data disks are not part of it"
)
NEEDED = (
    "error: approval needed: instance i-1 is not rebuilt (imageId a → b); its disk is untouched. To approve, add"
    " prod/i-1/0123456789abcdef to zec:approvedRebuilds"
)
PROTECTED = (
    "error: rebuild_protection is set, so instance i-1 is not rebuilt (imageId a → b); its disk is untouched. Set"
    " rebuild_protection=False to allow it, or take the change back"
)
ADOPT = "info: adopt: already runs a; nothing is wiped"
UNKNOWN = "warning: undecided: not known yet: imageId; boot disk of i-1 (40 GiB) will be wiped if that asks for it"
QUESTION = "error: Instance i-1 may already have been rebuilt: an earlier run was killed"
FOREIGN = "error: something else"
TOKEN = "prod/i-1/0123456789abcdef"
APPROVED = f"info: approved by {TOKEN}"
RECORD = "info: record: only the stack's record changes; nothing is wiped"
GATED = {"zec:requireApproval": "true"}


def gzipped(time: int) -> str:
    return base64.b64encode(gzip.compress(b"#!/bin/sh", mtime=time)).decode()


def actions(found: Report) -> dict[str, tuple[str, str | None]]:
    return {row.resource: (row.action.value, row.approval.value if row.approval else None) for row in found.rows}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("nothing", {}),
        (
            "ungated",
            {
                "api": ("rebuild", "ungated"),
                "web": ("rebuild", "ungated"),
                "moved": ("adopt", None),
                "edge": ("change in place", None),
                "gone": ("forget", None),
            },
        ),
        ("drift", {"web": ("rebuild", "ungated")}),
        ("drift_unrefreshed", {"web": ("none", None)}),
        ("record_only", {"web": ("record", None)}),
        ("replaced", {"web": ("adopt", None), "old": ("forget", None)}),
        (
            "fleet",
            {
                "web-1": ("rebuild", "ungated"),
                "web-2": ("record", None),
                "batch-1": ("rebuild", "ungated"),
                "edge-1": ("adopt", None),
            },
        ),
        ("undecided", {"first": ("rebuild", "ungated"), "second": ("undecided", None), "third": ("undecided", None)}),
        (
            "no_credentials",
            {
                "web": ("rebuild", "needed"),
                "fresh": ("undecided", None),
                **dict.fromkeys(("edge", "gone", "moved"), ("forget", None)),
            },
        ),
        ("wrong_input", {"api": ("rebuild", "ungated")}),
        ("program_failed", {}),
    ],
)
def test_what_real_previews_do_to_machines(
    recorded: Callable[[str], Report], name: str, rows: dict[str, tuple[str, str | None]]
) -> None:
    """Every row of a preview of the real engine, and no other."""
    assert actions(recorded(name)) == rows


def test_approvals_of_real_previews(recorded: Callable[[str], Report]) -> None:
    """Waiting ones carry their tokens, approved ones do not, refused ones name their gates."""
    gated, one, all_, refused = (recorded(name) for name in ("gated", "one_approved", "all_approved", "refused"))
    assert len(gated.tokens) == 2
    assert (len(one.tokens), len(one.kept_tokens)) == (1, 1)
    assert set(one.tokens) | set(one.kept_tokens) == set(gated.tokens)
    assert all_.tokens == []
    assert len(all_.rebuilds(Approval.APPROVED)) == 2
    gates = {row.resource: [gate.name for gate in row.gates] for row in refused.rebuilds(Approval.REFUSED)}
    assert gates == {
        "api": ["rebuild_protection", "zec:allowRebuild", "zec:allowedCauses"],
        "web": ["zec:allowRebuild", "zec:allowedCauses"],
    }


def test_details_of_a_real_rebuild(recorded: Callable[[str], Report]) -> None:
    """Machine, disk, causes with names, drift, and the machine that is forgotten for another."""
    (web,) = recorded("drift").rows
    (cause,) = web.causes
    assert (web.instance_id, web.instance_name, web.disk_gib) == ("1272168087751233112", "web-1", 40)
    assert cause == Cause("imageId", "debian12_20240712", "ubuntu2204_20240712", drift=True)
    assert next(row.forgets for row in recorded("replaced").rows) == "1272168087751233112"


@pytest.mark.parametrize(
    ("lines", "config", "codes"),
    [
        ([], {}, (1, 1, 1)),
        ([ADOPT], {}, (0, 0, 0)),
        ([WIPE.format("will")], {}, (0, 2, 2)),
        ([WIPE.format("will")], {"zec:approvedRebuilds": TOKEN}, (0, 2, 2)),
        ([WIPE.format("will"), APPROVED], {**GATED, "zec:approvedRebuilds": TOKEN}, (0, 0, 2)),
        ([WIPE.format("will"), APPROVED], {**GATED, "zec:approvedRebuilds": json.dumps([TOKEN])}, (0, 0, 2)),
        # The row says nothing, so no gate held, whatever tokens there are.
        ([WIPE.format("will")], {**GATED, "zec:approvedRebuilds": TOKEN}, (0, 2, 2)),
        ([WIPE.format("will")], {"zec:allowRebuild": "false"}, (0, 2, 2)),
        # The row says something that the settings do not hold.
        ([WIPE.format("will"), APPROVED], GATED, (0, 2, 2)),
        ([WIPE.format("will"), APPROVED], {"zec:approvedRebuilds": TOKEN}, (0, 2, 2)),
        ([WIPE.format("will"), APPROVED], {**GATED, "zec:approvedRebuilds": TOKEN[:-1] + "0"}, (0, 2, 2)),
        ([WIPE.format("will"), APPROVED], {**GATED, "zec:approvedRebuilds": "[secret]"}, (0, 2, 2)),
        (
            [WIPE.format("will"), APPROVED],
            {**GATED, "zec:approvedRebuilds": TOKEN, "zec:allowRebuild": "false"},
            (0, 2, 2),
        ),
        (
            [WIPE.format("will"), APPROVED],
            {**GATED, "zec:approvedRebuilds": TOKEN, "zec:allowedCauses": "keyId"},
            (0, 2, 2),
        ),
        (
            [WIPE.format("will"), APPROVED, f"{APPROVED[:-1]}0"],
            {**GATED, "zec:approvedRebuilds": TOKEN},
            (0, 2, 2),
        ),
        ([WIPE.format("will"), APPROVED], {**GATED, "zec:requireApproval": "yes, please"}, (0, 2, 2)),
        # What the engine masks before the last part does not count.
        (
            [WIPE.format("will"), APPROVED.replace("i-1", "[secret]")],
            {**GATED, "zec:approvedRebuilds": TOKEN},
            (0, 0, 2),
        ),
        (
            [WIPE.format("will"), APPROVED.replace("cdef", "[secret]")],
            {**GATED, "zec:approvedRebuilds": TOKEN},
            (0, 2, 2),
        ),
        ([WIPE.format("will"), "info: approved by me"], {**GATED, "zec:approvedRebuilds": TOKEN}, (1, 1, 1)),
        ([WIPE.format("will"), APPROVED, NEEDED], {**GATED, "zec:approvedRebuilds": TOKEN}, (0, 2, 2)),
        ([WIPE.format("would"), NEEDED], GATED, (0, 2, 2)),
        ([WIPE.format("would"), PROTECTED], {}, (0, 2, 2)),
        ([WIPE.format("would")], {**GATED, "zec:approvedRebuilds": TOKEN}, (0, 2, 2)),
        ([UNKNOWN], {}, (0, 2, 2)),
        ([QUESTION], {}, (0, 2, 2)),
        ([ADOPT, FOREIGN], {}, (1, 1, 1)),
        (["warning: rebuild: in words of another version"], {}, (1, 1, 1)),
    ],
)
def test_the_exit_code(
    preview: Callable[..., bytes], lines: list[str], config: dict[str, str], codes: tuple[int, int, int]
) -> None:
    """For --fail-on never, unapproved and any. Only a row that names a token which the settings hold is approved."""
    made = report_of(read(preview({"web": lines}, config=config)))
    assert tuple(made.exit_code(choice) for choice in FailOn) == codes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"imageId": "a"}, {"imageId": "b"}),
        ({"rebuildProtection": True}, {}),
        ({"userData": "[secret]"}, {"userData": "[secret]"}),
        ({}, {}),
    ],
)
def test_an_update_without_a_line_is_never_harmless(
    preview: Callable[..., bytes], old: dict[str, Any], new: dict[str, Any]
) -> None:
    """A line that got lost must not hide a wipe, whatever the inputs look like: secrets look alike."""
    made = report_of(read(preview({"web": []}, oldState={"id": "i-1", "inputs": old}, newState={"inputs": new})))
    assert made.rows[0].action is Action.UNDECIDED
    assert made.exit_code(FailOn.NEVER) == 1


def test_an_update_of_the_record_says_so(preview: Callable[..., bytes]) -> None:
    """The provider has a line for it."""
    made = report_of(read(preview({"web": [RECORD]})))
    assert (made.rows[0].action, made.exit_code(FailOn.ANY)) == (Action.RECORD, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"changeSummary": {"update": 2}},
        {"changeSummary": {"update": 1, "create": 1}},
        {"maybeCorrupt": True},
    ],
)
def test_a_preview_that_is_not_whole_is_a_failure(preview: Callable[..., bytes], changed: dict[str, Any]) -> None:
    """The engine counts more than it shows, or says that the state is broken."""
    document = {**json.loads(preview({"web": [ADOPT]})), **changed}
    assert report_of(read(json.dumps(document))).exit_code(FailOn.NEVER) == 1


def test_a_script_that_was_never_run_is_taken_out_of_the_record_only(preview: Callable[..., bytes]) -> None:
    """The row's own line says so, although a trigger has changed."""
    states = {"oldState": {"id": "i-1", "inputs": {"userData": "a"}}, "newState": {"inputs": {}}}
    line = "warning: record: user data is taken out that was never run on the machine; nothing is wiped"
    made = report_of(read(preview({"web": [line]}, **states)))
    assert (made.rows[0].action, made.exit_code(FailOn.ANY)) == (Action.RECORD, 0)


def test_a_rebuild_says_what_becomes_of_a_machine_that_is_off_and_which_script_runs(
    preview: Callable[..., bytes],
) -> None:
    """Before its other notes."""
    line = WIPE.format("will").replace("it is powered off", "it is off and will run afterwards")
    lines = [f"{line}; the first-boot script that is recorded runs", "warning: a note"]
    (row,) = report_of(read(preview({"web": lines}))).rows
    said = ("it is off and will run afterwards", "the first-boot script that is recorded runs", "a note")
    assert row.notes == said


@pytest.mark.parametrize("operation", ["create", "replace", "create-replacement"])
def test_a_new_resource_without_a_line_is_a_failure(preview: Callable[..., bytes], operation: str) -> None:
    """The provider always says something about it."""
    assert report_of(read(preview({"web": []}, op=operation))).exit_code(FailOn.NEVER) == 1


def test_the_worst_line_of_a_row_decides_and_the_others_are_notes(preview: Callable[..., bytes]) -> None:
    """A row may have several."""
    (row,) = report_of(read(preview({"web": [ADOPT, UNKNOWN, "warning: a note"]}))).rows
    assert row.action is Action.UNDECIDED
    assert row.notes == ("already runs a; nothing is wiped", "a note")


def test_resources_in_components_are_found_and_others_only_counted(preview: Callable[..., bytes]) -> None:
    """A component puts its own type in front."""
    document = json.loads(preview({"web": [WIPE.format("will")]}))
    text = json.dumps(document).replace("::pulumi-python:", "::my:index:Fleet$pulumi-python:")
    document = json.loads(text)
    document["steps"] += [
        {"op": op, "urn": f"urn:pulumi:prod::shop::aws:s3/bucket:Bucket::{op}"} for op in ("update", "delete", "same")
    ]
    made = report_of(read(json.dumps(document)))
    assert [row.resource for row in made.rows] == ["web"]
    assert made.others == {"delete": 1, "update": 1}


def test_two_resources_of_one_name_are_told_apart(preview: Callable[..., bytes]) -> None:
    """By the components that hold them, in the report and in its failures."""
    document = json.loads(preview({"web": [WIPE.format("will")]}))
    (step,), (line,) = document["steps"], document["diagnostics"]
    document["steps"], document["diagnostics"] = [], []
    root = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"
    for site, kind in (("site-a", "my:index:A"), ("site-b", "my:index:B")):
        parent = f"urn:pulumi:prod::shop::my:index:Region${kind}::{site}"
        region = "urn:pulumi:prod::shop::my:index:Region::region"
        urn = f"urn:pulumi:prod::shop::my:index:Region${kind}$pulumi-python:dynamic/zec:InstanceOsImage::web"
        states = {"newState": {"parent": parent}}
        document["steps"] += [
            {"op": "create", "urn": region, "newState": {"custom": False, "parent": root}},
            {"op": "create", "urn": parent, "newState": {"custom": False, "parent": region}},
            {**step, "urn": urn, **states},
        ]
        document["diagnostics"] += [{**line, "urn": urn}] if site == "site-a" else []
    made = report_of(read(json.dumps(document)))
    assert [(row.parents, row.resource) for row in made.rows] == [
        (("region", "site-a"), "web"),
        (("region", "site-b"), "web"),
    ]
    assert [(failure.parents, failure.resource) for failure in made.failures] == [(("region", "site-b"), "web")]
    for text in (markdown.render(made), "\n".join(plain(terminal.render(made, 200)))):
        assert "region/site-a/web" in text
        assert "region/site-b/web" in text
    assert as_json.document(made)["machines"][0]["parents"] == ["region", "site-a"]


@pytest.mark.parametrize(
    ("masked", "token", "hint"),
    [
        (TOKEN.replace("i-1", "[secret]"), "prod/[secret]/0123456789abcdef", "paste the token as it is"),
        (TOKEN.replace("89ab", "[secret]"), None, "the engine masks its token"),
        ("[secret]", None, "the engine masks its token"),
    ],
)
def test_a_masked_token_says_what_to_do(
    preview: Callable[..., bytes], masked: str, token: str | None, hint: str
) -> None:
    """The engine masks secrets wherever they occur; what it prints must still be of use, or be called useless."""
    lines = [
        WIPE.format("would").replace("i-1", "[secret]"),
        NEEDED.replace(TOKEN, masked).replace("i-1 ", "[secret] "),
    ]
    made = report_of(read(preview({"web": lines}, config=GATED)))
    (row,) = made.rows
    assert (row.approval, row.token, made.exit_code(FailOn.UNAPPROVED)) == (Approval.NEEDED, token, 2)
    assert any(hint in note for note in row.notes)
    command = report_text.approve_command(made)
    assert shlex.split(command)[-1] == (token or "")
    assert bool(made.tokens) is (token is not None)


def test_a_fleet_is_told_as_a_whole_and_is_no_other_resource(recorded: Callable[[str], Report]) -> None:
    """Its own line stands for all of its machines, which are rows as any others."""
    made = recorded("fleet")
    (fleet,) = made.fleets
    assert (fleet.resource, fleet.urn) == ("site", "urn:pulumi:dev::any::zec:index:Fleet::site")
    assert fleet.detail.startswith("2 of 4 instances will be wiped, 1 adopted, 1 unchanged; canary web-1 first")
    assert (made.others, made.failures) == ({}, ())


def test_what_a_fleets_plan_says_of_a_failure_is_repeated(preview: Callable[..., bytes]) -> None:
    """They are this package's own words, which hold no value."""
    document = json.loads(preview({"web": [ADOPT]}))
    urn = "urn:pulumi:prod::shop::zec:index:Fleet$pulumi-python:dynamic/zec:FleetPlan::site"
    document["diagnostics"] += [{"urn": urn, "message": "error: no credentials", "severity": "error"}]
    (failure,) = report_of(read(json.dumps(document))).failures
    assert (failure.resource, failure.text) == ("site", "no credentials")


def test_a_failure_elsewhere_is_named_and_its_text_not_repeated(preview: Callable[..., bytes]) -> None:
    """Other providers quote values in their errors, the engine even secret ones."""
    document = json.loads(preview({"web": [ADOPT]}))
    urn = "urn:pulumi:prod::shop::aws:s3/bucket:Bucket::logs"
    document["diagnostics"] += [{"urn": urn, "message": "error: bad value hidden-value", "severity": "error"}]
    (failure,) = report_of(read(json.dumps(document))).failures
    assert failure.resource == "logs"
    assert "hidden-value" not in failure.text

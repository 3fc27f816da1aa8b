"""The report as its readers get it."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from zec_pulumi.cli.layout import plain
from zec_pulumi.cli.report import Action, Approval, Failure, MachineRow, Report, as_json, markdown, terminal
from zec_pulumi.messages import places, plan
from zec_pulumi.planning.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (
    "nothing",
    "ungated",
    "gated",
    "one_approved",
    "refused",
    "drift",
    "fleet",
    "undecided",
    "no_credentials",
    "wrong_input",
)
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)
}  # fmt: skip


def rebuilds(number: int, **changed: Any) -> Report:
    """A report of that many rebuilds which wait for approval."""
    cause = Cause("imageId", "ubuntu2204_20240712", "ubuntu2404_20240712")
    names = {"ubuntu2204_20240712": "Ubuntu Server 22.04 LTS", "ubuntu2404_20240712": "N"}
    rows = []
    for i in range(number):
        facts: dict[str, Any] = {"instance_id": str(10**18 + i), "instance_name": f"web-{i}", "disk_gib": 40}
        facts |= {"causes": (cause,), "names": names}
        facts["token"] = f"prod/{facts['instance_id']}/0123456789abcdef"
        rows.append(MachineRow("urn", f"web-{i}", Action.REBUILD, approval=Approval.NEEDED, **{**facts, **changed}))
    return Report("shop", "prod", tuple(rows))


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> list[str]:
    """The part of JSON Schema that the report's schema uses."""
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
    named = schema.get("type", [])
    kinds = [named] if isinstance(named, str) else named
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{where}: {value!r} is no {named}"]
    found = [f"{where}: {value!r}"] if "enum" in schema and value not in schema["enum"] else []
    found += [f"{where}: {value!r}"] if "const" in schema and value != schema["const"] else []
    if isinstance(value, list) and "items" in schema:
        found += [
            text for i, item in enumerate(value) for text in problems(item, schema["items"], root, f"{where}[{i}]")
        ]
    if isinstance(value, dict):
        found += [f"{where}: no {key}" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            found += [f"{where}: {key}?"] if inner is False else problems(item, inner, root, f"{where}.{key}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_json_is_as_its_schema_says(recorded: Callable[[str], Report], name: str) -> None:
    """The schema is in the package, and what it calls required is there."""
    schema = json.loads((resources.files("zec_pulumi.cli.report") / "report.schema.json").read_text("utf-8"))
    document = json.loads(json.dumps(as_json.document(recorded(name))))
    assert problems(document, schema, schema) == []
    assert problems({**document, "version": 2}, schema, schema)
    assert problems({**document, "new": 1}, schema, schema)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", NAMES)
def test_the_terminal_cuts_no_id_and_keeps_to_its_width(
    recorded: Callable[[str], Report], name: str, width: int
) -> None:
    """Commands to copy are one line, whatever its length."""
    report = recorded(name)
    lines = list(plain(terminal.render(report, width)))
    for row in report.rows:
        for text in filter(None, (row.instance_id, row.token)):
            assert any(text in line for line in lines), text
    too_long = [line for line in lines if len(line) > width and " " in line.strip() and "pulumi config set" not in line]
    assert too_long == []


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_a_fleet_stands_above_its_machines(report: Callable[..., Any], form: str) -> None:
    """How many are wiped and how long it takes comes before the list of them."""
    text = report("fleet", "--format", form).out
    told = " ".join(text.split())
    assert "fleet site: 2 of 4 instances will be wiped" in told
    assert told.index("fleet site: ") < told.index("1272168087751233114")


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_rebuilds_that_wait_for_the_engine_stand_above_the_machines(
    report: Callable[..., Any], preview: Callable[..., bytes], form: str
) -> None:
    """The line has no URN in a preview; it is no failure, and changes no status."""
    wiped = f"warning: {plan.REBUILD}boot disk of i-1 will be wiped: rebuildToken given; {plan.CONSEQUENCES}"
    document = json.loads(preview({"web": [wiped]}))
    told = places.planned(12, 12, 8, 2, None)
    document["diagnostics"] += [{"message": f"{text}\n", "severity": "info"} for text in ("another", told)]
    ended = report(json.dumps(document).encode(), "--format", form)
    shown = " ".join(ended.out.replace("\\", "").split())
    assert ended.code == 2
    assert shown.count(told.removeprefix(places.REBUILDS)) == 1
    assert "another" not in shown
    assert form == "json" or shown.index(places.REBUILDS) < shown.index("i-1")


def test_names_cannot_steer_a_terminal() -> None:
    """Escape sequences, line breaks and characters that hide are shown harmless."""
    shown = "\n".join(plain(terminal.render(rebuilds(1, instance_name="a\x1b[2Jb\nc\u202ed"), 80)))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "a\ufffd[2Jb c\ufffdd" in shown


def test_markdown_begins_with_a_marker_and_the_worst(recorded: Callable[[str], Report]) -> None:
    """A bot finds its comment by the first line, a reader the worst in the second."""
    lines = markdown.render(recorded("gated")).splitlines()
    assert lines[0] == "<!-- zec-pulumi report any/dev -->"
    assert lines[1] == "### any/dev: 2 boot disks to wipe (2 waiting for approval)"


def test_markdown_holds_the_tokens_to_copy_and_keeps_those_approved(recorded: Callable[[str], Report]) -> None:
    """Approving one more must not take back the other."""
    report = recorded("one_approved")
    block = re.search(r"```shell\n(.*)\n```", markdown.render(report))
    assert block
    tokens = ",".join([*report.kept_tokens, *report.tokens])
    assert block[1] == f"pulumi config set --stack dev zec:approvedRebuilds {tokens}"


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "a|b",
        "`code` **bold**",
        "@everyone",
        "[x](http://e.vil)",
        "</details>",
        "a`|\\b",
        "![](",
        "https://e.vil/x",
        "see www.e.vil",
        "a@e.vil",
    ],
)
def test_names_are_shown_as_they_are_and_do_nothing(name: str) -> None:
    """Rendered as GitHub does: the same items, the very name, no mention, link or tag."""
    cause = Cause("imageId", "a", name)
    adopted = MachineRow("urn", name, Action.ADOPT, detail=name, notes=(name,))
    rows = (*rebuilds(1, instance_name=name, causes=(cause,), names={"a": name}).rows, adopted)
    text = markdown.render(Report("shop", "prod", rows, failures=(Failure(name, name),)))
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text)
    assert html.count("<li>") == len(rows) + 1  # and the failure
    for tag in ("<script", "<a ", "<img", "<strong>bold"):
        assert tag not in html
    assert html.count("</details>") == html.count("<details")
    # What GitHub and GitLab make of prose by themselves.
    assert not re.search(r"@\w|://|www\.", re.sub(r"<code>.*?</code>", "", html))
    shown = re.sub(r"<[^>]*>", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert name in shown.replace("&amp;", "&")


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_no_name_commands_a_pipeline(preview: Callable[..., bytes], report: Callable[..., Any], form: str) -> None:
    """GitHub obeys what begins a line, behind blanks too, and ``##[`` anywhere: a report often stands in its log."""
    wide = "x" * 90  # the rest of the name begins a line of its own
    line = (
        f'warning: rebuild: boot disk of 1 ("{wide} ::add-mask::a", 40 GiB) will be wiped: imageId "##[add-mask]a" → b'
    )
    text = report(preview({"web": [line]}), "--format", form).out
    assert "add-mask" in text
    assert not re.search(r"^\s*::.*::|##\w*\[", text, re.MULTILINE)


@pytest.mark.parametrize("number", [1000, 5000])
def test_markdown_stays_under_the_limit_and_says_what_it_left_out(number: int) -> None:
    """20 machines are open, the rest is folded, and what does not fit is counted."""
    text = markdown.render(rebuilds(number))
    assert len(text.encode()) <= 65_536
    assert text.index("<details>") > text.index("`web-19`")
    assert f"{number - 20} more to wipe" in text
    shown = text.count("40 GiB")
    assert shown > 50
    assert f"… and {number - shown} more, left out to fit into a comment" in text


def test_markdown_stays_under_the_limit_whatever_the_names() -> None:
    """Names and notes without end."""
    text = markdown.render(rebuilds(30, instance_name="`" * 9000, notes=("é" * 9000,) * 5))
    assert len(text.encode()) <= 65_536
    assert "30 boot disks to wipe" in text


@pytest.mark.parametrize("name", ["ungated", "gated", "wrong_input", "program_failed", "record_only"])
@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_no_secret_is_in_a_report(report: Callable[..., Any], name: str, form: str) -> None:
    """Inputs are not copied, nor what programs say when they fail."""
    ended = report(name, "--format", form)
    for text in ("hidden", "Hidden", "__provider", "gASV", "[secret]"):
        assert text not in ended.out


@pytest.mark.parametrize("backed_up", [True, False])
def test_a_reader_is_told_whether_there_is_a_way_back(
    preview: Callable[..., bytes], report: Callable[..., Any], *, backed_up: bool
) -> None:
    """In every format, and as one word for programs."""
    first = "; a backup of it is made first, and all takes about 6m00s" if backed_up else ""
    line = (
        "warning: rebuild: boot disk of i-1 (web-1, 40 GiB) will be wiped: imageId a → b; it is powered off, its SSH"
        f" host keys change, data disks are not part of it{first}; no first-boot script runs"
    )
    content = preview({"web": [line]})
    for form in ("terminal", "markdown"):
        text = " ".join(report(content, "--format", form).out.split())
        assert ("note: a backup of it is made first, and all takes about 6m00s" in text) is backed_up
    (row,) = json.loads(report(content, "--format", "json").out)["machines"]
    assert (row["action"], row["backup"]) == ("rebuild", backed_up)

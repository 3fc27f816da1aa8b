"""Previews and what the report makes of them, side by side, for docs/report.md.

``tools/report_page.py`` writes the blocks of the page from the previews in ``tests/report/recorded/page``, and with
``--record`` makes these anew: it drives the real engine against the simulator. A test compares the page with them.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import engine
from driver import ROOT, WEB_1, new_stack
from zec_pulumi.cli.layout import plain
from zec_pulumi.cli.report import FailOn, read, report_of
from zec_pulumi.cli.report.terminal import render
from zec_pulumi.program.urns import name_of, type_of
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from driver import Stack

PAGE = ROOT / "docs" / "report.md"
RECORDED = ROOT / "tests" / "report" / "recorded" / "page"
WIDTH = 100
JAMMY, NOBLE, DEBIAN, OTHER_KEY = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712", "key-2ndKey01"
_BLOCK = re.compile(r"<!-- preview (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)
_PROVIDER_ID = re.compile(r"::[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_SUBCLASS = """
import zec_pulumi as zec


class WebImage(zec.InstanceOsImage):
    pass


WebImage("web", instance_id={instance_id!r}, image_id={image_id!r})
"""
_UNKNOWN = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

import zec_pulumi as zec


class Chosen(ResourceProvider):
    def create(self, props):
        return CreateResult("chosen", {{"image_id": {image_id!r}}})


class Choice(Resource):
    image_id: pulumi.Output[str]

    def __init__(self, name):
        super().__init__(Chosen(), name, {{"image_id": None}})


chosen = Choice("chosen")
zec.InstanceOsImage("web", instance_id={instance_id!r}, image_id=chosen.image_id)
"""


def program_change(stack: Stack) -> None:
    """The program names another image."""
    _web(stack.adopt(image_id=JAMMY), image_id=NOBLE)


def drift(stack: Stack) -> None:
    """Somebody installed another image; the preview refreshes."""
    stack.adopt(image_id=JAMMY).cloud.patch_instance(WEB_1, imageId=DEBIAN)


def both(stack: Stack) -> None:
    """Somebody installed another image, and the program changes the key only."""
    stack.adopt(image_id=JAMMY).cloud.patch_instance(WEB_1, imageId=DEBIAN)
    _web(stack, image_id=JAMMY, key_id=OTHER_KEY)


def unknown(stack: Stack) -> None:
    """The image is the output of a resource that is new."""
    _written(stack.adopt(image_id=JAMMY), _UNKNOWN)


def gated(stack: Stack) -> None:
    """The stack requires approval."""
    program_change(stack)
    stack.configure(**{"zec:requireApproval": "true"})


def approved(stack: Stack) -> None:
    """The token of the preview is approved."""
    gated(stack)
    (token,) = report_of(read(stack.preview("--json").stdout)).tokens
    stack.configure(**{"zec:approvedRebuilds": token})


def undecided(stack: Stack) -> None:
    """The preview has no credentials, and the program is new."""
    _web(stack, image_id=NOBLE)
    stack.environment = dict.fromkeys(stack.cloud.environment(), "")


def subclass(stack: Stack) -> None:
    """The resource is of a class that the program derives."""
    _written(stack, _SUBCLASS)


def fleet(stack: Stack) -> None:
    """Three machines of one description get another image."""
    machines = {"web-1": WEB_1, "web-2": "1272168087751233113"}
    stack.declare(site={"instances": machines, "image_id": DEBIAN, "canary": 1})


PREVIEWS: dict[str, tuple[Callable[[Stack], None], tuple[str, ...]]] = {
    made.__name__: (made, ("--refresh",) if made is drift else ())
    for made in (program_change, drift, both, unknown, gated, approved, undecided, subclass, fleet)
}


def blocks(name: str) -> str:
    """Return what the page shows of a recorded preview: its lines, and the report."""
    content = (RECORDED / f"{name}.json").read_text("utf-8")
    report = report_of(read(content))
    lines = plain(render(report, WIDTH))
    status = report.exit_code(FailOn.UNAPPROVED)
    return "\n".join(
        [
            *("```text", *_diagnostics(json.loads(content)), "```", ""),
            *("```console", "$ zec-pulumi report preview.json", *lines, "$ echo $?", str(status), "```", ""),
        ]
    )


def page(text: str) -> str:
    """Return the page with the blocks that belong there now."""
    return _BLOCK.sub(lambda found: f"<!-- preview {found[1]} -->\n\n{blocks(found[1])}\n<!-- end -->\n", text)


def _diagnostics(document: dict[str, Any]) -> list[str]:
    """Return the lines of a preview as the engine prints them under Diagnostics."""
    rows: dict[str, list[str]] = {}
    for found in document["diagnostics"]:
        rows.setdefault(found["urn"], []).append(found["message"].strip())
    shown = []
    for urn, messages in rows.items():
        shown += [f"  {type_of(urn)} ({name_of(urn)}):", *(f"    {message}" for message in messages)]
    return ["Diagnostics:", *shown]


def _web(stack: Stack, **arguments: Any) -> None:
    stack.declare(web={"instance_id": WEB_1, **arguments})


def _written(stack: Stack, program: str) -> None:
    text = program.format(instance_id=WEB_1, image_id=NOBLE)
    (stack.folder / "program" / "__main__.py").write_text(text)


def _record(name: str) -> None:
    arrange, options = PREVIEWS[name]
    folder = engine.find()
    assert folder is not None, "no Pulumi engine: run make engine"
    with tempfile.TemporaryDirectory() as made, Simulator(rebuild_seconds=0.2, stop_seconds=0.1) as cloud:
        stack = new_stack(Path(made), cloud, engine.with_language_host(folder, ROOT / ".cache" / "engine"), "newest")
        arrange(stack)
        document = json.loads(stack.preview("--json", *options).ok().stdout)
    kept = {key: _short(value) for key, value in document.items() if key != "duration"}
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _short(value: Any) -> Any:
    """Return a part of a preview without what differs from run to run, or says where a program stood."""
    if isinstance(value, dict):
        left_out = ("created", "modified", "sourcePosition", "stackTrace", "propertyDependencies", "outputs")
        return {key: _short(part) for key, part in value.items() if key not in left_out}
    if isinstance(value, str):
        return _PROVIDER_ID.sub("::0", value)
    return [_short(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    if "--record" in sys.argv:
        for recorded in PREVIEWS:
            _record(recorded)
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")

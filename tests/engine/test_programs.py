"""Programs as other people write them: subclasses, every resource option, outputs in the wrong place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from driver import RESOURCE_TYPE, WEB_1

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
SUBCLASS = """
class WebImage(zec.InstanceOsImage{arguments}):
    pass

WebImage("web", instance_id="{instance}", image_id="{image}"{more})
"""


def run_program(stack: Stack, text: str) -> Stack:
    """Have the stack's program be ``text``."""
    imports = "import pulumi\nimport zec_pulumi as zec\n"
    (stack.folder / "program" / "__main__.py").write_text(imports + text)
    return stack


def subclass(image: str, arguments: str = "", more: str = "") -> str:
    """A program with one resource of a subclass."""
    return SUBCLASS.format(instance=WEB_1, image=image, arguments=arguments, more=more)


@pytest.mark.parametrize(
    ("arguments", "former"),
    [("", "dynamic:Resource"), (', module="acme", name="Web"', "dynamic/acme:Web")],
    ids=["plain", "with class arguments"],
)
def test_a_subclass_keeps_the_type_and_what_older_releases_recorded(stack: Stack, arguments: str, former: str) -> None:
    """The report knows its wipe, and the upgrade creates nothing anew."""
    run_program(stack, subclass(JAMMY, arguments)).up().ok()
    exported = stack.run("stack", "export").ok().stdout
    assert RESOURCE_TYPE in exported
    older = stack.folder / "older.json"
    older.write_text(exported.replace(RESOURCE_TYPE, f"pulumi-python:{former}"))
    stack.run("stack", "import", "--file", str(older)).ok()

    stack.preview("--expect-no-changes").ok()
    stack.up("--expect-no-changes").ok()
    assert list(stack.state()) == ["web"]
    assert stack.actions() == []

    run_program(stack, subclass(NOBLE, arguments))
    assert any("will be wiped" in row for row in stack.rows())


@pytest.mark.parametrize("sdk", ["oldest", "newest"])
def test_ignoring_everything_hides_no_news_of_the_program(stack: Stack) -> None:
    """Without credentials the preview still knows that it is one, and up that it is none."""
    options = ', opts=pulumi.ResourceOptions(ignore_changes=["*"])'
    run_program(stack, subclass(JAMMY, more=options)).up().ok()
    run_program(stack, subclass(NOBLE, more=options))
    stack.up("--expect-no-changes").ok()
    stack.environment["ZENLAYERCLOUD_ACCESS_KEY_ID"] = stack.environment["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = ""
    assert "credentials" in stack.preview("--expect-no-changes").ok().text
    assert stack.actions() == []


DROPS_UNKNOWN = """
KNOWN = {"instanceId", "imageId", "__provider"}

def drop(args):
    return pulumi.ResourceTransformResult({k: v for k, v in args.props.items() if k in KNOWN}, args.opts)

pulumi.runtime.register_resource_transform(drop)
"""


def test_a_transform_that_drops_what_it_does_not_know_leaves_a_preview_a_preview(stack: Stack) -> None:
    """What is not said counts as a preview; up enforces the gates before it sends anything."""
    run_program(stack, subclass(JAMMY)).up().ok()
    run_program(stack, DROPS_UNKNOWN + subclass(NOBLE)).configure(**{"zec:allowRebuild": "false"})
    text = stack.preview().ok().text
    assert "is wiped now" not in text
    assert "zec:allowRebuild" in text
    assert "zec:allowRebuild" in stack.up().failed().text
    assert stack.actions() == []


EXPLICIT = 'own = pulumi.ProviderResource("pulumi-python", "own", {})\n'


@pytest.mark.parametrize("sdk", ["oldest", "newest"])
def test_the_stacks_settings_are_told_and_neither_shown_nor_recorded(stack: Stack) -> None:
    """Whoever serves the resource; an untouched program stays untouched."""
    stack.configure(**{"zec:approvedRebuilds": "hidden-marker/x/y"})
    program = EXPLICIT + subclass(JAMMY, more=", opts=pulumi.ResourceOptions(provider=own)")
    shown = run_program(stack, program).preview("--json", "--diff").text + stack.preview("--diff").text
    shown += stack.up("--diff").ok().text + stack.up("--expect-no-changes").ok().text
    shown += stack.run("stack", "export", "--show-secrets").ok().stdout
    assert "stackSettings" not in shown
    assert "secretInputs" not in shown
    assert "hidden-marker" not in json.dumps(stack.state())

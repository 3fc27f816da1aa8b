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


BOTH = [pytest.param("oldest", marks=pytest.mark.slow), "newest"]
"""What depends on the SDK is tested with both in `make test-all`."""


@pytest.mark.parametrize(
    ("arguments", "former"),
    [
        pytest.param("", "dynamic:Resource", marks=pytest.mark.slow, id="plain"),
        pytest.param(', module="acme", name="Web"', "dynamic/acme:Web", id="with class arguments"),
    ],
)
def test_a_subclass_keeps_the_type_and_what_older_releases_recorded(stack: Stack, arguments: str, former: str) -> None:
    """The report knows its wipe, and the upgrade creates nothing anew."""
    run_program(stack, subclass(JAMMY, arguments)).up().ok()
    exported = stack.run("stack", "export").ok().stdout
    assert RESOURCE_TYPE in exported
    older = stack.folder / "older.json"
    older.write_text(exported.replace(RESOURCE_TYPE, f"pulumi-python:{former}"))
    stack.run("stack", "import", "--file", str(older)).ok()

    stack.up("--expect-no-changes").ok()
    assert list(stack.state()) == ["web"]
    assert stack.actions() == []

    run_program(stack, subclass(NOBLE, arguments))
    assert any("will be wiped" in row for row in stack.rows())


@pytest.mark.parametrize("sdk", BOTH)
def test_ignoring_everything_hides_no_news_of_the_program(adopted: Stack) -> None:
    """Without credentials the preview still knows that it is one, and up that it is none."""
    options = ', opts=pulumi.ResourceOptions(ignore_changes=["*"])'
    stack = run_program(adopted, subclass(NOBLE, more=options))
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


def test_a_transform_that_drops_what_it_does_not_know_leaves_a_preview_a_preview(adopted: Stack) -> None:
    """What is not said counts as a preview; up enforces the gates before it sends anything."""
    stack = run_program(adopted, DROPS_UNKNOWN + subclass(NOBLE)).configure(**{"zec:allowRebuild": "false"})
    text = stack.preview().ok().text
    assert "is wiped now" not in text
    assert "zec:allowRebuild" in text
    assert "zec:allowRebuild" in stack.up().failed().text
    assert stack.actions() == []


FOREIGN = """
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Provider(ResourceProvider):
    def create(self, props):
        return CreateResult("x", {})

class Other(Resource):
    def __init__(self, name):
        super().__init__(Provider(), name, {})

Other("web")
"""


def test_a_subclass_takes_no_record_of_another_package(stack: Stack) -> None:
    """The type that the SDK gave to subclasses is that of any dynamic resource."""
    run_program(stack, FOREIGN).up().ok()
    text = run_program(stack, FOREIGN + subclass(JAMMY)).up().ok().text
    assert "adopt: already runs" in text
    assert stack.actions() == []


RECORDS_WHAT_IS_TOLD = """
import pathlib
from zec_pulumi.operations.context import CheckedResources

add = CheckedResources.add

def told(self, urn, *, dry_run, settings=None, secrets=None):
    pathlib.Path({file!r}).open("a").write(f"{{settings}} {{sorted(secrets or ())}}\\n")
    add(self, urn, dry_run=dry_run, settings=settings, secrets=secrets)

CheckedResources.add = told
"""
EXPLICIT = 'own = pulumi.ProviderResource("pulumi-python", "own", {})\n'


@pytest.mark.parametrize("sdk", BOTH)
def test_the_stacks_settings_are_told_and_neither_shown_nor_recorded(stack: Stack) -> None:
    """Whoever serves the resource; an untouched program stays untouched."""
    told = stack.folder / "told"
    (stack.folder / "sitecustomize.py").write_text(RECORDS_WHAT_IS_TOLD.format(file=str(told)))
    stack.environment["PYTHONPATH"] = str(stack.folder)
    stack.configure(**{"zec:approvedRebuilds": "dev/1/0123456789ab", "zec:token": "s3cret"})
    options = ', key_id=pulumi.Output.secret(None), opts=pulumi.ResourceOptions(provider=own, ignore_changes=["*"])'
    program = EXPLICIT + subclass(JAMMY, more=options)
    shown = json.dumps(json.loads(run_program(stack, program).preview("--json").stdout)["steps"])
    shown += stack.up("--diff").ok().text + stack.up("--expect-no-changes").ok().text
    settings = '{"zec:approvedRebuilds": "dev/1/0123456789ab", "zec:pollInterval": "0.1"}'
    assert set(told.read_text().splitlines()) == {f"{settings} ['keyId']"}
    assert "approvedRebuilds" not in shown
    recorded = stack.state()["web"]
    for private in ("dryRun", "stackSettings", "secretInputs", "demand"):
        assert private not in recorded["inputs"] | recorded["outputs"]


@pytest.mark.parametrize("sdk", BOTH)
def test_copies_of_a_secret_image_are_secret(adopted: Stack) -> None:
    """Where the last rebuild says its causes, and where the applied values stand. No row shows it either."""
    program = subclass(NOBLE).replace(f'"{NOBLE}"', f'pulumi.Output.secret("{NOBLE}")')
    stack = run_program(adopted, program)
    shown = stack.up().ok().text
    assert NOBLE not in shown
    assert "→ [secret]" in shown
    recorded = json.dumps(stack.state())
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    assert NOBLE not in recorded
    assert JAMMY not in recorded
    stack.up("--expect-no-changes").ok()


SENT_AS_MEANT = {
    "bytes": ('user_data=b"s3cret"', "user_data_base64"),
    "bytes in an output": ('user_data=pulumi.Output.secret(b"s3cret")', "user_data_base64"),
    "broken text in an output": ('instance_name=pulumi.Output.from_input("s3cret\\ud800")', "lone surrogate"),
    "an output in an f-string": ('user_data=f"s3cret {pulumi.Output.from_input(1)}"', "pulumi.Output.format"),
    "bytes in a health gate": ("health=zec.health.command([bytes()])", "must be a list of strings"),
    "import": ('opts=pulumi.ResourceOptions(import_="s3cret")', 'adopt="only"'),
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case in ("bytes", "broken text in an output") else pytest.mark.slow)
        for case in SENT_AS_MEANT
    ],
)
def test_what_cannot_be_sent_as_meant_ends_in_one_sentence(stack: Stack, case: str) -> None:
    """Of the constructor or of check: no traceback, not the value, and nothing is done."""
    argument, text = SENT_AS_MEANT[case]
    ran = run_program(stack, subclass(NOBLE, more=f", {argument}")).up().failed()
    assert text in ran.text
    assert "s3cret" not in ran.text
    assert stack.actions() == []

"""What the demo shows of the engine's output: each resource and each message once."""

from __future__ import annotations

from demo_output import Transcript

TYPE = "pulumi-python:dynamic/zec:InstanceOsImage"
PREVIEW = f"""\
Previewing update (demo):

    {TYPE} web-1  warning: rebuild: the disk will be wiped: imageId a → b
 ~  {TYPE} web-1 update [diff: ~imageId]; warning: rebuild: the disk will be wiped: imageId a → b
@ previewing update....
    pulumi:pulumi:Stack web-demo
Diagnostics:
  {TYPE} (web-1):
    warning: rebuild: the disk will be wiped: imageId a → b

Outputs:
  + last_rebuild: [unknown]

Resources:
    ~ 1 to update
    1 unchanged
"""
UP = f"""\
Updating (demo):
 +  pulumi:pulumi:Stack web-demo creating (0s)
 ~  {TYPE} web-1 updating (0s) [diff: ~imageId]; warning: rebuild: the disk is wiped now: imageId a → b
 ~  {TYPE} web-1 updating (0s) [diff: ~imageId]; powering off
@ updating........
 ~  {TYPE} web-1 updating (1m05s) [diff: ~imageId]; RUNNING on b
 ~  {TYPE} web-1 updated (1m05s) [diff: ~imageId]; RUNNING on b
Resources:
    ~ 1 updated

Duration: 11s
"""
NOTHING = """\
Updating (demo):
    pulumi:pulumi:Stack web-demo
Outputs:
    status: "RUNNING"

Resources:
    2 unchanged

Duration: 1s
"""


def shown(transcript: Transcript, output: str) -> list[str]:
    """Return the lines as they are printed where they need not be wrapped."""
    return [" " * line.indent + line.text for line in transcript.shown(output.splitlines())]


def test_a_preview_is_its_row_and_the_message_on_it() -> None:
    """Neither heading nor diagnostics, outputs and counts."""
    assert shown(Transcript(), PREVIEW) == [
        f"  ~ {TYPE} web-1 update [diff: ~imageId]",
        "    warning: rebuild: the disk will be wiped: imageId a → b",
    ]


def test_an_update_is_its_row_and_a_line_for_each_phase() -> None:
    """The time of a phase is noise; the stack's own row says nothing."""
    assert shown(Transcript(), UP)[-2:] == ["    powering off", "    RUNNING on b"]


def test_up_does_not_repeat_what_its_preview_announced() -> None:
    """The sentence is the same but for its tense."""
    transcript = Transcript()
    shown(transcript, PREVIEW)
    assert shown(transcript, UP) == [
        f"  ~ {TYPE} web-1 updating [diff: ~imageId]",
        "    powering off",
        "    RUNNING on b",
    ]


def test_without_a_row_the_counts_are_the_message() -> None:
    """An up that has nothing to do."""
    assert shown(Transcript(), NOTHING) == ["    2 unchanged"]

"""Writes docs/inputs.md, the reference of all inputs and outputs, from the table in the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driver import ROOT
from zec_pulumi.program.inputs import INPUTS, OPTIONS, OUTPUTS, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zec_pulumi.program.inputs import InputSpec

PAGE = ROOT / "docs" / "inputs.md"

_INTRODUCTION = """\
# Inputs and outputs

All inputs and outputs of `zec_pulumi.InstanceOsImage`. `make reference` writes this page from
`zec_pulumi/program/inputs.py`; do not edit it.

Python uses the names in snake_case. The recorded state, `pulumi stack export` and previews use the keys in camelCase.
`ignore_changes` takes both. A [fleet](fleet.md) takes the same inputs for all of its instances, with the exceptions
that are marked.

The resource is the OS of one existing instance: it neither creates nor releases instances. Removing the resource, or
`pulumi destroy`, makes the stack forget the instance and never touches it.

A **rebuild** wipes the boot disk of the instance. Of data disks the API's documentation says nothing; the graceful
power-off lets the system unmount them cleanly. An input whose default is "as it is now" changes nothing when it is
omitted: the state records the value that the instance has.

What is wrong with the inputs is found in the preview as far as the API lets it be read. An example is an image that is
not in the zone, not available, of another OS type or too large. Another is a key pair that does not exist.
[Errors](errors.md) lists all of it. In Python, `help(zec_pulumi.InstanceOsImage)` has what stands here.
"""
_OUTPUTS = """\
## Outputs

Every input is an output, too. The following are outputs only.
"""
_OPTIONS = """\
## Resource options

What Pulumi's resource options mean for this resource, where that is not plain. They mean the same for a
[fleet](fleet.md#options).
"""
_VALUES = """\
## Values

Text is text: bytes, dates, paths, numbers and whatever else is no string are refused in one sentence. The sentence says
what to write instead and never shows the value. A text that holds an `Output` that was turned into text, by an f-string
or `str()`, is refused as well. Build such a text with `pulumi.Output.format(...)` or `.apply(...)`. A plain value is
refused by the constructor, the value of an output by the preview.
"""


def render() -> str:
    """Return the text of docs/inputs.md."""
    sections = [_INTRODUCTION, *(_inputs(group) for group in Group)]
    outputs = ((f"`{spec.name}`", f"`{spec.key}`", spec.type, spec.doc) for spec in OUTPUTS)
    sections.append(f"{_OUTPUTS}\n{_table(('output', 'key', 'type', 'what it is'), outputs)}")
    options = ((", ".join(f"`{name}`" for name in spec.names), spec.doc) for spec in OPTIONS)
    sections += [_VALUES, f"{_OPTIONS}\n{_table(('option', 'what it means here'), options)}"]
    return "\n".join(sections)


def _inputs(group: Group) -> str:
    rows = (
        (f"`{spec.name}`", f"`{spec.key}`", spec.form, spec.omitted, _description(spec), spec.consequence)
        for spec in INPUTS
        if spec.group is group
    )
    head = ("input", "key", "type", "default", "what it is", "when it changes")
    return f"## {group.value}\n\n{_table(head, rows)}"


def _description(spec: InputSpec) -> str:
    sentences = [spec.doc]
    if spec.instead_of:
        sentences.append(f"Give it instead of `{spec.instead_of}`.")
    if spec.secret:
        sentences.append("Always secret.")
    if not spec.in_fleet:
        sentences.append("In a fleet: per instance only.")
    return " ".join(sentences)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    lines.insert(1, "|---" * len(head) + "|")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")

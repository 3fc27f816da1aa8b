"""Reads what ``pulumi preview --json`` prints. Anything else is refused with one clear error; nothing is guessed.

Source: PreviewDigest, pkg/display/json.go of the engine, 3.259.0.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from zec_pulumi.messages.quoting import MASK
from zec_pulumi.program import urns

DELETES = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace"})
MAKES = frozenset({"create", "replace", "create-replacement", "import", "import-replacement"})
QUIET = frozenset({"same", "refresh", "read", "read-replacement", "diff", "extend-parameterize"})
OPERATIONS = DELETES | MAKES | QUIET | {"update"}
"""Every operation of a step. Source: pkg/resource/deploy/step.go of the engine, 3.259.0."""
SEVERITIES = frozenset({"debug", "info", "info#err", "warning", "error"})
"""Every severity of a message. Source: sdk/go/common/diag/sink.go of the engine, 3.259.0."""

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the engine's mark for a value that is not known yet
_HINT = "give it the standard output of `pulumi preview --json`, whole and alone"


class PreviewError(Exception):
    """The content is not a preview that can be read; the text is one sentence for the user."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True)


class State(_Part):
    """A resource before or after; only ids and names may be taken from it, never other values."""

    id: str | None = None
    custom: bool = True
    parent: str | None = None
    inputs: dict[str, Any] = Field(default={}, repr=False)
    outputs: dict[str, Any] = Field(default={}, repr=False)

    def text(self, key: str) -> str | None:
        """Return an id or a name from the inputs, else the outputs; None if it is not known or not to be shown."""
        value = self.inputs.get(key, self.outputs.get(key))
        return value if isinstance(value, str) and value not in ("", _UNKNOWN, MASK) else None


class Step(_Part):
    """What the engine would do to one resource; ``provider`` names the provider resource that serves it."""

    op: str
    urn: str
    provider: str = ""
    old_state: State = State()
    new_state: State = State()


class Diagnostic(_Part):
    """One line under a resource, or about the whole preview when it has no URN."""

    message: str
    severity: str
    urn: str | None = None

    @property
    def text(self) -> str:
        """The message without the severity in front and without the line's end."""
        return self.message.removeprefix(f"{self.severity}: ").strip()


class Preview(_Part):
    """One preview. ``config`` holds the stack's configuration; the engine blinds secrets."""

    config: dict[str, str] = {}
    steps: tuple[Step, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    change_summary: dict[str, int] = {}
    maybe_corrupt: bool = False


def read(content: str | bytes) -> Preview:
    """Return the preview that ``content`` holds.

    Raises:
        PreviewError: it is broken, truncated, or something else.
    """
    try:
        preview = Preview.model_validate_json(content)
    except ValidationError as error:
        raise PreviewError(_problem(error)) from None
    if not (preview.steps or preview.diagnostics or preview.change_summary):
        raise PreviewError(f"this JSON is not a preview: it has neither steps nor diagnostics; {_HINT}")
    for urn in [step.urn for step in preview.steps] + [d.urn for d in preview.diagnostics if d.urn]:
        if not urn.startswith("urn:pulumi:") or len(urn.split("::", urns.URN_PARTS - 1)) != urns.URN_PARTS:
            raise PreviewError(f"this JSON is not a preview of this engine: {urn!r} is no URN; {_HINT}")
    _refuse("an operation", {*(step.op for step in preview.steps), *preview.change_summary} - OPERATIONS)
    _refuse("a severity", {found.severity for found in preview.diagnostics} - SEVERITIES)
    return preview


def _refuse(what: str, unknown: set[str]) -> None:
    if unknown:
        raise PreviewError(
            f"the preview has {what} that this version of zec-pulumi does not know: {', '.join(sorted(unknown))}."
            " Nothing is guessed; use a newer zec-pulumi"
        )


def _problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    if problem["type"] == "json_invalid":
        what = problem["msg"].removeprefix("Invalid JSON: ")
        return (
            f"this is not one whole JSON document ({what}); {_HINT}, without 2>&1 and without"
            " PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
        )
    where = ".".join(str(part) for part in problem["loc"]) or "the document"
    return f"this JSON is not a preview of this engine ({where}: {problem['msg'].lower()}); {_HINT}"

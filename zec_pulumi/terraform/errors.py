"""What can be wrong with a Terraform state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError

if TYPE_CHECKING:
    from pydantic import ValidationError


class TerraformError(ZecError):
    """The instances could not be read from Terraform's state.

    ``str()`` is one sentence for the user: which source, what is wrong with it, what to do. It never quotes a value of
    the state, because a state holds passwords in plain text.

    Attributes:
        summary: Which source, and what is wrong with it.
        next_step: What to do.
    """

    def __init__(self, summary: str, next_step: str) -> None:
        super().__init__(f"{summary}; {next_step}")
        self.summary = summary
        self.next_step = next_step


def malformed(source: str, error: ValidationError) -> TerraformError:
    """Return the error for a source that is not laid out as its format says; names places, never values."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    # Keys of the state's own maps are values too; only the names of fields and positions are ours to print.
    place = ".".join(str(step) for step in first["loc"])
    return TerraformError(
        f"{source} is not laid out as a Terraform state at {place} ({first['type']})",
        "write it again with `terraform state pull` or `terraform show -json`",
    )

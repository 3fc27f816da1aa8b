"""What is said of attempts that only the journal knows: what may have happened, to which machine, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Entry


def outcome_unknown(entry: Entry) -> str:
    """Ask a person what came of the attempt: nobody has seen it."""
    return (
        f"{_was_about(entry)} and ended before it could record what came of it, and nothing the API shows tells: it may"
        f" have been rebuilt already. Nothing was sent now. Look at the machine, then run `zec-pulumi attempts close"
        f" {entry.attempt_id} --rebuilt` or `--not-rebuilt`, and pulumi up again"
    )


def whose(entry: Entry) -> str:
    """Ask about an attempt under another name: this resource's from before a rename, or another's."""
    return (
        f"{_was_about(entry)} under the name {entry.urn}, or has done so, and nothing tells whether that is this"
        f" resource. Nothing was sent now. If it is, run `zec-pulumi attempts close {entry.attempt_id} --rebuilt`, else"
        " the same with `--not-rebuilt`, and pulumi up again"
    )


def left_as_it_is(entry: Entry, live: Instance) -> str:
    """Refuse to call it a success that the machine runs what the attempt put on it and nobody wants any more."""
    return (
        f"{_was_about(entry)} and ended before that was recorded; it is {live.status} with image {live.image_id} and"
        f" key {live.key_id or 'none'}. Nothing was sent now. Once it is RUNNING, run pulumi refresh, so that preview"
        " shows the way back as a rebuild, and pulumi up again"
    )


def taken_back(entry: Entry, inputs: str) -> str:
    """Warn that the machine may have been rebuilt with other ``inputs``, which nothing shows, than are wanted now."""
    return (
        f"{_was_about(entry)}, or has done so, and the program has taken that change back. Nothing the API shows tells"
        f" what the machine was rebuilt with. Look at it: if it was rebuilt, change rebuild_token, and up rebuilds it"
        f" with this {inputs}; if it was not, run `zec-pulumi attempts close {entry.attempt_id} --not-rebuilt`"
    )


def values_not_kept(entry: Entry, inputs: str) -> str:
    """Warn that the attempt counts for ``inputs`` whose values the journal did not keep."""
    return (
        f"the rebuild of {entry.instance_id} that an interrupted run began counts for this program. Its values were not"
        f" kept: if {inputs} was changed since that run, change rebuild_token as well, else the new value never"
        " reaches the machine"
    )


def _was_about(entry: Entry) -> str:
    return f"an earlier run was about to rebuild instance {entry.instance_id} ({', '.join(entry.causes)})"

"""Resource options: those that cannot be served are refused, and ``ignore_changes`` never hides a private input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.program.inputs import INPUTS, PRIVATE_KEYS, camel

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pulumi

NO_EFFECT = (
    "the option replace_on_changes has no effect: a changed instance_id replaces the resource, and any other change"
    " rebuilds the machine or is done in place"
)

_UNSERVED = ("import_", "id", "urn")
_EVERYTHING = ("*", "[*]", '["*"]')


def refuse_unserved(opts: pulumi.ResourceOptions) -> None:
    """Refuse the options with which nothing would be managed.

    Raises:
        ValueError: the text names the option, and ``adopt`` as the way to take over a machine as it is.
    """
    for name in _UNSERVED:
        if getattr(opts, name, None) is not None:
            raise ValueError(
                f"the option {name} cannot take over an instance: take the option out and give instance_id and"
                ' adopt="only", and pulumi up records the machine as it is and wipes nothing'
            )


def spelled_out(ignore_changes: Iterable[str] | None) -> list[str] | None:
    """Return ``ignore_changes`` as the engine may have it: ``*`` becomes all inputs, private inputs are left out.

    The private inputs are news of the program for its provider, such as whether this is a preview. The engine would
    put the recorded value in their place, and nothing of them is recorded.
    """
    if ignore_changes is None:
        return None
    names: list[str] = []
    for name in ignore_changes:
        names += [spec.key for spec in INPUTS] if name in _EVERYTHING else [name]
    return [name for name in names if camel(name) not in PRIVATE_KEYS]

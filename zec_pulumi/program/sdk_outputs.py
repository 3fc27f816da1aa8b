"""What a program still waits for once it has declared its resources. Internals of Pulumi's SDK, and nothing of ours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from pulumi import Resource


def wait_for_one(resource: Resource) -> None:
    """Let the program wait for one output of ``resource`` in place of all.

    All of them come, or fail, with the same answer of the engine. At each such answer the SDK goes through everything
    that it still waits for, so with all of them its CPU time grows with the square of the resources, and five hundred
    take it ten seconds. Where the SDK is built otherwise it waits as it would.
    """
    with contextlib.suppress(Exception):
        from pulumi.runtime.settings import SETTINGS  # noqa: PLC0415 guarded as well

        _, *others = (value._data for value in vars(resource).values() if isinstance(value, pulumi.Output))  # noqa: SLF001 no other way
        with SETTINGS.lock:
            SETTINGS.outputs.difference_update(others)

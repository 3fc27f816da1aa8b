"""What a program still waits for once it has declared its resources. Internals of Pulumi's SDK, and nothing of ours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

import pulumi

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi import Resource

T = TypeVar("T")


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


def not_waited_for(make: Callable[[], T]) -> T:
    """Return what ``make`` returns, and let the program not wait for the outputs that it creates.

    They are inputs of a resource, so the answer about the resource comes after them anyway.
    """
    with contextlib.suppress(Exception):
        from pulumi.runtime.settings import SETTINGS  # noqa: PLC0415 guarded as well

        before = set(SETTINGS.outputs)
        made = make()
        with SETTINGS.lock:
            SETTINGS.outputs.intersection_update(before)
        return made
    return make()

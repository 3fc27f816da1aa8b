"""The stack's own record, as a program reads it, and what is newer than it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.program import stack_state

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = {"urn:a": {"type": "t", "outputs": {"x": 1}}}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Make the engine answer with ``answers``, in order; what it was asked comes back."""
    asked: list[Any] = []

    def answer_with(*answers: Any) -> list[Any]:
        left = list(answers)

        async def answer(function: str, arguments: dict[str, Any]) -> Any:
            asked.append((function, arguments))
            found = left.pop(0) if left else answers[-1]
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr("pulumi.runtime.invoke_async", answer)
        monkeypatch.setattr("pulumi.get_organization", lambda: "organization")
        monkeypatch.setattr("pulumi.get_project", lambda: "shop")
        monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
        monkeypatch.setattr(stack_state, "PAUSES_SECONDS", (0.0, 0.0))
        return asked

    return answer_with


def test_the_running_stack_is_asked_for_by_its_full_name(engine: Callable[..., list[Any]]) -> None:
    """Of its organization, or another one's stack of the same name would answer."""
    asked = engine({"outputs": RECORD})
    assert asyncio.run(stack_state.read()) == {"records": RECORD}
    assert asked == [("pulumi:pulumi:readStackResourceOutputs", {"stackName": "organization/shop/dev"})]


def test_a_snapshot_that_is_being_written_is_read_again(engine: Callable[..., list[Any]]) -> None:
    """A file backend may show half of it, which the engine calls an error."""
    engine(Exception("failed to load checkpoint: EOF"), {"outputs": RECORD})
    assert asyncio.run(stack_state.read()) == {"records": RECORD}


@pytest.mark.parametrize(
    ("answer", "error"),
    [(Exception("unknown stack\nand more"), "unknown stack"), (Exception(), "Exception"), ({}, "'outputs'")],
)
def test_what_cannot_be_read_is_one_line_and_never_an_error(
    engine: Callable[..., list[Any]], answer: Any, error: str
) -> None:
    """The program goes on, after some tries; so it does under the mocks of a unit test."""
    asked = engine(answer)
    assert asyncio.run(stack_state.read()) == {"error": error}
    assert len(asked) == 3

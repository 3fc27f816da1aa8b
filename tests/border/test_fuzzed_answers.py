"""Answers that hypothesis changes: against the client, and against whole operations. A failure is shrunk."""

from __future__ import annotations

import pytest

from tests.support.fuzz import run


@pytest.mark.parametrize(("kind", "number"), [("client", 300), ("operations", 100)])
def test_no_changed_answer_breaks_a_claim(kind: str, number: int) -> None:
    """Always the same ones."""
    tally = run(number, kind)
    assert tally["answers"] >= number // 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("kind", "number"), [("client", 10_000), ("operations", 2_500)])
def test_no_answer_of_thousands_breaks_a_claim(kind: str, number: int) -> None:
    """The same, longer."""
    run(number, kind)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("kind", "number"), [("client", 10_000), ("operations", 2_500)])
def test_no_answer_that_nobody_has_seen_breaks_a_claim(kind: str, number: int, new_seed: int) -> None:
    """The same with others each time."""
    run(number, kind, new_seed)

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
@pytest.mark.parametrize(("kind", "number"), [("client", 20_000), ("operations", 5_000)])
def test_no_answer_of_thousands_breaks_a_claim(kind: str, number: int) -> None:
    """The same, longer."""
    run(number, kind)

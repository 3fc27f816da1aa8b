"""The parts of a decision, one behaviour each: what the table of decisions does not tell apart."""

from __future__ import annotations

import dataclasses

import pytest

from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.plan import Kind, Plan


@pytest.mark.parametrize("decided", [Cause("userData"), Plan(Kind.NONE)])
def test_what_was_decided_cannot_be_changed_afterwards(decided: Cause | Plan) -> None:
    """What the preview showed and a gate approved is what is carried out."""
    name = dataclasses.fields(decided)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(decided, name, None)

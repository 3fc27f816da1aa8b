"""What a fault does: the ``effect`` of a rule, told apart by its ``type``.

Those with ``carriedOut`` come before the request is carried out (false, the default) or after it (true): the
client sees the same, the machine does not.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zec_pulumi.simulator.models import SeedModel

MAX_LAG = 100


class Error(SeedModel):
    """The error envelope with any code and HTTP status."""

    type: Literal["error"]
    code: str
    status: Annotated[int, Field(ge=400, le=599)]
    message: str = "A fault of the simulator."
    carried_out: bool = False


class RateLimit(SeedModel):
    """HTTP 429, REQUEST_LIMIT_EXCEEDED, with ``Retry-After`` (seconds) unless it is null."""

    type: Literal["rate_limit"]
    retry_after: Annotated[int, Field(ge=0)] | None = 1


class BadGateway(SeedModel):
    """HTTP 502 with a page of HTML, as a proxy in between answers."""

    type: Literal["bad_gateway"]
    carried_out: bool = False


class Empty(SeedModel):
    """HTTP 200 without a body."""

    type: Literal["empty"]
    carried_out: bool = False


class Truncated(SeedModel):
    """The real answer, cut in half and then closed. The request is carried out."""

    type: Literal["truncated"]


class Challenge(SeedModel):
    """HTTP 403 with ``cf-mitigated: challenge``: a security page instead of the API."""

    type: Literal["challenge"]


class Blocked(SeedModel):
    """HTTP 451: blocked by a policy on the way."""

    type: Literal["blocked"]


class Redirect(SeedModel):
    """A redirect to another address."""

    type: Literal["redirect"]
    location: str
    status: Literal[301, 302, 303, 307, 308] = 302


class Delay(SeedModel):
    """The answer comes late, by real ``seconds``."""

    type: Literal["delay"]
    seconds: Annotated[float, Field(ge=0)]
    carried_out: bool = False


class Drop(SeedModel):
    """The connection is cut without an answer."""

    type: Literal["drop"]
    carried_out: bool = False


class ReinstallFails(SeedModel):
    """A reinstall is accepted and ends in REINSTALL_FAILED."""

    type: Literal["reinstall_fails"]


class NeverEnds(SeedModel):
    """A stop, start, reboot or reinstall is accepted and stays in its transitional status."""

    type: Literal["never_ends"]


class Lag(SeedModel):
    """A read shows an instance (null: each) as it was ``reads`` reads ago; both Describe actions count."""

    type: Literal["lag"]
    reads: Annotated[int, Field(ge=1, le=MAX_LAG)]
    instance_id: str | None = None


class Missing(SeedModel):
    """An instance (null: every one) is absent from a read."""

    type: Literal["missing"]
    instance_id: str | None = None


class FailIds(SeedModel):
    """StopInstances, StartInstances and RebootInstances do nothing, answer 200 and list each id as failed."""

    type: Literal["fail_ids"]


Effect = Annotated[
    Error
    | RateLimit
    | BadGateway
    | Empty
    | Truncated
    | Challenge
    | Blocked
    | Redirect
    | Delay
    | Drop
    | ReinstallFails
    | NeverEnds
    | Lag
    | Missing
    | FailIds,
    Field(discriminator="type"),
]

"""What a fault does: the ``effect`` of a rule, which its ``type`` names.

Those with ``carriedOut`` come before the request is carried out (false, the default) or after it (true): the
client sees the same, the machine does not. Effects on the machines themselves concern only some actions: a rule
for ``*`` counts only those.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from zec_pulumi.simulator.models import SeedModel

MAX_LAG = 100
_POWER = frozenset({"StopInstances", "StartInstances", "RebootInstances"})
_REINSTALLS = frozenset({"ResetInstance", "ResetInstances"})
_READS = frozenset({"DescribeInstances", "DescribeInstancesStatus"})


class _Effect(SeedModel):
    """An effect; ``actions`` are those it can happen to, None for every one."""

    actions: ClassVar[frozenset[str] | None] = None


class Error(_Effect):
    """The error envelope with any code and HTTP status."""

    type: Literal["error"]
    code: str
    status: Annotated[int, Field(ge=400, le=599)]
    message: str = "A fault of the simulator."
    carried_out: bool = False


class RateLimit(_Effect):
    """HTTP 429, REQUEST_LIMIT_EXCEEDED, with ``Retry-After`` (seconds) unless it is null."""

    type: Literal["rate_limit"]
    retry_after: Annotated[int, Field(ge=0)] | None = 1


class BadGateway(_Effect):
    """HTTP 502 with a page of HTML, as a proxy in between answers."""

    type: Literal["bad_gateway"]
    carried_out: bool = False


class Empty(_Effect):
    """HTTP 200 without a body."""

    type: Literal["empty"]
    carried_out: bool = False


class Truncated(_Effect):
    """The real answer, cut in half and then closed. The request is carried out."""

    type: Literal["truncated"]


class Trickle(_Effect):
    """The real answer comes byte by byte, real ``seconds`` apart."""

    type: Literal["trickle"]
    seconds: Annotated[float, Field(ge=0)]


class Challenge(_Effect):
    """HTTP 403 with ``cf-mitigated: challenge``: a security page instead of the API."""

    type: Literal["challenge"]


class Blocked(_Effect):
    """HTTP 451: blocked by a policy on the way."""

    type: Literal["blocked"]


class Redirect(_Effect):
    """A redirect to another address."""

    type: Literal["redirect"]
    location: str
    status: Literal[301, 302, 303, 307, 308] = 302


class Delay(_Effect):
    """The answer comes late, by real ``seconds``."""

    type: Literal["delay"]
    seconds: Annotated[float, Field(ge=0)]
    carried_out: bool = False


class Drop(_Effect):
    """The connection is cut without an answer."""

    type: Literal["drop"]
    carried_out: bool = False


class ReinstallFails(_Effect):
    """A reinstall is accepted and ends in REINSTALL_FAILED."""

    actions: ClassVar[frozenset[str] | None] = _REINSTALLS
    type: Literal["reinstall_fails"]


class ImageFails(_Effect):
    """An image is accepted and ends UNAVAILABLE."""

    actions: ClassVar[frozenset[str] | None] = frozenset({"CreateImage"})
    type: Literal["image_fails"]


class NeverEnds(_Effect):
    """A creation, stop, start, reboot, reinstall, release or image is accepted and stays in its transitional status."""

    actions: ClassVar[frozenset[str] | None] = (
        _POWER | _REINSTALLS | {"CreateZecInstances", "ReleaseInstances", "CreateImage"}
    )
    type: Literal["never_ends"]


class Lag(_Effect):
    """A read shows an instance (null: each) as it was ``reads`` reads ago; both Describe actions count."""

    actions: ClassVar[frozenset[str] | None] = _READS
    type: Literal["lag"]
    reads: Annotated[int, Field(ge=1, le=MAX_LAG)]
    instance_id: str | None = None


class Missing(_Effect):
    """An instance (null: every one) is absent from a read."""

    actions: ClassVar[frozenset[str] | None] = _READS
    type: Literal["missing"]
    instance_id: str | None = None


class ImageMissing(_Effect):
    """An image (null: every one) is absent from a read."""

    actions: ClassVar[frozenset[str] | None] = frozenset({"DescribeImages", "DescribeCustomImages"})
    type: Literal["image_missing"]
    image_id: str | None = None


class TagsHidden(_Effect):
    """DescribeInstances shows no tags: an empty list, or with ``absent`` not even the field."""

    actions: ClassVar[frozenset[str] | None] = frozenset({"DescribeInstances"})
    type: Literal["tags_hidden"]
    absent: bool = False


class FailIds(_Effect):
    """An action on several instances or images does nothing, answers 200 and lists each id as failed."""

    actions: ClassVar[frozenset[str] | None] = _POWER | {"ResetInstances", "ReleaseInstances", "DeleteImages"}
    type: Literal["fail_ids"]


Effect = Annotated[
    Error
    | RateLimit
    | BadGateway
    | Empty
    | Truncated
    | Trickle
    | Challenge
    | Blocked
    | Redirect
    | Delay
    | Drop
    | ReinstallFails
    | ImageFails
    | NeverEnds
    | Lag
    | Missing
    | ImageMissing
    | TagsHidden
    | FailIds,
    Field(discriminator="type"),
]

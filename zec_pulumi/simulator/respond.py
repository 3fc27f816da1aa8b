"""Carries one request out and answers it, with the faults that happen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.simulator.dispatch import answer
from zec_pulumi.simulator.interference import interfere, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.dispatch import Arrival
    from zec_pulumi.simulator.effects import Effect
    from zec_pulumi.simulator.interference import OutgoingAnswer


def effects_on(cloud: Cloud, arrival: Arrival) -> Sequence[Effect]:
    """Return the effects that happen to a request; each call counts it as one request more."""
    with cloud.lock:
        return cloud.faults.match(arrival.action, arrival.instance_ids(), cloud.clock.now())


def respond(cloud: Cloud, arrival: Arrival, effects: Sequence[Effect]) -> Response:
    """Carry the request out unless a fault comes first, and answer what the faults leave of the answer."""
    with cloud.transaction():
        sent = interfere(effects, None)
        if sent is None:
            real = answer(arrival, cloud, effects)
            sent = interfere(effects, real) or plain(real)
        _log(cloud, arrival, effects, sent)
    return sent.response


def _log(cloud: Cloud, arrival: Arrival, effects: Sequence[Effect], sent: OutgoingAnswer) -> None:
    cloud.requests.record(
        at=cloud.clock.now(),
        service=arrival.service,
        version=arrival.headers.get("x-zc-version"),
        action=arrival.action,
        instanceIds=arrival.instance_ids(),
        status=sent.status,
        code=sent.code,
        message=None if sent.answer is None else sent.answer.body.get("message"),
        requestId=None if sent.answer is None else sent.answer.body["requestId"],
        parameters=arrival.parameters(),
        faults=[effect.type for effect in effects],
    )

"""The HTTP surface: the API under ``/api/v2/``, administration under ``/_simulator/``, a page at ``/``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from zec_pulumi.simulator.admin_routes import admin_routes
from zec_pulumi.simulator.dispatch import Arrival, answer
from zec_pulumi.simulator.effects import Delay
from zec_pulumi.simulator.guard import Guard
from zec_pulumi.simulator.interference import interfere, plain
from zec_pulumi.simulator.limits import BodyLimit
from zec_pulumi.simulator.page import page_routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.effects import Effect
    from zec_pulumi.simulator.interference import OutgoingAnswer

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(cloud: Cloud, name: str) -> Starlette:
    """Build the ASGI application that serves ``cloud`` and may be called by ``name``."""
    guarded = [Middleware(Guard, name=name)]

    async def api(request: Request) -> Response:
        arrival = Arrival(
            method=request.method,
            service=request.path_params["service"],
            headers=dict(request.headers),
            body=await request.body(),
        )
        with cloud.lock:
            effects = cloud.faults.match(arrival.action, arrival.instance_ids(), cloud.clock.now())
        await _delay(effects, carried_out=False)
        response = _respond(cloud, arrival, effects)
        await _delay(effects, carried_out=True)
        return response

    app = Starlette(
        middleware=[Middleware(BodyLimit)],
        routes=[
            Route("/api/v2/{service}", api, methods=METHODS),
            Mount("/", routes=[*page_routes(), Mount("/_simulator", routes=admin_routes(cloud))], middleware=guarded),
        ],
    )
    # A path with a slash too many is another path, not one to be sent away from.
    app.router.redirect_slashes = False
    return app


def _respond(cloud: Cloud, arrival: Arrival, effects: Sequence[Effect]) -> Response:
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
        faults=[effect.type for effect in effects],
    )


async def _delay(effects: Sequence[Effect], *, carried_out: bool) -> None:
    for effect in effects:
        if isinstance(effect, Delay) and effect.carried_out is carried_out:
            await asyncio.sleep(effect.seconds)

"""The HTTP surface: the API under ``/api/v2/``, administration under ``/_simulator/``, a page at ``/``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from zec_pulumi.simulator.admin_routes import admin_routes
from zec_pulumi.simulator.dispatch import Arrival
from zec_pulumi.simulator.effects import Delay
from zec_pulumi.simulator.guard import Guard
from zec_pulumi.simulator.limits import BodyLimit
from zec_pulumi.simulator.page import page_routes
from zec_pulumi.simulator.respond import effects_on, respond

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.effects import Effect

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
        effects = effects_on(cloud, arrival)
        await _delay(effects, carried_out=False)
        response = respond(cloud, arrival, effects)
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


async def _delay(effects: Sequence[Effect], *, carried_out: bool) -> None:
    for effect in effects:
        if isinstance(effect, Delay) and effect.carried_out is carried_out:
            await asyncio.sleep(effect.seconds)

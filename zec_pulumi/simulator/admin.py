"""Administration: what was done, what time it is, and what goes wrong next. JSON, without credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError
from starlette.responses import Response
from starlette.routing import Route

from zec_pulumi.simulator.models import SeedModel
from zec_pulumi.simulator.responses import JsonResponse
from zec_pulumi.simulator.world import SetupError, explain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.models import Instance


class ClockMove(SeedModel):
    """What is asked of the clock; both are seconds."""

    advance: Annotated[float, Field(ge=0)] = 0.0
    skew: float | None = None


def describe(instance: Instance) -> dict[str, Any]:
    """Return an instance as an administrator sees it: everything, the pending change included."""
    return instance.model_dump(by_alias=True)


class Administration:
    """The endpoints below ``/_simulator``. Each holds the cloud's lock while it works."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def ledger(self, _: Any) -> Any:
        """Every accepted mutation."""
        return self._cloud.ledger.entries()

    def requests(self, _: Any) -> Any:
        """Every API request."""
        return self._cloud.requests.entries()

    def instances(self, _: Any) -> Any:
        """Every instance."""
        return [describe(instance) for instance in self._cloud.instances()]

    def time(self, _: Any) -> Any:
        """The simulated time and how far signatures are judged ahead of real time, in seconds."""
        clock = self._cloud.clock
        return {"now": clock.now(), "mode": clock.mode, "skew": clock.skew}

    def move_clock(self, body: Any) -> Any:
        """Advance simulated time, or set the skew that signatures are judged with."""
        try:
            move = ClockMove.model_validate(body)
        except ValidationError as error:
            raise SetupError(explain(error)) from None
        self._cloud.clock.advance(move.advance)
        if move.skew is not None:
            self._cloud.clock.skew = move.skew
        return self.time(None)

    def faults(self, _: Any) -> Any:
        """The rules in force."""
        return self._cloud.faults.rules()

    def add_faults(self, body: Any) -> Any:
        """Append a rule or a list of rules."""
        self._cloud.faults.add(body)
        return self.faults(None)

    def clear_faults(self, _: Any) -> Any:
        """Remove every rule."""
        self._cloud.faults.clear()
        return self.faults(None)

    def reset(self, _: Any) -> Any:
        """Return to the seed."""
        self._cloud.reset()
        return self.time(None)


def admin_routes(cloud: Cloud) -> list[Route]:
    """Return the routes of the administration of ``cloud``."""
    admin = Administration(cloud)

    def route(path: str, method: str, handler: Callable[[Any], Any]) -> Route:
        return Route(path, _endpoint(cloud, handler), methods=[method])

    return [
        route("/ledger", "GET", admin.ledger),
        route("/requests", "GET", admin.requests),
        route("/instances", "GET", admin.instances),
        Route("/instances/{id}", _one_instance(cloud), methods=["GET", "PATCH", "DELETE"]),
        route("/time", "GET", admin.time),
        route("/clock", "POST", admin.move_clock),
        route("/faults", "GET", admin.faults),
        route("/faults", "POST", admin.add_faults),
        route("/faults", "DELETE", admin.clear_faults),
        route("/reset", "POST", admin.reset),
    ]


def _endpoint(cloud: Cloud, handler: Callable[[Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            with cloud.transaction():
                return JsonResponse(handler(json.loads(raw) if raw else None))
        except ValueError as error:
            return JsonResponse({"error": str(error)}, 400)

    return endpoint


def _one_instance(cloud: Cloud) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        instance_id, raw = request.path_params["id"], await request.body()
        try:
            with cloud.transaction():
                return _on_instance(cloud, request.method, instance_id, raw)
        except KeyError:
            return JsonResponse({"error": f"instance {instance_id} does not exist"}, 404)
        except ValueError as error:
            return JsonResponse({"error": str(error)}, 400)

    return endpoint


def _on_instance(cloud: Cloud, method: str, instance_id: str, raw: bytes) -> Response:
    if method == "DELETE":
        cloud.delete(instance_id)
        return Response(status_code=204)
    if method == "PATCH":
        fields = json.loads(raw)
        if not isinstance(fields, dict):
            raise SetupError("give the fields to set as a JSON object")
        return JsonResponse(describe(cloud.patch(instance_id, fields)))
    instance = cloud.instance(instance_id)
    if instance is None:
        raise KeyError(instance_id)
    return JsonResponse(describe(instance))

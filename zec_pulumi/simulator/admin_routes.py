"""The HTTP side of the administration: paths, bodies, status codes, and reads that are short when nothing changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from zec_pulumi.simulator.admin import Administration, describe
from zec_pulumi.simulator.admin_queries import Selection
from zec_pulumi.simulator.parsing import parse_json
from zec_pulumi.simulator.responses import JsonResponse
from zec_pulumi.simulator.world import SetupError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from zec_pulumi.simulator.cloud import Cloud


def admin_routes(cloud: Cloud) -> list[Route]:
    """Return the routes of the administration of ``cloud``."""
    admin = Administration(cloud)

    def read(path: str, handler: Callable[[Any], Any]) -> Route:
        return Route(path, _read(cloud, handler), methods=["GET"])

    def change(path: str, method: str, handler: Callable[[Any], Any]) -> Route:
        return Route(path, _change(cloud, handler), methods=[method])

    return [
        read("/ledger", admin.ledger),
        read("/requests", admin.requests),
        read("/instances", admin.instances),
        Route("/instances/{id}", _one_instance(cloud), methods=["GET", "PATCH", "DELETE"]),
        read("/account", admin.account),
        read("/summary", admin.summary),
        read("/time", admin.time),
        change("/clock", "POST", admin.move_clock),
        read("/faults", admin.faults),
        change("/faults", "POST", admin.add_faults),
        change("/faults", "DELETE", admin.clear_faults),
        Route("/faults/{number:int}", _one_fault(cloud), methods=["DELETE"]),
        change("/reset", "POST", admin.reset),
    ]


def _read(cloud: Cloud, handler: Callable[[Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            with cloud.lock:
                found = handler(request.query_params)
        except SetupError as error:
            return JsonResponse({"error": str(error)}, 400)
        counted = isinstance(found, Selection)
        response = JsonResponse(found.items if counted else found)
        if counted:
            response.headers["X-Total-Count"] = str(found.total)
        return _unless_known(request, response)

    return endpoint


def _unless_known(request: Request, response: Response) -> Response:
    """Answer 304 if the client has this very answer already."""
    counted = response.headers.get("x-total-count", "")
    tag = f'"{hashlib.blake2b(bytes(response.body) + counted.encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _change(cloud: Cloud, handler: Callable[[Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            with cloud.transaction():
                return JsonResponse(handler(parse_json(raw) if raw else None))
        except ValueError as error:
            return JsonResponse({"error": str(error)}, 400)

    return endpoint


def _one_fault(cloud: Cloud) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        number = request.path_params["number"]
        try:
            with cloud.transaction():
                cloud.faults.remove(number)
        except KeyError:
            return JsonResponse({"error": f"there is no fault {number}"}, 404)
        return Response(status_code=204)

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
        fields = parse_json(raw)
        if not isinstance(fields, dict):
            raise SetupError("give the fields to set as a JSON object")
        return JsonResponse(describe(cloud.patch(instance_id, fields)))
    instance = cloud.instance(instance_id)
    if instance is None:
        raise KeyError(instance_id)
    return JsonResponse(describe(instance))

"""The simulated cloud without a socket: the real client and the real simulator, and nothing between them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.support.clock import FakeClock
from zec_pulumi.api import AnswerLostError, BearerToken, Client, Endpoint, NotSentError
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.transport import API_VERSION, CONTENT_TYPE, VERSIONS
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.cloud import Cloud, Timing
from zec_pulumi.simulator.controls import Controls
from zec_pulumi.simulator.dispatch import Arrival
from zec_pulumi.simulator.effects import Delay
from zec_pulumi.simulator.respond import effects_on, respond
from zec_pulumi.simulator.responses import CutResponse, TricklingResponse
from zec_pulumi.simulator.world import load_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Timeouts
    from zec_pulumi.simulator.cloud import Transition

HOST = "127.0.0.1:1"
SEED = load_seed(None)
TOKEN = SEED.tokens[0]


class LocalSimulator(Controls):
    """A simulator that nobody can connect to: its clock stands still, and :class:`LocalTransport` reaches it."""

    def __init__(
        self,
        transition: Transition = "DEPLOYING",
        *,
        seed: dict[str, Any] | None = None,
        observer: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        timing = Timing(transition=transition)
        actions = {name for _, _, name in ACTIONS}
        self.cloud = self._cloud = Cloud(
            SEED if seed is None else load_seed(seed),
            SimulatorClock("manual"),
            timing,
            actions=actions,
            observer=observer,
        )


class CloudClock(FakeClock):
    """The cloud's own time: sleeping moves it, and so all that is under way there."""

    def __init__(self, sim: Controls, on_sleep: Callable[[], object] = lambda: None) -> None:
        super().__init__(wall=sim.now(), on_sleep=on_sleep)
        self._sim = sim
        self._begin = sim.now()

    @property
    def elapsed(self) -> float:
        return self._sim.now() - self._begin

    def advance(self, seconds: float) -> None:
        self._sim.advance(seconds)


class LocalTransport:
    """Hands requests to the cloud directly. ``unreachable`` requests find no connection.

    ``passed`` is called before and after each request with the name of that point.
    """

    def __init__(self, cloud: Cloud, passed: Callable[[str], object] = lambda _: None) -> None:
        self.token = TOKEN
        self.unreachable = 0
        self.body = b""
        self._cloud = cloud
        self._passed = passed

    def close(self) -> None:
        """Nothing is open."""

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        """Send ``call`` once; raise what the real transport raises."""
        self._passed(f"before {call.action}")
        if self.unreachable > 0:
            self.unreachable -= 1
            raise NotSentError(f"{call.action} was not sent: no connection", action=call.action, host=HOST)
        self.body = call.body
        headers = {
            "content-type": CONTENT_TYPE,
            "x-zc-action": call.action,
            "x-zc-version": VERSIONS.get(call.service, API_VERSION),
            "authorization": f"Bearer {self.token}",
        }
        arrival = Arrival("POST", call.service, headers, call.body)
        effects = effects_on(self._cloud, arrival)
        response = respond(self._cloud, arrival, effects)
        self._passed(f"after {call.action}")
        late, most = sum(effect.seconds for effect in effects if isinstance(effect, Delay)), timeouts.read
        if isinstance(response, TricklingResponse):
            late, most = len(response.body) * response.seconds, timeouts.total
        self._cloud.clock.advance(min(late, most))
        if isinstance(response, CutResponse) or late > most:
            lost = f"{call.action} was sent to {HOST}, but its answer was lost (the connection broke)"
            raise AnswerLostError(lost, action=call.action, host=HOST)
        return HttpResponse(response.status_code, dict(response.headers), bytes(response.body))


def client_of(transport: LocalTransport, clock: FakeClock) -> Client:
    """Return the real client on that transport."""
    return Client(
        BearerToken(TOKEN), Endpoint(HOST, "http"), clock=clock, transport=transport, random_fraction=lambda: 0.0
    )


def list_public_images_only(transport: LocalTransport) -> None:
    """Have DescribeImages leave out the account's own images, so that DescribeCustomImages is needed to find them."""
    send = transport.send

    def filtered(call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        answer = send(call, timeouts)
        if call.action != "DescribeImages" or answer.status != HTTPStatus.OK:
            return answer
        body = json.loads(answer.body)
        public = [image for image in body["response"]["dataSet"] if image["imageType"] != "CUSTOM_IMAGE"]
        body["response"].update(dataSet=public, totalCount=len(public))
        return HttpResponse(answer.status, answer.headers, json.dumps(body).encode())

    transport.send = filtered  # type: ignore[method-assign]

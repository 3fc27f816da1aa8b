"""The simulated cloud without a socket: the real client and the real simulator, and nothing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.api import AnswerLostError, BearerToken, Client, Endpoint, NotSentError
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.transport import API_VERSION, CONTENT_TYPE
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.cloud import Cloud, Timing
from zec_pulumi.simulator.dispatch import Arrival, answer
from zec_pulumi.simulator.effects import Delay
from zec_pulumi.simulator.interference import interfere, plain
from zec_pulumi.simulator.responses import CutResponse
from zec_pulumi.simulator.world import default_world, load_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from histories.points import Points
    from zec_pulumi.api import Timeouts
    from zec_pulumi.simulator.cloud import Transition

HOST = "127.0.0.1:1"
TOKEN = str(default_world()["tokens"][0])
SEED = load_seed(None)
REBUILD_SECONDS = 40.0


class MovingClock:
    """The cloud's own time; sleeping moves it. ``jump`` is by how much this machine's wall clock is wrong."""

    def __init__(self, cloud: Cloud, points: Points) -> None:
        self._cloud = cloud
        self._points = points
        self._begin = cloud.clock.now()
        self.jump = 0.0

    def now(self) -> float:
        """Return the wall-clock time, wrong by the jump."""
        return self._cloud.clock.now() + self.jump

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return self._cloud.clock.now() - self._begin

    def set_by(self, seconds: float) -> None:
        """Set the wall clock to so many seconds later."""
        self.jump += seconds

    def sleep(self, seconds: float) -> None:
        """Move the whole cloud forward."""
        self._cloud.clock.advance(max(0.0, seconds))
        self._points.passed("sleep")


class LocalTransport:
    """Hands requests to the cloud directly. ``unreachable`` requests find no connection."""

    def __init__(self, cloud: Cloud, points: Points, observer: Callable[[], None]) -> None:
        self.token = TOKEN
        self.unreachable = 0
        self.body = b""
        self._cloud = cloud
        self._points = points
        self._observer = observer

    def close(self) -> None:
        """Nothing is open."""

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        """Send ``call`` once; raise what the real transport raises."""
        self._points.passed(f"before {call.action}")
        if self.unreachable > 0:
            self.unreachable -= 1
            raise NotSentError(f"{call.action} was not sent: no connection", action=call.action, host=HOST)
        self.body = call.body
        response, late = self._response(call)
        self._observer()
        self._points.passed(f"after {call.action}")
        self._cloud.clock.advance(min(late, timeouts.read))
        if isinstance(response, CutResponse) or late > timeouts.read:
            lost = f"{call.action} was sent to {HOST}, but its answer was lost (the connection broke)"
            raise AnswerLostError(lost, action=call.action, host=HOST)
        return HttpResponse(response.status_code, dict(response.headers), bytes(response.body))

    def _response(self, call: ApiRequest) -> tuple[Any, float]:
        """Return the answer, and by how many seconds it comes late."""
        headers = {
            "content-type": CONTENT_TYPE,
            "x-zc-action": call.action,
            "x-zc-version": API_VERSION,
            "authorization": f"Bearer {self.token}",
        }
        arrival = Arrival("POST", call.service, headers, call.body)
        effects = self._cloud.faults.match(arrival.action, arrival.instance_ids(), self._cloud.clock.now())
        sent = interfere(effects, None)
        if sent is None:
            real = answer(arrival, self._cloud, effects)
            sent = interfere(effects, real) or plain(real)
        self._cloud.requests.record(action=call.action, status=sent.status, code=sent.code)
        return sent.response, sum(effect.seconds for effect in effects if isinstance(effect, Delay))


def new_cloud(transition: Transition, observer: Callable[[dict[str, Any]], None]) -> Cloud:
    """Return a cloud as seeded, whose clock stands still."""
    actions = {name for _, _, name in ACTIONS}
    return Cloud(
        SEED, SimulatorClock("manual"), Timing(REBUILD_SECONDS, 5.0, transition), actions=actions, observer=observer
    )


def client_of(transport: LocalTransport, clock: MovingClock) -> Client:
    """Return the real client on that transport."""
    return Client(
        BearerToken(TOKEN), Endpoint(HOST, "http"), clock=clock, transport=transport, random_fraction=lambda: 0.0
    )

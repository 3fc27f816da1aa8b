"""Every call of the engine, to both providers, while everything behind it is broken: one sentence, and no traceback."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.runtime.proto import engine_pb2

from zec_pulumi.engine import CallFailedError, Plugin
from zec_pulumi.engine.connection import EngineConnection
from zec_pulumi.fleet_provider import FleetPlanProvider
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from collections.abc import Callable

WEB, HIDDEN = "1272168087751233112", "text-of-the-exception"
INPUTS = {"instanceId": WEB, "imageId": "ubuntu2404_20240712", "dryRun": False, "settings": "{}"}
STATE = {"instanceId": WEB, "imageId": "ubuntu2204_20240712"}
FLEET = '{"urn": "urn:pulumi:dev::demo::a::b", "canaries": [], "others": ["a"], "at_once": 1}'


class PanicError(BaseException):
    """What compiled parts of libraries raise: no Exception."""


class Broken:
    """Raises whatever is asked of it."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Any:
        raise self._error


class BrokenEngine:
    """An engine whose channel is closed, which is no error of gRPC."""

    def __getattr__(self, _: str) -> Any:
        raise ValueError("Cannot invoke RPC on closed channel!")


class BrokenConfig(Config):
    """A configuration that cannot be read."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattribute__(self, name: str) -> Any:
        if name in ("_props", "get"):
            raise object.__getattribute__(self, "_error")
        return object.__getattribute__(self, name)


CALLS: dict[str, Callable[[BaseException], Any]] = {
    "InstanceOsImageProvider.configure": lambda error: InstanceOsImageProvider().configure(
        ConfigureRequest(BrokenConfig(error))
    ),
    "InstanceOsImageProvider.check": lambda _: InstanceOsImageProvider().check({}, dict(INPUTS)),
    "InstanceOsImageProvider.diff": lambda _: InstanceOsImageProvider().diff(WEB, dict(STATE), dict(INPUTS)),
    "InstanceOsImageProvider.create": lambda _: InstanceOsImageProvider().create(dict(INPUTS)),
    "InstanceOsImageProvider.update": lambda _: InstanceOsImageProvider().update(WEB, dict(STATE), dict(INPUTS)),
    "InstanceOsImageProvider.read": lambda _: InstanceOsImageProvider().read(WEB, dict(STATE)),
    "InstanceOsImageProvider.delete": lambda _: InstanceOsImageProvider().delete(WEB, dict(STATE)),
    "FleetPlanProvider.configure": lambda error: FleetPlanProvider().configure(ConfigureRequest(BrokenConfig(error))),
    "FleetPlanProvider.check": lambda _: FleetPlanProvider().check({}, {"fleet": FLEET, "members": None}),
}
TOUCHES_NOTHING = {"FleetPlanProvider.read", "FleetPlanProvider.diff", "FleetPlanProvider.create"}


@pytest.mark.parametrize(
    "error",
    [
        KeyError(HIDDEN),
        OSError(28, HIDDEN),
        RecursionError(HIDDEN),
        MemoryError(HIDDEN),
        SystemExit(HIDDEN),
        PanicError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_ends_in_a_sentence(name: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of what was raised is not shown: it may hold a secret."""
    plugin = Plugin(EngineConnection(BrokenEngine))
    plugin.process = Broken(error)  # type: ignore[assignment]
    monkeypatch.setattr("zec_pulumi.engine.PLUGIN", plugin)

    with pytest.raises(CallFailedError, match=f"a defect in zec_pulumi: {type(error).__name__} at ") as caught:
        CALLS[name](error)
    assert HIDDEN not in str(caught.value)


def test_every_call_of_both_providers_is_tried() -> None:
    """A new method needs its line."""
    names = {
        f"{kind.__name__}.{name}"
        for kind in (InstanceOsImageProvider, FleetPlanProvider)
        for name, member in vars(kind).items()
        if inspect.isfunction(member)
    }
    assert names == CALLS.keys() | TOUCHES_NOTHING


def test_an_engine_whose_channel_is_closed_is_gone_and_fails_no_line() -> None:
    """Neither a row nor the question whether it is there raises."""
    connection = EngineConnection(BrokenEngine)
    connection.log(engine_pb2.INFO, "a line with half a character \ud800", "urn")
    assert connection.answers() is False

"""Which OS image a Zenlayer ZEC instance runs, as a Pulumi resource.

::

    import zec_pulumi as zec

    zec.InstanceOsImage("web-1", instance_id="1272168087751233112", image_id="ubuntu2404_20240712")

:mod:`zec_pulumi.api` is the API client on its own, :mod:`zec_pulumi.simulator` a sandbox cloud. Neither needs Pulumi,
which is imported only when a name that needs it is used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zec_pulumi import health
    from zec_pulumi.program.fleet import Fleet
    from zec_pulumi.program.inputs import FleetInstance
    from zec_pulumi.program.resource import InstanceOsImage

    __version__: str

__all__ = ["Fleet", "FleetInstance", "InstanceOsImage", "__version__", "health"]

_MODULES = {"Fleet": "fleet", "FleetInstance": "inputs", "InstanceOsImage": "resource"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"zec_pulumi.program.{_MODULES[name]}"), name)
    if name == "health":
        return import_module("zec_pulumi.health")
    if name == "__version__":
        return version("zec_pulumi")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

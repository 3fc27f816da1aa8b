"""Which OS image a Zenlayer ZEC instance runs, as a Pulumi resource.

::

    import zec_pulumi as zec

    zec.InstanceOsImage("web-1", instance_id="1272168087751233112", image_id="ubuntu2404_20240712")

:mod:`zec_pulumi.api` is the API client on its own, :mod:`zec_pulumi.simulator` a sandbox cloud.
"""

from importlib.metadata import version

from zec_pulumi.resource import InstanceOsImage

__version__ = version("zec_pulumi")
__all__ = ["InstanceOsImage", "__version__"]

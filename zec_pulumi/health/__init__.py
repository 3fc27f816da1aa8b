"""Health gates: what a rebuilt machine must answer before its rebuild counts as done.

::

    import zec_pulumi as zec

    zec.InstanceOsImage("web-1", instance_id="1272168087751233112", health=zec.health.http("/healthz"))

Programs import this to describe a health gate; the probing itself is imported only by the provider.
"""

from zec_pulumi.health.description import HealthGate, command, http, ssh, tcp

__all__ = ["HealthGate", "command", "http", "ssh", "tcp"]

"""The engine's side: the only room that touches internals of the Pulumi SDK in the plugin. It degrades, never fails."""

from zec_pulumi.engine.call import CallFailedError, EngineCall
from zec_pulumi.engine.plugin import PLUGIN, Plugin

__all__ = ["PLUGIN", "CallFailedError", "EngineCall", "Plugin"]

"""The parts of Terraform's addresses, such as ``module.web["eu"].zenlayercloud_zec_instance.node[0]``; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zec_pulumi.terraform.instance import RESOURCE_TYPE

_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True, order=True)
class Place:
    """Where in the configuration a resource is declared: ``count`` and ``for_each`` make many of one place.

    Attributes:
        module: The names of the modules around it with dots between, as ``modules.json`` has them; empty at the root.
        name: The resource's name.
    """

    module: str
    name: str

    @property
    def address(self) -> str:
        """The address without any index."""
        modules = [f"module.{name}" for name in self.module.split(".") if name]
        return ".".join([*modules, RESOURCE_TYPE, self.name])


def place_of(address: str) -> Place:
    """Return the place of an object of a state."""
    *modules, _, name = _INDEX.sub("", address).split(".")
    return Place(".".join(modules[1::2]), name)

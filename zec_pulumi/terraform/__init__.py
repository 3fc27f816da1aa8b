"""The ZEC instances that Terraform or OpenTofu manages, read from its state; nothing is ever written.

::

    from zec_pulumi import InstanceOsImage, terraform

    for address, machine in terraform.instances("../network").items():
        InstanceOsImage(address, instance_id=machine.id, image_id="ubuntu2404_20240712")

See ``docs/terraform.md`` for who owns what, and what Terraform's configuration needs so that the two do not fight.
"""

from zec_pulumi.terraform.errors import TerraformError
from zec_pulumi.terraform.instance import Instance
from zec_pulumi.terraform.source import instances

__all__ = ["Instance", "TerraformError", "instances"]

"""One ZEC instance, as a Terraform state describes it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zec_pulumi.terraform.errors import TerraformError, malformed

RESOURCE_TYPE = "zenlayercloud_zec_instance"


@dataclass(frozen=True, slots=True)
class Instance:
    """A ``zenlayercloud_zec_instance`` of a Terraform state: how Terraform last saw it, not how it is now.

    A value that Terraform marks as sensitive is left out: ``None``, or no addresses. A password is never read.

    Attributes:
        address: Terraform's address of the resource, e.g. ``module.web["eu"].zenlayercloud_zec_instance.node[0]``.
        id: Id of the instance, for ``instance_id``.
        name: Name of the instance.
        zone: Id of its availability zone, e.g. ``asia-east-1a``.
        image_id: Id of the image that Terraform last saw.
        key_id: Id of the key pair; None for a machine with a password.
        public_ip_addresses: Public addresses, empty without any.
        private_ip_addresses: Private addresses.
    """

    address: str
    id: str
    name: str | None = None
    zone: str | None = None
    image_id: str | None = None
    key_id: str | None = None
    public_ip_addresses: tuple[str, ...] = ()
    private_ip_addresses: tuple[str, ...] = ()


class Values(BaseModel):
    """The attributes that are read; all others, the password among them, are dropped while parsing."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    id: str = Field(min_length=1)
    instance_name: str | None = None
    availability_zone: str | None = None
    image_id: str | None = None
    key_id: str | None = None
    public_ip_addresses: list[str] | None = None
    private_ip_addresses: list[str] | None = None


def parse(source: str, address: str, attributes: dict[str, object], sensitive: set[str]) -> Instance:
    """Return the instance; ``sensitive`` names the attributes that must not be copied.

    Raises:
        TerraformError: The id is missing or sensitive, or an attribute has another type than the provider's schema.
    """
    if "id" in sensitive:
        raise TerraformError(
            f"{address} in {source} has an id that Terraform marks as sensitive, so it is not read",
            "give that instance's id to InstanceOsImage in another way",
        )
    try:
        values = Values.model_validate({key: value for key, value in attributes.items() if key not in sensitive})
    except ValidationError as error:
        raise malformed(f"{address} in {source}", error) from None
    return Instance(
        address=address,
        id=values.id,
        name=values.instance_name or None,
        zone=values.availability_zone or None,
        image_id=values.image_id or None,
        key_id=values.key_id or None,
        public_ip_addresses=tuple(values.public_ip_addresses or ()),
        private_ip_addresses=tuple(values.private_ip_addresses or ()),
    )

"""What exists in the simulated cloud. The field names, in camelCase, are those of a seed file."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(min_length=1)]
Status = Annotated[str, Field(pattern="^[A-Z_]+$")]
Gibibytes = Annotated[int, Field(ge=1)]


def _address(text: str) -> str:
    ipaddress.ip_interface(text)
    return text


# A block of public addresses is written as a CIDR.
IpAddress = Annotated[str, AfterValidator(_address)]


class SeedModel(BaseModel):
    """Common rules: camelCase in JSON, unknown fields refused, no silent conversion of types."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True, allow_inf_nan=False
    )


class Credential(SeedModel):
    """An access key pair that signs requests (ZC2-HMAC-SHA256)."""

    access_key_id: Name
    access_key_password: Name


class Tag(SeedModel):
    """A key and its value. The API takes 1 to 64 characters of each; a seed may have others."""

    model_config = ConfigDict(frozen=True)

    key: Name
    value: str


class Zone(SeedModel):
    """A zone. Source: DescribeZones, zec 2025-09-01."""

    zone_id: Name
    region_id: Name
    zone_name: Name
    time_zone: Name
    city_name: Name
    city_code: Name
    country_code: Name
    country_name: Name
    support_ha_vip: bool = True


class PendingImage(SeedModel):
    """The end of an image's ``CREATING``: the status, and after how many simulated seconds (None: never)."""

    becomes: Literal["AVAILABLE", "UNAVAILABLE"]
    after_seconds: Annotated[float, Field(ge=0)] | None
    since: float = 0.0


class Image(SeedModel):
    """An image. Source: DescribeImages and DescribeCustomImages, zec 2025-09-01.

    ``agent_supported`` cannot be read through the API; ``zone_ids`` None means every zone; a custom image
    is found in the zones of its ``region_id_list``. Sizes are GiB. ``disk_identity`` is what was on the disk that it
    was made of, None if it brings no system of its own.
    """

    image_id: Name
    image_name: Name
    image_type: Literal["PUBLIC_IMAGE", "CUSTOM_IMAGE"] = "PUBLIC_IMAGE"
    image_source: Literal["OFFICIAL", "MARKETING", "CUSTOM", "APP"] = "OFFICIAL"
    image_size: Gibibytes
    min_disk_size: Gibibytes
    image_description: str = ""
    image_version: str = ""
    image_status: Literal["CREATING", "AVAILABLE", "UNAVAILABLE", "SYNCING", "FAILED", "DELETING", "PROCESSING"] = (
        "AVAILABLE"
    )
    nic_network_type: list[str] = ["auto"]
    category: Name
    os_type: Literal["linux", "bsd", "windows", "android", "any"]
    agent_supported: bool = True
    zone_ids: list[str] | None = None
    region_id_list: list[str] = []
    resource_group_id: Name = "rg-default"
    resource_group_name: Name = "Default Resource Group"
    tags: list[Tag] = []
    disk_identity: Name | None = None
    pending: PendingImage | None = None

    @property
    def is_custom(self) -> bool:
        """Whether the account made it."""
        return self.image_type == "CUSTOM_IMAGE"

    @property
    def needed_disk(self) -> int:
        """The smallest boot disk, in GiB, that holds the image."""
        return max(self.image_size, self.min_disk_size)

    @property
    def takes_login(self) -> bool:
        """Whether a reinstall sets a password or a key: not on Windows, not in the category Generic."""
        return self.os_type != "windows" and self.category not in {"Windows", "Generic"}


class KeyPair(SeedModel):
    """An SSH key pair. Source: DescribeKeyPairs, ccs 2025-09-01.

    ``supported`` False: exists and is listed, but ResetInstance refuses it.
    """

    key_id: Name
    key_name: Name
    public_key: Name
    key_description: str = ""
    create_time: str = "2024-01-15T08:00:00Z"
    supported: bool = True


class Pending(SeedModel):
    """A change of state under way.

    ``becomes`` is the status it ends in (None: the instance is gone), ``after_seconds`` simulated seconds (None:
    never).
    ``changes`` are fields of the instance, by their names in the API, that change at the same moment.
    ``since`` is the simulated time it began; a seed does not know it and leaves it out.
    """

    becomes: Status | None
    after_seconds: Annotated[float, Field(ge=0)] | None
    changes: dict[str, str | bool | None] = {}
    since: float = 0.0


class SystemDisk(SeedModel):
    """A boot disk; ``disk_size`` is GiB."""

    disk_size: Gibibytes = 40
    disk_category: str = "Standard NVMe SSD"
    bursting_enabled: bool = False


class DataDisk(SeedModel):
    """A data disk; ``disk_size`` is GiB. A reinstall leaves it alone."""

    disk_id: Name
    disk_name: Name
    disk_size: Gibibytes
    disk_category: str = "Standard NVMe SSD"
    portable: bool = True
    bursting_enabled: bool = False


class InstanceOptions(SeedModel):
    """Options an instance was created with."""

    nested_virtualization: bool = False


class Machine(SeedModel):
    """A machine. Source: InstanceInfo of DescribeInstances, zec 2025-09-01. Memory is GiB.

    ``instance_type`` None is a GPU instance, as the API shows one. ``disk_identity`` is what is on the boot disk: each
    reinstall gives it another, and a reinstall to an image of an instance brings back the one of that time. The API
    does not show it.
    """

    instance_id: Name
    instance_name: Name
    zone_id: Name
    instance_type: Name | None = "z2a.cpu.1"
    cpu: int = 2
    memory: int = 4
    image_id: Name
    time_zone: Name = "Asia/Shanghai"
    status: Status = "RUNNING"
    system_disk: SystemDisk = SystemDisk()
    data_disks: list[DataDisk] = []
    nic_network_type: Literal["Auto", "FailOver", "VirtioOnly", "VfOnly"] = "Auto"
    nic_name: Name = "eth0"
    public_ip_addresses: list[IpAddress] = []
    private_ip_addresses: list[IpAddress] = []
    key_id: str | None = None
    subnet_id: Name = "subnet-0001"
    security_group_id: Name = "sg-0001"
    enable_agent: bool = True
    enable_agent_monitor: bool = False
    enable_ip_forward: bool = False
    create_time: str = "2025-02-03T04:05:06Z"
    expired_time: str | None = None
    resource_group_id: Name = "rg-default"
    resource_group_name: Name = "Default Resource Group"
    tags: list[Tag] = []
    placement_group_id: str | None = None
    instance_options: InstanceOptions | None = None
    pending: Pending | None = None
    disk_identity: str = ""

    @model_validator(mode="after")
    def _has_a_system(self) -> Machine:
        if not self.disk_identity:
            self.disk_identity = f"original-{self.instance_id}"
        return self

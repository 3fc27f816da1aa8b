"""What the API answers, as far as this package uses it.

Answers vary: fields are spelled in two ways, are null or missing, and new ones appear. All of that ends
here; the rest of the package sees one spelling, and None where the API does not say.
Source: DescribeInstances, DescribeInstancesStatus, DescribeImages, DescribeCustomImages and DescribeZones,
zec 2025-09-01; DescribeKeyPairs, ccs 2025-09-01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:G|GB|GiB)?\s*", re.IGNORECASE)


def _nothing_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _without_nulls(value: Any) -> Any:
    return () if value is None else tuple(item for item in value if item is not None)


def _gib(value: Any) -> Any:
    """Read a size that is documented as a string, in GiB by every source that names a unit."""
    match = _SIZE.fullmatch(str(value))
    return float(match[1]) if match else None


OptionalText = Annotated[str | None, BeforeValidator(_nothing_if_empty)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_without_nulls)]
# A null status must not read as "gone"; unknown values count as transitional everywhere.
Status = Annotated[str, BeforeValidator(lambda value: value or "UNKNOWN")]
Gib = Annotated[float | None, BeforeValidator(_gib)]


class ApiModel(BaseModel):
    """Base of all answers: frozen, camelCase on the wire, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=True,
    )


class SystemDisk(ApiModel):
    """An instance's boot disk; ``disk_size`` in GiB."""

    disk_size: int | None = None


class Instance(ApiModel):
    """An instance as DescribeInstances shows it; passwords and user data are never shown."""

    instance_id: str
    instance_name: OptionalText = None
    zone_id: OptionalText = None
    image_id: OptionalText = None
    image_name: OptionalText = None
    time_zone: OptionalText = Field(default=None, validation_alias=AliasChoices("timeZone", "timezone"))
    status: Status = Field(default="UNKNOWN", validation_alias=AliasChoices("status", "instanceStatus"))
    system_disk: Annotated[SystemDisk, BeforeValidator(lambda value: {} if value is None else value)] = SystemDisk()
    public_ip_addresses: Texts = ()
    private_ip_addresses: Texts = ()
    key_id: OptionalText = None
    enable_agent: bool | None = None


class InstanceStatus(ApiModel):
    """One row of DescribeInstancesStatus."""

    instance_id: str
    status: Status = Field(default="UNKNOWN", validation_alias=AliasChoices("instanceStatus", "status"))


class Image(ApiModel):
    """An OS image; sizes in GiB.

    ``region_ids`` are where an image of the account's own can be used; empty where the API does not say.
    """

    image_id: str
    image_name: OptionalText = None
    image_status: OptionalText = None
    os_type: OptionalText = None
    category: OptionalText = None
    image_size_gib: Gib = Field(default=None, validation_alias="imageSize")
    min_disk_size_gib: int | None = Field(default=None, validation_alias="minDiskSize")
    region_ids: Texts = Field(default=(), validation_alias="regionIdList")


class KeyPair(ApiModel):
    """An SSH key pair of the account."""

    key_id: str
    key_name: OptionalText = None


class Zone(ApiModel):
    """An availability zone."""

    zone_id: str
    region_id: OptionalText = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing, and how many items all pages have together."""

    total_count: int
    items: tuple[T, ...]

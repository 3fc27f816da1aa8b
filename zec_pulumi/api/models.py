"""What the API answers, as far as this package uses it. The fourth step of the border, see ``answer.py``.

Answers vary: fields are spelled in two ways, are null or missing, and new ones appear. All of that ends
here; the rest of the package sees one spelling, and None where the API does not say.

A field that decides whether a machine is wiped must be there: what is missing must not read as a difference. An id
that has not the form of one is refused, as ids are compared and shown as they came. What is no address is left out.
Source: DescribeInstances, DescribeInstancesStatus, DescribeImages, DescribeCustomImages and DescribeZones,
zec 2025-09-01; DescribeKeyPairs, ccs 2025-09-01; DescribeResourceTags and DescribeTags, zrm 2025-10-14.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from zec_pulumi.api.answer import ID

T = TypeVar("T")

MOST_GIB = 1_000_000
"""A size above this is none."""

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:G|GB|GiB)?\s*", re.IGNORECASE)


def _nothing_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _without_nulls(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(item for item in value if item is not None) if isinstance(value, list | tuple) else value


def _addresses(value: Any) -> Any:
    items = _without_nulls(value)
    return tuple(filter(_is_address, items)) if isinstance(items, tuple) else items


def _is_address(value: Any) -> bool:
    """Whether it is an IP address, or a network: a block of addresses is shown as one. No zone, which is any text."""
    try:
        return isinstance(value, str) and "%" not in value and bool(ipaddress.ip_interface(value))
    except ValueError:
        return False


def _gib(value: Any) -> Any:
    """Read a size that is documented as a string, in GiB by every source that names a unit."""
    match = _SIZE.fullmatch(str(value))
    size = float(match[1]) if match else None
    return size if size is None or size <= MOST_GIB else None


def _unknown_if_empty(value: Any) -> Any:
    return "UNKNOWN" if value in (None, "") else value


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")  # noqa: TRY004 pydantic makes its own error of a ValueError
    return value


Id = Annotated[str, StringConstraints(pattern=f"^{ID}$")]
OptionalId = Annotated[Id | None, BeforeValidator(_nothing_if_empty)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_without_nulls)]
OptionalText = Annotated[str | None, BeforeValidator(_nothing_if_empty)]
Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]
# A null status must not read as "gone"; unknown values count as transitional everywhere.
Status = Annotated[str, BeforeValidator(_unknown_if_empty)]
Gib = Annotated[float | None, BeforeValidator(_gib)]
WholeGib = Annotated[Annotated[int, Field(ge=0, le=MOST_GIB)] | None, BeforeValidator(_no_boolean)]


class ApiModel(BaseModel):
    """Base of all answers: frozen, camelCase on the wire, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=True,
    )


class Item(ApiModel):
    """Base of the items of a list: ``ID_FIELD`` tells them apart."""

    ID_FIELD: ClassVar[str]
    NEEDED: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Fields that an answer must have, each with its spellings; they may be null."""

    @property
    def id(self) -> str:
        """The id of what this describes."""
        return str(getattr(self, self.ID_FIELD))

    @classmethod
    def missing(cls, item: Any) -> list[str]:
        """Return the needed fields that ``item`` of an answer lacks."""
        return [names[0] for names in cls.NEEDED if isinstance(item, dict) and not item.keys() & {*names}]


class Tag(Item):
    """A tag of a resource."""

    ID_FIELD = "key"

    key: str
    value: str = ""


class AccountTag(Item):
    """A tag of the account, of one key. ``bind_resource_count`` says how many resources have it, None if not shown."""

    ID_FIELD = "value"

    key: str
    value: str
    bind_resource_count: Annotated[int | None, BeforeValidator(_no_boolean)] = None


def _tags(value: Any) -> Any:
    """Read ``{tags: [{key, value}]}``; what has another form counts as not shown."""
    items = value.get("tags") if isinstance(value, dict) else None
    if not isinstance(items, list):
        return None
    pairs = [(item.get("key"), item.get("value")) for item in items if isinstance(item, dict)]
    return {key: text for key, text in pairs if _is_text(key) and _is_text(text)}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_null(value: Any) -> bool:
    return value is None


Tags = Annotated[dict[str, str] | None, BeforeValidator(_tags)]


class SystemDisk(ApiModel):
    """An instance's boot disk; ``disk_size`` in GiB."""

    disk_size: WholeGib = None


class Instance(Item):
    """An instance as DescribeInstances shows it; passwords and user data are never shown.

    ``tags`` are the values by key, None where the API does not show them.
    """

    ID_FIELD = "instance_id"
    NEEDED = (("imageId",), ("keyId",), ("status", "instanceStatus"))

    instance_id: Id
    instance_name: OptionalText = None
    zone_id: OptionalId = None
    image_id: OptionalId = None
    image_name: OptionalText = None
    time_zone: OptionalText = Field(default=None, validation_alias=AliasChoices("timeZone", "timezone"))
    status: Status = Field(default="UNKNOWN", validation_alias=AliasChoices("status", "instanceStatus"))
    system_disk: Annotated[SystemDisk, BeforeValidator(lambda value: {} if value is None else value)] = SystemDisk()
    public_ip_addresses: Addresses = ()
    private_ip_addresses: Addresses = ()
    key_id: OptionalId = None
    enable_agent: bool | None = None
    tags: Tags = None
    gpu: Annotated[bool, BeforeValidator(_is_null)] = Field(default=False, validation_alias="instanceType")
    """Whether it is a GPU instance: the API shows its ``instanceType`` as null."""


class InstanceStatus(Item):
    """One row of DescribeInstancesStatus."""

    ID_FIELD = "instance_id"
    NEEDED = (("instanceStatus", "status"),)

    instance_id: Id
    status: Status = Field(default="UNKNOWN", validation_alias=AliasChoices("instanceStatus", "status"))


class Image(Item):
    """An OS image; sizes in GiB.

    ``region_ids`` are where an image of the account's own can be used; empty where the API does not say. ``tags`` are
    the values by key, None where the API does not show them.
    """

    ID_FIELD = "image_id"

    image_id: Id
    image_name: OptionalText = None
    image_status: OptionalText = None
    os_type: OptionalText = None
    category: OptionalText = None
    image_size_gib: Gib = Field(default=None, validation_alias="imageSize")
    min_disk_size_gib: WholeGib = Field(default=None, validation_alias="minDiskSize")
    region_ids: Ids = Field(default=(), validation_alias="regionIdList")
    created_time: OptionalText = Field(default=None, validation_alias=AliasChoices("createTime", "createdTime"))
    tags: Tags = None


class KeyPair(Item):
    """An SSH key pair of the account."""

    ID_FIELD = "key_id"

    key_id: Id
    key_name: OptionalText = None


class Zone(Item):
    """An availability zone."""

    ID_FIELD = "zone_id"

    zone_id: Id
    region_id: OptionalId = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing, and how many items all pages have together."""

    total_count: int
    items: tuple[T, ...]

"""The rules behind the error codes of ResetInstance, in their strictest reading.

Source: ResetInstance, zec 2025-09-01, sections 1, 2 and 6.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from zec_pulumi.simulator.envelope import RefusedError

if TYPE_CHECKING:
    from zec_pulumi.simulator.models import Image, Machine
    from zec_pulumi.simulator.world import World

USER_DATA_LIMIT = 64 * 1024
PASSWORD_SPECIALS = "~!@$^*-_=+"  # noqa: S105 -- the special characters every source allows, not a password
_PASSWORD = re.compile(f"[A-Za-z0-9{re.escape(PASSWORD_SPECIALS)}]{{8,16}}")
_PASSWORD_CLASSES = ("[a-z]", "[A-Z]", "[0-9]", f"[{re.escape(PASSWORD_SPECIALS)}]")
_NAME_MIN, _NAME_MAX = 2, 63
_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]")
_IMAGE_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]")


def check_image(world: World, instance: Machine, image_id: str) -> Image:
    """Return the image an instance may be reinstalled with, or refuse it."""
    image = check_available(world, image_id, instance.zone_id)
    current = world.image_of(instance)
    if image.os_type != current.os_type:
        raise RefusedError(400, "INVALID_OS_TYPE_NOT_SAME", f"The OS type is {current.os_type}, not {image.os_type}.")
    check_boot_disk(image, instance.system_disk.disk_size)
    return image


def check_available(world: World, image_id: str, zone_id: str) -> Image:
    """Return an image that instances of the zone can use now, or refuse it."""
    image = world.image_in_zone(image_id, zone_id)
    if image is None:
        raise RefusedError(404, "INVALID_IMAGE_NOT_FOUND", f"Image {image_id} not found in the zone.")
    if image.image_status != "AVAILABLE":
        raise RefusedError(400, "INVALID_IMAGE_STATUS", f"Image {image_id} is {image.image_status}.")
    return image


def check_boot_disk(image: Image, disk_size: int) -> None:
    """Refuse a boot disk (GiB) that does not hold the image."""
    if disk_size < image.needed_disk:
        raise RefusedError(400, "INVALID_IMAGE_SIZE_EXCEED", f"The image needs a boot disk of {image.needed_disk} GiB.")


def check_agent(image: Image, *, enabled: bool) -> None:
    """Refuse the agent on an image that has none."""
    if enabled and not image.agent_supported:
        raise RefusedError(400, "INVALID_IMAGE_AGENT_NOT_SUPPORT", f"Image {image.image_id} has no agent.")


def check_login(world: World, image: Image, *, password: str | None, key_id: str | None) -> None:
    """Require exactly one of password and key pair, or neither where the image takes none."""
    if password is not None and key_id is not None:
        raise RefusedError(400, "INVALID_LOGIN_SETTING_CONFLICT", "Pass password or keyId, not both.")
    if not image.takes_login:
        if key_id is not None:
            raise RefusedError(400, "INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT", "The image takes no key pair.")
        if password is not None:
            raise RefusedError(400, "INVALID_IMAGE_PASSWORD_NOT_SUPPORT", "The image takes no password.")
        return
    if password is not None:
        check_password(password)
    elif key_id is not None:
        _check_key_pair(world, key_id)
    else:
        raise RefusedError(400, "INVALID_LOGIN_SETTING_CONFLICT", "Pass one of password and keyId.")


def check_password(password: str) -> None:
    """Require 8 to 16 characters of all four classes, from the set every source agrees on."""
    complete = all(re.search(one, password) for one in _PASSWORD_CLASSES)
    if not complete or _PASSWORD.fullmatch(password) is None:
        raise RefusedError(400, "INVALID_PASSWORD_MALFORMED", "The password does not follow the rule.")


def check_user_data(text: str) -> None:
    """Require standard Base64 whose decoded size is below 64 KiB."""
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "userData is not Base64.") from None
    if size >= USER_DATA_LIMIT:
        raise RefusedError(400, "INVALID_PARAMETER_USER_DATA_EXCEED", "userData must be less than 64 KiB.")


def check_time_zone(world: World, name: str) -> None:
    """Require a time zone that DescribeTimeZones lists. The code is this simulator's choice."""
    if name not in world.time_zones:
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "timezone is not a known time zone.")


def check_resource_group(world: World, group_id: str) -> None:
    """Require a resource group that something of the seed is in."""
    if group_id not in world.resource_groups:
        raise RefusedError(404, "OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND", f"Resource group {group_id} not found.")


def check_not_recycled(instance: Machine) -> None:
    """Refuse an instance in the recycle bin."""
    if instance.status == "RECYCLE":
        raise RefusedError(403, "OPERATION_DENIED_INSTANCE_RECYCLED", "The instance is in the recycle bin.")


def check_not_imaged(instance: Machine) -> None:
    """Refuse an instance while an image of it is made."""
    if instance.status == "IMAGING":
        raise RefusedError(400, "OPERATION_DENIED_INSTANCE_IN_OPERATION", "An image of the instance is being made.")


def check_name(name: str) -> None:
    """Require 2 to 63 letters, digits, hyphens and periods, with a letter or digit at both ends."""
    _check_name("instanceName", _NAME, name)


def check_image_name(name: str) -> None:
    """Require what :func:`check_name` does; slashes and underscores are allowed, too."""
    _check_name("imageName", _IMAGE_NAME, name)


def _check_name(what: str, pattern: re.Pattern[str], name: str) -> None:
    if len(name) < _NAME_MIN:
        raise RefusedError(400, "INVALID_PARAMETER_LESS_LENGTH", f"{what} needs 2 characters.")
    if len(name) > _NAME_MAX:
        raise RefusedError(400, "INVALID_PARAMETER_EXCEED_LENGTH", f"{what} is limited to 63 characters.")
    if pattern.fullmatch(name) is None:
        raise RefusedError(400, "INVALID_PARAMETER_PATTERN_ERROR", f"{what} has a character it cannot have.")


def _check_key_pair(world: World, key_id: str) -> None:
    key_pair = world.key_pairs.get(key_id)
    if key_pair is None:
        raise RefusedError(404, "INVALID_KEY_PAIR_NOT_FOUND", f"Key pair {key_id} not found.")
    if not key_pair.supported:
        raise RefusedError(400, "INVALID_KEY_PAIR_NOT_SUPPORT", f"Key pair {key_id} is not supported.")

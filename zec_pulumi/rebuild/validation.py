"""Everything that can be known before a machine is powered off: the request to send, and why it would be refused."""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api import ResetInstanceRequest
from zec_pulumi.errors import ZecError
from zec_pulumi.health.gate import address_findings
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.planning import status
from zec_pulumi.planning.backups import backup_in, is_for_script
from zec_pulumi.planning.differences import settings_after
from zec_pulumi.planning.inputs import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zec_pulumi.api import Image, Instance
    from zec_pulumi.cloud.reader import CloudReader
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.differences import Settings
    from zec_pulumi.planning.inputs import Backup, Wanted

_NOTHING = Recorded()

NO_LOGIN_CATEGORIES = frozenset({"windows", "generic"})
"""Images of these categories take neither key nor password in a reset. Source: ResetInstance, keyId."""


@dataclass(frozen=True)
class Preflight:
    """The outcome: ``request`` to send if there are no ``findings``.

    ``restores`` is the backup that it installs.
    """

    findings: tuple[str, ...]
    request: ResetInstanceRequest | None = None
    restores: Backup | None = None


def check_rebuild(
    wanted: Wanted,
    live: Instance,
    reader: CloudReader,
    recorded: Recorded = _NOTHING,
    causes: Sequence[Cause] = (),
    *,
    backed_up: bool = False,
) -> Preflight:
    """Check a rebuild of ``live`` against what the API shows; reads images, the key pair and time zones.

    Args:
        wanted: What the program asks for.
        live: The machine.
        reader: Reads what it refers to.
        recorded: What the stack records of it.
        causes: Why it is rebuilt.
        backed_up: Whether a backup is made first; then the account's own images are read as well.

    Raises:
        ZecError: the API cannot be read.
    """
    after = settings_after(wanted, live)
    image_id = after.image_id
    zone_id = live.zone_id or ""
    image = reader.image(zone_id, image_id) if image_id else None
    takes_login = image is None or not _takes_no_login(image)
    key_id = after.key_id if takes_login else None
    findings = [
        *_status_findings(live),
        *_image_findings(image_id, image, live, reader),
        *_login_findings(wanted, after, takes_login=takes_login),
    ]
    findings.extend(_key_findings(key_id, wanted, reader))
    findings.extend(_time_zone_findings(wanted, reader))
    findings.extend(address_findings(wanted.health, live))
    findings.extend(_backup_findings(wanted, live) if backed_up else ())
    restores = None if is_for_script(causes) else backup_in(image, live, recorded)
    request = ResetInstanceRequest(
        instance_id=live.instance_id,
        image_id=image_id,
        key_id=key_id,
        password=wanted.password if takes_login else None,
        # Sent explicitly: the API's own default for the agent is off.
        enable_agent=after.enable_agent,
        timezone=after.timezone,
        instance_name=after.instance_name if after.instance_name != live.instance_name else None,
        # The system that is restored has run its own.
        user_data=None if restores else wanted.first_boot_script,
    )
    return Preflight(tuple(findings), request, restores)


def instance_not_found(instance_id: str, reader: CloudReader) -> str:
    """Return what to say when an instance does not exist; looks its id up as a name."""
    finding = f"instance_id: instance {quoted_id(instance_id)} was not found in this account"
    if instance_id.isdecimal():
        return (
            f"{finding}. If it was released, run pulumi refresh to drop it from the state; else correct the id or the"
            " credentials"
        )
    return f"{finding}{_hint(lambda: reader.instances_named(instance_id), 'zec-pulumi instances')}"


def misnamed_findings(wanted: Wanted, live: Instance, reader: CloudReader) -> list[str]:
    """Return the findings about an image and a key pair that are given by their names and not by their ids.

    Raises:
        ZecError: the API cannot be read.
    """
    zone_id, image_id, findings = live.zone_id or "", wanted.image_id, list[str]()
    if image_id and reader.image(zone_id, image_id) is None and reader.images_named(zone_id, image_id):
        findings.extend(_image_findings(image_id, None, live, reader))
    if wanted.key_id and not reader.key_pair_exists(wanted.key_id) and reader.key_pairs_named(wanted.key_id):
        findings.extend(_key_findings(wanted.key_id, wanted, reader))
    return findings


def check_password_in_place(live: Instance) -> list[str]:
    """Return why ResetInstancePassword cannot work on this machine now. Source: ResetInstancePassword."""
    findings = []
    if live.status != status.RUNNING:
        findings.append(
            f"password: can be set in place only while RUNNING; the instance is {status.shown(live.status)}"
        )
    if not live.enable_agent:
        findings.append(
            "password: can be set in place only through the agent, and this instance has none;"
            " add 'password' to rebuild_on to set it by a rebuild, which wipes the boot disk"
        )
    return findings


def _backup_findings(wanted: Wanted, live: Instance) -> Iterator[str]:
    """Yield why no image of the boot disk can be made. Source: CreateImage, zec 2025-09-01."""
    # Without a backup there is nothing to roll back to.
    also = ' and on_unhealthy="fail"' if wanted.on_unhealthy == "roll_back" else ""
    way_out = f"set backup=False{also} to rebuild it without one"
    if live.gpu:
        yield f"backup: the API makes no image of a GPU instance; {way_out}"
    if live.status in status.FAILED:
        yield f"backup: the instance is {live.status}, and the API makes an image of a STOPPED instance only; {way_out}"


def _status_findings(live: Instance) -> Iterator[str]:
    if live.status in status.RECYCLED or live.status in ("RECYCLING", "RELEASING"):
        yield f"instance_id: instance {live.instance_id} is {live.status}: recover it from the recycle bin first"
    if live.status == "CREATE_FAILED":
        yield f"instance_id: instance {live.instance_id} is CREATE_FAILED: it has no system to rebuild"


def _image_findings(image_id: str | None, image: Image | None, live: Instance, reader: CloudReader) -> Iterator[str]:
    zone_id = live.zone_id or ""
    if image_id is None:
        yield "image_id: the instance shows no image now, so one must be given"
        return
    if image is None:
        hint = _hint(
            lambda: reader.images_named(zone_id, image_id) or reader.similar_images(zone_id, image_id),
            f"zec-pulumi images --zone {zone_id}",
        )
        yield f"image_id: no image {quoted_id(image_id)} in {zone_id}{hint}"
        return
    named = f"image_id: image {quoted_id(image_id)}"
    if image.image_status not in (None, "AVAILABLE"):
        yield f"{named} is {image.image_status}, not AVAILABLE"
    region = reader.region(zone_id) if image.region_ids else None
    if region is not None and region not in image.region_ids:
        yield (
            f"{named} is in {', '.join(image.region_ids)} only, and the instance is in {zone_id}"
            f" ({region}); copy the image there or choose another"
        )
    now = reader.image_of(live)
    if now and now.os_type and image.os_type and now.os_type != image.os_type:
        yield (
            f"{named} is {image.os_type} and the instance runs {now.os_type} ({now.image_id});"
            " a rebuild cannot change the operating system's type"
        )
    disk = live.system_disk.disk_size
    if disk is not None and image.image_size_gib is not None and image.image_size_gib > disk:
        yield f"{named} needs {image.image_size_gib:g} GiB and the boot disk has {disk} GiB"


def _key_findings(key_id: str | None, wanted: Wanted, reader: CloudReader) -> Iterator[str]:
    if key_id is None or reader.key_pair_exists(key_id):
        return
    origin = "" if wanted.key_id else " (the key the instance has now)"
    finding = f"key_id: key pair {quoted_id(key_id)}{origin} does not exist in this account"
    yield f"{finding}{_hint(lambda: reader.key_pairs_named(key_id), 'zec-pulumi keys')}"


def _hint(similar: Callable[[], list[str]], command: str) -> str:
    """Return which ids may be meant, or the command that lists all; the finding stands if the API cannot be read."""
    with contextlib.suppress(ZecError):
        ids = similar()
        if ids:
            return f"; did you mean {' or '.join(map(quoted_id, ids))}?"
    return f"; {command} lists what there is"


def _login_findings(wanted: Wanted, after: Settings, *, takes_login: bool) -> Iterator[str]:
    if takes_login:
        if wanted.password is None and not after.key_id:
            yield "key_id: the instance has no SSH key now, so give key_id or password"
        return
    if wanted.key_id is not None:
        yield "key_id: Windows and Generic images take no SSH key; leave it out"
    if wanted.password is not None and not after.enable_agent:
        yield (
            "password: Windows and Generic images take no password in a rebuild, and without the agent it cannot be"
            " set afterwards; set enable_agent or leave the password out"
        )


def _time_zone_findings(wanted: Wanted, reader: CloudReader) -> Iterator[str]:
    if wanted.timezone is None:
        return
    names = reader.time_zones()
    if wanted.timezone not in names:
        similar = difflib.get_close_matches(wanted.timezone, list(names), n=2, cutoff=0.6)
        hint = f"; did you mean {' or '.join(similar)}?" if similar else ""
        yield f"timezone: {quoted_id(wanted.timezone)} is not a time zone of this cloud{hint}"


def _takes_no_login(image: Image) -> bool:
    return (image.category or "").lower() in NO_LOGIN_CATEGORIES or image.os_type == "windows"


def password_follows(wanted: Wanted, live: Instance, reader: CloudReader) -> bool:
    """Whether the password is set after the rebuild, because the image that runs takes none in it."""
    image = reader.image_of(live) if wanted.password is not None else None
    return image is not None and _takes_no_login(image)

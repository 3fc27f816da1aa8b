"""What a program asks for (:class:`Wanted`) and what the stack's state holds (:class:`Recorded`).

The engine sends floats for integers, drops ``None`` and marks values that are not known in preview; all of that is
normalised here, so that nothing behind this module has to think of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable  # noqa: TC003 pydantic's models of this module are built at run time
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
)

from zec_pulumi.errors import ZecError
from zec_pulumi.health import HealthGate
from zec_pulumi.planning.causes import Cause, dump_causes, load_causes
from zec_pulumi.planning.user_data import content_digest
from zec_pulumi.program.inputs import INPUTS, REFUSED_KEY, Adopt, OnUnhealthy, PowerOff, camel, snake


class Unknown:
    """The value of an input that only ``up`` will know. An edge puts :data:`UNKNOWN` in place of its engine's mark."""


UNKNOWN = Unknown()


def _text(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # pydantic collects ValueErrors into findings, and nothing else
        raise ValueError("must be a string; as a number it loses digits on its way, so put it in quotes")  # noqa: TRY004
    return value


def _trigger(value: object) -> object:
    for spec in INPUTS:
        if spec.on_demand and value in (spec.name, spec.key):
            return spec.key
    names = ", ".join(repr(spec.name) for spec in INPUTS if spec.on_demand)
    raise ValueError(f"may name {names} and nothing else")


def _health(value: object) -> object:
    if isinstance(value, dict):
        return HealthGate.parse(value)
    if not isinstance(value, HealthGate):
        # pydantic collects ValueErrors into findings, and nothing else
        raise ValueError("must be what zec_pulumi.health.tcp, http, ssh or command returns")  # noqa: TRY004
    return value


def _kept(value: object) -> object:
    """Return how many backups are kept. A dictionary may say so, and nothing else."""
    if isinstance(value, dict) and value.keys() == {"keep"} and not isinstance(value["keep"], bool):
        value = value["keep"]
        if isinstance(value, (int, float)) and value >= 1 and value == int(value):
            return int(value)
    elif value in (True, False, "true", "false"):
        return int(value in (True, "true"))
    raise ValueError('must be True, False, or {"keep": N} with a whole number N of 1 or more')


Trigger = Annotated[str, BeforeValidator(_trigger)]
Text = Annotated[str, BeforeValidator(_text)]
Health = Annotated[HealthGate, BeforeValidator(_health)]
Kept = Annotated[int, BeforeValidator(_kept)]
Causes = Annotated[tuple[Cause, ...], BeforeValidator(load_causes), PlainSerializer(dump_causes)]


SCRIPT_KEYS = ("userData", "userDataBase64")
"""Where a first-boot script can be given."""


def in_order(keys: Iterable[str]) -> tuple[str, ...]:
    """Return property keys in the order of the table of inputs; those that it does not hold come last."""
    order = [spec.key for spec in INPUTS]
    return tuple(sorted(keys, key=lambda key: (order.index(key) if key in order else len(order), key)))


class Model(BaseModel):
    """Base: camelCase outside, snake_case inside, immutable, and silent about its values when printed."""

    model_config = ConfigDict(
        alias_generator=camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Wanted(Model):
    """The inputs of one resource, as its program gives them. ``None`` means omitted.

    ``unknown`` names the properties whose values are not known yet (preview only); their fields are ``None``.
    """

    instance_id: Text | None = None
    image_id: Text | None = None
    key_id: Text | None = None
    password: Text | None = Field(default=None, repr=False)
    user_data: Text | None = Field(default=None, repr=False)
    user_data_base64: Text | None = Field(default=None, repr=False)
    timezone: Text | None = None
    enable_agent: bool | None = None
    instance_name: Text | None = None
    rebuild_token: Text | None = None
    rebuild_on: tuple[Trigger, ...] = ()
    rebuild_protection: bool = False
    adopt: Adopt = "auto"
    power_off: PowerOff = "graceful"
    health: Health | None = None
    backup: Kept | None = None
    """How many backups are kept; 0: none is made."""
    on_unhealthy: OnUnhealthy = "fail"
    unknown: frozenset[str] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _not_refused(cls, value: object) -> object:
        if isinstance(value, dict) and REFUSED_KEY in value:
            raise ValueError(value[REFUSED_KEY])
        return value

    def given(self) -> dict[str, Any]:
        """Return the known inputs by property key, normalised: what to compare two programs by.

        A first-boot script is given by the digest of its content, and an empty one is not given.
        """
        given = self.model_dump(by_alias=True, exclude_none=True, include=set(Wanted.model_fields) - {"unknown"})
        given["rebuildOn"] = sorted(self.rebuild_on)
        for key in SCRIPT_KEYS:
            if not given.pop(key, None):
                continue
            given[key] = content_digest(self.first_boot_script)
        return given

    @property
    def first_boot_script(self) -> bytes | None:
        """The bytes of ``userData`` or ``userDataBase64``, None when the program gives neither, or an empty one."""
        if self.user_data:
            return self.user_data.encode()
        if self.user_data_base64:
            return base64.b64decode(self.user_data_base64, validate=True) or None
        return None

    @property
    def undecided(self) -> tuple[str, ...]:
        """The unknown inputs whose values may make ``up`` wipe the machine: all but those of which the table says no.

        An input that rebuilds only where ``rebuild_on`` names it may do so while ``rebuild_on`` is unknown itself.
        """
        named = {spec.key for spec in INPUTS} if "rebuildOn" in self.unknown else set(self.rebuild_on)
        return in_order(self.unknown - {s.key for s in INPUTS if s.never_wipes or (s.on_demand and s.key not in named)})


class Applied(Model):
    """What the last verified rebuild or adoption left on the machine: the readable trigger values.

    ``user_data_not_run`` says that the recorded first-boot script was never run: the machine was adopted with it.
    ``marked_attempt`` is the attempt of this resource that the machine's marker named when it was adopted.
    """

    image_id: str | None = None
    key_id: str | None = None
    user_data_not_run: Literal[True] | None = None
    marked_attempt: str | None = None


class Attempt(Model):
    """One rebuild that was started and is neither verified nor refused.

    Times are seconds since the Unix epoch. ``outcome`` is ``accepted`` (the API said so, or its status did),
    ``unknown`` (the answer was lost and nothing readable tells) or ``failed`` (REINSTALL_FAILED). ``moved`` says
    whether STOPPED or a transitional status was read after acceptance: that proves a rebuild to the same image.
    ``image_id`` and ``key_id`` are what the request asked for, whether the program gave them or they were the machine's
    own. ``verified_at`` is when the machine was found as asked for, if all that follows was done as well: it only has
    not passed its health gate. ``backup_image_id`` is the image that was made before it, in ``backup_seconds``.
    ``rolls_back`` is the attempt that it takes back, because that did not pass its health gate.
    """

    id: str
    causes: Causes = ()
    request_id: str | None = None
    started_at: float
    image_id: str | None = None
    key_id: str | None = None
    outcome: Literal["accepted", "unknown", "failed"] = "accepted"
    moved: bool = False
    verified_at: float | None = None
    backup_image_id: str | None = None
    backup_seconds: float | None = None
    rolls_back: str | None = None

    @property
    def is_unproven(self) -> bool:
        """Whether nothing that was read says that it was carried out, unless image or key show it."""
        return self.outcome == "unknown" or (self.outcome == "accepted" and not self.moved)


class Backup(Model):
    """A backup that the stack records: the image, and the attempt before which it was made.

    ``made_at`` is UTC, ISO 8601; ``seconds`` is how long it took, None where that is not known.
    """

    image_id: str
    attempt_id: str = ""
    made_at: str = ""
    seconds: float | None = None


class Recorded(Wanted):
    """What the stack's state holds: the inputs last asked for, and what was found or done then.

    With an open ``attempt``, the trigger values here are what that attempt asked for; without one, they are applied.
    """

    applied: Applied = Applied()
    attempt: Attempt | None = None
    backups: tuple[Backup, ...] = ()
    """Oldest first."""


def parse_wanted(properties: dict[str, Any]) -> Wanted:
    """Return the inputs in ``properties``; unknown ones are set aside.

    Raises:
        ValidationError: a value has the wrong type; :func:`type_findings` puts it into words.
    """
    unknown = frozenset(key for key, value in properties.items() if _holds_unknown(value))
    known = {key: value for key, value in properties.items() if key not in unknown and value is not None}
    return Wanted.model_validate({**known, "unknown": unknown})


def parse_recorded(properties: dict[str, Any]) -> Recorded:
    """Return the recorded outputs in ``properties``, whatever older release wrote them.

    Raises:
        ZecError: a value has the wrong type; a newer release may have written it.
    """
    known = {key: value for key, value in properties.items() if value is not None and not _holds_unknown(value)}
    try:
        return Recorded.model_validate(known)
    except ValidationError as error:
        places = [
            ".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False, include_url=False)
        ]
        unreadable = ", ".join(dict.fromkeys(places))
    # Outside the handler: the validation error would stay in the traceback, with the values in it.
    raise ZecError(
        f"the stack's record of this resource cannot be read ({unreadable}); nothing was changed. If a newer release of"
        " zec_pulumi wrote it, use that one. Else `pulumi state delete` forgets the resource and leaves the machine as"
        " it is"
    )


def type_findings(error: ValidationError) -> list[str]:
    """Put validation errors into sentences that name the input and never its value."""
    findings = []
    for problem in error.errors(include_input=False, include_url=False):
        name = snake(str(problem["loc"][0])) if problem["loc"] else "the inputs"
        text = problem["msg"].removeprefix("Value error, ")
        findings.append(f"{name}: {text[0].lower()}{text[1:]}")
    return findings


def decodes(text: str) -> bool:
    """Whether ``text`` is standard, padded Base64 without line breaks."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _holds_unknown(value: object) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(_holds_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_unknown(item) for item in value)
    return False

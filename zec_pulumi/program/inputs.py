"""The table of all inputs and outputs of one resource.

The constructors, their documentation, the recorded state and docs/inputs.md come from it. It needs no Pulumi, so that
tools which only read a state or a preview can import it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import pulumi

    from zec_pulumi.health import HealthGate

Adopt = Literal["auto", "only", "never"]
PowerOff = Literal["graceful", "force"]
RebuildTrigger = Literal["timezone", "enable_agent", "password"]
OnUnhealthy = Literal["fail", "roll_back"]
InputType = Literal["string", "boolean", "list of strings", "health gate", "boolean or dictionary"]

DRY_RUN_KEY = "dryRun"
"""Tells ``check`` whether this is a preview."""

SETTINGS_KEY = "stackSettings"
"""Tells ``check`` the stack's own ``zec:`` configuration, as JSON by full key; secret. An explicit provider of the
program brings its own configuration in place of the stack's."""

SECRETS_KEY = "secretInputs"
"""Tells ``check`` the keys of the inputs that the program gives as secrets; an edge sees only their plain values."""

DEMAND_KEY = "demand"
"""Tells ``check`` how many operations the engine runs at a time, and how many machines the program declares."""

PRIVATE_KEYS = (DRY_RUN_KEY, SETTINGS_KEY, SECRETS_KEY, DEMAND_KEY)
"""What a constructor tells ``check`` beside the inputs. ``check`` takes it out: it is neither compared nor recorded."""

REFUSED_KEY = "zecRefused"
"""Under it the value of an output carries why it is refused, in place of the value."""


class FleetInputs(TypedDict, total=False):
    """The inputs that a fleet takes for all of its instances. ``None`` is the same as an omitted input."""

    image_id: pulumi.Input[str] | None
    key_id: pulumi.Input[str] | None
    password: pulumi.Input[str] | None
    user_data: pulumi.Input[str] | None
    user_data_base64: pulumi.Input[str] | None
    timezone: pulumi.Input[str] | None
    enable_agent: pulumi.Input[bool] | None
    rebuild_token: pulumi.Input[str] | None
    rebuild_on: pulumi.Input[Sequence[RebuildTrigger]] | None
    rebuild_protection: pulumi.Input[bool] | None
    adopt: pulumi.Input[Adopt] | None
    power_off: pulumi.Input[PowerOff] | None
    health: pulumi.Input[HealthGate] | None
    backup: pulumi.Input[bool | Mapping[str, int]] | None
    on_unhealthy: pulumi.Input[OnUnhealthy] | None


class ImageInputs(FleetInputs, total=False):
    """All inputs of ``InstanceOsImage`` but ``instance_id``."""

    instance_name: pulumi.Input[str] | None


class FleetInstance(ImageInputs):
    """One instance of a fleet with inputs of its own, which take the place of the fleet's.

    The inputs are those of :class:`zec_pulumi.InstanceOsImage`.
    """

    instance_id: pulumi.Input[str]


class Change(str, Enum):
    """What ``up`` does when a program changes an input."""

    REPLACE = "the old instance is forgotten, the new one adopted or rebuilt"
    REBUILD = "**rebuild**"
    IN_PLACE = "set in place, without a rebuild"
    REFUSED = "refused, because only a rebuild changes it"
    NOTHING = "nothing by itself"


class Group(str, Enum):
    """What an input is about: the sections of docs/inputs.md."""

    IMAGE = "What the instance runs"
    SETTINGS = "Settings of the instance"
    WHEN = "When it is rebuilt"
    HOW = "How it is rebuilt"


@dataclass(frozen=True)
class InputSpec:
    """One input.

    Attributes:
        name: The Python name.
        group: What it is about.
        type: What a program gives, for people.
        change: What a change does.
        doc: One or two sentences.
        choices: The strings that it, or its elements, can be; empty where any can be.
        default: The default, as Python; None where there is none.
        required: Whether every program gives it.
        secret: Whether it is always a secret, whatever the program says.
        on_demand: Whether a change rebuilds where ``rebuild_on`` names the input.
        in_fleet: Whether a fleet takes it for all of its instances.
        follows_machine: Whether the state records the machine's own value when a program omits it.
        instead_of: The input in whose place it is given.
        never_wipes: Whether no value of it, and no change, can make ``up`` wipe a machine.
    """

    name: str
    group: Group
    type: InputType
    change: Change
    doc: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False
    secret: bool = False
    on_demand: bool = False
    in_fleet: bool = True
    follows_machine: bool = False
    instead_of: str | None = None
    never_wipes: bool = False

    @property
    def key(self) -> str:
        """The property key, as state, previews and ``ignore_changes`` have it."""
        return camel(self.name)

    @property
    def form(self) -> str:
        """Its type, and the strings it can be, in Markdown."""
        choices = ", ".join(f'`"{choice}"`' for choice in self.choices)
        return f"{self.type}: {choices}" if choices else self.type

    @property
    def omitted(self) -> str:
        """What a program means that omits it, in Markdown."""
        if self.required:
            return "required"
        return f"`{self.default}`" if self.default else "as it is now" if self.follows_machine else "none"

    @property
    def consequence(self) -> str:
        """What a change does, in Markdown."""
        return self.change.value + ("; **rebuild** if named in `rebuild_on`" if self.on_demand else "")


@dataclass(frozen=True)
class OutputSpec:
    """One output that is no input: its Python name, its type for people, and one or two sentences."""

    name: str
    type: str
    doc: str

    @property
    def key(self) -> str:
        """The property key, as state and previews have it."""
        return camel(self.name)


@dataclass(frozen=True)
class OptionSpec:
    """Resource options of Pulumi's that mean something of their own here: their names, and what they do."""

    names: tuple[str, ...]
    doc: str


INPUTS = (
    InputSpec(
        "instance_id",
        Group.IMAGE,
        "string",
        Change.REPLACE,
        "Id of the instance. A bare number loses digits on its way and is refused: put it in quotes.",
        required=True,
        in_fleet=False,
    ),
    InputSpec(
        "image_id",
        Group.IMAGE,
        "string",
        Change.REBUILD,
        "Image to run.",
        follows_machine=True,
    ),
    InputSpec(
        "key_id",
        Group.IMAGE,
        "string",
        Change.REBUILD,
        "SSH key pair to install. With neither key nor password the instance keeps the key it has.",
        follows_machine=True,
    ),
    InputSpec(
        "password",
        Group.IMAGE,
        "string",
        Change.IN_PLACE,
        "Administrator's password. The agent sets a changed one, so the instance must run.",
        secret=True,
        on_demand=True,
        instead_of="key_id",
    ),
    InputSpec(
        "user_data",
        Group.IMAGE,
        "string",
        Change.REBUILD,
        "First-boot script as text, smaller than 64 KiB in UTF-8. Empty is none. Taking out a script that was run"
        " rebuilds, too.",
    ),
    InputSpec(
        "user_data_base64",
        Group.IMAGE,
        "string",
        Change.REBUILD,
        "First-boot script as Base64, for bytes that are no text. Taking out a script that was run rebuilds, too.",
        instead_of="user_data",
    ),
    InputSpec(
        "timezone",
        Group.SETTINGS,
        "string",
        Change.REFUSED,
        "IANA name of the time zone.",
        on_demand=True,
        follows_machine=True,
    ),
    InputSpec(
        "enable_agent",
        Group.SETTINGS,
        "boolean",
        Change.REFUSED,
        "Whether the guest agent (QGA) is on.",
        on_demand=True,
        follows_machine=True,
    ),
    InputSpec(
        "instance_name",
        Group.SETTINGS,
        "string",
        Change.IN_PLACE,
        "Display name.",
        in_fleet=False,
        follows_machine=True,
        never_wipes=True,
    ),
    InputSpec(
        "rebuild_token",
        Group.WHEN,
        "string",
        Change.REBUILD,
        "Any string. A new one rebuilds the same image again; so does the first one on a machine that is recorded"
        " without one. Taking it out does nothing.",
    ),
    InputSpec(
        "rebuild_on",
        Group.WHEN,
        "list of strings",
        Change.NOTHING,
        "Further inputs whose change rebuilds.",
        choices=get_args(RebuildTrigger),
        default="[]",
    ),
    InputSpec(
        "rebuild_protection",
        Group.WHEN,
        "boolean",
        Change.NOTHING,
        "Refuse every rebuild of this instance. Pulumi's own `protect` does not.",
        default="False",
        never_wipes=True,
    ),
    InputSpec(
        "adopt",
        Group.WHEN,
        "string",
        Change.NOTHING,
        'What creating does with the machine. `"auto"` adopts it if it is as described and else rebuilds it,'
        ' `"only"` refuses to rebuild, `"never"` always rebuilds.',
        choices=get_args(Adopt),
        default='"auto"',
    ),
    InputSpec(
        "power_off",
        Group.HOW,
        "string",
        Change.NOTHING,
        'How the instance is powered off. `"graceful"` lets the system unmount its data disks,'
        ' `"force"` cuts the power.',
        choices=get_args(PowerOff),
        default='"graceful"',
        never_wipes=True,
    ),
    InputSpec(
        "health",
        Group.HOW,
        "health gate",
        Change.NOTHING,
        "What a rebuilt instance must answer before its rebuild counts as done: `zec.health.tcp(22)`,"
        ' `zec.health.http("/healthz")`, `zec.health.ssh()` or `zec.health.command([...])`.',
        never_wipes=True,
    ),
    InputSpec(
        "backup",
        Group.HOW,
        "boolean or dictionary",
        Change.NOTHING,
        "Whether a custom image of the boot disk is made before it is wiped; without it nothing is wiped."
        ' `True` keeps the newest one, `{"keep": 3}` the newest three. `zec:backup` is the default of a stack.',
        never_wipes=True,
    ),
    InputSpec(
        "on_unhealthy",
        Group.HOW,
        "string",
        Change.NOTHING,
        'What happens to a rebuilt instance that does not pass its health gate. `"fail"` leaves it as it is,'
        ' `"roll_back"` rebuilds it from its backup, for which `backup` and `health` are needed. The update fails'
        " either way.",
        choices=get_args(OnUnhealthy),
        default='"fail"',
        never_wipes=True,
    ),
)
"""Every input. The order is that of the signatures and of the documentation."""

OUTPUTS = (
    OutputSpec("status", "string", "Status of the instance, `RUNNING` after every successful rebuild."),
    OutputSpec("image_name", "string", "Name of the image that runs."),
    OutputSpec("os_type", "string", "Type of the image that runs: `linux`, `windows`, …"),
    OutputSpec("public_ip_addresses", "list of strings", "Public addresses of the instance."),
    OutputSpec("private_ip_addresses", "list of strings", "Private addresses of the instance."),
    OutputSpec(
        "last_rebuild",
        "dictionary",
        "The last verified rebuild: `attempt_id`, `request_id`, `causes`, `started_at`, `finished_at` (UTC, ISO 8601),"
        " and `backup_image_id` if a backup was made. It changes with every rebuild and with nothing else: trigger"
        " follow-up work on it.",
    ),
    OutputSpec(
        "backups",
        "list of dictionaries",
        "The backups that are kept, oldest first: `image_id`, `attempt_id` of the rebuild before which it was made,"
        " `made_at` (UTC, ISO 8601) and `seconds` that it took. See [undo](undo.md).",
    ),
)
"""Every output that is no input; all inputs are outputs, too."""

OPTIONS = (
    OptionSpec(
        ("custom_timeouts",),
        "How long an operation may take, waits included; 60 minutes when omitted.",
    ),
    OptionSpec(
        ("ignore_changes",),
        'Takes the names and the keys of inputs. `"*"` is every input, and nothing else that the program sends.',
    ),
    OptionSpec(
        ("import_", "id", "urn"),
        'Refused: with them nothing would be managed. Give `instance_id` and `adopt="only"` instead; `up` then records'
        " the machine as it is and wipes nothing.",
    ),
    OptionSpec(
        ("replace_on_changes",),
        "Has no effect, and a warning says so. A changed `instance_id` replaces the resource, nothing else does.",
    ),
    OptionSpec(
        ("replacement_trigger", "replace_with"),
        "Replace the resource in the state: it is created once more, which adopts or rebuilds the machine as `adopt`"
        " says, and then forgotten once.",
    ),
    OptionSpec(
        ("delete_before_replace",),
        "The old instance is forgotten before the new one is adopted or rebuilt, and not after it. Neither order"
        " touches the old one.",
    ),
    OptionSpec(
        ("retain_on_delete", "deleted_with"),
        "Change nothing on a machine: deleting the resource only forgets it.",
    ),
    OptionSpec(
        ("protect",),
        "Refuses to delete or replace the resource. It does not refuse a rebuild: `rebuild_protection` does.",
    ),
    OptionSpec(
        ("additional_secret_outputs",),
        "Takes the names and the keys of outputs. Where a program gives a secret `image_id`, `key_id`, `timezone`,"
        " `enable_agent` or `instance_name`, `last_rebuild` is secret as well, because its causes may show the value.",
    ),
    OptionSpec(
        ("aliases",),
        "As for any resource. A subclass has the type of `InstanceOsImage`; what an older release recorded under the"
        " subclass's own type is found without an alias.",
    ),
    OptionSpec(
        ("version", "plugin_download_url"),
        "Leave them out: the provider is part of this Python package.",
    ),
)
"""The resource options that docs/inputs.md describes; the others are as for any resource."""


def camel(name: str) -> str:
    """Return the property key of a Python name: ``image_id`` → ``imageId``."""
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def snake(key: str) -> str:
    """Return the Python name of a property key: ``imageId`` → ``image_id``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """Refuse input names that do not exist.

    Raises:
        TypeError: a name is not among ``known``; the text names it, and the one that was probably meant.
    """
    for name in names:
        if name not in known:
            similar = difflib.get_close_matches(snake(str(name)), known, n=1)
            hint = f"did you mean {similar[0]!r}?" if similar else f"the inputs are {', '.join(sorted(known))}"
            raise TypeError(f"there is no input {name!r}; {hint}")

"""A program as data: every input with how it is given, the options, and the settings of its stack."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field, replace
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from enum import Enum
from typing import TYPE_CHECKING, Any

from zec_pulumi.planning.inputs import UNKNOWN
from zec_pulumi.program.inputs import camel
from zec_pulumi.program.options import spelled_out

if TYPE_CHECKING:
    from collections.abc import Mapping


class How(str, Enum):
    """How a program gives an input. ``INSIDE`` is a list of which a preview does not know one item."""

    PLAIN = "plain"
    SECRET = "secret"  # noqa: S105 not one
    UNKNOWN = "unknown"
    INSIDE = "unknown inside"


@dataclass(frozen=True)
class Packed:
    """A script that is packed anew at every run: with ``gzip`` (Base64), or as ``mime``."""

    script: str
    form: str

    def at(self, run: int) -> str:
        """Return what the program gives at its nth run."""
        if self.form == "gzip":
            return base64.b64encode(gzip.compress(self.script.encode(), mtime=run)).decode()
        whole = MIMEMultipart(boundary=f"=={run}==")
        whole.attach(MIMEText(self.script, "x-shellscript"))
        return whole.as_string()


@dataclass(frozen=True)
class Given:
    """One input: its value, and how the program gives it."""

    value: Any
    how: How = How.PLAIN

    def at(self, run: int, *, dry_run: bool) -> Any:
        """Return what the provider gets at the program's nth run."""
        if dry_run and self.how is How.UNKNOWN:
            return UNKNOWN
        if isinstance(self.value, Packed):
            return self.value.at(run)
        if dry_run and self.how is How.INSIDE and isinstance(self.value, (list, tuple)):
            return [*self.value[:-1], UNKNOWN]
        return list(self.value) if isinstance(self.value, tuple) else self.value


@dataclass(frozen=True)
class Program:
    """The inputs by property key, and ``ignore_changes`` as the program writes it."""

    inputs: Mapping[str, Given] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def sent(self, run: int, olds: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
        """Return the inputs that ``check`` gets; the engine puts the recorded ones (``olds``) for those ignored."""
        given = {key: one.at(run, dry_run=dry_run) for key, one in self.inputs.items()}
        if not olds:
            return given
        ignored = {camel(name) for name in spelled_out(self.ignored) or ()}
        kept = {key: value for key, value in olds.items() if key in ignored}
        return {key: value for key, value in given.items() if key not in ignored} | kept

    @property
    def secrets(self) -> frozenset[str]:
        """The keys of the inputs that are given as secrets."""
        return frozenset(key for key, one in self.inputs.items() if one.how is How.SECRET or key == "password")

    @property
    def knows_all(self) -> bool:
        """Whether its preview knows every input."""
        return all(one.how not in (How.UNKNOWN, How.INSIDE) for one in self.inputs.values())

    def changed(self, changes: Mapping[str, Given | None], ignored: tuple[str, ...]) -> Program:
        """Return the program after an edit; None takes an input out."""
        merged = {key: one for key, one in {**self.inputs, **changes}.items() if one is not None}
        return replace(self, inputs=merged, ignored=ignored)


class Served(str, Enum):
    """Who serves the resource: the default provider, an explicit one without inputs, or one with the stack's."""

    DEFAULT = "default provider"
    BARE = "explicit provider without inputs"
    ALIKE = "explicit provider with the stack's settings"


@dataclass(frozen=True)
class Setting:
    """Settings of a gate. ``closed`` refuses every rebuild, ``allowed`` are the causes that pass, None for all."""

    values: Mapping[str, str]
    closed: bool = False
    allowed: frozenset[str] | None = None
    approval: bool = False


@dataclass(frozen=True)
class Gates:
    """The settings of a stack, and what an explicit provider brings.

    ``own`` are settings of the explicit provider alone. ``sent`` is False where a transform dropped what the program
    sends. ``masked`` is the value of a secret of the stack, which the engine masks in every line.
    """

    stack: Setting
    own: Setting
    served: Served = Served.DEFAULT
    sent: bool = True
    masked: str | None = None

    @property
    def closed(self) -> bool:
        """Whether no rebuild may pass."""
        return self.stack.closed or self._own.closed or not self.sent

    @property
    def allowed(self) -> frozenset[str] | None:
        """The causes that may pass, None for all."""
        both = [one.allowed for one in (self.stack, self._own) if one.allowed is not None]
        return frozenset.intersection(*both) if both else None

    @property
    def approval(self) -> bool:
        """Whether a rebuild must be approved."""
        return self.stack.approval or self._own.approval

    def of_stack(self, tokens: Mapping[str, str]) -> dict[str, str]:
        """Return the configuration of the stack, ``tokens`` being its approvals."""
        return {**self.stack.values, **tokens}

    def of_provider(self, tokens: Mapping[str, str]) -> dict[str, str]:
        """Return what the provider is configured with."""
        if self.served is Served.DEFAULT:
            return self.of_stack(tokens)
        alike = self.of_stack(tokens) if self.served is Served.ALIKE else {}
        return {**alike, **self.own.values, **(tokens if self.own.approval else {})}

    @property
    def _own(self) -> Setting:
        return Setting({}) if self.served is Served.DEFAULT else self.own

"""What the journal, the marker and the machine leave to ask a person, to warn of, and to name. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Entry
    from zec_pulumi.journal.lines import Line
    from zec_pulumi.journal.marker import Marker, StrangeMarker
    from zec_pulumi.planning.causes import Cause


@dataclass(frozen=True)
class OutcomeUnknown:
    """A question: was the attempt carried out? Nobody has seen it, and the API cannot show it."""

    entry: Entry


@dataclass(frozen=True)
class OtherResource:
    """A question: was the attempt, which another resource made, made for this resource under an older name?"""

    entry: Entry


@dataclass(frozen=True)
class NoLongerWanted:
    """A question: the attempt put on the machine, or is putting on it, what the program does not ask for any more."""

    entry: Entry
    live: Instance


@dataclass(frozen=True)
class Unreadable:
    """A question: what does ``line`` of the journal say of the instance? It may tell of this very rebuild."""

    instance_id: str
    line: Line


@dataclass(frozen=True)
class ShownAlready:
    """A question: did a killed run rebuild the machine? It shows ``inputs`` as wanted, and the record does not."""

    live: Instance
    inputs: tuple[str, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class MarkedUnknown:
    """A question: was the attempt of the ``marker``, which is this planned rebuild, carried out?"""

    live: Instance
    marker: Marker
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class MarkedByAnother:
    """A question: is the attempt of the ``marker``, which another resource made, still going on?"""

    live: Instance
    marker: Marker
    now: float


@dataclass(frozen=True)
class MarkedNoLongerWanted:
    """A question: the ``marker``'s attempt rebuilt the machine, or is about it, for what is not asked for any more."""

    live: Instance
    marker: Marker


Question = (
    OutcomeUnknown
    | OtherResource
    | NoLongerWanted
    | Unreadable
    | ShownAlready
    | MarkedUnknown
    | MarkedByAnother
    | MarkedNoLongerWanted
)


@dataclass(frozen=True)
class TakenBack:
    """A warning: the machine may have been rebuilt with ``inputs`` that the program has taken back; no API shows it."""

    entry: Entry
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class MarkedTakenBack:
    """A warning: the ``marker``'s attempt was for what the program has taken back, perhaps for what no API shows."""

    live: Instance
    marker: Marker


@dataclass(frozen=True)
class ValuesNotKept:
    """A warning: the attempt counts as the planned rebuild, although the values of its ``inputs`` are not known."""

    entry: Entry
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class FoundReinstalling:
    """A warning: a reinstall that nothing explains counts as ``entry``, made up here, whose outcome is unknown."""

    entry: Entry


JournalWarning = TakenBack | MarkedTakenBack | ValuesNotKept | FoundReinstalling


@dataclass(frozen=True)
class RebuiltByAnother:
    """To be named: another resource has rebuilt the machine, as its ``marker`` says."""

    marker: Marker
    now: float


@dataclass(frozen=True)
class MarkerNotRead:
    """To be named: the marker has a value that this release does not read."""

    marker: StrangeMarker


MarkerNote = RebuiltByAnother | MarkerNotRead

"""Judges a history by what the cloud accepted, what the machine was, and what the state holds: not by our word."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.support.backup_judge import BackupJudge
from tests.support.programs import SICK_IMAGE, SICK_SCRIPT
from zec_pulumi.journal.marker import Marker, parse
from zec_pulumi.messages.recovery import MAY_RUN
from zec_pulumi.planning.record import last_rebuild_began

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.stack import Outcome, Stack
    from tests.support.world import World

MUTATIONS = frozenset(
    {
        "StopInstances",
        "StartInstances",
        "ResetInstance",
        "ResetInstancePassword",
        "CreateImage",
        "DeleteImages",
        "ModifyInstancesAttribute",
        "ModifyResourceTags",
        "DeleteTags",
    }
)
SECRET_KEYS = ("password", "userData", "userDataBase64")
TRIGGERS = ("imageId", "keyId", "userData", "rebuildToken")


Moment: TypeAlias = tuple[int, int, int]


class ClaimBrokenError(AssertionError):
    """A claim of the design does not hold."""


@dataclass
class Accepted:
    """One ResetInstance that the cloud accepted.

    ``planned`` is the planned rebuild: the trigger values asked for, and the previous recorded rebuild. ``drift``
    and ``journal`` say which of each it was; ``lost`` that nothing of it was recorded, ``by_journal`` that it was
    recorded only by a later command, ``warned`` that this one said what the journal cannot know. ``marked`` says that
    the machine names the attempt in its marker, or another one since, which the command ``replaced`` wrote;
    ``unmarked`` that no command has tried to write it, although markers are written.
    ``restores`` says that it installs a backup, and ``back`` that it rolls the one before back; then ``disk`` is what
    was on the boot disk before both.
    """

    stack: str
    planned: str
    unreadable: bool
    drift: int
    journal: int
    attempt_id: str | None
    script: str | None
    command: int
    generation: int | None
    lost: bool = True
    by_journal: bool = False
    warned: bool = False
    marked: bool = False
    unmarked: bool = False
    replaced: int | None = None
    back: bool = False
    restores: bool = False
    disk: str = ""
    shown: set[tuple[str, str | None]] = field(default_factory=set)


class Judge:
    """Watches one world. Every method that finds a claim broken raises :class:`ClaimBrokenError`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.accepted: list[Accepted] = []
        self.drift = 0
        self._sent = defaultdict[str, list[str]](list)
        self._as_wanted: dict[tuple[str, str], Moment] = {}
        self._asked: dict[tuple[str, str], object] = {}
        self._password: str | None = None
        self._never_ran: dict[str, str | None] = {}
        self.journals: dict[str, int] = {}
        self._broken: list[str] = []
        self.backups = BackupJudge(world)

    def mutated(self, entry: Mapping[str, Any]) -> None:
        """Take note of one entry of the ledger. Claims 8 and 9, of backups: see there."""
        stack = self._world.acting
        self._sent[stack.name if stack else ""].append(entry["action"])
        if stack is None:
            return
        body = json.loads(self._world.transport.body)
        # Raised here, inside a request, it would be taken for a defect of the package.
        if entry["action"] in ("ResetInstance", "ResetInstancePassword"):
            self._password = body.get("password")
        if entry["action"] == "CreateImage":
            self._broken.append(self.backups.created(stack))
        elif entry["action"] == "DeleteImages":
            self._broken.append(self.backups.deleted(stack, body, self._world.machine["imageId"]))
        elif entry["action"] == "ResetInstance":
            self._broken.append(self._reset(stack, body))

    def _reset(self, stack: Stack, body: Mapping[str, Any]) -> str:
        """Return what is wrong with a reset. Claim 1: at most one per planned rebuild, and one that rolls it back."""
        self._take_note_of_health(body)
        new = Accepted(
            stack.name,
            planned_rebuild(stack),
            changes_unreadable(stack),
            self.drift,
            self.journals.get(stack.name, 0),
            self._world.intended,
            body.get("userData"),
            self._world.command,
            stack.generation,
            back=self.backups.is_roll_back(stack, body),
            restores=self.backups.is_backup(body),
            disk=self.backups.disk,
        )
        marker = parse(self._world.marker or "")
        new.marked = isinstance(marker, Marker) and marker.is_attempt(new.attempt_id)
        asked = [request["action"] for request in self._world.sim.requests()[self._world.requests_before :]]
        new.unmarked = "ModifyResourceTags" not in asked and self._world.marks(stack)
        last = self.accepted[-1] if self.accepted else None
        self.accepted.append(new)
        if new.back:
            self._world.tally["roll-backs"] += 1
            if last is None or last.back or (last.stack, last.command) != (new.stack, new.command):
                return f"1: a roll-back of nothing: {new}"
            new.disk = last.disk
            return ""
        unkept = self.backups.reset(stack, new.attempt_id)
        if unkept or last is None or (last.stack, last.planned, last.drift) != (new.stack, new.planned, new.drift):
            return unkept
        if last.back:
            return ""
        lost = last.lost and last.journal != new.journal and not last.unmarked
        if lost and new.unreadable and not self._is_known(last, new, stack):
            self._world.tally["documented exception of claim 1"] += 1
            return ""
        return f"1: a second ResetInstance was accepted for {new.planned}"

    def _is_known(self, last: Accepted, new: Accepted, stack: Stack) -> bool:
        """Whether the machine tells, without a journal, that the last reset was made: by its marker or its image."""
        image = stack.program.get("imageId")
        shown = image != stack.inputs.get("imageId") and any(image == one for one, _ in last.shown)
        return last.marked and (shown or last.replaced is None or last.replaced == new.command)

    def marked(self, attempt: str) -> None:
        """Take note of the attempt that the machine's marker names now."""
        last = self.accepted[-1] if self.accepted else None
        if last is not None and last.replaced is None and not same_attempt(last.attempt_id, attempt):
            last.replaced = self._world.command

    def _take_note_of_health(self, body: Mapping[str, Any]) -> None:
        """A system that runs the sick image or the sick script passes no health gate."""
        instance = self._world.cloud.instance(body["instanceId"])
        script = base64.b64encode(SICK_SCRIPT.encode()).decode()
        if instance and (body.get("imageId") == SICK_IMAGE or body.get("userData") == script):
            self._world.sick.add(instance.disk_identity)

    def sent_by(self, stack: Stack) -> list[str]:
        """Return the accepted mutations of one stack, in order."""
        return list(self._sent[stack.name])

    def nothing_broken(self) -> None:
        """Claims 1, 8 and 9, once a command has ended."""
        broken = next(filter(None, self._broken), None)
        if broken:
            self._world.breaks(broken)

    def rolled_back(self, stack: Stack, began: Moment) -> bool:
        """Claim 10: a roll-back that is recorded has brought the disk of before; return whether there was one.

        ``began`` is the :meth:`moment` before the command: what others have done since is none of ours.
        """
        last = self.accepted[-1] if self.accepted else None
        if last is None or not last.back or not same_attempt(last.attempt_id, stack.previous):
            return False
        if last.command != self._world.commands or began != self.moment(stack):
            return False
        if not self.backups.brought_back(last.disk):
            self._world.breaks(f"10: rolled back, and the disk is not {last.disk}: {self._world.machine}")
        return True

    def recorded(self, outputs: Mapping[str, Any]) -> None:
        """Take note of what the engine has saved."""
        known = {(outputs.get("attempt") or {}).get("id"), (outputs.get("lastRebuild") or {}).get("attemptId")}
        for accepted in self.accepted:
            if any(same_attempt(accepted.attempt_id, attempt_id) for attempt_id in known) and accepted.lost:
                accepted.lost = False
                accepted.by_journal = accepted.command != self._world.command
                said = self._world.acting.lines if self._world.acting else []
                accepted.warned = any("change rebuild_token as well" in line for line in said)

    def looked(self, machine: Mapping[str, Any]) -> None:
        """Take note of the machine's true state after a request."""
        if machine["status"] == "RUNNING":
            for accepted in self.accepted:
                accepted.shown.add((machine["imageId"], machine["keyId"]))

    def succeeded(self, stack: Stack, previous: str | None) -> None:
        """Claim 2: a rebuild that is reported was seen RUNNING as wanted after its reset."""
        attempt_id = stack.previous
        if attempt_id is None or attempt_id == previous:
            return
        made = [accepted for accepted in self.accepted if same_attempt(accepted.attempt_id, attempt_id)]
        if not made:
            self._world.breaks(f"2: {attempt_id} is recorded as done and was never accepted")
        program = stack.program
        image, key = program.get("imageId"), program.get("keyId")
        if not any(image in (None, i) and key in (None, k) for i, k in made[-1].shown):
            self._world.breaks(f"2: success was reported and the machine was never RUNNING on {image}, {key}")
        if script_of(program) == made[-1].script:
            return
        if made[-1].restores and made[-1].script is None and not_run(stack):
            self._world.tally["restored, and no script ran"] += 1
            return
        # The journal keeps no value, so it cannot tell that the program was changed after the kill: it must say so.
        if not (made[-1].by_journal and made[-1].warned):
            self._world.breaks("2: success was reported for user data that was never sent")
        self._world.tally["documented exception of claim 2"] += 1

    def moment(self, stack: Stack) -> Moment:
        """Return what changes when somebody but this stack changes the machine, or its journal is lost."""
        others = sum(len(actions) for name, actions in self._sent.items() if name != stack.name)
        return self.drift, others, self.journals.get(stack.name, 0)

    def as_wanted(self, stack: Stack, began: Moment, *, new: bool) -> None:
        """Claim 2, without a rebuild too: after success the machine is as the program says, unless others changed it.

        ``began`` is the :meth:`moment` before the command, ``new`` that the stack held nothing then. A record that
        others made untrue since is only warned of, so each value counts from the last success that left it as wanted;
        a success that did not ask for it recorded it only if the stack held nothing before.
        """
        now, program, machine = self.moment(stack), stack.program, self._world.machine
        for name in ("imageId", "keyId"):
            key = (stack.name, name)
            if machine["pending"] is not None:  # somebody else's change that is still to come
                self._as_wanted.pop(key, None)
            elif program[name] == machine[name] if name in program else new:
                self._as_wanted[key] = now
            elif name in program and began == now and (new or self._as_wanted.get(key) == now):
                self._world.breaks(f"2: success was reported for {name} {program[name]} and the machine is {machine}")

    def set_beside(self, stack: Stack, began: Moment, said: list[str], before: Mapping[str, Any], *, new: bool) -> None:
        """Claim 2, of what asks for no rebuild: the first success that has a value in its program has set it.

        Not one that was recorded ``before``, without an open attempt: others may have changed it since. Nor where
        another stack has rebuilt the machine last. A resource that was ``new`` is adopted without it, and its row says
        so. What a killed run has sent in place of a password nobody knows; where it cannot be set anew, ``up`` has
        ``said`` so.
        """
        wiped_by_another = bool(self.accepted) and self.accepted[-1].stack != stack.name
        not_known = any("password was changed since that run" in line for line in said)
        now, machine = self.moment(stack), self._world.machine
        has = {"timezone": machine["timeZone"], "enableAgent": machine["enableAgent"], "password": self._password}
        for name, value in has.items():
            key, asked = (stack.name, name), stack.program.get(name)
            held = "attempt" not in before and before.get(name) == asked
            first = asked is not None and not (new or held) and self._asked.get(key) != asked
            self._asked[key] = asked
            if wiped_by_another or (not_known and name == "password"):
                continue
            if first and asked != value and began == now and machine["pending"] is None:
                self._world.breaks(f"2: success was reported for {name} {asked}, and the machine has {value}")

    def ran(self, stack: Stack, said: list[str], *, new: bool) -> None:
        """Claim 2, of what no API shows: after success the disk's script is the program's, or ``up`` ``said`` so.

        Left out is a script that was run before others changed the machine, or before a resource that was ``new``.
        """
        if not_run(stack):
            self._never_ran[stack.name] = script_of(stack.program)
        last = self.accepted[-1] if self.accepted else None
        if last is None or (last.stack, last.generation, last.drift) != (stack.name, stack.generation, self.drift):
            return
        if new and last.command != self._world.commands:
            # The stack begins with the machine as it is, and says once what it has not run.
            last.generation = None
            return
        if last.back or last.restores or not_run(stack) or script_of(stack.program) == last.script:
            return
        if last.lost and self._never_ran.get(stack.name) == script_of(stack.program):
            self._world.tally["documented exception of claim 2: adopted with a script that never ran"] += 1
            return
        if any(MAY_RUN in line for line in said) or (last.by_journal and last.warned):
            return
        marker, began = parse(self._world.marker or ""), last_rebuild_began(stack.outputs)
        # The clock of one of the two was wrong: the recorded rebuild was before this one.
        dated_back = isinstance(marker, Marker) and began is not None and marker.at <= began
        if last.lost and last.journal != self.journals.get(stack.name, 0) and (dated_back or not last.marked):
            self._world.tally["documented exception of claim 2: no journal, and no tag that tells"] += 1
            return
        self._world.breaks(f"2: success, the disk's script is another than the program's, and nobody says so: {last}")

    def sent_nothing(self, before: int, what: str) -> None:
        """Claim 3: ``what`` sends no mutation."""
        if self.mutations_sent() != before:
            self._world.breaks(f"3: {what} sent a mutation")

    def mutations_sent(self) -> int:
        """Return how many mutations arrived, refused and lost ones included."""
        return sum(entry["action"] in MUTATIONS for entry in self._world.cloud.requests.entries())

    def keeps_secrets(self, stack: Stack, outcome: Outcome) -> None:
        """Claim 6: no secret but under its own key of the state, where the engine encrypts it."""
        home = self._world.homes
        journals = "".join(file.read_text() for file in home.rglob("*") if file.is_file())
        state = {key: value for key, value in stack.outputs.items() if key not in SECRET_KEYS}
        said = [outcome.text, *outcome.lines, journals, json.dumps(state), repr(self._world.process.connection)]
        said.append(json.dumps(self._world.cloud.ledger.entries()))
        for secret in self._world.secrets:
            if any(secret in text for text in said):
                self._world.breaks(f"6: a secret shows: {secret}")


def same_attempt(first: str | None, second: str | None) -> bool:
    """Whether two ids are of one attempt; of one that only a marker knew, the first eight characters are recorded."""
    return first is not None and second is not None and first[:8] == second[:8]


def planned_rebuild(stack: Stack) -> str:
    """Return what makes a planned rebuild that one: the trigger values asked for, and the previous rebuild."""
    on = stack.program.get("rebuildOn", [])
    asked = {name: stack.program.get(name) for name in (*TRIGGERS, *on)}
    return json.dumps([stack.generation, asked, stack.previous], sort_keys=True)


def changes_unreadable(stack: Stack) -> bool:
    """Whether something is asked for that the API cannot show."""
    program, recorded = stack.program, stack.inputs
    if not stack.outputs:
        return bool(program.get("adopt") == "never")
    unreadable = ["userData", "rebuildToken", *(["password"] if "password" in program.get("rebuildOn", []) else [])]
    return any(program.get(name) != recorded.get(name) for name in unreadable)


def not_run(stack: Stack) -> bool:
    """Whether the record says that the script was not run."""
    return bool(stack.outputs.get("applied", {}).get("userDataNotRun"))


def script_of(program: Mapping[str, Any]) -> str | None:
    """Return the user data as ResetInstance carries it."""
    script = program.get("userData")
    return None if script is None else base64.b64encode(str(script).encode()).decode()

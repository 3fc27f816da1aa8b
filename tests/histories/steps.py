"""The steps of a history, each with the claims that must hold after it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from tests.support import programs
from tests.support.backup_judge import asks
from tests.support.cloud import TOKEN
from tests.support.judge import TRIGGERS
from tests.support.points import Disturbance, kill
from tests.support.world import WEB
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.marker import Marker, parse
from zec_pulumi.messages.recovery import BEGUN_BY_ANOTHER
from zec_pulumi.planning.inputs import UNKNOWN
from zec_pulumi.planning.same_rebuild import resource_digest
from zec_pulumi.simulator.actions.images import IMAGE_QUOTA

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.support.stack import Outcome, Stack
    from tests.support.world import World

ASKS = re.compile(r"zec-pulumi attempts close (\S+)")
NEXT_STEP = re.compile(
    "pulumi up|pulumi refresh|rebuild_token|attempts close|zec:closeAttempt|by hand|[Ww]ait until|recover it|image_id"
    "|key_id|password|run again|run from another network|does it|check |give |choose |set this machine's clock"
    "|[Ss]ee the API's"
)
BUSY = "is worked on by"
INPUT = re.compile("(image_id|key_id|password|timezone|enable_agent|backup): ")
"""A finding about an input; the row that it stands on names the resource."""

TRANSITIONAL = frozenset({"IMAGING", "DEPLOYING", "REBUILDING", "STOPPING", "BOOTING", "NEW_STATUS"})


class Steps:
    """What happens in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.secrets.update(programs.SECRETS)

    def up(self, stack: Stack, program: dict[str, Any] | None, *, timeout: float | None = None) -> Outcome:
        """Run up; without ``program``, the last one again. Claims 1, 2, 6 and 7, and what must be said."""
        chosen = stack.program if program is None else program
        previous, sent, drift = stack.previous, len(self.world.judge.sent_by(stack)), self.world.judge.drift
        stack.timeout = timeout
        began, before = self.world.judge.moment(stack), stack.outputs
        created, new = not stack.outputs, not stack.outputs and self.world.machine["pending"] is None
        outcome = stack.up(chosen)
        self._ended(stack, outcome, f"up {outcome.end}")
        # What the other stack did in the middle is for its own error to tell.
        done = self.world.judge.sent_by(stack)[sent:]
        if outcome.end == "succeeded":
            self.world.judge.succeeded(stack, previous)
            self.world.judge.as_wanted(stack, began, new=new)
            self.world.judge.set_beside(stack, began, outcome.lines, before, new=created)
            self.world.judge.ran(stack, outcome.lines, new=created)
        elif outcome.end == "failed":
            self._tells(outcome, done, started_over=self.world.judge.drift != drift)
            if self.world.judge.rolled_back(stack, began) and not self.world.cloud.faults.rules():
                self._announced_anew(stack)
        retired, alone = chosen.get("imageId") == programs.RETIRED, self.world.judge.drift == drift
        if retired and alone and {"StopInstances", "ResetInstance"} & set(done):
            self.world.breaks("7: a request that is known to be refused cost a power-off")
        return outcome

    def up_as_previewed(self, stack: Stack, program: dict[str, Any] | None, unknown: Collection[str] = ()) -> None:
        """Preview, which does not know some inputs, and up: a wipe happens only where it was shown."""
        program = stack.program if program is None else program
        self.world.cloud.faults.clear()
        settled = self.world.machine["status"] not in TRANSITIONAL
        shown = self.preview(stack, {**program, **dict.fromkeys(unknown, UNKNOWN)})
        if not unknown:
            stack.program = program
            self._names_leftovers(stack, shown)
        before = self.world.resets()
        outcome = self.up(stack, program)
        wiped = self.world.resets() > before
        promised = any(line.startswith("rebuild:") for line in shown.lines)
        undecided = any(line.startswith("undecided:") for line in shown.lines)
        if wiped and not (promised or (undecided and (unknown or not settled))):
            self.world.breaks(f"a wipe that no preview showed: {shown}")
        if unknown and shown.end == "failed" and outcome.end == "succeeded" and outcome.changes:
            self.world.breaks(f"a preview refuses what it does not know: {shown}")
        if (
            not unknown
            and settled
            and promised
            and shown.end == "succeeded"
            and outcome.end == "succeeded"
            and not wiped
        ):
            self.world.breaks(f"a wipe that was shown and did not happen: {shown}")
        if outcome.end == "succeeded":
            self.changes_nothing(stack)

    def _announced_anew(self, stack: Stack) -> None:
        """Claim 10: what was rolled back is shown anew, or why nothing is sent while another's tag says begun.

        Where the restored machine is as the program says, by all that it asks for, nothing is left to do.
        """
        machine, asked = self.world.machine, {key: stack.program.get(key) for key in (*TRIGGERS, "password")}
        if all(value is None or value == machine.get(key) for key, value in asked.items()):
            return
        shown = self.preview(stack, None)
        announced = any(line.startswith(("rebuild:", "undecided:")) for line in shown.lines)
        if not announced and not any(BEGUN_BY_ANOTHER in line for line in shown.lines):
            self.world.breaks(f"10: rolled back, and the next preview does not show the rebuild: {shown}")

    def _names_leftovers(self, stack: Stack, shown: Outcome) -> None:
        """Claim 11: a preview that plans a rebuild with a backup names the backups that the stack does not record."""
        if not asks(stack) or shown.end != "succeeded" or not any(line.startswith("rebuild:") for line in shown.lines):
            return
        unnamed = [one for one in self.world.judge.backups.left_over(stack) if one not in "\n".join(shown.lines)]
        if unnamed:
            self.world.breaks(f"11: {unnamed} are left over, and the preview does not name them: {shown}")

    def changes_nothing(self, stack: Stack) -> None:
        """Claim 4: a second up with the same program changes nothing."""
        before = self.world.judge.mutations_sent()
        outcome = self.up(stack, None)
        if self.world.judge.mutations_sent() != before or outcome.end != "succeeded" or outcome.changes:
            self.world.breaks(f"4: a second up is not idle: {outcome}")

    def preview(self, stack: Stack, program: dict[str, Any] | None) -> Outcome:
        """Claim 3."""
        before = self.world.judge.mutations_sent()
        outcome = stack.preview(stack.program if program is None else program)
        self._ended(stack, outcome, "preview")
        self.world.judge.sent_nothing(before, "preview")
        return outcome

    def refresh(self, stack: Stack) -> None:
        """Claim 3, and an open attempt survives."""
        before, attempt = self.world.judge.mutations_sent(), stack.outputs.get("attempt")
        self._ended(stack, stack.refresh(), "refresh")
        self.world.judge.sent_nothing(before, "refresh")
        if stack.outputs and attempt and stack.outputs.get("attempt") != attempt:
            self.world.breaks("an open attempt did not survive a refresh")

    def destroy(self, stack: Stack) -> None:
        """Claim 3."""
        before = self.world.judge.mutations_sent()
        self._ended(stack, stack.destroy(), "destroy")
        self.world.judge.sent_nothing(before, "destroy")

    def rename(self, stack: Stack) -> None:
        """The same machine under a new name: an up of a resource that the stack does not hold."""
        previous = None
        outcome = stack.rename(stack.program)
        self._ended(stack, outcome, "rename")
        if outcome.end == "succeeded":
            self.world.judge.succeeded(stack, previous)
            self.world.judge.set_beside(stack, self.world.judge.moment(stack), [], {}, new=True)

    def released(self) -> None:
        """A machine that is gone is named, dropped by refresh, and nothing is sent."""
        instance = self.world.cloud.world.instances.pop(WEB, None)
        before = self.world.judge.mutations_sent()
        for stack in self.world.stacks:
            outcome = stack.up(stack.program)
            if outcome.end != "failed" or WEB not in outcome.text:
                self.world.breaks(f"5: the machine is gone, and up says {outcome}")
        self.world.stacks[1].refresh()
        if self.world.stacks[1].outputs:
            self.world.breaks("a released machine stays in the state")
        self.world.stacks[1].generation += 100
        self.world.judge.sent_nothing(before, "an up without a machine")
        self.world.judge.drift += 1
        self.world.tally["interferences"] += 1
        if instance is not None:
            self.world.cloud.world.instances[WEB] = instance

    def wrong_credentials(self, stack: Stack, program: dict[str, Any] | None) -> None:
        """Nothing is sent, nothing is dropped from the state, and the message says why."""
        self.world.tally["interferences"] += 1
        before, outputs = self.world.judge.mutations_sent(), dict(stack.outputs)
        self.world.transport.token = "rotated"
        outcome = self.up(stack, program)
        refreshed = stack.refresh()
        self.world.transport.token = TOKEN
        self.world.judge.sent_nothing(before, "an up with wrong credentials")
        if outputs != stack.outputs or (outcome.end == "succeeded" and outcome.changes) or refreshed.end == "killed":
            self.world.breaks(f"wrong credentials changed the record: {outcome}")

    def answer(self, stack: Stack) -> None:
        """Close what is open in the journal, or what the marker names, as it truly was."""
        marker = parse(self.world.marker or "")
        if isinstance(marker, Marker) and self.world.machine["pending"] is None:
            own = marker.resource == resource_digest(stack.urn)
            was = own and any(marker.is_attempt(accepted.attempt_id) for accepted in self.world.judge.accepted)
            stack.settings = {
                **self._settings(stack),
                "zec:closeAttempt": f"{marker.attempt}={'rebuilt' if was else 'not-rebuilt'}",
            }
        journal = stack.journal
        for entry in journal.entries(WEB):
            # Nobody calls a rebuild done while it runs.
            asked = entry.event == "accepted" and self.world.machine["pending"] is None
            if asked or entry.event in ("intent", "unknown"):
                was = any(accepted.attempt_id == entry.attempt_id for accepted in self.world.judge.accepted)
                journal.note(WEB, entry.attempt_id, "closed-rebuilt" if was else "closed-not-rebuilt")

    @staticmethod
    def _settings(stack: Stack) -> dict[str, str]:
        """Return the settings without an answer."""
        sent = stack.settings
        return {key: value for key, value in sent.items() if key == "zec:backup"} if isinstance(sent, dict) else {}

    def image_deleted(self) -> None:
        """Somebody deletes the newest backup."""
        self.world.tally["interferences"] += 1
        self.world.judge.drift += 1
        for image_id in list(self.world.judge.backups.images)[-1:]:
            images = self.world.cloud.world
            images.deleted_images[image_id] = images.images.pop(image_id)
            self.world.judge.backups.deleted_by_others(image_id)

    def images_tidied(self) -> None:
        """Somebody deletes all backups that nothing records or runs, as the warnings ask for."""
        left = set.intersection(*(self.world.judge.backups.left_over(stack) for stack in self.world.stacks))
        for image_id in left:
            images = self.world.cloud.world
            images.deleted_images[image_id] = images.images.pop(image_id)

    def quota_used_up(self) -> None:
        """Somebody makes as many images as the account may have."""
        self.world.tally["interferences"] += 1
        images = self.world.cloud.world.images
        own = next(image for image in images.values() if image.is_custom)
        for number in range(IMAGE_QUOTA):
            image_id = f"somebody-{number}"
            images[image_id] = own.model_copy(update={"image_id": image_id, "tags": []})

    def untag(self) -> None:
        """Somebody else takes the marker off, as a Terraform configuration that does not ignore it does."""
        self.world.tally["interferences"] += 1
        self.world.mark(None)

    def terraform(self, *, old: bool) -> None:
        """Terraform writes the tags of its configuration, perhaps with a marker that the machine had once."""
        self.world.tally["interferences"] += 1
        once = self.world.seen_markers[0] if old and self.world.seen_markers else None
        self.world.mark(once, {"env": "prod"})

    def come_to_rest(self) -> None:
        """Claim 5: without further misfortune, ups converge, or stop with a message that says what to do."""
        for world in self.world.worlds:
            Steps(world).all_end()

    def all_end(self) -> None:
        """Bring the stacks of this cloud to their end."""
        self.world.cloud.faults.clear()
        for stack in self.world.stacks:
            if not stack.program:
                continue
            self.answer(stack)
            ends = [self.up(stack, None) for _ in range(4)]
            if ends[-1].end == "succeeded":
                continue
            if not INPUT.match(ends[-1].text) and (WEB not in ends[-1].text or not NEXT_STEP.search(ends[-1].text)):
                self.world.breaks(f"5: up neither converges nor says what to do: {ends[-1]}")
            self.world.tally["stopped and asked"] += 1

    def happening(self, stack: Stack, what: str) -> Callable[[], None]:
        """Return what somebody else, the disk or the network does in the middle of a command on ``stack``."""
        other = self.world.stacks[1 if stack is self.world.stacks[0] else 0]
        happenings: dict[str, Callable[[], None]] = {
            "off": lambda: self.world.by_hand(status="STOPPED"),
            "on": lambda: self.world.by_hand(status="RUNNING"),
            "foreign": lambda: self.world.by_hand(
                status="DEPLOYING",
                pending={"becomes": "RUNNING", "afterSeconds": 50, "changes": {"imageId": programs.DEBIAN}},
            ),
            "other": lambda: self._other(other),
            "full": lambda: self._disk_takes(0),
            "short": self._cut_short,
            "torn": self._tear,
            "trickle": self._trickle,
            "rehearsal": lambda: self.rehearse(stack, None),
            "image gone": self.image_deleted,
            "quota": self.quota_used_up,
            "untag": self.untag,
            "terraform": lambda: self.terraform(old=True),
        }
        return happenings[what]

    def rehearse(self, stack: Stack, program: dict[str, Any] | None, disturbance: Disturbance | None = None) -> None:
        """Run up for the same resource on the same computer, on another cloud; nothing of it counts here."""
        self.world.tally["rehearsals"] += 1
        world = self.world.rehearsal
        steps, mirror = Steps(world), world.stacks[self.world.stacks.index(stack)]
        if mirror.runner != stack.runner:
            mirror.runner = stack.runner
            world.judge.journals[mirror.name] = len(list(self.world.homes.iterdir()))
        if mirror.urn != stack.urn:
            mirror.generation, mirror.outputs, mirror.inputs = stack.generation, {}, {}
        before = self.world.judge.mutations_sent()
        mirror.settings = stack.settings
        if not mirror.outputs:
            steps.up(mirror, {"imageId": programs.JAMMY})
        with steps.armed(disturbance) if disturbance else contextlib.nullcontext():
            outcome = steps.up(mirror, program or stack.program or {"imageId": programs.NOBLE})
        if BUSY in outcome.text:
            self.world.breaks(f"a rehearsal waits for who works on another cloud: {outcome}")
        self.world.show_health()
        self.world.judge.sent_nothing(before, "a rehearsal")

    def _disk_takes(self, room: int) -> None:
        self.world.disk_room = room

    def _cut_short(self) -> None:
        """The disk takes a part of a line, which must be noticed: the plugin is killed at the reset, should it come."""
        self._disk_takes(30)
        self.world.points.armed = Disturbance("after ResetInstance", 1, kill)

    def _tear(self) -> None:
        self.world.torn = 30

    def _trickle(self) -> None:
        """From now on each answer of this command comes byte by byte, and takes longer than anybody waits."""
        self.world.cloud.faults.add({"action": "*", "effect": {"type": "trickle", "seconds": 5.0}})
        self.world.tally["trickling commands"] += 1

    def late_turn(self, seconds: float) -> None:
        """Others have used the rate limit up: the next request's turn comes late."""
        self.world.process.connection.client.limiter.on_rejected(seconds)

    @contextlib.contextmanager
    def armed(self, disturbance: Disturbance) -> Iterator[None]:
        """Have something happen at a point."""
        points = self.world.points
        points.armed, before = disturbance, points.happened
        yield
        points.armed = None
        self.world.tally["disturbances"] += points.happened - before

    @contextlib.contextmanager
    def faults(self, rules: list[dict[str, Any]]) -> Iterator[None]:
        """Have requests go wrong."""
        for rule in rules:
            self.world.cloud.faults.add(rule)
        yield
        self.world.tally["faults"] += sum(rule["happened"] for rule in self.world.cloud.faults.rules())
        self.world.cloud.faults.clear()

    def _other(self, other: Stack) -> None:
        """The other stack's up, in the middle of this one's."""
        self.world.judge.drift += 1
        if other.program:
            self._ended(other, other.up(other.program), "other up")
        self.world.judge.drift += 1

    def _ended(self, stack: Stack, outcome: Outcome, what: str) -> None:
        self.world.tally["steps"] += 1
        self.world.tally[what] += 1
        self.world.judge.nothing_broken()
        self.world.judge.keeps_secrets(stack, outcome)
        if "a defect in" in outcome.text:
            self.world.breaks(f"5: {outcome.text}")
        asked = ASKS.findall("\n".join([outcome.text, *outcome.lines]))
        if not self.world.attempts.issuperset(one[:8] for one in asked):
            self.world.breaks(f"an attempt on another cloud is asked about: {outcome}")

    def _tells(self, outcome: Outcome, done: list[str], *, started_over: bool) -> None:
        """Claim 7, and a failure says what the machine is and what to do."""
        text = outcome.text
        if done and WEB not in text:
            self.world.breaks(f"5: {done} and no machine is named: {text}")
        silent = StopReason.ENGINE_GONE.value in text
        if (done or silent) and not NEXT_STEP.search(text):
            self.world.breaks(f"5: no next step is named: {text}")
        ours = "StopInstances" in done and not {"ResetInstance"} & set(done)
        running = self.world.machine["status"] == "RUNNING"
        if ours and not running and not started_over and not re.search("STOPP|power|may have been wiped", text):
            self.world.breaks(f"7: the machine is left {self.world.machine['status']}: {text}")

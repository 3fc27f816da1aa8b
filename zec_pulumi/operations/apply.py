"""The engine's ``create`` and ``update``: the live machine is read, settled, planned for, and the plan carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from zec_pulumi.errors import DeadlineError, PartialFailureError, StoppedError, UnhealthyError, ZecError
from zec_pulumi.health.gate import pass_gate
from zec_pulumi.journal import locks, recovery
from zec_pulumi.journal.questions import FoundReinstalling
from zec_pulumi.journal.recovery import resolve_plan
from zec_pulumi.journal.resolved import Sighting
from zec_pulumi.messages import causes as cause_messages
from zec_pulumi.messages import outcomes
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.operations import backups
from zec_pulumi.operations.gate_check import ask_gates, refusals
from zec_pulumi.operations.marking import Marking
from zec_pulumi.operations.results import Created
from zec_pulumi.operations.roll_back import RollBack
from zec_pulumi.planning import record
from zec_pulumi.planning.approval import digest_of
from zec_pulumi.planning.backups import backup_in, is_for_script, kept, way_back
from zec_pulumi.planning.inputs import Applied, Attempt, Recorded, Wanted, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.planning.status import STOPPED, is_transitional
from zec_pulumi.rebuild.errors import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.rebuild.power import status_now
from zec_pulumi.rebuild.rebuild import rebuild
from zec_pulumi.rebuild.send import send
from zec_pulumi.rebuild.validation import check_password_in_place, check_rebuild, password_follows
from zec_pulumi.rebuild.wait import Target, wait_until_rebuilt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.operations.context import Call, Process
    from zec_pulumi.planning.inputs import Backup
    from zec_pulumi.rebuild.operation import Operation


def create(process: Process, call: Call, inputs: Mapping[str, Any]) -> Created:
    """Adopt or rebuild the machine of a resource that the stack does not hold.

    Raises:
        PartialFailureError: a rebuild is open; the stack must record it.
        ZecError: nothing was wiped; says what state the machine is in.
    """
    instance_id, outputs = _apply(process, call, inputs, {})
    return Created(instance_id, outputs)


def update(process: Process, call: Call, before: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the machine of a recorded resource to what the program says; return the new outputs.

    ``before`` are the recorded outputs. Raises as :func:`create`.
    """
    return _apply(process, call, inputs, before)[1]


def _apply(
    process: Process, call: Call, inputs: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the instance's id and the new outputs."""
    wanted, recorded = parse_wanted(dict(inputs)), parse_recorded(dict(before))
    instance_id = wanted.instance_id or ""
    apply: _Apply | None = None
    outputs: dict[str, Any] | None = None
    try:
        # The lock keeps other processes of this machine off the instance.
        lock = locks.hold(process.journal.folder, instance_id, call.urn, process.clock, call.stop_reason)
        with process.places.working(call.urn), process.fleets.working(call.urn), lock as held:
            op = process.operation(call, held, instance_id, record.last_attempt(before))
            live, found = _settled(op, instance_id, record.last_rebuild_seconds(before))
            settings, previous = process.gates(call.urn), record.last_attempt(before)
            marking = Marking.of(op, settings, call.urn, previous, wanted, live)
            apply = _Apply(process, call, op, inputs, before, wanted, recorded, live, found, marking)
            outputs = apply.carry_out()
    except (PartialFailureError, RebuildNotStartedError, KeyboardInterrupt):
        raise
    except BaseException as error:
        # An open attempt is a partial failure, whatever ended it: so this came before a reset was sent, or at the end.
        if outputs is not None:
            return instance_id, outputs
        if isinstance(error, ZecError) and instance_id in str(error):
            raise
        live_then = apply.live if apply else None
        now = status_now(apply.op, instance_id) if apply else None
        raise ZecError(outcomes.nothing_wiped(error, instance_id, live_then, now)) from error
    return instance_id, outputs


def _settled(op: Operation, instance_id: str, last_rebuild_seconds: float | None) -> tuple[Instance, str]:
    """Read the machine and wait until it is in no transitional status; return it, and its status before the wait."""
    # The engine sends one operation after the other: where others wait anyway, this one can wait for the next few.
    live = op.reader.instance(instance_id, op.poller.schedule.until_slot())
    if live is None:
        raise ZecError(outcomes.not_found_at_start(instance_id))
    found = live.status
    try:
        live = op.poller.settled(live, op.deadline, op.progress)
    except StoppedError as stopped:
        raise RebuildNotStartedError(outcomes.stopped_at_start(stopped.reason, live)) from stopped
    except DeadlineError as error:
        raise RebuildNotStartedError(outcomes.never_settled(error)) from error
    if last_rebuild_seconds:
        op.poller.schedule.learn(last_rebuild_seconds)
    return live, found


@dataclass
class _Apply:
    """One create or update under way.

    ``before`` is the record so far, empty in a create. ``found`` is the status in which the machine was found.
    """

    process: Process
    call: Call
    op: Operation
    inputs: Mapping[str, Any]
    before: Mapping[str, Any]
    wanted: Wanted
    recorded: Recorded
    live: Instance
    found: str
    marking: Marking
    machine_before: Instance | None = None
    """The machine before the rebuild of this operation, None while it has made none."""
    inputs_then: Mapping[str, Any] | None = None
    """The inputs as the joined attempt had them, None while none is joined."""

    def carry_out(self) -> dict[str, Any]:
        """Do what the plan says and return the new record."""
        plan = self._plan()
        if plan.refusal:
            raise RebuildNotStartedError(plan_messages.refusal(plan.refusal))
        if plan.kind is Kind.REBUILD:
            return self._rebuild(plan)
        if plan.kind is Kind.JOIN and self.recorded.attempt:
            return self._join(plan, self.recorded.attempt)
        adopted = plan.kind is Kind.ADOPT
        try:
            self._change_in_place(plan)
            known = self._known_backups(adopted)
            done = self._record(self._adopted() if adopted else self._kept(), known=known)
        except ZecError as error:
            raise ZecError(outcomes.not_rebuilt(error, self.live)) from error
        if adopted:
            rolled_back = self.recorded.attempt is not None and self.recorded.attempt.rolls_back is not None
            self._probe_unrecorded_rebuild(known=rolled_back or known != self.recorded.backups)
            self.marking.close(self.live)
        if adopted and not self.before:
            recovery.forget_resource(self.process.journal, self.live.instance_id, self.call.urn)
        return done

    def _adopted(self) -> dict[str, Any]:
        """Return what adopting leaves on the machine. That no script ran is recorded only where it is known."""
        previous = record.last_attempt(self.before)
        known = not self.before or self.recorded.applied.user_data_not_run
        not_run = self.wanted.first_boot_script is not None and known
        journal, instance_id = self.process.journal, self.live.instance_id
        if self.marking.ours or recovery.left_behind(journal, instance_id, self.call.urn, previous):
            not_run = False
        marked = self.marking.known_attempt(self.live, new=not self.before, known=self.recorded.applied.marked_attempt)
        return record.applied_now(self.live, user_data_not_run=bool(not_run), marked_attempt=marked)

    def _known_backups(self, adopted: bool) -> tuple[Backup, ...]:  # noqa: FBT001 a fact
        """Return the backups to record; an adopted machine may have been rebuilt by a run that was killed."""
        if not (adopted and self.before and self._kept_backups):
            return self.recorded.backups
        return backups.with_unrecorded(self.op, self.recorded, self.live, self.call.urn, self.call.warn)

    def _kept(self) -> dict[str, Any]:
        """Return what was applied, where nothing was rebuilt; nothing is said of a script that is taken out."""
        gone = {"userDataNotRun"} if self.wanted.first_boot_script is None else set()
        return {key: value for key, value in self.before.get("applied", {}).items() if key not in gone}

    def _plan(self) -> Plan:
        """Decide; an attempt that only the journal knows is continued, or asked about."""
        journal, urn = self.process.journal, self.call.urn
        found = self.process.reinstalls.status_of(self.live.instance_id) or self.found
        answers = self.marking.settings.answers
        restored = backups.restored(self.op.reader, self.wanted, self.live, self.marking.found)
        sighting = Sighting(self.marking.found, found, self.op.deadline.now, answers, restored)
        before = self.before
        resolved = resolve_plan(
            journal, self.wanted, self.recorded, self.live, before, urn, tidy=True, sighting=sighting
        )
        if resolved.question:
            raise RebuildNotStartedError(recovery_messages.question(resolved.question))
        if isinstance(resolved.warning, FoundReinstalling):
            # So that `zec-pulumi attempts close` knows the attempt, which the stack records.
            entry = resolved.warning.entry
            self.op.log.intend(entry.attempt_id, entry.causes)
            self.op.log.note(entry.attempt_id, "unknown")
        if resolved.warning:
            self.call.warn(recovery_messages.warning(resolved.warning))
        self.recorded = resolved.recorded
        attempt = self.recorded.attempt
        if attempt and attempt.outcome == "accepted" and (self.found == STOPPED or is_transitional(self.found)):
            # The attempt was accepted before this run began, so what this run found was read since then.
            moved = attempt.model_copy(update={"moved": True})
            self.recorded = self.recorded.model_copy(update={"attempt": moved})
        return resolved.plan

    def _rebuild(self, plan: Plan) -> dict[str, Any]:
        backed_up = self._kept_backups > 0
        reader, causes = self.op.reader, plan.causes
        preflight = check_rebuild(self.wanted, self.live, reader, self.recorded, causes, backed_up=backed_up)
        if preflight.findings or preflight.request is None:
            raise RebuildNotStartedError(outcomes.not_valid(preflight.findings, self.live))
        marking, new = self.marking, not self.before
        writes = marking.writes(plan, self.recorded, new=new)
        if writes and marking.has_changed(self.live):
            # Another run has begun, or was killed: what it says may make this another plan.
            return self.carry_out()
        approval = self._pass_gates(plan, preflight.request, preflight.restores)
        if writes:
            marking.begin(self.live, new=new)
        before = Applied.model_validate(record.applied_now(self.live))
        machine_before = self.live
        try:
            attempt, self.live = rebuild(
                self.op,
                self.live,
                preflight.request,
                plan.causes,
                force=self.wanted.power_off == "force",
                approval=approval,
                mark=marking.mark,
                marker_needed_by=marking.needed_by,
                backup=backed_up,
                usual_seconds=record.last_rebuild_seconds(self.before),
            )
        except AttemptOpenError as error:
            self._leave_open(error, before)
        finally:
            not_marked = marking.warning()
            if not_marked:
                self.call.warn(not_marked)
        self.machine_before = machine_before
        return self._finish(attempt, before, plan)

    @property
    def _kept_backups(self) -> int:
        """How many backups are kept; 0: none is made."""
        return kept(self.wanted, by_stack=self.marking.settings.backup)

    def _pass_gates(self, plan: Plan, request: ResetInstanceRequest, restores: Backup | None) -> str | None:
        """Enforce the gates on what is about to be sent, whatever a preview said; return the approval's digest."""
        process, urn, wanted, marking = self.process, self.call.urn, self.wanted, self.marking
        before, settings = self.before, marking.settings
        found = way_back(wanted, self.recorded, None, restores, by_stack=settings.backup)
        verdict = ask_gates(process, settings, urn, wanted, before, plan, self.live, request, marking.found, found)
        if verdict.closed:
            raise RebuildNotStartedError("\n".join(refusals(verdict, wanted, plan)))
        return digest_of(verdict.approved_by) if verdict.approved_by else None

    def _join(self, plan: Plan, attempt: Attempt) -> dict[str, Any]:
        target = Target.of_attempt(self.live.instance_id, self.recorded)
        self.inputs_then = record.inputs_then(self.inputs, self.recorded)
        self.marking.join(self.live, attempt.id)
        try:
            attempt, self.live = wait_until_rebuilt(self.op, attempt, target, mark=self.marking.mark)
        except AttemptOpenError as error:
            self._leave_open(error, self.recorded.applied)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 whatever it is must not make the stack forget the attempt
            now = status_now(self.op, self.live.instance_id)
            sentence = outcomes.defect_while_rebuilding(error, self.live, now)
            self._leave_open(AttemptOpenError(sentence, attempt), self.recorded.applied)
        if self._kept_backups:
            attempt = backups.with_backup(self.op, attempt, self.live)
        if attempt.rolls_back:
            self._roll_back(attempt).end(self.live, attempt, None)
        return self._finish(attempt, self.recorded.applied, plan)

    def _finish(self, attempt: Attempt, before: Applied, plan: Plan) -> dict[str, Any]:
        """Do what a verified rebuild still lacks, and close the attempt. Whatever fails here must not forget it."""
        # Nobody knows whose rebuild it was when the answer was lost: then it is adopted, and not reported as ours.
        ours = attempt.outcome != "unknown"
        try:
            finished = max(attempt.verified_at or self.op.deadline.now, attempt.started_at)
            self.op.progress.phase(outcomes.finished(self.live, finished - attempt.started_at, ours=ours))
            self.marking.done()
            follows = attempt.verified_at is None and password_follows(self.wanted, self.live, self.op.reader)
            if follows and "password" not in plan.changes:
                self._set_password()
            self._change_in_place(plan)
            attempt = attempt.model_copy(update={"moved": True, "verified_at": finished})
            # What is left of the time must be enough for a roll-back, which takes about as long.
            spare = finished - attempt.started_at if self._rolls_back(attempt) else 0.0
            self._pass_health_gate(spare)
            causes = [cause_messages.sentence(cause) for cause in attempt.causes]
            last_rebuild = record.rebuilt(attempt, finished, causes) if ours else None
            known = backups.after(self.recorded, attempt)
            in_use = self.live.image_id, self.wanted.image_id
            kept_backups = backups.delete_older(self.op, self.live, known, self._kept_backups, in_use, self.call.warn)
            return self._record(self._applied_by_rebuild(attempt), last_rebuild, kept_backups)
        except UnhealthyError as error:
            if self._rolls_back(attempt):
                self._take_back(attempt, before, error)
            self._leave_open(AttemptOpenError(outcomes.unhealthy(self.live, error, ours=ours), attempt), before)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 a defect of ours, too, must not cost a second wipe
            sentence = outcomes.unfinished_after_rebuild(self.live.instance_id, error)
            self._leave_open(AttemptOpenError(sentence, attempt.model_copy(update={"moved": True})), before)

    def _applied_by_rebuild(self, attempt: Attempt) -> dict[str, Any]:
        """Return what a rebuild left on the machine; to a system that was restored, no script was sent."""
        backup = backup_in(self.op.reader.image_of(self.live), self.live, self.recorded)
        restored = backup is not None and not is_for_script(attempt.causes)
        return record.applied_now(self.live, user_data_not_run=restored and self.wanted.first_boot_script is not None)

    def _rolls_back(self, attempt: Attempt) -> bool:
        """Whether a health gate that does not pass takes the rebuild back: only one that this operation has made."""
        asked, ours = self.wanted.on_unhealthy == "roll_back", attempt.outcome != "unknown"
        return asked and ours and self.machine_before is not None and attempt.backup_image_id is not None

    def _roll_back(self, attempt: Attempt) -> RollBack:
        before = {**self.before, **record.recorded_backups(backups.after(self.recorded, attempt))}
        return RollBack(self.op, self.call, self.wanted, self.inputs, before, self.recorded, self._kept_backups)

    def _take_back(self, attempt: Attempt, before: Applied, unhealthy: UnhealthyError) -> None:
        """Rebuild the machine from the backup of an attempt that does not pass its health gate, and fail.

        It returns, and does nothing, where the operation was stopped.
        """
        try:
            if self.op.progress.stop_reason() is not None:
                return
            self._roll_back(attempt).carry_out(self.live, self.machine_before or self.live, attempt, unhealthy)
        except (PartialFailureError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 a defect of ours, too, must not make the stack forget the attempt
            sentence = outcomes.not_rolled_back(self.live, unhealthy, error, attempt.backup_image_id)
            self._leave_open(AttemptOpenError(sentence, attempt), before)

    def _pass_health_gate(self, spare: float = 0.0) -> None:
        """Pass the health gate, ``spare`` seconds before the operation's time is up at the latest."""
        if self.wanted.health:
            limit = self.op.deadline.within(self.op.deadline.remaining - spare)
            pass_gate(self.wanted.health, self.live, self.op.clock, self.op.progress, limit)

    def _probe_unrecorded_rebuild(self, *, known: bool) -> None:
        """Hold an adopted machine to its health gate if a run that was killed has rebuilt it.

        It is ``known`` from the backup that the run has made, or from a roll-back that came to nothing; else the
        journal of this computer says so.
        """
        previous = record.last_attempt(self.before)
        journal, instance_id = self.process.journal, self.live.instance_id
        if not self.wanted.health:
            return
        if not known and not recovery.left_behind(journal, instance_id, self.call.urn, previous):
            return
        try:
            self._pass_health_gate()
        except UnhealthyError as error:
            raise ZecError(outcomes.unhealthy_adopted(self.live, error)) from error

    def _change_in_place(self, plan: Plan) -> None:
        # The password first: it is the one that can be refused for the machine's state.
        if "password" in plan.changes:
            findings = check_password_in_place(self.live)
            if findings:
                raise ZecError("\n".join(findings))
            self._set_password()
        if "instanceName" in plan.changes and self.wanted.instance_name not in (None, self.live.instance_name):
            self.op.progress.phase("renaming")
            ids, new_name = [self.live.instance_id], self.wanted.instance_name
            send(self.op, self.op.client.modify_instances_attribute, ids, instance_name=new_name)
            self.live = self.live.model_copy(update={"instance_name": new_name})

    def _set_password(self) -> None:
        self.op.progress.phase("setting the password")
        send(self.op, self.op.client.reset_instance_password, self.live.instance_id, self.wanted.password or "")

    def _leave_open(self, error: AttemptOpenError, before: Applied) -> NoReturn:
        """Have the stack record the open attempt, and fail."""
        asked = self.inputs_then or self.inputs
        outputs = record.with_attempt(asked, self.before, error.attempt, before, self.live.status)
        inputs = self.call.old_inputs or record.inputs_only(self.inputs)
        raise PartialFailureError(str(error), self.live.instance_id, outputs, inputs) from error

    def _record(
        self,
        applied: Mapping[str, Any],
        last_rebuild: Mapping[str, Any] | None = None,
        known: Sequence[Backup] | None = None,
    ) -> dict[str, Any]:
        last = last_rebuild or self.before.get("lastRebuild")
        kept_backups = self.recorded.backups if known is None else known
        return record.outputs(
            self.inputs,
            self.live,
            self.op.reader.image_of(self.live),
            applied=applied,
            last_rebuild=last,
            backups=kept_backups,
        )

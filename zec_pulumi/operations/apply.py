"""The engine's ``create`` and ``update``: the live machine is read, settled, planned for, and the plan carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pulumi.dynamic import CreateResult, UpdateResult

from zec_pulumi import engine
from zec_pulumi.api import Instance, ZecError
from zec_pulumi.cloud.poller import DeadlineError
from zec_pulumi.errors import AttemptOpenError, HaltedError, RebuildNotStartedError, UnhealthyError
from zec_pulumi.health.passing import pass_gate
from zec_pulumi.journal import locks, recovery
from zec_pulumi.journal.journal import InstanceLog
from zec_pulumi.journal.recovery import resolve_plan
from zec_pulumi.messages import causes as cause_messages
from zec_pulumi.messages import gates as gate_messages
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.operations import context as session
from zec_pulumi.operations.error_boundary import answering
from zec_pulumi.operations.fleet_progress import fleets
from zec_pulumi.planning import gates, record
from zec_pulumi.planning.inputs import Applied, Attempt, Recorded, Wanted, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.planning.status import name
from zec_pulumi.progress import Progress
from zec_pulumi.rebuild.rebuild import Rebuilder
from zec_pulumi.rebuild.validation import check_password_in_place, check_rebuild, password_follows
from zec_pulumi.rebuild.wait import Target
from zec_pulumi.time.deadline import DEFAULT_SECONDS, Deadline, duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from zec_pulumi.api import ResetInstanceRequest
    from zec_pulumi.journal.locks import Lock


def create(props: dict[str, Any]) -> CreateResult:
    """Adopt or rebuild the machine of a resource that the stack does not hold."""
    with answering("Create") as call, fleets.working(call.urn), _held(call, parse_wanted(props)) as lock:
        work = _Work.begin(call, lock, props, {})
        return CreateResult(work.live.instance_id, work.carry_out())


def update(olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
    """Bring the machine of a recorded resource to what the program says."""
    with answering("Update") as call, fleets.working(call.urn), _held(call, parse_wanted(news)) as lock:
        return UpdateResult(_Work.begin(call, lock, news, olds).carry_out())


def _held(call: engine.Call, wanted: Wanted) -> AbstractContextManager[Lock]:
    """Keep everybody else on this machine off the instance."""
    now = session.current()
    return locks.hold(now.home, wanted.instance_id or "", call.urn, now.clock, call.halted)


@dataclass
class _Work:
    """One create or update under way. ``before`` is the record so far, empty in a create."""

    call: engine.Call
    session: session.Session
    rebuilder: Rebuilder
    inputs: Mapping[str, Any]
    before: Mapping[str, Any]
    wanted: Wanted
    recorded: Recorded
    live: Instance

    @classmethod
    def begin(cls, call: engine.Call, lock: Lock, inputs: Mapping[str, Any], before: Mapping[str, Any]) -> _Work:
        """Read the machine and wait until it is in no transitional status."""
        now = session.current()
        wanted, recorded = parse_wanted(dict(inputs)), parse_recorded(dict(before))
        instance_id = wanted.instance_id or ""
        deadline = Deadline(now.clock, call.timeout or DEFAULT_SECONDS)
        progress = Progress(call, now.clock, ticking=engine.is_interactive)
        # The engine sends one operation after the other: where others wait anyway, this one can wait for the next few.
        live = now.reader.instance(instance_id, now.watch.rhythm.until_part())
        if live is None:
            raise ZecError(
                f"instance_id: instance {instance_id} was not found; nothing was changed. If it was released,"
                " run pulumi refresh to drop it from the state"
            )
        try:
            live = now.watch.settled(live, deadline, progress)
        except HaltedError as halted:
            raise RebuildNotStartedError(f"{halted.halt.value} before anything was done to {name(live)}") from halted
        except DeadlineError as error:
            raise RebuildNotStartedError(
                f"{error}; nothing was changed. Wait until it is RUNNING or STOPPED, then run pulumi up again"
            ) from error
        took = record.last_rebuild_seconds(before)
        if took:
            now.watch.rhythm.learn(took)
        log = InstanceLog(now.journal, instance_id, call.urn, record.last_attempt(before))
        rebuilder = Rebuilder(now.client, now.reader, now.watch, now.clock, progress, deadline, log, lock)
        return cls(call, now, rebuilder, inputs, before, wanted, recorded, live)

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
            done = self._recorded(record.applied_now(self.live) if adopted else self.before.get("applied", {}))
        except ZecError as error:
            raise ZecError(
                f"{error}. Nothing was wiped; {name(self.live)} is {self.live.status}. The next pulumi up tries again"
            ) from error
        if adopted:
            self._probe_what_was_not_recorded()
        if adopted and not self.before:
            recovery.forget_resource(self.session.journal, self.live.instance_id, self.call.urn)
        return done

    def _plan(self) -> Plan:
        """Decide; an attempt that only the journal knows is gone on with, or asked about."""
        journal, urn = self.session.journal, self.call.urn
        resolved = resolve_plan(journal, self.wanted, self.recorded, self.live, self.before, urn, tidy=True)
        if resolved.question:
            raise RebuildNotStartedError(recovery_messages.question(resolved.question))
        if resolved.warning:
            self.call.warn(recovery_messages.warning(resolved.warning))
        self.recorded = resolved.recorded
        return resolved.plan

    def _rebuild(self, plan: Plan) -> dict[str, Any]:
        preflight = check_rebuild(self.wanted, self.live, self.session.reader)
        if preflight.findings or preflight.request is None:
            findings = "\n".join(preflight.findings)
            raise RebuildNotStartedError(f"{findings}\nNothing was changed on instance {self.live.instance_id}")
        self._pass_gates(plan, preflight.request)
        before = Applied.model_validate(record.applied_now(self.live))
        try:
            attempt, self.live = self.rebuilder.run(
                self.live, preflight.request, plan.causes, force=self.wanted.power_off == "force"
            )
        except AttemptOpenError as error:
            self._leave_open(error, before)
        return self._finish(attempt, before, plan)

    def _pass_gates(self, plan: Plan, request: ResetInstanceRequest) -> None:
        """Enforce the gates on what is about to be sent, whatever a preview said."""
        settings, previous = self.session.settings.options.gates, record.last_attempt(self.before)
        closed = gates.closed(self.wanted, plan, settings, self.call.urn, previous, request)
        if closed:
            sentences = [gate_messages.sentence(gate, self.wanted.instance_id, plan.causes) for gate in closed]
            raise RebuildNotStartedError("\n".join(sentences))

    def _join(self, plan: Plan, attempt: Attempt) -> dict[str, Any]:
        target = Target.of_attempt(self.live.instance_id, self.recorded)
        follower = self.rebuilder.follower(attempt, target)
        try:
            self.live = follower.run()
        except AttemptOpenError as error:
            self._leave_open(error, self.recorded.applied)
        return self._finish(follower.attempt, self.recorded.applied, plan)

    def _finish(self, attempt: Attempt, before: Applied, plan: Plan) -> dict[str, Any]:
        """Do what a verified rebuild still lacks, and close the attempt. Whatever fails here must not forget it."""
        finished = attempt.verified_at or self.session.clock.now()
        took = duration(finished - attempt.started_at)
        # Nobody knows whose rebuild it was when the answer was lost: then it is adopted, and not told as ours.
        ours = attempt.outcome != "unknown"
        ended = f"rebuilt in {took}" if ours else "adopted as it is"
        self.rebuilder.progress.phase(f"{self.live.status} on {self.live.image_id}, {ended}")
        try:
            if attempt.verified_at is None and password_follows(self.wanted, self.live, self.session.reader):
                self._set_password()
            self._change_in_place(plan)
            attempt = attempt.model_copy(update={"moved": True, "verified_at": finished})
            self._pass_health_gate()
            causes = [cause_messages.sentence(cause) for cause in attempt.causes]
            last_rebuild = record.rebuilt(attempt, finished, causes) if ours else None
            return self._recorded(record.applied_now(self.live), last_rebuild)
        except UnhealthyError as error:
            self._leave_open(AttemptOpenError(self._unhealthy(error, ours=ours), attempt), before)
        except Exception as error:  # noqa: BLE001 a defect of ours, too, must not cost a second wipe
            reason = str(error) if isinstance(error, ZecError) else f"a defect in zec_pulumi, {type(error).__name__}"
            self._leave_open(
                AttemptOpenError(
                    f"instance {self.live.instance_id} was rebuilt and is RUNNING, but what follows was not done:"
                    f" {reason}. The next pulumi up does it and wipes nothing",
                    attempt.model_copy(update={"moved": True}),
                ),
                before,
            )

    def _pass_health_gate(self) -> None:
        if self.wanted.health:
            rebuilder = self.rebuilder
            pass_gate(self.wanted.health, self.live, rebuilder.clock, rebuilder.progress, rebuilder.deadline)

    def _probe_what_was_not_recorded(self) -> None:
        """Hold an adopted machine to its health gate if a run that was killed has rebuilt it."""
        previous = record.last_attempt(self.before)
        journal, instance_id = self.session.journal, self.live.instance_id
        if not self.wanted.health or not recovery.left_behind(journal, instance_id, self.call.urn, previous):
            return
        try:
            self._pass_health_gate()
        except UnhealthyError as error:
            raise ZecError(
                f"{name(self.live)} is {self.live.status} as wanted, rebuilt by a run that was interrupted, but {error}"
                ". Nothing was wiped now; the next pulumi up probes it again and wipes nothing"
            ) from error

    def _unhealthy(self, error: UnhealthyError, *, ours: bool) -> str:
        done = "was rebuilt and is RUNNING" if ours else "is RUNNING as wanted"
        return f"{name(self.live)} {done}, but {error}. The next pulumi up probes it again and wipes nothing"

    def _change_in_place(self, plan: Plan) -> None:
        # The password first: it is the one that can be refused for the machine's state.
        if "password" in plan.changes:
            findings = check_password_in_place(self.live)
            if findings:
                raise ZecError("\n".join(findings))
            self._set_password()
        if "instanceName" in plan.changes and self.wanted.instance_name:
            self.rebuilder.progress.phase("renaming")
            ids, new_name = [self.live.instance_id], self.wanted.instance_name
            client = self.session.client
            self.rebuilder.sender.send(lambda: client.modify_instances_attribute(ids, instance_name=new_name))
            self.live = self.live.model_copy(update={"instance_name": new_name})

    def _set_password(self) -> None:
        self.rebuilder.progress.phase("setting the password")
        instance_id, password = self.live.instance_id, self.wanted.password or ""
        self.rebuilder.sender.send(lambda: self.session.client.reset_instance_password(instance_id, password))

    def _leave_open(self, error: AttemptOpenError, before: Applied) -> NoReturn:
        """Record the open attempt in the stack and fail."""
        outputs = record.with_attempt(self.inputs, self.before, error.attempt, before, self.live.status)
        inputs = self.call.old_inputs or record.inputs_only(self.inputs)
        self.call.fail_partially(str(error), self.live.instance_id, outputs, inputs)

    def _recorded(self, applied: Mapping[str, Any], last_rebuild: Mapping[str, Any] | None = None) -> dict[str, Any]:
        image = self.session.reader.image(self.live.zone_id or "", self.live.image_id) if self.live.image_id else None
        last = last_rebuild or self.before.get("lastRebuild")
        return record.outputs(self.inputs, self.live, image, applied=applied, last_rebuild=last)

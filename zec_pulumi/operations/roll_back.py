"""Takes a rebuild back whose health gate did not pass: the machine is rebuilt from its backup, and the update fails.

The stack records the machine as it was before, on the backup's image. So the next preview of the same program shows the
rebuild anew, and its approval token is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from zec_pulumi.errors import PartialFailureError, UnhealthyError, ZecError
from zec_pulumi.health.gate import pass_gate
from zec_pulumi.messages import causes as cause_messages
from zec_pulumi.messages import outcomes
from zec_pulumi.operations import backups
from zec_pulumi.planning import record
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Applied, Wanted
from zec_pulumi.rebuild.errors import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.rebuild.rebuild import rebuild
from zec_pulumi.rebuild.validation import check_rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.operations.context import Call
    from zec_pulumi.planning.inputs import Attempt, Recorded
    from zec_pulumi.rebuild.operation import Operation


@dataclass(frozen=True)
class RollBack:
    """The roll-back of one resource.

    Args:
        op: The operation.
        call: The engine's call.
        wanted: What the program asks for.
        inputs: The same as the engine sends it.
        before: The recorded outputs, with the backups that there are now.
        recorded: What the stack recorded when the operation began.
        keep: How many backups are kept.
    """

    op: Operation
    call: Call
    wanted: Wanted
    inputs: Mapping[str, Any]
    before: Mapping[str, Any]
    recorded: Recorded
    keep: int

    def carry_out(self, live: Instance, machine_before: Instance, attempt: Attempt, unhealthy: ZecError) -> NoReturn:
        """Rebuild the machine from the backup of ``attempt``, with the settings that it had before.

        Raises:
            PartialFailureError: always when something was wiped; the stack records what is.
            RebuildNotStartedError: nothing was wiped by it; the system that was to be taken back is as it was, or off.
        """
        self.call.warn(outcomes.rolling_back(live, unhealthy, attempt.backup_image_id))
        key_id = self._key(machine_before)
        asked = Wanted(
            instance_id=live.instance_id,
            image_id=attempt.backup_image_id,
            key_id=key_id,
            # A password of before that nobody recorded gives way to the program's, and a key that is gone as well.
            password=None if key_id else self.recorded.password or self.wanted.password,
            timezone=machine_before.time_zone,
            enable_agent=machine_before.enable_agent,
        )
        preflight = check_rebuild(asked, live, self.op.reader, self.recorded)
        if preflight.findings or preflight.request is None:
            raise RebuildNotStartedError(outcomes.not_valid(preflight.findings, live))
        causes, force = (Cause("imageId", live.image_id, attempt.backup_image_id),), self.wanted.power_off == "force"
        try:
            back, live = rebuild(self.op, live, preflight.request, causes, force=force, rolls_back=attempt.id)
        except AttemptOpenError as error:
            sentence = outcomes.not_rolled_back(live, unhealthy, error, attempt.backup_image_id)
            self._leave_open(sentence, live, error.attempt, error)
        self.end(live, back, unhealthy)

    def end(self, live: Instance, back: Attempt, unhealthy: ZecError | None) -> NoReturn:
        """Have the stack record the verified roll-back ``back``, and fail.

        ``unhealthy`` is why there was one, None where an earlier run has said that.
        """
        try:
            sentence, outputs = self._ended(live, back, unhealthy)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 a defect of ours, too, must not make the stack forget it
            self._leave_open(outcomes.unfinished_after_rebuild(live.instance_id, error), live, back, error)
        self._fail(sentence, live, outputs, self._given(back), unhealthy)

    def _ended(self, live: Instance, back: Attempt, unhealthy: ZecError | None) -> tuple[str, dict[str, Any]]:
        """Return what to say and to record."""
        if back.rolls_back:
            self.op.log.note(back.rolls_back, "forgotten")
        again = self._gate(live)
        causes = [cause_messages.sentence(cause) for cause in back.causes]
        image = self.op.reader.image_of(live)
        known = record.parse_backups(self.before)
        if again is None:
            in_use = live.image_id, self.wanted.image_id
            known = backups.delete_older(self.op, live, known, self.keep, in_use, self.call.warn)
        outputs = record.outputs(
            self._given(back),
            live,
            image,
            applied=record.applied_now(live),
            last_rebuild=record.rebuilt(back, self.op.deadline.now, causes),
            backups=known,
        )
        return outcomes.rolled_back(live, unhealthy, again, back.image_id), outputs

    def _key(self, machine_before: Instance) -> str | None:
        """Return the login key that the machine had, None if it had none or it does not exist any more."""
        key_id = machine_before.key_id
        return key_id if key_id and self.op.reader.key_pair_exists(key_id) else None

    def _gate(self, live: Instance) -> ZecError | None:
        """Return why the restored system does not pass the health gate, None when it does or there is none."""
        if self.wanted.health is None:
            return None
        try:
            pass_gate(self.wanted.health, live, self.op.clock, self.op.progress, self.op.deadline)
        except UnhealthyError as error:
            return error
        return None

    def _given(self, back: Attempt) -> dict[str, Any]:
        return record.rolled_back(self.before, self.inputs, back)

    def _leave_open(self, sentence: str, live: Instance, back: Attempt, cause: BaseException) -> NoReturn:
        """Have the stack record the open roll-back ``back``, and fail."""
        given, applied = self._given(back), Applied.model_validate(record.applied_now(live))
        outputs = record.with_attempt(given, self.before, back, applied, live.status)
        self._fail(sentence, live, outputs, given, cause)

    def _fail(
        self,
        sentence: str,
        live: Instance,
        outputs: Mapping[str, Any],
        given: Mapping[str, Any],
        cause: BaseException | None,
    ) -> NoReturn:
        inputs = {**self.call.old_inputs} or dict(given)
        inputs.update({"imageId": given["imageId"]} if "imageId" in inputs else {})
        raise PartialFailureError(sentence, live.instance_id, outputs, inputs) from cause

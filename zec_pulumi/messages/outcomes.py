"""What a user reads when an operation does not end well: what happened to which instance, its state, what to do."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.errors import StopReason, ZecError
from zec_pulumi.messages.quoting import quoted_name
from zec_pulumi.planning.status import shown
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.errors import DeadlineError
    from zec_pulumi.planning.inputs import Attempt

_READS_FIRST = "The next pulumi up reads the instance before it does anything"
_TRIES_AGAIN = "The next pulumi up tries again"
_MAY_ASK = (
    "The journal could not be told so: the next pulumi up may ask what became of this rebuild, or for a new approval."
    " Answer that it was not rebuilt"
)


def name(live: Instance) -> str:
    """Return how messages name an instance: by its id and, if it has one, its name."""
    named = f" ({quoted_name(live.instance_name)})" if live.instance_name else ""
    return f"instance {live.instance_id}{named}"


def reason(error: BaseException) -> str:
    """Return why something failed; a defect is told by its place, never by its text, which may hold a secret."""
    if isinstance(error, ZecError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno} ({last.name})"
    return f"a defect in zec_pulumi: {type(error).__name__} at {place}; please report this line"


def defect(error: BaseException) -> str:
    """A call of the engine met an error that nobody foresaw, and no instance is known."""
    return f"{reason(error)}. Run pulumi preview to see what state the instance is in before you go on"


# Before anything is done.


def not_found_at_start(instance_id: str) -> str:
    """The instance of a create or update does not exist."""
    return (
        f"instance_id: instance {instance_id} was not found; nothing was changed. If it was released,"
        " run pulumi refresh to drop it from the state"
    )


def stopped_at_start(reason: StopReason, live: Instance) -> str:
    """The operation was stopped while the instance settled."""
    return f"{reason.value} before anything was done to {name(live)}. {_TRIES_AGAIN}"


def never_settled(error: ZecError) -> str:
    """The instance stayed in a transitional status."""
    return f"{error}; nothing was changed. Wait until it is RUNNING or STOPPED, then run pulumi up again"


def not_valid(findings: tuple[str, ...], live: Instance) -> str:
    """The rebuild would be refused by the API."""
    return "\n".join((*findings, f"Nothing was changed on instance {live.instance_id}"))


def not_rebuilt(error: ZecError, live: Instance) -> str:
    """A change that wipes nothing failed."""
    return f"{error}. Nothing was wiped; {name(live)} is {live.status}. {_TRIES_AGAIN}"


def not_prepared(error: ZecError, live: Instance) -> str:
    """The journal cannot be written, as is known before anything is done."""
    return f"{error}. Nothing was changed; {name(live)} is {live.status}. {_TRIES_AGAIN}"


def not_read(error: BaseException, instance_id: str) -> str:
    """A preview or refresh failed; the text may name the instance already."""
    told = reason(error)
    return told if instance_id in told else f"{told}. Nothing was changed on instance {instance_id}; run again"


def nothing_wiped(error: BaseException, instance_id: str, live: Instance | None, now: str | None) -> str:
    """An operation failed before a reset was sent; ``live`` is None before the instance was read."""
    if live is None:
        return f"{reason(error)}. Nothing was changed on instance {instance_id}. {_TRIES_AGAIN}"
    state = f"is {shown(now)}" if now else f"was {shown(live.status)} and cannot be read now"
    return f"{reason(error)}. Nothing was wiped; {name(live)} {state}. {_TRIES_AGAIN}"


# Power.


def not_powered_off(live: Instance, sends: int, lost: ZecError | None) -> str:
    """StopInstances had no effect."""
    return (
        f"StopInstances was sent {sends} times and {name(live)} is still RUNNING; nothing was wiped."
        f" {_TRIES_AGAIN}{f'. {lost}' if lost else ''}"
    )


def stop_refused(live: Instance, now: str | None, error: ZecError) -> str:
    """The API refused StopInstances."""
    return f"{name(live)} could not be powered off, so nothing was wiped; it is {shown(now)}. {error}. {_TRIES_AGAIN}"


def stop_failed(live: Instance, now: str | None) -> str:
    """The API accepted StopInstances and listed the instance as failed."""
    return (
        f"StopInstances answered that {name(live)} failed to power off, so nothing was wiped; it is {shown(now)}."
        f" {_TRIES_AGAIN}"
    )


def stop_too_slow(live: Instance, seconds: float, error: DeadlineError, *, force: bool) -> str:
    """The instance did not reach STOPPED in time."""
    way_out = "" if force else ', or set power_off="force" (data disks are then not unmounted cleanly)'
    return (
        f"{name(live)} did not power off within {duration(seconds)}: it is {shown(error.last_status)}; nothing was"
        " wiped. It may still power off, and then stays off: it is not started again by itself. Wait until it is"
        f" STOPPED and run pulumi up again, which goes on{way_out}. To keep it as it was, start it by hand"
    )


def stop_not_followed(live: Instance, error: ZecError) -> str:
    """The status could not be read after StopInstances."""
    return (
        f"{name(live)} was sent StopInstances, and then its status could not be followed: {error}. Nothing was wiped;"
        " it is perhaps powered off. The next pulumi up reads its status and goes on"
    )


def left_off(now: str | None) -> str:
    """The operation was stopped, so the instance was not started again; continues a sentence that names it."""
    return f"was powered off for this and is {shown(now)}; start it by hand, or let the next pulumi up go on"


def start_failed(now: str | None) -> str:
    """The API accepted StartInstances and listed the instance as failed; continues a sentence."""
    return f"was powered off for this and StartInstances answered that it failed; it is {shown(now)}, start it by hand"


def not_started_again(error: Exception, now: str | None) -> str:
    """The instance did not reach RUNNING again; continues a sentence."""
    return f"was powered off for this and starting it again did not succeed ({reason(error)}); it is {shown(now)}"


def perhaps_ours(now: str | None) -> str:
    """The answer to StopInstances was lost, so that its owner may have powered it off; continues a sentence."""
    return (
        f"is {shown(now)}. The answer to StopInstances was lost, so this run or somebody else powered it off: it is not"
        " started again by itself. Start it by hand if it should run"
    )


STARTED_AGAIN = "was powered off for this, has been started again and is RUNNING"


# ResetInstance.


def not_wiped(why: str, live: Instance, state: str, *, noted: bool) -> str:
    """ResetInstance was refused or not carried out; ``state`` says how the instance was left."""
    return f"{why}. Nothing was wiped; {name(live)} {state}. {_TRIES_AGAIN if noted else _MAY_ASK}"


def never_answered(sends: int, lost: ZecError | None) -> str:
    """No ResetInstance was carried out, and none was answered."""
    return f"ResetInstance got no answer {sends} times and was not carried out: {lost}"


def contradicted(lost: ZecError | None, instance_id: str) -> str:
    """A second ResetInstance was refused for the status, which is read as STOPPED."""
    return (
        f"{lost}. It was sent again and refused for the instance's status, which is read as STOPPED: the boot disk of"
        f" instance {instance_id} may have been wiped. {_READS_FIRST}"
    )


def outcome_unreadable(lost: ZecError, unreadable: ZecError, instance_id: str) -> str:
    """The answer was lost, and the status cannot be read either."""
    return (
        f"{lost}. What became of it could not be read: {unreadable}. The boot disk of instance {instance_id} may have"
        f" been wiped. {_READS_FIRST}"
    )


def started_by_another(lost: ZecError, instance_id: str, *, noted: bool) -> str:
    """The answer was lost, and the instance runs as before."""
    return (
        f"{lost}. Instance {instance_id} is RUNNING and still shows what it had before, so it was not rebuilt;"
        f" somebody else powered it on. {_TRIES_AGAIN if noted else _MAY_ASK}"
    )


def outcome_unknown(instance_id: str, attempt: Attempt) -> str:
    """Nothing readable says whether a rebuild happened."""
    return (
        f"Instance {instance_id} is RUNNING, and nothing the API shows tells whether it was rebuilt. Look at the"
        f" machine: if it was rebuilt, run `zec-pulumi attempts close {attempt.id} --rebuilt` and pulumi up again;"
        " if it was not rebuilt, change rebuild_token to ask for another rebuild"
    )


def defect_while_rebuilding(error: BaseException, live: Instance, now: str | None) -> str:
    """An error that nobody foresaw, after ResetInstance may have been sent."""
    return (
        f"{reason(error)}. It came while {name(live)} was rebuilt: its boot disk may have been wiped. It is"
        f" {shown(now)}. The next pulumi up goes on from there and wipes nothing again"
    )


# After acceptance.


def engine_gone_but_done(instance_id: str) -> str:
    """The engine went, or was silent for a moment, while the rebuild went on to its end."""
    return (
        f"{StopReason.ENGINE_GONE.value}; the rebuild of instance {instance_id} went on in the cloud and is done."
        " The next pulumi up records it and wipes nothing again"
    )


def instance_taken(instance_id: str) -> str:
    """The engine went, or was silent for a moment, and another run works on the instance now."""
    return (
        f"{StopReason.ENGINE_GONE.value}, and another run has taken instance {instance_id}; its rebuild goes on in the"
        " cloud. Once that run has ended, the next pulumi up goes on from there and wipes nothing again"
    )


def stopped_waiting(reason: StopReason, instance_id: str) -> str:
    """The operation was stopped while the rebuild goes on."""
    return (
        f"{reason.value}: the rebuild of instance {instance_id} goes on in the cloud. The next pulumi up goes on"
        " waiting for it and wipes nothing again"
    )


def not_finished(error: BaseException, instance_id: str, waited: float, *, accepted: bool) -> str:
    """The rebuild was not verified in time, or could not be followed."""
    verb = "was" if accepted else "may have been"
    return (
        f"the rebuild of instance {instance_id} {verb} accepted and not finished after {duration(waited)}:"
        f" {reason(error)}."
        " The next pulumi up goes on waiting for it and wipes nothing again"
    )


def cannot_finish(instance_id: str, status: str) -> str:
    """The instance is in the recycle bin, or its creation failed."""
    return f"instance {instance_id} is {status}; recover it, then run pulumi up again"


def powered_off_since(instance_id: str) -> str:
    """A verified rebuild waits for its health gate, and somebody powered the instance off."""
    return (
        f"instance {instance_id} was rebuilt, and somebody has powered it off since: it is STOPPED. Start it; the next"
        " pulumi up probes its health gate again and wipes nothing"
    )


_PLANS_ANEW = "It is not waited for any more: pulumi preview shows what the next pulumi up does"


def never_began(instance_id: str, *, back: bool) -> str:
    """A ResetInstance whose answer was lost was not carried out; ``back``: it was to roll a rebuild back."""
    what = "roll-back" if back else "ResetInstance"
    then = "Nothing is sent again by itself: change rebuild_token to ask for the rebuild"
    return (
        f"instance {instance_id} is STOPPED and stays so: the {what} whose answer was lost was not carried out."
        f" {_PLANS_ANEW if back else then}"
    )


def stays_stopped(instance_id: str, waited: float) -> str:
    """The reset was accepted in an earlier run, and the instance is STOPPED all the time."""
    return (
        f"instance {instance_id} is STOPPED and stayed so for {duration(waited)}, although its rebuild was accepted:"
        " perhaps it was powered off since. Start it by hand; the next pulumi up goes on waiting for it and wipes"
        " nothing again"
    )


def never_seen(instance_id: str, attempt: Attempt) -> str:
    """The reset was accepted, image and key stay the same, and no status showed that the reinstall began."""
    request = f" (request {attempt.request_id})" if attempt.request_id else ""
    return (
        f"ResetInstance of instance {instance_id} was accepted{request}, but it is RUNNING, and no status since then"
        " shows that it was rebuilt. Look at the machine: if it was rebuilt, run `zec-pulumi attempts close"
        f" {attempt.id} --rebuilt` and pulumi up again; if it was not rebuilt, change rebuild_token to ask for"
        " another rebuild"
    )


def shows_something_else(
    instance_id: str, live: Instance | None, image_id: str | None, key_id: str | None, waited: float, *, back: bool
) -> str:
    """The instance came up with another image or key than was asked for; ``back``: it was to be rolled back."""
    found = "nothing" if live is None else f"image {live.image_id}, key {live.key_id}"
    then = "The next pulumi up reads it again and wipes nothing by itself; to rebuild it, change rebuild_token"
    return (
        f"instance {instance_id} is RUNNING but shows {found} instead of image {image_id}, key {key_id},"
        f" {duration(waited)} after it came up. Somebody else may have rebuilt it."
        f" {_PLANS_ANEW if back else then}"
    )


def reinstall_failed(instance_id: str, attempt: Attempt) -> str:
    """The rebuild ended in REINSTALL_FAILED."""
    request = f" (request {attempt.request_id})" if attempt.request_id else ""
    return (
        f"the rebuild of instance {instance_id} ended in REINSTALL_FAILED; its boot disk is wiped and it does not run."
        f" It is not tried again by itself: ask Zenlayer's support about it{request}, then change rebuild_token to ask"
        " for another rebuild"
    )


def runs_after_failure(instance_id: str, attempt: Attempt) -> str:
    """The rebuild ended in REINSTALL_FAILED, and somebody has got the instance to run again."""
    request = f" (request {attempt.request_id})" if attempt.request_id else ""
    return (
        f"the rebuild of instance {instance_id} ended in REINSTALL_FAILED{request}. It is RUNNING now, and nothing the"
        " API shows tells whether it has what this rebuild was for. Nothing is wiped again by itself: change"
        " rebuild_token to ask for another rebuild"
    )


def unfinished_after_rebuild(instance_id: str, error: BaseException) -> str:
    """The rebuild was verified, and what follows failed."""
    return (
        f"instance {instance_id} was rebuilt and is RUNNING, but what follows was not done: {reason(error)}. The next"
        " pulumi up does it and wipes nothing"
    )


def unhealthy(live: Instance, error: ZecError, *, ours: bool) -> str:
    """The health gate did not pass after a rebuild; ``ours`` is False where somebody else may have made it."""
    done = "was rebuilt and is RUNNING" if ours else "is RUNNING as wanted"
    return f"{name(live)} {done}, but {error}. The next pulumi up probes it again and wipes nothing"


def rolling_back(live: Instance, unhealthy: ZecError, image_id: str | None) -> str:
    """The health gate did not pass, and the rebuild is taken back now; a warning."""
    return f"{name(live)} was rebuilt, but {unhealthy}. Its boot disk is wiped now for its backup, image {image_id}"


def rolled_back(live: Instance, unhealthy: ZecError | None, again: ZecError | None, image_id: str | None) -> str:
    """The rebuild was taken back, because its health gate did not pass; ``again`` is why it does not pass now.

    ``unhealthy`` is None where an earlier run has said it.
    """
    why = f"{name(live)} was rebuilt, but {unhealthy}. It" if unhealthy else name(live)
    now = f"which does not pass the health gate either: {again}" if again else "which passes the health gate"
    gated = f", {now}" if unhealthy or again else ""
    return (
        f"{why} was rebuilt from its backup, image {image_id}, and is {live.status} with the system of before{gated}."
        " The system that failed is gone. The next pulumi preview shows the rebuild anew; to stay with the system of"
        f' before, set image_id to "{image_id}"'
    )


def not_rolled_back(live: Instance, unhealthy: ZecError, error: BaseException, image_id: str | None) -> str:
    """The health gate did not pass, and the roll-back was not carried out, or is not at its end."""
    why = f"{name(live)} was rebuilt and was to be rolled back, as {unhealthy}"
    # The error may be that of a rebuild that wiped nothing, where another one has.
    said = reason(error).replace("othing was wiped", "othing more was wiped").removesuffix(f". {_TRIES_AGAIN}")
    kept = f"Its backup, with the system of before, is image {image_id}"
    return f"{why}. {said}. {kept}. The next pulumi up goes on from here"


def unhealthy_adopted(live: Instance, error: ZecError) -> str:
    """The health gate did not pass on an adopted machine that a killed run had rebuilt."""
    return (
        f"{name(live)} is {live.status} as wanted, rebuilt by a run that was interrupted, but {error}."
        " Nothing was wiped now; the next pulumi up probes it again and wipes nothing"
    )


def forgotten(instance_id: str) -> str:
    """The stack has forgotten the resource."""
    return f"forgotten: instance {instance_id} is left as it is"


def finished(live: Instance, seconds: float, *, ours: bool) -> str:
    """The phase at the end of a verified rebuild, which may be somebody else's where the answer was lost."""
    ended = f"rebuilt in {duration(seconds)}" if ours else "adopted as it is"
    return f"{live.status} on {live.image_id}, {ended}"

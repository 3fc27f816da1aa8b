"""The demo, step by step: adopt, the wipe in a preview, the rebuild, nothing to do, drift, destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_pulumi import StepFailedError
from demo_stage import OLD_IMAGE, WEB_1, say, staged

if TYPE_CHECKING:
    from demo_stage import Stage

NEW_IMAGE = "ubuntu2404_20240712"
FOREIGN_IMAGE = "debian12_20240712"
UP = ("up", "--yes", "--skip-preview")


def tell() -> str | None:
    """Run the demo; return what failed, None when all went as told."""
    say("The real Pulumi engine, a simulated Zenlayer cloud on this machine, no account. It takes half a minute.")
    steps = (adopt, preview_the_wipe, rebuild, nothing_to_do, drift, destroy)
    place = "setting up"
    try:
        with staged() as stage:
            for number, step in enumerate(steps, start=1):
                place = stage.place = f"step {number} of {len(steps)}"
                step(stage)
            stage.show_ledger()
    except StepFailedError as error:
        return f"{place} failed: {error}"
    say(
        "Three previews, three ups, a refresh and a destroy: one StopInstances, one ResetInstance. It is the one"
        " rebuild that a preview had announced."
    )
    return None


def adopt(stage: Stage) -> None:
    """A machine that already is as the program says is only recorded."""
    stage.tell(f"web-1 runs {OLD_IMAGE}, and the program says so: it is adopted, nothing is wiped.")
    stage.pulumi("preview")
    stage.pulumi(*UP)
    stage.expect(image=OLD_IMAGE, rebuilds=0)


def preview_the_wipe(stage: Stage) -> None:
    """The preview of a new image says that the boot disk will be wiped."""
    stage.tell(f"The program shall now say {NEW_IMAGE}: preview warns of the wipe and names the cause.")
    stage.pulumi("config", "set", "imageId", NEW_IMAGE)
    stage.pulumi("preview")
    stage.expect(image=OLD_IMAGE, rebuilds=0)


def rebuild(stage: Stage) -> None:
    """Up rebuilds and waits until the machine is verified."""
    stage.tell("Up powers web-1 off, calls ResetInstance once, and ends when it is RUNNING on the new image.")
    stage.pulumi(*UP)
    stage.expect(image=NEW_IMAGE, rebuilds=1)


def nothing_to_do(stage: Stage) -> None:
    """A second up changes nothing."""
    stage.tell("A second up has nothing to do.")
    stage.pulumi(*UP, "--expect-no-changes")
    stage.expect(image=NEW_IMAGE, rebuilds=1)


def drift(stage: Stage) -> None:
    """A change made outside Pulumi is shown, and undone only if the user says so."""
    stage.cloud.patch_instance(WEB_1, imageId=FOREIGN_IMAGE)
    stage.tell(f"Somebody reinstalled web-1 with {FOREIGN_IMAGE} behind our back: refresh records it, preview says so.")
    stage.pulumi("refresh", "--yes", "--skip-preview")
    stage.pulumi("preview")
    stage.expect(image=FOREIGN_IMAGE, rebuilds=1)


def destroy(stage: Stage) -> None:
    """Destroy forgets the machine."""
    stage.tell("Destroy makes the stack forget web-1; the machine itself is left running.")
    stage.pulumi("destroy", "--yes", "--skip-preview")
    stage.expect(image=FOREIGN_IMAGE, rebuilds=1)

"""The demo, step by step: adopt, the wipe in a preview, the rebuild, nothing to do, drift, destroy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from demo_pulumi import StepFailedError
from demo_stage import OLD_IMAGE, WEB_1, say, staged

if TYPE_CHECKING:
    from demo_stage import Stage

NEW_IMAGE = "ubuntu2404_20240712"
FOREIGN_IMAGE = "debian12_20240712"
UP = ("up", "--yes", "--skip-preview")


def tell(*, wait: bool) -> str | None:
    """Run the demo; return what failed, None when all went as told. ``wait`` waits for Enter after each step."""
    say(
        "The real Pulumi engine, and a simulated cloud on this machine: no account, half a minute."
        " Each line of the engine's output is shown once."
    )
    steps = (adopt, preview_the_wipe, rebuild, nothing_to_do, drift, destroy)
    place = "setting up"
    try:
        with staged() as stage:
            for number, step in enumerate(steps, start=1):
                place = stage.place = f"{number}/{len(steps)}"
                step(stage)
                if wait:
                    pause()
            stage.show_ledger()
    except StepFailedError as error:
        return f"{place} failed: {error}"
    say("One rebuild, the one that preview announced. To try it yourself: make playground")
    return None


def pause() -> None:
    """Wait for Enter, or go on at once where nobody can press it."""
    say("Enter goes on, Ctrl-C ends it.", style="dim")
    sys.stdin.readline()


def adopt(stage: Stage) -> None:
    """A machine that already is as the program says is only recorded."""
    stage.tell("The program describes web-1 as it is: up records it and wipes nothing.")
    stage.pulumi(*UP)
    stage.expect(image=OLD_IMAGE, rebuilds=0)


def preview_the_wipe(stage: Stage) -> None:
    """The preview of a new image says that the boot disk will be wiped."""
    stage.tell("The program wants another image: preview warns of the wipe and says why.")
    stage.pulumi("config", "set", "imageId", NEW_IMAGE)
    stage.pulumi("preview")
    stage.expect(image=OLD_IMAGE, rebuilds=0)


def rebuild(stage: Stage) -> None:
    """Up rebuilds and waits until the machine is verified."""
    stage.tell("Up powers it off, resets it once, and ends when the new image runs.")
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
    stage.tell("Somebody installs Debian at the console: refresh and preview say so.")
    stage.pulumi("refresh", "--yes", "--skip-preview")
    stage.pulumi("preview")
    stage.expect(image=FOREIGN_IMAGE, rebuilds=1)


def destroy(stage: Stage) -> None:
    """Destroy forgets the machine."""
    stage.tell("Destroy makes the stack forget web-1; the machine runs on.")
    stage.pulumi("destroy", "--yes", "--skip-preview")
    stage.expect(image=FOREIGN_IMAGE, rebuilds=1)

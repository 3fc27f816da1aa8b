"""Work that follows every rebuild, and nothing else: forget the SSH host keys that went with the old system."""

import subprocess

import pulumi

import zec_pulumi as zec

config = pulumi.Config()


def forget_host_keys(args: pulumi.ResourceHookArgs) -> None:
    """Run after a create or update; it was a rebuild exactly if ``lastRebuild`` changed."""
    old, new = args.old_outputs or {}, args.new_outputs or {}
    rebuilt = new.get("lastRebuild")
    if not rebuilt or rebuilt == old.get("lastRebuild"):
        return
    for address in new.get("publicIpAddresses", []):
        pulumi.log.info(f"{args.name} was rebuilt: forgetting the SSH host keys of {address}")
        # Its status is not 0 when there is no known_hosts yet: then there is nothing to forget.
        subprocess.run(["ssh-keygen", "-R", address], check=False, capture_output=True)  # noqa: S603, S607 on PATH


hook = pulumi.ResourceHook("forget-host-keys", forget_host_keys)

web = zec.InstanceOsImage(
    "web-1",
    instance_id=config.require("instanceId"),
    image_id=config.require("imageId"),
    adopt="only",  # the first up records the machine as it is, or refuses; a later change of the image rebuilds
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook])),
)

pulumi.export("last_rebuild", web.last_rebuild)

"""A fleet under the mocks that Pulumi gives programs for their own unit tests."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json
import pulumi

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        asked[args.name] = dict(args.inputs)
        return args.name, {**args.inputs, "status": "RUNNING", "publicIpAddresses": [], "privateIpAddresses": []}

    def call(self, args):
        return {}

asked = {}
pulumi.runtime.set_mocks(Mocks())
import zec_pulumi as zec

@pulumi.runtime.test
def declare():
    own = {"instance_id": pulumi.Output.from_input("2"), "image_id": "debian12"}
    fleet = zec.Fleet("web", instances={"a_b": "1", "b": own}, image_id="ubuntu2404", canary="b")
    return fleet.summary.apply(lambda found: print(json.dumps({"summary": found, "members": list(fleet.members)})))

declare()
print(json.dumps(asked))
"""


def test_a_fleet_can_be_declared_under_mocks() -> None:
    """Each machine gets its inputs under its own name, and the plan gets all of them."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told, asked = map(json.loads, ran.stdout.splitlines())
    images = {"debian12": 1, "ubuntu2404": 1}
    assert told == {"summary": {"instances": 2, "running": 2, "images": images}, "members": ["a_b", "b"]}
    assert (asked["a_b"]["instanceId"], asked["a_b"]["imageId"]) == ("1", "ubuntu2404")
    assert (asked["b"]["instanceId"], asked["b"]["imageId"]) == ("2", "debian12")
    order = json.loads(asked["web"]["fleet"])
    assert (order["canaries"], order["others"], order["atOnce"]) == (["b"], ["a_b"], 1)
    members = json.loads(asked["web"]["members"]["value"])  # a secret, as mocks see it
    assert members["wanted"]["a_b"] == {"instanceId": "1", "imageId": "ubuntu2404"}

"""A dynamic provider as Pulumi's own examples write one: each operation acts, and polls for itself every 10 s."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

POLL_SECONDS = 10


class Provider(ResourceProvider):
    """Keeps nothing, checks nothing, and waits with time.sleep."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Take the machine as it is."""
        return CreateResult(props["instance_id"], props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another image is an update."""
        return DiffResult(changes=olds.get("image_id") != news.get("image_id"))

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Power off, reset, wait."""
        import requests  # noqa: PLC0415 a dynamic provider is pickled whole

        def call(action: str, body: dict[str, Any]) -> dict[str, Any]:
            host = os.environ["ZENLAYERCLOUD_DOMAIN"]
            headers = {
                "Authorization": f"Bearer {os.environ['TEXTBOOK_TOKEN']}",
                "X-ZC-Action": action,
                "X-ZC-Version": "2025-09-01",
            }
            answer = requests.post(f"http://{host}/api/v2/zec", json=body, headers=headers, timeout=30)
            answer.raise_for_status()
            return dict(answer.json()["response"])

        def wait_for(status: str) -> None:
            while call("DescribeInstancesStatus", {"instanceIds": [id_]})["dataSet"][0]["instanceStatus"] != status:
                time.sleep(POLL_SECONDS)

        call("StopInstances", {"instanceIds": [id_]})
        wait_for("STOPPED")
        call("ResetInstance", {"instanceId": id_, "imageId": news["image_id"], "keyId": "key-YWD2QFOl"})
        wait_for("RUNNING")
        return UpdateResult(news)


class Machine(Resource):
    """One machine."""

    def __init__(self, name: str, instance_id: str, image_id: str) -> None:
        super().__init__(Provider(), name, {"instance_id": instance_id, "image_id": image_id})


declared: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("resources.json").read_text())
for machine, arguments in declared.items():
    Machine(machine, **arguments)
pulumi.export("machines", len(declared))

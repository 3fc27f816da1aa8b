"""https, with a certificate made for the run."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential, TokenCredential
from zenlayercloud.common.excpetion.zenlayer_cloud_sdk_exception import ZenlayerCloudSdkException
from zenlayercloud.zec.v20240401 import models as older_models
from zenlayercloud.zec.v20240401 import zec_client as older_client
from zenlayercloud.zec.v20250901 import models, zec_client

from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB_1 = "1272168087751233112"
COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())", "simulator"]


@pytest.fixture
def secure() -> Iterator[Simulator]:
    with Simulator(clock="manual", tls=True) as sim:
        yield sim


def credential(sim: Simulator, kind: str) -> Any:
    return TokenCredential(sim.token) if kind == "token" else Credential(sim.access_key_id, sim.access_key_password)


@pytest.mark.parametrize("authentication", ["signature", "token"])
def test_official_client_works_over_https(secure: Simulator, authentication: str) -> None:
    """As it is, with its default scheme, both versions and the CA file: stop, reset, running."""
    config = Config(domain=secure.host, certification=str(secure.ca_file), rate_limit_max_retries=0)
    who = credential(secure, authentication)
    stop, reset, read = (
        *(older_models.StopInstancesRequest(), models.ResetInstanceRequest(), models.DescribeInstancesRequest()),
    )
    stop.instanceIds = read.instanceIds = [WEB_1]
    reset.instanceId, reset.imageId, reset.keyId = WEB_1, "debian12_20240712", "key-YWD2QFOl"
    client = zec_client.ZecClient(who, config)

    assert older_client.ZecClient(who, config).StopInstances(stop).instanceIds == []
    secure.advance(5)
    client.ResetInstance(reset)
    secure.advance(60)

    (machine,) = client.DescribeInstances(read).dataSet
    assert (machine.status, machine.imageId) == ("RUNNING", "debian12_20240712")


def test_stranger_is_not_believed(secure: Simulator) -> None:
    """Without the CA file the official client refuses the certificate, as it would a stranger's."""
    client = zec_client.ZecClient(TokenCredential(secure.token), Config(domain=secure.host))

    with pytest.raises(ZenlayerCloudSdkException, match=r"(?i)certificate"):
        client.DescribeInstances(models.DescribeInstancesRequest())


def test_bundle_believes_the_rest_of_the_world_too(secure: Simulator) -> None:
    """The file of the environment variables holds the public authorities as well, so that other requests still work."""
    environment = secure.environment()
    own, both = ssl.create_default_context(cafile=secure.ca_file), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    both.load_verify_locations(environment["SSL_CERT_FILE"])

    assert environment["ZENLAYERCLOUD_SCHEME"] == "HTTPS"
    assert environment["REQUESTS_CA_BUNDLE"] == environment["SSL_CERT_FILE"]
    assert len(own.get_ca_certs()) == 1
    assert len(both.get_ca_certs()) > 50


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_certificate_is_for_loopback(secure: Simulator, name: str) -> None:
    """By number and by name."""
    url = secure.url.replace("127.0.0.1", name)

    assert requests.get(f"{url}/_simulator/time", verify=str(secure.ca_file), timeout=10).status_code == 200


def test_files_are_private_and_end_with_the_run() -> None:
    """Nobody else reads the server's key, and nothing is left behind."""
    with Simulator(tls=True) as sim:
        assert sim.ca_file is not None
        folder = sim.ca_file.parent
        assert folder.stat().st_mode & 0o077 == 0

    assert not folder.exists()


def test_plain_http_has_no_ca() -> None:
    """Without ``tls`` nothing is made, and the environment names no file."""
    with Simulator() as sim:
        assert sim.ca_file is None
        assert "SSL_CERT_FILE" not in sim.environment()


@pytest.mark.parametrize("effect", [{"type": "drop"}, {"type": "drop", "carriedOut": True}, {"type": "truncated"}])
def test_connections_are_cut_over_https(secure: Simulator, effect: dict[str, Any]) -> None:
    """The faults of a connection work through TLS, and the next request is served."""
    secure.add_fault(action="*", nth=1, effect=effect)
    client = zec_client.ZecClient(
        TokenCredential(secure.token), Config(domain=secure.host, certification=str(secure.ca_file))
    )

    with pytest.raises(ZenlayerCloudSdkException, match="NETWORK_ERROR"):
        client.DescribeInstances(models.DescribeInstancesRequest())
    assert client.DescribeInstances(models.DescribeInstancesRequest()).totalCount == 11


def test_command_prints_what_a_client_needs() -> None:
    """The CA file stands in the ready line; the line that a shell can take as it is lets clients believe it."""
    arguments = [*COMMAND, "--port", "0", "--tls"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        ready, export = (running.stdout.readline().strip() for _ in range(2))
        url, ca_file = ready.split()[1], Path(ready.split("ca-file=")[1])
        exported = dict(pair.split("=", 1) for pair in export.removeprefix("export ").split(" "))
        code = f"import requests; print(requests.get('{url}/_simulator/time', timeout=10).status_code)"
        asked = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **exported}, capture_output=True, text=True, check=True
        )
        running.send_signal(signal.SIGINT)

    assert url.startswith("https://127.0.0.1:")
    assert {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} < exported.keys()
    assert exported["ZENLAYERCLOUD_SCHEME"] == "HTTPS"
    assert asked.stdout.strip() == "200"
    assert not ca_file.parent.exists()

"""An idle connection stays open, longer than real clients wait between two polls."""

from __future__ import annotations

import http.client
import time
from contextlib import closing
from typing import Any

POLL_GAP_SECONDS = 6.0
"""The Terraform provider polls every 5 s at first; uvicorn's own limit is 5 s, too."""


def test_a_client_that_polls_every_few_seconds_keeps_its_connection(api: Any) -> None:
    """It is answered on the same socket after the gap, so no request meets a server that hangs up."""
    with closing(http.client.HTTPConnection(api.sim.host, timeout=10)) as connection:
        connection.auto_open = 0
        connection.connect()
        for gap in (POLL_GAP_SECONDS, 0.0):
            connection.request("POST", "/api/v2/zec", b"{}", api.headers("DescribeInstancesStatus"))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            time.sleep(gap)

"""What is done from inside to the process in which the SDK runs the provider."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from zec_pulumi.engine import messages, plugin

STOCK = 4


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str, str]]:
    """What is said on rows; the process stays."""
    lines: list[tuple[Any, str, str]] = []
    monkeypatch.setattr(plugin, "_end_with_the_engine", lambda: None)
    monkeypatch.setattr(messages, "send_once", lambda *line: lines.append(line))
    return lines


def test_what_an_sdk_does_not_allow_is_said_on_the_stacks_row(said: list[tuple[Any, str, str]]) -> None:
    """This thread belongs to no pool, and the main module is not the SDK's plugin."""
    plugin.prepare()
    assert {(severity, urn) for severity, _, urn in said} == {(engine_pb2.WARNING, "")}
    texts = [text for _, text, _ in said]
    assert len(texts) == 2
    assert "serves 4 operations at a time" in texts[0]
    assert "does not pass Ctrl-C on" in texts[1]


def test_where_all_of_it_works_nothing_is_said(
    said: list[tuple[Any, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on every SDK that the engine tests run on."""

    class Servicer:
        def Cancel(self, request: Any, context: Any) -> None:  # noqa: N802 the servicer's name for it
            """Do nothing, as the SDK's does."""

    monkeypatch.setattr("__main__.DynamicResourceProviderServicer", Servicer, raising=False)
    with ThreadPoolExecutor(STOCK) as pool:
        pool.submit(plugin.prepare).result(30)
    assert said == []


def test_what_was_queued_before_the_pool_grew_is_served_at_once() -> None:
    """Refresh sends all its reads before anything of ours has run."""
    queued = 40
    configuring, all_there = threading.Event(), threading.Barrier(STOCK - 1 + queued, timeout=30)
    with ThreadPoolExecutor(STOCK) as pool:

        def configure() -> bool:
            assert configuring.wait(30)
            return plugin._widen_pool()

        configured = pool.submit(configure)
        reads = [pool.submit(all_there.wait) for _ in range(STOCK - 1 + queued)]
        configuring.set()
        assert configured.result(30)
        for read in reads:
            read.result(30)

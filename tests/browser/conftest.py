"""One headless browser for all tests, and a simulator on a manual clock that it looks at."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser with a fresh profile."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "no browser: run make browser"
    assert driver, "no driver for the browser: run make browser"
    profile: Path = tmp_path_factory.mktemp("profile")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options, Service(driver))
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[Simulator]:
    with Simulator(clock="manual", rebuild_seconds=60, stop_seconds=5) as simulator:
        yield simulator


@pytest.fixture
def cloud(running_cloud: Simulator) -> Simulator:
    running_cloud.reset()
    return running_cloud

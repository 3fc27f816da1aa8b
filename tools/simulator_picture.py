"""What ``make simulator-picture`` runs: the simulator's page in a real browser, as the picture of docs/simulator.md.

A machine is being rebuilt, one command was refused, and a fault waits for its turn.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from driver import WEB_1
from zec_pulumi.simulator import Simulator

PICTURE = Path(__file__).parents[1] / "docs" / "simulator-page.png"
WIDTH, HEIGHT = 1200, 940
PATIENCE_SECONDS = 20


def main() -> int:
    """Draw it."""
    with (
        Simulator(clock="manual", rebuild_seconds=60, stop_seconds=5) as cloud,
        tempfile.TemporaryDirectory() as profile,
    ):
        play(cloud)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for switch in (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
        ):
            options.add_argument(switch)
        browser = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        try:
            browser.set_window_size(WIDTH, HEIGHT)
            browser.get(cloud.url)
            shown = WebDriverWait(browser, PATIENCE_SECONDS)
            shown.until(lambda page: page.find_elements(By.CSS_SELECTOR, "#instance-rows progress"))
            PICTURE.write_bytes(browser.get_screenshot_as_png())
        finally:
            browser.quit()
    print(f"wrote {PICTURE.relative_to(Path.cwd())}")
    return 0


def play(cloud: Simulator) -> None:
    """Send what a client sends that rebuilds web-1, until the machine is halfway."""
    cloud.add_fault(action="ResetInstance", nth=3, effect={"type": "reinstall_fails"})
    send(cloud, "StopInstances", instanceIds=[WEB_1])
    cloud.advance(5)
    send(cloud, "DescribeInstances", instanceIds=[WEB_1])
    send(cloud, "ResetInstance", instanceId=WEB_1, imageId="ubuntu2404_20240712", keyId="key-none")
    send(cloud, "ResetInstance", instanceId=WEB_1, imageId="ubuntu2404_20240712", keyId="key-YWD2QFOl")
    cloud.advance(25)
    send(cloud, "DescribeInstancesStatus", instanceIds=[WEB_1])


def send(cloud: Simulator, action: str, **parameters: object) -> None:
    """Send one request."""
    headers = {"Authorization": f"Bearer {cloud.token}", "X-ZC-Action": action, "X-ZC-Version": "2025-09-01"}
    requests.post(f"{cloud.url}/api/v2/zec", json=parameters, headers=headers, timeout=10)


if __name__ == "__main__":
    sys.exit(main())

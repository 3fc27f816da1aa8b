"""The simulator's page in a real browser: what it shows, what its controls do, and what it must not do."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions as expect
from selenium.webdriver.support.ui import Select, WebDriverWait

from zec_pulumi.simulator import Simulator, default_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium import webdriver

pytestmark = pytest.mark.slow

WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
PATIENCE_SECONDS = 20


class Page:
    """The page of one simulator."""

    def __init__(self, browser: webdriver.Chrome, cloud: Simulator) -> None:
        self.browser = browser
        self.cloud = cloud
        browser.get(cloud.url)
        self.wait_for(lambda: self.text("link") == "connected")

    def text(self, name: str) -> str:
        """Return the text of the element with an id."""
        return str(self.element(name).text)

    def element(self, name: str) -> Any:
        """Return the element with an id."""
        return self.browser.find_element(By.ID, name)

    def rows(self, name: str) -> list[str]:
        """Return the rows of a table, each as its text; read at once, because the page goes on."""
        script = "return [...document.querySelectorAll(arguments[0] + ' tr')].map((row) => row.innerText)"
        rows: list[str] = self.browser.execute_script(script, f"#{name}")
        return rows

    def named(self, inside: str = "") -> int:
        """Assert that every control and region that is seen has a name, and return how many there are."""
        kinds = "button, input, select, textarea, section, [role=region], dialog"
        found = self.browser.find_elements(By.CSS_SELECTOR, ", ".join(inside + kind for kind in kinds.split(", ")))
        seen = [element for element in found if element.is_displayed()]
        assert all(element.accessible_name for element in seen)
        return len(seen)

    def act_on(self, name: str) -> None:
        """Open the dialog of a machine."""
        self.browser.find_element(By.CSS_SELECTOR, f"[aria-label='Act on {name}']").click()
        self.wait_for(lambda: self.text("machine-title") == name)

    def copied(self, what: str) -> str:
        """Press the button that copies something, and return what the clipboard has then."""
        found = self.browser.find_element(By.CSS_SELECTOR, f"[aria-label='Copy {what}']")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        found.click()
        return self.clipboard()

    def clipboard(self) -> str:
        """Return what the clipboard has."""
        grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        self.browser.execute_cdp_cmd("Browser.grantPermissions", grant)
        read = "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](String(error)))"
        return str(self.browser.execute_async_script(read))

    def button(self, label: str) -> Any:
        """Return a button by what it says, in the middle of the window: the header covers the upper edge."""
        path = f'//button[normalize-space()="{label}"]'
        found = next(one for one in self.browser.find_elements(By.XPATH, path) if one.is_displayed())
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        return found

    def wait_for(self, condition: Callable[[], Any]) -> None:
        """Wait until a condition holds; the page looks once a second."""
        WebDriverWait(self.browser, PATIENCE_SECONDS, poll_frequency=0.05).until(lambda _: condition())

    def send(self, action: str, **parameters: Any) -> None:
        """Send an API request past the page."""
        headers = {"Authorization": f"Bearer {self.cloud.token}", "X-ZC-Action": action, "X-ZC-Version": "2025-09-01"}
        requests.post(f"{self.cloud.url}/api/v2/zec", json=parameters, headers=headers, timeout=10)


def logged(browser: webdriver.Chrome, kind: str) -> list[str]:
    """Return what a browser's log has got since it was last read."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries]


@pytest.fixture
def page(chromium: webdriver.Chrome, cloud: Simulator) -> Iterator[Page]:
    shown = Page(chromium, cloud)
    yield shown
    # A refused rule is an answer, too.
    assert [text for text in logged(chromium, "browser") if "400 (Bad Request)" not in text] == []


def test_a_rebuild_is_seen_from_its_beginning_to_its_end(page: Page) -> None:
    """Status, what it ends in, the time left, and the entries that it leaves."""
    page.send("ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl", imageId="debian12_20240712")

    def row() -> str:
        return next(row for row in page.rows("instance-rows") if BATCH_1 in row)

    page.wait_for(lambda: "DEPLOYING" in row() and "→ RUNNING, image debian12_20240712" in row())
    page.wait_for(lambda: "1 min left" in row())
    page.cloud.advance(20)
    page.wait_for(lambda: "40 s left" in row())
    page.cloud.advance(40)
    page.wait_for(lambda: "RUNNING" in row() and "left" not in row() and "debian12_20240712" in row())
    assert "ResetInstance" in page.rows("ledger-rows")[0]
    assert "ResetInstance" in page.rows("requests-rows")[0]


def test_names_of_machines_are_text(page: Page) -> None:
    """Whatever somebody calls a machine, nothing of it runs."""
    page.cloud.patch_instance(WEB_1, instance_name=HOSTILE)
    page.cloud.patch_instance(BATCH_1, instance_name=HOSTILE, public_ip_addresses=[])
    page.cloud.patch_instance(
        WEB_1, status="STOPPED", pending={"becomes": "RUNNING", "afterSeconds": 5, "changes": {"instanceName": HOSTILE}}
    )
    page.send(HOSTILE, instanceIds=[HOSTILE])

    page.wait_for(lambda: any(HOSTILE in row for row in page.rows("instance-rows")))
    page.wait_for(lambda: any(HOSTILE in row for row in page.rows("requests-rows")))
    assert page.browser.title == "ZEC simulator"
    assert page.browser.find_elements(By.CSS_SELECTOR, "body img, body script") == []


def test_the_clock_is_moved(page: Page) -> None:
    """By a step, by seconds of one's own, and to the end of everything; and signatures can be judged wrongly."""
    before = page.cloud.now()
    page.button("+ 1 h").click()
    page.wait_for(lambda: page.cloud.now() == before + 3600)
    page.element("advance-by").send_keys("30", Keys.ENTER)
    page.wait_for(lambda: page.cloud.now() == before + 3630)
    page.send("StopInstances", instanceIds=[WEB_1])
    page.button("Until all is done").click()
    page.wait_for(lambda: page.cloud.instance(WEB_1)["status"] == "STOPPED")
    page.element("skew-by").clear()
    page.element("skew-by").send_keys("-400", Keys.ENTER)
    page.wait_for(lambda: page.cloud._cloud.clock.skew == -400)


def test_faults_are_switched_on_and_off(page: Page) -> None:
    """By a switch, once, and by a rule of one's own; each can be removed."""
    switch = page.browser.find_element(By.CSS_SELECTOR, "#switches input")
    switch.click()
    page.wait_for(lambda: [rule["effect"]["type"] for rule in page.cloud.faults()] == ["rate_limit"])
    switch.click()
    page.wait_for(lambda: page.cloud.faults() == [])

    page.button("Next reinstall fails").click()
    page.wait_for(lambda: len(page.cloud.faults()) == 1)
    rule = page.element("rule")
    rule.clear()
    rule.send_keys(json.dumps({"action": "*", "effect": {"type": "blocked"}}))
    page.button("Add rule").click()
    page.wait_for(lambda: page.text("faults-count") == "2 in force")
    page.browser.find_element(By.CSS_SELECTOR, "#rules button").click()
    page.wait_for(lambda: [item["effect"]["type"] for item in page.cloud.faults()] == ["blocked"])


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ('{"action": "Nothing"}', "effect")])
def test_a_rule_that_cannot_be_is_explained(page: Page, text: str, message: str) -> None:
    """In an alert, which a screen reader reads out, wherever one has scrolled to, and until the next change."""
    rule = page.element("rule")
    rule.clear()
    rule.send_keys(text)
    page.button("Add rule").click()

    page.wait_for(lambda: message in page.text("message"))
    assert page.cloud.faults() == []
    for place in (0, 10_000):
        page.browser.execute_script(f"scrollTo(0, {place})")
        assert page.browser.execute_script(
            "const box = document.getElementById('message').getBoundingClientRect();"
            "return box.top > 0 && box.bottom < innerHeight"
        )
    page.button("Dismiss").click()
    assert not page.element("message").is_displayed()
    page.button("Add rule").click()
    page.wait_for(lambda: message in page.text("message"))
    page.button("+ 10 s").click()
    page.wait_for(lambda: not page.element("message").is_displayed())


def test_a_client_is_connected_by_what_is_copied(page: Page) -> None:
    """The variables, as a shell takes them."""
    page.button("Copy variables").click()

    script = page.clipboard()
    assert script.endswith("\n")
    shown = subprocess.run(["/bin/sh", "-c", f"{script}env"], capture_output=True, text=True, check=True, env={}).stdout
    variables = dict(line.partition("=")[::2] for line in shown.splitlines())
    assert {name: variables.get(name) for name in page.cloud.environment()} == page.cloud.environment()


def test_variables_are_quoted_for_a_shell(chromium: webdriver.Chrome) -> None:
    """Whatever a seed has for a password."""
    world = default_world()
    world["credentials"] = [{"accessKeyId": "a b", "accessKeyPassword": "it's $HOME `id` \\"}]
    with Simulator(world, clock="manual") as cloud:
        page = Page(chromium, cloud)
        page.wait_for(lambda: "PASSWORD" in page.text("exports"))
        script = (
            f'{page.text("exports")}\nprintf "%s" "$ZENLAYERCLOUD_ACCESS_KEY_ID|$ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"'
        )
        shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown == "a b|it's $HOME `id` \\"


@pytest.mark.parametrize(
    ("what", "copied"),
    [
        ("the id of web-1", WEB_1),
        ("debian12_20240712", "debian12_20240712"),
        ("key-2ndKey01", "key-2ndKey01"),
    ],
)
def test_ids_are_copied(page: Page, what: str, copied: str) -> None:
    """Of instances, images and key pairs: what a program needs."""
    assert page.copied(what) == copied


def test_what_cannot_be_copied_is_selected(page: Page) -> None:
    """A browser gives the clipboard to https and this machine only; Ctrl-C does the rest."""
    page.browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    found = page.browser.find_element(By.CSS_SELECTOR, "[aria-label='Copy key-2ndKey01']")
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", found)

    page.wait_for(lambda: found.text == "Selected")
    assert page.browser.execute_script("return String(getSelection())") == "key-2ndKey01"


def test_somebody_acts_behind_the_back_of_a_program(page: Page) -> None:
    """Another image, power off and on; the ledger does not know, and the disk is another."""
    before = page.cloud.instance(WEB_1)
    page.act_on("web-1")
    Select(page.element("reinstall-image")).select_by_visible_text("debian12_20240712")
    page.button("Reinstall behind Pulumi's back").click()

    page.wait_for(lambda: page.cloud.instance(WEB_1)["imageId"] == "debian12_20240712")
    after = page.cloud.instance(WEB_1)
    assert after["diskIdentity"] not in {before["diskIdentity"], ""}
    page.wait_for(lambda: after["diskIdentity"] in page.text("machine-facts"))
    assert "reinstalled" in page.text("machine-said")
    page.button("Power off").click()
    page.wait_for(lambda: page.cloud.instance(WEB_1)["status"] == "STOPPED")
    page.button("Recover").click()
    page.wait_for(lambda: page.cloud.instance(WEB_1)["status"] == "RUNNING")
    page.button("Close").click()
    page.wait_for(lambda: any(WEB_1 in row and after["diskIdentity"] in row for row in page.rows("instance-rows")))
    assert page.cloud.ledger() == []


def test_the_next_reinstall_of_one_machine_fails(page: Page) -> None:
    """Of this one and no other, and only the next; then it is recovered."""
    page.cloud.patch_instance(WEB_1, status="STOPPED")
    page.act_on("batch-1")
    page.button("Fail the next reinstall").click()
    page.wait_for(page.cloud.faults)
    for instance_id in (WEB_1, BATCH_1):
        page.send("ResetInstance", instanceId=instance_id, keyId="key-YWD2QFOl")
    page.cloud.settle()

    page.wait_for(lambda: "REINSTALL_FAILED" in page.text("machine-facts"))
    assert page.cloud.instance(WEB_1)["status"] == "RUNNING"
    page.button("Recover").click()
    page.wait_for(lambda: "RUNNING" in page.text("machine-facts"))


def test_what_fails_in_the_dialog_is_said_in_it(page: Page) -> None:
    """The machine is gone meanwhile."""
    page.act_on("batch-1")
    page.cloud.delete_instance(BATCH_1)

    page.wait_for(lambda: "does not exist" in page.text("machine-said"))
    page.button("Power off").click()
    page.wait_for(lambda: "does not exist" in page.text("machine-said"))
    assert page.text("link") == "connected"
    logged(page.browser, "browser")


def test_a_request_is_opened(page: Page) -> None:
    """What it asked for, without its secrets, and what it was answered."""
    page.send("ResetInstance", instanceId=WEB_1, password="Example+123", imageId="debian12_20240712")
    page.wait_for(lambda: any("The instance is RUNNING" in row for row in page.rows("requests-rows")))
    page.browser.find_element(By.CSS_SELECTOR, "#requests-rows button").click()

    shown = json.loads(page.text("request-entry"))
    (entry,) = page.cloud.requests()
    assert shown == entry
    assert shown["parameters"] == {"password": "***", "imageId": "debian12_20240712"}
    assert shown["message"] == "The instance is RUNNING, not STOPPED."
    assert shown["requestId"].startswith("T")


def test_a_button_in_a_row_keeps_the_focus(page: Page) -> None:
    """While the rows are drawn anew."""
    page.browser.find_element(By.CSS_SELECTOR, "[aria-label='Act on web-2']").send_keys("")
    page.cloud.patch_instance(WEB_1, instance_name="renamed")
    page.wait_for(lambda: any("renamed" in row for row in page.rows("instance-rows")))
    assert page.browser.switch_to.active_element.accessible_name == "Act on web-2"


def test_reset_asks_first(page: Page) -> None:
    """And then the logs begin again."""
    page.send("StopInstances", instanceIds=[WEB_1])
    page.wait_for(lambda: page.text("ledger-count") == "1")

    page.button("Reset …").click()
    page.browser.switch_to.alert.dismiss()
    assert len(page.cloud.ledger()) == 1
    page.button("Reset …").click()
    page.browser.switch_to.alert.accept()

    page.wait_for(lambda: page.text("ledger-count") == "0" and page.rows("ledger-rows") == [])
    assert page.cloud.ledger() == []


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    """Every control in turn, by tab alone, and a switch by the space bar."""
    controls = page.browser.execute_script(
        "document.body.focus(); const all = [...document.querySelectorAll('button, input, select, textarea')];"
        "return all.filter((control) => control.checkVisibility()).length"
    )
    reached = set()
    for _ in range(controls + 10):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        active = page.browser.switch_to.active_element
        if active.tag_name in {"button", "input", "select", "textarea"}:
            reached.add(active.id)
        if active.get_attribute("data-preset") == "0":
            active.send_keys(Keys.SPACE)
    assert len(reached) >= controls
    page.wait_for(page.cloud.faults)


def test_every_control_has_an_accessible_name(page: Page) -> None:
    """As the browser tells it to a screen reader."""
    page.cloud.add_fault(action="*", effect={"type": "lag", "reads": 1})
    page.send("StopInstances", instanceIds=[WEB_1])
    page.wait_for(lambda: page.browser.find_elements(By.CSS_SELECTOR, "progress"))
    page.wait_for(lambda: page.browser.find_elements(By.CSS_SELECTOR, "#rules button"))

    assert page.named() > 60
    assert [item.aria_role for item in page.browser.find_elements(By.CSS_SELECTOR, "#switches input")] == ["switch"] * 5
    page.act_on("web-2")
    assert page.named("#machine ") == 6
    page.button("Close").click()
    page.browser.find_element(By.CSS_SELECTOR, "#requests-rows button").click()
    assert page.named("#request ") == 2


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    """On a phone, a tablet and a desk."""
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    page.cloud.patch_instance(WEB_1, instance_name="x" * 300)
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.wait_for(lambda: any("x" * 300 in row for row in page.rows("instance-rows")))
        assert page.browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Page, scheme: str) -> None:
    """A contrast of 4.5 at least, in both schemes (WCAG AA)."""
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    colours = page.browser.execute_script(
        "const style = getComputedStyle(document.documentElement);"
        "return Object.fromEntries('card text soft accent good busy bad off back'.split(' ').map((name) => {"
        "  const probe = document.createElement('i'); probe.style.color = style.getPropertyValue('--' + name);"
        "  document.body.append(probe); const rgb = getComputedStyle(probe).color.match(/\\d+/g).map(Number);"
        "  probe.remove(); return [name, rgb]; }))"
    )
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    assert (sum(colours["card"]) < 200) is (scheme == "dark")
    for name in ("text", "soft", "accent", "good", "busy", "bad", "off"):
        assert _contrast(colours[name], colours["card"]) >= 4.5, name


def _contrast(one: list[int], other: list[int]) -> float:
    def luminance(colour: list[int]) -> float:
        parts = [value / 255 for value in colour]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_ten_thousand_machines_stay_light(chromium: webdriver.Chrome) -> None:
    """A hundred are drawn, the rest is told, and a search finds the one; then nothing new is a short answer."""
    world = default_world()
    machine = world["instances"][0]
    world["instances"] = [
        {**machine, "instanceId": str(10**18 + number), "instanceName": f"node-{number:05}"} for number in range(10_000)
    ]
    with Simulator(world, clock="manual") as cloud:
        page = Page(chromium, cloud)
        for _ in range(250):
            page.send("DescribeZones")
        page.wait_for(lambda: page.text("requests-count") == "250")

        assert page.text("instances-count") == "10,000, 0 changing"
        assert len(page.rows("instance-rows")) == 100
        assert page.text("instances-folded") == "9,900 more instances match and are not shown"
        assert len(page.rows("requests-rows")) == 200
        assert page.text("requests-folded") == "50 more older entries are not shown"

        page.element("search").send_keys("node-07777")
        page.wait_for(lambda: len(page.rows("instance-rows")) == 1)
        Select(page.element("status")).select_by_index(1)
        page.wait_for(lambda: page.rows("instance-rows"))
        logged(chromium, "performance")
        page.wait_for(lambda: 304 in _statuses(chromium))


def _statuses(browser: webdriver.Chrome) -> set[int]:
    events = [json.loads(text)["message"] for text in logged(browser, "performance")]
    return {event["params"]["response"]["status"] for event in events if event["method"] == "Network.responseReceived"}


def test_a_simulator_that_ended_is_told(chromium: webdriver.Chrome) -> None:
    """And found again when it is back, on the same port."""
    with Simulator(clock="manual") as cloud:
        page = Page(chromium, cloud)
        port = int(cloud.host.split(":")[1])
    page.wait_for(lambda: page.text("link").startswith("no connection"))
    with Simulator(clock="manual", port=port) as cloud:
        page.wait_for(lambda: page.text("link") == "connected")
        WebDriverWait(chromium, PATIENCE_SECONDS).until(
            expect.text_to_be_present_in_element((By.ID, "ledger-count"), "0")
        )
    logged(chromium, "browser")


def test_another_website_cannot_reset_it(chromium: webdriver.Chrome, cloud: Simulator) -> None:
    """What a page of another origin sends, the browser marks, and the simulator refuses."""
    cloud.delete_instance(WEB_1)
    with Simulator() as other:
        chromium.get(other.url)
        chromium.set_script_timeout(PATIENCE_SECONDS)
        # The other page's own policy would stop it; a real foreign site has none.
        chromium.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        chromium.get(other.url)
        chromium.execute_async_script(
            "fetch(arguments[0], {method: 'POST', mode: 'no-cors'}).then(arguments[1], arguments[1])",
            f"{cloud.url}/_simulator/reset",
        )
        chromium.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})

    assert WEB_1 not in {item["instanceId"] for item in cloud.instances()}
    logged(chromium, "browser")

"""Browsers at the consoles of a city: who sits there, what they see, what the browser complains of."""

from __future__ import annotations

import itertools
import re
import time

from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from city import City
from layout import BY_ID, Node
from support import eventually

DISTRICT, STREET, OTHER_STREET = BY_ID["jiangbei"], BY_ID["qingtan"], BY_ID["hekou"]
SIZES = {"small": (1366, 768), "large": (1920, 1080), "phone": (390, 844)}

# What is awaited comes by a stream or by the tick of five seconds, on a machine that may be busy.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)

_numbers = itertools.count(1)


def unique(text: str) -> str:
    """A title that no other test uses."""
    return f"{text} {int(time.time()) % 100_000}-{next(_numbers)}"


class Desk:
    """Browser contexts over one city."""

    def __init__(self, city: City, browser: Browser):
        self.city, self.browser = city, browser
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        # Statuses that a test brings about on purpose; Chromium reports each as an error.
        self.expected: set[int] = set()

    def url(self, node: Node, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.city.port(node)}{path}"

    def blank(self, node: Node, size: str = "small", **options) -> Page:
        """A page at a node with nobody logged in."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            base_url=self.url(node, ""), viewport={"width": width, "height": height},
            locale=options.pop("locale", "zh-CN"), **options)
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        page = context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _console(self, message) -> None:
        if message.type != "error":
            return
        status = re.search(r"status of (\d+)", message.text)
        if status and int(status.group(1)) in self.expected:
            return
        # A node that a test stopped on purpose.
        if 0 in self.expected and "net::ERR_" in message.text:
            return
        self.complaints.append(f"{message.text} at {message.location.get('url')}")

    def password(self, node: Node, login: str) -> str:
        return self.city.secrets["nodes"][node.id]["people"][login]["password"]

    def login_of(self, node: Node, role: str) -> str:
        people = self.city.secrets["nodes"][node.id]["people"]
        return next(login for login, person in people.items() if person["role"] == role)

    def enter(self, page: Page, login: str, password: str, code: str | None = None) -> None:
        """Fills the form of the login page in and sends it."""
        page.locator("input[name=login]").fill(login)
        page.locator("input[name=password]").fill(password)
        if code is not None:
            page.locator("input[name=code]").fill(code)
        page.locator("main button.primary").click()

    def sit(self, node: Node, role: str, path: str = "/", **options) -> Page:
        """Somebody of that role, logged in by the form, at a page."""
        page = self.blank(node, **options)
        page.goto(f"/login?next={path}")
        login = self.login_of(node, role)
        self.enter(page, login, self.password(node, login))
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.complaints == []


def live(page: Page) -> None:
    """Waits until the page hears events."""
    expect(page.locator("#stream:not([hidden]):not(.is-down)")).to_be_attached()


def post_form(page: Page, path: str, fields: dict[str, str]) -> Response:
    """Sends a form as the page itself would, with the session's token."""
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    return page.request.post(path, form={"_csrf": token, **fields}, max_redirects=0)


def row(page: Page, title: str):
    """The row of a table that names a thing."""
    return page.locator("tr[data-row]", has_text=title)


def untouched(page: Page, expression: str, wanted) -> None:
    """Waits until something is so. What else looks into a page counts as somebody's touch to the
    browser, which then lets it sound; this does not."""
    session = page.context.new_cdp_session(page)

    def look() -> bool:
        answer = session.send(
            "Runtime.evaluate", {"expression": expression, "userGesture": False})
        return answer["result"].get("value") == wanted

    eventually(look, f"{expression} is {wanted}", PATIENCE / 1000)
    session.detach()


class Street:
    """What happens on a street, through the API: readings, and what other people do."""

    def __init__(self, city: City, node: Node = STREET):
        self.city, self.node = city, node

    def gateway(self):
        return self.city.gateway(self.node)

    def flood(self, road: int, depth: float = 0.55, minutes: int = 3) -> str:
        """Water stands on a road for long enough that the rule speaks. The gauge's name."""
        return self.stands(f"road-{road}", "waterDepth", depth, minutes)

    def rise(self, river: int, level: float = 5.6) -> str:
        """A river stands above its warning level. The gauge's name."""
        return self.stands(f"river-{river}", "waterLevel", level, minutes=3)

    def stands(self, gauge: str, quantity: str, value: float, minutes: int) -> str:
        device = f"dev_{self.node.id}-{gauge}"
        now = time.time()
        rows = [{"device": device, "property": quantity, "value": value, "time": stamp(now, age)}
                for age in range(60 * minutes, -1, -30)]
        answer = self.gateway().send_readings(rows)
        assert answer["rejected"] == [], answer
        return device

    def rain(self, gauge: int, intensity: float = 75) -> str:
        device = f"dev_{self.node.id}-rain-{gauge}"
        answer = self.gateway().send_readings([{
            "device": device, "property": "rainIntensity", "value": intensity,
            "time": stamp(time.time(), 0)}])
        assert answer["rejected"] == [], answer
        return device

    def officer(self):
        return self.city.who(self.node, "duty-officer")

    def hush(self) -> None:
        """Acknowledges whatever waits, so that a test begins in silence."""
        officer = self.officer()
        for warning in officer.items("/warnings", limit=500):
            if warning["stage"] == "raised":
                officer.post(f"/warnings/{warning['id']}/acknowledge")
        for task in officer.items("/tasks", limit=500):
            if task["stage"] in ("requested", "received"):
                officer.post(f"/tasks/{task['id']}/acknowledge", {})

    def warning(self, device: str) -> dict:
        """The open warning about a device; it comes a moment after the readings."""
        def look() -> dict | None:
            found = self.officer().items("/warnings", subject=device, open="true")
            return found[0] if found else None
        return eventually(look, f"a warning about {device}")

    def case(self, device: str) -> str:
        """The case that was filed for the warning about a device."""
        warning = self.warning(device)["id"]
        return eventually(
            lambda: self.officer().get(f"/warnings/{warning}")["state"].get("incident"),
            f"a case for {device}")


def stamp(now: float, age: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - age)) + ".000Z"

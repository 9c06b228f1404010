"""What a person does in the pages, in the words of the tests."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect


def unread(page: Page) -> int:
    """The number the bell tells a screen reader."""
    label = page.locator("#nh-bell").get_attribute("aria-label") or ""
    found = re.search(r"\d+", label)
    return int(found[0]) if found else 0


def expect_unread(page: Page, number: int) -> None:
    label = f"Notifications, {number} unread" if number else "Notifications, none unread"
    expect(page.locator("#nh-bell")).to_have_attribute("aria-label", label)


def item(page: Page, title: str) -> Locator:
    """The row of the inbox with that title."""
    return page.locator(".nh-item", has=page.get_by_role("link", name=title))


def escalate(page: Page, customer: str, *, to: str = "default") -> str:
    """Trigger `session.escalated` about that customer in the playground, and see the run to its end; its address."""
    page.goto("/playground/?workflow=session.escalated")
    name = customer.replace(" ", "-")
    page.locator("#payload").fill(
        f'{{"session_id": "S-{name}", "customer": "{customer}", "reason": "Asked for it", "url": "/sessions/{name}"}}'
    )
    page.locator(f"input[name=audience][value={to}]").check()
    page.get_by_role("button", name="Trigger").click()
    page.wait_for_url("**/runs/**")
    expect(page.locator("[data-finished]")).to_be_attached()
    return page.url


def csrf(page: Page) -> str:
    """The token with which this browser may change something."""
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")


def trigger(page: Page, customer: str, *, key: str = "session.escalated", **payload: object) -> None:
    """The same by the API, without waiting for anything: the admins of the person's tenant are told."""
    name = customer.replace(" ", "-")
    said = {"session_id": f"S-{name}", "customer": customer, "reason": "Asked for it", "url": f"/sessions/{name}"}
    answer = page.request.post(
        "/api/v1/trigger/", headers={"X-CSRFToken": csrf(page)}, data={"workflow": key, "payload": payload or said}
    )
    assert answer.status == 202, answer.text()


def live(page: Page, script: str) -> Any:
    """Run a piece of JavaScript in which `hub` is the page's connection."""
    return page.evaluate(f"async () => {{ const hub = (await import('/static/notifyhub/live.js')).live(); {script} }}")


def expect_state(page: Page, state: str) -> None:
    """Wait until the connection of the page's browser is in this state."""
    page.locator("script[data-nh-config]").first.wait_for(state="attached")
    came = live(
        page,
        f"""return hub.state === '{state}' || await new Promise((done) => {{
            hub.addEventListener('nh:state', () => hub.state === '{state}' && done(true));
            setTimeout(() => done(hub.state), 8_000);
        }});""",
    )
    assert came is True, came


def heard(page: Page) -> None:
    """From now on keep the titles of new items in `window.heard`."""
    live(page, "window.heard = []; hub.addEventListener('nh:item', (event) => heard.push(event.detail.item.title));")


def sideways(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def covered(page: Page, selector: str) -> list[str]:
    """Those of the elements on the screen that something else lies on, so that a press in their middle misses them."""
    found: list[str] = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((element) => {
            const box = element.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return false;
            return !element.contains(document.elementFromPoint(x, y));
        }).map((element) => element.outerHTML.slice(0, 80))""",
        selector,
    )
    return found

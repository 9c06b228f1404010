"""From the playground to the toast and the bell of another tab, and back when it is read there: how long that takes, by
the clock of the browser."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from .moves import expect_state

_PRESSED = """() => document.addEventListener('click', () => localStorage.setItem('pressed', Date.now()), true)"""

_COME = """(title) => {
    const toasts = document.querySelector('nh-toasts').shadowRoot, bell = document.querySelector('nh-bell').shadowRoot;
    const number = () => Number(/\\d+/.exec(bell.querySelector('button').getAttribute('aria-label')) ?? 0);
    const before = number();
    const there = () => number() > before
        && [...toasts.querySelectorAll('[part~=toast]')].some((one) => one.innerText.includes(title));
    window.come = new Promise((done, never) => {
        setTimeout(() => never(new Error('no toast and number')), 15_000);
        const timer = setInterval(() => there() && (clearInterval(timer), done(Date.now())), 2);
    });
}"""

_GONE = """() => {
    const bell = document.querySelector('nh-bell').shadowRoot;
    const there = () => !/\\d/.test(bell.querySelector('button').getAttribute('aria-label'));
    window.gone = new Promise((done, never) => {
        setTimeout(() => never(new Error('the number stays')), 15_000);
        const timer = setInterval(() => there() && (clearInterval(timer), done(Date.now())), 2);
    });
}"""

_SINCE = "(when) => (when - Number(localStorage.getItem('pressed'))) / 1000"


@dataclass(frozen=True)
class Trip:
    """Seconds from the press of Trigger until the other tab has the toast and the number, and from the press of Mark
    all read there until the number is gone from this one."""

    told: float
    read: float


def trip(here: Page, there: Page, name: str) -> Trip:
    """Both tabs are of one browser. Raises when something does not arrive."""
    there.goto("/playground/")
    expect_state(there, "live")
    here.goto("/playground/?workflow=knowledge_gap.detected")
    here.locator("#payload").fill(f'{{"topic": "{name}", "question": "Who knows?"}}')
    here.evaluate(_PRESSED)
    there.evaluate(_COME, name)

    here.get_by_role("button", name="Trigger").click(no_wait_after=True)
    told = there.evaluate(_SINCE, there.evaluate("come"))

    here.wait_for_url("**/runs/**")
    expect_state(here, "live")
    expect(here.locator("#nh-bell")).to_have_attribute("aria-label", re.compile(r"\d"))
    here.evaluate(_GONE)
    there.locator("#nh-bell").click()
    there.evaluate(_PRESSED)
    there.locator("nh-bell").get_by_role("button", name="Mark all read").click()
    return Trip(told, here.evaluate(_SINCE, here.evaluate("gone")))


def percentile(values: list[float], part: float) -> float:
    """The value below which this part of them lies."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]

"""How a workflow is declared in Python, in an app's `notification_workflows.py`:

from workflows.define import Workflow, delay, send_inbox

invoice_overdue = Workflow(
    key="invoice.overdue",
    name="Invoice overdue",
    category="billing",
    payload=InvoiceOverdue,                    # a dataclass, or a JSON Schema
    sample={"number": "2026-118", "days": 3},
    steps=[
        send_inbox(title="Invoice {{ payload.number }} is {{ payload.days }} days late", level="warning"),
        delay(days=2),
        send_inbox(title="Invoice {{ payload.number }} still waits"),
    ],
)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from .cascade import KIND as CASCADE
from .cascade import Stage, written_out
from .define_waiting import digest, escalate, level, wait_for
from .definition import Body
from .functions import Branch, Person, function
from .payload import schema_of
from .settings_of_steps import Condition, StepSettings, step_settings

__all__ = [
    "Branch",
    "Category",
    "Person",
    "StepSettings",
    "Workflow",
    "call",
    "cascade",
    "condition",
    "delay",
    "digest",
    "escalate",
    "fetch",
    "function",
    "level",
    "send",
    "send_email",
    "send_inbox",
    "send_slack",
    "send_teams",
    "send_webhook",
    "throttle",
    "wait_for",
]

"""See workflows/condition.py: `{">": [{"var": "payload.days"}, 3]}`."""


@dataclass(frozen=True)
class Workflow:
    """A static workflow, shared by all tenants. `key` is also the name of the event that triggers it.

    `payload` is checked at each trigger; `sample` fills the playground and previews and must fit it. `critical`
    passes what people switched off. `defaults`: on or off for people who said nothing, by channel kind ("" is every
    other), as {"email": False}.
    """

    key: str
    name: str
    steps: Sequence[StepSettings]
    description: str = ""
    category: str = ""
    critical: bool = False
    tab: str = "general"
    payload: type | dict[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, bool] = field(default_factory=dict)

    @cached_property
    def body(self) -> Body:
        """Raises TypeError when the payload's dataclass has a field that JSON has no word for."""
        return Body(
            key=self.key,
            name=self.name,
            steps=tuple(self.steps),
            description=self.description,
            category=self.category,
            critical=self.critical,
            tab=self.tab,
            payload_schema=schema_of(self.payload),
            sample=self.sample,
            defaults=self.defaults,
        )

    @cached_property
    def hash(self) -> str:
        return self.body.hash()


@dataclass(frozen=True)
class Category:
    """A group of workflows as people think of them."""

    key: str
    name: str
    description: str = ""


def send(
    channel: str,
    *,
    title: str = "",
    body: str = "",
    url: str = "",
    level: str = "info",
    icon: str = "",
    image: str = "",
    thread: str = "",
    actions: Sequence[tuple[str, str]] = (),
    skip_if_read: bool = False,
    expires_after: timedelta | None = None,
    locales: Mapping[str, Mapping[str, Any]] | None = None,
    name: str = "",
    when: Condition = None,
    **texts: str,
) -> StepSettings:
    """Send this on a channel kind: to people if it reaches people, and to the tenant's channels that are told of this
    workflow if it reaches teams. Texts are Liquid over `payload`, `recipient`, `tenant` and `actor`; without a title it
    is the workflow's name. `actions` are (label, URL) pairs; `texts` are what the kind takes beside these.

    `name` is what later conditions call this step, `when` a condition for those who are told.

    `skip_if_read`: not to those who have read this run's item in their inbox. `expires_after`: from then on it is not
    sent any more, at least a minute. `locales`: the texts that differ for people of another language, by language, as
    `{"de": {"title": …}}`.
    """
    template: dict[str, Any] = {
        "title": title,
        "body": body,
        "url": url,
        "icon": icon,
        "image": image,
        "thread": thread,
        **texts,
    }
    template["actions"] = [{"label": label, "url": target} for label, target in actions]
    template = {field: value for field, value in template.items() if value}
    settings: dict[str, Any] = {"channel": channel, "template": {**template, "level": level}}
    if skip_if_read:
        settings["skip_if_read"] = True
    if expires_after is not None:
        settings["expires_after"] = expires_after.total_seconds()
    if locales:
        settings["locales"] = {locale: dict(said) for locale, said in locales.items()}
    return step_settings("send", settings, name=name, when=when)


send_inbox = partial(send, "inbox")
"""Put this into the inbox. Items of one `thread` replace each other."""

send_email = partial(send, "email")
"""Send this by e-mail, to each person's own address."""

send_webhook = partial(send, "webhook")
"""Post this, signed, to the tenant's webhooks that are told of this workflow: once a run, with its payload."""

send_slack = partial(send, "slack")
"""Post this into the tenant's channels of Slack that are told of this workflow: once a run."""

send_teams = partial(send, "teams")
"""Post this into the tenant's channels of Teams that are told of this workflow: once a run."""


def cascade(*stages: Stage, **given: Any) -> list[StepSettings]:
    """First here, a while later there to those who have not read it in their inbox, and so on:

        steps=[*cascade("inbox", ("push", timedelta(minutes=10)), ("email", timedelta(hours=1)), title="…")]

    Times count from the beginning. What is given beside is as for `send`, the same for each. Raises ValueError.
    """
    settings = {name: value for name, value in send("", **given).items() if name != "channel"}
    return written_out([{**settings, "kind": CASCADE, "stages": list(stages)}])


def delay(
    *,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    until: str = "",
    at: str = "",
    weekdays: Sequence[str] = (),
    working_hours: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """Wait that long; or `until` a time in the payload, by name; or until each person's clock next shows `at`
    ("09:00"), on one of `weekdays` ("mon", …); or until it shows `working_hours`: {"mon": [("09:00", "17:30")], …}."""
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    hours_of = {day: [list(span) for span in spans] for day, spans in (working_hours or {}).items()}
    chosen = {"until": until, "at": at, "weekdays": list(weekdays), "working_hours": hours_of}
    settings: dict[str, Any] = {setting: value for setting, value in chosen.items() if value}
    if length or not settings:
        settings["seconds"] = length.total_seconds()
    return step_settings("delay", settings, name=name, when=when)


def condition(
    if_: Condition,
    *,
    then: Sequence[StepSettings],
    otherwise: Sequence[StepSettings] = (),
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """Those of whom `if_` is true walk the steps of `then`, the others those of `otherwise`; then both go on."""
    settings = {"if": if_, "then": list(then), **({"else": list(otherwise)} if otherwise else {})}
    return step_settings("condition", settings, name=name, when=when)


def throttle(
    most: int,
    *,
    within: timedelta,
    key: str = "",
    stop: bool = True,
    then: Sequence[StepSettings] = (),
    otherwise: Sequence[StepSettings] = (),
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """At most so many for each person `within` a time that begins with the first, counted by the payload value `key` if
    it is named. Who passes walks `then` and goes on. The rest walks `otherwise` and goes on; without it, it ends here,
    or goes on if `stop` is false."""
    settings: dict[str, Any] = {"most": most, "seconds": within.total_seconds()}
    chosen = {"key": key, "then": list(then), "else": list(otherwise)}
    settings |= {setting: value for setting, value in chosen.items() if value}
    return step_settings("throttle", settings if stop else {**settings, "stop": False}, name=name, when=when)


def fetch(
    name: str,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    timeout: timedelta | None = None,
    on_error: str = "continue",
    when: Condition = None,
) -> StepSettings:
    """Ask a server for JSON, once a run; it is `steps.<name>` to the texts and conditions behind. The values in `url`
    are escaped. A POST carries the payload. When it fails for good, people go on without it, or end here (`stop`)."""
    settings: dict[str, Any] = {"url": url, "method": method, "on_error": on_error}
    settings |= {"headers": dict(headers)} if headers else {}
    settings |= {"seconds": timeout.total_seconds()} if timeout else {}
    return step_settings("fetch", settings, name=name, when=when)


def call(
    name: str, function: str, *, on_error: str = "continue", when: Condition = None, **branches: Sequence[StepSettings]
) -> StepSettings:
    """Ask a function that was registered with `@function("…")`; what it says of a person is `steps.<name>` for them, or
    the branch that they go into, which are given here by name."""
    settings = {"function": function, "on_error": on_error, **{way: list(steps) for way, steps in branches.items()}}
    return step_settings("call", settings, name=name, when=when)

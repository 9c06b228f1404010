"""Believable data to look around in: Northwind Robotics, its people and its past; and Globex, a stranger."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from notifications.models import ApiKey, Notification, Recipient, Scope, Subscription, Tenant, Topic

from .demo_channels import ways_out
from .demo_story import GLOBEX, NORTHWIND, PAST, TOPICS, Person

PASSWORD = "welcome-aboard"  # noqa: S105  printed at the start: it guards demo data on one's own machine
OPERATOR = "operator"
API_KEY_NAME = "Demo"


@dataclass(frozen=True)
class Demo:
    """What a newcomer needs to know to sign in."""

    password: str
    sign_ins: tuple[tuple[str, str], ...]
    api_key: str

    def lines(self) -> list[str]:
        """The same, as a text for a terminal."""
        return [
            f"{'Sign in as':<25}user      password",
            *(f"  {who:<23}{user:<10}{self.password}" for who, user in self.sign_ins),
            "",
            f"API key     {self.api_key}",
        ]


def fill(*, origin: str | None = None) -> Demo:
    """Fill in what is not there yet and say how to sign in. Doing it again changes nothing but the API key.

    `origin` is where this site reaches its own webhook catcher, if it has one; its port may be another at each start.
    """
    with transaction.atomic():
        northwind, is_new = _company("northwind", "Northwind Robotics", "Europe/Stockholm", NORTHWIND)
        globex, _ = _company("globex", "Globex", "America/New_York", GLOBEX)
        _topics(northwind)
        _operator()
        api_key = _api_key(northwind)
    if apps.is_installed("workflows"):
        ways_out(northwind, globex, origin=origin)
        if is_new:
            _past(northwind)
    sign_ins = (
        (f"{NORTHWIND[0].name}, owner", NORTHWIND[0].first),
        (f"{NORTHWIND[1].name}, admin", NORTHWIND[1].first),
        (f"{NORTHWIND[3].name}, member", NORTHWIND[3].first),
        ("Globex, a stranger", GLOBEX[1].first),
        ("Operator (superuser)", OPERATOR),
    )
    return Demo(PASSWORD, sign_ins, api_key)


def _company(slug: str, name: str, zone: str, people: tuple[Person, ...]) -> tuple[Tenant, bool]:
    tenant, is_new = Tenant.objects.get_or_create(slug=slug, defaults={"name": name, "zone": zone})
    for place, person in enumerate(people):
        user = _user(person.first, person.name, f"{person.first}@{slug}.example")
        Recipient.objects.filter(tenant=tenant).get_or_create(
            tenant=tenant,
            external_id=person.first,
            defaults={
                "user": user,
                "name": person.name,
                "email": user.email,
                "phone": f"+467017406{place + 5:02d}",  # of a range that is kept for films and books
                "role": person.role,
                "zone": person.zone,
                "locale": person.locale,
                "attributes": {"title": person.title},
            },
        )
    return tenant, is_new


def _user(username: str, name: str, email: str) -> User:
    first, last = name.split(maxsplit=1)
    defaults = {"first_name": first, "last_name": last, "email": email, "password": _password_hash}
    user, _is_new = User.objects.get_or_create(username=username, defaults=defaults)
    return user


@cache
def _password_hash() -> str:
    return make_password(PASSWORD)


def _operator() -> None:
    user = _user(OPERATOR, "Olga Operator", "operator@notifyhub.example")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)


def _topics(tenant: Tenant) -> None:
    people = {one.external_id: one for one in Recipient.objects.filter(tenant=tenant)}
    for key, (name, followers) in TOPICS.items():
        topic, _is_new = Topic.objects.filter(tenant=tenant).get_or_create(
            tenant=tenant, key=key, defaults={"name": name}
        )
        for follower in followers:
            Subscription.objects.get_or_create(topic=topic, recipient=people[follower])


def _api_key(tenant: Tenant) -> str:
    """Issue the demo key anew: only its hash was kept, and it has to be shown."""
    ApiKey.objects.filter(tenant=tenant, name=API_KEY_NAME).delete()
    _key, plain = ApiKey.issue(tenant=tenant, name=API_KEY_NAME, scopes=Scope.values)
    return plain


def _past(tenant: Tenant) -> None:
    """Tell the story one event after the other: small runs that wait together would be worked off together. The last
    one is happening right now, and goes out by every channel once the site runs."""
    from workflows import registry  # a site may be put together without this app; the people are still there
    from workflows.engine import drain
    from workflows.trigger import trigger

    people = {one.external_id: one for one in Recipient.objects.filter(tenant=tenant)}
    for event in PAST:
        workflow = registry.get(event.workflow)
        if workflow is not None:
            payload = {**workflow.sample, **event.changes}
            actor = people[event.actor]
            answer = trigger(event.workflow, tenant=tenant, recipients=event.recipients, payload=payload, actor=actor)
            drain()
            if event.ago:
                _long_ago(tenant, answer.run, event.ago)


def _long_ago(tenant: Tenant, run: UUID, ago: timedelta) -> None:
    """Date a run back, with all that came of it. What it sent has arrived since, and is not sent today."""
    from channels_delivery.models import Delivery, State
    from workflows.models import Run

    then = F("created_at") - ago
    sent = Delivery.objects.filter(tenant=tenant, origin=run, state=State.PENDING)
    sent.update(state=State.DELIVERED, attempt=1, finished_at=then, due_at=then, decided_at=then, created_at=then)
    Notification.objects.filter(tenant=tenant, origin=run).update(created_at=then)
    Run.objects.filter(tenant=tenant, public_id=run).update(
        created_at=then, start_at=F("start_at") - ago, finished_at=F("finished_at") - ago
    )

"""`preferences/` over HTTP: saying it, two tabs, the matrix, a question about the future, and the table once more."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from channels_delivery import suppression
from notifications.edges import issue_token
from notifications.kernel.clock import db_now
from notifications.models import Category, NoticeType, Recipient, Tenant
from preferences.decision import Hold, Send
from preferences.models import Change, Choice, TenantChoice, TenantHabits
from tests.cast import api_key, crowd, with_key

from .moves import NIGHT, NOON, habits, said_of
from .precedence_table import TABLE
from .test_timing import QUIET

pytestmark = pytest.mark.django_db
URL = "/api/v1/preferences/"
OFF = {"channel": "email", "category": "", "workflow": "", "wanted": False}


@pytest.fixture
def billing(db: None) -> Category:
    return Category.objects.create(key="billing", name="Billing", description="What you owe.")


def notice(key: str, category: Category | None = None, **given: Any) -> NoticeType:
    given.setdefault("kinds", ["inbox", "email"])
    return NoticeType.objects.create(key=key, name=key.title(), category=category, **given)


def ok(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content
    return answer.json()


class TestSayingIt:
    def test_who_said_nothing_reads_nothing(self, as_bob: APIClient) -> None:
        answer = as_bob.get(URL)

        assert ok(answer) == {
            "zone": "", "zone_in_force": "UTC", "choices": [], "quiet_hours": None, "send_windows": None,
            "frequencies": None, "digest_at": "", "digest_day": None, "summaries": None, "snooze_until": None,
            "policies": {}, "warnings": [],
        }  # fmt: skip
        assert answer.headers["ETag"].startswith('"')

    def test_what_was_said_is_read_again(self, as_bob: APIClient, billing: Category) -> None:
        notice("invoice.due", billing)
        said = {
            "zone": "Europe/Berlin",
            "choices": [OFF, {"channel": "", "category": "", "workflow": "invoice.due", "wanted": True}],
            "quiet_hours": [NIGHT | {"days": [1, 2, 3, 4, 5]}, {"start": "00:00", "end": "24:00", "days": [6, 7]}],
            "send_windows": [{"start": "09:00", "end": "17:00", "channels": ["email"]}],
            "frequencies": {"billing": "weekly", "": "daily"},
            "digest_at": "18:00",
            "digest_day": 5,
            "summaries": False,
            "policies": {"default": [{"channel": "inbox", "after": 0}, {"channel": "email", "after": 600}]},
        }

        told = ok(as_bob.patch(URL, said, format="json"))

        assert told == ok(as_bob.get(URL))
        assert {name: told[name] for name in said} == said
        assert told["zone_in_force"] == "Europe/Berlin"

    def test_of_choices_a_patch_changes_those_that_it_names(self, as_bob: APIClient) -> None:
        as_bob.patch(URL, {"choices": [OFF, {"channel": "inbox", "wanted": False}]}, format="json")

        told = ok(as_bob.patch(URL, {"choices": [OFF | {"wanted": None}, {"wanted": True}]}, format="json"))

        assert {(one["channel"], one["wanted"]) for one in told["choices"]} == {("inbox", False), ("", True)}

    def test_a_put_replaces_everything(self, as_bob: APIClient) -> None:
        before = as_bob.patch(URL, {"choices": [OFF], "digest_at": "18:00"}, format="json")

        told = ok(as_bob.put(URL, {"digest_day": 3}, format="json", headers={"If-Match": before.headers["ETag"]}))

        assert (told["choices"], told["digest_at"], told["digest_day"]) == ([], "", 3)

    @pytest.mark.parametrize(
        ("said", "field", "words"),
        [
            ({"zone": "Mars/Olympus"}, "zone", "IANA"),
            ({"quiet_hours": [{"start": "22:00", "end": "22:00"}]}, "quiet_hours", "00:00 to 24:00"),
            ({"quiet_hours": [{"start": "24:00", "end": "07:00"}]}, "quiet_hours", "23:59"),
            ({"quiet_hours": [NIGHT | {"days": [0]}]}, "quiet_hours", "1 (Monday)"),
            ({"quiet_hours": [NIGHT | {"days": []}]}, "quiet_hours", "leave it out"),
            ({"quiet_hours": [NIGHT | {"channels": ["email"]}]}, "quiet_hours[0].channels", "Unknown field"),
            ({"send_windows": [NIGHT | {"channels": ["pigeon"]}]}, "send_windows", "pigeon"),
            ({"frequencies": {"": "yearly"}}, "frequencies.", "not a valid choice"),
            ({"digest_at": "9"}, "digest_at", "09:00"),
            ({"digest_day": 8}, "digest_day", "Monday"),
            ({"policies": {"default": [{"channel": "pigeon", "after": 0}]}}, "policies", "pigeon"),
            ({"policies": {"default": [{"channel": "email", "after": -1}]}}, "policies", "whole seconds"),
            ({"policies": {"default": [{"channel": "email", "after": n} for n in (0, 1)]}}, "policies", "twice"),
            ({"choices": [OFF, OFF]}, "choices", "the same"),
            ({"choices": [OFF | {"category": "billing", "workflow": "x"}]}, "choices", "not both"),
            ({"choices": [OFF | {"category": "biling"}]}, "choices", "no such category: biling"),
            ({"choices": [OFF | {"workflow": "nope"}]}, "choices", "no such workflow: nope"),
            ({"choices": [OFF | {"channel": "apprise"}]}, "choices", "Known: email, inbox"),
            ({"snooze_until": "2020-01-01T00:00:00Z"}, "snooze_until", "over already"),
            ({"snooze_until": "2999-01-01T00:00:00Z"}, "snooze_until", "8 days"),
            ({"quiet": []}, "quiet", "Unknown field"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_written(
        self, as_bob: APIClient, billing: Category, said: dict[str, Any], field: str, words: str
    ) -> None:
        answer = as_bob.patch(URL, said | {"digest_day": said.get("digest_day", 3)}, format="json")

        assert answer.status_code == 400, answer.content
        (where, told), *_ = answer.json()["errors"].items()
        assert (where.startswith(field), words in told) == (True, True), answer.json()
        assert not Change.objects.across_tenants().exists()
        assert ok(as_bob.get(URL))["digest_day"] is None

    def test_the_browsers_zone_is_taken_where_none_is_known(self, as_bob: APIClient) -> None:
        first = ok(as_bob.patch(URL, {"zone_guess": "Asia/Kathmandu"}, format="json"))
        second = ok(as_bob.patch(URL, {"zone_guess": "Europe/Berlin"}, format="json"))
        ok(as_bob.patch(URL, {"zone_guess": "Mars/Olympus"}, format="json"))

        assert first["zone"] == second["zone"] == "Asia/Kathmandu"

    def test_a_server_has_no_preferences_of_its_own(self, acme: Tenant) -> None:
        assert with_key(api_key(acme, "admin")).get(URL).status_code == 403


class TestTwoTabs:
    def test_the_second_does_not_overwrite_what_it_has_not_seen(self, as_bob: APIClient) -> None:
        read = as_bob.get(URL).headers["ETag"]
        first = as_bob.patch(URL, {"digest_day": 3}, format="json", headers={"If-Match": read})

        second = as_bob.patch(URL, {"choices": [OFF]}, format="json", headers={"If-Match": read})

        assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "outdated")
        assert ok(as_bob.get(URL))["choices"] == []
        assert first.headers["ETag"] == as_bob.get(URL).headers["ETag"] != read

    def test_a_put_says_what_it_replaces(self, as_bob: APIClient) -> None:
        answer = as_bob.put(URL, {}, format="json")

        assert (answer.status_code, answer.json()["code"]) == (428, "if_match_needed")

    def test_the_same_again_is_the_same_state_and_no_change(self, as_bob: APIClient) -> None:
        tags = [as_bob.patch(URL, {"choices": [OFF]}, format="json").headers["ETag"] for _ in range(2)]

        assert tags[0] == tags[1]
        assert len(ok(as_bob.get(f"{URL}history/"))["results"]) == 1


class TestSnooze:
    def test_for_so_many_minutes_until_a_time_and_not_any_more(self, as_bob: APIClient) -> None:
        snooze, soon = f"{URL}snooze/", (db_now() + timedelta(days=1)).replace(microsecond=0)

        minutes = ok(as_bob.post(snooze, {"minutes": 30}, format="json"))["snooze_until"]
        until = ok(as_bob.post(snooze, {"until": soon.isoformat()}, format="json"))["snooze_until"]
        ended = ok(as_bob.post(snooze, {"until": None}, format="json"))["snooze_until"]

        assert (minutes is not None, until, ended) == (True, soon.isoformat().replace("+00:00", "Z"), None)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({}, "either"),
            ({"minutes": 1, "until": None}, "either"),
            ({"minutes": 0}, "greater than or equal"),
            ({"until": "2020-01-01T00:00:00Z"}, "over already"),
            ({"until": "2999-01-01T00:00:00Z"}, "8 days"),
        ],
    )
    def test_what_is_no_snooze_is_refused(self, as_bob: APIClient, said: dict[str, Any], words: str) -> None:
        answer = as_bob.post(f"{URL}snooze/", said, format="json")

        assert answer.status_code == 400
        assert words in " ".join(answer.json()["errors"].values())


class TestHistory:
    def test_it_says_who_when_from_where_and_what(self, as_bob: APIClient) -> None:
        as_bob.patch(URL, {"choices": [OFF]}, format="json", REMOTE_ADDR="192.0.2.7")
        as_bob.patch(URL, {"digest_day": 3, "choices": [OFF | {"wanted": None}]}, format="json")

        latest, first = ok(as_bob.get(f"{URL}history/"))["results"]

        assert (first["by"], first["via"], first["address"]) == ("Bob", "api", "192.0.2.7")
        width = {"workflow": "", "category": "", "channel": "email"}
        assert first["said"] == [{"what": "choice", **width, "before": None, "after": False}]
        assert latest["said"] == [
            {"what": "digest_day", "before": None, "after": 3},
            {"what": "choice", **width, "before": False, "after": None},
        ]

    def test_it_is_ones_own(self, as_bob: APIClient, as_alice: APIClient) -> None:
        as_bob.patch(URL, {"choices": [OFF]}, format="json")

        assert ok(as_alice.get(f"{URL}history/"))["results"] == []


class TestMatrix:
    def test_it_has_each_category_with_its_workflows_and_who_decides(
        self, as_bob: APIClient, bob: Recipient, billing: Category
    ) -> None:
        NoticeType.objects.all().delete()
        Category.objects.exclude(key="billing").delete()
        notice("invoice.due", billing)
        notice("alarm", critical=True, defaults={"email": False})
        notice("news", kinds=["email", "webhook"], defaults={"": False})
        Choice.objects.create(tenant=bob.tenant, recipient=bob, category="billing", kind="email", wanted=False)
        TenantChoice.objects.create(
            tenant=bob.tenant, category="billing", kind="inbox", wanted=True, locked=True, note="By law."
        )

        lines = ok(as_bob.get(f"{URL}matrix/"))["lines"]

        rows = {(line["workflow"], line["category"]): {one["channel"]: one for one in line["cells"]} for line in lines}
        assert list(rows) == [("", "billing"), ("invoice.due", "billing"), ("alarm", ""), ("news", "")]
        mail = rows["", "billing"]["email"]
        assert (mail["on"], mail["choice"], mail["rule"], mail["locked"]) == (False, False, "choice", False)
        below = rows["invoice.due", "billing"]
        assert (below["email"]["on"], below["email"]["choice"], below["email"]["width"]) == (
            False, None, "category_channel",
        )  # fmt: skip
        assert (below["inbox"]["locked"], below["inbox"]["note"], below["inbox"]["on"]) == (True, "By law.", True)
        assert (rows["alarm", ""]["email"]["on"], rows["alarm", ""]["email"]["rule"]) == (True, "critical")
        assert {name: one["rule"] for name, one in rows["news", ""].items()} == {"email": "workflow_default"}

    def test_a_tenants_own_workflow_and_category_come_before_the_shared(
        self, as_bob: APIClient, acme: Tenant, globex: Tenant, billing: Category
    ) -> None:
        NoticeType.objects.all().delete()
        Category.objects.exclude(key="billing").delete()
        notice("x", billing)
        notice("x", Category.objects.create(tenant=acme, key="billing", name="Invoices"), tenant=acme)
        notice("secret", Category.objects.create(tenant=globex, key="secret", name="Secret"), tenant=globex)

        lines = ok(as_bob.get(f"{URL}matrix/"))["lines"]

        assert [(line["workflow"], line["category"], line["name"]) for line in lines] == [
            ("", "billing", "Invoices"), ("x", "billing", "X"),
        ]  # fmt: skip

    def test_it_costs_as_many_queries_for_many_workflows_as_for_one(
        self, as_bob: APIClient, billing: Category, django_assert_max_num_queries: Any
    ) -> None:
        for n in range(30):
            notice(f"w{n}", billing)

        with django_assert_max_num_queries(10):
            ok(as_bob.get(f"{URL}matrix/"))


class TestExplain:
    def ask(self, client: APIClient, **said: Any) -> dict[str, Any]:
        told = ok(client.post(f"{URL}explain/", {"workflow": "invoice.due"} | said, format="json"))
        return {one["channel"]: one for one in told["channels"]}

    def test_it_says_until_when_it_would_be_held(self, bob: Recipient, as_bob: APIClient, billing: Category) -> None:
        notice("invoice.due", billing)
        Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(email="bob@acme.example", zone="Europe/Berlin")
        habits(bob, quiet_hours=[NIGHT])

        told = self.ask(as_bob, at="2026-01-14T21:30:00Z")

        mail = told["email"]
        assert (mail["answer"], mail["reason"], mail["rule"]) == ("hold", "quiet_hours", "quiet_hours")
        assert (mail["until"], mail["text"]) == ("2026-01-15T06:00:00Z", "You have quiet hours.")
        assert (told["inbox"]["answer"], told["inbox"]["rule"]) == ("send", "nothing")

    def test_a_tenants_quiet_hours_are_for_who_has_none(
        self, bob: Recipient, as_bob: APIClient, billing: Category
    ) -> None:
        notice("invoice.due", billing)
        Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(email="bob@acme.example")
        TenantHabits.objects.create(tenant=bob.tenant, quiet_hours=[{"start": "11:00", "end": "13:00"}])

        assert self.ask(as_bob, at=NOON.isoformat())["email"]["until"] == "2026-01-14T13:00:00Z"

    def test_it_knows_who_has_no_address_and_what_workflows_there_are(
        self, as_bob: APIClient, billing: Category
    ) -> None:
        notice("invoice.due", billing)

        assert self.ask(as_bob)["email"]["reason"] == "no_address"
        assert as_bob.post(f"{URL}explain/", {"workflow": "nope"}, format="json").status_code == 404

    def test_every_case_of_quiet_hours_holds(self, bob: Recipient, as_bob: APIClient, billing: Category) -> None:
        notice("invoice.due", billing)
        Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(email="bob@acme.example")
        told = []
        for zone, windows, now, _ in QUIET:
            ok(as_bob.patch(URL, {"zone": zone, "quiet_hours": windows}, format="json"))
            mail = self.ask(as_bob, at=f"{now}Z")["email"]
            told.append(Hold(datetime.fromisoformat(mail["until"]), mail["reason"]) if mail["until"] else Send())

        assert told == [answer for *_, answer in QUIET]

    def test_the_table_of_precedence_holds(self, billing: Category) -> None:
        tenants = Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name="T") for n in range(len(TABLE)))
        wrong = []
        for tenant, case in zip(tenants, TABLE, strict=True):
            (person,) = crowd(tenant, 1, email="p@example.com")
            defaults = {} if case.default is None else {"email": case.default}
            notice("invoice.due", billing, tenant=tenant, critical=case.critical, defaults=defaults)
            said_of(person, case)
            if case.suppressed:
                suppression.suppress("email", [person.email], tenant_id=tenant.pk, now=NOON)

            told = self.ask(widget(person))["email"]

            said = "send" if told["answer"] == "send" else told["reason"]
            if (said, told["rule"], told["width"] or "") != (case.answer, case.rule, case.width):
                wrong.append((str(case), told))

        assert wrong == []


def widget(person: Recipient) -> APIClient:
    """Signed in as somebody without a user of their own."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(person, key=None, now=db_now())[0]}")
    return client

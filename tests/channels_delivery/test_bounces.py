"""What reports say of an address: only who is gone, or wants no more, is not written to again."""

from typing import Any

import pytest

from channels_delivery.callbacks.bounces import is_about_address, is_complaint, meaning

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["550 5.1.1 <bob@acme.example>: user unknown"], True),
        (["550-5.1.1 The account does not exist.\n550 5.1.1 See 5.7.1."], True),
        (["smtp; 550 #5.1.10 RESOLVER.ADR.RecipientNotFound"], True),
        (["5.0.0", "550 5.1.2 no such host"], True),
        (["552 5.2.2 mailbox full"], False),
        (["550 5.7.1 Message rejected, see http://x/5.1.1"], False),
        (["5.1.8", "550 5.1.1"], False),
        (["553 5.1.7 bad sender"], False),
        (["452 4.2.2 mailbox full"], False),
        (["450 4.1.1 try again"], False),
        (["550 user unknown"], None),
        (["5.0.0", "550 refused by 192.5.1.1 and 5.1.1.7"], None),
        (["", None, 550], None),
    ],
)
def test_an_enhanced_code_says(words: list[Any], wanted: bool | None) -> None:
    assert is_about_address(*words) is wanted


def mailgun(reason: str, code: Any = None, enhanced: Any = None, **given: Any) -> dict[str, Any]:
    status = {"code": code, "enhanced-code": enhanced}
    return {
        "event-data": {"event": "failed", "severity": "permanent", "reason": reason, "delivery-status": status}
    } | given


def sparkpost(**given: Any) -> dict[str, Any]:
    return {"msys": {"message_event": given}}


@pytest.mark.parametrize(
    ("provider", "raw", "words", "wanted"),
    [
        ("mailgun", mailgun("bounce", 550, "5.1.1"), "", "bounced"),
        ("mailgun", mailgun("bounce", 554, "5.1.1"), "", "bounced"),
        ("mailgun", mailgun("bounce", 550), "No such mailbox", "bounced"),
        ("mailgun", mailgun("bounce", "553", ""), "", "bounced"),
        ("mailgun", mailgun("bounce", 550), "5.1.1 no such user", "bounced"),
        ("mailgun", mailgun("suppress-bounce", 550, "5.1.1"), "", "bounced"),
        ("mailgun", mailgun("suppress-bounce", 605), "Not delivering to previously bounced address", "failed"),
        ("mailgun", mailgun("suppress-unsubscribe", 606), "", "stopped"),
        ("mailgun", mailgun("suppress-complaint", 607), "", "complained"),
        ("mailgun", mailgun("old", 602), "Too old", "failed"),
        ("mailgun", mailgun("old", 550, "5.1.1"), "", "failed"),
        ("mailgun", mailgun("espblock", 550), "", "failed"),
        ("mailgun", mailgun("generic", 550, "5.1.1"), "", "failed"),
        ("mailgun", mailgun("bounce", 550, "5.7.1"), "", "failed"),
        ("mailgun", mailgun("bounce", 550), "550 5.7.1 blocked", "failed"),
        ("mailgun", mailgun("bounce", 552, "5.2.2"), "", "failed"),
        ("mailgun", mailgun("bounce", 552), "mailbox full", "failed"),
        ("mailgun", mailgun("bounce", 498), "", "failed"),
        ("mailgun", {"event-data": {"reason": "bounce", "delivery-status": None}}, "", "failed"),
        ("mailgun", {"event-data": []}, "", "failed"),
        ("postmark", {"Type": "HardBounce"}, "", "bounced"),
        ("postmark", {"Type": "HardBounce"}, "smtp;550 5.7.1 policy", "failed"),
        ("postmark", {"Type": "SoftBounce"}, "smtp;550 5.1.1 nobody", "failed"),
        ("brevo", {"event": "hard_bounce"}, "550 5.1.1 nobody", "bounced"),
        ("brevo", {"event": "hard_bounce"}, "552 5.2.2 full", "failed"),
        ("brevo", {"event": "soft_bounce"}, "", "failed"),
        ("sendgrid", {"type": "bounce", "status": "5.0.0"}, "550 nobody", "bounced"),
        ("sendgrid", {"type": "bounce", "status": "5.7.1"}, "550 no", "failed"),
        ("sendgrid", {"type": "blocked", "status": "5.1.1"}, "", "failed"),
        ("mailersend", {"type": "activity.hard_bounced"}, "", "bounced"),
        ("mailersend", {"type": "activity.hard_bounced"}, "552 5.2.2 full", "failed"),
        ("mailjet", {"hard_bounce": True, "error": "user unknown"}, "", "bounced"),
        ("mailjet", {"hard_bounce": True, "error": "quota exceeded"}, "", "failed"),
        ("mailjet", {"hard_bounce": True, "error": "policy issue"}, "", "failed"),
        ("mailjet", {"hard_bounce": False, "error": "user unknown"}, "", "failed"),
        ("sparkpost", sparkpost(bounce_class="30"), "", "bounced"),
        ("sparkpost", sparkpost(bounce_class="10"), "550 5.7.1 policy", "failed"),
        ("sparkpost", sparkpost(bounce_class="22"), "", "failed"),
        ("sparkpost", {"msys": {"message_event": None}}, "", "failed"),
    ],
    ids=str,
)
def test_a_report_means(provider: str, raw: dict[str, Any], words: str, wanted: str) -> None:
    assert meaning(provider, "bounced", raw, words) == wanted


def test_what_a_provider_calls_no_address_is_none_unless_the_receiver_says_otherwise() -> None:
    assert meaning("brevo", "invalid", {"event": "invalid_email"}, "") == "bounced"
    assert meaning("brevo", "invalid", {"event": "invalid_email"}, "550 5.7.1 policy") == "failed"


@pytest.mark.parametrize(
    ("kind", "wanted"), [("abuse", True), (None, True), ("not-spam", False), ("auth-failure", False)]
)
def test_feedback_that_a_mail_was_wanted_is_no_complaint(kind: str | None, wanted: bool) -> None:
    assert is_complaint(sparkpost(fbtype=kind)) is wanted

"""Which providers of mail there are, and what django-anymail calls the parts of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provider:
    """`name` is that of anymail's modules; `secrets` and `settings` say which of a channel's are which of anymail's
    options. `view` is the class that reads reports, `proof` its option for the channel's `webhook` secret: a signing
    key, or `webhook_secret`, a user and a password."""

    name: str
    view: str
    secrets: Mapping[str, str] = field(default_factory=lambda: {"api_key": "api_key"})
    settings: Mapping[str, str] = field(default_factory=dict)
    proof: str = "webhook_secret"

    @property
    def user_and_password(self) -> bool:
        return self.proof == "webhook_secret"


_ALL = (
    Provider("brevo", "BrevoTrackingWebhookView"),
    Provider("mailersend", "MailerSendTrackingWebhookView", secrets={"api_key": "api_token"}, proof="signing_secret"),
    Provider(
        "mailgun", "MailgunTrackingWebhookView", settings={"domain": "sender_domain"}, proof="webhook_signing_key"
    ),
    Provider("mailjet", "MailjetTrackingWebhookView", secrets={"api_key": "api_key", "secret_key": "secret_key"}),
    Provider("postmark", "PostmarkTrackingWebhookView", secrets={"api_key": "server_token"}),
    Provider("sendgrid", "SendGridTrackingWebhookView"),
    Provider("sparkpost", "SparkPostTrackingWebhookView"),
)
PROVIDERS: Mapping[str, Provider] = {one.name: one for one in _ALL}

"""Messages of Amazon SNS, believed when Amazon signed them and they are of the topic that the channel names.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

Anybody can have SNS post a message with a good signature here: so the topic has to be the channel's. The certificate
and the confirmation are asked for at Amazon's own hosts only, by our guarded client.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ..mail.server import TOPIC
from ..outbound.answer import Answer, OutboundError
from .event import WINDOW, Untrusted

Fetch = Callable[[str], Answer]

TRIES = timedelta(hours=1)
"""For so long SNS tells the same message again; its time is that of the first try."""

SECONDS = 5.0
_HOST = r"https://sns\.(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem", re.ASCII)
_CONFIRM = re.compile(_HOST + r"/\?[\x21-\x7e]{1,1500}", re.ASCII)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (*("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_HASHES = {"1": SHA1, "2": SHA256}


def asked(url: str) -> Answer:
    """By the site's guarded client."""
    from ..outbound.sync import site_client  # needs the extra `http`

    return site_client().get(url, headers={}, deadline=SECONDS)


def checked(body: bytes, *, topic: str, now: datetime, fetch: Fetch = asked) -> Mapping[str, str]:
    """The message, which is Amazon's, of this topic and not stale. Raises Untrusted."""
    said = _strings(body)
    match = TOPIC.fullmatch(topic)
    if match is None or said.get("TopicArn") != topic or said.get("Type") not in _SIGNED:
        raise Untrusted
    place = _CERTIFICATE.fullmatch(said.get("SigningCertURL", ""))
    if place is None or place["region"] != match["region"]:
        raise Untrusted
    _check_time(said, now)
    _check_signature(said, _key_of(place[0], fetch, now))
    return said


def confirm(said: Mapping[str, str], *, fetch: Fetch = asked) -> None:
    """Say yes to a subscription of the channel's own topic. Raises Untrusted for an address that is not Amazon's."""
    place, topic = _CONFIRM.fullmatch(said.get("SubscribeURL", "")), said["TopicArn"]
    if place is None or f":sns:{place['region']}:" not in topic:
        raise Untrusted
    wanted = {"Action": ["ConfirmSubscription"], "TopicArn": [topic], "Token": [said.get("Token", "")]}
    if parse_qs(urlsplit(place[0]).query, keep_blank_values=True) != wanted:
        raise Untrusted
    try:
        answer = fetch(place[0])
    except OutboundError as error:
        raise Untrusted from error
    if answer.status != 200:
        raise Untrusted


def _strings(body: bytes) -> dict[str, str]:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Untrusted from error
    if not isinstance(said, dict):
        raise Untrusted
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _check_time(said: Mapping[str, str], now: datetime) -> None:
    try:
        at = datetime.fromisoformat(said.get("Timestamp", ""))
    except ValueError as error:
        raise Untrusted from error
    if at.tzinfo is None or not now - TRIES <= at <= now + WINDOW:
        raise Untrusted


def _check_signature(said: Mapping[str, str], key: rsa.RSAPublicKey) -> None:
    text = "".join(f"{name}\n{said[name]}\n" for name in _SIGNED[said["Type"]] if name in said)
    try:
        signature = base64.b64decode(said.get("Signature", ""), validate=True)
        key.verify(signature, text.encode(), padding.PKCS1v15(), _HASHES[said.get("SignatureVersion", "")]())
    except (InvalidSignature, LookupError, ValueError) as error:
        raise Untrusted from error


def _key_of(url: str, fetch: Fetch, now: datetime) -> rsa.RSAPublicKey:
    """Of a certificate that is in force."""
    certificate = _certificate(url, fetch)
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Untrusted
    if not isinstance(key, rsa.RSAPublicKey):
        raise Untrusted
    return key


@lru_cache(maxsize=32)
def _certificate(url: str, fetch: Fetch) -> x509.Certificate:
    """Kept: its address is another when it is another. What failed is asked for again."""
    try:
        answer = fetch(url)
        if answer.status != 200 or answer.cut:
            raise Untrusted
        return x509.load_pem_x509_certificate(answer.body)
    except (OutboundError, ValueError) as error:
        raise Untrusted from error

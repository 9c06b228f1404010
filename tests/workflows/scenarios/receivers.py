"""Receivers: what does not arrive, is tried again, comes too late or is called back."""

from datetime import timedelta

from workflows.define import delay, send_email, send_inbox
from workflows.testing import Failure, cancel, fire

from .scenario import Scenario

MAIL = [send_email(title="M")]

SCENARIOS = [
    Scenario(
        "a hiccup costs half a minute",
        MAIL,
        ['0s a sent email "M"', '0s a retried email timeout "M" until 30s', '30s a delivered email "M"'],
        people=("a",),
        failures=[Failure(tries=1, code="timeout")],
    ),
    Scenario(
        "three retries and then no more",
        MAIL,
        ['0s a retried email network "M" until 30s', '30s a retried email network "M" until 2m30s',
         '2m30s a retried email network "M" until 12m30s', '12m30s a failed email network "M"'],
        people=("a",),
        failures=[Failure()],
        look=("retried", "failed"),
    ),
    Scenario(
        "what is permanent is not tried again",
        MAIL,
        ['0s a sent email "M"', '0s a failed email address "M"', '0s b sent email "M"'],
        people=("a", "b"),
        failures=[Failure(person="a", code="address", permanent=True)],
        look=("failed", "sent"),
    ),
    Scenario(
        "what would come too late is not sent",
        [send_email(title="M", expires_after=timedelta(minutes=2))],
        ['0s a retried email network "M" until 30s', '30s a failed email network "M"'],
        people=("a",),
        failures=[Failure()],
        look=("retried", "failed"),
    ),
    Scenario(
        "a cancel calls back what is tried again",
        MAIL,
        ["1m run-1 cancelled", '1m a failed email network "M"'],
        people=("a",),
        events=[fire(), cancel(minutes=1)],
        failures=[Failure()],
        look=("cancelled", "failed"),
    ),
    Scenario(
        "a walk does not wait for a message",
        [send_email(title="M"), delay(minutes=1), send_inbox(title="I")],
        ['0s a sent email "M"', '1m a sent inbox "I"', '12m30s a failed email network "M"'],
        people=("a",),
        failures=[Failure()],
        look=("sent", "failed"),
    ),
]  # fmt: skip

"""What a mail server's no means, as a table."""

import pytest

from channels_delivery.mail.replies import Reply, Stage, failure, redacted
from channels_delivery.outcome import Permanent, Temporary

pytestmark = pytest.mark.once
RCPT, CONTENT = Stage.RECIPIENT, Stage.CONTENT


@pytest.mark.parametrize("code", [421, 430, 450, 451, 452, 454, 455, 499])
@pytest.mark.parametrize("stage", Stage)
def test_four_hundreds_are_tried_again(code: int, stage: Stage) -> None:
    assert isinstance(failure(Reply(code, "4.7.0 later"), stage), Temporary)


@pytest.mark.parametrize("code", [500, 503, 521, 530, 534, 535, 550, 551, 552, 553, 554, 555])
@pytest.mark.parametrize("stage", Stage)
def test_five_hundreds_are_not(code: int, stage: Stage) -> None:
    assert isinstance(failure(Reply(code, "no"), stage), Permanent)


@pytest.mark.parametrize("code", [111, 354, 251, 600])
def test_what_makes_no_sense_here_is_tried_again(code: int) -> None:
    assert failure(Reply(code, "what"), RCPT) == Temporary("provider", f"{code} what")


@pytest.mark.parametrize(
    ("code", "text", "stage", "expected", "suppress"),
    [
        (550, "5.1.1 nobody", RCPT, "address", True),
        (550, "5.1.0 bad", RCPT, "address", True),
        (550, "5.1.10 null MX", RCPT, "address", True),
        (553, "5.1.3 syntax", CONTENT, "address", True),
        (550, "5.1.8 your domain", RCPT, "config", False),
        (550, "5.1.7 your address", RCPT, "config", False),
        (550, "5.1.8 your domain", Stage.SENDER, "config", False),
        (550, "5.1.1 you", Stage.SENDER, "config", False),
        (550, "nobody", RCPT, "address", False),
        (550, "<a@b> 5.1.1 nobody", RCPT, "address", False),
        (550, "5.2.1 closed", RCPT, "address", False),
        (552, "5.2.2 full", RCPT, "address", False),
        (552, "5.2.3 large", CONTENT, "content", False),
        (552, "5.3.4 large", Stage.SENDER, "content", False),
        (552, "large", CONTENT, "content", False),
        (550, "5.4.1 denied", RCPT, "address", False),
        (550, "5.7.1 policy", RCPT, "provider", False),
        (554, "5.7.1 spam", CONTENT, "provider", False),
        (554, "5.6.0 bytes", CONTENT, "content", False),
        (554, "no", CONTENT, "content", False),
        (530, "5.7.0 sign in", Stage.SENDER, "auth", False),
        (535, "5.7.8 wrong", Stage.AUTH, "auth", False),
        (504, "5.5.4 no such way", Stage.AUTH, "auth", False),
        (454, "4.7.0 not now", Stage.AUTH, "auth", False),
        (450, "4.2.0 greylisted", RCPT, "address", False),
        (451, "4.7.1 greylisted", RCPT, "address", False),
        (452, "4.2.2 full", RCPT, "address", False),
        (452, "4.5.3 too many", RCPT, "provider", False),
        (451, "4.3.0 trouble", RCPT, "provider", False),
        (421, "leaving", RCPT, "provider", False),
        (451, "trouble", CONTENT, "provider", False),
    ],
)
def test_each_no_has_a_code(code: int, text: str, stage: Stage, expected: str, suppress: bool) -> None:
    outcome = failure(Reply(code, text), stage)

    assert not hasattr(outcome, "retry_after") or isinstance(outcome, Temporary)
    assert isinstance(outcome, Permanent | Temporary)
    assert outcome.code == expected
    assert getattr(outcome, "suppress", False) is suppress
    assert getattr(outcome, "disable", False) is (isinstance(outcome, Permanent) and expected == "auth")


def test_a_long_answer_is_cut_and_secrets_are_taken_out() -> None:
    assert len(failure(Reply(550, "x" * 9_000), RCPT).detail) == 1_000
    assert redacted("you said hunter2, aHVudGVyMg== twice", "hunter2", "") == "you said ***, *** twice"

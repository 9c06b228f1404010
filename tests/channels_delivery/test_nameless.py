"""What servers say of an address, without the address."""

import time

import pytest

from channels_delivery.nameless import nameless

BOB, NUMBER = "bob@acme.example", "+4915112345678"


@pytest.mark.parametrize(
    ("said", "address", "kept"),
    [
        ("550 5.1.1 <bob@acme.example>: User unknown", BOB, "550 5.1.1 <…>: User unknown"),
        ("550 5.1.1 Bob@ACME.example... User unknown", BOB, "550 5.1.1 … User unknown"),
        ("smtp; 550 rfc822;bob@acme.example gone", BOB, "smtp; 550 rfc822;… gone"),
        ("forwarded to robert+x@home.example", BOB, "forwarded to …"),
        ("jane@xn--bcher-kva.example", "jane@bücher.example", "…"),
        ("no jürgen@bücher.example here", "jürgen@bücher.example", "no … here"),
        ("unsubscribe?to=bob%40acme.example&x", BOB, "…"),
        ("HTTP 400 21211 The number +4915112345678 is not valid", NUMBER, "HTTP 400 21211 The number … is not valid"),
        ("HTTP 400 21614 4915112345678 is no mobile", NUMBER, "HTTP 400 21614 … is no mobile"),
        ("+49 (151) 123-45678, 0151 12345678", NUMBER, "…, …"),
        ("To=%2B4915112345678", NUMBER, "To=…"),
        ("STOP: HTTP 400 21610", NUMBER, "STOP: HTTP 400 21610"),
        ("552 5.2.2 Mailbox full (1024 of 1000)", BOB, "552 5.2.2 Mailbox full (1024 of 1000)"),
        ("legal: court order of 2026-03-01", BOB, "legal: court order of 2026-03-01"),
        ("a word about an a", "a", "… word about an …"),
        ("", BOB, ""),
        ("complained", "", "complained"),
    ],
)
def test_no_address_stays_in_the_words(said: str, address: str, kept: str) -> None:
    assert nameless(said, address=address) == kept


@pytest.mark.parametrize("said", ["a" * 4_000, "1 " * 2_000, "a@" * 2_000, "+1(" * 1_300, "0." * 2_000])
def test_whatever_is_said_it_is_read_at_once(said: str) -> None:
    begun = time.process_time()

    nameless(said, address=BOB)

    assert time.process_time() - begun < 0.2

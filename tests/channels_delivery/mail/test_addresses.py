"""One address, and nothing else."""

import pytest

from channels_delivery.mail.addresses import mailbox

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "wire", "utf8"),
    [
        ("bob@acme.example", "bob@acme.example", False),
        ("Bob.O'Neil+tag@ACME.Example", "Bob.O'Neil+tag@acme.example", False),
        ("a@localhost", "a@localhost", False),
        ("a@straße.example", "a@xn--strae-oqa.example", False),
        ("a@xn--strae-oqa.example", "a@xn--strae-oqa.example", False),
        ("a@例え.example", "a@xn--r8jz45g.example", False),
        ("zoë@acme.example", "zoë@acme.example", True),
        ("用户@例え.example", "用户@xn--r8jz45g.example", True),
        (f"{'a' * 64}@acme.example", f"{'a' * 64}@acme.example", False),
    ],
)
def test_an_address_is_read_into_what_goes_over_the_wire(text: str, wire: str, utf8: bool) -> None:
    box = mailbox(text)

    assert (str(box), box.utf8) == (wire, utf8)


@pytest.mark.parametrize(
    "text",
    ["", "@", "bob", "bob@", "@acme.example", "a..b@acme.example", ".a@acme.example", "a.@acme.example",
     "a b@acme.example", '"a b"@acme.example', "a@b@acme.example", "a@acme", "a@acme..example", "a@-acme.example",
     "a@acme.example.", "a@acme.1", "a@[127.0.0.1]", "a@acme_x.example", "bob@acme.example\n", "bob\n@acme.example",
     "\u200bbob@acme.example", "bob\u202e@acme.example", "bob@acme\u2028.example", "a@\u200b.example",
     "\ud800@acme.example", f"{'a' * 65}@acme.example", f"{'ä' * 33}@acme.example", f"a@{'b' * 64}.example",
     f"a@{'b.' * 130}example", "mailto:a@acme.example ", "<a@acme.example>"],
)  # fmt: skip
def test_whatever_is_not_plainly_one_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        mailbox(text)

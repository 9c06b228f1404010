"""One letter by SMTP: what a real server sees, and what its answers do."""

import pytest

from channels_delivery.outcome import Accepted
from tests.channels_delivery.mail_server import MailServer

from .letters import outlet, parcel, send

pytestmark = pytest.mark.once


def test_a_letter_arrives_with_exactly_these_headers(server: MailServer) -> None:
    one = parcel("zoë@acme.example", parts={"subject": "Größe", "text": "hé", "html": "<p>hé</p>"})
    way = outlet(server, from_name='Acme "Ship" Dept', reply_to="help@acme.example")

    assert isinstance(send(one, by=way)[0], Accepted)

    [got] = server.got
    message = got.message
    assert (got.mail_from, got.rcpt_tos) == ("news@acme.example", ["zoë@acme.example"])
    assert message.keys() == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type",
    ]  # fmt: skip
    assert message["From"] == '"Acme \\"Ship\\" Dept" <news@acme.example>'
    assert (message["Subject"], message["Reply-To"]) == ("Größe", "help@acme.example")
    assert message["Message-ID"] == f"<{one.stable_id.hex}@acme.example>"
    assert [part.get_content().strip() for part in message.iter_parts()] == ["hé", "<p>hé</p>"]

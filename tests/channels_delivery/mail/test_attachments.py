"""Files by reference: read when a letter is sent."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from channels_delivery.mail import attachments
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from tests.channels_delivery.mail_server import MailServer

from .letters import outlet, send_one

pytestmark = pytest.mark.once


class Away(Storage):
    """A storage elsewhere that cannot be reached."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        raise ConnectionResetError("bucket key-of-the-site")


@pytest.fixture
def files(settings: Any) -> Any:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "away": {"BACKEND": f"{__name__}.Away"},
    }
    storages["default"].save("reports/7.pdf", ContentFile(b"%PDF-1.7"))
    return storages["default"]


def test_a_file_goes_with_the_letter(files: Any, server: MailServer) -> None:
    reference = {"name": "reports/7.pdf", "filename": "Bericht Größe.pdf", "content_type": "application/pdf"}

    assert isinstance(send_one(outlet(server), attachments=[reference, {"name": "reports/7.pdf"}]), Accepted)

    found = list(server.got[0].message.iter_attachments())
    assert [one.get_filename() for one in found] == ["Bericht Größe.pdf", "7.pdf"]
    assert [one.get_content_type() for one in found] == ["application/pdf"] * 2
    assert [one.get_content() for one in found] == [b"%PDF-1.7"] * 2


MISSING = Permanent("content", "The attachment “8.pdf” is missing.")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"name": "reports/8.pdf"}, MISSING),
        ({"name": "../../etc/8.pdf"}, MISSING),
        ({"name": "reports/7.pdf", "storage": "none"}, Permanent("config", "There is no storage “none”.")),
        (
            {"name": "reports/7.pdf", "filename": "a\r\nb"},
            Permanent("content", "An attachment has no usable file name."),
        ),
        ({"name": ""}, Permanent("content", "An attachment has no usable file name.")),
        (
            {"name": "8.pdf", "storage": "away"},
            Temporary("provider", "The attachment “8.pdf” could not be read. (ConnectionResetError)"),
        ),
    ],
)
def test_one_that_cannot_be_sent_ends_the_letter_with_its_reason(
    files: Any, server: MailServer, reference: dict[str, str], expected: Outcome
) -> None:
    assert send_one(outlet(server), attachments=[reference]) == expected
    assert server.connections == 0


def test_all_files_together_have_a_limit(files: Any, server: MailServer) -> None:
    half = attachments.TOTAL_MAX // 2
    files.save("half", ContentFile(b"x" * half))
    files.save("half and one", ContentFile(b"x" * (half + 1)))

    too_large = send_one(outlet(server), attachments=[{"name": "half"}, {"name": "half and one"}])

    assert too_large == Permanent("content", "The attachments are larger than 20 MB in all.")
    assert isinstance(send_one(outlet(server), attachments=[{"name": "half"}, {"name": "half"}], deadline=20), Accepted)

"""Connections that are not HTTP: a name is judged before DNS is asked, and each address before it is dialled."""

import asyncio
import ssl

import pytest

from channels_delivery.outbound.answer import Code, OutboundError
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.streams import Dialler, connect_to_own

from .certificates import Authority
from .servers import Canary, Receiver

pytestmark = pytest.mark.once


def connect(rules: Rules, host: str, port: int, *answers: str) -> tuple[OutboundError | None, list[str]]:
    """What came of it, and which names DNS was asked for."""
    asked: list[str] = []

    def lookup(name: str, _: int) -> tuple[str, ...]:
        asked.append(name)
        return answers

    async def run() -> OutboundError | None:
        dialler = Dialler(rules, lookup=lookup)
        try:
            made = await dialler.connect(Quiet, host, port, tenant=1, tls=None)
            made.transport.close()
        except OutboundError as error:
            return error
        finally:
            dialler.close()
        return None

    return asyncio.run(run()), asked


class Quiet(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "::1"]]
)
def test_a_name_that_leads_to_this_machine_is_refused(answers: list[str]) -> None:
    canary = Canary()
    rules = Rules.of(ports=[canary.port], origins=[f"smtp://127.0.0.1:{canary.port}"]).mail

    error, _ = connect(rules, "mail.acme.example", canary.port, *answers)

    assert error is not None
    assert (error.code, canary.visitors()) == (Code.REFUSED, 0)
    canary.close()


@pytest.mark.parametrize(
    "host", ["metadata.google.internal", "mail.internal", "mailhost", "127.1", "0x7f.1", "localhost"]
)
def test_dns_is_not_asked_for_a_name_that_is_refused(host: str) -> None:
    error, asked = connect(Rules().mail, host, 25, "127.0.0.1")

    assert error is not None
    assert (error.code, asked) == (Code.REFUSED, [])


def test_one_dead_address_leaves_the_next() -> None:
    with Receiver(b"", read=False) as receiver:
        rules = Rules.of(origins=[f"smtp://localhost:{receiver.port}"]).mail

        error, asked = connect(rules, "localhost", receiver.port, "::1", "127.0.0.1")

        assert (error, asked) == (None, ["localhost"])


def test_the_sites_own_server_may_be_here_and_has_to_prove_its_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    trust = ssl.create_default_context(cafile=str(authority.file))

    async def run(host: str, port: int) -> None:
        made = await connect_to_own(Quiet, host, port, tls=trust)
        made.transport.close()

    with Receiver(b"", read=False, tls=authority.server("localhost")) as receiver:
        asyncio.run(run("localhost", receiver.port))
        with pytest.raises(OutboundError) as refused:
            asyncio.run(run("127.0.0.1", receiver.port))
    assert refused.value.code == Code.TLS

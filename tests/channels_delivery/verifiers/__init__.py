"""How receivers verify our webhooks and cards: the packages that they would use, from PyPI and npm, and nothing of
ours."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import standardwebhooks
import svix.webhooks

HERE = Path(__file__).resolve().parent

Verify = Callable[[str, Mapping[str, str], bytes], str]
"""(secret, header fields, body): nothing when it is genuine, otherwise why it is not."""


def by_standardwebhooks(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    return _refusal(lambda: standardwebhooks.Webhook(secret).verify(body, dict(headers)))


def by_svix(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    return _refusal(lambda: svix.webhooks.Webhook(secret).verify(body, dict(headers)))


PYPI: dict[str, Verify] = {"standardwebhooks": by_standardwebhooks, "svix": by_svix}


def _refusal(verify: Callable[[], object]) -> str:
    try:
        verify()
    except standardwebhooks.WebhookVerificationError as error:
        return str(error) or "refused"
    return ""


@contextmanager
def npm(node: str) -> Iterator[Mapping[str, Verify]]:
    """The packages of the same names, in one Node process."""
    command = [node, str(HERE / "verify.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE) as process:
        asks, answers = process.stdin, process.stdout
        assert asks
        assert answers

        def by(package: str) -> Verify:
            def verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
                case = {"package": package, "secret": secret, "headers": dict(headers)}
                asks.write(json.dumps({**case, "body": base64.b64encode(body).decode()}) + "\n")
                asks.flush()
                return str(json.loads(answers.readline()))

            return verify

        yield {name: by(name) for name in PYPI}
        asks.close()


@contextmanager
def adaptive_cards(node: str) -> Iterator[Callable[[object], list[str]]]:
    """What Microsoft's own library has against a card: nothing, or sentences."""
    command = [node, str(HERE / "cards.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE) as process:
        asks, answers = process.stdin, process.stdout
        assert asks
        assert answers

        def judge(card: object) -> list[str]:
            asks.write(json.dumps(card) + "\n")
            asks.flush()
            return list(json.loads(answers.readline()))

        yield judge
        asks.close()

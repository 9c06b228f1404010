"""The other end of `client.Process`: one JSON request a line on stdin, one answer a line on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def serve(verbs: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answer until stdin ends. A request names its verb in `do`; the rest are the verb's arguments."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever prints must not break the protocol
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = verbs[request.pop("do")](**request)
        except Exception as error:  # the other side shows it and stops
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)

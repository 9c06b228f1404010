"""JSON as we accept it: UTF-8, finite numbers, bounded size and depth, no text that a database cannot hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from ..kernel.storable import STRANGE, is_storable

BODY_MAX, BULK_BODY_MAX = 576 * 1024, 8 * 1024 * 1024
"""Bytes of a request: a payload of 512 KB and what stands around it; a thousand triggers or people."""

DEPTH_MAX, ELEMENTS_MAX = 40, 250_000
"""Of a whole body. What a payload may have is less, and checked by itself."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


class TooLarge(APIException):
    status_code = 413
    default_detail = "The request is too large."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = parser_context["request"] if parser_context else None
        if request is not None and request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            raise ParseError("Send the body as it is, without a Content-Encoding.")
        longest = getattr((parser_context or {}).get("view"), "body_max", BODY_MAX)
        raw = stream.read(longest + 1)
        if len(raw) > longest:
            raise TooLarge(f"The request is larger than {longest} bytes.")
        try:
            text = raw.decode("utf-8")
            _check_shape(text)
            value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
            if "\\u" in text:  # only an escape can spell what UTF-8 cannot
                _check_texts(value)
            return value
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON that we accept: {error}") from error


def _check_shape(text: str) -> None:
    """Before parsing, which could take a hundred times the memory of the text: brackets and commas outside strings."""
    if text.count(",") + text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    bare = _STRING.sub("", text)
    if bare.count(",") + bare.count("[") + bare.count("{") > ELEMENTS_MAX:
        raise TooLarge(f"The request has more than {ELEMENTS_MAX} elements.")
    depth = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket in "[{" else -1
        if depth > DEPTH_MAX:
            raise ValueError(f"it is nested deeper than {DEPTH_MAX} levels")


def _check_texts(value: Any) -> None:
    if isinstance(value, str) and not is_storable(value):
        raise ValueError(f"it {STRANGE}")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name)
            _check_texts(inner)
    if isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value

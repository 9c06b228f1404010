"""Why a verb on channels and deliveries was refused: each with the HTTP status it means, and what to do in words."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """`code` for programs, `detail` for people, `errors` by field. Nothing was written."""

    status = 400
    code = "invalid"
    title = "The request cannot be carried out"
    retry_after: int | None = None

    def __init__(self, detail: str, *, code: str = "", errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail, self.code, self.errors = detail, code or type(self).code, dict(errors or {})


class Invalid(Refused):
    """Some fields are wrong; `errors` says which and what to do."""

    title = "Bad Request"


class NameTaken(Refused):
    status, code, title = 409, "name_taken", "Another channel has this name"


class TooMany(Refused):
    """A limit is reached. `retry_after`: seconds until there is room again."""

    status, code, title = 429, "too_many", "Too many"

    def __init__(self, detail: str, *, code: str = "", retry_after: int) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class NotFound(Refused):
    status, code, title = 404, "not_found", "There is no such thing"


class NotNow(Refused):
    """It cannot be done in the state that the row is in."""

    status, code, title = 409, "not_now", "Not in this state"

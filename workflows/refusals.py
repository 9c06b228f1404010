"""Why a call was refused: each with the HTTP status it means, a code for programs, and what to do in words."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """`code` for programs, `detail` for people, `errors` by field or name. Nothing was written."""

    status = 400
    code = "bad_request"
    title = "The request cannot be carried out"

    def __init__(self, detail: str, *, code: str = "", errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail, self.code, self.errors = detail, code or type(self).code, dict(errors or {})


class BadRequest(Refused):
    """Something in the call is wrong; `errors` says where."""


class NotAllowed(Refused):
    """The credential does not reach that far; `errors` says for what."""

    status, code, title = 403, "scope_missing", "The credential does not have the scope for this"


class UnknownWorkflow(Refused):
    status, code, title = 404, "unknown_workflow", "No such workflow"


class UnknownTenant(Refused):
    status, code, title = 400, "unknown_tenant", "No such tenant"


class InProgress(Refused):
    """Try the same call again in a second."""

    status, code, title = 409, "in_progress", "The same request is being carried out"


class TransactionIdTaken(Refused):
    status, code, title = 409, "transaction_id_taken", "The transaction id names another run"


class KeyReused(Refused):
    status, code, title = 422, "idempotency_key_reused", "The idempotency key was used for another request"


class Looped(Refused):
    """It was caused by itself, or stands behind too many that caused one another; `detail` says by which way."""

    status, code, title = 409, "loop", "Workflows must not cause themselves"


class TooMuch(Refused):
    """It would take more than is given for it; `detail` says what to ask less of."""

    status, code, title = 422, "too_much", "This is more than can be simulated"


class Busy(Refused):
    """Try again in a moment."""

    status, code, title = 429, "busy", "Too much of this is going on"
    retry_after = 2


class UnknownRun(Refused):
    status, code, title = 404, "unknown_run", "No such run"


class Invalid(BadRequest):
    """What was written is not usable as it is; `errors` says by field what is wrong."""

    code, title = "invalid", "Bad Request"


class Unknown(Refused):
    """There is nothing of that name in this tenant."""

    status, code, title = 404, "not_found", "Not Found"


class Taken(Refused):
    """There is one of that name already."""

    status, code, title = 409, "taken", "There is one of that name"


class NotNow(Refused):
    """It cannot be done in the state that the row is in."""

    status, code, title = 409, "not_now", "Not in this state"


class NotTold(Refused):
    status, code, title = 404, "not_told", "The run is not for this person"

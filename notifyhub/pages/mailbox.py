"""The mailbox: the mail that this process would have sent, as its readers would find it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from channels_delivery.following import Origin, origins
from notifications.models import Tenant
from notifications.web.clock import zone_of
from notifyhub.csp import HEADER
from notifyhub.mailbox import BOX, Letter, Mail

from .access import for_watchers
from .traces import run_of
from .wording import workflow_in_words

SHOWN = 100
PARTS = ("html", "text", "headers", "source")
SOURCE_SHOWN = 200_000

# A mail is a stranger's page: no scripts, no forms, nothing from elsewhere, and no access to ours. Its links open in a
# new tab. Sandboxed twice, so that it stays so when somebody opens the address of the frame itself.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
FRAME_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'; "
    f"base-uri 'none'; form-action 'none'; sandbox {SANDBOX}"
)


@dataclass(frozen=True)
class Line:
    """A mail in the list, with where it came from if that can be told."""

    mail: Mail
    origin: Origin | None
    workflow: str


@never_cache
@require_safe
@for_watchers
def page(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    lines = visible(tenant)
    context = {"lines": lines[:SHOWN], "more": max(len(lines) - SHOWN, 0), "state": _state(lines), "tenant": tenant}
    return render(request, "mailbox/mailbox.html", context)


@never_cache
@require_safe
@for_watchers
def state(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """The list in a word; while it stays the same there is nothing new to show."""
    return HttpResponse(_state(visible(tenant)), content_type="application/json")


@never_cache
@require_safe
@for_watchers
def message(request: HttpRequest, tenant: Tenant | None, mail_id: UUID) -> HttpResponse:
    line = _line(tenant, mail_id)
    letter = line.mail.open()
    parts = [name for name in PARTS if _has(letter, name)]
    part = request.GET.get("part", "")
    context = {
        "line": line,
        "letter": letter,
        "parts": [(name, _label(name)) for name in parts],
        "part": part if part in parts else parts[0],
        "source": line.mail.raw[:SOURCE_SHOWN].decode("utf-8", "replace"),
        "attachments": [(n, one, len(one.content)) for n, one in enumerate(letter.attachments)],
        "run": run_of(line.origin) if tenant else None,
        "sandbox": SANDBOX,
        "zone": zone_of(request),
    }
    return render(request, "mailbox/message.html", context)


@never_cache
@require_safe
@xframe_options_sameorigin
@for_watchers
def html(request: HttpRequest, tenant: Tenant | None, mail_id: UUID) -> HttpResponse:
    """The HTML of a mail as it came, for a frame."""
    letter = _line(tenant, mail_id).mail.open()
    response = HttpResponse(f'<!doctype html><base target="_blank">{letter.html}')
    response.headers[HEADER] = FRAME_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
@for_watchers
def attachment(request: HttpRequest, tenant: Tenant | None, mail_id: UUID, number: int) -> HttpResponse:
    """An attachment, to keep: never opened inside our pages."""
    found = _line(tenant, mail_id).mail.open().attachments
    if number >= len(found):
        raise Http404(_("There is no such attachment."))
    response = HttpResponse(found[number].content, content_type="application/octet-stream")
    name = found[number].name or _("attachment")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response.headers[HEADER] = "default-src 'none'; sandbox"
    return response


@require_POST
@for_watchers
def clear(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """Throw away what this person can see; what is of others stays."""
    seen = {line.mail.id for line in visible(tenant)}
    count = BOX.drop(lambda mail: mail.id in seen)
    messages.success(request, ngettext("%(n)d mail is gone.", "%(n)d mails are gone.", count) % {"n": count})
    return redirect("mailbox")


def visible(tenant: Tenant | None) -> list[Line]:
    """The mail of this tenant, newest first: what came from its own deliveries. None: all there is."""
    mails = BOX.newest_first()
    ids = {mail.delivery for mail in mails if mail.delivery}
    found = origins(ids, tenant_id=tenant.pk if tenant else None) if ids else {}
    lines = [_of(mail, found.get(mail.delivery) if mail.delivery else None) for mail in mails]
    return [line for line in lines if tenant is None or line.origin is not None]


def by_delivery(tenant: Tenant) -> dict[UUID, Mail]:
    """The newest mail of each delivery of this tenant, by its stable id."""
    return {line.mail.delivery: line.mail for line in reversed(visible(tenant)) if line.mail.delivery}


def _of(mail: Mail, origin: Origin | None) -> Line:
    return Line(mail, origin, workflow_in_words(origin.workflow) if origin else "")


def _line(tenant: Tenant | None, mail_id: UUID) -> Line:
    line = next((line for line in visible(tenant) if line.mail.id == mail_id), None)
    if line is None:
        raise Http404(_("This mail is not here. The mailbox keeps the newest, and forgets them when the site stops."))
    return line


def _state(lines: Sequence[Line]) -> str:
    newest = str(lines[0].mail.id) if lines else ""
    return JsonResponse({"mails": len(lines), "newest": newest}).content.decode()


def _has(letter: Letter, part: str) -> bool:
    match part:
        case "html":
            return bool(letter.html)
        case "text":
            return bool(letter.text) or not letter.html
        case _:
            return True


def _label(part: str) -> str:
    return {"html": _("HTML"), "text": _("Text"), "headers": _("Headers"), "source": _("Source")}[part]

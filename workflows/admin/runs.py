"""Runs: how far each is, who was told and who was not and why; and cancelling."""

from __future__ import annotations

import json

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, ReadOnly, TenantAdmin

from ..models import Run
from ..reasons import in_words
from ..retract import cancel
from ..runs import Person, people, progress

SHOWN = 50
ID_SHOWN = 12


def _became(one: Person) -> str:
    sent = [f"{message.kind} {message.state}" for message in one.deliveries]
    why = in_words(one.reason) if one.reason else ""
    return ", ".join(filter(None, [one.state, *sent, why])) or _("on the way")


@admin.register(Run)
class RunPage(ReadOnly, TenantAdmin):
    list_display = ("workflow", "short_id", "state", "people", "tenant", "created_at", "finished_at")
    list_filter = (("tenant", OwnFilter), "status", "workflow")
    search_fields = ("transaction_id", "workflow")
    fields = (
        "workflow",
        "transaction_id",
        "state",
        "error",
        "tenant",
        "definition",
        "created_at",
        "start_at",
        "finished_at",
        "cancelled_at",
        "retracted_at",
        "so_far",
        "told",
        "said",
    )
    readonly_fields = fields
    actions = ("cancel_runs",)

    @admin.display(description=gettext_lazy("transaction id"), ordering="transaction_id")
    def short_id(self, run: Run) -> SafeString:
        """Its end, by which runs differ; all of it under the pointer, and on the page of the run."""
        whole = run.transaction_id
        return format_html(
            '<code title="{}">{}</code>', whole, f"…{whole[-ID_SHOWN:]}" if len(whole) > ID_SHOWN else whole
        )

    @admin.display(description=gettext_lazy("status"))
    def state(self, run: Run) -> str:
        return run.shown_status

    @admin.display(description=gettext_lazy("progress"))
    def so_far(self, run: Run) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(progress(run).to_json(), indent=2))

    @admin.display(description=gettext_lazy("people"))
    def told(self, run: Run) -> SafeString:
        rows = [(str(one.recipient), _became(one), one.detail) for one in people(run, limit=SHOWN)]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {} <small>{}</small></li>", rows))

    @admin.display(description=gettext_lazy("payload"))
    def said(self, run: Run) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(run.payload, indent=2, ensure_ascii=False))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a run, but who may change runs may cancel them."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    @admin.action(description=gettext_lazy("Cancel the selected runs"), permissions=["cancel"])
    def cancel_runs(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        answers = [cancel(run.transaction_id, tenant=run.tenant) for run in queryset]
        stopped, late = sum(one.cancelled for one in answers), sum(one.too_late for one in answers)
        told = _("Stopped on their way: %(stopped)d people; already told, items withdrawn: %(late)d.")
        self.message_user(request, told % {"stopped": stopped, "late": late})

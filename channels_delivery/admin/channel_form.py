"""The form of a channel, made for its kind: settings and secrets from the backend's schemas, workflows to tick."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

from notifications.models import Tenant

from .. import channels
from ..backend import Backend
from ..models import Channel
from ..refusals import Invalid
from .schema_fields import as_secret, fields_of, is_empty, secret_fields_of

SETTING, SECRET, REMOVE = "setting_", "secret_", "remove_"


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Channel]
else:
    _ModelForm = forms.ModelForm


class ChannelForm(_ModelForm):
    """Subclassed for each kind by `form_for`. `said` is what the verbs take."""

    backend: Backend
    channel: Channel | None = None
    held: frozenset[str] = frozenset()
    """The names of the secrets that are there."""

    class Meta:
        model = Channel
        fields = ("tenant", "name", "position", "workflows")

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        if order := self.fields.get("position"):
            order.required = False
            order.help_text = _("Of several ways to people the lowest comes first; the next takes what it cannot send.")
        if self.channel is not None:
            for name, value in self.channel.settings.items():
                if (field := SETTING + name) in self.fields:
                    self.initial[field] = value

    @property
    def said(self) -> dict[str, Any]:
        clean = self.cleaned_data
        settings = {name: clean.get(SETTING + name) for name in fields_of(self.backend.settings_schema)}
        return {
            "name": clean.get("name", ""),
            "settings": {name: value for name, value in settings.items() if not is_empty(value)},
            "secrets": self._secrets(),
            "workflows": clean.get("workflows", []),
            "position": clean.get("position") or 0,
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        tenant = self.channel.tenant if self.channel else self.cleaned_data.get("tenant")
        if tenant is None or self.errors:
            return self.cleaned_data
        try:
            channels.look_over(tenant, self.backend.kind, channel=self.channel, **self.said)
        except Invalid as error:
            for where, words in error.errors.items():
                self._blame(where, words)
        others = Channel.objects.filter(tenant=tenant, name=self.said["name"].strip())
        if others.exclude(pk=self.channel.pk if self.channel else 0).exists():
            self.add_error("name", _("Another channel of this tenant has this name; choose another."))
        return self.cleaned_data

    def _secrets(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, schema in self.backend.secrets_schema.get("properties", {}).items():
            if self.cleaned_data.get(REMOVE + name):
                found[name] = None
            if typed := self.cleaned_data.get(SECRET + name, "").strip():
                found[name] = as_secret(typed, schema)
        return found

    def _blame(self, where: str, words: str) -> None:
        """Put what is wrong at `settings.headers.X-Team` beside the field that it was typed into."""
        part, name, rest = _PLACE.fullmatch(where).groups() if _PLACE.fullmatch(where) else (where, "", "")  # type: ignore[union-attr]
        field = {"settings": SETTING, "secrets": SECRET}.get(part, "") + name if name else part
        if line := re.fullmatch(r"\[([0-9]+)\]", rest):
            rest = _("Line %(number)s") % {"number": int(line[1]) + 1}
        told = f"{rest}: {words}" if rest else words
        self.add_error(field if field in self.fields else None, told)


_PLACE = re.compile(r"(settings|secrets)\.([^.\[]+)[.]?(.*)", re.DOTALL)


def form_for(backend: Backend, *, tenants: Iterable[Tenant], channel: Channel | None) -> type[ChannelForm]:
    """A form class for this kind; `tenants` are those whose workflows are offered."""
    held = frozenset(channels.secret_names(channel)) if channel else frozenset[str]()
    declared: dict[str, Any] = {"backend": backend, "channel": channel, "held": held}
    for name, field in fields_of(backend.settings_schema).items():
        declared[SETTING + name] = field
    needed = backend.secrets_schema.get("required", ())
    for name, field in secret_fields_of(backend.secrets_schema).items():
        declared[SECRET + name] = field
        if name in held:
            field.help_text = _("It is set. Leave this empty to keep it; what you write takes its place.")
            if name not in needed:
                declared[REMOVE + name] = forms.BooleanField(
                    label=_("Remove %(secret)s") % {"secret": field.label}, required=False
                )
        elif name in needed and name != backend.rotates:
            field.required = True
    declared["workflows"] = forms.MultipleChoiceField(
        label=_("Workflows"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=_by_category(tenants, channel),
        help_text=_("Their notices for the team leave by this channel."),
    )
    return type("ChannelForm", (ChannelForm,), declared)


def sections(form: type[ChannelForm]) -> list[tuple[str | None, dict[str, Any]]]:
    """The fieldsets of a form, without what an admin page adds."""
    names = list(form.base_fields)
    found = [
        (_("Settings"), [name for name in names if name.startswith(SETTING)]),
        (_("Secrets"), [name for name in names if name.startswith((SECRET, REMOVE))]),
        (_("Event switches"), ["workflows"]),
    ]
    return [(title, {"fields": fields}) for title, fields in found if fields]


def _by_category(tenants: Iterable[Tenant], channel: Channel | None) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = defaultdict[str, dict[str, str]](dict)
    for tenant in tenants:
        for notice in channels.known_workflows(tenant).select_related("category"):
            groups[notice.category.name if notice.category else _("Other")][notice.key] = notice.name
    known = {key for group in groups.values() for key in group}
    for key in channel.workflows if channel else ():
        if key not in known:
            groups[_("No longer there")][key] = key
    return [(name, sorted(group.items(), key=lambda one: one[1])) for name, group in sorted(groups.items())]

"""The form of a silence or inhibition: what it says, a field each, and back into one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.kernel.clock import db_now
from notifications.kinds import kinds

from ..hush import Hush, checked
from ..models import Silence
from ..refusals import Invalid
from .forms import PrettyJson, blame

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Silence]
else:
    _ModelForm = forms.ModelForm

MATCHER = ("workflows", "categories", "tags", "channels", "when", "critical")
CALENDAR = ("week", "zone")
ACTIVE = ("active_workflows", "equal", "resolved_by", "active_when", "minutes")
_FIELDS = {  # by where the mistake is, as `hush` says it
    **{f"matcher.{name}": name for name in MATCHER},
    **{f"calendar.{name}": name for name in CALENDAR},
    "matcher": "workflows",
    "while_active": "active_workflows",
    "while_active.workflows": "active_workflows",
    "while_active.when": "active_when",
    "while_active.equal": "equal",
    "while_active.resolved_by": "resolved_by",
    "while_active.seconds": "minutes",
}


class Names(forms.CharField):
    """Several, separated by commas."""

    def __init__(self, *, place: str = "", **given: Any) -> None:
        named = {"id": place} if place else {}
        super().__init__(required=False, widget=forms.TextInput(attrs={"class": "vLargeTextField", **named}), **given)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [one for part in str(value or "").split(",") if (one := part.strip())]


class SilenceForm(_ModelForm):
    """Begins one; `replaces` is the one that it comes in place of."""

    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    workflows = Names(  # its usual id has a look of its own on the page of a channel
        place="id_matcher_workflows", label=_("Workflows"), help_text=_("Keys, with * and ?: device.*, backup.late")
    )
    categories = Names(label=_("Categories"))
    tags = Names(label=_("Tags"), help_text=_("Of the tenant's own workflows."))
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("All, if none is chosen.")
    )
    when = PrettyJson(
        kind=dict,
        rows=4,
        label=_("Condition"),
        help_text=_('On payload, recipient, tenant and actor: {"==": [{"var": "payload.device"}, "r1"]}'),
    )
    critical = forms.BooleanField(label=_("Also what is critical"), required=False)
    week = PrettyJson(
        kind=dict, rows=4, label=_("Windows of the week"), help_text='{"sat": [["22:00", "06:00"]], "sun": […]}'
    )
    zone = forms.CharField(label=_("Zone"), required=False, max_length=64, help_text=_("The tenant's, if left empty."))
    active_workflows = Names(label=_("Workflows"), help_text=_("With these, it is an inhibition."))
    equal = Names(label=_("Equal"), help_text=_("Paths at which both payloads say the same: payload.device"))
    resolved_by = Names(label=_("Resolved by"), help_text=_("Workflows, a later run of which ends it."))
    active_when = PrettyJson(kind=dict, rows=3, label=_("Condition"), help_text=_("On their payload."))
    minutes = forms.FloatField(label=_("Minutes, at most"), required=False, help_text=_("60, if left empty."))

    class Meta:
        model = Silence
        fields = ("tenant", "name", "owner", "reason", "starts_at", "ends_at")
        widgets = {"reason": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        channels = self.fields["channels"]
        assert isinstance(channels, forms.MultipleChoiceField)
        channels.choices = [(kind.key, kind.name) for kind in kinds().values()]
        for name in ("starts_at", "ends_at"):
            self.fields[name].required = False
        self.fields["starts_at"].help_text = _("Now, if left empty.")
        self.fields["ends_at"].help_text = _("A silence without an end needs windows.")
        self.fields["owner"].help_text = _("Whom to ask; you, if left empty.")

    @property
    def hush(self) -> Hush:
        """What was filled in. Raises Invalid."""
        given = self.cleaned_data
        matcher = {name: given[name] for name in MATCHER if given.get(name)}
        calendar = {"week": given["week"], "zone": given.get("zone", "")} if given.get("week") else None
        plain = {name: given[name] for name in ("name", "owner", "reason") if given.get(name)}
        times = {name: given[name] for name in ("starts_at", "ends_at") if given.get(name)}
        going = _going(given)
        return Hush.from_json({**plain, **times, "matcher": matcher, "calendar": calendar, "while_active": going})

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.errors:
            return self.cleaned_data
        try:
            checked(self.hush, now=db_now())
        except Invalid as refused:
            errors = {_field(where): words for where, words in refused.errors.items()}
            blame(self, Invalid(refused.detail, errors=errors))
        return self.cleaned_data


def filled(hush: Hush) -> dict[str, Any]:
    """What the form shows of one that is to be changed."""
    said = hush.to_json()
    going, calendar = said["while_active"] or {}, said["calendar"] or {}
    names = {"active_workflows": "workflows", "active_when": "when", "equal": "equal", "resolved_by": "resolved_by"}
    shown = {field: going[name] for field, name in names.items() if name in going}
    if "seconds" in going:
        shown["minutes"] = going["seconds"] / 60
    return {"name": hush.name, "owner": hush.owner, "reason": hush.reason, **said["matcher"], **calendar, **shown}


def _going(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if not any(given.get(name) for name in ACTIVE):
        return None
    said = {"workflows": given.get("active_workflows"), "when": given.get("active_when")}
    said |= {"equal": given.get("equal"), "resolved_by": given.get("resolved_by")}
    if given.get("minutes"):
        said["seconds"] = given["minutes"] * 60
    return {name: value for name, value in said.items() if value}


def _field(where: str) -> str:
    """Where the mistake is in the form: `matcher.workflows.0` is in its workflows."""
    parts = where.split(".")
    return next((_FIELDS[name] for n in (2, 1) if (name := ".".join(parts[:n])) in _FIELDS), where)

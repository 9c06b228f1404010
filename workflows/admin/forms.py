"""What the forms of workflows and templates share: JSON that says where it is broken, and mistakes at their fields."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..refusals import Refused

STYLES = ("notifyhub/channels_delivery/admin.css", "notifyhub/workflows/admin.css")
_CODE = {"class": "vLargeTextField nh-code", "spellcheck": "false"}


def code(rows: int) -> forms.Textarea:
    """Room for a text that machines read."""
    return forms.Textarea(attrs={**_CODE, "rows": rows})


class PrettyJson(forms.CharField):
    """JSON, written so that it can be read. What is wrong is told with line and column."""

    def __init__(self, *, kind: type, rows: int = 8, **given: Any) -> None:
        self._kind = kind
        super().__init__(widget=code(rows), required=False, **given)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or not value:
            return value or ""
        return json.dumps(value, indent=2, ensure_ascii=False)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except forms.ValidationError:
            return True

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return self._kind()
        try:
            said = json.loads(text)
        except json.JSONDecodeError as error:
            place = {"line": error.lineno, "column": error.colno, "problem": error.msg}
            raise forms.ValidationError(_("Line %(line)d, column %(column)d: %(problem)s.") % place) from error
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("It is not JSON that can be read.")) from error
        if not isinstance(said, self._kind):
            raise forms.ValidationError(
                _("Must be a list: [ … ].") if self._kind is list else _("Must be an object: { … }.")
            )
        return said


def blame(form: forms.BaseForm, refused: Refused) -> None:
    """Put each mistake beside the field that it was made in: `steps[1]` beside `steps`."""
    if not refused.errors:
        form.add_error(None, refused.detail)
    for where, words in refused.errors.items():
        name = re.split(r"[.\[]", where, maxsplit=1)[0]
        known = name in form.fields
        form.add_error(name if known else None, words if known else f"{where}: {words}")

"""`preferences/matrix/` and `preferences/explain/`: what comes, by which rule, and what would at some moment."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import IsPerson, person, principal
from notifications.api.views import HubView
from notifications.kernel.clock import db_now
from notifications.kernel.local_time import zone_of

from ..decision import Decision, Hold, Send
from ..overview import Answer, Line, foretell, matrix_of
from ..words import answer_of, said_to_you
from .shapes import AnswersSerializer, MatrixSerializer, QuestionSerializer


class MatrixView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_matrix", responses=MatrixSerializer)
    def get(self, request: Request) -> Response:
        """Every category and workflow by channel: whether it comes, and who decided."""
        found = matrix_of(person(request))
        channels = [{"key": kind.key, "name": str(kind.name)} for kind in found.channels]
        return Response({"channels": channels, "lines": [_line(line) for line in found.lines]})


class ExplainView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_explain", request=QuestionSerializer, responses=AnswersSerializer)
    def post(self, request: Request) -> Response:
        """What would become of this workflow on each of its channels, were it sent to you then."""
        asked = QuestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        me, key = person(request), asked.validated_data["workflow"]
        at = asked.validated_data.get("at") or db_now()
        answers = foretell(me, key, now=at)
        if answers is None:
            raise NotFound("There is no such workflow.")
        zone = str(zone_of(me.zone, principal(request).tenant.zone))
        channels = [_answer(answer) for answer in answers]
        return Response({"workflow": key, "at": at, "zone": zone, "channels": channels})


def _line(line: Line) -> dict[str, Any]:
    cells = [
        {
            "channel": cell.channel,
            "on": cell.on,
            "choice": cell.choice,
            "locked": cell.locked,
            "note": cell.note,
            **_why(cell.decision),
        }
        for cell in line.cells
    ]
    return {**line.__dict__, "cells": cells}


def _answer(answer: Answer) -> dict[str, Any]:
    decision = answer.decision
    return {
        "channel": answer.channel,
        "answer": answer_of(decision),
        "reason": "" if isinstance(decision, Send) else decision.reason,
        "until": decision.until if isinstance(decision, Hold) else None,
        **_why(decision),
    }


def _why(decision: Decision) -> dict[str, Any]:
    return {"rule": decision.why.rule, "width": decision.why.width, "text": said_to_you(decision)}

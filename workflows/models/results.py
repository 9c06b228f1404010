"""What steps brought from elsewhere, for the texts and conditions of the steps behind them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .run import Run
from .walk import Chunk


class RunResult(models.Model):
    """What a step brings for everybody of a run. `done` with a value, or with an `error` and none; until then whoever
    takes it after `free_at` tries once more. A step that is tried again finds what is done."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="+")
    step = models.CharField(max_length=64)
    value = models.JSONField(null=True)
    error = models.TextField(blank=True)
    done = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    free_at = models.DateTimeField()

    class Meta:
        verbose_name = _("result of a run")
        verbose_name_plural = _("results of runs")
        constraints = [models.UniqueConstraint(fields=("run", "step"), name="nh_run_result_once")]

    def __str__(self) -> str:
        return f"{self.run_id} at {self.step}"


class ChunkResult(models.Model):
    """What a step brought for some of a chunk's people: a value each, by their place."""

    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=64)
    values = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("result of a chunk")
        verbose_name_plural = _("results of chunks")

    def __str__(self) -> str:
        return f"{self.chunk_id} at {self.step}"

"""People on their way through a definition: chunks that never change, cohorts that do, outcomes that only grow."""

from __future__ import annotations

from bisect import bisect_right

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from ..people import People
from .definition import Definition

HOUSE = 0
"""Stands among people for a run's teams, who are told once a run and not once a person."""


class Chunk(TenantOwned):
    """At most 1,000 (run, person) pairs of one tenant and definition, ascending by person. Never changed.

    `people` are recipient ids; pair i is bit i of every mask. `runs` names the run of each pair where several small
    runs share the chunk, and is empty where `run` is the one of all. Where teams are told too, a run has a pair more,
    in its first chunk: the house, which comes before the people. `windows` names the digest window of each pair, where
    the pairs are digests that go on. `called` is a chunk of people whom a step called in later.
    """

    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+", db_index=False)
    run = models.ForeignKey("Run", null=True, on_delete=models.CASCADE, related_name="+")
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    people = models.JSONField()
    runs = models.JSONField(null=True)
    windows = models.JSONField(null=True)
    called = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")

    def __str__(self) -> str:
        return f"chunk {self.pk}"

    @property
    def everyone(self) -> People:
        return People.everyone(len(self.people))

    @property
    def house(self) -> People:
        """The pairs that stand for teams."""
        return People.everyone(bisect_right(self.people, HOUSE))

    def people_of(self, run_id: int) -> People:
        """The pairs of this run, its house among them."""
        if self.runs is None:
            return self.everyone if self.run_id == run_id else People()
        return People.of(place for place, other in enumerate(self.runs) if other == run_id)


class Cohort(TenantOwned):
    """A set of a chunk's people at the same point of the definition.

    Due when `open` and `wake_at` has come. A worker that takes it writes a lease token and moves `wake_at` to the end
    of its lease; so a cohort whose worker died is simply due again.
    """

    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=64)
    round = models.PositiveIntegerField(default=0)
    mask = models.BinaryField()
    wake_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    open = models.BooleanField(default=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("cohort")
        verbose_name_plural = _("cohorts")
        indexes = [
            models.Index(fields=("wake_at",), condition=Q(open=True), name="nh_cohort_due"),
            models.Index(fields=("tenant", "wake_at"), condition=Q(open=True), name="nh_cohort_due_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"cohort {self.pk} at {self.step}"

    @property
    def people(self) -> People:
        return People.load(self.mask)


WENT = "went"
"""The reason of a row that says which branch people went into: `detail` is its name, `step` where it branches off."""


class _Outcomes(models.Manager["Outcome"]):
    def get_queryset(self) -> models.QuerySet[Outcome]:
        return super().get_queryset().exclude(reason=WENT)


class _Ways(models.Manager["Outcome"]):
    def get_queryset(self) -> models.QuerySet[Outcome]:
        return super().get_queryset().filter(reason=WENT)


class Outcome(models.Model):
    """What happened to a set of people, other than being sent something. `final` ones end their walk: the final
    outcomes of a chunk and its open cohorts never overlap, and together are everyone. `ways` are apart: they say which
    branch people went into, where what they did there may leave no trace."""

    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=64)
    round = models.PositiveIntegerField(default=0)
    channel = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=64)
    detail = models.TextField(blank=True)
    until = models.DateTimeField(null=True)
    final = models.BooleanField(default=False)
    mask = models.BinaryField()
    created_at = models.DateTimeField()

    objects = _Outcomes()
    ways = _Ways()

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")

    def __str__(self) -> str:
        return f"{self.reason} at {self.step}"

    @property
    def people(self) -> People:
        return People.load(self.mask)

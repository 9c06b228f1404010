"""Topics in topics: what lies in a topic, and the verbs that put it there. Who follows what lies inside is told what
goes to the topic around it.

A topic may lie in several others. Circles are refused, nesting has a bound, and so has the number of topics below one,
so that what lies below is found in one statement and an audience costs a known amount.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.utils.translation import gettext as _

from .kernel import rowset
from .models import Nesting, Tenant, Topic

DEPTH_MAX = 5
"""So many times a topic may lie in another that lies in another."""

BELOW_MAX = 1_000
"""Topics below one, directly or not."""

Conditions = Callable[[Any], Iterable[str]]
_conditions: list[Conditions] = []


def below(topics: Collection[int], *, using: str = "default") -> dict[int, list[int]]:
    """For each of these topics itself and everything that lies in it, ascending. One statement."""
    return {root: sorted(found) for root, found in _reach(topics, down=True, using=using).items()}


def above(topics: Collection[int], *, using: str = "default") -> dict[int, list[int]]:
    """For each of these topics itself and everything in which it lies, ascending. One statement."""
    return {root: sorted(found) for root, found in _reach(topics, down=False, using=using).items()}


def nest(outer: Topic, keys: Sequence[str]) -> None:
    """Put these topics of the same tenant into `outer`. What lies there already stays. Raises ValidationError for what
    is not there, and for what would be a circle, too deep or too much; then nothing was written."""
    found = {topic.key: topic for topic in Topic.objects.filter(tenant=outer.tenant_id, key__in=keys)}
    if unknown := sorted(set(keys) - set(found)):
        raise ValidationError(dict.fromkeys(unknown, _("is not a topic of this tenant")))
    with transaction.atomic():
        _one_at_a_time(outer.tenant_id)
        if problem := problem_of(outer, found.values()):
            raise ValidationError(problem)
        lines = [Nesting(outer=outer, inner=topic) for topic in found.values()]
        Nesting.objects.bulk_create(lines, ignore_conflicts=True)


def take_out(outer: Topic, keys: Sequence[str]) -> int:
    """Take these topics out of `outer`; how many lay in it."""
    inner = Topic.objects.filter(tenant=outer.tenant_id, key__in=keys).values("pk")
    return Nesting.objects.filter(outer=outer, inner__in=inner).delete()[0]


def problem_of(outer: Topic, inner: Iterable[Topic]) -> str:
    """Why these cannot lie in `outer`, in a sentence; nothing where they can. Two statements."""
    inner = list(inner)
    if foreign := [topic.key for topic in inner if topic.tenant_id != outer.tenant_id]:
        return _("%(keys)s: of another tenant.") % {"keys": ", ".join(foreign)}
    around = _reach([outer.pk], down=False)[outer.pk]
    circles = sorted(topic.key for topic in inner if topic.pk in around)
    if circles:
        given = {"keys": ", ".join(circles), "outer": outer.key}
        return (
            _("%(keys)s: %(outer)s lies in it already, or is it; topics cannot lie in each other in a circle.") % given
        )
    inside = _reach([*around, *(topic.pk for topic in inner)], down=True)
    deepest = max((max(inside[topic.pk].values()) for topic in inner), default=0)
    if max(around.values()) + 1 + deepest > DEPTH_MAX:
        return _("Topics may lie in each other %(n)d times; this would be more.") % {"n": DEPTH_MAX}
    new = {topic for one in inner for topic in inside[one.pk]}
    if any(len({*inside[root], *new}) > BELOW_MAX + 1 for root in around):
        return _("At most %(n)d topics fit into one, counted with what lies in them.") % {"n": BELOW_MAX}
    return ""


def ask_about_conditions(asked: Conditions) -> None:
    """Have `asked` say what is wrong with the condition of a subscription. Who walks audiences knows the language."""
    if asked not in _conditions:
        _conditions.append(asked)


def problems_of_condition(condition: Any) -> list[str]:
    """What is wrong with it, in sentences."""
    if condition is None:
        return []
    if not _conditions:
        return [_("Nothing on this site asks conditions: the workflows are not installed.")]
    return [problem for asked in _conditions for problem in asked(condition)]


def _one_at_a_time(tenant: int) -> None:
    """Two who nest at once could close a circle that neither sees."""
    list(Tenant.objects.filter(pk=tenant).select_for_update(no_key=True, of=("self",)).values_list("pk"))


def _reach(topics: Collection[int], *, down: bool, using: str = "default") -> dict[int, dict[int, int]]:
    """For each, what is reached from it, itself included, with how many steps away it is at most."""
    found: dict[int, dict[int, int]] = {topic: {topic: 0} for topic in topics}
    if not found:
        return found
    connection = connections[using]
    source, values = rowset.table(connection, "t", {"topic": ("bigint", sorted(found))})
    from_, to = ("outer_id", "inner_id") if down else ("inner_id", "outer_id")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE reach(root, topic, steps) AS ("
            f"SELECT t.topic, t.topic, 0 FROM {source} UNION"
            f" SELECT r.root, n.{to}, r.steps + 1 FROM reach r JOIN {Nesting._meta.db_table} n"
            f" ON n.{from_} = r.topic WHERE r.steps < {DEPTH_MAX + 1:d})"
            " SELECT root, topic, max(steps) FROM reach WHERE steps > 0 GROUP BY root, topic",
            values,
        )
        for root, topic, steps in cursor.fetchall():
            found[root][topic] = steps
    return found

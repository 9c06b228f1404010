"""What a load balancer asks: does this process live, and may it have traffic."""

from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# Migrations that were applied once stay applied; reading them all from disk at each probe would be waste.
_seen_migrated = False


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer while the process lives; asks nothing of anyone."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database replies and its migrations are applied, else 503 with the reason."""
    reason = _unready()
    return JsonResponse({"status": reason or "ok"}, status=503 if reason else 200)


def _unready() -> str | None:
    try:
        _ping()
        return None if _migrated() else "migrations are not applied"
    except Error:
        return "the database does not answer"


def _ping() -> None:
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '1s'")
        cursor.execute("SELECT 1")


def _migrated() -> bool:
    global _seen_migrated
    if not _seen_migrated:
        executor = MigrationExecutor(connection)
        _seen_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _seen_migrated

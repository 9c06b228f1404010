"""The live test on SQLite: web server and writers in one process, as embedded. A process of its own, because the tests'
own SQLite is in memory, where threads would wait for each other.

    python -m tests.faults.live_on_sqlite FOLDER        0 when everything held
"""

import sys
from pathlib import Path


def main(folder: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections

    from notifications import inbox
    from notifications.models import Tenant
    from tests.cast import drop, member
    from tests.notifications.live.conftest import Server

    from .live_rig import Follower, come_and_go
    from .rig import SEED, rounds

    call_command("migrate", verbosity=0)
    acme = Tenant.objects.create(slug="acme", name="Acme")
    followers = [Follower(member(acme, f"follower{number}")) for number in range(6)]
    with Server() as server:
        visits = rounds(few=20, soak=200)
        come_and_go(followers[:4], followers[4:], [server.address], visits=visits, seed=f"{SEED} sqlite")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(folder / "backup.sqlite3")])
        for one in followers:
            drop(one.person, "Not in the backup")
            one.visit(server.address)
    connections.close_all()
    connections["default"].settings_dict["NAME"] = str(folder / "backup.sqlite3")
    inbox.new_epoch()
    with Server() as server:
        for one in followers:
            one.visit(server.address)
            assert (one.resyncs, one.cursor) == (1, inbox.current_cursor(one.person))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
